"""`manage.py import_tenant FILE...`: takes in tenant documents, all of them or none."""

import json
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from policies.schema_errors import schema_errors
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
                notes = counts.pop("notes")
                said = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
                self.stdout.write(f"{file}: {said}")
                for note in notes:
                    self.stderr.write(f"{file}: {note}")
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
    lines = [f"`{error.json_path}` {error.text}" for error in islice(schema_errors(document, schema), _SHOWN_ERRORS)]
    if lines:
        raise TenantError("\n".join(lines))
    tenant_document(document)
    checked: dict[str, Any] = document
    return checked
