"""Fills an instance's policy, or publishes it anew; a process of its own, with the environment of the instance."""

import random
import sys
import time
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django

_WORDS = (
    "harbour ledger valve turbine clause margin tariff berth cargo audit permit rotor flange invoice reactor supplier"
    " schedule storage freight surplus estimate alloy gasket pipeline customs discharge vessel inspection"
).split()


def main() -> None:
    django.setup()
    if sys.argv[1] == "publish":
        print(_publish_anew().isoformat())
    else:
        rules, entries, documents = map(int, sys.argv[1:])
        _write_lists(entries)
        _write_fingerprints(documents)
        _write_rules(rules)
        _tell_loading()


def _publish_anew() -> datetime:
    from policies.models import PolicyVersion
    from policies.services.publish import publish

    newest = PolicyVersion.objects.order_by("-number")[0]
    publish(newest.document, actor=None, reason="again")
    return datetime.now(UTC)


def _write_lists(entries: int) -> None:
    from django.core.management import call_command

    from policies.models import Destination

    half = entries // 2
    Destination.objects.bulk_create(
        [
            Destination(value=f"partner-{n}.example", standing=("known", "partner", "denied")[n % 3])
            for n in range(half)
        ],
        batch_size=5_000,
        ignore_conflicts=True,
    )
    from policies.services.destinations import set_destination

    # by the service, which says that the list is another one
    set_destination(value="partner-last.example", standing="known", note="", seen="", now=datetime.now(UTC), actor=None)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "list.txt"
        file.write_text("\n".join(f"host-{n}.list-{n % 977}.example" for n in range(half)))
        call_command("import_indicators", str(file), stdout=StringIO())


def _write_fingerprints(documents: int) -> None:
    from guardrail.fingerprinting import take
    from policies.services.fingerprints import save_fingerprints

    made = []
    for number in range(documents):
        chance = random.Random(number)
        words = [f"{chance.choice(_WORDS)}{chance.randrange(4_000)}" for _ in range(150)]
        made.append(take(" ".join(words).encode(), name=f"document-{number}.txt"))
    in_force = save_fingerprints(made, data_class="restricted", actor=None)
    print(f"{documents:,} documents, {in_force:,} fingerprints")


def _write_rules(count: int) -> None:
    from policies.baseline import BASELINE
    from policies.packs import packs
    from policies.services.publish import publish

    shipped: list[dict[str, Any]] = [dict(rule.entry) for pack in packs() for rule in pack.rules]
    rules = [
        {**shipped[n % len(shipped)], "name": f"{str(shipped[n % len(shipped)]['name'])[:32]}-{n}", "tests": []}
        for n in range(count)
    ]
    publish({**BASELINE, "rules": rules}, actor=None, reason="large")


def _tell_loading() -> None:
    from policies import load

    began, used = time.monotonic(), time.process_time()
    document = load.load_document()
    read = time.monotonic()
    load.activate(document, serial=1)
    print(
        f"loaded in {timedelta(seconds=round(read - began, 3))}, compiled in"
        f" {timedelta(seconds=round(time.monotonic() - read, 3))}: {time.process_time() - used:.2f} s of processor"
    )
    before = time.monotonic()
    load.activate(load.load_document(), serial=2)
    print(f"loaded and compiled again in {time.monotonic() - before:.3f} s")


if __name__ == "__main__":
    main()
