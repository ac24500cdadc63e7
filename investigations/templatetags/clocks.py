"""The clock of an investigation in words."""

from datetime import datetime, timedelta

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from guardrail.templatetags.guardrail import icon
from investigations.models import NEVER, Investigation

register = template.Library()


@register.simple_tag
def clock(row: Investigation, now: datetime) -> SafeString:
    """What runs out next, how soon, or how late it is: always a glyph and words."""
    if row.paused_at:
        return format_html('<span class="sla" title="Its clocks stand">{}waits</span>', icon("hourglass-split"))
    if row.due_at == NEVER:
        return format_html('<span class="muted" title="No clock runs">{}</span>', "–")
    acknowledging = row.acknowledged_at is None and row.due_at == row.acknowledge_due
    what, long = ("ack", "acknowledged") if acknowledging else ("fix", "resolved")
    title = f"To be {long} by {row.due_at:%Y-%m-%d %H:%M} UTC"
    left = row.due_at - now
    if left < timedelta(0):
        glyph = icon("exclamation-triangle-fill")
        return format_html('<span class="sla sla-late" title="{}">{}late {}</span>', title, glyph, short(-left))
    whole = row.due_at - (row.clock_from or row.opened_at)
    share = max(0, min(100, round(100 * left / whole))) if whole else 0
    return format_html(
        '<span class="sla{}" title="{}"><svg class="ring" viewBox="0 0 14 14" aria-hidden="true">'
        '<circle cx="7" cy="7" r="5.5"/><circle class="v" cx="7" cy="7" r="5.5" pathLength="100" '
        'stroke-dasharray="{} 100"/></svg>{} {}</span>',
        " sla-soon" if share < 25 else "",
        title,
        share,
        what,
        short(left),
    )


def short(stretch: timedelta) -> str:
    """`41 m`, `3 h`, `2 d`."""
    minutes = int(stretch.total_seconds()) // 60
    if minutes < 60:
        return f"{minutes} m"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"
