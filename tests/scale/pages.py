"""How long each page takes in a large organisation: `make scale-pages`, minutes, status 1 where one passes its bound.

A real instance is filled with verdicts, whose intake is the real one, and with inventory, lists, rules and drafts; then
every page that can be read is read in this process, so that the time is the server's own.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.guardrail.instances import RunningInstance

_MOST_MS = 150.0
_READS = 5
_DAYS = 19


def main() -> int:
    parser = argparse.ArgumentParser(prog="make scale-pages", description=__doc__)
    parser.add_argument("--agents", type=int, default=10_000)
    parser.add_argument("--verdicts", type=int, default=1_000_000)
    parser.add_argument("--taken-in", type=int, default=50_000, help="newest verdicts that go through the intake")
    parser.add_argument("--destinations", type=int, default=100_000)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the same numbers as JSON")
    options = parser.parse_args()
    instance = RunningInstance("--no-demo").wait(seconds=180)
    try:
        os.environ.update(json.loads((instance.data / "environment.json").read_text()))
        os.environ["DJANGO_SETTINGS_MODULE"] = "guardrail.settings"
        figures = _measure(options)
    finally:
        instance.remove()
    for name, (median, slowest) in sorted(figures.items(), key=lambda item: -item[1][0]):
        print(f"{median:>8.1f} ms, slowest {slowest:>8.1f}  {name}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    return int(any(median > _MOST_MS for median, _ in figures.values()))


def _measure(options: argparse.Namespace) -> dict[str, tuple[float, float]]:
    import django

    django.setup()
    from tests.scale.filling import fill, repeat
    from tests.scale.organisation import furnish

    a_day = options.verdicts // (_DAYS + 1)
    fill(agents=options.agents, sessions=a_day // 3, verdicts=a_day, seed=7)
    repeat(_DAYS)
    furnish(agents=options.agents, destinations=options.destinations, taken_in=options.taken_in)
    return dict(_read_pages())


def _read_pages() -> Iterator[tuple[str, tuple[float, float]]]:
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.test import Client

    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(User.objects.filter(is_superuser=True)[0])
    for path in _paths(client):
        took = []
        for _ in range(_READS + 1):
            started = time.perf_counter()
            answer = client.get(path)
            b"".join(answer) if answer.streaming else answer.content
            took.append((time.perf_counter() - started) * 1000)
        assert answer.status_code in (200, 204), (path, answer.status_code)
        # the first one compiles the template
        yield path, (round(statistics.median(took[1:]), 1), round(max(took[1:]), 1))


def _paths(client: Any) -> Iterator[str]:
    """Every page without an argument, filters people use, and one or two of each page of a thing."""
    from django.urls import URLPattern, URLResolver, get_resolver

    def walk(resolver: Any, before: str = "") -> Iterator[str]:
        for one in resolver.url_patterns:
            if isinstance(one, URLResolver):
                yield from walk(one, before + str(one.pattern))
            elif isinstance(one, URLPattern) and "<" not in str(one.pattern) and "<" not in before:
                yield f"/{before}{one.pattern}"

    from guardrail.models import Verdict
    from investigations.models import Campaign, Investigation
    from policies.models import Agent, Environment, PolicyDraft, PolicyVersion, Tool

    # not for people, or only with a question
    left_out = {"/logout/", "/api/schema", "/login/", "/policies/impact/", "/policies/completions/"}
    for path in walk(get_resolver()):
        # what only takes a POST says so
        if path not in left_out and not path.startswith("/v1/") and client.get(path).status_code in (200, 204):
            yield path
    yield from ("/?status=closed", "/verdicts/?outcome=blocked", "/verdicts/?q=agent-77", "/verdicts/?period=30")
    yield from ("/agents/?q=agent-9", "/policies/destinations/?q=partner-39", "/?q=agent-5")
    for model, name in (
        (Investigation, "investigations"),
        (Agent, "agents"),
        (Campaign, "campaigns"),
        (Tool, "tools"),
        (PolicyDraft, "policies/drafts"),
        (Environment, "environments"),
    ):
        first = model._default_manager.order_by("-pk").values_list("pk", flat=True).first()
        if first is not None and name != "environments":
            yield f"/{name}/{first}/"
    busiest = Agent.objects.order_by("-calls").values_list("pk", flat=True)[0]
    yield f"/agents/{busiest}/"
    largest = Investigation.objects.order_by("-calls").values_list("pk", flat=True).first()
    if largest is not None:
        yield f"/investigations/{largest}/"
    newest = PolicyVersion.objects.values_list("number", flat=True)[0]
    yield f"/policies/{newest}/"
    draft = PolicyDraft.objects.values_list("pk", flat=True)[0]
    yield from (f"/policies/drafts/{draft}/impact/", f"/policies/drafts/{draft}/rules/")
    for action in ("block", "allow"):
        yield f"/verdicts/{Verdict.objects.filter(action=action).order_by('-id').values_list('pk', flat=True)[0]}/"


if __name__ == "__main__":
    sys.exit(main())
