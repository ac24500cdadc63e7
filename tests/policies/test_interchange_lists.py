"""The lists that a policy document brings along: what of them travels, what is shown, and what is taken over."""

import json
import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from policies.access import Role
from policies.exceptions import Scope
from policies.interchange.reading import read
from policies.load import load_document
from policies.models import (
    Agent,
    AuditEntry,
    ClassDictionary,
    DataClass,
    Destination,
    PolicyDraft,
    PolicyException,
    PolicyVersion,
)
from policies.services import interchange
from policies.services.class_recognisers import DictionarySettings, PatternSettings, save_dictionary, save_pattern
from policies.services.classes import ClassSettings, add_class
from policies.services.exceptions import WantedException, make_exception
from policies.services.publish import ensure_baseline
from tests.policies.test_interchange import MINIMAL, import_file, signed_in


@pytest.fixture
def admin(db: None) -> Client:
    ensure_baseline()
    return signed_in("ada", Role.POLICY_ADMIN)


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_everything_the_policy_is_goes_to_another_installation(admin: Client, kind: str) -> None:
    ada = User.objects.get(username="ada")
    _everything(ada)
    document = admin.post(f"/policies/export/?format={kind}").getvalue()
    assert AuditEntry.objects.filter(action="policy.exported_with_phrases").count() == 1
    before = read(document).value["lists"]
    assert before["data_classes"][1]["dictionaries"] == [
        {"name": "Customers", "fewest": 2, "phrases": ["Quay Ltd", "Dock & Sons"]}
    ]
    for table in (PolicyException, Destination, DataClass):
        table.objects.all().delete()
    Agent.objects.update(mode="")
    import_file(admin, document)
    draft = PolicyDraft.objects.get()
    page = admin.get(f"/policies/drafts/{draft.pk}/").content.decode()
    assert "Quay Ltd" not in page
    assert "phrases: 2 phrases" in page
    assert not DataClass.objects.exists()
    answer = _publish(admin, draft)
    assert answer.status_code == 302, answer.content.decode()
    assert read(admin.post(f"/policies/export/?format={kind}").getvalue()).value["lists"] == before
    assert {"class.added", "class.dictionary_saved", "class.pattern_saved", "exception.made"} <= set(
        AuditEntry.objects.values_list("action", flat=True)
    )
    # and once more there is nothing to change
    import_file(admin, document)
    assert PolicyDraft.objects.latest("pk").lists == {}


def test_what_marks_data_stays_here_unless_a_policy_admin_asks_for_it(admin: Client) -> None:
    _everything(User.objects.get(username="ada"))
    analyst = signed_in("dan", Role.ANALYST)
    for client in (admin, analyst):
        text = client.get("/policies/export/").getvalue().decode()
        assert "Customers" in text
        assert "Quay Ltd" not in text
        assert "project heron" not in text
    assert analyst.post("/policies/export/").status_code == 403
    out = StringIO()
    call_command("policy", "export", stdout=out)
    assert "Quay Ltd" not in out.getvalue()
    call_command("policy", "export", "--phrases", stdout=out)
    assert "Quay Ltd" in out.getvalue()
    # phrases that are not in the document stay as they are
    import_file(admin, admin.get("/policies/export/").getvalue().replace(b"fewest: 2", b"fewest: 3"))
    draft = PolicyDraft.objects.get()
    assert "Quay Ltd" not in json.dumps(draft.lists)
    assert _publish(admin, draft).status_code == 302
    draft.refresh_from_db()
    assert draft.lists == {}
    dictionary = ClassDictionary.objects.get()
    assert (dictionary.fewest, dictionary.phrases) == (3, ["Quay Ltd", "Dock & Sons"])
    assert DataClass.objects.get(name="restricted").terms == ["project heron"]


def test_lists_that_changed_since_somebody_looked_are_not_applied(admin: Client) -> None:
    Destination.objects.create(value="quay.example", standing="known")
    lists = "lists:\n  destinations:\n    - {value: quay.example, standing: denied}\n"
    import_file(admin, (MINIMAL + lists).encode())
    draft = PolicyDraft.objects.get()
    page = admin.get(f"/policies/drafts/{draft.pk}/").content.decode()
    Destination.objects.update(standing="internal")
    answer = _publish(admin, draft, page=page)
    assert answer.status_code == 422
    assert "differ otherwise than when you looked" in answer.content.decode()
    assert Destination.objects.get().standing == "internal"
    assert PolicyVersion.objects.count() == 1
    assert _publish(admin, draft).status_code == 302
    assert Destination.objects.get().standing == "denied"


