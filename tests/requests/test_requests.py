"""The weights are of these lists, and hold for an author they were not learned from."""

import pytest

from guardrail.attribution.delegation import Delegation, by_phrases, heard
from guardrail.attribution.left_to_text import WEIGHTS, leaving_by
from tests.requests import lists
from tests.requests.learning import learned
from tests.requests.lists import Left

# Measured 2026-11-23 less a margin: 89 and 7 %; with all lists 92 and 9.
LEFT_FLOOR, NOTHING_CEILING = 0.85, 0.11
LEARNED_FROM = ("home", "office", "ordinary", "technical")


def test_the_product_has_the_weights_of_these_lists() -> None:
    assert WEIGHTS.read_text("utf-8").partition("\n")[0] == f"# {lists.digest()}", "`make requests ARGS=--write`"


@pytest.fixture(scope="module")
def shares() -> tuple[float, float]:
    """Of an author who was left out: heard as left where something is, and where nothing is."""
    weights = learned(lists.requests_of(*LEARNED_FROM))
    told = [
        (each.left is Left.NOTHING, heard(by_phrases(each.text.lower()), leaving_by(weights, each.text)))
        for each in lists.requests_of("everyday")
    ]
    left = [read is not Delegation.NONE for nothing, read in told if not nothing]
    nothing_left = [read is not Delegation.NONE for nothing, read in told if nothing]
    return sum(left) / len(left), sum(nothing_left) / len(nothing_left)


def test_an_author_it_did_not_learn_from_is_heard(shares: tuple[float, float]) -> None:
    assert shares[0] >= LEFT_FLOOR


def test_who_leaves_nothing_is_seldom_taken_for_one_who_does(shares: tuple[float, float]) -> None:
    assert shares[1] <= NOTHING_CEILING
