"""`manage.py run web|worker|beat`: one part of the product by itself, under a supervisor of your own."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from guardrail import parts
from guardrail.embedded.processes import StartFailed
from guardrail.embedded.tls import COPIES, tls_of_settings


class Command(BaseCommand):
    help = "Become one part of the product: web, worker or beat. Settings come from the environment."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("part", choices=sorted(_PARTS), help="which one")

    def handle(self, *, part: str, **_: Any) -> None:
        """Does not return: this process becomes the part, so that signals reach it. Raises CommandError."""
        folder = Path(settings.DATA_DIR)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "static").mkdir(exist_ok=True)  # WhiteNoise warns about a missing one
        os.chdir(settings.BASE_DIR)
        try:
            words = _PARTS[part]()
        except StartFailed as error:
            raise CommandError(str(error)) from None
        os.execve(words[0], words, {**parts.WEB_ENVIRONMENT, **os.environ} if part == "web" else dict(os.environ))  # noqa: S606 its own, of the list above


def _web() -> list[str]:
    host, port = settings.LISTEN
    tls = tls_of_settings()
    if tls:
        tls, wrong = tls.kept(Path(settings.DATA_DIR) / COPIES)
        if wrong:
            sys.stderr.write(f"web serves with the certificate it had before: {wrong}\n")
    return parts.web(
        host=host,
        port=port,
        processes=settings.WEB_PROCESSES,
        threads=settings.WEB_THREADS,
        tls=tls.arguments() if tls else (),
    )


def _worker() -> list[str]:
    return parts.worker(processes=settings.WORKER_PROCESSES)


_PARTS: dict[str, Callable[[], list[str]]] = {"web": _web, "worker": _worker, "beat": parts.beat}
