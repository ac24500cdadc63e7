"""The ticket systems, one protocol a file."""

from collections.abc import Mapping
from types import MappingProxyType

from investigations.tickets import jira, servicenow
from investigations.tickets.desk import System

_ALL = (jira.SYSTEM, servicenow.SYSTEM)
SYSTEMS: Mapping[str, System] = MappingProxyType({system.kind: system for system in _ALL})
