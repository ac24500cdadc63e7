"""The days of the week, as people write them in the languages of the tables, in full."""

from datetime import date

_NAMES = (
    "monday montag lundi lunes lunedì lunedi maandag segunda-feira poniedziałek pondělí måndag pazartesi",
    "tuesday dienstag mardi martes martedì martedi dinsdag terça-feira wtorek úterý tisdag salı",
    "wednesday mittwoch mercredi miércoles mercoledì mercoledi woensdag quarta-feira środa środę středa středu onsdag "
    "çarşamba",
    "thursday donnerstag jeudi jueves giovedì giovedi donderdag quinta-feira czwartek čtvrtek torsdag perşembe",
    "friday freitag vendredi viernes venerdì venerdi vrijdag sexta-feira piątek pátek fredag cuma",
    "saturday samstag sonnabend samedi sábado sabato zaterdag sobota sobotę lördag cumartesi",
    "sunday sonntag dimanche domingo domenica zondag niedziela niedzielę neděle neděli söndag pazar",
)
WEEKDAYS = tuple(frozenset(names.split()) for names in _NAMES)
"""Monday first, lower case."""


def names_of_day(text: str) -> frozenset[str]:
    """What the day of a date such as `2026-10-21T09:00` is called; none of what is no date."""
    try:
        return WEEKDAYS[date.fromisoformat(text[:10]).weekday()]
    except ValueError:
        return frozenset()
