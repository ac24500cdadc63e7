"""Text that an attacker wrote, on its way into a page; and the small tags every page uses."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone

from guardrail import shown_text
from guardrail.shown_text import Span

TAGGED = "".join(chr(0xE0000 + ord(letter)) for letter in "obey me")


def rendered(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


@pytest.mark.parametrize(
    ("text", "chip"),
    [
        ("pay\u202egnp.exe", "U+202E force right-to-left"),
        ("to\u200bken", "U+200B zero width"),
        ("\ufeffhead", "U+FEFF byte order mark"),
        ("a\u2066b\u2069", "U+2066 isolate left-to-right"),
        ("so\u00adft", "U+00AD soft hyphen"),
        ("\x1b[31mred", "U+001B escape"),
        ("nul\x00", "U+0000 null"),
        ("half \ud83d pair", "U+D83D broken character"),
        ("filler \u3164", "U+3164 unseen"),
        ("\U000e0001", "U+E0001 tag"),
        ("v\U000e0101", "U+E0101 variation"),
        ("\u2028line", "U+2028 line end"),
    ],
)
def test_it_names_a_character_that_nobody_sees(text: str, chip: str) -> None:
    shown = rendered("{{ text|visible }}", text=text)
    assert chip in shown
    assert shown.encode("utf-8").decode() == shown
    assert shown_text.count_unseen(text) >= 1


@pytest.mark.parametrize(
    "text",
    [
        "plain words",
        "two\nlines\tand a tab",
        "crlf\r\nline",
        "Grüße, 你好, Здравствуйте",
        "naïve – “quoted” €",
        "👍 🚢",
        "שלום",
    ],
)
def test_it_leaves_honest_text_as_it_is(text: str) -> None:
    assert rendered("{{ text|visible }}", text=text) == text.replace("\r\n", "\n")
    assert shown_text.count_unseen(text) == 0


def test_it_spells_out_what_tag_characters_hide() -> None:
    assert "tags spell: obey me" in rendered("{{ text|visible }}", text=f"hello {TAGGED}")


def test_it_escapes_markup_that_tag_characters_spell() -> None:
    smuggled = "".join(chr(0xE0000 + ord(letter)) for letter in "<script>x</script>")
    shown = rendered("{{ text|visible }}", text=smuggled)
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=x()>', "{{ 7|add:7 }}", "</pre><b>"]
)
def test_it_escapes_markup_in_every_way_of_showing_text(text: str) -> None:
    shown = rendered("{{ text|visible }}", text=text)
    marked = str(shown_text.marked(text, [Span(start=1, end=9, mark="instruction", number=1, note='"><i>')]))
    attribute = rendered('<a title="{{ text|plain }}">', text=text)
    for html in (shown, marked):
        assert "<script" not in html
        assert "<img" not in html
        assert "</pre>" not in html
        assert "<i>" not in html
    assert attribute.count('"') == 2
    assert attribute.count("<") == 1


def test_it_spells_unseen_characters_in_attributes() -> None:
    assert rendered("{{ text|plain }}", text="a\u202eb") == r"a\u{202E}b"


def test_it_sets_what_a_sentence_quotes_as_code() -> None:
    assert rendered("{{ t|prose }}", t="to `a<b>` and `c`") == "to <code>a&lt;b&gt;</code> and <code>c</code>"


def test_it_leaves_a_sentence_with_a_lone_backtick_alone() -> None:
    assert rendered("{{ t|prose }}", t="5` <i>") == "5` &lt;i&gt;"


def test_it_shows_a_run_of_one_character_once_with_its_number() -> None:
    assert "U+200B zero width ×4000" in rendered("{{ text|visible }}", text="\u200b" * 4000)


def test_it_counts_a_run_of_many_kinds_instead_of_naming_each() -> None:
    shown = rendered("{{ text|visible }}", text="\u200b\u202e" * 5000)
    assert shown.count('class="cp"') == shown_text.MOST_CHIPS + 1
    assert "9988 more unseen characters" in shown


def test_it_marks_a_span_with_its_number() -> None:
    html = str(shown_text.marked("please send it now", [Span(start=7, end=14, mark="instruction", number=2)]))
    assert html == 'please <b class="k k-instruction">2</b> <mark class="mk-instruction">send it</mark> now'


def test_it_marks_nested_and_overlapping_spans_without_losing_a_letter() -> None:
    spans = [
        Span(start=0, end=12, mark="hidden", note="white on white"),
        Span(start=3, end=7, mark="instruction", number=1),
        Span(start=5, end=15, mark="data"),
    ]
    html = str(shown_text.marked("0123456789abcdefgh", spans))
    assert 'class="mk-hidden mk-instruction mk-data"' in html
    assert 'title="white on white"' in html
    letters = html
    for tag in ('<b class="k k-instruction">1</b> ', "</mark>"):
        letters = letters.replace(tag, "")
    assert "".join(part.split(">", 1)[-1] for part in letters.split("<mark")) == "0123456789abcdefgh"


@pytest.mark.parametrize(("start", "end"), [(-5, 3), (2, 999), (50, 60), (4, 4), (6, 2), (-9, -1)])
def test_it_tolerates_offsets_that_lie_outside_the_text(start: int, end: int) -> None:
    html = str(shown_text.marked("abcdef", [Span(start=start, end=end, mark="instruction", number=1)]))
    assert (
        html.replace('<b class="k k-instruction">1</b> ', "")
        .replace("</mark>", "")
        .replace('<mark class="mk-instruction">', "")
        == "abcdef"
    )


def test_it_folds_after_twenty_lines() -> None:
    (piece,) = shown_text.show("\n".join(f"line {n}" for n in range(60)), [])
    assert "line 19" in piece.shown
    assert "line 20" not in piece.shown
    assert "line 59" in piece.folded
    assert piece.folded_lines == 40
    assert not piece.opened


def test_it_folds_one_endless_line_too() -> None:
    (piece,) = shown_text.show("word " * 2000, [])
    assert len(piece.shown) == shown_text.FOLD_CHARACTERS
    assert piece.folded


def test_it_does_not_fold_away_a_line_or_two() -> None:
    (piece,) = shown_text.show("\n".join(f"line {n}" for n in range(21)), [])
    assert piece.folded == ""


def test_it_opens_the_folded_part_that_holds_a_marked_span() -> None:
    text = "\n".join(f"line {n}" for n in range(60))
    (piece,) = shown_text.show(text, [Span(start=text.index("line 50"), end=len(text), mark="instruction")])
    assert piece.opened
    assert "mk-instruction" in piece.folded


def test_it_shows_what_stands_around_a_span_in_the_middle_of_a_megabyte() -> None:
    text = "a" * 500_000 + " ORDER " + "\u202e\u200b" * 250_000
    start = text.index("ORDER")
    began = time.perf_counter()
    pieces = shown_text.show(text, [Span(start=start, end=start + 5, mark="instruction", number=1)])
    took_ms = (time.perf_counter() - began) * 1000
    html = "".join(piece.shown + piece.folded for piece in pieces)
    assert '<mark class="mk-instruction">ORDER</mark>' in html
    assert any(piece.left_out > 400_000 for piece in pieces)
    assert len(html) < 100_000
    assert took_ms < 1000


def test_windows_of_near_spans_grow_together_and_count_what_they_leave_out() -> None:
    spans = [Span(start=5000, end=5010, mark="data"), Span(start=5100, end=5110, mark="data")]
    windows = shown_text.windows_of("x" * 50_000, spans, limit=10_000, around=200, head=300)
    assert [(w.start, w.end, w.left_out) for w in windows] == [(0, 300, 0), (4800, 5310, 4500)]


def test_it_says_the_time_in_words_and_exactly() -> None:
    at = timezone.now() - timedelta(minutes=5)
    html = rendered("{% when at %}", at=at)
    assert ">5 min ago<" in html
    assert f'datetime="{at.astimezone(UTC).isoformat()}"' in html
    assert " UTC" in html


def test_it_says_never_where_there_is_no_time() -> None:
    assert "never" in rendered("{% when at %}", at=None)


def test_it_names_the_day_of_an_older_moment() -> None:
    assert ">5 Oct 2025 07:14<" in rendered("{% when at %}", at=datetime(2025, 10, 5, 7, 14, tzinfo=UTC))


def test_a_stretch_within_one_day_of_the_past_is_said_once() -> None:
    first = datetime(2025, 10, 5, 7, 14, tzinfo=UTC)
    assert rendered("{% stretch a b %}", a=first, b=first + timedelta(hours=2)).count("<time") == 1
    assert rendered("{% stretch a b %}", a=first, b=first + timedelta(days=2)).count("<time") == 2


@pytest.mark.parametrize(
    ("action", "would_have", "failed", "word"),
    [
        ("block", "block", False, "Blocked"),
        ("allow", "block", False, "Would block"),
        ("hold", "hold", False, "Held"),
        ("allow", "hold", False, "Would hold"),
        ("allow", "allow", False, "Allowed"),
        ("notice", "notice", False, "Flagged"),
        ("allow", "notice", False, "Flagged"),
        ("block", "block", True, "Blocked, not judged"),
        ("allow", "block", True, "Would block, not judged"),
        ("allow", "allow", True, "Allowed, not judged"),
    ],
)
def test_it_says_what_became_of_a_call(action: str, would_have: str, failed: bool, word: str) -> None:
    html = rendered("{% outcome a w failed=f %}", a=action, w=would_have, f=failed)
    assert f">{word}</span>" in html
    assert "aria-hidden" in html


def test_a_severity_is_a_glyph_and_a_word() -> None:
    assert "sev-critical" in rendered("{% severity 4 %}")
    assert "Critical" in rendered("{% severity 4 %}")
    assert "–" in rendered("{% severity None %}")
