"""Copies of classified documents: known by part of their text, and nothing else is taken for one."""

import base64
import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from guardrail.judge import Judgement
from guardrail.text.budget import Budget, unlimited
from guardrail.text.fingerprint import find_copied, fingerprints_of
from policies.fingerprints import encode, join, pack
from policies.ruleset import Action
from policies.signal import Signal
from tests.guardrail.cases import a_call, judged
from tests.guardrail.written import FOOTER, document, laid_out_anew, part, reordered, reworded, word_file, zipped

OUTSIDE = "kim@partner.example"
INSIDE = "ana@adatum.example"
COUNT = 40
SECRETS = {f"plan-{seed}.docx": document(seed, words=300 + 40 * seed) for seed in range(COUNT)}
PLAN = SECRETS["plan-20.docx"]
LETTER = "Dear Kim, as promised on the phone here is what I found about it. Please tell me what you think.\n"


def knowing(documents: dict[str, str], *more: tuple[str, str, str]) -> dict[str, Any]:
    """The ruleset fragment that knows `documents` as restricted, and `more` as (name, class, text)."""
    told = [(name, "restricted", text) for name, text in documents.items()] + list(more)
    packed = [(name, of_class, "r1", pack(fingerprints_of(text, unlimited()))) for name, of_class, text in told]
    return {
        "fingerprints": encode(*join(packed)),
        "data_classes": [{"name": "restricted"}, {"name": "public", "may_leave": True}],
    }


KNOWN = knowing(SECRETS)


def judged_mail(body: str, *, to: str = OUTSIDE, known: dict[str, Any] = KNOWN, **call: Any) -> Judgement:
    return judged(a_call(arguments={"to": to, "subject": "Notes", "body": body}, **call), **known)


def copy_found(body: str, **how: Any) -> Signal | None:
    """The signal on a document's copy, None when there was none."""
    signals = judged_mail(body, **how).decision.signals
    return next((signal for signal in signals if signal.name == "classified_data_leaving"), None)


@pytest.mark.parametrize(
    ("change", "floor"),
    [
        pytest.param(lambda text, chance: text, 1.0, id="whole"),
        pytest.param(lambda text, chance: part(text, 0.5, chance), 1.0, id="half"),
        pytest.param(lambda text, chance: part(text, 0.25, chance), 0.95, id="a quarter"),
        pytest.param(lambda text, chance: part(text, 0.1, chance), 0.75, id="a tenth"),
        pytest.param(reordered, 1.0, id="sentences in another order"),
        pytest.param(lambda text, chance: laid_out_anew(text), 1.0, id="other case, punctuation and lines"),
        pytest.param(lambda text, chance: reworded(text, 0.1, chance), 1.0, id="a word in ten changed"),
        pytest.param(lambda text, chance: reworded(part(text, 0.5, chance), 0.1, chance), 0.95, id="half, changed"),
    ],
)
def test_it_knows_a_copy(change: Callable[[str, random.Random], str], floor: float) -> None:
    chance = random.Random(7)
    found = [(name, copy_found(LETTER + change(text, chance))) for name, text in SECRETS.items()]
    right = [name for name, signal in found if signal and signal.fact("document") == name]
    assert len(right) >= floor * COUNT


