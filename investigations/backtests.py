"""Backtests: asking for one, cancelling, going on, forgetting. The work is done by `investigations.backtest_run`."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from guardrail.verdict_id import floor_id
from investigations.models import Backtest, BacktestChunk
from policies import audit
from policies.access import Permission, require
from policies.models import PolicyDraft, PolicyVersion
from policies.policy_parts import digest_of

# Not ended, of everybody together.
MOST_OPEN = 20
LONGEST_SPAN = timedelta(days=366)
# Each may have 100,000 rows.
_FORGOTTEN_AT_ONCE = 20


class BacktestError(ValueError):
    """A backtest that is refused; the message says what was found and what is wanted."""


@transaction.atomic
def ask_for(
    subject: PolicyDraft | PolicyVersion,
    *,
    since: datetime,
    until: datetime,
    agent_id: str,
    now: datetime,
    actor: User,
) -> Backtest:
    """Put a backtest in the queue, with the document as it is now. `agent_id` empty = every agent's calls.

    Raises BacktestError.
    """
    require(actor, Permission.INVESTIGATE)
    until = min(until, now)
    if since >= until:
        raise BacktestError(f"the span ends at `{until:%Y-%m-%d %H:%M}`, expected a time after its beginning")
    if until - since > LONGEST_SPAN:
        raise BacktestError(f"the span has {(until - since).days} days, expected at most {LONGEST_SPAN.days}")
    base = PolicyVersion.objects.first()
    if base is None:
        raise BacktestError("no policy is published, so there is nothing to compare with")
    _require_room()
    draft = subject if isinstance(subject, PolicyDraft) else None
    version = subject if isinstance(subject, PolicyVersion) else None
    asked = Backtest.objects.create(
        title=draft.title if draft else f"Version {subject}",
        draft=draft,
        draft_revision=draft.revision if draft else None,
        version=version,
        base=base,
        document=subject.document,
        digest=digest_of(subject.document),
        since=since,
        until=until,
        agent_id=agent_id,
        asked_at=now,
        asked_by=actor,
        cursor=floor_id(since),
    )
    audit.record(
        actor=actor,
        action="backtest.asked_for",
        backtest=asked.pk,
        digest=asked.digest,
        since=since.isoformat(),
        until=until.isoformat(),
    )
    return asked


@transaction.atomic
def cancel(pk: int, *, now: datetime, actor: User) -> None:
    """Stop it; what was found stays. Workers notice within seconds. Raises BacktestError when it is over already."""
    require(actor, Permission.INVESTIGATE)
    running = Backtest.objects.filter(pk=pk, ended_at=None, cancelled_at=None)
    if not running.update(cancelled_at=now):
        raise BacktestError("it is over already, or was cancelled")
    audit.record(actor=actor, action="backtest.cancelled", backtest=pk)


@transaction.atomic
def resume(pk: int, *, now: datetime, actor: User) -> None:
    """Go on where it was cancelled. Raises BacktestError when it was not, or too many wait."""
    require(actor, Permission.INVESTIGATE)
    _require_room()
    cancelled = Backtest.objects.filter(pk=pk, ended_at=None).exclude(cancelled_at=None)
    if not cancelled.update(cancelled_at=None):
        raise BacktestError("it is over already, or was not cancelled")
    BacktestChunk.objects.filter(backtest_id=pk, done_at=None).update(lease=None, leased_until=now)
    audit.record(actor=actor, action="backtest.resumed", backtest=pk)


@transaction.atomic
def forget_old(now: datetime) -> int:
    """Delete some of what ended, or was cancelled, longer ago than it is kept; returns how many. Safe to run twice."""
    since = now - timedelta(days=settings.BACKTEST_DAYS)
    over = Backtest.objects.filter(Q(ended_at__lt=since) | Q(ended_at=None, cancelled_at__lt=since)).order_by("id")
    # held, so that nobody goes on with one meanwhile
    ids = list(over.select_for_update(skip_locked=True).values_list("pk", flat=True)[:_FORGOTTEN_AT_ONCE])
    if ids:
        Backtest.objects.filter(pk__in=ids).delete()
        audit.record(actor=None, action="backtest.forgotten", backtests=ids)
    return len(ids)


def _require_room() -> None:
    if Backtest.objects.filter(ended_at=None, cancelled_at=None).count() >= MOST_OPEN:
        raise BacktestError(f"{MOST_OPEN} backtests are waiting, expected fewer: cancel one, or wait for its end")
