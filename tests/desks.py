"""Ticket systems for tests: set up, asked for tickets, and looked at again."""

from typing import Any

from django.test import Client

from investigations.models import Activity, Investigation, Receiver, Ticket
from investigations.tasks import sync_tickets
from tests import jira, servicenow
from tests.engines import OtherEngine
from tests.receivers import a_receiver, later

_SETTINGS = {"jira": jira.JIRA, "servicenow": servicenow.SERVICENOW}
_SECRETS = {"jira": jira.TOKEN, "servicenow": servicenow.PASSWORD}


def a_desk(kind: str, engine: OtherEngine, settings: dict[str, str] | None = None, **wanted: Any) -> Receiver:
    """A ticket system on this machine; `settings` over the usual ones."""
    whole = {
        "name": f"Quay {kind}",
        "secret": _SECRETS[kind],
        "calls": "none",
        "settings": {**_SETTINGS[kind], **(settings or {})},
    }
    return a_receiver(kind, engine.url, **{**whole, **wanted})


def ask(client: Client, row: Investigation, receiver: Receiver) -> str:
    """Press the button; what the page then says."""
    answer = client.post(f"/investigations/{row.pk}/tickets/", {"receiver": receiver.pk}, follow=True)
    content: bytes = answer.content
    return content.decode()


def wanted(client: Client, row: Investigation, receiver: Receiver) -> None:
    """Press the button and look no further."""
    assert client.post(f"/investigations/{row.pk}/tickets/", {"receiver": receiver.pk}).status_code == 302


def opened(client: Client, row: Investigation, receiver: Receiver) -> Ticket:
    """A ticket that is there and in step."""
    wanted(client, row, receiver)
    sync_tickets()
    return Ticket.objects.get(investigation=row, receiver=receiver)


def kinds(row: Investigation) -> list[str]:
    return list(Activity.objects.filter(investigation=row).values_list("kind", flat=True))


def poll() -> None:
    """Some minutes later everything is asked for again."""
    with later(20):
        sync_tickets()
