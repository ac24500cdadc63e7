"""The pages of this package: signing in and out, calls, callers."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from guardrail.views import callers, verdicts

urlpatterns = [
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("verdicts/", verdicts.verdict_list, name="verdicts"),
    path("verdicts/<uuid:pk>/", verdicts.verdict_page, name="verdict"),
    path("verdicts/<uuid:pk>/body/", verdicts.verdict_body, name="verdict_body"),
    path("callers/", callers.caller_list, name="callers"),
    path("callers/<int:pk>/", callers.caller, name="caller"),
    path("callers/<int:pk>/tokens/", callers.issue, name="caller_token_issue"),
    path("callers/<int:pk>/tokens/<int:token>/rotate/", callers.rotate, name="caller_token_rotate"),
    path("callers/<int:pk>/tokens/<int:token>/revoke/", callers.revoke, name="caller_token_revoke"),
    path("callers/<int:pk>/entra/", callers.entra, name="caller_entra"),
    path("callers/<int:pk>/entra/clear/", callers.clear_entra, name="caller_entra_clear"),
    path("callers/<int:pk>/enable/", callers.enable, name="caller_enable"),
    path("callers/<int:pk>/disable/", callers.disable, name="caller_disable"),
]
