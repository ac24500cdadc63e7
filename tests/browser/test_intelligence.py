"""The pages of threat intelligence in a real browser: nobody is shut out, nothing runs off the screen."""

from datetime import UTC, datetime

import pytest

from policies.models import Destination, Indicator, IndicatorSource
from policies.services.indicator_sources import SourceSettings, add_source, import_file
from policies.services.indicators import HandWritten, add_indicator, dismiss
from policies.services.publish import changed
from tests.browser.chromium import Chromium, Look
from tests.browser.conftest import PASSWORD, Install, Scene

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIST = "\n".join(
    [
        "kind,value,confidence,description",
        "domain,quay-backup.example,95,Takes invoices in other people's names",
        "domain,gmail.com,95,",
        "domain,ropeworks.example,95,",
        "url,files.example/a/very/long/path/that/goes/on/and/on/until/it/has/no/more/place/on/a/telephone/kit.zip,60,",
        "email,billing.desk@outlook.com,20,",
        "ip,9.9.9.9/24,70,",
        "nonsense without a dot",
        *(f"domain,host{number}.listed.example,{number % 100}," for number in range(60)),
    ]
)


@pytest.fixture
def lists(scene: Scene) -> Scene:
    """Two sources, one that failed, and indicators of every state."""
    now = datetime.now(UTC)
    Destination.objects.create(value="ropeworks.example", standing="known")
    Destination.objects.create(value="contoso.com", standing="internal")
    changed()
    source = add_source(SourceSettings(name="Harbour sharing group", kind="csv"), now=now, actor=None)
    import_file(source, LIST.encode(), now=now, actor=None)
    failing = add_source(
        SourceSettings(name="Example feed", kind="stix", url="https://feed.example/taxi.json", every_minutes=60),
        now=now,
        actor=None,
    )
    IndicatorSource.objects.filter(pk=failing.pk).update(
        error="it answered with status 503, expected 200", tried_at=now
    )
    dismiss(Indicator.objects.get(value="billing.desk@outlook.com"), now=now, actor=None)
    add_indicator(HandWritten(value="xn--contoo-mvf.com", description="Poses as ours"), now=now, actor=None)
    return scene


def test_no_page_of_it_has_a_barrier_or_runs_off_the_screen(chromium: Chromium, lists: Scene) -> None:
    source = IndicatorSource.objects.get(name="Harbour sharing group")
    failing = IndicatorSource.objects.get(name="Example feed")
    listed = Indicator.objects.get(value="xn--contoo-mvf.com")
    paths = (
        "/intelligence/", "/intelligence/?near=kim@c0ntoso.com", "/intelligence/?q=nothing",
        "/intelligence/sources/new/", f"/intelligence/sources/{source.pk}/", f"/intelligence/sources/{failing.pk}/",
        f"/intelligence/indicators/{listed.pk}/",
    )  # fmt: skip
    found = {}
    with chromium.window(Look()) as window:
        window.sign_in(lists.address("/"), username="ada", password=PASSWORD)
        for path in paths:
            status = window.open(lists.address(path))
            found[path] = window.faults(status)
    assert {path: faults for path, faults in found.items() if faults} == {}
    assert window.complaints == []


def test_a_refused_value_is_confirmed_and_then_listed(chromium: Chromium, install: Install) -> None:
    with chromium.window(Look(width=390)) as window:
        window.sign_in(install.address("/intelligence/"), username="ada", password=PASSWORD)
        window.do(lambda page: page.get_by_label("Value", exact=True).fill("hxxps://gmail[.]com"))
        window.do(lambda page: page.get_by_role("button", name="List it").click())
        window.do(lambda page: page.wait_for_load_state())
        said = window.text()
        barriers = window.faults()
        window.do(lambda page: page.get_by_label("should be stopped all the same").check())
        window.do(lambda page: page.get_by_role("button", name="List it").click())
        window.do(lambda page: page.get_by_text("It holds for the next call").wait_for())
        after = window.text()
    assert "very many people use" in said
    assert barriers == []
    assert "It holds for the next call" in after


def test_an_analyst_lists_the_destination_of_an_investigation(chromium: Chromium, scene: Scene) -> None:
    with chromium.window(Look(width=390)) as window:
        window.sign_in(scene.address(f"/investigations/{scene.invoice.pk}/"), username="ada", password=PASSWORD)
        window.do(lambda page: page.get_by_text("Hold its destination").click())
        window.do(lambda page: page.get_by_role("button", name="List as a threat").click())
        window.do(lambda page: page.wait_for_load_state())
        said = window.text()
    assert "are held for 30 days" in said
    assert Indicator.objects.get().value == scene.invoice.destination
