"""Every address, asked by somebody who sees other environments only: what is not theirs is not there, by no way."""

import re
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from guardrail.api_tokens import Scope, create_token
from guardrail.search.indexing import index_due
from investigations import bulk, merging, opening, services
from investigations.intake import take_in_all
from investigations.models import Campaign, CampaignMember, Investigation, Remediation
from policies.access import Role, give_role
from policies.models import Agent, AuditEntry, Environment, PersonScope, Restriction, SeenTool
from policies.restrictions import Effect, Restricted
from policies.services import people
from policies.services.people import PeopleError
from policies.services.restrictions import Wanted, restrict
from policies.writes import EVERYBODY, NARROWED, OPEN
from tests.factories import record_verdict, signal
from tests.test_role_walk import EVERY, address_of
from tests.told import DATA, OUTSIDER, record_story

pytestmark = pytest.mark.django_db
# Whatever tells that there is another environment, and what goes on in it.
THEIRS = (OUTSIDER, DATA, "Berth Desk", "har-berths", "Harbour Basin")


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """Two environments, each with an agent, a stopped call and a case. `numbers` are those of the harbour, by route."""

    harbour: Environment
    quay: Environment
    case: Investigation
    own_case: Investigation
    verdict: str
    own_verdict: str
    numbers: dict[str, int]


@pytest.fixture
def house() -> House:
    cache.clear()
    verdict = record_story()
    own = record_verdict(signal("instruction_followed", destination="archive@quay-backup.example"), at=timezone.now())
    take_in_all()
    index_due()
    harbour, _ = Environment.objects.get_or_create(environment_id="env-harbour", defaults={"name": "Harbour Basin"})
    quay = Environment.objects.get(environment_id="quay-production")
    Agent.objects.filter(agent_id="har-berths").update(environment=harbour)
    case, own_case = (
        Investigation.objects.get(agent_id="har-berths"),
        Investigation.objects.exclude(agent_id="har-berths").get(),
    )
    now, root = timezone.now(), User.objects.create_superuser("root")
    campaign = Campaign.objects.create(
        organisation="o", title=OUTSIDER, severity=3, first_seen=timezone.now(), last_seen=timezone.now()
    )
    CampaignMember.objects.create(investigation=case, campaign=campaign)
    run = bulk.ask("claim", Investigation.objects.filter(pk=case.pk), query="", now=timezone.now(), actor=root)
    bulk.begin(run, now=timezone.now(), actor=root)
    wanted = Wanted(
        kind=Restricted.AGENT,
        effect=Effect.STEP_UP,
        subject=("har-berths",),
        reason="x",
        until=timezone.now() + timedelta(hours=1),
    )
    numbers = {
        "investigations/": case.pk,
        "agents/": Agent.objects.get(agent_id="har-berths").pk,
        "environments/": harbour.pk,
        "tools/": SeenTool.objects.filter(agent_id="har-berths").values_list("pk", flat=True).get(),
        "campaigns/": campaign.pk,
        "queue/bulk/": run.pk,
        "response/restrictions/": restrict(wanted, now=timezone.now(), actor=root).pk,
        "queue/remediation/": Remediation.objects.create(
            investigation=case, name=OUTSIDER, due=now.date(), owner="kim", marked_at=now, marked_by=root
        ).pk,
    }
    return House(
        harbour=harbour,
        quay=quay,
        case=case,
        own_case=own_case,
        verdict=str(verdict),
        own_verdict=str(own),
        numbers=numbers,
    )


def somebody(role: Role | None, *environments: Environment, name: str = "quinn") -> Client:
    made = User.objects.create_user(name)
    if role:
        give_role(made, role, actor=None)
    people.set_environments(made, environments or None, actor=None)
    client = Client()
    client.force_login(made)
    return client


def addressed(house: House, route: str, **kept: str) -> str:
    number = next((found for begun, found in house.numbers.items() if route.startswith(begun)), house.case.pk)
    key = "har-berths" if route.startswith("entities") else "x"
    return address_of(route, int=number, uuid=house.verdict, path=key, slug="agent" if key != "x" else "x", **kept)


@pytest.mark.parametrize("role", [Role.ANALYST, Role.POLICY_ADMIN])
def test_what_belongs_to_another_environment_is_not_there(house: House, role: Role | None) -> None:
    client, wrong = somebody(role, house.quay), {}
    for route, name, _ in EVERY:
        if name in OPEN or name == "logout":
            continue
        address = addressed(house, route)
        for asked in ("GET", "POST"):
            answer: Any = client.generic(asked, address)
            page = b"".join(answer).decode() if answer.streaming else answer.content.decode()
            shown = [one for one in THEIRS if one in page]
            of_an_object = "<int" in route or "<uuid" in route
            missing = answer.status_code in (403, 404, 405) or name in EVERYBODY
            if (
                shown
                or (of_an_object and not missing)
                or (name not in NARROWED and answer.status_code not in (403, 404))
            ):
                wrong[f"{asked} {address}"] = (answer.status_code, shown)
    assert wrong == {}


