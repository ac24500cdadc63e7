"""What the page of a draft shows, read in a fixed number of queries."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from policies.baseline import BASELINE
from policies.list_change import ListChange
from policies.models import PolicyDraft, PolicyDraftRevision, PolicyVersion, SecondOpinion
from policies.policy_parts import Change, changes_between, reading_order
from policies.restrictions import ACTIONS
from policies.ruleset import SECOND_OPINION
from policies.services.four_eyes import four_eyes, load_hands, policy_people
from policies.services.policy_lists import digest_of_changes, load_list_changes
from policies.services.publication import Obstacle, load_obstacles

PROFILES = ("strict", "cautious")
# Of a document's lists, shown, and at most; beyond it the page says how many.
LIST_CHANGES_SHOWN, MOST_LIST_CHANGES = 100, 2_000
SAVES_SHOWN = 10
# A page of more takes longer to read than to ask for: the rest is one link away.
PARTS_SHOWN, RULES_SHOWN = 60, 100
DRAFTS_SHOWN = 50
_STOPS = ("modify", "hold", "block")


@dataclass(frozen=True, kw_only=True, slots=True)
class ActionRow:
    """One signal and what the draft does on it; empty = not named, so only noticed. `was` is the base's, by profile."""

    signal: str
    strict: str
    cautious: str
    was: Mapping[str, str]

    @property
    def changed(self) -> bool:
        """Whether the base says something else."""
        return self.was.get("strict", "") != self.strict or self.was.get("cautious", "") != self.cautious


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleRow:
    """One rule of the draft; `kind` says how it differs from the base: `added`, `changed`, `removed` or nothing."""

    rule: Mapping[str, Any]
    kind: str

    @property
    def priority(self) -> int:
        """The lower, the earlier it is asked."""
        return int(self.rule.get("priority", 100))


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One step on the way of a draft; `state` is `is-done`, `is-now` or empty."""

    word: str
    what: str
    state: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DraftView:
    """Everything the page shows beside its forms. `shown` and `rules` are cut, `changes` is not.

    `not_second` are those who may not approve it yet though they wrote no part of it, and why.
    `disarmed` are the signals that the version it began from stops, for some profile, and the draft lets pass.
    """

    draft: PolicyDraft
    changes: tuple[Change, ...]
    shown: tuple[Change, ...]
    rules_left: int
    actions: tuple[ActionRow, ...]
    rules: tuple[RuleRow, ...]
    obstacles: tuple[Obstacle, ...]
    list_changes: tuple[ListChange, ...]
    authors: tuple[User, ...]
    reviewers: tuple[User, ...]
    not_second: tuple[tuple[User, str], ...]
    saves: tuple[PolicyDraftRevision, ...]
    stages: tuple[Stage, ...]
    disarmed: tuple[str, ...]
    four_eyes: bool
    newest: int

    @property
    def lists_seen(self) -> str:
        """What whoever publishes has seen of the lists."""
        return digest_of_changes(self.list_changes)

    @property
    def blocked(self) -> bool:
        """Whether something stands in the way that no reason overrides."""
        return any(not obstacle.overridable for obstacle in self.obstacles)

    @property
    def overridable(self) -> bool:
        """Whether something stands in the way that a reason overrides."""
        return any(obstacle.overridable for obstacle in self.obstacles)


def load_drafts() -> list[PolicyDraft]:
    """Drafts that are worked on, the one saved last first. One query, at most 50 rows, without their documents."""
    found = PolicyDraft.objects.filter(state__in=("open", "in_review")).select_related("base", "saved_by", "asked")
    return list(found.defer("document", "lists", "base__document")[:DRAFTS_SHOWN])


def load_draft_view(
    draft: PolicyDraft, *, document: Mapping[str, Any], failing: Sequence[str] = (), everything: str = ""
) -> DraftView:
    """The page of one draft. `document` is the draft's own, or what somebody typed that was refused. Ten queries.

    Parts are cut at PARTS_SHOWN and rules at RULES_SHOWN, changed ones first, unless `everything` says something.
    """
    changes = reading_order(changes_between(draft.base.document, document))
    rules = _rule_rows(document, changes)
    most = None if everything else RULES_SHOWN
    if most and len(rules) > most:
        rules = sorted(rules, key=lambda row: not row.kind)
    authors = tuple(draft.authors.order_by("username"))
    wrote = {author.pk for author in authors}
    hands = load_hands(now=timezone.now())
    others = [(person, hands.between(person, authors)) for person in policy_people() if person.pk not in wrote]
    return DraftView(
        draft=draft,
        changes=changes,
        shown=changes if everything else changes[:PARTS_SHOWN],
        rules_left=len(rules) - len(rules[:most]),
        actions=tuple(_action_rows(draft.base.document, document)),
        rules=tuple(rules[:most]),
        obstacles=load_obstacles(draft, failing=failing) if draft.worked_on else (),
        list_changes=load_list_changes(draft.lists) if draft.worked_on else (),
        authors=authors,
        reviewers=tuple(person for person, told in others if not told),
        not_second=tuple((person, told) for person, told in others if told),
        saves=tuple(draft.revisions.select_related("saved_by").defer("document").order_by("-revision")[:SAVES_SHOWN]),
        stages=_stages(draft),
        disarmed=tuple(_disarmed(changes)) if draft.worked_on else (),
        four_eyes=four_eyes(),
        newest=PolicyVersion.objects.values_list("number", flat=True).first() or 0,
    )


def signals_of(*documents: Mapping[str, Any]) -> list[str]:
    """Every signal a policy may say something on: those the product ships, engines' own, and those named. One query."""
    engines = [f"{SECOND_OPINION}.{slug}" for slug in SecondOpinion.objects.values_list("slug", flat=True)]
    named = [name for document in documents for name in document.get("actions", {})]
    return list(dict.fromkeys([*BASELINE["actions"], *engines, *sorted(named)]))