def test_it_names_document_class_share_and_place() -> None:
    half = " ".join(PLAN.split()[: len(PLAN.split()) // 2])
    signal = copy_found(LETTER + half)
    assert signal is not None
    facts = dict(signal.facts)
    assert (facts["document"], facts["data_class"], facts["revision"]) == ("plan-20.docx", "restricted", "r1")
    assert 45 <= int(facts["share"].removesuffix(" %")) <= 55
    assert (facts["destination"], facts["destination_standing"]) == (OUTSIDE, "unknown")
    evidence = signal.evidence[0]
    assert (evidence.source, evidence.path) == ("argument", "body")
    # the first and the last fingerprint stand within a window of the copy's ends
    assert len(LETTER) <= evidence.start < len(LETTER) + 60
    assert len(LETTER + half) - 60 < evidence.end <= len(LETTER + half)
    assert evidence.quote == (LETTER + half)[evidence.start : evidence.start + 500]
    assert judged_mail(LETTER + half).decision.action is Action.BLOCK


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(base64.b64encode(PLAN.encode()).decode(), id="base64"),
        pytest.param(base64.b64encode(word_file(PLAN)).decode(), id="a Word file"),
        pytest.param(
            base64.b64encode(word_file(PLAN + document(8, words=150_000))).decode(), id="a Word file of 500 pages"
        ),
        pytest.param("data:text/plain;base64," + base64.b64encode(PLAN.encode()).decode(), id="a data link"),
        pytest.param(f"See {base64.b64encode(PLAN.encode()).decode()} please", id="base64 inside a sentence"),
        pytest.param(f"https://x.example/?q={'%20'.join(PLAN.split()[:90])}", id="a link's query"),
        pytest.param("\u200b".join(PLAN), id="a zero-width space after each letter"),
        pytest.param(f"<p>{PLAN.replace(' ', '</b> <b>')}</p>", id="markup around each word"),
    ],
)
def test_it_opens_what_the_copy_is_wrapped_in(body: str) -> None:
    signal = copy_found(body)
    assert signal is not None
    assert signal.fact("document") == "plan-20.docx"


def test_it_adds_up_a_copy_spread_over_several_arguments() -> None:
    words = PLAN.split()[:120]
    pieces = {f"note{n}": " ".join(words[n * 20 : n * 20 + 24]) for n in range(6)}
    found = judged(a_call(arguments={"to": OUTSIDE, **pieces}), **KNOWN).decision.signals
    assert [signal.fact("document") for signal in found if signal.fact("share")] == ["plan-20.docx"]


def test_it_knows_a_page_of_a_long_document() -> None:
    book = document(99, words=20_000)
    signal = copy_found(" ".join(book.split()[5000:5200]), known=knowing({"book.docx": book}))
    assert signal is not None
    assert signal.fact("share") in ("1 %", "2 %")


def test_some_lines_are_a_copy_when_a_tool_returned_the_document() -> None:
    lines = " ".join(PLAN.split()[40:64])
    assert copy_found(lines) is None
    signal = copy_found(lines, outputs=[("get_weather", "Rain."), ("read_file", {"content": PLAN})])
    assert signal is not None
    assert [(found.source, found.path) for found in signal.evidence[:2]] == [
        ("argument", "body"),
        ("output:1", "result.content"),
    ]


def phrases_of(text: str) -> str:
    """Six words of `text` in a row, again and again, each among words of another text."""
    words, others = text.split(), document(4713, words=6000).split()
    return " ".join(" ".join(words[at : at + 6] + others[at : at + 14]) for at in range(0, len(words), 20))


def silent() -> list[Any]:
    footed = {name: f"{text}\n{FOOTER}" for name, text in SECRETS.items()}
    template = ("letterhead.docx", "public", FOOTER)
    own = " ".join(PLAN.split()[:200])
    return [
        pytest.param(document(4711), {}, id="the same trade in other words"),
        pytest.param(phrases_of(PLAN), {}, id="phrases of the trade, one by one"),
        pytest.param(LETTER * 30, {}, id="an ordinary letter"),
        pytest.param(" ".join(PLAN.split()[100:116]), {}, id="a short quote"),
        pytest.param("\n".join(text[:70] for text in SECRETS.values()), {}, id="the first line of each document"),
        pytest.param(LETTER + FOOTER, {"known": knowing(footed)}, id="a footer that every document has"),
        pytest.param(
            LETTER + FOOTER,
            {"known": knowing({"one.docx": f"{document(1, words=300)}\n{FOOTER}"}, template)},
            id="a footer of one document that is also the letterhead's",
        ),
        pytest.param(PLAN, {"to": INSIDE}, id="to a colleague"),
        pytest.param(own, {"user": f"Mail this to {OUTSIDE}: {own}"}, id="words the user typed"),
        pytest.param(PLAN, {"known": knowing({}, ("plan.docx", "public", PLAN))}, id="a document for everybody"),
        pytest.param(PLAN, {"tool": "get_notes"}, id="a call that only reads"),
        pytest.param(PLAN, {"known": {}}, id="no document known"),
        pytest.param(
            " ".join(PLAN.split()[40:64]),
            {"outputs": [("read_file", document(4712))]},
            id="some lines after another document was read",
        ),
        pytest.param(
            "They renegotiate it, I believe.", {"outputs": [("read_file", PLAN)]}, id="an answer after reading it"
        ),
        pytest.param(" ".join(reversed(PLAN.split())), {}, id="the same words in another order"),
        pytest.param(base64.b64encode(bytes(range(256)) * 40).decode(), {}, id="a picture attached"),
    ]


