"""What the author of an instruction means for it: whom the user named, whose house it is, and texts of nobody."""

import re
import unicodedata
from functools import lru_cache

from guardrail.attribution.matching import Match
from guardrail.attribution.request import Request, names_in, telling_words
from guardrail.case import Case, Source
from guardrail.invocation import Tool
from guardrail.text.directives import WORD
from guardrail.text.passages import is_wrapped
from guardrail.text.reading import Author
from guardrail.text.words import ENGLISH, stem, stems
from guardrail.text.wordset import WordSet
from guardrail.tool_kind import tool_words
from policies.ruleset import Standing, ToolKind, host_of

_OWN_MATERIAL = frozenset(
    "file files repo repository code command shell terminal bash doc docs documentation kb knowledge wiki runbook "
    "manual policy handbook guide routine procedure schema sources intranet faq playbook sop knowledgebase guideline "
    "guidelines runbooks manuals policies handbooks guides procedures playbooks".split()
)
_FILES = frozenset("file files doc docs".split())
_DOCUMENTS = frozenset(("document", "documents"))
_FILES_OF_ANYBODY = frozenset(
    "file files document documents attachment attachments command shell terminal bash".split()
)
# Of these a page is the organisation's own, whoever wrote it down.
KNOWLEDGE = frozenset(
    "kb knowledge knowledgebase wiki intranet faq runbook playbook sop manual policy handbook guide routine "
    "procedure guideline guidelines runbooks manuals policies handbooks guides procedures playbooks".split()
)
# Mailboxes of a function: sharing such a word with the user's request names nobody.
_FUNCTIONS = frozenset(
    "info sales support billing service services team office mail noreply reply no contact admin help desk news "
    "newsletter accounts account hello example com org net the and guest user bot system".split()
)
_MAX_AUTHORS = 400
_SHORTEST_NAME = 2

_SEPARATOR = re.compile(r"[-_]|\.[a-z]{2,4}$")


def is_named(author: Author, case: Case) -> bool:
    return any(names_in(name, case.user) for name in (author.author, author.document) if name)


def is_spoken_of(author: Author, case: Case) -> bool:
    """The user named the author or document, if only by the words of its title, and it is still the author's."""
    if is_edited_outside(author, case):
        return False
    return is_named(author, case) or is_titled(author, case)


def is_titled(author: Author, case: Case) -> bool:
    """The user's words hold all that tells of the document's title, two words or more: `the opening routine`."""
    title = telling_words(spaced(author.document.lower())) if len(author.document) < 120 else frozenset()
    return len(title) >= 2 and title <= case.user.words


def spaced(title: str) -> str:
    """`closing-checklist.md` as `closing checklist`."""
    return _SEPARATOR.sub(" ", title).strip()


def is_ours(author: Author, case: Case) -> bool:
    """One of us wrote it, and nobody from outside is said to have changed it, or says so in a text of their own."""
    if author.around and not ("@" in author.around and _is_inside(author.around, case)):
        return False
    if _is_only_said_in_trigger(author, case):
        return False
    return "@" in author.author and _is_inside(author.author, case) and not is_edited_outside(author, case)


def is_colleague_meant(author: Author, case: Case) -> bool:
    """One of us wrote it, whom the user named, if only by a first or a last name."""
    return is_ours(author, case) and is_meant(author.author, case.user)


def is_meant_by_mere_name(author: Author, case: Case) -> bool:
    """The user named whoever wrote it, and the fields give no address that would tell whose house that is."""
    named = bool(author.author) and "@" not in author.author and is_meant(author.author, case.user)
    return named and not (author.around or is_edited_outside(author, case))


def _is_only_said_in_trigger(author: Author, case: Case) -> bool:
    """A payload behind words may be JSON an outsider wrote into a mail: its sender is a name."""
    if not (case.call.by_outsider and is_wrapped(case.call.user_passages)):
        return False
    return any(source.name == "trigger" and author in source.reading.authors for source in case.sources[:1])


def is_edited_outside(author: Author, case: Case) -> bool:
    """Somebody from outside, whom the user did not name, last changed the text, or wrote the one it stands in."""
    return any(
        "@" in name and not _is_inside(name, case) and not is_meant(name, case.user)
        for name in (author.editor, author.around)
    )


def is_impostor(author: Author, case: Case) -> bool:
    """The author's host begins as one of the organisation's own and ends as another's."""
    host = host_of(author.author) if "@" in author.author else ""
    labels = host.split(".")
    return any(
        case.ruleset.standing_of(".".join(labels[:end])) is Standing.INTERNAL for end in range(2, len(labels) - 1)
    ) and not _is_inside(author.author, case)


def is_stranger(author: Author, case: Case) -> bool:
    """By the address nobody of the organisation, whose own domains are known.

    Whoever is to be answered has not chosen who else gets something.
    """
    return case.ruleset.destinations.knows_own and "@" in author.author and not is_ours(author, case)