def test_one_entry_that_is_refused_leaves_all_as_it_was(admin: Client) -> None:
    lists = {
        "destinations": [
            {"value": "eve.example", "standing": "denied"},
            {"value": "quay.example", "standing": "known"},
        ],
        "data_classes": [{"name": "restricted"}],
        "exceptions": [_exception(destinations=["eve.example"])],
    }
    import_file(admin, json.dumps({**yaml.safe_load(MINIMAL), "lists": lists}).encode())
    answer = _publish(admin, PolicyDraft.objects.get())
    assert answer.status_code == 422
    assert "which no exception lifts" in answer.content.decode()
    assert not Destination.objects.exists()
    assert not DataClass.objects.exists()
    assert not AuditEntry.objects.filter(action__startswith="class.").exists()


def test_an_exception_that_is_over_or_holds_too_long_is_left_out(admin: Client) -> None:
    ends = {"over": "2020-01-01T00:00:00Z", "far": "2199-01-01T00:00:00Z", "soon": _in_days(7)}
    exceptions = [_exception(agent=agent, until=until) for agent, until in ends.items()]
    answer = import_file(
        admin, json.dumps({**yaml.safe_load(MINIMAL), "lists": {"exceptions": exceptions}}).encode(), follow=True
    )
    page = answer.content.decode()
    assert "this exception ended on 2020-01-01 00:00 UTC, so it is left out" in page
    assert "left out: it ended on 2020-01-01 00:00 UTC" in page
    assert "left out: it would hold for more than 90 days" in page
    _publish(admin, PolicyDraft.objects.get())
    assert [one.agent_id for one in PolicyException.objects.all()] == ["soon"]


def test_an_exception_that_is_there_gets_another_end_and_stays_whose_it_is(admin: Client) -> None:
    exceptions = [_exception(until=_in_days(7))]
    text = json.dumps({**yaml.safe_load(MINIMAL), "lists": {"exceptions": exceptions}})
    import_file(admin, text.encode())
    _publish(admin, PolicyDraft.objects.get())
    exceptions[0] |= {"until": _in_days(14), "owner": "somebody else", "reason": "It takes longer"}
    text = json.dumps({**yaml.safe_load(MINIMAL), "lists": {"exceptions": exceptions}})
    import_file(admin, text.encode())
    assert _publish(admin, PolicyDraft.objects.latest("pk")).status_code == 302
    kept = PolicyException.objects.get()
    assert (kept.owner, kept.expires_at.date()) == ("ada", (timezone.now() + timedelta(days=14)).date())
    assert AuditEntry.objects.get(action="exception.renewed").detail["reason"] == "It takes longer"


def test_a_list_that_differs_in_more_than_people_look_at_is_refused_at_the_field(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interchange, "MOST_DIFFERENCES", 2)
    lists = {"destinations": [{"value": f"host-{n}.example", "standing": "known"} for n in range(3)]}
    text = json.dumps({**yaml.safe_load(MINIMAL), "lists": lists})
    answer = import_file(admin, text.encode())
    assert answer.status_code == 422
    assert "differ from what is stored in 3 entries, expected at most 2" in answer.content.decode()
    assert not PolicyDraft.objects.exists()
    Destination.objects.create(value="host-0.example", standing="known")
    assert import_file(admin, text.encode()).status_code == 302


def test_a_class_that_was_renamed_is_known_by_the_name_it_had(admin: Client) -> None:
    found = DataClass.objects.create(name="board", former_names=["restricted"])
    lists = "lists:\n  data_classes:\n  - {name: Restricted, note: For named persons}\n"
    import_file(admin, (MINIMAL + lists).encode())
    assert _publish(admin, PolicyDraft.objects.get()).status_code == 302
    found.refresh_from_db()
    assert (found.name, found.note, DataClass.objects.count()) == ("board", "For named persons", 1)


