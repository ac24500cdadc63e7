"""Cookies of our own beside Django's two: over https a browser takes them from nobody but us ourselves."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.http import HttpRequest


def own_name(name: str) -> str:
    """INVARIANT: set it with `secure=settings.SESSION_COOKIE_SECURE`, for `/` and no domain, or browsers refuse it."""
    return f"__Host-{name}" if settings.SESSION_COOKIE_SECURE else name


class _Cookie(CookieStorage):
    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.cookie_name = own_name("messages")


class Notices(FallbackStorage):
    """What a page says once, as MESSAGE_STORAGE: in a cookie, and what is too long for it in the session."""

    storage_classes = (_Cookie, SessionStorage)
