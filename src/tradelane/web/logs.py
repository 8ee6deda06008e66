"""Log lines: for people, or one JSON object a line with a trace id.

What a client sent never stands in a line as it came: routes are logged by their template, and the
JSON form escapes line breaks, so nobody can write a line of their own into the log.
"""

from __future__ import annotations

import logging
import sys

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

_FIELDS = ("trace_id", "method", "route", "status", "milliseconds", "user")


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        parts = [f"{name}={getattr(record, name)}" for name in _FIELDS if hasattr(record, name)]
        first, *rest = map(_printable, text.splitlines() or [""])
        line = " ".join([first, *map(_printable, parts)])
        # Only a traceback has more lines; they are indented, so that none looks like a new one.
        return "".join([line, *(f"\n    {more}" for more in rest)])


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def configure(form: str) -> None:
    """Send the logs of Tradelane and of the server to standard error, in ``text`` or ``json``."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter(
            "{levelname}{message}{asctime}{name}",
            style="{",
            rename_fields={"levelname": "level", "asctime": "at", "name": "logger"},
            reserved_attrs=[*RESERVED_ATTRS, "color_message"],  # the server's, for terminals
        )
        if form == "json"
        else _Plain("%(asctime)s %(levelname)s %(message)s")
    )
    for name in ("tradelane", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(logging.INFO)
    # The guard writes one line a request, with the trace id.
    logging.getLogger("uvicorn.access").disabled = True
