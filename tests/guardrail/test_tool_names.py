"""What real connectors and MCP servers call their tools, and what kind of thing each does."""

import pytest

from guardrail.invocation import Tool
from guardrail.tool_kind import infer_kind, tool_words
from tests.guardrail.cases import a_ruleset

# kind | id | name | description
TOOLS = """
write | order_set_address | order_set_address
read | orders_search | orders_search
read | mail_read_message | mail_read_message
read | payments_search | payments_search
pay | payment_create | payment_create
delete | message_delete_all | message_delete_all
delete | access_revoke | access_revoke
write | ticket_set_status | ticket_set_status
write | machine_set_profile | machine_set_profile
write | price_list_update | price_list_update
send | cr.action.Office365Outlook-SendEmailV2 | Send an email (V2) | This operation sends an email message.
send | cr.action.Office365Outlook-ReplyToV3 | Reply to email (V3)
send | cr.action.Office365Outlook-ForwardEmailV2 | Forward an email (V2)
read | cr.action.Office365Outlook-GetEmailsV3 | Get emails (V3)
delete | cr.action.Office365Outlook-DeleteEmailV2 | Delete email (V2)
write | cr.action.Office365Outlook-MarkAsReadV3 | Mark as read or unread (V3)
write | cr.action.Office365Outlook-V4CalendarPostItem | Create event (V4)
read | cr.action.Office365Outlook-FindMeetingTimesV2 | Find meeting times (V2)
write | cr.action.Office365Outlook-ContactPostItemV2 | Create contact (V2)
write | cr.action.Office365Outlook-SetAutomaticRepliesSettingV2 | Set up automatic replies (V2)
write | cr.action.Office365Outlook-Flag | Flag email (V2)
send | gmail.send_message | gmail_send_message
send | gmail.users.messages.send
delete | gmail.users.messages.trash
write | gmail.users.drafts.create
read | gmail_search_messages | gmail_search_messages
read | GMAIL_FETCH_EMAILS | GMAIL_FETCH_EMAILS
send | cr.action.MicrosoftTeams-PostMessageToConversation | Post message in a chat or channel
write | cr.action.MicrosoftTeams-CreateChannel | Create a channel
read | cr.action.MicrosoftTeams-ListMembers | List members
share | cr.action.MicrosoftTeams-AddMemberToTeam | Add a member to a team
write | cr.action.SharePoint-CreateItem | Create item
read | cr.action.SharePoint-GetFileContent | Get file content
share | cr.action.SharePoint-GrantAccess | Grant access to an item or a folder
share | cr.action.SharePoint-CreateSharingLink | Create sharing link for a file or folder
delete | cr.action.SharePoint-DeleteFile | Delete file
write | cr.action.SharePoint-CheckOutFile | Check out file
send | cr.action.SharePoint-HttpRequest | Send an HTTP request to SharePoint
share | cr.action.OneDrive-CreateShareLink | Create share link
write | cr.action.CommonDataServiceforApps-CreateRecord | Add a new row
write | cr.action.CommonDataServiceforApps-UpdateOnlyRecord | Update a row
read | cr.action.CommonDataServiceforApps-ListRecords | List rows
execute | cr.action.CommonDataServiceforApps-PerformUnboundAction | Perform an unbound action
delete | cr.action.CommonDataServiceforApps-DeleteRecord | Delete a row
write | jira_create_issue | jira_create_issue
write | jira.transitionIssue | transitionIssue
write | jira_add_comment | jira_add_comment
read | JIRA:searchIssuesByJql | searchIssuesByJql
delete | jira_delete_issue | jira_delete_issue
read | atlassian.getJiraIssue | getJiraIssue
write | atlassian.editJiraIssue | editJiraIssue
write | servicenow.create_incident | create_incident
pay | cr.action.ServiceNow-OrderItem | Order Item
write | servicenow.resolveIncident | resolveIncident
read | servicenow_get_record | servicenow_get_record
write | salesforce.updateOpportunity | updateOpportunity
read | salesforce_soql_query | salesforce_soql_query
write | cr.action.Salesforce-PostItem_V2 | Create record
write | salesforce.upsertRecord | upsertRecord
write | salesforce.convertLead | convertLead
write | sap.BAPI_PO_CREATE1 | BAPI_PO_CREATE1 | Creates a purchase order
write | sap.PostGoodsReceipt | PostGoodsReceipt
write | sap.post_journal_entry | post_journal_entry
write | sap.ReleasePurchaseOrder | ReleasePurchaseOrder
pay | sap.RunPayment | RunPayment
read | sap.GetStockLevel | GetStockLevel
write | github.create_pull_request | create_pull_request
write | github.merge_pull_request | merge_pull_request
read | github.get_file_contents | get_file_contents
write | github.create_or_update_file | create_or_update_file
write | github.add_issue_comment | add_issue_comment
write | github.fork_repository | fork_repository
write | github.push_files | push_files
read | github.list_commits | list_commits
share | github.add_collaborator | add_collaborator | Adds a user to the repository
execute | github.run_workflow | run_workflow
read | mcp__github__search_code | mcp__github__search_code
pay | stripe.create_refund | create_refund
pay | stripe.create_payment_link | create_payment_link
pay | stripe.payment_intents.create
read | stripe.list_invoices | list_invoices
read | stripe.retrieve_balance | retrieve_balance
write | stripe.create_customer | create_customer
delete | stripe.cancel_subscription | cancel_subscription
write | stripe.finalize_invoice | finalize_invoice
send | slack_post_message | slack_post_message
send | slack.chat.postMessage
read | slack.conversations.history
share | slack.conversations.invite
read | slack_get_users | slack_get_users
write | slack.reactions.add
send | slack_reply_to_thread | slack_reply_to_thread
write | zendesk_create_ticket | zendesk_create_ticket
write | zendesk.update_ticket | update_ticket
read | zendesk.tickets.show
write | zendesk_add_public_comment | zendesk_add_public_comment
read | zendesk_search | zendesk_search
write | workday.submitTimeOff | submitTimeOff
write | cr.action.HR_SubmitLeave | HR_SubmitLeave | Submits a leave request for an employee.
read | workday.getWorker | getWorker
write | workday.changeJob | changeJob
pay | workday.Request_One-Time_Payment | Request One-Time Payment
delete | workday.terminateEmployee | terminateEmployee
write | mcp.filesystem.write_file | write_file
write | excel.write_cell | write_cell | Writes a value to a cell.
write | cr.action.ExcelOnlineBusiness-AddRowIntoATable | Add a row into a table
execute | cr.action.ExcelOnlineBusiness-RunScriptProd | Run script
read | excel.read_range | read_range
write | fs.move_file | move_file
read | fs.list_directory | list_directory
read | fs.directory_tree | directory_tree
execute | db.execute_sql | execute_sql
read | db.query | query
execute | postgres.run_query | run_query
read | browser_navigate | browser_navigate
read | browser_click | browser_click
write | playwright_evaluate | playwright_evaluate
send | twilio.sendSms | sendSms
read | drive.files.list
share | drive.permissions.create
read | drive.files.get
read | notion.API-retrieve-a-page | API-retrieve-a-page
write | hubspot-batch-create-objects | hubspot-batch-create-objects
read | x.weather | weather | Returns the weather of a place
read | x.currentTime | currentTime
read | x.calculator | calculator | Computes an expression
read | x.convert_currency | convert_currency
read | x.translate_text | translate_text
write | x.bookFlight | bookFlight
pay | x.makePayment | makePayment
pay | x.initiateWireTransfer | initiateWireTransfer
write | x.approveInvoice | approveInvoice
write | x.unlockDoor | unlockDoor
read | x.isUserActive | isUserActive
read | x.has_access | has_access
write | x.log_call | log_call
write | x.schedule_meeting | schedule_meeting
read | x.order_status | order_status
read | x.account_balance | account_balance
write | x.mail_merge | mail_merge
write | x.report_generator | report_generator | Generates a report
share | x.invite_user | invite_user
delete | x.revoke_token | revoke_token
write | x.reset_password | reset_password
write | x.upload_file | upload_file
read | x.download_file | download_file
delete | x.ticket_close | ticket_close
delete | x.user_delete | user_delete
pay | x.payments_create | payments_create
send | x.message_send | message_send
read | x.email_search | email_search
read | x.contact_list | contact_list
read | x.orders_get | orders_get
pay | x.Create-transfer | Create-transfer | Transfers money from the account
pay | x.Change-vendor-bank-details | Change-vendor-bank-details |
"""


def _rows() -> list[tuple[str, Tool]]:
    found = []
    for line in TOOLS.strip().splitlines():
        kind, tool_id, name, description = ([part.strip() for part in line.split("|")] + ["", ""])[:4]
        found.append((kind, Tool(tool_id=tool_id, name=name, description=description)))
    return found


@pytest.mark.parametrize(("kind", "tool"), _rows(), ids=lambda part: getattr(part, "tool_id", part))
def test_it_knows_what_a_tool_does_by_its_name(kind: str, tool: Tool) -> None:
    assert infer_kind(tool, a_ruleset(), agent_id="a").value == kind


def test_the_product_is_no_word_of_the_tool() -> None:
    assert tool_words(Tool(tool_id="mcp__slack__post_message", name="")) == ("post", "message")
    assert tool_words(Tool(tool_id="gmail", name="gmail")) == ("gmail",)
