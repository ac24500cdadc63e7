"""Finds the sensitivity labels that documents and mails carry in their fields, and what each of them is put on.

A field counts by its name: `sensitivity`, `classification` and the names of labelling products do; `label` alone may as
well be a mail folder or a mark of a deployment, so it counts for a document only, and a list of labels for an admin who
mapped them. Pure; linear in the number of fields.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from guardrail.invocation import Passage

_NOT_ALNUM = re.compile(r"[^a-z0-9]+")
_TAIL = re.compile(r"(?:\[\d+\])+$")
_SURE = frozenset(
    "sensitivity sensitivitylabel sensitivitylabelid sensitivitylabelname classification dataclassification "
    "dataclass securityclassification securitylabel classificationlevel confidentiality confidentialitylevel "
    "informationprotectionlabel protectionlabel purviewlabel miplabel msiplabel msiplabels aiplabel labelname "
    "appliedlabel xsensitivity xclassification xmsipsensitivity documentclassification sensitivitylevel".split()
)
_PERHAPS = frozenset("label class".split())
_LISTED = frozenset("labels tags categories category tag".split())
# the label is an object of its own: these of its fields name it
_NAMING = frozenset("name displayname id labelid guid value title text label".split())
_MSIP_FIELD = re.compile(r"msip_label_([0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12})_(name|enabled)", re.IGNORECASE)
_MSIP_IN_TEXT = re.compile(
    r"MSIP_Label_([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})_(?:Name|Enabled)[\"']?\s{0,3}[=:]\s{0,3}[\"']?"
    r"([^\"';,\r\n]{1,80})"
)
# an object with one of these is a document or a mail, and with one of the others something else that carries labels
_DOCUMENT = frozenset(
    "filename file path weburl documentname document title subject body content text attachments driveitemid "
    "lastmodifiedby createdby author owner".split()
)
_OTHERWISE = frozenset(
    "labelids folder mailbox kind apiversion metadata namespace replicas threadid historyid issuenumber milestone "
    "assignee".split()
)
_IDENTITY = frozenset(
    "name filename file title documentname id fileid documentid driveitemid itemid path weburl url link".split()
)
_SAID = re.compile(
    r"(?:(?:strictly|highly|company|top|most|business|commercial in|internal and) ?-? ?)?(?:confidential|restricted|"
    r"secret|confidence)|internal(?: use)? only|(?:strictly )?internal|not for (?:external )?(?:distribution|release)|"
    r"(?:company|organi[sz]ation)[ -]confidential|do not (?:distribute|forward)|need to know|vertraulich|streng geheim|"
    r"geheim|confidentiel|confidencial|riservato"
)
_PARTS = re.compile(r"\s*(?:[\\/|>:–—]| - )\s*")
# one of these stands in the name of every field that counts
_HINTS = ("sensitiv", "classif", "label", "confidential", "class", "tag", "categor", "msip")
_LONGEST = 120
_MOST = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """A label found in a field. `holder` is the path of what carries it, empty = all of the source.

    `names` are what to look up: the label as written, its parts, its id. `weak` = only an admin's mapping counts.
    """

    path: str
    text: str
    holder: str
    names: tuple[str, ...]
    weak: bool = False

    @property
    def says_confidential(self) -> bool:
        """The label's own words hold the data back, whatever an admin has said."""
        return not self.weak and any(_SAID.fullmatch(name) for name in self.names)


def find_labels(fields: Iterable[tuple[str, str]]) -> Iterator[Label]:
    """Every label in (path, text) fields of one source, in order; the first 400."""
    known = [(path, text) for path, text in fields if text]
    paths = "\n".join(path for path, _ in known).lower()
    if not any(hint in paths for hint in _HINTS) and not any("MSIP_Label_" in text for _, text in known):
        return
    names: dict[str, set[str]] = {}
    for path, _ in known:
        holder, name = _split(path)
        names.setdefault(holder, set()).add(name)
    count = 0
    for path, text in known:
        label = _label(path, text, names) if len(text) <= _LONGEST else None
        if label is not None:
            yield label
            count += 1
        if count >= _MOST:
            return
        if "MSIP_Label_" in text:
            yield from (
                Label(
                    path=path, text=match.group(), holder=_split(path)[0], names=_names(match.group(2), match.group(1))
                )
                for match in _MSIP_IN_TEXT.finditer(text[:100_000])
            )


def identity_of(passages: Iterable[Passage], holder: str) -> Iterator[str]:
    """What the thing at `holder` is called: its names, ids and paths."""
    for passage in passages:
        place, name = _split(passage.path)
        if place == holder and name in _IDENTITY and 4 <= len(passage.text) <= 500:
            yield passage.text


def things_in(passages: Iterable[Passage]) -> Iterator[tuple[str, str]]:
    """(holder, what it is called) of every document, file or other thing in a source that has a name, id or path."""
    for passage in passages:
        place, name = _split(passage.path)
        if name in _IDENTITY and 4 <= len(passage.text) <= 500:
            # where a file lies is told in an object of its own
            outer, inner = _split(place)
            yield (outer if inner == "parentreference" else place), passage.text


def is_under(path: str, holder: str) -> bool:
    """Whether `path` is a field of what stands at `holder`."""
    return not holder or path == holder or path.startswith((f"{holder}.", f"{holder}[", f"{holder}/"))


def _label(path: str, text: str, names: dict[str, set[str]]) -> Label | None:
    holder, name = _split(path)
    product = _MSIP_FIELD.search(path)
    if product:
        outer = path[: product.start()].rstrip("./")
        holder = _split(outer)[0] if _plain(outer).endswith(("labels", "label", "metadata", "properties")) else outer
        given = "" if product.group(2).lower() == "enabled" else text
        return Label(path=path, text=text, holder=holder, names=_names(given, product.group(1)))
    if name in _NAMING:
        # `sensitivityLabel: {displayName: ...}`, and lists of such
        outer, inner = _split(holder)
        if inner in _SURE or inner in _LISTED:
            return Label(path=path, text=text, holder=outer, names=_names(text), weak=inner in _LISTED)
    if name in _SURE:
        return Label(path=path, text=text, holder=holder, names=_names(text))
    if name in _PERHAPS or name in _LISTED:
        beside = names.get(holder, set())
        is_document = name in _PERHAPS and not _DOCUMENT.isdisjoint(beside) and _OTHERWISE.isdisjoint(beside)
        return Label(path=path, text=text, holder=holder, names=_names(text), weak=not is_document)
    return None


def _names(text: str, label_id: str = "") -> tuple[str, ...]:
    """A label in lower case, the parts of a label below another, and its id."""
    whole = " ".join(text.lower().replace("_", " ").split())
    found = [whole, *(part for part in _PARTS.split(whole) if len(part) > 2), label_id.lower()]
    return tuple(dict.fromkeys(name for name in found if name and name not in ("true", "false")))


def _split(path: str) -> tuple[str, str]:
    """The path of the object a field stands in, and the field's own plain name."""
    bare = _TAIL.sub("", path)
    cut = max(bare.rfind("."), bare.rfind("/"))
    return bare[: max(cut, 0)], _plain(bare[cut + 1 :])


def _plain(name: str) -> str:
    return _NOT_ALNUM.sub("", name.lower())
