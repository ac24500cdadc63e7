"""A lost memory is taught again by what Postgres holds: the verdicts' traces, and what people decided."""

import socket
from io import StringIO
from typing import Any

import pytest
import redis
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from guardrail.memory import past, rebuild
from guardrail.models import AllowOnce, Verdict
from investigations import services
from investigations.intake import take_in
from investigations.models import Investigation
from policies.access import Role
from tests.callers import Asking
from tests.guardrail.test_stops import BAIT, LIST, mail
from tests.investigations.test_allow_once import allow, planned as held_plan, signed_in
from tests.investigations.test_poisoned_records import OTHER, planned, recalled, replanned, stopped, verdict_of

# real commits: verdicts are written on connections of their own
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def keeper(asking: Asking) -> redis.Redis:
    """The memory itself."""
    return redis.Redis.from_url(settings.REDIS_URL)


def lose(keeper: redis.Redis) -> None:
    keeper.flushdb()
    past.forget_connection()


def rebuilt() -> str:
    out = StringIO()
    call_command("rebuild_memory", stdout=out)
    return out.getvalue()


def held_by(keeper: redis.Redis) -> dict[bytes, Any]:
    """Everything the shelves keep, but what names a moment of this process."""
    found: dict[bytes, Any] = {}
    for key in keeper.scan_iter("gr:*"):
        kind = keeper.type(key)
        if key.startswith((b"gr:t:", b"gr:p:")):
            continue
        if kind == b"hash":
            found[key] = {name: value for name, value in keeper.hgetall(key).items() if name != b"step"}
        elif kind == b"set":
            found[key] = keeper.smembers(key)
        elif kind == b"zset":
            found[key] = keeper.zrange(key, 0, -1, withscores=True)
        elif kind == b"list":
            found[key] = keeper.lrange(key, 0, -1)
        else:
            found[key] = keeper.get(key)
    return found


def test_it_learns_again_what_the_verdicts_tell(asking: Asking, keeper: redis.Redis) -> None:
    for number in range(3):
        asking.analyze(planned("kim@partner.example", user="Mail kim@partner.example the list.", step=f"h-{number}"))
    assert stopped(asking.analyze(planned(step="s-1")))
    assert stopped(asking.analyze(planned(OTHER, step="s-2", conversation="c-2")))
    before = held_by(keeper)
    assert before
    lose(keeper)
    assert rebuilt().startswith("rebuilt from 5 verdicts and 0 decisions")
    assert held_by(keeper) == before


def test_it_learns_in_the_order_in_which_agents_took_turns(
    asking: Asking, keeper: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "_AT_ONCE", 2)  # several batches at once, each packed while Redis does the one before
    for number in range(9):
        agent, kim = f"desk-{number % 3}", f"Mail kim{number}@partner.example what I said about lot {number}."
        whose = {"agent": agent, "conversation": f"c-{number % 2}"}
        asking.analyze(mail(to=f"kim{number}@partner.example", user=kim, **whose))
        if number % 3:
            assert stopped(asking.analyze(mail(text=LIST, mails=(BAIT,), **whose)))
    before = held_by(keeper)
    assert any(key.startswith(b"gr:w:") for key in before)
    assert any(key.startswith(b"gr:stop:o:") for key in before)
    lose(keeper)
    assert rebuilt().startswith("rebuilt from 15 verdicts")
    assert held_by(keeper) == before


def test_it_learns_nothing_twice(asking: Asking, keeper: redis.Redis) -> None:
    asking.analyze(planned())
    rebuilt()
    once = held_by(keeper)
    rebuilt()
    assert held_by(keeper) == once


def test_it_counts_a_call_that_was_delivered_twice_once(asking: Asking, keeper: redis.Redis) -> None:
    for _ in range(2):
        asking.analyze(planned(step="s-1"))
    before = held_by(keeper)
    lose(keeper)
    rebuilt()
    assert {key: value.get(b"calls") for key, value in held_by(keeper).items() if key.startswith(b"gr:s:")} == {
        key: value.get(b"calls") for key, value in before.items() if key.startswith(b"gr:s:")
    }


def test_it_knows_a_poisoned_text_again(asking: Asking, keeper: redis.Redis) -> None:
    assert stopped(asking.analyze(planned()))
    lose(keeper)
    assert not recalled(replanned(asking, step="s-8"))
    rebuilt()
    assert recalled(replanned(asking, step="s-9"))


def test_it_keeps_to_what_an_analyst_said_of_a_text(asking: Asking, keeper: redis.Redis) -> None:
    assert stopped(asking.analyze(planned()))
    take_in(timezone.now())
    found = Investigation.objects.get()
    services.close(found, disposition="false_positive", reason="A test of ours.", now=timezone.now(), actor=None)
    lose(keeper)
    assert "and 1 decisions" in rebuilt()
    assert not recalled(replanned(asking, step="s-9"))


def test_a_permission_that_was_not_used_yet_counts_again(asking: Asking, keeper: redis.Redis) -> None:
    held = verdict_of(asking.analyze(held_plan(step="s-1")))
    assert held.action == "hold"
    take_in(timezone.now())
    allow(signed_in("ines", Role.ANALYST), held)
    lose(keeper)
    rebuilt()
    assert not stopped(asking.analyze(held_plan(step="s-2")))
    assert stopped(asking.analyze(held_plan(step="s-3"))), "once"


def test_a_permission_that_was_used_a_moment_ago_is_not_given_again(asking: Asking) -> None:
    held = verdict_of(asking.analyze(held_plan(step="s-1")))
    take_in(timezone.now())
    allow(signed_in("ines", Role.ANALYST), held)
    assert not stopped(asking.analyze(held_plan(step="s-2")))
    assert AllowOnce.objects.get().used_at is None, "the intake has not run"
    rebuilt()
    assert stopped(asking.analyze(held_plan(step="s-3")))


def test_verdicts_from_before_traces_were_kept_are_counted_and_said(asking: Asking) -> None:
    asking.analyze(planned("kim@partner.example", user="Mail kim@partner.example the list."))
    plain = Verdict.objects.get()
    Verdict.objects.bulk_create([copy_without_traces(plain)])
    assert "1 verdicts kept no traces" in rebuilt()


def copy_without_traces(verdict: Verdict) -> Verdict:
    """A verdict as the version before wrote it."""
    columns = {field.attname: getattr(verdict, field.attname) for field in Verdict._meta.concrete_fields}
    older = verdict.id.__class__(int=verdict.id.int - (1 << 80))
    return Verdict(**{**columns, "id": older, "traces": b"", "step_key": "older"})


def test_it_says_so_when_redis_is_away(asking: Asking, settings: Any) -> None:
    asking.analyze(planned())
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
    past.forget_connection()
    with pytest.raises(CommandError, match="Redis"):
        call_command("rebuild_memory")
