"""What `manage.py check --deploy` says of this installation's privacy."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register

NOT_ENCRYPTED = Warning(
    "transcripts are kept as they are: whoever has the database, or a backup of it, reads them",
    hint="set `GUARDRAIL_TRANSCRIPT_KEYS`, see docs/privacy.md",
    id="guardrail.W001",
)


@register(Tags.security, deploy=True)
def transcripts_are_encrypted(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """A warning where there is no key ring."""
    return [] if settings.TRANSCRIPT_KEYS else [NOT_ENCRYPTED]
