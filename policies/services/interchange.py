"""A policy document out of what is stored, and a draft out of a policy document."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from policies.models import PolicyDraft, PolicyVersion
from policies.policy_parts import digest_of
from policies.services.drafts import open_draft
from policies.services.policy_lists import key_of_entry, load_list_changes, load_lists

# What an importer's draft carries of lists at most: differences, not the lists.
MOST_DIFFERENCES = 20_000


class TooManyDifferences(ValueError):
    """A document whose lists differ from what is stored in more entries than people can look at."""


def load_policy_document(version: PolicyVersion, *, with_lists: bool) -> dict[str, Any]:
    """What an export says of a version, with the lists as they are now. Three queries, none without lists."""
    lists = {member: entries for member, entries in load_lists().items() if entries} if with_lists else {}
    return {
        "title": version.title,
        "version": version.number,
        "digest": version.digest or digest_of(version.document),
        **version.document,
        "lists": lists,
    }


def import_policy(document: Mapping[str, Any], *, title: str, actor: AbstractBaseUser | None) -> PolicyDraft:
    """A draft that says what `document` says; nothing of it is in force. `title` empty = the document's own.

    Of its lists the draft keeps the entries that differ from what is stored. Raises DraftError and TooManyDifferences.
    """
    lists = document.get("lists") or {}
    differing = {(change.member, change.name) for change in load_list_changes(lists)}
    if len(differing) > MOST_DIFFERENCES:
        told = f"its lists differ from what is stored in {len(differing):,} entries, expected at most"
        raise TooManyDifferences(f"{told} {MOST_DIFFERENCES:,}: take long lists in by `manage.py import_tenant`")
    kept = {
        member: [entry for entry in entries if (member, key_of_entry(member, entry)) in differing]
        for member, entries in lists.items()
    }
    return open_draft(
        title=title or str(document.get("title") or "Imported policy"),
        reason=str(document.get("reason") or ""),
        document=document,
        lists={member: entries for member, entries in kept.items() if entries},
        actor=actor,
    )
