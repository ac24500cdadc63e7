"""Forms of the agent, tool and environment pages: text in, what a service wants out."""

from typing import Any

from django import forms

from policies.models import Agent, Environment, ModeChoice, SecondOpinion, Tool
from policies.recognition.kinds import MASKED
from policies.services.inventory import AgentSettings
from policies.services.opinions import BUDGETS_MS, LONGEST_TOKEN, OpinionSettings
from policies.services.tools import ToolSettings
from policies.tool_queries import ToolRow

# Typed by whoever lets calls through unjudged: a click alone opens the door too easily.
OPEN_DOOR = "let calls through"
# Typed by whoever lets a tool act before it is judged that can take something out of the house, or away.
ACT_FIRST = "act before judging"
_HARMFUL = frozenset(("send", "pay", "delete", "share", "execute"))


class AgentSettingsForm(forms.Form):
    """Everything an admin decides for one agent. `current_posture` holds now: only opening the door is asked back."""

    name = forms.CharField(max_length=200, required=False)
    owner = forms.CharField(max_length=200, help_text="Who answers for what it does.")
    mode = forms.ChoiceField(
        required=False,
        choices=[
            ("", "As its environment"),
            ("enforce", "Enforce: stop what policy stops"),
            ("monitor", "Monitor: only watch"),
        ],
    )
    profile = forms.ChoiceField(
        required=False,
        choices=[
            ("", "As the policy says"),
            ("strict", "Strict: stop what is suspected"),
            ("cautious", "Cautious: hold it for a person, as its users delegate to mail and documents"),
        ],
    )
    fail_posture = forms.ChoiceField(
        label="If Guardrail fails",
        required=False,
        choices=[("", "As the policy says"), ("block", "Block the call"), ("allow", "Allow the call")],
        help_text="The answer when judging could not be finished in time.",
    )
    lifecycle = forms.ChoiceField(required=False, choices=[("", "Not told"), *Agent.Lifecycle.choices])
    criticality = forms.ChoiceField(required=False, choices=[("", "Not told"), *Agent.Criticality.choices])
    process = forms.CharField(
        label="Business process", max_length=100, required=False, help_text="Rules know it as process."
    )
    confirmation = forms.CharField(
        label=f"To allow when Guardrail fails, type: {OPEN_DOOR}",
        required=False,
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text="Whoever can make judging fail, with a huge document say, gets their call through.",
    )

    def __init__(self, *args: Any, current_posture: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.current_posture = current_posture

    def clean(self) -> dict[str, Any]:
        """Refuse to open the door without the sentence."""
        cleaned = super().clean() or self.cleaned_data
        opens = cleaned.get("fail_posture") == "allow" and self.current_posture != "allow"
        typed = cleaned.get("confirmation", "").strip().lower()
        if opens and typed != OPEN_DOOR:
            found = f"`{typed}` was typed" if typed else "nothing was typed"
            self.add_error("confirmation", f"{found}, expected `{OPEN_DOOR}`")
        return cleaned

    def settings(self) -> AgentSettings:
        """What was decided; only after `is_valid`."""
        return AgentSettings(
            name=self.cleaned_data["name"],
            owner=self.cleaned_data["owner"],
            mode=self.cleaned_data["mode"],
            profile=self.cleaned_data["profile"],
            fail_posture=self.cleaned_data["fail_posture"],
            lifecycle=self.cleaned_data["lifecycle"],
            criticality=self.cleaned_data["criticality"],
            process=self.cleaned_data["process"],
        )


class ToolForm(forms.Form):
    """What an admin decides for a tool. `row` is what holds now: a tool that can do harm asks for the sentence."""

    scope = forms.ChoiceField(label="For", choices=[("all", "All agents"), ("agent", "This agent only")])
    kind = forms.ChoiceField(
        label="What it does",
        required=False,
        choices=[("", "As inferred from its name"), *((kind.value, kind.label) for kind in Tool.KindChoice)],
        help_text="A tool that only reads is held to less than one that sends, pays or deletes.",
    )
    judged = forms.ChoiceField(
        label="Its calls are judged",
        choices=[("before", "Before the answer: critical"), ("after", "After the answer: not critical")],
        help_text="After: only the quick checks answer, the rest may find an attack when the call has run.",
    )
    confirmation = forms.CharField(
        label=f"For a tool that can send, pay, delete, share or run something, type: {ACT_FIRST}",
        required=False,
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text="What such a call has done cannot be taken back when it turns out to be an attack.",
    )

    def __init__(self, *args: Any, row: ToolRow, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row = row

    def clean(self) -> dict[str, Any]:
        """Refuse to let a harmful tool act first without the sentence, whatever it is called meanwhile."""
        cleaned = super().clean() or self.cleaned_data
        harmful = not _HARMFUL.isdisjoint((cleaned.get("kind", ""), self.row.kind, self.row.seen.kind))
        opens = cleaned.get("judged") == "after" and (self.row.critical or cleaned.get("scope") == "all")
        typed = cleaned.get("confirmation", "").strip().lower()
        if opens and harmful and typed != ACT_FIRST:
            found = f"`{typed}` was typed" if typed else "nothing was typed"
            self.add_error("confirmation", f"{found}, expected `{ACT_FIRST}`")
        return cleaned

    def settings(self) -> ToolSettings:
        """What was decided; only after `is_valid`."""
        return ToolSettings(
            agent_id=self.row.seen.agent_id if self.cleaned_data["scope"] == "agent" else "",
            kind=self.cleaned_data["kind"],
            critical=self.cleaned_data["judged"] == "before",
        )


class ModeForm(forms.Form):
    """A switch to `monitor` or `enforce`, or back to the default."""

    mode = forms.ChoiceField(required=False, choices=[("", "default"), *ModeChoice.choices])


class RegisterForm(forms.Form):
    """Who takes on a shadow agent."""

    owner = forms.CharField(max_length=200, help_text="Who answers for what it does.")


class NewAgentForm(forms.Form):
    """An agent registered before its first call."""

    agent_id = forms.CharField(
        label="Agent id",
        max_length=200,
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text="The id its calls carry; Copilot Studio shows it under Settings, Advanced, Metadata.",
    )
    name = forms.CharField(max_length=200, required=False)
    owner = forms.CharField(max_length=200, help_text="Who answers for what it does.")
    environment = forms.ModelChoiceField(Environment.objects.all(), required=False, empty_label="Not known")


class NewEnvironmentForm(forms.Form):
    """An environment noted before its first call."""

    environment_id = forms.CharField(
        label="Environment id",
        max_length=200,
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text="From the Power Platform admin center, e.g. Default-11111111-2222-3333-4444-555555555555.",
    )
    name = forms.CharField(max_length=200, required=False)
    mode = forms.ChoiceField(
        required=False,
        initial="monitor",
        choices=[
            ("monitor", "Monitor: only watch"),
            ("enforce", "Enforce: stop what policy stops"),
            ("", "As the policy"),
        ],
        help_text="For production: monitor first.",
    )


class MaskingForm(forms.Form):
    """Which kinds of data are masked in the calls of an environment."""

    masked = forms.MultipleChoiceField(
        label="Masked until somebody gives a reason",
        choices=MASKED,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class RetentionForm(forms.Form):
    """How long the calls of an environment are kept."""

    transcript_days = forms.IntegerField(
        label="Days what calls say is kept",
        required=False,
        min_value=1,
        max_value=36_600,
        help_text="Then transcripts, quotes and words of the search go; what was decided stays. Empty: no end.",
    )
    call_days = forms.IntegerField(
        label="Days whole calls are kept",
        required=False,
        min_value=1,
        max_value=36_600,
        help_text="Then the record of the decision goes, too. Empty: as long as all calls are.",
    )


class OpinionForm(forms.Form):
    """Everything an admin decides for another engine. The services check the rest."""

    name = forms.CharField(max_length=100, help_text="What people call it; verdicts quote it by this name.")
    base_url = forms.CharField(
        label="Address",
        max_length=500,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}),
        help_text="What Copilot Studio would be given: /validate and /analyze-tool-execution are added to it.",
    )
    token = forms.CharField(
        label="Bearer token",
        max_length=LONGEST_TOKEN,
        required=False,
        widget=forms.PasswordInput({"autocomplete": "new-password", "spellcheck": "false"}),
        help_text="What this engine gave out for us. It is kept encrypted and never shown again.",
    )
    budget_ms = forms.IntegerField(
        label="Milliseconds it may take", min_value=BUDGETS_MS[0], max_value=BUDGETS_MS[-1], initial=200
    )
    asked_for = forms.ChoiceField(label="Is asked about", choices=SecondOpinion.AskedForChoice.choices)
    agents = forms.CharField(
        label="Only of these agents",
        required=False,
        widget=forms.Textarea({"rows": 2, "spellcheck": "false"}),
        help_text="Agent ids, one a line. Empty: of every agent.",
    )
    strict_action = forms.ChoiceField(
        label="When it objects, profile strict",
        required=False,
        choices=[("", "As the policy says"), *SecondOpinion.ActionChoice.choices],
    )
    cautious_action = forms.ChoiceField(
        label="When it objects, profile cautious",
        required=False,
        choices=[("", "As the policy says"), *SecondOpinion.ActionChoice.choices],
    )
    required = forms.TypedChoiceField(
        label="When it gives no answer in time",
        coerce=lambda value: value == "yes",
        choices=[
            ("no", "Go by our own verdict, and say that it was missing"),
            ("yes", "It is required: a call that can do harm gets the fail posture"),
        ],
        help_text="Required, an outage there stops your agents here.",
    )

    def settings(self) -> OpinionSettings:
        """What was decided; only after `is_valid`."""
        cleaned = self.cleaned_data
        return OpinionSettings(
            name=cleaned["name"],
            base_url=cleaned["base_url"],
            token=cleaned["token"],
            budget_ms=cleaned["budget_ms"],
            asked_for=cleaned["asked_for"],
            strict_action=cleaned["strict_action"],
            cautious_action=cleaned["cautious_action"],
            required=cleaned["required"],
            agents=tuple(line.strip() for line in cleaned["agents"].splitlines() if line.strip()),
        )


class NewOpinionForm(OpinionForm):
    """An engine that is set up."""

    slug = forms.CharField(
        label="Short name",
        max_length=60,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text="For policies and exports, e.g. contoso-shield. It cannot be changed later.",
    )
    field_order = ("name", "slug")


class RemoveOpinionForm(forms.Form):
    """The short name, typed: with the engine goes its token."""

    slug = forms.CharField(label="Type its short name", max_length=60, widget=forms.TextInput({"autocomplete": "off"}))


def decided_of(opinion: SecondOpinion) -> dict[str, Any]:
    """The initial data of OpinionForm; never the token."""
    return {
        "name": opinion.name,
        "base_url": opinion.base_url,
        "budget_ms": opinion.budget_ms,
        "asked_for": opinion.asked_for,
        "agents": "\n".join(opinion.agents),
        "strict_action": opinion.strict_action,
        "cautious_action": opinion.cautious_action,
        "required": "yes" if opinion.required else "no",
    }


def settings_of(agent: Agent) -> dict[str, str]:
    """The initial data of AgentSettingsForm."""
    return {
        "name": agent.name,
        "owner": agent.owner,
        "mode": agent.mode,
        "profile": agent.profile,
        "fail_posture": agent.fail_posture,
        "lifecycle": agent.lifecycle,
        "criticality": agent.criticality,
        "process": agent.process,
    }
