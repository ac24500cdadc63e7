"""Makes the bill of materials: one CycloneDX document of all that runs, with hashes and licences, always the same."""

import json
import re
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.supply.lock import ROOT, Pinned, load_lock

# SPDX writes no words but these between names; anything else is told as it was said.
_EXPRESSION = re.compile(r"[A-Za-z0-9.+-]+(?: (?:AND|OR|WITH) [A-Za-z0-9.+-]+)*")
_NOT_SPDX = ("BSD", "Apache 2.0", "New BSD")


class BadBom(ValueError):
    """The document does not follow CycloneDX's own schema."""


def bill() -> str:
    """The document as JSON. Raises BadBom."""
    version = re.search(r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(), re.M)
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "guardrail",
                "name": "guardrail",
                "version": version[1] if version else "",
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": [*map(_distribution, load_lock("requirements.txt")), *_vendored()],
    }
    text = json.dumps(document, indent=2) + "\n"
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong is not None:
        raise BadBom(str(wrong)[:500])
    return text


def vendored() -> list[tuple[str, str, str]]:
    """Name, version and licence of what lies in static/vendor, as its README says."""
    rows = re.findall(
        r"^\| \S+ \| ([A-Z]?[a-zA-Z ]+?|symbols of [A-Z][a-zA-Z ]+?) (\d[\d.]*\d)[^|]*\| ([\w-]+), LICENSE",
        (ROOT / "static" / "vendor" / "README.md").read_text(),
        re.M,
    )
    return [(name.removeprefix("symbols of "), version, licence) for name, version, licence in rows]


def _distribution(pinned: Pinned) -> dict[str, Any]:
    purl = f"pkg:pypi/{pinned.name}@{pinned.version}"
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": pinned.name,
        "version": pinned.version,
        "purl": purl,
        "licenses": [_licence(pinned.licence)],
        # one file of several is installed, by platform: a hash of the component would be that of one file
        "externalReferences": [
            {"type": "distribution", "url": purl, "hashes": [{"alg": "SHA-256", "content": digest}]}
            for digest in pinned.sha256
        ],
    }
    if pinned.marker:
        component["properties"] = [{"name": "guardrail:installed-where", "value": pinned.marker}]
    return component


def _vendored() -> list[dict[str, Any]]:
    return [
        {"type": "library", "bom-ref": f"vendor/{name}", "name": name, "version": version, "licenses": [_licence(said)]}
        for name, version, said in vendored()
    ]


def _licence(said: str) -> dict[str, Any]:
    if said in _NOT_SPDX or not _EXPRESSION.fullmatch(said):
        return {"license": {"name": said}}
    return {"expression": said} if " " in said else {"license": {"id": said}}
