"""What a person chooses to try on stored calls: a draft or a version, and which calls."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms

from policies.models import PolicyDraft, PolicyVersion

_DRAFT, _VERSION = "draft", "version"
_MOST = 50


class BacktestForm(forms.Form):
    """`subject` is `draft.<pk>` or `version.<number>`; the last days, or from a day to another, both included."""

    subject = forms.ChoiceField(label="Try")
    days = forms.IntegerField(label="On the calls of the last days", min_value=1, max_value=366, required=False)
    since = forms.DateField(
        label="or from", required=False, widget=forms.DateInput(attrs={"type": "date"}), help_text="Days are UTC."
    )
    until = forms.DateField(label="to", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    agent_id = forms.CharField(
        label="Of one agent", max_length=200, required=False, help_text="Its id; empty for every agent."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        drafts = PolicyDraft.objects.filter(state__in=(PolicyDraft.State.OPEN, PolicyDraft.State.IN_REVIEW))
        versions = PolicyVersion.objects.values_list("number", flat=True)
        choices = [
            *((f"{_DRAFT}.{pk}", f"Draft: {title[:80]}") for pk, title in drafts.values_list("pk", "title")[:_MOST]),
            *((f"{_VERSION}.{number}", f"Version {number}") for number in versions[:_MOST]),
        ]
        self.fields["subject"] = forms.ChoiceField(label="Try", choices=choices)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", "It is before the first day; choose a later one.")
        if not since and not cleaned.get("days") and not self.errors.keys() & {"since", "days"}:
            self.add_error("days", "Choose how many days, or a first day.")
        return cleaned

    def subject_chosen(self) -> PolicyDraft | PolicyVersion | None:
        """None where it is gone meanwhile."""
        kind, _, key = str(self.cleaned_data["subject"]).partition(".")
        if kind == _DRAFT:
            return PolicyDraft.objects.filter(pk=key).first()
        return PolicyVersion.objects.filter(number=key).first()

    def span(self, now: datetime) -> tuple[datetime, datetime]:
        """From and to; a first day overrules the number of days."""
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since is None:
            return now - timedelta(days=self.cleaned_data["days"]), now
        begins = datetime(since.year, since.month, since.day, tzinfo=UTC)
        ends = datetime(until.year, until.month, until.day, tzinfo=UTC) + timedelta(days=1) if until else now
        return begins, ends
