"""Lines of an investigation's history that casework writes: what each says, and its glyph."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from guardrail.shown_text import visible
from guardrail.templatetags.guardrail import icon
from investigations.models import Activity

register = template.Library()

# kind -> (glyph, its colour, what it says, `{}` is the text); a person's lines begin with who
_OF_SYSTEM = {
    "remediation_again": ("exclamation-triangle", "red", "Not clean: {}"),
    "woken": ("arrow-counterclockwise", "amber", "Woke up by itself: {}"),
    "came_again": ("arrow-repeat", "", "Came again after it was closed, and stayed closed: {}"),
    "ticket_opened": ("tag", "", "A ticket was opened: {}"),
    "ticket_status": ("arrow-left-right", "", "In its ticket system: {}"),
    "ticket_kept": ("exclamation-triangle", "amber", "In its ticket system: {}"),
    "ticket_conflict": ("exclamation-triangle", "amber", "Both sides changed: {}"),
    "ticket_refused": ("exclamation-triangle", "red", "A ticket was refused: {}"),
    "ticket_gone": ("exclamation-triangle", "red", "Its ticket is gone: {}"),
    "returned": ("arrow-counterclockwise", "", "Back in the queue: {}"),
}
_OF_PEOPLE = {
    "opened_by_hand": ("plus-lg", "", "opened it. {}"),
    "confided": ("lock", "", "kept it to {}"),
    "opened_up": ("unlock", "", "opened it to everybody. {}"),
    "remediation_marked": ("file-earmark-x", "", "has a document cleaned. {}"),
    "remediation_done": ("check2", "", "says it is cleaned: {}"),
    "remediation_verified": ("check-circle", "green", "found it clean: {}"),
    "remediation_dropped": ("dash-circle", "", "need not be cleaned after all: {}"),
    "ticket_wanted": ("tag", "", "asked for a ticket in {}"),
    "notified": ("bell", "", "told {}"),
    "merged": ("diagram-2", "", "made these part of it: {}"),
    "merged_away": ("diagram-2", "", "made it part of investigation {}"),
    "unmerged": ("arrow-counterclockwise", "", "took the merge back: {}"),
    "split": ("file-diff", "", "parted from it {}"),
    "split_off": ("file-diff", "", "parted it from investigation {}"),
    "restricted_again": ("slash-circle", "amber", "put restriction {} in force again"),
    "undone": ("arrow-counterclockwise", "", "took back: {}"),
    "paused": ("hourglass-split", "", "lets it wait. {}"),
    "step_marked": ("list-check", "", "marked a step. {}"),
    "playbook_added": ("list-check", "", "goes by another playbook as well: {}"),
    "resumed": ("hourglass-split", "", "goes on with it"),
}
_EVERY = {**_OF_SYSTEM, **_OF_PEOPLE}


@register.filter
def own_line(activity: Activity) -> SafeString | str:
    """The line in words, empty for kinds that others write."""
    if activity.kind in _OF_SYSTEM:
        return format_html(_OF_SYSTEM[activity.kind][2], _text(activity))
    if activity.kind not in _OF_PEOPLE:
        return ""
    who = activity.actor.get_full_name() or activity.actor.get_username() if activity.actor else "The system"
    return format_html("<strong>{}</strong> {}", who, format_html(_OF_PEOPLE[activity.kind][2], _text(activity)))


@register.simple_tag
def activity_icon(kind: str) -> SafeString:
    name, colour, _ = _EVERY[kind]
    return icon(name, colour)


def _text(activity: Activity) -> SafeString:
    return format_html('<span class="comment">{}</span>', visible(activity.text))
