"""The pages of investigations."""

from django.urls import path

from investigations.views import (
    act,
    campaign,
    exercises,
    impact,
    investigation,
    policy_rule,
    policy_rules,
    queue,
    response,
)

urlpatterns = [
    path("", queue.queue, name="queue"),
    path("campaigns/", campaign.campaign_list, name="campaigns"),
    path("campaigns/<int:pk>/", campaign.campaign_page, name="campaign"),
    path("campaigns/<int:pk>/confirm/", campaign.confirm, name="campaign_confirm"),
    path("campaigns/<int:pk>/dismiss/", campaign.dismiss, name="campaign_dismiss"),
    path("exercise/", exercises.exercise_list, name="exercises"),
    path("exercise/<int:pk>/", exercises.exercise_page, name="exercise"),
    path("policies/impact/", impact.edit_impact, name="policy_impact"),
    path("policies/drafts/<int:pk>/impact/", impact.draft_impact, name="policy_draft_impact"),
    path("queue/news/", queue.queue_news, name="queue_news"),
    path("investigations/<int:pk>/", investigation.investigation_page, name="investigation"),
    path("investigations/<int:pk>/claim/", act.claim, name="investigation_claim"),
    path("investigations/<int:pk>/take-over/", act.take_over, name="investigation_take_over"),
    path("investigations/<int:pk>/release/", act.release, name="investigation_release"),
    path("investigations/<int:pk>/comment/", act.comment, name="investigation_comment"),
    path("investigations/<int:pk>/close/", act.close, name="investigation_close"),
    path("investigations/<int:pk>/allow-once/", act.allow_once, name="investigation_allow_once"),
    path("investigations/<int:pk>/allow-once/take-back/", act.take_back, name="investigation_take_back"),
    path("investigations/<int:pk>/list-destination/", act.list_destination, name="investigation_list_destination"),
    path("investigations/<int:pk>/restrict/", response.investigation_restrict, name="investigation_restrict"),
    path("response/", response.response, name="response"),
    path("response/restrict/", response.response_restrict, name="response_restrict"),
    path("response/restrictions/<int:pk>/undo/", response.response_undo, name="response_undo"),
    path("response/rules/<slug:slug>/", response.response_rule, name="response_rule"),
    path("response/budget/", response.response_budget, name="response_budget"),
    path("response/off/", response.response_off, name="response_off"),
    path("response/on/", response.response_on, name="response_on"),
    path("response/end-all/", response.response_end_all, name="response_end_all"),
    path("investigations/<int:pk>/reopen/", act.reopen, name="investigation_reopen"),
    path("verdicts/<uuid:pk>/rule/", policy_rule.policy_rule_from_verdict, name="policy_rule_from_verdict"),
    path("policies/rules/", policy_rules.policy_rules, name="policy_rules"),
    path("policies/rules/<str:name>/stage/", policy_rules.policy_rule_stage, name="policy_rule_stage"),
    path("policies/completions/", policy_rule.policy_completions, name="policy_completions"),
    path("policies/drafts/<int:pk>/rules/", policy_rule.policy_rule, name="policy_rule_new"),
    path("policies/drafts/<int:pk>/rules/<str:name>/", policy_rule.policy_rule, name="policy_rule"),
    path(
        "policies/drafts/<int:pk>/rules/<str:name>/remove/", policy_rule.policy_rule_remove, name="policy_rule_remove"
    ),
]
