"""The detectors, cheapest first. Each is `detect(case) -> list[Signal]` with a NAME; none imports another."""

from collections.abc import Callable

from guardrail.case import Case
from guardrail.detectors import attribution
from policies.signal import Signal

Detect = Callable[[Case], list[Signal]]

DETECTORS: tuple[tuple[str, Detect], ...] = ((attribution.NAME, attribution.detect),)
