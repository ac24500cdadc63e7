"""Tickets of investigations in other systems, and how far each system was read."""

import uuid

from django.conf import settings
from django.db import models

from investigations.models.casework import Investigation
from investigations.models.deliveries import Receiver


class Ticket(models.Model):
    """An investigation's ticket in one other system. The row is the queue: something is to be done at `next_at`.

    `key` is ours: it is stored there, and looked up before a ticket is made. `making_at` = one was asked for and no
    answer came yet. `remote_*` are as the other side was last seen or written. `ours` is what it was last told of
    our status, severity and assignee, and the status of theirs that is being set, `told_through` the newest line of
    the history it was told of, `telling` the newest line of a comment no answer came for. `note` = what of it the
    other side does not do, in words. Written by `investigations.tickets` only.
    """

    class State(models.TextChoices):
        WANTED = "wanted", "To be opened"
        THERE = "there", "Open there"
        REFUSED = "refused", "Refused"
        GONE = "gone", "Not there any more"

    investigation = models.ForeignKey(Investigation, on_delete=models.CASCADE, related_name="tickets")
    receiver = models.ForeignKey(Receiver, on_delete=models.CASCADE, related_name="tickets")
    key = models.UUIDField(default=uuid.uuid4, unique=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WANTED)
    wanted_at = models.DateTimeField()
    wanted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", help_text="Empty: by rule."
    )
    making_at = models.DateTimeField(null=True, blank=True)
    remote_id = models.CharField(max_length=64, blank=True)
    remote_name = models.CharField(max_length=64, blank=True, help_text="As people there call it.")
    link = models.CharField(max_length=500, blank=True)
    remote_status = models.CharField(max_length=100, blank=True)
    remote_at = models.DateTimeField(null=True, blank=True)
    ours = models.JSONField(default=dict, blank=True)
    told_through = models.BigIntegerField(default=0)
    telling = models.BigIntegerField(default=0)
    note = models.CharField(max_length=500, blank=True)
    error = models.CharField(max_length=500, blank=True)
    next_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    ok_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            # one ticket in each system, whoever asks for it and how often
            models.UniqueConstraint(fields=("investigation", "receiver"), name="ticket_once"),
        )
        indexes = (
            # what is to be done, what waits longest first
            models.Index(fields=("next_at", "id"), condition=models.Q(next_at__isnull=False), name="ticket_due"),
            # those a system tells of
            models.Index(fields=("receiver", "remote_id"), name="ticket_remote"),
        )

    def __str__(self) -> str:
        return f"{self.remote_name or self.state} of {self.investigation_id}"


class TicketPoll(models.Model):
    """How far the changes of one ticket system were read, and how far ours were for it.

    `lines` is the newest line of any history that is old enough for nothing with a smaller number to come after it.
    """

    receiver = models.OneToOneField(Receiver, primary_key=True, on_delete=models.CASCADE, related_name="poll")
    read_at = models.DateTimeField(null=True, blank=True, help_text="When it was last asked.")
    through = models.DateTimeField(help_text="Everything it changed before was read.")
    lines = models.BigIntegerField(db_default=0)

    def __str__(self) -> str:
        return f"{self.receiver_id} through {self.through}"
