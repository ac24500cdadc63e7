"""Tickets when several workers are at it at once."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from investigations.models import Ticket
from investigations.tasks import sync_tickets
from investigations.tickets import wanting
from tests.desks import a_desk
from tests.engines import OtherEngine
from tests.investigations.cases import case, person
from tests.jira import Jira

pytestmark = pytest.mark.django_db(transaction=True)


def test_several_workers_at_once_make_one_ticket_each() -> None:
    with OtherEngine(behave=Jira()).serving() as engine:
        receiver, ines = a_desk("jira", engine), person("ines")
        for number in range(4):
            wanting.want(case(f"Number {number}"), receiver, now=timezone.now(), actor=ines)
        begin = threading.Barrier(4)

        def work() -> None:
            begin.wait()
            for _ in range(3):
                sync_tickets()
            connection.close()

        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert isinstance(engine.behave, Jira)
        assert len(engine.behave.issues) == 4
    assert set(Ticket.objects.values_list("state", flat=True)) == {Ticket.State.THERE}
