"""`manage.py search rebuild`: takes calls into the search anew, day by day, while everything goes on."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

from guardrail.models import EntityDay, PendingSearch, SearchEntry, Verdict
from guardrail.search.indexing import index_due
from guardrail.verdict_id import floor_id, moment_of_id


class Command(BaseCommand):
    help = "Take calls into the search anew: after an upgrade, or where it was lost (docs/evidence.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        rebuild = actions.add_parser("rebuild", help="queue every call again; what a day came to is counted anew")
        rebuild.add_argument("--since", metavar="DAY", default="", help="from this day on, e.g. 2026-11-01")
        rebuild.add_argument("--here", action="store_true", help="index in this process, too, until nothing is queued")

    def handle(self, *, since: str, here: bool, **_: Any) -> None:
        """Safe to run twice, and beside workers: a call that is indexed meanwhile is counted once."""
        days = self._days(since)
        queued = 0
        for day in days:
            queued += _queue(day)
        self.stdout.write(f"{queued} calls of {len(days)} days are queued")
        if here:
            while PendingSearch.objects.exists():
                # 0 where a worker is at it
                time.sleep(0 if index_due() else 1)
            self.stdout.write("all of them are indexed")

    def _days(self, since: str) -> list[date]:
        ids = Verdict.objects.order_by("id").values_list("pk", flat=True)
        oldest, newest = ids.first(), ids.last()
        if oldest is None or newest is None:
            return []
        try:
            first = date.fromisoformat(since) if since else moment_of_id(oldest).date()
        except ValueError:
            raise CommandError(f"`{since}` is no day, expected e.g. `2026-11-01`") from None
        first, last = max(first, moment_of_id(oldest).date()), moment_of_id(newest).date()
        return [first + timedelta(days=number) for number in range((last - first).days + 1)]


@transaction.atomic
def _queue(day: date) -> int:
    begins = datetime.combine(day, datetime.min.time(), tzinfo=UTC)
    bounds = [floor_id(begins), floor_id(begins + timedelta(days=1))]
    SearchEntry.objects.filter(id__gte=bounds[0], id__lt=bounds[1]).delete()
    EntityDay.objects.filter(day=day).delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO guardrail_pendingsearch (id) SELECT id FROM guardrail_verdict WHERE id >= %s AND id < %s"
            " ON CONFLICT (id) DO NOTHING",
            bounds,
        )
        return int(cursor.rowcount)
