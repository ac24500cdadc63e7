"""What waits and how it stands, looked at when somebody reads the figures: bounded counts, one short transaction."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import redis
import structlog
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from guardrail import health
from guardrail.models import PendingIntake, PendingSearch, PendingValidation
from guardrail.verdict_id import moment_of_id
from policies import load
from policies.models import AuditCheck, AuditEntry, KnowledgeEvent

log = structlog.get_logger(__name__)

# What is longer is told as this long.
MOST_COUNTED = 100_000
STATEMENT_MS = 2000
_WINDOW = timedelta(minutes=15)
# The broker's lists, as Celery names them.
_TASKS = "celery"
_QUEUES = (("intake", PendingIntake), ("validation", PendingValidation), ("search", PendingSearch))
_SIGN_INS = {"sign_in.failed": "failed", "sign_in.locked": "locked"}


class Gauges(Collector):
    """How this package stands. What cannot be looked at is left out; `guardrail_ready` says why."""

    def describe(self) -> list[Metric]:
        """Nothing beforehand: the database is not asked when it is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Looked at now."""
        yield from _of_this_machine()
        try:
            with transaction.atomic():
                short_statements()
                found = [*_of_the_database(timezone.now())]
        except DatabaseError as error:
            log.warning("gauges.not_read", error=type(error).__name__)
        else:
            yield from found
        yield from _of_the_broker()


def short_statements() -> None:
    """Let no statement of this transaction take long: whoever reads the figures holds a thread that could judge."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(STATEMENT_MS)])


def gauge(name: str, what: str, *labels: str) -> GaugeMetricFamily:
    """A gauge of ours with these labels."""
    return GaugeMetricFamily(f"guardrail_{name}", what, labels=labels)


def _of_this_machine() -> Iterator[Metric]:
    ready = gauge("ready", "Whether each of what /readyz looks at is as it should be.", "check")
    for check in health.look():
        ready.add_metric([check.name], 0 if check.problem else 1)
    yield ready
    loaded = load.active()
    version = gauge("policy_version", "The version of the policy this process judges by, 0 = none.")
    version.add_metric([], loaded.ruleset.version if loaded else 0)
    yield version
    try:
        state = health.journal_state()
    except OSError:
        return
    for name, what, value in (
        ("journal_files", "Files of the journal that wait.", state.files),
        ("journal_bytes", "Bytes of the journal that wait.", state.size_bytes),
        ("journal_seconds", "For how long the file of the journal written to longest ago waits.", state.seconds),
        ("data_free_bytes", "Bytes free where the data folder is.", state.free_bytes),
    ):
        one = gauge(name, what)
        one.add_metric([], value)
        yield one


def _of_the_database(now: datetime) -> Iterator[Metric]:
    waiting = gauge("queue_waiting", "What waits in a queue, up to 100,000.", "queue")
    lag = gauge("queue_lag_seconds", "For how long the oldest of a queue waits.", "queue")
    for name, model in _QUEUES:
        rows = model.objects.order_by("pk")
        oldest = rows.values_list("pk", flat=True).first()
        waiting.add_metric([name], rows[:MOST_COUNTED].count())
        lag.add_metric([name], max(0.0, (now - moment_of_id(oldest)).total_seconds()) if oldest else 0)
    waiting.add_metric(["edits"], KnowledgeEvent.objects.order_by("pk")[:MOST_COUNTED].count())
    yield from (waiting, lag)
    sign_ins = gauge("sign_ins_15m", "Attempts to sign in that failed, and locks, of 15 minutes.", "what")
    for action, what in _SIGN_INS.items():
        lines = AuditEntry.objects.filter(action=action, at__gte=now - _WINDOW).order_by("-pk")
        sign_ins.add_metric([what], lines[:MOST_COUNTED].count())
    yield sign_ins
    check = AuditCheck.objects.filter(pk=1).first()
    problems = gauge("audit_problems", "What is wrong with the audit trail, as far as it was looked through.")
    problems.add_metric([], len(check.problems) if check else 0)
    yield problems
    looked = gauge("audit_checked_seconds", "For how long nobody has looked at the audit trail.")
    if check and check.at:
        looked.add_metric([], max(0.0, (now - check.at).total_seconds()))
    yield looked


def _of_the_broker() -> Iterator[Metric]:
    tasks = gauge("broker_tasks", "Tasks that wait for a worker.")
    try:
        with health.impatient_redis() as client:
            tasks.add_metric([], float(client.llen(_TASKS)))
    except redis.RedisError:
        return
    yield tasks
