"""The text of a document file, so that it can be fingerprinted: plain text, and Word, Excel and PowerPoint files.

Pure: bytes in, text out. An Office file is a zip of XML; both are read with limits, because a small file can be made
to unpack to gigabytes. Tags are taken out by one linear pattern and no entity is ever expanded beyond HTML's own.
"""

import html
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator

from guardrail.text.budget import Budget, unlimited

TEXT_ENDINGS = (".txt", ".md", ".csv", ".tsv", ".html", ".htm", ".json", ".log", ".xml", ".rst")
OFFICE_ENDINGS = (".docx", ".xlsx", ".pptx")
ZIP_START = b"PK\x03\x04"
# Characters of XML that are read of one Office file when nobody waits.
MOST_XML = 50_000_000
# An archive of many empty parts takes long to open, however small it is.
_MOST_PARTS = 5000
_PART_ENTRY = b"PK\x01\x02"
_TAGS_AT_ONCE = 5000
# RuntimeError is how zipfile says that a part is encrypted, or that its name has changed under it.
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, NotImplementedError, RuntimeError, EOFError),
    *(OSError, ValueError, KeyError, IndexError, OverflowError),
)
# One tag and the text after it. `<` ends both, so that open brackets without end cost nothing.
_TAG = re.compile(r"<(/?)([A-Za-z0-9:]{1,40})([^<>]*)>([^<]*)")
# Where the text of each kind of Office file is, in the order it is read.
_PART = re.compile(
    r"word/(?:document|footnotes|endnotes|comments|header\d*|footer\d*)\.xml"
    r"|ppt/(?:slides/slide|notesSlides/notesSlide)\d+\.xml|xl/worksheets/[\w-]+\.xml"
)
_SHARED = "xl/sharedStrings.xml"
_ENDS_LINE = frozenset(("p", "row", "tr", "si", "br", "cr", "tab", "tc"))


class UnreadableDocument(ValueError):
    """A file whose text cannot be read; the message says what it is and what would be read."""


def document_text(content: bytes, *, most_xml: int = MOST_XML) -> str:
    """The text of a file, told by its content. Raises UnreadableDocument for a PDF, a picture, anything binary.

    Also for an Office file that unpacks to more than `most_xml` bytes.
    """
    if content.startswith(ZIP_START):
        text, is_whole = _office_text(content, most_xml, unlimited())
        if not is_whole:
            raise UnreadableDocument("unpacks to more than is read of one file, expected a smaller one")
        return text
    return _plain_text(content)


def document_beginning(content: bytes, *, most_xml: int, budget: Budget) -> str:
    """As `document_text`, of an Office file only what the first `most_xml` bytes of its XML say, while time is left."""
    return _office_text(content, most_xml, budget)[0] if content.startswith(ZIP_START) else _plain_text(content)


def _plain_text(content: bytes) -> str:
    if content.startswith(b"%PDF"):
        raise UnreadableDocument("is a PDF, which is not read; expected its text, e.g. saved as .txt or .docx")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\0" in content[:100_000]:
        raise UnreadableDocument("is not text, expected plain text, HTML, JSON, CSV, .docx, .xlsx or .pptx")
    else:
        encoding = "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableDocument(f"has a byte at `{error.start}` that is not UTF-8, expected UTF-8 text") from None


def _office_text(content: bytes, most_xml: int, budget: Budget) -> tuple[str, bool]:
    """The text of an Office file, and whether `most_xml` bytes were enough for all of it."""
    if content.count(_PART_ENTRY) > _MOST_PARTS:
        raise UnreadableDocument(f"is a zip of more than `{_MOST_PARTS}` parts, expected .docx, .xlsx or .pptx")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            parts = [name for name in names if _PART.fullmatch(name)]
            if not parts:
                raise UnreadableDocument("is a zip without a document in it, expected .docx, .xlsx or .pptx")
            room = most_xml
            shared: list[str] = []
            if _SHARED in names:
                xml, room = _unpack(archive, _SHARED, room)
                shared = list(_strings(xml, budget))
            texts = []
            for name in sorted(parts, key=_natural):
                if room < 0:
                    break
                xml, room = _unpack(archive, name, room)
                texts.append(_sheet(xml, shared, budget) if name.startswith("xl/") else _prose(xml, budget))
    except _DAMAGED as error:
        if isinstance(error, UnreadableDocument):
            raise
        raise UnreadableDocument("is a damaged or encrypted Office file, expected one that opens") from None
    return "\n".join(texts), room >= 0


def _unpack(archive: zipfile.ZipFile, name: str, room: int) -> tuple[str, int]:
    """One part and what is left of `room`, below 0 when the part had more. The size a zip states is not believed."""
    if room < 0:
        return "", room
    with archive.open(name) as part:
        content = part.read(room + 1)
    return content.decode("utf-8", "replace"), room - len(content)


def _natural(name: str) -> list[str | int]:
    return [int(piece) if piece.isdecimal() else piece for piece in re.split(r"(\d+)", name)]


def _tags(xml: str, budget: Budget) -> Iterator[tuple[bool, str, str, str]]:
    """(whether it ends, local name, attributes, text after it) of each tag."""
    for count, match in enumerate(_TAG.finditer(xml)):
        if count % _TAGS_AT_ONCE == 0 and budget.spent():
            return
        slash, name, attributes, text = match.groups()
        yield bool(slash), name.rpartition(":")[2], attributes, html.unescape(text) if "&" in text else text


def _prose(xml: str, budget: Budget) -> str:
    """The text of paragraphs: runs of one word in two formats are joined, as people see them."""
    pieces: list[str] = []
    for ends, name, attributes, text in _tags(xml, budget):
        if name == "t" and not ends:
            pieces.append(text)
        elif name in _ENDS_LINE and (ends or attributes.endswith("/")):
            pieces.append("\n")
    return "".join(pieces)


def _strings(xml: str, budget: Budget) -> Iterator[str]:
    """The shared strings of a workbook in order."""
    pieces: list[str] = []
    for ends, name, _, text in _tags(xml, budget):
        if name == "t" and not ends:
            pieces.append(text)
        elif name == "si" and ends:
            yield "".join(pieces)
            pieces = []


def _sheet(xml: str, shared: list[str], budget: Budget) -> str:
    """The cells of a sheet, a row a line, as an agent would read them out."""
    cells: list[str] = []
    is_shared = False
    for ends, name, attributes, text in _tags(xml, budget):
        if name == "c" and not ends:
            is_shared = 't="s"' in attributes
        elif name == "v" and not ends:
            at = int(text) if is_shared and text.isdecimal() and len(text) < 9 else -1
            cells.append((shared[at] if 0 <= at < len(shared) else "") if is_shared else text)
        elif name == "t" and not ends:
            cells.append(text)
        elif name == "row" and ends:
            cells.append("\n")
    return " ".join(cells)