def test_the_order_of_classes_is_that_of_the_document(admin: Client) -> None:
    for position, name in enumerate(("public", "internal", "secret"), start=1):
        DataClass.objects.create(name=name, position=position)
    lists = "lists:\n  data_classes:\n  - {name: Secret}\n  - {name: public}\n  - {name: new}\n"
    import_file(admin, (MINIMAL + lists).encode())
    draft = PolicyDraft.objects.get()
    assert "protection: public &lt; internal &lt; secret" in admin.get(f"/policies/drafts/{draft.pk}/").content.decode()
    _publish(admin, draft)
    assert list(DataClass.objects.values_list("name", flat=True)) == ["secret", "internal", "public", "new"]


def test_lists_are_shown_as_differences_and_changed_by_choice(admin: Client) -> None:
    Destination.objects.create(value="quay.example", standing="known")
    Agent.objects.create(agent_id="a-1", registered=True, mode="enforce")
    lists = {
        "destinations": [
            {"value": "Quay.example", "standing": "denied"},
            {"value": "dock.example", "standing": "partner"},
        ],
        "data_classes": [{"name": "restricted", "may_leave": False, "terms": ["project heron"]}],
        "agents": [{"id": "a-1", "mode": "monitor"}, {"id": "a-2", "mode": "monitor"}],
    }
    import_file(admin, json.dumps({**yaml.safe_load(MINIMAL), "lists": lists}).encode())
    draft = PolicyDraft.objects.get()
    page = admin.get(f"/policies/drafts/{draft.pk}/").content.decode()
    assert "5 entries differ" in page
    assert "left out: it is not in the inventory" in page
    assert Destination.objects.get().standing == "known"
    assert _publish(admin, draft).status_code == 302
    assert dict(Destination.objects.values_list("value", "standing")) == {
        "quay.example": "denied",
        "dock.example": "partner",
    }
    assert DataClass.objects.get().terms == ["project heron"]
    assert Agent.objects.get().mode == "monitor"
    assert load_document()["version"] == 2


def test_lists_are_left_alone_unless_somebody_says_so(admin: Client) -> None:
    lists = "lists:\n  destinations:\n    - {value: dock.example, standing: known}\n"
    import_file(admin, (MINIMAL + lists).encode())
    draft = PolicyDraft.objects.get()
    admin.post(f"/policies/drafts/{draft.pk}/publish/", {"revision": 1, "reason": "See", "lists": "leave"})
    assert load_document()["version"] == 2
    assert not Destination.objects.exists()


def _everything(person: User) -> None:
    """An entry of each kind that a document carries."""
    Destination.objects.create(value="quay.example", standing="partner", note="Since 2019")
    Agent.objects.create(agent_id="a-1", name="Desk", registered=True, mode="monitor")
    public = add_class(ClassSettings(name="public", may_leave=True), actor=person)
    settings = ClassSettings(
        name="restricted",
        may_leave=False,
        note="For named persons",
        terms=("project heron",),
        labels=("Secret",),
        places=("sites/finance/*",),
        kinds=("card", "keys"),
    )
    found = add_class(settings, actor=person)
    customers = DictionarySettings(name="Customers", phrases="Quay Ltd\nDock & Sons", fewest=2)
    save_dictionary(found.pk, customers, revision=1, actor=person)
    numbers = PatternSettings(name="Project number", pattern="PRJ-[0-9]{6}", sample="see PRJ-204817", fewest=3)
    save_pattern(found.pk, numbers, revision=2, actor=person)
    assert public.position < found.position
    scope = Scope(agent_id="a-1", tool="mail.send", destinations=("quay.example",), signals=("tool_new",))
    wanted = WantedException(
        scope=scope, owner="ada", reason="The weekly list", until=timezone.now() + timedelta(days=30)
    )
    make_exception(wanted, now=timezone.now(), actor=person)


def _exception(**changes: Any) -> dict[str, Any]:
    return {"agent": "a-1", "tool": "mail.send", "owner": "ada", "reason": "See", "until": _in_days(7), **changes}


def _in_days(days: int) -> str:
    return (timezone.now() + timedelta(days=days)).isoformat()


def _publish(client: Client, draft: PolicyDraft, *, page: str = "") -> Any:
    """Publish a draft with its lists, as its page asks for it."""
    page = page or client.get(f"/policies/drafts/{draft.pk}/").content.decode()
    seen = re.search(r'name="lists_seen" value="([0-9a-f]{64})"', page)
    assert seen is not None
    form = {"revision": 1, "reason": "From the repository", "lists": "apply", "lists_seen": seen[1]}
    return client.post(f"/policies/drafts/{draft.pk}/publish/", form)
