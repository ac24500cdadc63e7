"""Which texts of a call can be searched: bounded, what the agent planned before what it read. Pure."""

from collections.abc import Iterable, Iterator

from guardrail.invocation import Invocation, Passage

# Characters of each kind, the beginning of it. What lies behind is in the transcript and not in the search.
ARGUMENTS, REQUEST, THOUGHT, OUTPUTS, HISTORY = 6_000, 4_000, 1_000, 10_000, 4_000
_LONGEST = 2_000


def texts_of(call: Invocation) -> Iterator[str]:
    """The texts of a call, the most telling first; what is new before what earlier calls of it held, too."""
    yield from (call.tool.name, call.tool.tool_id, call.agent_name)
    yield from _within(ARGUMENTS, (str(one.value) for one in call.arguments if one.value is not None))
    yield from _within(REQUEST, _said(call.user_passages))
    yield from _within(THOUGHT, (call.thought,))
    newest_first = (text for output in reversed(call.outputs) for text in _said(output.passages))
    yield from _within(OUTPUTS, newest_first)
    yield from _within(HISTORY, (text for message in reversed(call.history) for text in _said(message.passages)))


def _said(passages: Iterable[Passage]) -> Iterator[str]:
    return (passage.text for passage in passages)


def _within(characters: int, texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        if characters <= 0:
            return
        yield text[: min(characters, _LONGEST)]
        characters -= len(text)
