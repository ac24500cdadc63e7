"""`manage.py import_indicators FILE|URL`: takes indicators in once, from a file or an address."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from policies.feed_http import FetchError, fetch
from policies.intelligence.feed import FeedError
from policies.models import IndicatorSource
from policies.services.indicator_sources import SourceSettings, add_source, import_file
from policies.services.indicators import IndicatorError

_SHOWN = 20


class Command(BaseCommand):
    help = "Read indicators from CSV, a plain list or a STIX 2.1 bundle. What is not understood is named."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("place", metavar="FILE|URL")
        parser.add_argument("--source", help="the source they belong to; made where there is none (the file's name)")
        parser.add_argument("--kind", choices=["csv", "stix", "new_domains"], help="told from the content otherwise")

    def handle(self, *, place: str, source: str | None, kind: str | None, **_: Any) -> None:
        """Exits 1 where nothing could be taken."""
        is_url = place.startswith(("http://", "https://"))
        try:
            body = (fetch(place).body or b"") if is_url else Path(place).read_bytes()
            named = source or (place.partition("?")[0] if is_url else Path(place).name)[:100]
            target = IndicatorSource.objects.filter(name=named).first() or add_source(
                SourceSettings(name=named, kind=kind or _kind_of(body)), now=timezone.now(), actor=None
            )
            imported = import_file(target, body, now=timezone.now(), actor=None)
        except OSError as error:
            raise CommandError(f"{place}: cannot be read ({error.strerror}), expected a file") from None
        except (FetchError, FeedError, IndicatorError) as error:
            raise CommandError(f"{place}: {error}") from None
        target.refresh_from_db()
        for sentence in target.not_understood[:_SHOWN]:
            self.stderr.write(f"{place}: not understood: {sentence}")
        for value, why in target.refused[:_SHOWN]:
            self.stderr.write(f"{place}: refused `{value}`: {why}")
        self.stdout.write(
            f"{target.name}: {imported.taken} taken, {imported.refused} refused, {imported.not_understood} not"
            f" understood, {imported.over} over already, {imported.withdrawn} withdrawn, {imported.repeated} repeated"
        )


def _kind_of(body: bytes) -> str:
    return "stix" if body[:200].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else "csv"
