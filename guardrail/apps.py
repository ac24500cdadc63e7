from django.apps import AppConfig


class GuardrailConfig(AppConfig):
    name = "guardrail"

    def ready(self) -> None:
        """Registers the checks of this package."""
        from guardrail import checks  # noqa: F401 what it reads is ready only now
