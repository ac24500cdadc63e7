"""Judges stored calls again by another ruleset, to know what a change would do before it is made.

A stored verdict and its transcript make the call it was about; the judging is the one every call gets. What memory gave
then, and what other engines said, nobody can ask for again: that stands as the verdict keeps it
(`guardrail/replay/remembered.py`). See docs/decisions/0053-replays-judge-twice.md.
"""

from guardrail.replay.comparing import Compared, Effect, compare
from guardrail.replay.depth import Depth, depth_between
from guardrail.replay.replaying import NEEDED, Replayed, replay

__all__ = ["NEEDED", "Compared", "Depth", "Effect", "Replayed", "compare", "depth_between", "replay"]
