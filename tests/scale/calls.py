"""A large organisation's calls, made up by a seed: agents with tools of their own, conversations, a few stops."""

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from guardrail.destinations import reach_of
from guardrail.invocation import Argument, Invocation, Parameter, Passage, Tool
from guardrail.memory.past import asking_for
from guardrail.traces import Traces
from guardrail.verdict_id import new_verdict_id
from policies.ruleset import Mode, Ruleset

_TOOLS = (
    ("Office365-Send", "Send-an-email", "Sends an email.", ("to", "subject", "body")),
    ("SharePoint-GetFile", "Get-file-content", "Reads a file.", ("site", "path")),
    ("Dataverse-ListRows", "List-rows", "Lists rows of a table.", ("table", "filter", "top")),
    ("Dataverse-UpdateRow", "Update-a-row", "Updates a row.", ("table", "id", "item")),
    ("UniversalSearch", "Search-sources", "Searches knowledge sources.", ("search_query", "search_keywords")),
    ("Teams-Post", "Post-message", "Posts a message in a channel.", ("channel", "message")),
    ("Finance-Pay", "Pay-invoice", "Pays an invoice.", ("payee", "iban", "amount")),
    ("Calendar-Create", "Create-event", "Creates an event.", ("subject", "start", "attendees")),
)
_WORDS = "offer invoice minutes plan order contract berth harvest lesson claim ticket visit report list shift".split()
_STOPPED_SHARE, _ANONYMOUS_SHARE = 0.02, 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """One judged call, as far as memory is concerned."""

    verdict_id: uuid.UUID
    at: datetime
    call: Invocation
    traces: Traces
    stopped: bool


def make_calls(
    *, agents: int, sessions: int, verdicts: int, until: datetime, ruleset: Ruleset, seed: int
) -> Iterator[Made]:
    """`verdicts` calls over the last day in order of time, spread evenly over the sessions."""
    chance = random.Random(seed)
    begins = until - timedelta(hours=23)
    step = timedelta(hours=22) / verdicts
    for number in range(verdicts):
        at = begins + step * number
        session = number % sessions
        call = _call(chance, agent=session % agents, session=session, number=number)
        asked = asking_for(call, ruleset, reach=reach_of(call, ruleset), mode=Mode.ENFORCE, at=at)
        yield Made(
            verdict_id=new_verdict_id(at),
            at=at,
            call=call,
            traces=asked.traces,
            stopped=chance.random() < _STOPPED_SHARE,
        )


def _call(chance: random.Random, *, agent: int, session: int, number: int) -> Invocation:
    # an agent has a few tools of its own, a user writes to a few dozen people
    tool = _TOOLS[(agent + chance.choice((0, 0, 0, 1, 1, 2))) % len(_TOOLS)]
    person = session % (agent % 50 + 1)
    given = tuple(Argument(path=name, value=_value(chance, name, agent=agent)) for name in tool[3])
    anonymous = agent % 100 < 100 * _ANONYMOUS_SHARE
    return Invocation(
        orchestrator="copilot-studio",
        tenant_id="contoso",
        agent_id=f"agent-{agent}",
        agent_name=f"Agent {agent}",
        tool=Tool(
            tool_id=f"a{agent}.action.{tool[0]}",
            name=tool[1],
            description=tool[2],
            parameters=tuple(Parameter(name=name) for name in tool[3]),
        ),
        arguments=given,
        arguments_json=str(given),
        step_key=f"{number:064x}",
        plan_step_id=str(number),
        conversation_id=f"conversation-{session}",
        user_id="" if anonymous else f"person-{agent}-{person}@contoso.example",
        client_ip=f"203.0.{session % 250}.{session // 250 % 250}" if anonymous else "",
        user_passages=(Passage(path="", text=f"Please {tool[2].lower()[:-1]} about the {_text(chance, 6)}."),),
    )


def _value(chance: random.Random, name: str, *, agent: int) -> str:
    match name:
        case "to" | "attendees" | "payee":
            outside = chance.random() < 0.3
            host = f"partner-{chance.randrange(400)}.example" if outside else "contoso.example"
            return f"person-{agent}-{chance.randrange(30)}@{host}"
        case "iban":
            return f"DE{chance.randrange(10**20):020d}"
        case "amount" | "top":
            return str(chance.randrange(1, 2_000))
        case "body" | "message" | "item":
            return _text(chance, 40)
        case _:
            return _text(chance, 4)


def _text(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(_WORDS, k=words))