def is_own_material(match: Match, case: Case, request: Request) -> bool:
    """How-to texts of nobody in particular: files, manuals, knowledge; and what the same tool said a step before.

    Whoever names a goal and not the steps expects the agent to go by them. A mail, a review or a web page is none.
    """
    author, source = match.author, match.source
    if not case.tuning.own_material:
        return False
    words = frozenset(tool_words(Tool(tool_id=source.tool_name, name=source.tool_name)))
    if author.author or author.editor:
        written = [name for name in (author.author, author.editor) if name]
        known = all("@" in name and _is_inside(name, case) for name in written)
        # a mere name vouches for nothing but a message to the organisation itself
        kept = case.kind is ToolKind.SEND and not any("@" in name for name in written) and stays_inside(case)
        return (known or kept) and not request.only_reading and not words.isdisjoint(KNOWLEDGE)
    if source.tool_name and source.tool_name in (case.call.tool.name, case.call.tool.tool_id):
        return True
    if case.call.by_outsider and not words.isdisjoint(_OWN_MATERIAL - _FILES_OF_ANYBODY):
        # what a run looks up in the organisation's own pages; a file may have come with the message
        return words.isdisjoint(_FILES_OF_ANYBODY)
    # a file may be anybody's: it tells how to do what was asked for or what to run, not what else to change
    if words.isdisjoint(_OWN_MATERIAL - _FILES) and not request.deed and case.kind is not ToolKind.EXECUTE:
        return False
    return not request.only_reading and not words.isdisjoint(_OWN_MATERIAL)


def is_nobodys(author: Author) -> bool:
    """No field says who wrote or changed it."""
    return not (author.author or author.editor)


def is_how_to(source: Source) -> bool:
    """A file, a manual or a page of knowledge, by the name of the tool that returned it."""
    words = frozenset(tool_words(Tool(tool_id=source.tool_name, name=source.tool_name)))
    return not words.isdisjoint(_OWN_MATERIAL | _DOCUMENTS)


def is_knowledge(source: Source) -> bool:
    """A page of a handbook, a runbook, a wiki, by the name of the tool that returned it."""
    words = frozenset(tool_words(Tool(tool_id=source.tool_name, name=source.tool_name)))
    return not words.isdisjoint(KNOWLEDGE)


def stays_inside(case: Case) -> bool:
    """Everybody the call would reach is the organisation's own."""
    targets = [target for target in case.targets if target.named]
    return bool(targets) and all(target.standing is Standing.INTERNAL for target in targets)


def _is_inside(address: str, case: Case) -> bool:
    return case.ruleset.standing_of(address) is Standing.INTERNAL


def is_beside_a_named_one(author: Author, case: Case) -> bool:
    """The user named somebody who wrote another record here, if only by `Petra's mail`, and not this author."""
    if is_spoken_to(author.author, case):
        return False
    others = (other for source in case.sources for other in source.reading.authors[:_MAX_AUTHORS])
    return any(other.author != author.author and is_spoken_to(other.author, case) for other in others)


def is_spoken_to(name: str, case: Case) -> bool:
    """By a name, or by one with `'s` behind it, which says whose text it is and not that it may decide."""
    first = re.split(r"[^\w]+|_", name.lower())
    owned = any(len(part) > _SHORTEST_NAME and f"{part}'s" in case.user.words for part in first)
    return owned or is_meant(name, case.user)


def is_someone_elses(match: Match, case: Case) -> bool:
    """The user pointed at somebody's text, and this instruction stands in another's."""
    author = match.author
    if not case.tuning.authors or is_ours(author, case) or is_meant(author.author, case.user):
        return False
    if not author.author and (
        is_how_to(match.source) or match.source.tool_name == case.call.tool.name or _is_named_too(match.source, case)
    ):
        return False
    others = 0
    for source in case.sources:
        for other in source.reading.authors:
            if other.author and other.author != author.author and is_meant(other.author, case.user):
                return True
            others += 1
            if others >= _MAX_AUTHORS:
                return False
    return False


def _is_named_too(source: Source, case: Case) -> bool:
    """The user spoke of what this text is, by what its reader is named: of the page as well as of her mail."""
    nouns = tool_words(Tool(tool_id=source.tool_name, name=source.tool_name))
    heard = stems(case.user.words)
    return any(
        stem(noun.removesuffix("s")) in heard for noun in nouns if noun not in ENGLISH.verb_forms and len(noun) > 3
    )


@lru_cache(maxsize=64)
def _bare_words(said: str) -> frozenset[str]:
    """The words as addresses have them: `gites` for `gîtes`."""
    bare = "".join(sign for sign in unicodedata.normalize("NFD", said[:4_000]) if not unicodedata.combining(sign))
    return frozenset(WORD.findall(bare))


def is_meant(name: str, user: WordSet) -> bool:
    """The user's words hold a part of this name: a first or last name, or the name of the author's house."""
    plain = name.lower()
    parts = {part for part in re.split(r"[^\w]+|_", plain) if len(part) > 2} - _FUNCTIONS
    if not parts.isdisjoint(user.words) or not (user.lower.isascii() or parts.isdisjoint(_bare_words(user.lower))):
        return True
    joined = "".join(WORD.findall(user.lower[:4_000]))
    return "@" in plain and any(len(part) > 6 and part in joined for part in parts)
