"""How a log line looks: one JSON object, an event name and fields, on standard error.

JSON because a field may hold what a caller chose: a line break in it must not begin a line of its own. Tracebacks name
places only: a renderer that prints local variables would print the transcript.
"""

import sys
from typing import Any

import structlog


class Lines:
    """Writes lines to standard error as it is now. A line that cannot be written, as on a full disk, is left out.

    INVARIANT: writing never raises: an error in the middle of an answer would be an allowed call.
    """

    def msg(self, message: str) -> None:
        try:
            print(message, file=sys.stderr, flush=True)  # noqa: T201 what logging means here
        except (OSError, ValueError):
            return

    log = debug = info = warn = warning = error = err = critical = exception = fatal = failure = msg


def _lines(*_: Any) -> Lines:
    return Lines()


def configure() -> None:
    """Set structlog up for this process; safe to run twice."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(_places),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=_lines,
        cache_logger_on_first_use=False,
    )


def _places(exc_info: structlog.typing.ExcInfo) -> list[str]:
    """The type of the error and where it came through, without its message: that may quote the call."""
    kind, _, trace = exc_info
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return [*places, kind.__name__]
