"""Taking rules of a policy pack into a draft."""

from collections.abc import Collection
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from policies.models import PolicyDraft
from policies.packs import Pack
from policies.services.drafts import DraftError, open_draft, save_draft


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """Which rules came in, and which were there already and stay as they are."""

    draft: PolicyDraft
    added: tuple[str, ...]
    kept: tuple[str, ...]


@transaction.atomic
def take_rules(
    pack: Pack, names: Collection[str], *, draft: PolicyDraft | None, actor: AbstractBaseUser | None
) -> Taken:
    """Put these rules of a pack, watched, behind the rules of a draft; None = a new draft. Raises DraftError."""
    chosen = [dict(rule.entry) for rule in pack.rules if rule.rule.name in names]
    if len(chosen) != len(set(names)) or not chosen:
        raise DraftError(f"the pack `{pack.title}` has not all of these rules, expected one or more of its own")
    if draft is None:
        draft = open_draft(title=f"Pack: {pack.title}", actor=actor)
    rules = list(draft.document.get("rules") or ())
    there = {rule.get("name") for rule in rules}
    added = [rule for rule in chosen if rule["name"] not in there]
    saved = save_draft(draft.pk, changes={"rules": [*rules, *added]}, revision=draft.revision, actor=actor)
    return Taken(
        draft=saved,
        added=tuple(rule["name"] for rule in added),
        kept=tuple(rule["name"] for rule in chosen if rule["name"] in there),
    )
