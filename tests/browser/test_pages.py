"""The pages in a real browser: a person signs in, reads why, acts; nobody is shut out; nothing runs that should not."""

from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from guardrail import callers
from investigations.intake import take_in_all
from investigations.models import Exercise, Investigation
from policies.models import Agent, Restriction, SeenTool
from policies.services.opinions import OpinionSettings, add_opinion
from tests.browser.chromium import Chromium, Look
from tests.browser.conftest import PASSWORD, Install, Scene
from tests.investigations.test_allow_once import planned

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AN_ENGINE = OpinionSettings(
    name="Contoso Shield",
    base_url="http://10.20.30.40:8443/external-threat-detection/contoso",
    token="a-token",
    budget_ms=200,
    asked_for="changes",
    strict_action="block",
    cautious_action="",
    required=True,
    agents=("har-berths",),
)
ATTACKER = "ledger-sync@ropeworks-billing.example"


def test_an_analyst_signs_in_opens_the_invoice_and_reads_why(chromium: Chromium, scene: Scene) -> None:
    with chromium.window(Look()) as window:
        window.sign_in_by_form(scene.address("/"), username="ada", password=PASSWORD)
        window.do(lambda page: page.locator(f"a[href='/investigations/{scene.invoice.pk}/']").first.click())
        window.do(lambda page: page.wait_for_url(f"**/investigations/{scene.invoice.pk}/"))
        said = window.text()
        marked = window.do(lambda page: " ".join(page.locator("main mark").all_inner_texts()))
    assert "Blocked" in said
    assert ATTACKER in said
    assert "search the internal handbook" in marked
    assert window.complaints == []


def test_no_page_has_a_barrier_runs_off_the_screen_or_breaks_the_content_policy(
    chromium: Chromium, scene: Scene
) -> None:
    callers.set_entra(
        scene.install.caller,
        tenant_id="11111111-2222-3333-4444-555555555555",
        app_ids=["aaaaaaaa-2222-3333-4444-555555555555"],
        actor=None,
    )
    engine = add_opinion("contoso", AN_ENGINE, actor=None)
    found = {}
    with chromium.window(Look()) as window:
        found["/login/"] = window.faults(window.open(scene.address("/login/")))
        window.sign_in(scene.address("/"), username="ada", password=PASSWORD)
        for path in (*_paths(scene), f"/opinions/{engine.pk}/"):
            found[path] = window.faults(window.open(scene.address(path)))
    assert {path: faults for path, faults in found.items() if faults} == {}
    assert window.complaints == []


def test_the_first_page_of_a_fresh_install_says_how_to_begin(chromium: Chromium, install: Install) -> None:
    with chromium.window(Look()) as window:
        window.sign_in(install.address("/"), username="ada", password=PASSWORD)
        said = window.text()
        faults = window.faults()
    assert "Nothing to investigate yet" in said
    assert f"{install.url}/v1/evaluate" in said
    assert "manage.py rehearse" in said
    assert faults == []
    assert window.complaints == []


def test_a_refused_form_says_why_beside_its_field_without_a_barrier(chromium: Chromium, install: Install) -> None:
    with chromium.window(Look(width=390)) as window:
        window.sign_in(install.address("/callers/"), username="ada", password=PASSWORD)
        window.do(lambda page: page.get_by_label("Name").fill("Another"))
        window.do(lambda page: page.get_by_label("Path").fill("v1"))
        window.do(lambda page: page.get_by_role("button", name="Add caller").click())
        said = window.do(lambda page: page.locator("#id_slug-error").inner_text())
        faults = window.faults()
    assert "v1 is used by Guardrail itself" in said
    assert faults == []
    assert window.complaints == []


def test_an_investigation_is_claimed_without_scripts(chromium: Chromium, scene: Scene) -> None:
    with chromium.window(Look(scripts=False)) as window:
        window.sign_in_by_form(scene.address(f"/investigations/{scene.invoice.pk}/"), username="ada", password=PASSWORD)
        window.do(lambda page: page.get_by_role("button", name="Claim").first.click())
        window.do(lambda page: page.wait_for_load_state())
        said = window.text()
    claimed = Investigation.objects.get(pk=scene.invoice.pk)
    assert claimed.assignee is not None
    assert claimed.assignee.username == "ada"
    assert ATTACKER in said


def test_a_held_call_is_allowed_once_and_taken_back_without_a_barrier(chromium: Chromium, install: Install) -> None:
    headers = {"Authorization": f"Bearer {install.token}"}
    url = install.address("/copilot-studio/analyze-tool-execution")
    assert httpx.post(url, json=planned(step="s-1"), headers=headers, timeout=30).json()["blockAction"] is True
    take_in_all()
    held = Investigation.objects.get()
    with chromium.window(Look(width=390, scheme="dark")) as window:
        page_of_it = install.address(f"/investigations/{held.pk}/")
        window.sign_in(page_of_it, username="ada", password=PASSWORD)
        faults = window.faults()
        window.do(lambda page: page.get_by_label("Why it may pass").fill("Asked Kim, who ordered it"))
        window.do(lambda page: page.get_by_role("button", name="Allow once").click())
        window.do(lambda page: page.get_by_role("button", name="Take back").wait_for())
        faults += window.faults(window.open(page_of_it))
        waiting = window.text()
        window.do(lambda page: page.get_by_role("button", name="Take back").click())
        window.do(lambda page: page.get_by_role("button", name="Allow once").wait_for())
        faults += window.faults(window.open(page_of_it))
        over = window.text()
    assert "Waiting for the call to come again" in waiting
    assert "Taken back" in over
    assert faults == []
    assert window.complaints == []


