"""The pages of this package: signing in and out, calls, callers, second opinions."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from guardrail.views import callers, documents, opinions, verdicts

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
    path("opinions/", opinions.opinions, name="opinions"),
    path("opinions/new/", opinions.opinion_new, name="opinion_new"),
    path("opinions/<int:pk>/", opinions.opinion, name="opinion"),
    path("opinions/<int:pk>/settings/", opinions.opinion_settings, name="opinion_settings"),
    path("opinions/<int:pk>/try/", opinions.opinion_try, name="opinion_try"),
    path("opinions/<int:pk>/pause/", opinions.opinion_pause, name="opinion_pause"),
    path("opinions/<int:pk>/resume/", opinions.opinion_resume, name="opinion_resume"),
    path("opinions/<int:pk>/remove/", opinions.opinion_remove, name="opinion_remove"),
]
