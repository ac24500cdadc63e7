"""Bodies hypothesis makes up: a good body with any of its members missing, of another type, or full of anything."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings, strategies as st

from tests.fuzz.odd import STRANGE, Odd

# every sign there is, lone surrogates too: JSON can write them
_TEXT = st.text(st.characters(), max_size=40)
_LEAF = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), _TEXT, st.sampled_from([one for one in STRANGE if one != {}])
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    _LEAF, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_TEXT, inner, max_size=5), max_leaves=12
)


def around(good: Any) -> st.SearchStrategy[Any]:
    """Values like `good`: of its shape as a rule, with members and items left out, added or replaced by anything."""
    if isinstance(good, dict):
        members = st.fixed_dictionaries({}, optional={name: around(value) for name, value in good.items()})
        return members | st.builds(lambda one, more: {**one, **more}, members, _MORE) | ANYTHING
    if isinstance(good, list):
        return st.lists(st.one_of(*map(around, good)), max_size=4) | ANYTHING if good else ANYTHING
    return st.just(good) | _LEAF


def bodies_like(good: dict[str, Any]) -> st.SearchStrategy[bytes]:
    """Whole bodies: mostly JSON of the right shape, some JSON of any, some no JSON at all."""
    shaped = st.fixed_dictionaries({name: st.just(value) | around(value) for name, value in good.items()})
    return st.one_of(
        st.builds(_written, shaped),
        st.builds(_written, around(good)),
        st.builds(_written, ANYTHING),
        st.builds(_cut, st.builds(_written, shaped), st.integers(0, 3_000), st.binary(max_size=20)),
        st.binary(max_size=200),
    )


def made_up(good: dict[str, Any], *, number: int, first: int, take: Callable[[Odd], None]) -> None:
    """Hand `number` bodies to `take`; the same for the same `first`, which is the seed."""

    @seed(first)
    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(bodies_like(good))
    def each(body: bytes) -> None:
        take(Odd(what=f"hypothesis, seed {first}", body=body))

    each()


def _written(value: Any) -> bytes:
    return json.dumps(value).encode()


def _cut(body: bytes, at: int, instead: bytes) -> bytes:
    at %= len(body) + 1
    return body[:at] + instead + body[at + len(instead) :]


_MORE = st.dictionaries(_TEXT, ANYTHING, max_size=3)
