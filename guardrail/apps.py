from django.apps import AppConfig


class GuardrailConfig(AppConfig):
    name = "guardrail"
