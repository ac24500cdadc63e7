"""A policy document out of what is stored, and a draft out of a policy document."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from policies import audit
from policies.access import Permission, require
from policies.models import PolicyDraft, PolicyVersion
from policies.policy_parts import digest_of
from policies.services.drafts import open_draft
from policies.services.policy_lists import kept_lists, load_lists

# What an importer's draft carries of lists at most: differences, not the lists.
MOST_DIFFERENCES = 5_000


class TooManyDifferences(ValueError):
    """A document whose lists differ from what is stored in more entries than people can look at."""


@transaction.atomic
def load_policy_document(
    version: PolicyVersion, *, with_lists: bool, phrases: bool, actor: AbstractBaseUser | None
) -> dict[str, Any]:
    """What an export says of a version, with the lists as they are now, for somebody who reads them once.

    `phrases` = with those by which classes of data are recognised: for policy admins, and audited each time.
    """
    if phrases:
        require(actor, Permission.CHANGE_POLICY)
        audit.record(actor=actor, action="policy.exported_with_phrases", version=version.number)
    return {
        "title": version.title,
        "version": version.number,
        "digest": version.digest or digest_of(version.document),
        **version.document,
        "lists": load_lists(phrases=phrases) if with_lists else {},
    }


def import_policy(document: Mapping[str, Any], *, title: str, actor: AbstractBaseUser | None) -> PolicyDraft:
    """A draft that says what `document` says; nothing of it is in force. `title` empty = the document's own.

    Of its lists the draft keeps the entries that differ from what is stored. Raises DraftError and TooManyDifferences.
    """
    kept = kept_lists(document.get("lists") or {})
    differing = sum(map(len, kept.values()))
    if differing > MOST_DIFFERENCES:
        told = f"its lists differ from what is stored in {differing:,} entries, expected at most"
        raise TooManyDifferences(
            f"{told} {MOST_DIFFERENCES:,}: take long lists in on their own page, or by `manage.py import_tenant`"
        )
    return open_draft(
        title=title or str(document.get("title") or "Imported policy"),
        reason=str(document.get("reason") or ""),
        document=document,
        lists=kept,
        actor=actor,
    )
