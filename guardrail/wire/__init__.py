"""One adapter a file: a caller's JSON in, an Invocation out, a Decision back in the caller's own words."""


class Unreadable(ValueError):
    """A body that cannot be judged; the message says what was found and what was wanted, without quoting content."""
