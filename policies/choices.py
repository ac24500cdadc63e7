"""What an admin chooses among in a policy: one enum a choice, its values as documents and tables write them. Pure."""

import enum


class Action(enum.IntEnum):
    """What policy wants done with a call, weakest first."""

    ALLOW = 0
    NOTICE = 1
    MODIFY = 2
    HOLD = 3
    BLOCK = 4


class Mode(enum.Enum):
    MONITOR = "monitor"
    ENFORCE = "enforce"


class Profile(enum.Enum):
    """`strict` stops what it suspects; `cautious` asks where users of this agent delegate to documents and mail."""

    STRICT = "strict"
    CAUTIOUS = "cautious"


class FailPosture(enum.Enum):
    """The answer when judging could not be finished."""

    BLOCK = "block"
    ALLOW = "allow"


class ToolKind(enum.Enum):
    READ = "read"
    WRITE = "write"
    SEND = "send"
    PAY = "pay"
    DELETE = "delete"
    SHARE = "share"
    EXECUTE = "execute"


class AskedFor(enum.Enum):
    """The calls another engine is asked about: those that can change or send something, or all."""

    CHANGES = "changes"
    ALL = "all"


class Standing(enum.Enum):
    """How this organisation stands to a destination. A partner counts as known, but for rules that name partners."""

    INTERNAL = "internal"
    KNOWN = "known"
    PARTNER = "partner"
    UNKNOWN = "unknown"
    DENIED = "denied"

    @property
    def is_trusted(self) -> bool:
        """Whether somebody here vouches for it: one's own, known, or a partner's."""
        return self not in (Standing.UNKNOWN, Standing.DENIED)
