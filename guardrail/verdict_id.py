"""UUIDv7: ids whose order is the order of time, so that the verdict table is partitioned and paged by them."""

import os
import uuid
from datetime import UTC, datetime


def new_verdict_id(at: datetime) -> uuid.UUID:
    """A UUIDv7 (RFC 9562) for the moment `at`: 48 bits of milliseconds, 74 random bits."""
    milliseconds = int(at.timestamp() * 1000)
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (1 << 48) - 1) << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    return uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def floor_id(at: datetime) -> uuid.UUID:
    """The lowest id of the moment `at`: every verdict from then on has a higher one. Before 1970 it is the lowest."""
    return uuid.UUID(int=(max(0, int(at.timestamp() * 1000)) & (1 << 48) - 1) << 80)


def moment_of_id(verdict_id: uuid.UUID) -> datetime:
    """The moment a UUIDv7 was made, to the millisecond."""
    return datetime.fromtimestamp((verdict_id.int >> 80) / 1000, tz=UTC)
