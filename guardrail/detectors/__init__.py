"""The detectors, cheapest first. Each is `detect(case) -> list[Signal]` with a NAME; none imports another."""

from collections.abc import Callable

from guardrail.case import Case
from guardrail.detectors import (
    attribution,
    behaviour,
    chain_request,
    charter,
    classified,
    data_classes,
    disobedience,
    double_request,
    exfiltration,
    fingerprints,
    insider,
    intelligence,
    intent,
    late_finding,
    laundering,
    look_ahead,
    reach,
    reconnaissance,
    relayed,
    restricted,
    secrets,
    stopped_elsewhere,
    stored_text,
    tool_description,
)
from policies.signal import Signal

Detect = Callable[[Case], list[Signal]]

DETECTORS: tuple[tuple[str, Detect], ...] = (
    (restricted.NAME, restricted.detect),
    # before the others of its severity, so that it is what a call that passed is known by
    (insider.NAME, insider.detect),
    (late_finding.NAME, late_finding.detect),
    (disobedience.NAME, disobedience.detect),
    (reach.NAME, reach.detect),
    (charter.NAME, charter.detect),
    (relayed.NAME, relayed.detect),
    (laundering.NAME, laundering.detect),
    (stored_text.NAME, stored_text.detect),
    (chain_request.NAME, chain_request.detect),
    (intelligence.NAME, intelligence.detect),
    (behaviour.NAME, behaviour.detect),
    (reconnaissance.NAME, reconnaissance.detect),
    (secrets.NAME, secrets.detect),
    (tool_description.NAME, tool_description.detect),
    (exfiltration.NAME, exfiltration.detect),
    (classified.NAME, classified.detect),
    (data_classes.NAME, data_classes.detect),
    (fingerprints.NAME, fingerprints.detect),
    (attribution.NAME, attribution.detect),
    # behind what shows the text itself, which tells more
    (stopped_elsewhere.NAME, stopped_elsewhere.detect),
    (double_request.NAME, double_request.detect),
    (look_ahead.NAME, look_ahead.detect),
    (intent.NAME, intent.detect),
)

# Those that read no tool output: what a call is answered by where the rest may follow.
AT_ONCE: tuple[tuple[str, Detect], ...] = (
    (restricted.NAME, restricted.detect),
    (stopped_elsewhere.NAME, stopped_elsewhere.detect),
    (double_request.NAME, double_request.detect),
    (reach.NAME, reach.detect),
    (charter.NAME, charter.detect),
    (intelligence.NAME, intelligence.detect),
    (secrets.NAME, secrets.detect),
    (relayed.NAME, relayed.detect),
    (laundering.NAME, laundering.detect),
    (stored_text.NAME, stored_text.detect),
    (chain_request.NAME, chain_request.detect),
)