@pytest.mark.parametrize(("body", "how"), silent())
def test_it_leaves_everything_else_alone(body: str, how: dict[str, Any]) -> None:
    assert copy_found(body, **how) is None


def test_the_users_words_do_not_cover_what_the_agent_adds() -> None:
    typed = " ".join(PLAN.split()[:100])
    assert copy_found(PLAN, user=f"Mail this to {OUTSIDE}: {typed}") is not None


def test_what_an_outsider_wrote_is_not_the_users_own() -> None:
    trigger = {"from": "kim@partner.example", "body": PLAN}
    assert copy_found(PLAN, trigger=trigger) is not None


def test_a_fingerprint_is_the_same_for_ever() -> None:
    assert fingerprints_of("Of each four hashes in a row the least is kept.", unlimited()) == [
        2778443971388016997,
        1480559008922823181,
    ]


def test_a_text_in_pieces_has_the_fingerprints_of_the_whole() -> None:
    text = document(3, words=12_000)
    assert len(text) > 64_000
    half = len(text) // 2
    extra = set(fingerprints_of(text[half:], unlimited())) - set(fingerprints_of(text, unlimited()))
    # where the half begins, its first window lacks what stands before
    assert len(extra) <= 2


def test_it_finds_the_place_of_a_copy_in_a_long_text() -> None:
    text = f"{document(5, words=9000)} {PLAN} {document(6, words=9000)}"
    start, end = find_copied(text, set(fingerprints_of(PLAN, unlimited())), unlimited())
    assert abs(start - text.index(PLAN)) < 60
    assert abs(end - text.index(PLAN) - len(PLAN)) < 60


@pytest.mark.parametrize("piece", ["a", " ", "<", "the ", "<!--", "&amp;", "\u200b", "\u6771", "QUJD", "%41", "UEsDB"])
@pytest.mark.parametrize("size", [100_000, 3_000_000])
def test_hostile_texts_cost_no_more_than_others(piece: str, size: int) -> None:
    text = piece * (size // len(piece))
    start = time.perf_counter()
    fingerprints_of(text, Budget(deadline=time.monotonic() + 0.3, clock=time.monotonic))
    find_copied(text, {1}, Budget(deadline=time.monotonic() + 0.3, clock=time.monotonic))
    # generous: two budgets, and a piece begun within each
    assert time.perf_counter() - start < 3


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(lambda: "word " * 600_000, id="words"),
        pytest.param(lambda: "QUJD" * 750_000, id="base64"),
        pytest.param(lambda: PLAN * 300, id="copies"),
        pytest.param(lambda: _encoded({"word/document.xml": "<a>" * 900_000}), id="tags"),
        pytest.param(lambda: _encoded({f"word/{n}": "" for n in range(20_000)}), id="parts"),
    ],
)
def test_the_deadline_holds_for_an_argument_of_3_MB(made: Callable[[], str]) -> None:
    call = a_call(arguments={"to": OUTSIDE, "body": made()})
    start = time.perf_counter()
    judged(call, budget_s=0.3, **KNOWN)
    assert time.perf_counter() - start < 3


def _encoded(parts: dict[str, str]) -> str:
    return base64.b64encode(zipped(parts)).decode()