def test_a_page_that_nobody_narrowed_is_not_in_the_way_of_who_sees_everything(house: House) -> None:
    whole, part = somebody(Role.LEAD, name="whole"), somebody(Role.LEAD, house.harbour, name="part")
    for address in ("/", "/verdicts/", "/agents/", "/tools/", "/campaigns/", "/environments/", "/search/?q=berth*"):
        for client in (whole, part):
            assert [one for one in THEIRS if one in client.get(address).content.decode()], address
    assert [whole.get(address).status_code for address in ("/policies/", "/documents/", "/audit/")] == [200, 200, 200]
    assert [part.get(address).status_code for address in ("/policies/", "/documents/", "/audit/")] == [404, 404, 404]
    doors = part.get("/").content.decode().split("</nav>")[0]
    assert "Agents" in doors
    assert not [word for word in ("Policy", "Deliveries", "Admin") if word in doors]


def test_their_own_case_and_call_lead_to_pages_that_are_there(house: House) -> None:
    client, gone = somebody(Role.ANALYST, house.quay), set()
    for page in (f"/investigations/{house.own_case.pk}/", f"/verdicts/{house.own_verdict}/"):
        for address in set(re.findall(r'<a [^>]*href="(/[^"]*)"', client.get(page).content.decode())):
            if client.get(address.replace("&amp;", "&")).status_code == 404:
                gone.add(address)
    assert gone == set()


def _words(client: Client, address: str) -> str:
    answer: Any = client.get(address)
    assert answer.status_code == 200, address
    return " ".join(answer.content.decode().split())


def test_reports_count_their_own_part_and_name_nobody_else(house: House) -> None:
    root = User.objects.get(username="root")
    for case in (house.case, house.own_case):
        services.claim(case, actor=root)
        services.close(case, disposition="true_positive", reason="Looked.", now=timezone.now(), actor=root)
    whole, part = somebody(Role.LEAD, name="whole"), somebody(Role.LEAD, house.quay, name="part")
    nobody = somebody(Role.LEAD, Environment.objects.create(environment_id="empty", name="Empty"), name="nobody")
    for client, calls in ((whole, 2), (part, 1), (nobody, 0)):
        page = _words(client, "/reports/")
        assert f"<dt>Calls</dt><dd>{calls}</dd>" in page
        assert page.count('data-l="Confirmed">1<') == calls
        assert f"<dt>Agents seen</dt><dd>{calls}</dd>" in page
        assert f"{calls} calls were judged" in _words(client, "/reports/compliance/")
    own = _words(part, "/reports/")
    assert "archive@quay-backup.example" in own
    assert "Of your environments" in own
    assert "Documents with most stops" not in own
    assert not [one for one in (*THEIRS, "Exercise", "Told") if one in own]
    seen = _words(whole, "/reports/")
    for one in (OUTSIDER, "Documents with most stops", "archive@quay-backup.example", "Exercise"):
        assert one in seen


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_the_compliance_report_of_a_part_leaves_with_its_own_lines_only(house: House, kind: str) -> None:
    root = User.objects.get(username="root")
    for case in (house.case, house.own_case):
        services.claim(case, actor=root)
    whole, part = somebody(Role.LEAD, name="whole"), somebody(Role.LEAD, house.quay, name="part")
    for verdict in (house.verdict, house.own_verdict):
        whole.get(f"/verdicts/{verdict}/")

    def leaving(client: Client) -> str:
        answer: Any = client.post("/reports/compliance/export/", {"format": kind})
        return b"".join(answer.streaming_content).decode()

    for said in (leaving(part), _words(part, "/reports/compliance/")):
        assert house.own_verdict in said
        assert "investigation.claimed" in said
        assert not [one for one in (*THEIRS, house.verdict, "person.environments_set", "role_given") if one in said]
    for said in (leaving(whole), _words(whole, "/reports/compliance/")):
        assert all(one in said for one in (house.own_verdict, house.verdict, "person.environments_set", "har-berths"))


def test_direct_numbers_in_a_form_reach_nothing_of_others(house: House) -> None:
    client = somebody(Role.LEAD, house.quay)
    quinn = User.objects.get(username="quinn")
    case, own = house.case.pk, house.own_case.pk
    client.post("/queue/bulk/", {"do": "claim", "n": [case, own]})
    assert Investigation.objects.get(pk=own).assignee == quinn
    assert Investigation.objects.get(pk=case).assignee != quinn
    client.post("/queue/bulk/", {"do": "claim", "all": "1", "query": "?view=open"})
    assert Investigation.objects.get(pk=case).assignee != quinn
    assert client.post("/investigations/merge/", {"n": [case, own], "into": own, "reason": "One"}).status_code == 422
    sent = {"title": "Mine", "kind": "manual", "severity": "3", "calls": house.verdict, "reason": "x"}
    page = client.post("/investigations/new/", sent).content.decode()
    assert "is not known" in page
    # as of one that never was
    assert "another investigation" not in page
    assert Investigation.objects.count() == 2


