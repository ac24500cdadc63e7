"""Whether a call or an investigation is under a legal hold, for their pages."""

import uuid

from django import template

from investigations.holds import held_among, standing

register = template.Library()


@register.simple_tag
def is_held(call: uuid.UUID | None, case: int | None = None) -> bool:
    """By itself, by its case or by its user. One query where nothing is held, up to four."""
    if case is not None and standing().filter(kind="case", key=str(case)).exists():
        return True
    return bool(call and held_among([call]))
