"""How long people may take, as a lead writes it."""

from collections.abc import Iterator
from datetime import time, timedelta
from typing import Any

from django import forms
from django.forms import BoundField

from guardrail.badges import SEVERITIES
from investigations.clock_settings import LONGEST_MINUTES, Clocks
from investigations.working_hours import Hours

_DAYS = ((1, "Mon"), (2, "Tue"), (3, "Wed"), (4, "Thu"), (5, "Fri"), (6, "Sat"), (7, "Sun"))


class ClockForm(forms.Form):
    """Minutes for each severity, when people work, and when what is not touched goes back."""

    working_hours = forms.BooleanField(label="Clocks run only while people work", required=False)
    zone = forms.CharField(label="Time zone", max_length=64, help_text="A name such as Europe/Berlin.")
    days = forms.TypedMultipleChoiceField(
        label="Days",
        choices=_DAYS,
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    opens = forms.TimeField(label="From", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    closes = forms.TimeField(
        label="To", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"), help_text="Earlier is the next day."
    )
    untouched = forms.IntegerField(
        label="Back to the queue after minutes",
        min_value=0,
        max_value=10_080,
        help_text="What somebody took and did nothing with. 0 = never.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for severity, (_, word) in sorted(SEVERITIES.items(), reverse=True):
            for what in ("acknowledge", "resolve"):
                self.fields[f"{what}_{severity}"] = forms.IntegerField(
                    label=f"{word}: minutes to {what}", min_value=0, max_value=LONGEST_MINUTES
                )

    def rows(self) -> Iterator[tuple[int, BoundField, BoundField]]:
        """Severity, and its two fields."""
        for severity in sorted(SEVERITIES, reverse=True):
            yield severity, self[f"acknowledge_{severity}"], self[f"resolve_{severity}"]

    def clocks(self) -> Clocks:
        """What a valid form says."""
        data = self.cleaned_data
        return Clocks(
            targets={s: (data[f"acknowledge_{s}"], data[f"resolve_{s}"]) for s in SEVERITIES},
            hours=Hours(
                always=not data["working_hours"],
                zone=data["zone"].strip(),
                days=frozenset(data["days"]),
                opens=data["opens"],
                closes=data["closes"],
            ),
            untouched=timedelta(minutes=data["untouched"]),
        )

    @classmethod
    def of(cls, clocks: Clocks) -> "ClockForm":
        """The form as it stands."""
        hours = clocks.hours
        initial: dict[str, Any] = {
            "working_hours": not hours.always,
            "zone": hours.zone,
            "days": sorted(hours.days) or [1, 2, 3, 4, 5],
            "opens": hours.opens if not hours.always or hours.days else time(9),
            "closes": hours.closes if not hours.always or hours.days else time(17),
            "untouched": int(clocks.untouched.total_seconds() // 60),
        }
        for severity in SEVERITIES:
            initial[f"acknowledge_{severity}"], initial[f"resolve_{severity}"] = clocks.minutes(severity)
        return cls(initial=initial)
