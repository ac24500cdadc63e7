"""`manage.py import_tenant FILE...`: takes in tenant documents, all of them or none."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jsonschema
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from policies.services.tenant import import_tenant
from policies.tenant import TenantError, tenant_document, unread_members

SCHEMA = Path(__file__).resolve().parents[2] / "tenant.schema.json"
_SHOWN_ERRORS = 20


class Command(BaseCommand):
    help = "Read what you know of a tenant (docs/tenant.md) from JSON files. One wrong file, and nothing is written."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--dry-run", action="store_true", help="check and count, write nothing")

    def handle(self, *, files: list[Path], dry_run: bool, **_: Any) -> None:
        """Exits 1 with every error of every file, each with its place and the fix."""
        documents = {}
        errors = []
        for file in files:
            try:
                documents[file] = _load_document(file)
            except TenantError as error:
                errors += [f"{file}: {line}" for line in str(error).splitlines()]
        if errors:
            raise CommandError("\n".join([*errors, "nothing was written"]))
        with transaction.atomic():
            for file, document in documents.items():
                counts = asdict(import_tenant(document, None))
                said = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
                self.stdout.write(f"{file}: {said}")
                for member in unread_members(document):
                    self.stderr.write(f"{file}: `{member}` is not understood and has no effect, see docs/tenant.md")
            if dry_run:
                transaction.set_rollback(True)
        if dry_run:
            self.stdout.write("dry run: nothing was written")


def _load_document(file: Path) -> dict[str, Any]:
    """The document in `file`. Raises TenantError with one line an error: JSON path, what was found, what is wanted."""
    try:
        document = json.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise TenantError(f"cannot be read ({error.strerror}), expected a JSON file") from None
    except UnicodeDecodeError as error:
        raise TenantError(f"byte {error.start} is not UTF-8, expected JSON in UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise TenantError(f"is not JSON ({error}), expected one JSON object") from None
    schema = json.loads(SCHEMA.read_text())
    lines = list(_schema_errors(document, schema))[:_SHOWN_ERRORS]
    if lines:
        raise TenantError("\n".join(lines))
    tenant_document(document)
    checked: dict[str, Any] = document
    return checked


def _schema_errors(document: Any, schema: dict[str, Any]) -> Iterator[str]:
    for error in jsonschema.Draft202012Validator(schema).iter_errors(document):
        innermost = jsonschema.exceptions.best_match([error]) or error
        while innermost.context:
            # of several allowed forms, the one that got furthest is the one that was meant
            innermost = max(innermost.context, key=lambda inner: len(inner.absolute_path))
        yield f"`{innermost.json_path}` {_complaint(innermost)}"


def _complaint(error: jsonschema.ValidationError) -> str:
    instance: Any = error.instance
    wanted: Any = error.validator_value
    found = json.dumps(instance, ensure_ascii=False)
    found = found if len(found) <= 60 else f"{found[:57]}..."
    match error.validator:
        case "type":
            return f"is `{found}`, expected {wanted if isinstance(wanted, str) else ' or '.join(wanted)}"
        case "enum":
            allowed = [str(value) for value in wanted if value]
            return f"is `{found}`, expected one of {', '.join(allowed)}"
        case "required":
            missing = [name for name in wanted if name not in instance]
            return f"has no `{missing[0]}`, expected an object with it"
        case "minLength" | "minProperties":
            return f"is `{found}`, expected {wanted} or more"
        case "maxLength":
            return f"is `{found}`, expected at most {wanted} characters"
        case _:
            return f"is `{found}`, which the schema does not allow: {str(error.message)[:120]}"
