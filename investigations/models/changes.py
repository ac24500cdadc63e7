"""Which investigations changed, in the order in which it could be seen."""

from django.db import models

from investigations.models.casework import Investigation


class PendingChange(models.Model):
    """An investigation changed and is not numbered yet. Written by a trigger in the change's own transaction.

    A trigger, because some fifty places change investigations, and one that forgot would be a gap nobody notices.
    """

    investigation_id = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.investigation_id)


class LastChange(models.Model):
    """The number (`guardrail.feed`) of an investigation's last change. Written by `investigations.changes` only.

    In a table of its own and without a constraint: numbering waits for nobody who works on the investigation.
    """

    investigation = models.OneToOneField(
        Investigation, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="last_change"
    )
    number = models.BigIntegerField(unique=True)

    def __str__(self) -> str:
        return f"{self.number} {self.investigation_id}"
