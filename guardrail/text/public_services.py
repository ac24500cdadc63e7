"""Services of the public whose operator alone sees what an address asks: search, maps, and forms for oneself.

What stands in such an address reaches nobody who could have planted it. A table of hosts and paths, and no more.
"""

import re

_SEARCHED = re.compile(
    r"(?:[a-z]{2,10}\.)?(?:google|bing|duckduckgo|ecosia|startpage|qwant|yahoo|baidu|yandex|brave|wikipedia|wikidata|"
    r"openstreetmap|arxiv|stackoverflow|github|youtube|linkedin|translate\.google|scholar\.google|maps\.google|"
    r"maps\.apple|pubmed\.ncbi\.nlm\.nih)\.(?:[a-z]{2,3}|co\.[a-z]{2}|com\.[a-z]{2})",
)
# host suffix -> beginnings of the path under which a query is read by nobody but the service
_PATHS = {
    "google": ("search", "maps", "scholar", "advanced_search"),
    "bing": ("search", "maps", "images", "news"),
    "yahoo": ("search",),
    "github": ("search",),
    "stackoverflow": ("search",),
    "linkedin": ("search",),
    "youtube": ("results",),
    "arxiv": ("search",),
}
# What opens a form that only the reader fills and sends: an entry for the own calendar, a message not yet sent.
_COMPOSED = (
    ("calendar.google.com", "calendar"),
    ("outlook.live.com", "calendar"),
    ("outlook.office.com", "calendar"),
    ("outlook.office365.com", "calendar"),
    ("calendar.yahoo.com", ""),
    ("mail.google.com", "mail"),
)


def is_public_service(host: str, path: tuple[str, ...]) -> bool:
    """Whether an address at `host` with these parts of a path asks a search engine or map, or fills in a form."""
    first = path[0].lower() if path else ""
    if any(host == known and (not begins or first == begins) for known, begins in _COMPOSED):
        return True
    bare = host.removeprefix("www.")
    if not _SEARCHED.fullmatch(bare):
        return False
    wanted = next((paths for name, paths in _PATHS.items() if name in bare.split(".")), None)
    return wanted is None or first in wanted or bare.split(".")[0] in ("maps", "scholar", "search", "translate")
