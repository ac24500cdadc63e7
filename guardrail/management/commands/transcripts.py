"""`manage.py transcripts`: keys transcripts are encrypted under, how many are under which, and from one to another."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from guardrail.journal import waiting_files
from guardrail.packing import current_key_id
from guardrail.rekeying import BATCH, count_by_key, note_rekeyed, rekey_some
from policies.key_ring import KeyRingError, new_key


class Command(BaseCommand):
    help = "Make a key for transcripts, see how many are under which, put them under the one of now (docs/privacy.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="what", required=True, metavar="ACTION")
        making = actions.add_parser("key", help="print a new key")
        making.add_argument("name", metavar="NAME", help="what it is called, e.g. 2026-11")
        actions.add_parser("keys", help="count the transcripts under each key")
        rekeying = actions.add_parser("rekey", help="put every transcript under the first key; go on where one stopped")
        rekeying.add_argument("--batch", type=int, default=BATCH, metavar="N", help="transcripts of one transaction")

    def handle(self, *, what: str, **options: Any) -> None:
        getattr(self, f"_{what}")(options)

    def _key(self, options: dict[str, Any]) -> None:
        try:
            self.stdout.write(new_key(options["name"]))
        except KeyRingError as error:
            raise CommandError(str(error)) from None

    def _keys(self, options: dict[str, Any]) -> None:
        """Which keys are still needed. Needs no key itself."""
        for name, count in count_by_key().items():
            self.stdout.write(f"{_called(name)}: {count}")
        if files := waiting_files(settings.DATA_DIR / "journal"):
            self.stdout.write(f"{len(files)} files of the journal of this machine wait, and may be under older keys")

    def _rekey(self, options: dict[str, Any]) -> None:
        """Exits 1 where some are not under the key of now afterwards."""
        if not current_key_id():
            raise CommandError("there is no key, expected one in `GUARDRAIL_TRANSCRIPT_KEYS`")
        done = closed = 0
        last = None
        while (batch := rekey_some(last, most=max(1, options["batch"]))).last:
            last = batch.last
            done, closed = done + batch.done, closed + batch.closed
            self.stdout.write(f"{done} transcripts are under the key `{current_key_id()}` now")
        if done or closed:
            note_rekeyed(done=done, closed=closed)
        left = sum(count for name, count in count_by_key().items() if name != current_key_id())
        self._keys(options)
        if left:
            raise CommandError(f"{left} transcripts are not under the key `{current_key_id()}`, run this again")


def _called(name: str) -> str:
    if not name:
        return "not encrypted"
    if name not in settings.TRANSCRIPT_KEYS:
        return f"under the key `{name}`, but this key is not here"
    return f"under the key `{name}`{', the one of now' if name == current_key_id() else ''}"
