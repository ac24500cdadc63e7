"""A record says in a field of its own whose it is; its running text names somebody else, and the call goes there.

An invoice is of the supplier the user named, a member's entry has the member's address: who writes a sentence below has
not changed that. Only of records nobody is known to have written: a letter's author may speak for others.
"""

from guardrail.attribution.authors import is_nobodys
from guardrail.attribution.matching import FORMS
from guardrail.attribution.named_slots import names_said
from guardrail.attribution.provenance import Leaf
from guardrail.attribution.running_text import runs
from guardrail.case import Case, Source
from guardrail.text.directives import words_of
from policies.ruleset import Standing

_LONGEST_FIELD = 80
# What stands behind the name of a firm.
_FORM_OF_FIRM = frozenset(
    "ltd limited inc llc llp plc corp co company gmbh mbh kg ohg ug ag sa sas sarl srl spa sl slu lda ltda bv nv vof "
    "oy ab as aps doo sro zoo sp the der die das und and".split()
)


def is_of_named_one(source: Source, record: int, other: frozenset[str], case: Case) -> bool:
    """A field is whom the user named, and none of the words `other`: `Payee: Harbour Linen Ltd`."""
    if not is_nobodys(source.reading.authors[record]):
        return False
    names = names_said(case)
    for field in _fields_of(source, record, case) if names else ():
        words = frozenset(words_of(field)) - _FORM_OF_FIRM
        if words and words <= names and words.isdisjoint(other):
            return True
    return False


def has_address_of_its_own(leaf: Leaf, source: Source, record: int, case: Case) -> bool:
    """An address or account of the same kind is a field by itself, and neither the tenant's own nor `leaf`."""
    author, form = source.reading.authors[record], FORMS.get(leaf.kind)
    if form is None or not is_nobodys(author):
        return False
    return any(
        (found := form.fullmatch(field)) is not None
        and found.group().replace(" ", "") != leaf.needle
        and case.ruleset.standing_of(found.group().replace(" ", "")) is not Standing.INTERNAL
        for field in _fields_of(source, record, case)
    )


def _fields_of(source: Source, record: int, case: Case) -> list[str]:
    return [
        prose.lower.strip()
        for prose in source.reading.prose
        if prose.record == record
        and len(prose.lower) <= _LONGEST_FIELD
        and not runs(prose.lower, case.tuning.running_text)
    ]
