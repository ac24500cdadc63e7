"""Fills an instance with what a large organisation has besides calls: inventory, lists, rules, drafts, history."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from guardrail.models import PendingIntake, Verdict
from investigations.intake import take_in_all
from policies.baseline import BASELINE
from policies.models import Agent, AgentDay, Destination, Environment, PolicyDraft, SeenTool
from policies.packs import packs
from policies.services.drafts import open_draft
from policies.services.publish import changed, publish

_TOOLS_EACH, _DAYS = 4, 30


def furnish(*, agents: int, destinations: int, taken_in: int) -> None:
    """Everything at once; the newest `taken_in` verdicts go through the real intake."""
    now = timezone.now()
    environments = Environment.objects.bulk_create(
        [
            Environment(environment_id=f"env-{n}", name=f"Environment {n}", first_seen=now, last_seen=now)
            for n in range(40)
        ]
    )
    Agent.objects.bulk_create(
        [
            Agent(
                agent_id=f"agent-{number}",
                name=f"Agent {number}",
                tenant_id="contoso",
                environment=environments[number % len(environments)],
                owner=f"person-{number % 900}@contoso.example",
                # a tenth nobody registered, a tenth that was never heard from
                registered=number % 10 != 0,
                first_seen=None if number % 10 == 1 else now - timedelta(days=40),
                last_seen=None if number % 10 == 1 else now,
                calls=0 if number % 10 == 1 else 100,
            )
            for number in range(agents)
        ],
        ignore_conflicts=True,
    )
    SeenTool.objects.bulk_create(
        [
            SeenTool(
                agent_id=f"agent-{number}",
                tool=f"a{number}.action.tool-{tool}",
                name=f"Tool {tool}",
                kind="read",
                calls=25,
                first_seen=now - timedelta(days=40),
                last_seen=now,
            )
            for number in range(agents)
            for tool in range(_TOOLS_EACH)
        ],
        batch_size=5_000,
        ignore_conflicts=True,
    )
    AgentDay.objects.bulk_create(
        [
            AgentDay(
                agent_id=f"agent-{number}",
                day=(now - timedelta(days=day)).date(),
                calls=100,
                stopped=2,
                # an answer that comes late is rare
                late=int((number + day) % 50 == 0),
            )
            for number in range(agents)
            for day in range(1, _DAYS)
        ],
        batch_size=10_000,
        ignore_conflicts=True,
    )
    _write_lists(destinations)
    _write_policy()
    _take_in(taken_in)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _write_lists(destinations: int) -> None:
    Destination.objects.bulk_create(
        [
            Destination(value=f"partner-{number}.example", standing=("known", "partner", "denied")[number % 3])
            for number in range(destinations)
        ],
        batch_size=5_000,
        ignore_conflicts=True,
    )


def _write_policy() -> None:
    rules = [dict(rule.entry) for pack in packs() for rule in pack.rules]
    rules = list({rule["name"]: rule for rule in rules}.values())
    for number in range(30):
        publish({**BASELINE, "rules": rules[: number + 1]}, actor=None, reason=f"version {number}")
    for number in range(20):
        open_draft(title=f"Draft {number}", actor=None, document={**BASELINE, "rules": rules})
    assert PolicyDraft.objects.exists()
    changed()


def _take_in(count: int) -> None:
    newest = Verdict.objects.order_by("-id").values_list("pk", flat=True)[:count]
    PendingIntake.objects.bulk_create([PendingIntake(pk=pk) for pk in newest], batch_size=5_000)
    take_in_all()
