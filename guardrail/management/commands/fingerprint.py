"""`manage.py fingerprint FILE... --data-class NAME`: makes classified documents known by their text."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from guardrail.fingerprinting import take
from guardrail.text.documents import OFFICE_ENDINGS, TEXT_ENDINGS, UnreadableDocument
from policies.services.fingerprints import Document, FingerprintError, remove_fingerprints, save_fingerprints

_MOST_BYTES = 100_000_000


class Command(BaseCommand):
    help = (
        "Remember documents by fingerprints of their text, so that copies of it do not leave; the text is not kept. "
        f"Reads {' '.join((*TEXT_ENDINGS, *OFFICE_ENDINGS))}, no PDF. Give what everybody may have, such as templates "
        "and footers, a class that may leave (e.g. public): it then counts for no document."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
        parser.add_argument("--data-class", help="the class the documents carry; made where it does not exist")
        parser.add_argument("--name", help="how people know the one document given; else its file name")
        parser.add_argument("--remove", nargs="+", metavar="NAME", default=[], help="forget documents by name")

    def handle(
        self, *, files: list[Path], data_class: str | None, name: str | None, remove: list[str], **_: Any
    ) -> None:
        """All files or none; safe to run twice. Exits 1 with every file that cannot be read."""
        if not files and not remove:
            raise CommandError("nothing to do: expected files, or names after `--remove`")
        if files and not data_class:
            raise CommandError("`--data-class` is missing, expected the class the documents carry")
        if name and len(files) != 1:
            raise CommandError(f"`--name` is for one document, found `{len(files)}` files")
        try:
            if remove:
                remove_fingerprints(remove, actor=None)
                self.stdout.write(f"forgot {len(remove)} documents")
            if files and data_class:
                self._save(_read_all(files, name), data_class)
        except FingerprintError as error:
            raise CommandError(str(error)) from None

    def _save(self, documents: list[Document], data_class: str) -> None:
        in_force = save_fingerprints(documents, data_class=data_class, actor=None)
        for document in documents:
            self.stdout.write(f"{document.name}: {len(document.hashes) // 8} fingerprints")
        self.stdout.write(f"{len(documents)} documents are {data_class}; {in_force} fingerprints are in force")


def _read_all(files: list[Path], name: str | None) -> list[Document]:
    documents: dict[str, Document] = {}
    errors = []
    for file in files:
        try:
            document = _read(file, name or file.name)
        except (UnreadableDocument, FingerprintError) as error:
            errors.append(f"{file}: {error}")
            continue
        if document.name in documents:
            errors.append(f"{file}: `{document.name}` is given twice, expected names of their own (see --name)")
        documents[document.name] = document
    if errors:
        raise FingerprintError("\n".join([*errors, "nothing was written"]))
    return list(documents.values())


def _read(file: Path, name: str) -> Document:
    """One file's fingerprints."""
    try:
        with file.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise FingerprintError(f"cannot be read ({error.strerror}), expected a file") from None
    if len(content) > _MOST_BYTES:
        raise FingerprintError(f"has more than `{_MOST_BYTES}` bytes, expected a smaller file")
    return take(content, name=name)
