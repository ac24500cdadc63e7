"""Passwords made of what everybody here knows: names of the organisation's own addresses and environments, and ours."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from policies.models import Destination, Environment

# What every password begins with that has to have letters, digits and a new one each season.
_EVERYWHERE = (
    "guardrail admin administrator analyst auditor security password passwort welcome willkommen changeme letmein"
    " spring summer autumn winter january february march april june july august september october november december"
).split()
_SHORTEST = 4
# Of a password, letters that must be left without such words. Twelve signs are asked for in all.
LEFT = 8
_LOOKS_LIKE = str.maketrans({"0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
_NO_LETTER = re.compile(r"[\W\d_]+")


class WordsOfTheHouse:
    """A validator of AUTH_PASSWORD_VALIDATORS: such words count for nothing, so `Contoso-2026!` is none."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raise ValidationError where little is left without them. Says none of the words it knows."""
        known = {*_EVERYWHERE, *_letters([user.get_username()] if user else []), *_letters(_names())}
        plain = password.casefold()
        if any(_is_little(written, known) for written in {plain, plain.translate(_LOOKS_LIKE)}):
            raise ValidationError(
                "Without words everybody here knows little is left of it, expected a longer one of other words.",
                code="words_of_the_house",
            )

    def get_help_text(self) -> str:
        """For the form."""
        return "Names of the organisation and words like Welcome count for nothing."


def _is_little(password: str, known: set[str]) -> bool:
    rest = _NO_LETTER.sub("", password)
    found = rest
    # the longest first: `adatumbank` before `adatum`
    for word in sorted(known, key=len, reverse=True):
        found = found.replace(word, "")
    return found != rest and len(found) < LEFT


def _names() -> Iterable[str]:
    internal = Destination.objects.filter(standing=Destination.StandingChoice.INTERNAL)
    yield from internal.values_list("value", flat=True)
    yield from Environment.objects.values_list("name", flat=True)
    yield urlsplit(settings.PUBLIC_URL).hostname or ""


def _letters(names: Iterable[str]) -> Iterable[str]:
    return (word for name in names for word in _NO_LETTER.split(name.casefold()) if len(word) >= _SHORTEST)
