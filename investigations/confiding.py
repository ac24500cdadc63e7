"""Keeps an investigation to the people named, and to leads; and opens it up for everybody again.

Its calls are for the same people (`guardrail.kept`). What was merged into it follows it.
"""

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction

from guardrail import feed
from investigations.models import Campaign, Investigation, InvestigationCall, Reader
from investigations.services import InvestigationError, required, write_line
from policies.access import Permission, may, require

MOST_PEOPLE = 100


@transaction.atomic
def confide(investigation: Investigation, people: Iterable[User], *, reason: str, actor: User) -> None:
    """Let only these people, whoever does this, and leads see it. Whoever sees it may add others; a lead may take away.

    Raises InvestigationError when somebody would lose sight of it and the actor is no lead.
    """
    require(actor, Permission.INVESTIGATE)
    text = required(reason, "reason")
    named = {person.pk: person for person in (*people, actor)}
    if len(named) > MOST_PEOPLE:
        raise InvestigationError(f"{len(named)} people are named, expected at most {MOST_PEOPLE}")
    rows = _locked(investigation)
    before = set(Reader.objects.filter(investigation=investigation).values_list("person", flat=True))
    if investigation.restricted and before - named.keys():
        require(actor, Permission.LEAD)
    holder = investigation.assignee
    if holder is not None and holder.pk not in named and not may(holder, Permission.LEAD):
        raise InvestigationError(f"`{holder.get_username()}` has it, expected among the people who may see it")
    Reader.objects.filter(investigation__in=rows).delete()
    Reader.objects.bulk_create(Reader(investigation_id=pk, person_id=person) for pk in rows for person in sorted(named))
    Investigation.objects.filter(pk__in=rows).update(restricted=True)
    _hide_titles(rows)
    names = sorted(person.get_username() for person in named.values())
    write_line(
        investigation,
        "confided",
        actor=actor,
        text=f"{', '.join(names)}: {text}",
        audited={"people": names, "of": rows},
    )
    investigation.refresh_from_db()


@transaction.atomic
def open_up(investigation: Investigation, *, reason: str, actor: User) -> None:
    """Let everybody see it again; a lead does. Its calls come again to programs that passed them."""
    require(actor, Permission.LEAD)
    text = required(reason, "reason")
    rows = _locked(investigation)
    if not investigation.restricted:
        raise InvestigationError(f"investigation {investigation.pk} is open to everybody already")
    Reader.objects.filter(investigation__in=rows).delete()
    Investigation.objects.filter(pk__in=rows).update(restricted=False)
    write_line(investigation, "opened_up", actor=actor, text=text, audited={"of": rows})
    investigation.refresh_from_db()
    calls = InvestigationCall.objects.filter(investigation__in=rows).order_by("verdict_id")
    # the last step: the order of the feed is that of commits
    feed.show_again(list(calls.values_list("verdict_id", flat=True)))


def _locked(investigation: Investigation) -> list[int]:
    """It and what is part of it, locked in the order of their ids."""
    if investigation.merged_into_id:
        raise InvestigationError(
            f"investigation {investigation.pk} is part of {investigation.merged_into_id}, expected that one"
        )
    parts = Investigation.objects.filter(merged_into=investigation).values_list("pk", flat=True)
    wanted = sorted({investigation.pk, *parts})
    locked = Investigation.objects.filter(pk__in=wanted).select_for_update(no_key=True).order_by("pk")
    pks = list(locked.values_list("pk", flat=True))
    investigation.refresh_from_db()
    return pks


def _hide_titles(pks: list[int]) -> None:
    """A campaign is called after its worst investigation: not after one that few may see."""
    titles = list(Investigation.objects.filter(pk__in=pks).values_list("title", flat=True))
    for campaign in Campaign.objects.filter(members__investigation__in=pks, title__in=titles).distinct():
        others = Investigation.objects.filter(membership__campaign=campaign, restricted=False)
        other = others.order_by("-severity", "pk").values_list("title", flat=True).first()
        Campaign.objects.filter(pk=campaign.pk).update(title=other or f"Campaign {campaign.pk}")
