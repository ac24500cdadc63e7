"""The pages of this package: signing in and out, calls, callers, second opinions, threat intelligence."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from guardrail.views import callers, documents, drafts, indicator_sources, intelligence, opinions, verdicts

urlpatterns = [
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("verdicts/", verdicts.verdict_list, name="verdicts"),
    path("verdicts/<uuid:pk>/", verdicts.verdict_page, name="verdict"),
    path("verdicts/<uuid:pk>/body/", verdicts.verdict_body, name="verdict_body"),
    path("documents/", documents.document_list, name="documents"),
    path("documents/<int:pk>/", documents.document_page, name="document"),
    path("callers/", callers.caller_list, name="callers"),
    path("callers/<int:pk>/", callers.caller, name="caller"),
    path("callers/<int:pk>/tokens/", callers.issue, name="caller_token_issue"),
    path("callers/<int:pk>/tokens/<int:token>/rotate/", callers.rotate, name="caller_token_rotate"),
    path("callers/<int:pk>/tokens/<int:token>/revoke/", callers.revoke, name="caller_token_revoke"),
    path("callers/<int:pk>/entra/", callers.entra, name="caller_entra"),
    path("callers/<int:pk>/entra/clear/", callers.clear_entra, name="caller_entra_clear"),
    path("callers/<int:pk>/enable/", callers.enable, name="caller_enable"),
    path("callers/<int:pk>/disable/", callers.disable, name="caller_disable"),
    path("intelligence/", intelligence.intelligence, name="intelligence"),
    path("intelligence/indicators/new/", intelligence.indicator_new, name="indicator_new"),
    path("intelligence/indicators/<int:pk>/", intelligence.indicator, name="indicator"),
    path("intelligence/indicators/<int:pk>/dismiss/", intelligence.indicator_dismiss, name="indicator_dismiss"),
    path("intelligence/indicators/<int:pk>/restore/", intelligence.indicator_restore, name="indicator_restore"),
    path("intelligence/sources/new/", indicator_sources.source_new, name="indicator_source_new"),
    path("intelligence/sources/<int:pk>/", indicator_sources.source, name="indicator_source"),
    path(
        "intelligence/sources/<int:pk>/settings/", indicator_sources.source_settings, name="indicator_source_settings"
    ),
    path("intelligence/sources/<int:pk>/upload/", indicator_sources.source_upload, name="indicator_source_upload"),
    path("intelligence/sources/<int:pk>/fetch/", indicator_sources.source_fetch, name="indicator_source_fetch"),
    path("intelligence/sources/<int:pk>/pause/", indicator_sources.source_pause, name="indicator_source_pause"),
    path("intelligence/sources/<int:pk>/resume/", indicator_sources.source_resume, name="indicator_source_resume"),
    path(
        "intelligence/sources/<int:pk>/overrule/", indicator_sources.source_overrule, name="indicator_source_overrule"
    ),
    path("intelligence/sources/<int:pk>/remove/", indicator_sources.source_remove, name="indicator_source_remove"),
    path("policies/drafts/new/", drafts.draft_new, name="policy_draft_new"),
    path("policies/drafts/<int:pk>/", drafts.draft, name="policy_draft"),
    path("policies/drafts/<int:pk>/save/", drafts.draft_save, name="policy_draft_save"),
    path("policies/drafts/<int:pk>/apply/", drafts.draft_apply, name="policy_draft_apply"),
    path("policies/drafts/<int:pk>/update/", drafts.draft_update, name="policy_draft_update"),
    path("policies/drafts/<int:pk>/discard/", drafts.draft_discard, name="policy_draft_discard"),
    path("policies/drafts/<int:pk>/review/", drafts.draft_review, name="policy_draft_review"),
    path("policies/drafts/<int:pk>/approve/", drafts.draft_approve, name="policy_draft_approve"),
    path("policies/drafts/<int:pk>/return/", drafts.draft_return, name="policy_draft_return"),
    path("policies/drafts/<int:pk>/publish/", drafts.draft_publish, name="policy_draft_publish"),
    path("opinions/", opinions.opinions, name="opinions"),
    path("opinions/new/", opinions.opinion_new, name="opinion_new"),
    path("opinions/<int:pk>/", opinions.opinion, name="opinion"),
    path("opinions/<int:pk>/settings/", opinions.opinion_settings, name="opinion_settings"),
    path("opinions/<int:pk>/try/", opinions.opinion_try, name="opinion_try"),
    path("opinions/<int:pk>/pause/", opinions.opinion_pause, name="opinion_pause"),
    path("opinions/<int:pk>/resume/", opinions.opinion_resume, name="opinion_resume"),
    path("opinions/<int:pk>/remove/", opinions.opinion_remove, name="opinion_remove"),
]