def test_one_that_has_calls_of_another_environment_is_for_who_sees_both(house: House) -> None:
    root = User.objects.get(username="root")
    part, both = somebody(Role.LEAD, house.quay), somebody(Role.LEAD, house.quay, house.harbour, name="both")
    own = f"/investigations/{house.own_case.pk}/"
    assert part.get(own).status_code == 200
    made = merging.merge(house.own_case.pk, [house.case.pk], reason="One cause", now=timezone.now(), actor=root)
    assert Investigation.objects.get(pk=house.own_case.pk).other_agents == ["har-berths"]
    assert (part.get(own).status_code, both.get(own).status_code) == (404, 200)
    assert house.own_case.title not in part.get("/").content.decode()
    # the calls themselves stay theirs
    assert part.get(f"/verdicts/{house.own_verdict}/").status_code == 200
    merging.unmerge(made, now=timezone.now(), actor=root)
    assert part.get(own).status_code == 200
    assert part.get(f"/investigations/{house.case.pk}/").status_code == 404


def test_one_opened_by_hand_on_calls_of_two_environments_is_for_who_sees_both(house: House) -> None:
    Investigation.objects.all().delete()
    made = opening.open_by_hand(
        title="Both",
        kind="manual",
        severity=3,
        calls=[uuid.UUID(house.verdict), uuid.UUID(house.own_verdict)],
        reason="x",
        now=timezone.now(),
        actor=User.objects.get(username="root"),
    )
    assert made.other_agents
    address = f"/investigations/{made.pk}/"
    for environments, status in (((house.quay,), 404), ((house.harbour,), 404), ((house.quay, house.harbour), 200)):
        client = somebody(Role.ANALYST, *environments, name=f"of-{len(environments)}-{environments[0].pk}")
        assert client.get(address).status_code == status


def test_who_sees_some_restricts_and_releases_their_own_agents_only(house: House) -> None:
    client = somebody(Role.ANALYST, house.quay)
    address = f"/investigations/{house.own_case.pk}/restrict/"
    sent = {"reason": "It goes on", "hours": "4"}
    refused = client.post(address, {**sent, "what": "destination.quarantine"})
    assert refused.status_code == 422
    assert "reaches beyond your environments" in refused.content.decode()
    assert client.post(address, {**sent, "what": "agent.step_up"}).status_code == 302
    own = Restriction.objects.latest("pk")
    assert own.subject == [house.own_case.agent_id]
    assert client.post(f"/response/restrictions/{own.pk}/undo/", {"next": "/"}).status_code == 302
    own.refresh_from_db()
    assert own.ended_at is not None


def test_a_token_of_a_programs_account_reads_its_part(house: House) -> None:
    siem, now = User.objects.create_user("siem"), timezone.now()
    give_role(siem, Role.INTEGRATION, actor=None)
    people.set_environments(siem, [house.quay], actor=None)
    part = create_token("part", Scope, now=now, account=siem, actor=None)
    whole = create_token("whole", Scope, now=now, actor=None)

    def asked(token: str, path: str) -> Any:
        return Client().get(f"/api/v1/{path}", headers={"authorization": f"Bearer {token}"})

    for path in ("verdicts", "investigations"):
        assert [one["agent_id"] for one in asked(part, path).json()["results"]] == [house.own_case.agent_id], path
        assert len(asked(whole, path).json()["results"]) == 2, path
    for path in (
        f"verdicts/{house.verdict}",
        f"verdicts/{house.verdict}/transcript",
        f"investigations/{house.case.pk}",
    ):
        assert (asked(part, path).status_code, asked(whole, path).status_code) == (404, 200), path
    for path in ("audit", "indicators/stix", "indicators/csv"):
        assert (asked(part, path).status_code, asked(whole, path).status_code) == (403, 200), path


def test_who_changes_people_says_what_somebody_sees_and_the_trail_has_it(house: House) -> None:
    admin, quinn = somebody(Role.PEOPLE_ADMIN, name="pat"), User.objects.create_user("quinn")
    give_role(quinn, Role.ANALYST, actor=None)
    address = f"/people/{quinn.pk}/environments/"
    admin.post(address, {"sees": "some", "environment": [house.quay.pk, "x", "999999"]})
    assert [one.pk for one in PersonScope.objects.get(person=quinn).environments.all()] == [house.quay.pk]
    page = admin.get(f"/people/{quinn.pk}/").content.decode()
    assert re.search(rf'value="{house.quay.pk}" checked', page)
    # what somebody else sees is not what whoever looks at them sees
    assert "Part<span" not in page
    line = AuditEntry.objects.filter(action="person.environments_set").latest("pk")
    assert (line.actor_name, line.detail["before"], line.detail["after"]) == ("pat", "all", ["quay-production"])
    # nothing ticked is nothing, and not everything
    admin.post(address, {"sees": "some"})
    his = Client()
    his.force_login(quinn)
    assert "Quay Ledger" not in his.get("/agents/").content.decode()
    admin.post(address, {"sees": "all"})
    assert not PersonScope.objects.exists()
    assert "Quay Ledger" in his.get("/agents/").content.decode()
    with pytest.raises(PeopleError, match="sees everything"):
        people.set_environments(User.objects.get(username="root"), [], actor=None)
    assert his.post(address, {"sees": "all"}).status_code == 403