def test_a_conversation_is_quarantined_and_released_without_a_barrier(chromium: Chromium, scene: Scene) -> None:
    path = f"/investigations/{scene.invoice.pk}/"
    with chromium.window(Look()) as window:
        window.sign_in(scene.address(path), username="ada", password=PASSWORD)
        part = "#restrict"
        window.do(lambda page: page.locator(part).get_by_text("Stop it for a time").click())
        window.do(lambda page: page.locator(part).get_by_label("Why").fill("Asked L. Brandt, who did not send it"))
        window.do(lambda page: page.locator(part).get_by_role("button", name="Restrict").click())
        window.do(lambda page: page.get_by_role("button", name="Undo").wait_for())
        faults = window.faults()
        made = Restriction.objects.get()
        faults += window.faults(window.open(scene.address("/response/")))
        listed = window.text()
        window.do(lambda page: page.get_by_role("button", name=f"Undo restriction {made.pk}").click())
        window.do(lambda page: page.wait_for_load_state())
        faults += window.faults(window.open(scene.address("/response/")))
    made.refresh_from_db()
    assert (made.kind, made.effect, made.end) == ("session", "quarantine", "undone")
    assert "Asked L. Brandt, who did not send it" in listed
    assert faults == []
    assert window.complaints == []


def test_one_click_puts_an_agent_in_monitor_mode_without_scripts(chromium: Chromium, scene: Scene) -> None:
    with chromium.window(Look(scripts=False)) as window:
        window.sign_in(scene.address("/agents/"), username="ada", password=PASSWORD)
        row = "tr:has-text('Supplier Invoices')"
        window.do(lambda page: page.locator(row).get_by_role("button", name="Only monitor").click())
        window.do(lambda page: page.wait_for_load_state())
        said = window.text()
    assert Agent.objects.get(pk=scene.agent.pk).mode == "monitor"
    assert "all go through" in said


def test_a_token_shown_in_the_browser_opens_the_webhook(chromium: Chromium, install: Install) -> None:
    with chromium.window(Look()) as window:
        window.sign_in(install.address(f"/callers/{install.caller.pk}/"), username="ada", password=PASSWORD)
        window.do(lambda page: page.get_by_role("button", name="Issue a token").click())
        token = window.do(lambda page: page.locator("#fresh-token").inner_text())
        window.open(install.address(f"/callers/{install.caller.pk}/"))
        said = window.text()
    assert callers.digest_of(token) in install.caller.tokens.values_list("token_sha256", flat=True)
    assert token not in said
    assert window.complaints == []


def _paths(scene: Scene) -> tuple[str, ...]:
    return (
        "/",
        f"/investigations/{scene.invoice.pk}/",
        "/verdicts/",
        f"/verdicts/?q={scene.invoice.conversation_id}",
        f"/verdicts/{scene.verdict.pk}/",
        f"/verdicts/{scene.verdict.pk}/replay/?step=2",
        f"/verdicts/{scene.verdict.pk}/rejudge/",
        f"/verdicts/{scene.verdict.pk}/evidence/",
        "/search/?q=outcome:stopped",
        f"/entities/agent/{scene.agent.agent_id}/",
        "/reports/",
        "/reports/compliance/",
        "/agents/",
        f"/agents/{scene.agent.pk}/",
        f"/agents/{Agent.objects.filter(registered=False)[0].pk}/",
        "/agents/new/",
        "/tools/",
        f"/tools/{SeenTool.objects.all()[0].pk}/",
        "/environments/",
        "/callers/",
        f"/callers/{scene.install.caller.pk}/",
        "/opinions/",
        "/tokens/",
        "/people/",
        f"/people/{User.objects.get(username='ada').pk}/",
        "/account/",
        "/opinions/new/",
        "/response/",
        "/agents/fail-open/",
        "/campaigns/",
        "/documents/",
        "/intelligence/",
        "/playbooks/",
        "/playbooks/new/",
        "/playbooks/mail-injection/",
        "/playbooks/mail-injection/0/",
        "/exercise/",
        f"/exercise/{_played().pk}/",
    )


def _played() -> Exercise:
    """An exercise with one scenario that went wrong and one that went right."""
    person = User.objects.get(username="ada")
    call = {"number": 1, "tool": "Send-an-email", "must": "stop", "asked": True, "stopped": True, "verdict": None}
    entries: list[dict[str, Any]] = [
        {
            **{"name": name, "group": "mail", "industry": "law", "way_in": "mail", "wording": "plain", "goal": "send"},
            **{"author": "an outsider", "harm": "a list leaves", "honest_work_passed": right},
            "attack": {
                "story": "A mail asks for a list.",
                "stopped_before_harm": right,
                "stopped_at": 1,
                "calls": [call],
            },
            "twin": {"story": "A user asks for it.", "calls": [{**call, "stopped": not right, "must": "allow"}]},
        }
        for name, right in (("mail-list", True), ("mail-rule", False))
    ]
    now = timezone.now()
    found, _ = Exercise.objects.get_or_create(
        chosen="mail",
        defaults={
            "asked_at": now,
            "asked_by": person,
            "began_at": now,
            "ended_at": now,
            "planned": 2,
            "results": entries,
        },
    )
    return found
