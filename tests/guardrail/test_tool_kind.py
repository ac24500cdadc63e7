"""What kind of thing a tool does, and where its calls reach."""

import pytest

from guardrail.destinations import reach_of
from guardrail.invocation import Parameter, Tool
from guardrail.tool_kind import infer_kind
from policies.ruleset import ToolKind
from tests.guardrail.cases import a_call, a_ruleset


def test_a_connector_in_front_and_a_thing_behind_are_no_deeds() -> None:
    ruleset = a_ruleset()

    def kind(name: str) -> ToolKind:
        return infer_kind(Tool(tool_id=f"x.action.{name}", name=name), ruleset, agent_id="a")

    assert kind("sendeMail") is ToolKind.SEND
    assert kind("Ledgerly-CreateTransfer") is ToolKind.PAY
    assert kind("aendereTermin") is ToolKind.WRITE
    assert kind("Ledgerly-ListTransfers") is ToolKind.READ


@pytest.mark.parametrize(
    ("tool_id", "name", "kind"),
    [
        ("x.action.Office365Outlook-SendanemailV2", "Send-an-email-V2", ToolKind.SEND),
        ("x.action.SharePoint-Getfilecontentusingpath", "Get-file-content-using-path", ToolKind.READ),
        ("x.action.Dataverse-Addanewrow", "Add-a-new-row", ToolKind.WRITE),
        ("P:UniversalSearchTool", "Search-sources", ToolKind.READ),
        ("MCP:it_ops.action.Server:list_incidents", "list_incidents", ToolKind.READ),
        ("MCP:it.topic.Server:delete_incident", "delete_incident", ToolKind.DELETE),
        ("bank_agent.topic.TransferMoney", "Transfer money", ToolKind.PAY),
        ("x.send_money", "send_money", ToolKind.PAY),
        ("x.get_transactions", "get_transactions", ToolKind.READ),
        ("x.share_file", "shareFile", ToolKind.SHARE),
        ("x.getUserOrders", "getUserOrders", ToolKind.READ),
        ("x.order_status", "check_order_status", ToolKind.READ),
        ("x.run", "runShellCommand", ToolKind.EXECUTE),
        ("x.cancel_order", "cancel_order", ToolKind.DELETE),
    ],
)
def test_it_reads_the_kind_off_the_name(tool_id: str, name: str, kind: ToolKind) -> None:
    assert infer_kind(Tool(tool_id=tool_id, name=name), a_ruleset(), agent_id="a") is kind


def test_a_tool_nothing_is_known_about_may_change_something() -> None:
    assert infer_kind(Tool(tool_id="x.zx81", name="zx81"), a_ruleset(), agent_id="a") is ToolKind.WRITE


def test_recipients_among_the_parameters_make_it_a_sender() -> None:
    tool = Tool(tool_id="x.zx81", name="zx81", parameters=(Parameter(name="recipients"), Parameter(name="body")))

    assert infer_kind(tool, a_ruleset(), agent_id="a") is ToolKind.SEND


def test_the_admin_knows_better() -> None:
    ruleset = a_ruleset(tools=[{"agent_id": "a", "tool": "get_report", "kind": "send"}])
    tool = Tool(tool_id="x.action.get_report", name="get_report")

    assert infer_kind(tool, ruleset, agent_id="a") is ToolKind.SEND
    assert infer_kind(tool, ruleset, agent_id="b") is ToolKind.READ


@pytest.mark.parametrize(
    ("name", "given", "kind"),
    [
        ("delete_file", "write", ToolKind.DELETE),
        ("send_money", "send", ToolKind.PAY),
        ("share_file", "send", ToolKind.SHARE),
        ("delete_file", "read", ToolKind.READ),
        ("share_file", "write", ToolKind.WRITE),
    ],
)
def test_a_coarse_kind_does_not_hide_what_a_tool_takes_away_or_pays(name: str, given: str, kind: ToolKind) -> None:
    ruleset = a_ruleset(tools=[{"agent_id": "a", "tool": name, "kind": given}])

    assert infer_kind(Tool(tool_id=f"x.action.{name}", name=name), ruleset, agent_id="a") is kind


@pytest.mark.parametrize(
    ("tool", "arguments", "expected"),
    [
        ("send_email", {"to": "Kim@Partner.example", "body": "see me@adatum.example"}, "kim@partner.example"),
        ("send_email", {"emailMessage/To": "kim@partner.example"}, "kim@partner.example"),
        ("send_money", {"recipient": "GB33 BUKB 2020 1555 5555 55"}, "gb33bukb20201555555555"),
        ("post_message", {"channel": "General", "text": "hi"}, "general"),
        ("get_page", {"url": "https://Paste.example/x?d=1"}, "https://paste.example/x?d=1"),
        ("search_mail", {"from": "kim@partner.example"}, None),
        ("list_rows", {"table": "orders"}, None),
    ],
)
def test_it_tells_where_a_call_reaches(tool: str, arguments: dict[str, str], expected: str | None) -> None:
    found = reach_of(a_call(tool=tool, arguments=arguments), a_ruleset()).destinations

    assert (found[0] if found else None) == expected


@pytest.mark.parametrize(
    ("name", "said", "kind"),
    [
        ("forum_message", "text", ToolKind.SEND),
        ("group_message", "message", ToolKind.SEND),
        ("teamMessage", "body", ToolKind.SEND),
        ("crew_sms", "text", ToolKind.SEND),
        ("forum_message", "id", ToolKind.WRITE),
        ("list_messages", "text", ToolKind.READ),
        ("message_template", "text", ToolKind.WRITE),
        ("welcome_message", "text", ToolKind.WRITE),
        ("commit_message", "text", ToolKind.WRITE),
        ("delete_message", "text", ToolKind.DELETE),
    ],
)
def test_a_tool_named_after_a_message_sends_what_it_is_given_to_say(name: str, said: str, kind: ToolKind) -> None:
    tool = Tool(tool_id=f"x.action.{name}", name=name, parameters=(Parameter(name=said),))

    assert infer_kind(tool, a_ruleset(), agent_id="a") is kind
