"""The pages of this package: signing in and out, calls, callers."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from guardrail.views import verdicts

urlpatterns = [
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("verdicts/", verdicts.verdict_list, name="verdicts"),
    path("verdicts/<uuid:pk>/", verdicts.verdict_page, name="verdict"),
    path("verdicts/<uuid:pk>/body/", verdicts.verdict_body, name="verdict_body"),
]
