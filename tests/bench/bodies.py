"""Calls in Copilot Studio's shape: an honest agent that read a mailbox and now looks something up.

A marker stands for what wrk puts in anew each time: `@SESSION@` for the conversation, `@STEP@` for what tells one step
from another, and `@TEXT@`, once in each record read, for what makes a text one that was never seen.
"""

import json
import random
from typing import Any

from tests.guardrail.bodies import call

SESSION, STEP, TEXT = "@SESSION@", "@STEP@", "@TEXT@"
_AGENTS = 50
_RECORD_BYTES = 900
_FIRST = (
    "Anna Ben Carla David Elin Femi Greta Hugo Ines Jonas Kaya Luca Mira Nils Olga Pavel Rosa Sven Tara Uwe".split()
)
_LAST = "Abel Brand Costa Dahl Ebert Falk Grau Holm Imhof Jansen Keller Lund Moser Nagel Ohm Pohl Roth Sand".split()
_HOUSES = "northwind fabrikam adatum litware proseware tailspin wingtip contoso".split()
_THINGS = "the offer,the invoice,the minutes,the delivery,the new contract,the visit,the claim,the shift plan".split(
    ","
)
_SAID = (
    "thank you for {thing} of last week, it arrived with all its parts.",
    "we went through {thing} in the team and found nothing that is missing.",
    "{thing} will be with you on the {day}th, as agreed by telephone.",
    "could you tell us by the {day}th whether {thing} is fine for your side?",
    "the amount of EUR {amount}.00 is booked under reference R-{amount}.",
    "please note that our office is closed on the {day}th.",
    "for questions about {thing} call our desk, extension {day}.",
    "attached is {thing}, version {day}, with the changes of {person}.",
)


def make_bodies(*, size: int, count: int, seed: int) -> list[str]:
    """`count` different bodies of about `size` bytes, as JSON text with markers."""
    return [_body(random.Random(f"{seed}-{size}-{number}"), size=size) for number in range(count)]


def written_out(body: str, *, number: int, session: str, text: str = "0") -> bytes:
    """A body with its markers replaced, for a caller other than wrk."""
    return body.replace(SESSION, session).replace(STEP, f"step-{number}").replace(TEXT, text).encode()


def _body(chance: random.Random, *, size: int) -> str:
    customer = chance.choice(_HOUSES).title()
    bare = call(
        plannerContext__userMessage=f"Which orders of {customer} are still open? Look into the mailbox first.",
        inputValues={"entityName": "orders", "filter": f"customer eq '{customer}' and state eq 'open'"},
        conversationMetadata__conversationId=SESSION,
        conversationMetadata__planId=f"plan-{STEP}",
        conversationMetadata__planStepId=STEP,
        conversationMetadata__user__id=f"user-{chance.randrange(5_000)}",
        conversationMetadata__agent__id=f"agent-{chance.randrange(_AGENTS)}",
    )
    records = max(1, (size - len(json.dumps(bare))) // _RECORD_BYTES)
    mails = [_mail(chance) for _ in range(records)]
    bare["plannerContext"]["previousToolsOutputs"] = [
        _output(mails[start : start + 10]) for start in range(0, records, 10)
    ]
    return json.dumps(bare)


def _output(mails: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "toolId": "sal_orderdesk.action.Office365Outlook-GetEmailsV3",
        "toolName": "Get-emails-V3",
        "timestamp": "2026-11-02T09:14:01.1234567+00:00",
        "outputs": [{"name": "value", "description": None, "type": None, "value": mails}],
    }


def _mail(chance: random.Random) -> dict[str, str]:
    first, last, house = chance.choice(_FIRST), chance.choice(_LAST), chance.choice(_HOUSES)
    body = f"Dear colleagues,\n\nnumber {TEXT}: "
    while len(body) < _RECORD_BYTES - 220:
        said = chance.choice(_SAID).format(
            thing=chance.choice(_THINGS),
            day=chance.randrange(4, 29),
            amount=chance.randrange(100, 90_000),
            person=chance.choice(_FIRST),
        )
        body += said[0].upper() + said[1:] + " "
    return {
        "id": f"AAMk{chance.randrange(16**12):012x}",
        "from": f"{first.lower()}.{last.lower()}@{house}.example",
        "subject": f"{chance.choice(_THINGS).title()} {chance.randrange(1_000)}",
        "receivedDateTime": f"2026-10-{chance.randrange(1, 29):02d}T08:{chance.randrange(60):02d}:00Z",
        "body": f"{body}\n\nKind regards\n{first} {last}\n{house.title()}",
    }
