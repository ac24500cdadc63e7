"""Receivers as an admin writes them: one form, with the fields its protocol asks for."""

from typing import Any

from django import forms
from django.forms import BoundField

from guardrail.badges import SEVERITIES
from investigations.models import Receiver
from investigations.receiver_kinds import KINDS
from investigations.receivers import LONGEST_PEM_SECRET, ReceiverSettings
from investigations.siem.event import KIND_WORDS, Kind
from investigations.siem.sinks.sink import ReceiverKind, Setting, Sink

# A setting that may be as long is typed in several lines
_MANY_WORDS = 1_000
_TYPED = {"autocomplete": "off", "spellcheck": "false"}
_OTHERS = [(kind.value, word) for kind, word in KIND_WORDS.items() if kind not in (Kind.CALL, Kind.TEST)]
_USUAL = [
    kind.value for kind in (Kind.CASE_OPENED, Kind.CASE_CLOSED, Kind.POLICY, Kind.RESTRICTION, Kind.AUDIT, Kind.TRAIL)
]


class SecretLines(forms.Textarea):
    """A secret of several lines: as with a password, what was typed is not on the page that comes back."""

    def format_value(self, value: Any) -> None:
        return None


class ReceiverForm(forms.Form):
    """Everything an admin decides for a receiver of one kind. The service checks the rest."""

    name = forms.CharField(max_length=100, help_text="What people here call it.")
    address = forms.CharField(max_length=500, widget=forms.TextInput({**_TYPED, "inputmode": "url"}))
    secret = forms.CharField(
        max_length=LONGEST_PEM_SECRET,
        required=False,
        widget=forms.PasswordInput({"autocomplete": "new-password", "spellcheck": "false"}),
    )
    calls = forms.ChoiceField(label="Calls", choices=Receiver.CallsChoice.choices, initial=Receiver.CallsChoice.STOPPED)
    severity_from = forms.TypedChoiceField(
        label="From severity",
        coerce=int,
        choices=[(0, "Any"), *((severity, word) for severity, (_, word) in sorted(SEVERITIES.items()))],
        help_text="Of calls and investigations.",
    )
    kinds = forms.MultipleChoiceField(
        label="And",
        choices=_OTHERS,
        required=False,
        initial=_USUAL,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    content = forms.ChoiceField(
        label="How much of it",
        choices=Receiver.ContentChoice.choices,
        help_text="The decision itself is always sent.",
    )
    per_minute = forms.IntegerField(
        label="Events a minute at most",
        min_value=0,
        max_value=1_000_000,
        initial=0,
        help_text="0: no limit.",
    )
    inside = forms.BooleanField(
        label="It may be on this machine or in a private network",
        required=False,
        help_text="Without it, a name that leads inside is not connected to.",
    )
    authority = forms.CharField(
        label="Certificate of who signs its certificate",
        required=False,
        widget=forms.Textarea({"rows": 3, **_TYPED}),
        help_text="PEM, for an authority of your own. Empty: the usual ones.",
    )

    def __init__(self, *args: Any, sink: ReceiverKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sink = sink
        self.fields["address"].help_text = sink.address_help
        self.fields["secret"].label, self.fields["secret"].help_text = sink.secret_label, sink.secret_help
        if sink.secret_pem:
            self.fields["secret"].widget = SecretLines({"rows": 3, **_TYPED})
        for name, asked in (("address", sink.address_help), ("secret", sink.secret_label)):
            if not asked:
                del self.fields[name]
        if not sink.address_help:
            for name in ("inside", "authority"):
                del self.fields[name]
        if not self.is_told_of_events:
            del self.fields["calls"], self.fields["kinds"], self.fields["per_minute"]
            self.fields["severity_from"].help_text = "Of investigations a ticket is opened for by itself."
            self.fields["content"].help_text = "Of an investigation that is kept to few nothing leaves but as metadata."
        for one in sink.settings:
            self.fields[one.name] = _field_of(one)

    @property
    def is_told_of_events(self) -> bool:
        """Whether it is a sink of events, and no ticket system."""
        return isinstance(self.sink, Sink)

    def of_its_protocol(self) -> list[BoundField]:
        """The fields that only this kind has, of a few words each."""
        return [self[one.name] for one in self.sink.settings if one.longest < _MANY_WORDS]

    def lists_of_its_protocol(self) -> list[BoundField]:
        """Those that only this kind has and that take many words."""
        return [self[one.name] for one in self.sink.settings if one.longest >= _MANY_WORDS]

    def settings(self) -> ReceiverSettings:
        """What was decided; only after `is_valid`."""
        data = self.cleaned_data
        return ReceiverSettings(
            name=data["name"],
            address=data.get("address", ""),
            secret=data.get("secret", ""),
            settings={one.name: data[one.name] for one in self.sink.settings},
            authority=data.get("authority", ""),
            inside=data.get("inside", False),
            calls=data.get("calls", Receiver.CallsChoice.NONE.value),
            severity_from=data["severity_from"],
            kinds=tuple(data.get("kinds", ())),
            content=data["content"],
            per_minute=data.get("per_minute", 0),
        )

    @classmethod
    def of(cls, receiver: Receiver) -> "ReceiverForm":
        """The form as it stands; without the secret, which leaves the house in one direction only."""
        names = ("name", "address", "calls", "severity_from", "kinds", "content", "per_minute", "inside", "authority")
        initial = {name: getattr(receiver, name) for name in names}
        return cls(initial={**initial, **receiver.settings}, sink=KINDS[receiver.kind])


def _field_of(setting: Setting) -> forms.Field:
    told: dict[str, Any] = {"label": setting.label, "help_text": setting.help, "initial": setting.default}
    if setting.choices:
        return forms.ChoiceField(choices=setting.choices, required=False, **told)
    widget = forms.Textarea({"rows": 2, **_TYPED}) if setting.longest >= _MANY_WORDS else forms.TextInput(_TYPED)
    return forms.CharField(required=False, max_length=setting.longest, widget=widget, **told)


class RemoveReceiverForm(forms.Form):
    """Its name, typed, so that the wrong one is not removed by one click."""

    typed = forms.CharField(label="Type its name", max_length=100, widget=forms.TextInput(_TYPED))
