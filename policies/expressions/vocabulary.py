"""What a condition can speak of: every field with its kind, its meaning and, where they are few, its values. Pure."""

import enum
from dataclasses import dataclass
from types import MappingProxyType

from policies.choices import Mode, Profile, Standing, ToolKind


class Kind(enum.Enum):
    """What a field or a part of a condition is. `ANY` is only known when the call is there."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    TEXTS = "list of texts"
    MAP = "map"
    ANY = "anything"
    NOTHING = "null"


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field. `choices` are all its values, empty where they are not known beforehand.

    One that is `dear` takes reading every text that leaves, milliseconds: it is asked for last.
    """

    name: str
    kind: Kind
    meaning: str
    choices: tuple[str, ...] = ()
    dear: bool = False


def _values(kind: type[Mode] | type[Profile] | type[Standing] | type[ToolKind]) -> tuple[str, ...]:
    return tuple(member.value for member in kind)


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

FIELDS: tuple[Field, ...] = (
    Field(name="agent.id", kind=Kind.TEXT, meaning="the agent's id"),
    Field(name="agent.name", kind=Kind.TEXT, meaning="the agent's name, as the call says it"),
    Field(name="agent.version", kind=Kind.TEXT, meaning="the agent's version, as the call says it"),
    Field(name="agent.registered", kind=Kind.FLAG, meaning="whether the agent is registered in the inventory"),
    Field(name="agent.parent", kind=Kind.TEXT, meaning="the id of the agent that called this one, empty for none"),
    Field(name="process", kind=Kind.TEXT, meaning="the business process the agent is registered for"),
    Field(name="environment.id", kind=Kind.TEXT, meaning="the environment's id"),
    Field(name="tenant.id", kind=Kind.TEXT, meaning="the tenant's id"),
    Field(name="tool.id", kind=Kind.TEXT, meaning="the tool's id, lower case"),
    Field(name="tool.name", kind=Kind.TEXT, meaning="the tool's name, lower case"),
    Field(name="tool.kind", kind=Kind.TEXT, meaning="what the tool does", choices=_values(ToolKind)),
    Field(name="arguments", kind=Kind.MAP, meaning="the planned arguments, as the call has them"),
    Field(name="payment.amount", kind=Kind.NUMBER, meaning="the largest amount of money the arguments name"),
    Field(name="user.id", kind=Kind.TEXT, meaning="the user's id, empty where nobody signed in"),
    Field(name="user.signed_in", kind=Kind.FLAG, meaning="whether the user signed in"),
    Field(name="channel.id", kind=Kind.TEXT, meaning="the channel the user is on"),
    Field(name="client.ip", kind=Kind.TEXT, meaning="the address the user comes from"),
    Field(name="trigger.id", kind=Kind.TEXT, meaning="the event that started the run, empty where a person did"),
    Field(name="event_triggered", kind=Kind.FLAG, meaning="whether an event and no person started the run"),
    Field(name="destinations", kind=Kind.TEXTS, meaning="where the call would reach, lower case"),
    Field(name="destination.domains", kind=Kind.TEXTS, meaning="their hosts and domains"),
    Field(
        name="destination.standings",
        kind=Kind.TEXTS,
        meaning="how we stand to them",
        choices=_values(Standing),
    ),
    Field(name="data.classes", kind=Kind.TEXTS, meaning="the classes of data the call carries", dear=True),
    Field(name="documents", kind=Kind.TEXTS, meaning="names of documents the call or what it read names"),
    Field(name="signals", kind=Kind.TEXTS, meaning="the names of what was found against the call"),
    Field(name="profile", kind=Kind.TEXT, meaning="the profile the agent is judged by", choices=_values(Profile)),
    Field(name="mode", kind=Kind.TEXT, meaning="whether stops are answered or only marked", choices=_values(Mode)),
    Field(name="time.hour", kind=Kind.NUMBER, meaning="the hour of the day the call came in, 0 to 23, UTC"),
    Field(name="time.weekday", kind=Kind.TEXT, meaning="the day of the week, UTC", choices=_DAYS),
    Field(name="volume.agent_hour", kind=Kind.NUMBER, meaning="calls of the agent in this hour, this one included"),
)
BY_NAME = MappingProxyType({field.name: field for field in FIELDS})
WEEKDAYS = _DAYS
# `agent` of `agent.id`: a name that is only the beginning of fields.
PREFIXES = frozenset(field.name.split(".")[0] for field in FIELDS if "." in field.name)