def _disarmed(changes: Iterable[Change]) -> Iterator[str]:
    for change in changes:
        if change.member == "actions":
            # restrictions hold unless a policy says otherwise
            usual = ACTIONS.get(change.name, {})
            before, after = (usual if side is None else side for side in (change.before, change.after))
            if any(before.get(profile) in _STOPS and after.get(profile) not in _STOPS for profile in PROFILES):
                yield change.name


def _action_rows(base: Mapping[str, Any], document: Mapping[str, Any]) -> list[ActionRow]:
    old, new = base.get("actions", {}), document.get("actions", {})
    return [
        ActionRow(
            signal=name,
            strict=new.get(name, {}).get("strict", ""),
            cautious=new.get(name, {}).get("cautious", ""),
            was=old.get(name, {}),
        )
        for name in signals_of(base, document)
    ]


def _rule_rows(document: Mapping[str, Any], changes: Sequence[Change]) -> list[RuleRow]:
    kinds = {change.name: change.kind for change in changes if change.member == "rules"}
    rules = sorted(document.get("rules") or (), key=lambda rule: (rule.get("priority", 100), rule.get("name", "")))
    removed = [change.before for change in changes if change.member == "rules" and change.after is None]
    return [
        *(RuleRow(rule=rule, kind=kinds.get(rule.get("name"), "")) for rule in rules),
        *(RuleRow(rule=rule, kind="removed") for rule in removed),
    ]


def _stages(draft: PolicyDraft) -> tuple[Stage, ...]:
    words = (("Draft", "being written"), ("Review", "a second person"), ("Approved", "as it is now"), ("In force", ""))
    at = 3 if draft.version_id else 2 if draft.approved else 1 if draft.state == PolicyDraft.State.IN_REVIEW else 0
    return tuple(
        Stage(word=word, what=what, state="is-done" if step < at else "is-now" if step == at else "")
        for step, (word, what) in enumerate(words)
    )
