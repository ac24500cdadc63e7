"""`manage.py rebuild_memory`: teaches an empty or lost memory of calls (Redis) again what the verdicts tell."""

import time
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from guardrail.memory.rebuild import MemoryAwayError, rebuild
from guardrail.tickets import NotPlaced
from investigations.recollection import NotTold, tell_again

_TOLD_EVERY = 100_000


class Command(BaseCommand):
    help = (
        "Forget what the memory of calls (Redis) holds and learn it again from the verdicts in Postgres, with what "
        "people decided since. Calls may come meanwhile: they are judged with what is known so far. Safe to run twice."
    )

    def handle(self, **_: Any) -> None:
        """Exits 1 when Redis or Postgres does not answer; a second run begins anew."""
        started, now = time.monotonic(), timezone.now()
        try:
            rebuilt = rebuild(now=now, tell=self._tell)
            decisions = tell_again(now=now)
        except (MemoryAwayError, NotTold, NotPlaced) as error:
            raise CommandError(str(error)) from None
        except psycopg.Error as error:
            raise CommandError(f"Postgres does not answer: {type(error).__name__}") from None
        seconds = time.monotonic() - started
        self.stdout.write(
            f"rebuilt from {rebuilt.verdicts} verdicts and {decisions} decisions of people in {seconds:.1f} s"
            + (f"; {rebuilt.without_traces} verdicts kept no traces" if rebuilt.without_traces else "")
        )

    def _tell(self, read: int) -> None:
        if read % _TOLD_EVERY == 0:
            self.stdout.write(f"{read} verdicts read")
