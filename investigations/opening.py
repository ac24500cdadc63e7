"""Opens an investigation by hand: for what people found themselves, on calls they picked, stopped or not."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from guardrail.kept import for_eyes
from guardrail.models import Verdict
from investigations.models import Investigation, InvestigationCall
from investigations.placing import OUTCOMES
from investigations.services import InvestigationError, required, write_line
from investigations.visibility import visible_to
from policies.access import Permission, require

MOST_CALLS = 200
# What it may be, in words; the names are those of signals, so that playbooks and figures know it.
KINDS = (
    ("manual", "Something else"),
    ("instruction_followed", "An instruction in a text was followed"),
    ("classified_data_leaving", "Classified data left"),
    ("secret_leaving", "A secret left"),
    ("reconnaissance", "Somebody probed an agent"),
    ("insider_suspected", "A person misuses an agent"),
    ("behaviour_unusual", "An agent is not itself"),
)
_OUTCOMES = {
    ("block", "block"): "blocked",
    ("hold", "hold"): "held",
    ("allow", "block"): "would_block",
    ("allow", "hold"): "would_hold",
}


@transaction.atomic
def open_by_hand(
    *, title: str, kind: str, severity: int, calls: Sequence[uuid.UUID], reason: str, now: datetime, actor: User
) -> Investigation:
    """Open one on these calls, perhaps none. Raises InvestigationError for calls that are unknown or have a place."""
    require(actor, Permission.INVESTIGATE)
    name, text = required(title, "title")[:200], required(reason, "reason")
    if kind not in dict(KINDS):
        raise InvestigationError(f"the kind is `{kind}`, expected one of {', '.join(dict(KINDS))}")
    if severity not in (1, 2, 3, 4):
        raise InvestigationError(f"the severity is {severity}, expected 1 to 4")
    wanted = list(dict.fromkeys(calls))
    if len(wanted) > MOST_CALLS:
        raise InvestigationError(f"{len(wanted)} calls are named, expected at most {MOST_CALLS}")
    verdicts = list(for_eyes(Verdict.objects.all(), actor).filter(pk__in=wanted).order_by("pk"))
    _refuse_unfit(wanted, verdicts, actor=actor)
    newest = verdicts[-1] if verdicts else None
    made = Investigation.objects.create(
        kind=kind,
        fingerprint=uuid.uuid4().hex * 2,
        title=name,
        severity=severity,
        outcome=max((_outcome(verdict) for verdict in verdicts), key=OUTCOMES.index, default="noted"),
        agent_id=newest.agent_id if newest else "",
        agent_name=newest.agent_name if newest else "",
        other_agents=sorted({verdict.agent_id for verdict in verdicts} - {newest.agent_id}) if newest else [],
        user_id=newest.user_id if newest else "",
        conversation_id=newest.conversation_id if newest else "",
        destination=newest.destination[:500] if newest else "",
        calls=sum(verdict.duplicate_of is None for verdict in verdicts),
        first_seen=min((verdict.received_at for verdict in verdicts), default=now),
        last_seen=max((verdict.received_at for verdict in verdicts), default=now),
        assignee=actor,
        status=Investigation.Status.ACTIVE,
        acknowledged_at=now,
        opened_at=now,
        opened_by=actor,
    )
    try:
        with transaction.atomic():
            InvestigationCall.objects.bulk_create(
                InvestigationCall(investigation=made, verdict_id=verdict.pk) for verdict in verdicts
            )
    except IntegrityError:
        raise InvestigationError("one of the calls was given a place meanwhile, look again") from None
    ids = [str(verdict.pk) for verdict in verdicts]
    write_line(made, "opened_by_hand", actor=actor, text=text, audited={"calls": ids, "kind": kind})
    return made


def _refuse_unfit(wanted: Sequence[uuid.UUID], verdicts: Sequence[Verdict], *, actor: User) -> None:
    unknown = [str(pk) for pk in wanted if pk not in {verdict.pk for verdict in verdicts}]
    if unknown:
        raise InvestigationError(f"call `{unknown[0]}` is not known, expected the id of a call that is kept")
    taken = InvestigationCall.objects.filter(verdict_id__in=wanted).order_by("verdict_id")
    first = taken.values_list("verdict_id", "investigation_id").first()
    if first is not None:
        seen = Investigation.objects.filter(visible_to(actor), pk=first[1]).exists()
        place = f"investigation {first[1]}: part it from there" if seen else "another investigation"
        raise InvestigationError(f"call `{first[0]}` is in {place}")


def _outcome(verdict: Verdict) -> str:
    return _OUTCOMES.get((verdict.action, verdict.would_have), "noted")
