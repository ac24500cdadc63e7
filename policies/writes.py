"""What a request needs that would change something, by the name of its route.

Services ask `require` themselves, whoever calls them. This is the door before them: one list, reviewed like code, that
does not tell whoever may not change a thing whether it is there. A route that is in none of these changes nothing.
"""

from collections.abc import Mapping
from types import MappingProxyType

from policies.access import Permission

# Before anybody is signed in.
OPEN = frozenset(("login sign_in_authenticator sign_in_code single_sign_on welcome").split())
# One's own account and views, and what leaves nothing behind.
EVERYBODY = frozenset(
    (
        "account_authenticator account_authenticator_add account_authenticator_remove account_password "
        "account_recovery_codes account_sign_out_elsewhere logout policy_classes_try "
        "queue_view_first queue_view_remove queue_view_save"
    ).split()
)
# What somebody who sees some environments only may open: each shows them their part of it (`policies.scope`). What is
# not here is not there for them, and so is a page that is new.
NARROWED = EVERYBODY | frozenset(
    (
        "account agent agent_drift_acknowledge agent_ledger agents bulk bulk_ask bulk_begin bulk_go_on bulk_undo "
        "campaign campaigns entity entity_of_kind environment environments investigation investigation_allow_once "
        "investigation_claim investigation_close investigation_comment investigation_confide investigation_new "
        "investigation_notice_sent investigation_notices investigation_open_up investigation_pause "
        "investigation_playbook_add investigation_release investigation_reopen investigation_restrict "
        "investigation_resume investigation_split investigation_step_mark investigation_take_back "
        "investigation_take_over investigation_ticket investigations_merge investigations_unmerge playbook "
        "playbook_version playbooks queue queue_news queue_views remediation_change remediation_mark remediations "
        "report_compliance report_compliance_export reports response_undo search search_export ticket_again tool "
        "tools verdict verdict_body verdict_replay verdicts"
    ).split()
)
_BY_PERMISSION: Mapping[Permission, str] = {
    Permission.INVESTIGATE: (
        "agent_drift_acknowledge bulk_ask bulk_begin bulk_go_on bulk_undo campaign_confirm campaign_dismiss "
        "exercises investigation_allow_once investigation_claim investigation_close investigation_comment "
        "investigation_confide investigation_list_destination investigation_new investigation_notice_sent "
        "investigation_pause investigation_playbook_add investigation_release investigation_reopen "
        "investigation_resume investigation_split investigation_step_mark investigation_take_back "
        "investigation_take_over investigation_ticket investigations_merge "
        "investigations_unmerge policy_backtest_cancel policy_backtest_resume policy_backtests remediation_change "
        "remediation_mark ticket_again"
    ),
    Permission.HOLD: ("privacy_hold"),
    Permission.LIFT_HOLD: ("privacy_hold_lift"),
    Permission.ERASE: ("privacy_erase"),
    Permission.REVEAL: ("investigation_reveal verdict_reveal"),
    Permission.LEAD: ("investigation_open_up queue_clocks"),
    Permission.RESPOND: ("investigation_restrict response_restrict response_undo"),
    Permission.READ_AUDIT: ("audit_anchors audit_export"),
    Permission.EXPORT_EVIDENCE: (
        "indicators_export investigation_evidence report_compliance_export search_export verdict_evidence"
    ),
    Permission.CHANGE_POLICY: (
        "agent_charter agent_charter_unpin agent_import agent_import_drop agent_import_new agent_mode agent_new "
        "agent_register agent_settings environment_masking environment_mode environment_retention environments "
        "indicator_dismiss indicator_new "
        "indicator_restore indicator_source_fetch indicator_source_new indicator_source_overrule "
        "indicator_source_pause indicator_source_remove indicator_source_resume indicator_source_settings "
        "indicator_source_upload opinion_new opinion_pause opinion_remove opinion_resume opinion_settings "
        "opinion_try playbook playbook_new policy_class policy_class_documents policy_class_documents_class "
        "policy_class_documents_remove policy_class_files policy_class_files_ticked policy_class_move "
        "policy_class_new policy_class_remove policy_classes_usual policy_destination_remove policy_destination_set "
        "policy_destinations_import policy_dictionary policy_dictionary_new policy_dictionary_remove "
        "policy_draft_apply policy_draft_approve policy_draft_discard policy_draft_flows policy_draft_new "
        "policy_draft_publish policy_draft_return policy_draft_review policy_draft_save policy_draft_update "
        "policy_exception_end policy_exception_new policy_exception_renew policy_export policy_flows_begin "
        "policy_import policy_packs policy_pattern policy_pattern_new policy_pattern_remove policy_rule "
        "policy_rule_from_verdict policy_rule_new policy_rule_remove policy_rule_stage policy_version_draft "
        "policy_version_restore response_budget response_end_all response_off response_on response_rule tool "
        "tool_follow_all verdict_allow"
    ),
    Permission.CHANGE_CALLERS: (
        "caller_certificates caller_disable caller_enable caller_entra caller_entra_clear caller_limit "
        "caller_token_issue caller_token_revoke caller_token_rotate callers"
    ),
    Permission.CHANGE_RECEIVERS: (
        "delivery_receiver_new delivery_receiver_pause delivery_receiver_remove delivery_receiver_replay "
        "delivery_receiver_resume delivery_receiver_settings delivery_receiver_test"
    ),
    Permission.CHANGE_API_TOKENS: ("api_token_revoke api_token_rotate api_tokens"),
    Permission.CHANGE_PEOPLE: (
        "people people_second_factor person_disable person_enable person_environments person_link "
        "person_reset_second_factor person_role person_sign_out person_unlock"
    ),
}
WRITES: Mapping[str, Permission] = MappingProxyType(
    {name: permission for permission, names in _BY_PERMISSION.items() for name in names.split()}
)
