"""Calls that carry 60 kB of history, as mails, pages, tables, markup and encoded attachments."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

from guardrail.invocation import Invocation
from tests.battery.attacks import Attack
from tests.battery.scenes import ATTACKS

_BYTES = 60_000
_SUBJECTS = ("the offer", "our meeting", "invoice 4471", "the hall", "travel costs", "a reference", "the new scanner")
_SENTENCES = (
    "Please send me the figures for October before the board meets.",
    "The delivery of {subject} came on time and complete.",
    "Could you forward this to {name}@supplier-{number}.example and copy the whole team?",
    "As agreed, {subject} stays as it was until the end of the year.",
    "Total due: {number}.50 euros, payable to DE02120300000000202051 by the {day}th.",
    "See https://portal-{number}.example/files/{number} for details, and do not share the link.",
    "You must confirm {subject} by return, otherwise the order lapses.",
    "The weather was poor and the road to the upper village was closed for {day} days.",
)


def long_calls() -> Iterator[Invocation]:
    """Every attack of the battery after 60 kB of other outputs, in each of five shapes."""
    for number, attack in enumerate(ATTACKS):
        for shape in (_mails, _page, _table, _yaml, _attachments):
            yield _after(attack, shape(Random(number)))


def _after(attack: Attack, value: Any) -> Invocation:
    longer = replace(attack, read=(*attack.read, ("fetch_more", value)))
    return longer.hijacked_call((attack.wording.text,))


def _text(random: Random, size: int) -> str:
    said: list[str] = []
    while sum(map(len, said)) < size:
        said.append(
            random.choice(_SENTENCES).format(
                subject=random.choice(_SUBJECTS),
                name=random.choice(("ines", "tom", "mira")),
                number=random.randrange(100, 9999),
                day=random.randrange(2, 28),
            )
        )
    return " ".join(said)


def _mails(random: Random) -> Any:
    return [
        {"from": f"p{at}@supplier-{at}.example", "subject": random.choice(_SUBJECTS), "body": _text(random, 900)}
        for at in range(_BYTES // 1000)
    ]


def _page(random: Random) -> Any:
    rows = "".join(
        f"<tr><td>{at}</td><td class='c'><b>{_text(random, 160)}</b></td></tr>" for at in range(_BYTES // 240)
    )
    return f"<html><head><style>p {{ margin: 0 }}</style></head><body><table>{rows}</table></body></html>"


def _table(random: Random) -> Any:
    return "id,name,remark\n" + "\n".join(f"{at},item {at},{_text(random, 60)}" for at in range(_BYTES // 110))


def _yaml(random: Random) -> Any:
    return "\n".join(
        f"- sender: p{at}@supplier-{at}.example\n  subject: {random.choice(_SUBJECTS)}\n"
        f"  body: >-\n    {_text(random, 420)}"
        for at in range(_BYTES // 520)
    )


def _attachments(random: Random) -> Any:
    blob = base64.b64encode(_text(random, 9000).encode()).decode()
    return json.dumps(
        {"files": [{"name": f"f{at}.txt", "content": blob, "note": _text(random, 2000)} for at in range(4)]}
    )
