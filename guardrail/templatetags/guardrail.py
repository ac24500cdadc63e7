"""Template tags and filters of every page."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django import template
from django.forms import BoundField, CheckboxInput, RadioSelect, Select
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from guardrail import badges, shown_text, words
from guardrail.masking import mask_text

register = template.Library()


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """A symbol of the sprite, for the eye only: put a word beside it. `classes` such as `i-s` (small) or `red`."""
    return _icon(str(name), str(classes))


# Made once: a list shows hundreds of the same few, and making one costs 20 us (2026-11).
@lru_cache(maxsize=1_000)
def _icon(name: str, classes: str) -> SafeString:
    return format_html(
        '<svg class="i{}{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        " " if classes else "",
        classes,
        static("icons.svg"),
        name,
    )


@register.simple_tag
def icon_address(name: str) -> str:
    """Where a symbol of the sprite is, for a `use` inside of a drawing."""
    return f"{static('icons.svg')}#{name}"


@register.simple_tag
def entity(kind: str, key: str) -> str:
    """The address of the page about one agent, user, session, destination, tool or document."""
    plain_segments = all(part not in ("", ".", "..") for part in key.split("/"))
    if plain_segments and key.isprintable() and "\\" not in key:
        return reverse("entity", args=(kind, key))
    # browsers resolve such a path before they ask for it
    return f"{reverse('entity_of_kind', args=(kind,))}?{urlencode({'key': key})}"


@register.filter
def visible(text: object) -> SafeString:
    """What somebody else wrote: escaped, and characters that people cannot see as chips. For element content."""
    return shown_text.visible("" if text is None else str(text))


@register.filter
def private(text: object) -> str:
    """What quotes a call where nobody asked for it: secrets and personal data masked, not yet escaped."""
    return mask_text("" if text is None else str(text))


@register.filter
def prose(text: str) -> SafeString:
    """A sentence of ours that quotes others in backticks: the quoted parts as code, all of it escaped."""
    parts = [shown_text.visible(part) for part in str(text).split("`")]
    if len(parts) % 2 == 0:
        return shown_text.visible(str(text))
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if odd % 2 else part,) for odd, part in enumerate(parts))
    )


@register.filter
def said(errors: Iterable[object]) -> SafeString:
    """What is wrong with a form or a field: our sentences one after the other, what they quote as code."""
    return format_html_join(" ", "{}", ((prose(str(one)),) for one in errors))


@register.filter
def plain(text: object) -> str:
    """What somebody else wrote, for a title or an attribute: unseen characters spelled out, not yet escaped."""
    return shown_text.without_unseen("" if text is None else str(text))


@register.simple_tag
def when(at: datetime | None, style: str = "relative") -> SafeString:
    """A `time` element, exact in its title. `style` is `relative`, `clock` (day, seconds), `time` or `day`."""
    if at is None:
        return format_html('<span class="muted">{}</span>', "never")
    at = at.astimezone(UTC)
    exact = f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} UTC"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact, _words(at, timezone.now(), style=style)
    )


@register.simple_tag
def duration(seconds: float) -> str:
    """A length of time in one unit, as people say it."""
    for size, word in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {word}" if seconds < 10 * size else f"{seconds / size:.0f} {word}"
    return f"{seconds:.0f} s"


@register.simple_tag
def stretch(first: datetime, last: datetime) -> SafeString:
    """From first to last in the fewest words: one time where both read the same."""
    begin, finish = when(first, "short"), when(last, "short")
    now = timezone.now()
    if _words(first.astimezone(UTC), now, style="short") == _words(last.astimezone(UTC), now, style="short"):
        return finish
    return format_html("{}–{}", begin, finish)


def _words(at: datetime, now: datetime, *, style: str) -> str:
    age = now - at
    day = f"{at.day} {at:%b}" if at.year == now.year else f"{at.day} {at:%b %Y}"
    if style == "short":
        return f"{at:%H:%M}" if at.date() == now.date() else day
    if style == "time":
        return f"{at:%H:%M:%S}"
    if style == "clock":
        return f"{at:%H:%M:%S}" if at.date() == now.date() else f"{day} {at:%H:%M:%S}"
    if style == "day":
        return day
    if timedelta(0) <= age < timedelta(seconds=45):
        return "just now"
    if timedelta(0) <= age < timedelta(hours=1):
        return f"{max(1, round(age.total_seconds() / 60))} min ago"
    return f"{at:%H:%M}" if at.date() == now.date() else f"{day} {at:%H:%M}"


@register.simple_tag
def severity(level: int | None) -> SafeString:
    """The severity as glyph and word; `None` is a dash."""
    found = badges.SEVERITIES.get(level or 0)
    if found is None:
        return format_html('<span class="muted">{}</span>', "–")
    name, word = found
    return format_html('<span class="sev sev-{}">{}{}</span>', name, icon(f"sev-{name}"), word)


@register.simple_tag
def outcome(action: str, would_have: str, *, failed: bool = False, deferred: bool = False) -> SafeString:
    """What became of a call, as a badge: solid where it was told to the caller, dashed where only marked."""
    return badge(badges.of_call(action=action, would_have=would_have, failed=failed, deferred=deferred))


@register.simple_tag
def strongest(word: str) -> SafeString:
    """What became of several calls, by the word for the strongest thing that was done with one of them."""
    return badge(badges.STRONGEST.get(word, badges.ALLOWED))


@register.simple_tag
def badge(shown: badges.Badge) -> SafeString:
    """A badge of `guardrail.badges`."""
    return _badge(shown)


@lru_cache(maxsize=100)
def _badge(shown: badges.Badge) -> SafeString:
    return format_html(
        '<span class="mode mode-{}" title="{}">{}{}</span>', shown.look, shown.title, icon(shown.icon), shown.word
    )


@register.filter
def control(field: BoundField) -> SafeString:
    """A form field's widget in our look, tied to its errors (`<id>-error`) and its help (`<id>-help`)."""
    widget = field.field.widget
    look = "form-control"
    if isinstance(widget, CheckboxInput | RadioSelect):
        look = "form-check-input"
    elif isinstance(widget, Select):
        look = "form-select"
    attrs: dict[str, Any] = {"class": f"{look} {widget.attrs.get('class', '')}".strip()}
    described = [f"{field.id_for_label}-error"] if field.errors else []
    described += [f"{field.id_for_label}-help"] if field.help_text else []
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if field.errors:
        attrs["aria-invalid"] = "true"
    return field.as_widget(attrs=attrs)


@register.filter
def signal_words(name: str) -> str:
    """The heading of a signal by its name."""
    return words.signal_words(name)
