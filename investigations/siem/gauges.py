"""What each receiver still is to be told, looked at when somebody reads the figures."""

from collections.abc import Iterator
from datetime import datetime

import structlog
from django.db import DatabaseError, transaction
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from guardrail.gauges import gauge, short_statements
from investigations.models import Receiver
from investigations.siem.backlog import load_backlogs

log = structlog.get_logger(__name__)

# Beyond these the oldest receivers are told of alone: each is a series of its own.
MOST_RECEIVERS = 200


class DeliveryGauges(Collector):
    """How deliveries stand, by receiver; counts go up to 10,001, which stands for more, too."""

    def describe(self) -> list[Metric]:
        """Nothing beforehand: the database is not asked when it is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Looked at now; nothing where the database cannot be asked."""
        try:
            with transaction.atomic():
                short_statements()
                found = _of_receivers(timezone.now())
        except DatabaseError as error:
            log.warning("gauges.not_read", error=type(error).__name__)
            return
        yield from found


def _of_receivers(now: datetime) -> list[Metric]:
    receivers = list(Receiver.objects.order_by("pk")[:MOST_RECEIVERS])
    backlogs = load_backlogs([receiver.pk for receiver in receivers]) if receivers else {}
    waiting = gauge("deliveries", "Events of a receiver by how they stand.", "receiver", "kind", "state")
    lag = gauge("delivery_lag_seconds", "For how long the oldest event of a receiver waits.", "receiver", "kind")
    failing = gauge("delivery_failures", "Failures in a row of a receiver.", "receiver", "kind")
    taken = CounterMetricFamily(
        "guardrail_deliveries_taken", "Events a receiver acknowledged.", labels=["receiver", "kind"]
    )
    for receiver in receivers:
        whose, backlog = [receiver.name, receiver.kind], backlogs[receiver.pk]
        waiting.add_metric([*whose, "waiting"], backlog.waiting)
        waiting.add_metric([*whose, "dead"], backlog.dead)
        late = backlog.oldest is not None and not receiver.paused
        lag.add_metric(whose, (now - backlog.oldest).total_seconds() if late and backlog.oldest else 0)
        failing.add_metric(whose, receiver.failures)
        taken.add_metric(whose, receiver.taken)
    return [waiting, lag, failing, taken]
