"""Guardrail judges the tool calls of AI agents before they happen."""

from guardrail.celery import app as celery_app

__all__ = ["celery_app"]
