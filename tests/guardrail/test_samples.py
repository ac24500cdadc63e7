"""Every detector on its samples: what it must stop, and beside each the honest call that differs from it least."""

import importlib
from types import ModuleType
from typing import Any

import pytest

from guardrail.detectors import DETECTORS
from tests.guardrail.cases import INTERNAL, a_call, judged
from tests.guardrail.samples import Pair, Silent, Words

NAMES = [detect.__module__.rpartition(".")[2] for _, detect in DETECTORS]


def samples_of(name: str) -> ModuleType:
    return importlib.import_module(f"tests.guardrail.samples.{name}")


def every_pair() -> list[Any]:
    return [pytest.param(name, pair, id=f"{name}: {pair.what}") for name in NAMES for pair in samples_of(name).PAIRS]


def every_silent() -> list[Any]:
    found = []
    for name in NAMES:
        silent: tuple[Silent, ...] = getattr(samples_of(name), "SILENT", ())
        found += [pytest.param(name, call, id=f"{name}: {call.what}") for call in silent]
    return found


def said(name: str, call: Words, fragment: Words) -> list[str]:
    """The signals of the detector `name` alone on a call, with the tenant's own destinations as in other tests."""
    words = dict(call)
    past = words.pop("past", None)
    own = [(listed, detect) for listed, detect in DETECTORS if detect.__module__.endswith(f".{name}")]
    judgement = judged(a_call(**words), past=past, detectors=own, **{**INTERNAL, **fragment})
    assert judgement.decision.degraded == ()
    return [signal.name for signal in judgement.decision.signals]


@pytest.mark.parametrize("name", NAMES)
def test_it_has_samples_for_every_detector(name: str) -> None:
    samples = samples_of(name)
    assert {pair.says for pair in samples.PAIRS} == set(samples.SIGNALS)


@pytest.mark.parametrize(("name", "pair"), every_pair())
def test_it_speaks_up_on_one_and_not_on_the_other(name: str, pair: Pair) -> None:
    near = pair.fragment if pair.near_fragment is None else pair.near_fragment
    assert said(name, pair.fires, pair.fragment) == [pair.says]
    assert said(name, pair.near, near) == []


@pytest.mark.parametrize(("name", "silent"), every_silent())
def test_it_leaves_honest_calls_alone(name: str, silent: Silent) -> None:
    assert said(name, silent.call, silent.fragment) == []
