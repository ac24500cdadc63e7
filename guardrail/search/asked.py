"""Writes down who searched for what: a line of the audit trail for each question, with nothing private in it."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from guardrail.search.query import LONGEST_QUERY
from guardrail.text.private import EVERY_KIND, hide
from policies import audit


@transaction.atomic
def note_asked(asked: str, *, calls: int, actor: AbstractBaseUser) -> None:
    """Note a question, and how many calls its first page showed."""
    audit.record(actor=actor, action="search.asked", question=masked(asked), calls=calls)


def masked(asked: str) -> str:
    """A question as the trail keeps it, which outlasts erasures: without mail addresses, keys, numbers of persons."""
    return hide(asked[:LONGEST_QUERY], EVERY_KIND)[0]
