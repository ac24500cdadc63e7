"""By which names a document is known: its id, its place (URL or path) and its file name, each as a key. Pure.

A change feed and a tool's output name one document in different ways: `https://host/sites/x/Shared%20Documents/P.docx?web=1`,
`/sites/x/Shared Documents/P.docx`, `P.docx`. Keys are digests: an index takes no text of any length.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import parse_qs, unquote, urlsplit

LONGEST_PLACE = 1000
# Ids of rows (`3`, `17`) are everybody's.
_SHORTEST_ID = 6
# SharePoint puts `/:w:/r` before the path of a link that opens a document.
_OPENING = re.compile(r"^/:[a-z]:/r(?=/)")
_SLASHES = re.compile(r"/{2,}")
_WORD = re.compile(r"\w+")
_MOST_WORDS = 60
_ENDING = re.compile(r"\.\w{1,8}$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """The keys of one document, each empty where nothing is known. `place` has the host in it, `path` has not.

    `host` and `tail` (the path in lower case) are what a match by name must not contradict.
    """

    id_key: str = ""
    place_key: str = ""
    path_key: str = ""
    name_key: str = ""
    host: str = ""
    tail: str = ""


def names_of(*, document_id: str = "", place: str = "", name: str = "") -> Names:
    """The keys of a document given by any of its names; the calls of a day name the same few thousand."""
    return _names_of(document_id, place, name)


@lru_cache(maxsize=8192)
def _names_of(document_id: str, place: str, name: str) -> Names:
    host, path, from_query = _split(place[:LONGEST_PLACE])
    plain_id = (document_id or from_query).strip().strip("{}").lower()
    last = path.rpartition("/")[2]
    if not _ENDING.search(last):
        last = _folded(name) if name and "/" not in name else last
    return Names(
        id_key=_key("id", plain_id) if len(plain_id) >= _SHORTEST_ID else "",
        place_key=_key("place", host, path) if host and path else "",
        path_key=_key("path", path) if "/" in path else "",
        name_key=_key("name", last) if last else "",
        host=host,
        tail=path,
    )


def is_contradicted(wanted: Names, known: Names) -> bool:
    """Two documents of one file name that cannot be one: on two hosts, or in two folders."""
    if wanted.host and known.host and wanted.host != known.host:
        return True
    shorter, longer = sorted((wanted.tail.strip("/"), known.tail.strip("/")), key=len)
    return "/" in shorter and not f"/{longer}".endswith(f"/{shorter}")


def document_key(*, tenant_id: str, document_id: str) -> str:
    """The one key of a document of a tenant."""
    return _key("document", tenant_id, document_id)


def sentence_key(sentence: str) -> str:
    """By which an order is known again in another revision: over its words, whatever stands between them."""
    words = _WORD.findall(sentence.casefold())[:_MOST_WORDS]
    return blake2b(" ".join(words).encode("utf-8", "replace"), digest_size=8).hexdigest() if words else ""


def _split(place: str) -> tuple[str, str, str]:
    """(host, path, id in the query) of a URL or a path; all empty where it is none."""
    if "\n" in place:
        return "", "", ""
    host, path, query = "", place.strip().replace("\\", "/"), ""
    if "://" in path:
        try:
            parts = urlsplit(path)
            host, path, query = parts.hostname or "", parts.path, parts.query
        except ValueError:
            return "", "", ""
    from_query = ""
    if query and path.lower().endswith(".aspx"):
        asked = {name.lower(): values[0] for name, values in parse_qs(query, max_num_fields=50).items()}
        from_query = asked.get("sourcedoc", "")
        path = asked.get("id", "") if asked.get("id", "").startswith("/") else asked.get("file", path)
    path = _SLASHES.sub("/", _OPENING.sub("", _folded(unquote(path)))).rstrip("/")
    return host.lower().rstrip("."), path, from_query


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()


def _key(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()
