"""How much is to be paid stands in one text, and whom to pay in another that nobody left it to.

A bill says both. A remark elsewhere, on a device, a page or a parcel, that says where payments go has changed the payee
of a payment that was wanted, whatever it calls itself.
"""

from guardrail.attribution.authors import is_how_to, is_meant, is_ours
from guardrail.attribution.holding import texts_with
from guardrail.attribution.provenance import Leaf
from guardrail.attribution.request import Request
from guardrail.attribution.running_text import runs
from guardrail.attribution.unasked import Taken
from guardrail.case import Case, Source
from guardrail.text.reading import Prose
from policies.ruleset import Standing, ToolKind

_LEAST_AMOUNT = 2
_PLACES = 40


def paid_to_another(case: Case, request: Request) -> Taken | None:
    """The text the payee has come from; None for none."""
    if case.kind is not ToolKind.PAY or not request.deed:
        return None
    strange = {target.value for target in case.targets if target.named and target.standing is Standing.UNKNOWN}
    new = [leaf for leaf, share in zip(case.leaves, case.user_shares, strict=True) if share < case.tuning.given_share]
    payees = [leaf for leaf in new if leaf.value.lower().replace(" ", "") in strange or leaf.value.lower() in strange]
    amounts = [leaf for leaf in new if leaf.kind == "number" and len(leaf.needle) >= _LEAST_AMOUNT]
    for payee in payees if amounts else ():
        found = _where_it_runs(payee, case)
        if found and all(_is_elsewhere(amount, found, case) for amount in amounts):
            source, prose = found[0]
            return Taken(source=source, prose=prose, values=(payee,))
    return None


def _where_it_runs(payee: Leaf, case: Case) -> list[tuple[Source, Prose]]:
    """The running texts with it; empty where a field, one of us, a handbook or whoever was named has it, too."""
    found = list(texts_with(payee, case))[:_PLACES]
    for source, prose in found:
        author = source.reading.authors[prose.record]
        if not runs(prose.lower, case.tuning.running_text) or is_how_to(source) or is_ours(author, case):
            return []
        if author.author and is_meant(author.author, case.user):
            return []
    return found


def _is_elsewhere(amount: Leaf, found: list[tuple[Source, Prose]], case: Case) -> bool:
    """Other outputs have the amount, and none of these."""
    here = {source.name for source, _ in found}
    holding = {source.name for source, _ in texts_with(amount, case)}
    return bool(holding) and holding.isdisjoint(here)
