"""`manage.py export_tenant FOLDER`: writes what is known of a tenant as documents that `import_tenant` reads."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from policies.services.tenant_export import load_tenant_documents


class Command(BaseCommand):
    help = "Write destinations, classes, files, agents and tools as tenant documents (docs/tenant.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER")

    def handle(self, *, folder: Path, **_: Any) -> None:
        """Writes `organisation.json` and `agents.json`; refuses to write over them."""
        for name, document in zip(("organisation", "agents"), load_tenant_documents(), strict=True):
            path = folder / f"{name}.json"
            try:
                folder.mkdir(parents=True, exist_ok=True)
                with path.open("x") as file:
                    json.dump(document, file, indent=2, ensure_ascii=False)
                    file.write("\n")
            except OSError as error:
                raise CommandError(f"`{path}` cannot be written ({error.strerror}), expected a new file") from None
            self.stdout.write(f"{path}: {', '.join(f'{len(rows)} {member}' for member, rows in document.items())}")
