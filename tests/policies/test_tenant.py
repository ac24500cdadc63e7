"""What an admin knows becomes the entries of a ruleset: by the pure function a benchmark and an import share."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, strategies as st

from policies.baseline import BASELINE
from policies.ruleset import Ruleset, Standing, ToolKind, compile_ruleset
from policies.tenant import TenantError, tenant_document, unread_members

REPO = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((REPO / "policies" / "tenant.schema.json").read_text())


def ruleset_of(tenant: dict[str, Any]) -> Ruleset:
    return compile_ruleset({**BASELINE, "version": 1, **tenant_document(tenant)})


def example() -> dict[str, Any]:
    page = (REPO / "docs" / "tenant.md").read_text()
    found = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert found is not None
    document: dict[str, Any] = json.loads(found[1])
    return document


def test_the_example_of_the_documentation_is_valid_and_understood() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(example(), SCHEMA)
    assert unread_members(example()) == ()
    ruleset = ruleset_of(example())
    assert ruleset.standing_of("crew@harbour-lines.example") is Standing.INTERNAL
    assert ruleset.standing_of("DE02120300000000202051") is Standing.KNOWN
    assert ruleset.standing_of("https://tidewater-agents-payments.example/pay") is Standing.DENIED
    assert ruleset.standing_of("somebody@else.example") is Standing.UNKNOWN
    kind = ruleset.tool_kind(agent_id="harbour-freight-desk", tool_id="", tool_name="pay_invoice")
    assert kind is ToolKind.PAY
    assert {(file.name, file.data_class) for file in ruleset.files} == {
        ("/sites/Rates/", "restricted"),
        ("/sites/Crew/payroll-2026.xlsx", "restricted"),
    }


@pytest.mark.parametrize(
    ("member", "content", "value", "standing"),
    [
        ("internal_domains", ["quay.example"], "ana@mail.quay.example", Standing.INTERNAL),
        ("internal_domains", ["@quay.example"], "ana@quay.example", Standing.INTERNAL),
        ("internal_contacts", ["ana@quay.example"], "ANA@quay.example", Standing.INTERNAL),
        ("employees", [{"name": "Ana", "email": "ana@quay.example"}], "ana@quay.example", Standing.INTERNAL),
        ("own_iban", {"iban": "DE02 1203 0000 0000 2020 51"}, "de02120300000000202051", Standing.INTERNAL),
        ("own_accounts", ["1200-3400-56"], "1200-3400-56", Standing.INTERNAL),
        ("user", {"name": "Ana", "email": "ana@quay.example"}, "ana@quay.example", Standing.INTERNAL),
        ("user", {"iban": "DE02 1203 0000 0000 2020 51"}, "de02120300000000202051", Standing.INTERNAL),
        ("external_contacts", ["bo@agency.example"], "bo@agency.example", Standing.KNOWN),
        ("known_contacts", [{"email": "bo@agency.example"}], "bo@agency.example", Standing.KNOWN),
        ("contacts", {"Bo": "bo@agency.example"}, "bo@agency.example", Standing.KNOWN),
        ("payees", [{"name": "Green Power", "iban": "GB29NWBK60161331926819"}], "green power", Standing.KNOWN),
        ("payees", {"Green Power": "GB29 NWBK 6016 1331 9268 19"}, "gb29nwbk60161331926819", Standing.KNOWN),
        ("beneficiaries", ["GB29NWBK60161331926819"], "GB29NWBK60161331926819", Standing.KNOWN),
        ("members", ["Bo"], "bo", Standing.KNOWN),
        ("channels", ["general"], "General", Standing.KNOWN),
        ("hosts_named_by_users", ["https://www.agency.example/"], "https://www.agency.example/x", Standing.KNOWN),
        ("supplier_domains", ["agency.example"], "desk@agency.example", Standing.KNOWN),
        ("denied_domains", ["evil.example"], "x@sub.evil.example", Standing.DENIED),
        ("blocked_ibans", ["GB29NWBK60161331926819"], "GB29NWBK60161331926819", Standing.DENIED),
        ("destinations", {"evil.example": "denied"}, "evil.example", Standing.DENIED),
        ("destinations", [{"value": "bo@agency.example"}], "bo@agency.example", Standing.KNOWN),
    ],
)
def test_it_reads_who_is_inside_and_who_is_dealt_with(
    member: str, content: Any, value: str, standing: Standing
) -> None:
    tenant = {member: content}
    jsonschema.validate(tenant, SCHEMA)
    assert unread_members(tenant) == ()
    assert ruleset_of(tenant).standing_of(value) is standing


def test_a_colleague_in_a_list_of_contacts_stays_a_colleague() -> None:
    ruleset = ruleset_of({"known_contacts": ["ana@quay.example"], "internal_domains": ["quay.example"]})
    assert ruleset.standing_of("ana@quay.example") is Standing.INTERNAL


def test_denied_beats_every_other_list() -> None:
    ruleset = ruleset_of({"denied_contacts": ["ana@quay.example"], "internal_contacts": ["ana@quay.example"]})
    assert ruleset.standing_of("ana@quay.example") is Standing.DENIED


def test_a_street_and_a_record_number_vouch_for_nothing() -> None:
    ruleset = ruleset_of({"user": {"id": "7", "name": "Ana", "address": "5 Main Street"}})
    assert ruleset.standing_of("7") is Standing.UNKNOWN
    assert ruleset.standing_of("5 Main Street") is Standing.UNKNOWN


def test_a_class_given_only_by_name_has_no_terms() -> None:
    classes = ruleset_of({"data_classes": ["customer address"]}).data_classes
    assert classes["customer address"].terms == ()
    assert classes["customer address"].may_leave is False


def test_a_class_may_say_what_marks_it() -> None:
    tenant = {"data_classes": [{"name": "restricted", "terms": ["Board only"], "files": ["/sites/Board/"]}]}
    ruleset = ruleset_of(tenant)
    assert ruleset.data_classes["restricted"].terms == ("Board only",)
    assert ruleset.files[0].name == "/sites/Board/"


def test_a_public_label_does_not_keep_a_file_inside() -> None:
    ruleset = ruleset_of(
        {"files": [{"filename": "flyer.pdf", "label": "Public"}, {"name": "rates.xlsx", "label": "Secret"}]}
    )
    assert ruleset.data_classes["Public"].may_leave is True
    assert ruleset.data_classes["Secret"].may_leave is False


def test_one_class_in_two_spellings_is_one_class() -> None:
    tenant = {"data_classes": ["Restricted"], "files": [{"name": "a.xlsx", "class": "restricted"}]}
    ruleset = ruleset_of(tenant)
    assert list(ruleset.data_classes) == ["Restricted"]
    assert ruleset.files[0].data_class == "Restricted"


def test_tool_kinds_hold_for_the_agents_of_the_document() -> None:
    ruleset = ruleset_of({"agents": ["a", {"id": "b", "mode": "monitor"}], "tool_kinds": {"Wire_Money": "transfer"}})
    assert ruleset.tool_kind(agent_id="b", tool_id="wire_money", tool_name="") is ToolKind.PAY
    assert ruleset.tool_kind(agent_id="c", tool_id="wire_money", tool_name="") is None
    assert ruleset.for_call(agent_id="b", environment_id="").registered


def test_tool_kinds_hold_for_every_agent_when_none_is_named() -> None:
    ruleset = ruleset_of({"tool_kinds": {"wire_money": "pay"}})
    assert ruleset.tool_kind(agent_id="anything", tool_id="", tool_name="wire_money") is ToolKind.PAY


def test_it_reports_members_it_does_not_understand_and_reads_the_rest() -> None:
    tenant = {"internal_domains": ["quay.example"], "suspicious_domains": ["x.example"], "mood": "calm"}
    jsonschema.validate(tenant, SCHEMA)
    assert unread_members(tenant) == ("mood", "suspicious_domains")
    assert ruleset_of(tenant).standing_of("x.example") is Standing.UNKNOWN


@pytest.mark.parametrize(
    ("tenant", "message"),
    [
        ({"internal_domains": ["Quay"]}, "`internal_domains[0]` is `quay`, expected a domain, e.g. `contoso.com`"),
        ({"internal_domains": "quay"}, "`internal_domains[0]` is `quay`, expected a domain, e.g. `contoso.com`"),
        ({"external_contacts": 7}, "`external_contacts` is a number, expected a list"),
        ({"agent": {"name": "x"}}, "`agent` has no `id`, expected the id its calls carry"),
        ({"agent": {"id": "a", "mode": "off"}}, "`agent.mode` is `off`, expected one of monitor, enforce"),
        ({"tool_kinds": {"x": "juggle"}}, "`tool_kinds.x` is `juggle`, expected one of read, write, send, pay"),
        ({"files": [{"owner": "x"}]}, "`files[0]` has no `name` or `id`, expected e.g. `/sites/Treasury/rates.xlsx`"),
        ({"data_classes": [{"terms": ["x"]}]}, "`data_classes[0]` has no `name`, expected a text or an object"),
        ({"data_classes": [{"name": "x", "terms": ["a"]}]}, "`data_classes[0].terms[0]` is `a`, expected a phrase"),
        (
            {"destinations": {"x.example": "friend"}},
            "has the standing `friend`, expected one of internal, known, partner, denied",
        ),
        ({"members": ["x" * 501]}, "has 501 characters or a control character, expected plain text of at most 500"),
        ({"members": ["a\x00b"]}, "expected plain text of at most 500 characters"),
    ],
)
def test_it_names_the_member_that_is_wrong_and_what_is_wanted(tenant: dict[str, Any], message: str) -> None:
    with pytest.raises(TenantError) as error:
        tenant_document(tenant)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("member", "understood"),
    [
        ("internal_domains", True),
        ("own_iban", True),
        ("user_account", True),
        ("regular_payees", True),
        ("supplier_bank_accounts", True),
        ("people_named_by_users", True),
        ("websites_named_by_users", True),
        ("denied_host", True),
        ("payees", True),
        ("untrusted_domains", False),
        ("known_issues", False),
        ("internal_notes", False),
        ("payee", False),
    ],
)
def test_the_schema_and_the_reader_know_the_same_members(member: str, understood: bool) -> None:
    described = {*SCHEMA["properties"]} | {
        name for name in [member] for pattern in SCHEMA["patternProperties"] if re.match(pattern, name)
    }
    assert (member in described) is understood
    assert (unread_members({member: []}) == ()) is understood


MEMBERS = ("agent", "agents", "user", "payees", "internal_domains", "own_iban", "tool_kinds", "tools", "files")
WORDS = ("id", "name", "kind", "email", "iban", "value", "standing", "label", "terms", "may_leave", "files", "path")
texts = st.text("ab0.@/ é\x00", max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(0.5) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | texts, inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(st.sampled_from((*MEMBERS, "data_classes", "destinations", "documents")), json_values, max_size=3)
)
def test_any_json_is_read_or_refused_in_words(tenant: dict[str, Any]) -> None:
    complaint = ""
    try:
        compile_ruleset({**BASELINE, "version": 1, **tenant_document(tenant)})
    except TenantError as error:
        complaint = str(error)
    assert not complaint or "expected" in complaint
