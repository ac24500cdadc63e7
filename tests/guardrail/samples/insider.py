"""A user beside what is usual for the user and for others, and days like any other."""

from typing import Any

from guardrail.habits import Hour
from guardrail.invocation import Past
from guardrail.people import Peers, Person
from tests.guardrail.samples import Pair, Silent
from tests.guardrail.samples.behaviour import hour

SIGNALS = ("insider_suspected", "user_volume_unusual", "user_destination_unusual", "user_time_unusual")
OUTSIDE = "kim@contoso.example"
READ = "Prices of the northern branch for the coming year, with all discounts and the names of our buyers."
MAIL: dict[str, Any] = {
    "user": f"Send Kim at {OUTSIDE} the notes.",
    "arguments": {"to": OUTSIDE, "body": "Our notes."},
}
LOOK_UP: dict[str, Any] = {"user": "Which rooms are free?", "tool": "list_rooms", "arguments": {"day": "monday"}}
NOBODY = Peers(people=1, hours=3.0, out_mean=0.0, out_variance=0.0, read_mean=0.0, read_variance=0.0)
OTHERS = Peers(people=12, hours=900.0, out_mean=3.0, out_variance=4.0, read_mean=8.0, read_variance=20.0)
BUSY = Peers(people=12, hours=900.0, out_mean=40.0, out_variance=400.0, read_mean=8.0, read_variance=20.0)


def few(**changes: Any) -> Hour:
    usual: dict[str, Any] = {"calls": 2, "usual": 1.5, "around": 4.0, "day": 10.0, "dispersion": 1.0}
    return hour(**{**usual, **changes})


def person(**changes: Any) -> Past:
    new = changes.pop("new_to_agent", ())
    usual: dict[str, Any] = {"learning": False, "calls": 300, "days": 30.0, "out": few(), "read": few()}
    return Past(available=True, new_destinations=new, person=Person(**{**usual, "peers": OTHERS, **changes}))


def taking(**changes: Any) -> dict[str, Any]:
    return {
        "user": f"Send {OUTSIDE} the prices.",
        "outputs": [("get_file", READ)],
        "arguments": {"to": OUTSIDE, "body": READ},
        "past": person(**changes),
    }


NIGHT = few(hour=3, calls=1, usual=0.0, around=0.0)
PAIRS = (
    Pair(
        what="far more mails than the user or others send",
        says="user_volume_unusual",
        fires={**MAIL, "past": person(out=few(calls=30))},
        near={**MAIL, "past": person(out=few(calls=9))},
    ),
    Pair(
        what="many mails where others send as many",
        says="user_volume_unusual",
        fires={**MAIL, "past": person(out=few(calls=60))},
        near={**MAIL, "past": person(out=few(calls=60), peers=BUSY)},
    ),
    Pair(
        what="a new user who reads far more than all others",
        says="user_volume_unusual",
        fires={**LOOK_UP, "past": person(learning=True, read=few(calls=90))},
        near={**LOOK_UP, "past": person(learning=True, read=few(calls=90), peers=NOBODY)},
    ),
    Pair(
        what="somebody neither the user nor others ever wrote to",
        says="user_destination_unusual",
        fires={**MAIL, "past": person(new_destinations=(OUTSIDE,), new_to_agent=(OUTSIDE,))},
        near={**MAIL, "past": person(new_destinations=(OUTSIDE,))},
    ),
    Pair(
        what="a mail at night",
        says="user_time_unusual",
        fires={**MAIL, "past": person(out=NIGHT, read=NIGHT)},
        near={**MAIL, "past": person(out=NIGHT, read=few(hour=3))},
    ),
    Pair(
        what="at night, many, and what was read goes outside",
        says="insider_suspected",
        fires=taking(out=few(calls=30, hour=3, around=0.0, usual=0.0), read=NIGHT),
        near=taking(),
    ),
    Pair(
        what="somebody new, and many",
        says="insider_suspected",
        fires=taking(out=few(calls=30), new_destinations=(OUTSIDE,), new_to_agent=(OUTSIDE,)),
        near={**taking(), "past": person(out=few(calls=6), new_destinations=(OUTSIDE,))},
    ),
)
SILENT = (
    Silent(what="a day like any other", call={**MAIL, "past": person()}),
    Silent(what="a user nothing is known of", call={**MAIL, "past": Past(available=True)}),
    Silent(what="a new user among few", call={**MAIL, "past": person(learning=True, peers=NOBODY)}),
    Silent(
        what="a mail to a colleague, the thirtieth of this hour",
        call={"user": "Send Ana it.", "arguments": {"to": "ana@adatum.example"}, "past": person(out=few(calls=30))},
    ),
)
