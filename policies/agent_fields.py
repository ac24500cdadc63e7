"""What an export calls the fields of an agent, and how their values are read. Pure.

Spellings as published in 2026-11: the Power Platform inventory (`PowerPlatformResources`, with and without its
`properties.`), Defender's AIAgentsInfo and AgentsInfo tables, the Copilot Studio kit's agent details, the registry of
the Microsoft 365 admin center, and plain words for whoever keeps a list by hand.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

# field -> spellings as `spelled` writes them, the one that wins first
SPELLINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "agent_id": tuple("agentid botid cdsbotid aiagentid copilotid itemid titleid resourceid id".split()),
        "name": tuple("agentname displayname aiagentname itemname botname agentdisplayname title name agent".split()),
        "tenant_id": ("tenantid", "tenant"),
        "environment_id": ("environmentid", "envid"),
        "environment_name": ("environmentname", "environmentdisplayname", "environment", "env"),
        "owner": tuple(
            "owner ownername ownerdisplayname primaryowner owneremail ownerupn owneraccountupns owners ownerid "
            "createdby creatoraccountupn".split()
        ),
        "authentication": tuple(
            "authentication authenticationmode authenticationtype userauthentication authenticationtrigger auth".split()
        ),
        "published": ("ispublished", "published", "publishedstatus", "publishstatus", "publication"),
        "published_at": tuple(
            "lastpublishedat publishedat publishedon lastpublishedon lastpublished lastpublishedtime publishedtime "
            "datepublished publisheddate".split()
        ),
        "channels": tuple("channels channel publishedchannels deployedchannels publishedto deployedto".split()),
        "orchestration": tuple(
            "orchestration orchestrationtype orchestrationmode isgenerativeorchestrationenabled "
            "generativeorchestration generativeorchestrationenabled usesgenerativeorchestration".split()
        ),
        "parent_id": tuple("parentagentid parentid parentagent parentagentcomponentid mainagentid parent".split()),
        "lifecycle": ("lifecycle", "lifecyclestate", "lifecyclestage", "agentstatus", "status"),
        "criticality": ("criticality", "businesscriticality", "criticalitylevel"),
        "process": ("process", "businessprocess", "businessfunction"),
        "tools": tuple("tools agenttools agenttoolsdetails toolsdetails grantedtools actions connectors".split()),
        "knowledge": ("knowledge", "knowledgesources", "knowledgedetails", "agentknowledge"),
        "topics": ("topics", "agenttopics", "agenttopicsdetails", "topicsdetails"),
        "version": ("version", "agentversion"),
        "description": ("description", "agentdescription"),
        "instructions": ("instructions", "agentinstructions", "systeminstructions", "systemprompt"),
        "instructions_digest": ("instructionsdigest", "instructionshash"),
    }
)
LENGTHS: Mapping[str, int] = MappingProxyType(
    {
        "agent_id": 200, "name": 200, "tenant_id": 200, "environment_id": 200, "environment_name": 200, "owner": 200,
        "parent_id": 200, "process": 100, "version": 100, "instructions_digest": 64,
    }
)  # fmt: skip
LONGEST_DESCRIPTION = 2000
MOST_ENTRIES = 500
LONGEST_ENTRY = 300
_NOT_ALNUM = re.compile(r"[^a-z0-9]+")
_BETWEEN = re.compile(r"[;|\n\r]+")
# Put before a formula by whoever exported it safely, and by our own export.
_PROTECTED = re.compile(r"^'(?=[=+\-@\t\r])")
_NOTHING = frozenset(("", "null", "none given", "n/a", "na", "-", "unknown", "unspecified", "[]", "{}"))
_CHOICES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        # the numbers are those of the `authenticationmode` column of a Dataverse `bot` row
        "authentication": {
            "none": "none", "no authentication": "none", "noauthentication": "none", "1": "none",
            "entra": "entra", "integrated": "entra", "microsoft": "entra", "authenticate with microsoft": "entra",
            "microsoft entra id": "entra", "azure ad": "entra", "azure active directory": "entra", "2": "entra",
            "manual": "manual", "authenticate manually": "manual", "custom azure active directory": "manual",
            "custom": "manual", "generic oauth2": "manual", "generic oauth 2": "manual", "oauth2": "manual",
            "3": "manual", "4": "manual",
        },
        "orchestration": {
            "generative": "generative", "generative ai": "generative", "true": "generative", "yes": "generative",
            "enabled": "generative", "1": "generative", "classic": "classic", "false": "classic", "no": "classic",
            "disabled": "classic", "0": "classic",
        },
        "lifecycle": {
            "draft": "draft", "created": "draft", "development": "draft", "in development": "draft", "test": "draft",
            "unpublished": "draft", "live": "live", "published": "live", "active": "live", "production": "live",
            "enabled": "live", "available": "live", "retired": "retired", "deleted": "retired", "inactive": "retired",
            "disabled": "retired", "blocked": "retired", "decommissioned": "retired", "archived": "retired",
        },
        "criticality": {
            "low": "low", "medium": "medium", "moderate": "medium", "normal": "medium", "high": "high",
            "critical": "critical", "mission critical": "critical", "business critical": "critical",
        },
    }
)  # fmt: skip
_YES = frozenset(("true", "yes", "y", "1", "published"))
_NO = frozenset(("false", "no", "n", "0", "draft", "unpublished", "not published"))
_DAYS = (
    "%Y-%m-%d",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
)


class ValueProblem(ValueError):
    """A value that cannot be taken; the message says what was found and what is wanted."""


def spelled(header: str) -> str:
    """A header as spellings are compared: `properties.displayName` and `Display Name` are both `displayname`."""
    plain = header.strip().lower()
    return _NOT_ALNUM.sub("", plain.removeprefix("properties."))


def fields_of(headers: Iterable[str]) -> dict[str, str]:
    """Which header each field is read from. Of two spellings of one field the earlier in SPELLINGS wins.

    Resource Graph calls the id `name` where there is a display name beside it.
    """
    known: dict[str, str] = {}
    for header in headers:
        known.setdefault(spelled(header), header)
    found = {
        field: known[name]
        for field, names in SPELLINGS.items()
        for name in [next((one for one in names if one in known), "")]
        if name
    }
    if "agent_id" not in found and "name" in known and spelled(found.get("name", "name")) != "name":
        found["agent_id"] = known["name"]
    return found


def value_of(field: str, raw: Any) -> Any:
    """One value of a field, None where the cell says nothing. Raises ValueProblem."""
    reader = _READERS.get(field)
    if reader is not None:
        return reader(field, raw)
    text = text_of(raw)
    if text.lower() in _NOTHING:
        return None
    longest = LENGTHS[field]
    if len(text) > longest:
        raise ValueProblem(f"`{text[:40]}…` has {len(text):,} characters, expected at most {longest}")
    return text


def text_of(raw: Any) -> str:
    """A cell as text a database takes, without the apostrophe that kept a formula from being one."""
    if raw is None:
        return ""
    text = raw if isinstance(raw, str) else json.dumps(raw) if isinstance(raw, dict | list | bool) else str(raw)
    text = text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    return _PROTECTED.sub("", text.strip())


def _choice(field: str, raw: Any) -> str | None:
    text = " ".join(text_of(raw).lower().split())
    if text in _NOTHING:
        return None
    found = _CHOICES[field].get(text)
    if found is None:
        wanted = ", ".join(dict.fromkeys(_CHOICES[field].values()))
        raise ValueProblem(f"`{text[:40]}`, expected one of {wanted}")
    return found


def _yes_or_no(field: str, raw: Any) -> bool | None:
    text = text_of(raw).lower()
    if text in _NOTHING:
        return None
    if text in _YES | _NO:
        return text in _YES
    raise ValueProblem(f"`{text[:40]}`, expected yes or no")


def _moment(field: str, raw: Any) -> str | None:
    """A moment as ISO text in UTC; one without a zone is taken for UTC."""
    text = text_of(raw)
    if text.lower() in _NOTHING:
        return None
    try:
        return _read_moment(text).isoformat()
    except (ValueError, OverflowError):
        raise ValueProblem(f"`{text[:40]}` is no date, expected e.g. `2026-11-22T09:00:00Z`") from None


def _read_moment(text: str) -> datetime:
    # .NET writes seven digits of a second, and Python reads six
    trimmed = re.sub(r"(\.\d{6})\d+", r"\1", text)
    try:
        found = datetime.fromisoformat(trimmed)
    except ValueError:
        found = next(read for form in _DAYS if (read := _try_form(text, form)) is not None)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _try_form(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        return None


def _entries(field: str, raw: Any) -> list[str] | None:
    """A list of names: of JSON, or of a cell with `;`, `|` or a line break between them."""
    if isinstance(raw, str) and raw.lstrip()[:1] in ("[", "{"):
        try:
            raw = json.loads(raw)
        except (ValueError, RecursionError):
            raise ValueProblem(f"`{raw[:40]}…` begins like JSON and is none") from None
    if isinstance(raw, dict):
        raw = [raw] if _NAMED_BY & {spelled(key) for key in raw} else list(raw.values())
    entries = raw if isinstance(raw, list) else _BETWEEN.split(text_of(raw))
    names = [name for entry in entries if (name := _entry_name(entry)) and name.lower() not in _NOTHING]
    found = list(dict.fromkeys(names))
    if len(found) > MOST_ENTRIES:
        raise ValueProblem(f"{len(found):,} entries, expected at most {MOST_ENTRIES}")
    long = next((name for name in found if len(name) > LONGEST_ENTRY), None)
    if long is not None:
        raise ValueProblem(f"`{long[:40]}…` has {len(long):,} characters, expected at most {LONGEST_ENTRY}")
    return found or None


_NAMED_BY = frozenset("id toolid name toolname displayname schemaname url".split())


def _entry_name(entry: Any) -> str:
    if not isinstance(entry, dict):
        return text_of(entry)
    by_key = {spelled(key): value for key, value in entry.items()}
    return next(
        (
            text_of(by_key[key])
            for key in ("id", "toolid", "schemaname", "name", "toolname", "displayname", "url")
            if by_key.get(key)
        ),
        "",
    )


def _instructions(field: str, raw: Any) -> str | None:
    """The digest of instructions: their text is not kept."""
    text = text_of(raw)
    return hashlib.sha256(text.encode()).hexdigest() if text else None


def _description(field: str, raw: Any) -> str | None:
    return text_of(raw)[:LONGEST_DESCRIPTION] or None


_READERS: Mapping[str, Callable[[str, Any], Any]] = MappingProxyType(
    {
        "authentication": _choice,
        "orchestration": _choice,
        "lifecycle": _choice,
        "criticality": _choice,
        "published": _yes_or_no,
        "published_at": _moment,
        "channels": _entries,
        "tools": _entries,
        "knowledge": _entries,
        "topics": _entries,
        "instructions": _instructions,
        "description": _description,
    }
)
