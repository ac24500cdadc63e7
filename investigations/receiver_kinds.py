"""Every kind of receiver an admin may set up: sinks of events, and ticket systems."""

from collections.abc import Mapping
from types import MappingProxyType

from investigations.siem.sinks import SINKS
from investigations.siem.sinks.sink import ReceiverKind
from investigations.tickets.systems import SYSTEMS

KINDS: Mapping[str, ReceiverKind] = MappingProxyType({**SINKS, **SYSTEMS})
