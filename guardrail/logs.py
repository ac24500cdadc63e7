"""How a log line looks: one JSON object, an event name and fields, on standard error.

JSON because a field may hold what a caller chose: a line break in it must not begin a line of its own. Tracebacks name
places only: a renderer that prints local variables would print the transcript.
"""

import sys

import structlog


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
        # standard error as it is now, not as it was at the start
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
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
