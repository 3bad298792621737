"""How the log is written: as lines for people or as JSON for machines, and never faster than somebody could follow it.

What a record says besides its sentence stands in `extra={"fields": {…}}`. Other attributes that code of others attaches to
a record, as a request, are not written: who knows whom they name. Nor is the text of an exception, which may quote what
somebody sent; its class is, and where it came from.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable
from http import HTTPStatus
from types import TracebackType
from typing import Any, TypeAlias

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

MOST = 5
"""How many records of one kind are written in `WINDOW_SECONDS`."""

WINDOW_SECONDS = 60.0

KINDS = 100
"""How many kinds are told apart in that time; all further ones are one."""

_Kind: TypeAlias = tuple[str, int, str]
_Raised: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Line(logging.Formatter):
    """The sentence, and then the fields as `name=value`."""

    def formatException(self, ei: _Raised) -> str:  # noqa: N802 - logging's name for it
        """See `logging.Formatter`."""
        return _without_text(ei)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """See `logging.Formatter`."""
        return " ".join(
            (super().formatMessage(record), *(f"{name}={value}" for name, value in _fields(record).items()))
        )


class Json(JsonFormatter):
    """An object with `time`, `level`, `logger`, `message` and the fields."""

    def __init__(self) -> None:
        names = {"levelname": "level", "name": "logger"}
        super().__init__("%(levelname)s %(name)s %(message)s", rename_fields=names, timestamp="time")

    def formatException(self, ei: _Raised) -> str:  # noqa: N802
        """See `logging.Formatter`."""
        return _without_text(ei)

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """See `BaseJsonFormatter`."""
        plain = logging.makeLogRecord({name: value for name, value in vars(record).items() if name in RESERVED_ATTRS})
        super().add_fields(log_data, plain, _fields(record) | message_dict)


class HoldBack(logging.Filter):
    """Lets through the first `MOST` records of a kind, that is of a logger, level and sentence, in each window.

    The last of them says that more are held back, and the kind's first in the next window how many were.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._since = clock()
        self._seen: dict[_Kind | None, int] = {}
        self._held: dict[_Kind | None, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """See `logging.Filter`."""
        if self._clock() - self._since >= WINDOW_SECONDS:
            self._since = self._clock()
            self._held = {kind: seen - MOST for kind, seen in self._seen.items() if seen > MOST}
            self._seen = {}
        kind = self._kind(record)
        seen = self._seen[kind] = self._seen.get(kind, 0) + 1
        if held := self._held.pop(kind, 0):
            _add(record, held_back=held)
        if seen == MOST:
            _add(record, more="held back")
        return seen <= MOST

    def _kind(self, record: logging.LogRecord) -> _Kind | None:
        kind = (record.name, record.levelno, str(record.msg))
        return kind if kind in self._seen or len(self._seen) < KINDS else None


def is_no_answer(record: logging.LogRecord) -> bool:
    """Whether it is about a fault, and not about a 503, which is the answer to who asks whether there is one."""
    return getattr(record, "status_code", None) != HTTPStatus.SERVICE_UNAVAILABLE


def _without_text(raised: _Raised) -> str:
    _, error, frames = raised
    return "".join(traceback.format_tb(frames)) + type(error).__name__


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return dict(getattr(record, "fields", {}))


def _add(record: logging.LogRecord, **fields: Any) -> None:
    record.fields = _fields(record) | fields
