"""What of a planned call the user gave: some value of it, everybody it reaches, or all of it."""

from guardrail.attribution.matching import is_constant
from guardrail.attribution.outward import OUTWARD
from guardrail.attribution.provenance import stands_in
from guardrail.attribution.request import Request
from guardrail.case import Case

_SEVERAL = 3


def has_values(case: Case) -> bool:
    return any(not is_constant(leaf, case.tuning) for leaf in case.leaves)


def is_given(case: Case) -> bool:
    """The user gave some value of the call."""
    return any(
        share >= case.tuning.given_share
        for leaf, share in zip(case.leaves, case.user_shares, strict=True)
        if not is_constant(leaf, case.tuning)
    )


def is_addressed_by_user(case: Case) -> bool:
    """Everybody the call would reach was named by the user, with an address."""
    reached = {target.value for target in case.targets if target.named}
    leaves = [leaf for leaf in case.leaves if leaf.kind in OUTWARD and leaf.value.lower() in reached]
    return bool(leaves) and all(stands_in(leaf.needle, case.user.lower) >= 0 for leaf in leaves)


def is_spelled_out(case: Case, request: Request) -> bool:
    """The user wants such a deed and gave each of several values for it."""
    return request.deed and len(case.leaves) >= _SEVERAL and min(case.user_shares) == 1.0
