"""Keeps what calls are judged by, and reads it back; content-addressed, so that writing it twice is writing it once.

No person does this and nothing that is allowed changes by it: no permission and no audit entry.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import zstandard
from django.db import connection, transaction

from policies import load
from policies.models import RulesetMember, RulesetState
from policies.ruleset import Ruleset, RulesetError
from policies.states import StateError, assembled, encode_member

# Whoever keeps a state holds it shared, whoever forgets some holds it alone: no member is dropped under a new state.
_KEEPING_LOCK = 7_221_060
_MAX_BYTES = 512_000_000
# Members that take long to compile: where they are those in force, the compiled ones are taken.
_HEAVY = ("destinations", "fingerprints", "indicators")


@transaction.atomic
def keep(loaded: load.Loaded, *, now: datetime) -> None:
    """Keep the document a process judges by. Safe to run twice and by several at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_KEEPING_LOCK])
    digests = dict(loaded.digests)
    known = set(RulesetMember.objects.filter(pk__in=digests.values()).values_list("pk", flat=True))
    fresh = sorted((digest, name) for name, digest in digests.items() if digest not in known)
    for digest, name in fresh:
        # one at a time: a member may have megabytes
        content = encode_member(name, loaded.document[name])
        member = RulesetMember(digest=digest, body_zstd=zstandard.compress(content), body_bytes=len(content))
        RulesetMember.objects.bulk_create([member], ignore_conflicts=True)
    state = RulesetState(
        digest=loaded.ruleset.state, version=loaded.ruleset.version, members=digests, first_at=now, last_at=now
    )
    RulesetState.objects.bulk_create(
        [state], update_conflicts=True, update_fields=["last_at"], unique_fields=["digest"]
    )


def load_members(digests: Mapping[str, str]) -> dict[str, bytes]:
    """The contents of these members by their digest; those that are gone are left out. One query."""
    rows = RulesetMember.objects.filter(pk__in=set(digests.values())).values_list("pk", "body_zstd")
    return {pk: zstandard.decompress(bytes(body), max_output_size=_MAX_BYTES) for pk, body in rows}


def load_ruleset(digest: str) -> Ruleset | None:
    """What calls were judged by, compiled; None where it was not kept. Two queries.

    Raises RulesetError where this release cannot compile it any more.
    """
    members = RulesetState.objects.filter(pk=digest).values_list("members", flat=True).first()
    if members is None:
        return None
    loaded = load.active()
    same = [name for name in _HEAVY if loaded and members.get(name) == loaded.digests.get(name)]
    wanted = {name: member for name, member in members.items() if name not in same}
    try:
        document = assembled(wanted, load_members(wanted))
    except StateError as error:
        raise RulesetError(str(error)) from error
    compiled = load.compiled(document)
    heavy = {name: getattr(loaded.ruleset, name) for name in same} if loaded else {}
    return replace(compiled, **heavy, state=digest)


@transaction.atomic
def forget(*, before: datetime) -> int:
    """Drop the states nothing was judged by since `before`, and members only they had. Safe to run twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_KEEPING_LOCK])
    dropped, _ = RulesetState.objects.filter(last_at__lt=before).delete()
    if dropped:
        used = {
            digest for members in RulesetState.objects.values_list("members", flat=True) for digest in members.values()
        }
        RulesetMember.objects.exclude(pk__in=used).delete()
    return dropped
