"""Accounts of people beside Django's own tables: sessions and failed attempts."""

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

from policies.people.browsers import browser_words


class PersonSession(AbstractBaseSession):
    """One session. `session_key` is the sha256 of what the cookie holds: who reads this table signs in with nothing.

    Without `person` it is one of somebody who is about to sign in.
    """

    session_key = models.CharField(max_length=64, primary_key=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="session_set"
    )
    signed_in_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()
    source = models.CharField(max_length=45, blank=True)
    browser = models.CharField(max_length=200, blank=True)
    way = models.CharField(max_length=60, blank=True)

    class Meta:
        verbose_name = "session"
        verbose_name_plural = "sessions"

    @property
    def browser_words(self) -> str:
        """The browser as people call it."""
        return browser_words(self.browser)


class PersonScope(models.Model):
    """That a person sees the agents of some environments only, and what they did; without a row, all of them.

    A row of its own: whoever's last environment goes sees nothing, and not everything.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="scope"
    )
    environments = models.ManyToManyField("policies.Environment", related_name="+")

    def __str__(self) -> str:
        return f"scope of {self.person}"


class SignInAttempts(models.Model):
    """Failed attempts counted under one key: an account, a source, a browser that is known, or an account's codes.

    `key` is a sha256: what people type as a name may be a password.
    """

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    since = models.DateTimeField()
    locks = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "sign-in attempts"
        indexes = (
            # forgetting what is long ago
            models.Index(fields=("since",), name="attempts_since"),
        )

    def __str__(self) -> str:
        return f"{self.failures} since {self.since:%Y-%m-%d %H:%M}"


class Authenticator(models.Model):
    """The app that makes a person's codes. `last_step` is the half minute of the newest code: none is taken twice."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE)
    sealed_secret = models.TextField()
    last_step = models.BigIntegerField()
    made_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"authenticator of {self.person}"


class RecoveryCode(models.Model):
    """One code for when the authenticator is lost. `digest` is its sha256: the code itself has 79 random bits."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recoverycode_set")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("person", "digest"), name="recovery_code_once"),)

    def __str__(self) -> str:
        return f"recovery code of {self.person}"


class SecondFactorRule(models.Model):
    """That people of one role, or `superuser`, sign in with a second factor."""

    role = models.CharField(max_length=30, primary_key=True)

    def __str__(self) -> str:
        return self.role
