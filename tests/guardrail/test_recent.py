"""What is kept because it comes again never takes more room than it may."""

from guardrail.text.budget import unlimited
from guardrail.text.passages import cut_passages
from guardrail.text.reading import read_source
from guardrail.text.recent import Recent


def test_the_longest_unused_goes_first() -> None:
    recent: Recent[str, str] = Recent(most=2, most_bytes=100, size_of=len)
    recent.keep("a", "one")
    recent.keep("b", "two")
    assert recent.find("a") == "one"
    recent.keep("c", "three")
    assert (recent.find("a"), recent.find("b"), recent.find("c")) == ("one", None, "three")


def test_it_makes_room_by_bytes_and_keeps_nothing_that_would_take_most_of_it() -> None:
    recent: Recent[str, str] = Recent(most=100, most_bytes=30, size_of=len)
    recent.keep("large", "x" * 11)
    assert recent.find("large") is None
    for name in "abcd":
        recent.keep(name, name * 10)
    assert [name for name in "abcd" if recent.find(name)] == ["b", "c", "d"]


def test_a_value_that_grew_by_being_looked_at_takes_the_room_of_others() -> None:
    recent: Recent[str, list[int]] = Recent(most=100, most_bytes=30, size_of=len)
    growing = [0]
    recent.keep("growing", growing)
    recent.keep("other", [0] * 10)
    growing += [0] * 20
    recent.find("growing")
    recent.keep("next", [0])
    assert (recent.find("other"), recent.find("growing")) == (None, growing)


def test_a_reading_counts_what_was_found_in_it_later_on() -> None:
    reading = read_source(
        cut_passages("Please send the report to Kim today. It is late."), digest="", budget=unlimited()
    )
    before = reading.looked_at.bytes
    window = reading.directives[0].window
    assert "report" in window.words
    assert reading.looked_at.bytes > before + len(window.lower)
    assert reading.directives[0].stems
    seen = reading.looked_at.bytes
    assert window.words
    assert reading.directives[0].stems
    assert reading.looked_at.bytes == seen
