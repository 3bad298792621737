"""What must not come of it: in what a server said to one connection, and in what it wrote into its log."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bench.soak.servers import unexpected_lines
from signaling.errors import Close, ProtocolError
from signaling.messages import parse_from_server

from . import frames
from .samples import MARK, NAME

_STATUS = re.compile(rb"^HTTP/1\.[01] (\d{3})", re.MULTILINE)
_CLOSED = re.compile(rb"^HTTP/1\.[01] 101 .*?\r\n\r\n", re.DOTALL)
_GIVEN_AWAY = re.compile(rf"{MARK}|{NAME}|\b127\.7\.\d|username=|candidate:|\bv=0\b", re.IGNORECASE)
_BEHAVED = frozenset({1000, 1002, 1003, 1007, 1008, Close.TOO_LARGE, 4001, 4002, 4003, 4004, Close.FLOOD})


def in_answer(said: bytes) -> str:
    """What is wrong with what a server said, or nothing."""
    if opened := _CLOSED.match(said):
        return next(_in_frames(said[opened.end() :]), "")
    worst = max((int(status) for status in _STATUS.findall(said)), default=0)
    return f"answered with {worst}" if worst >= 500 else ""


def _in_frames(said: bytes) -> Iterator[str]:
    for opcode, payload in frames.read(said):
        if (
            opcode == frames.CLOSE
            and len(payload) >= 2
            and (code := int.from_bytes(payload[:2], "big")) not in _BEHAVED
        ):
            yield f"closed with {code}"
        elif opcode == frames.TEXT:
            try:
                parse_from_server(payload.decode())
            except (UnicodeDecodeError, ProtocolError):
                yield f"said {payload[:80]!r}, which is no message of the protocol"
        elif opcode not in {frames.CLOSE, frames.TEXT, frames.PING, frames.PONG}:
            yield f"sent a frame of type {opcode}"


def in_log(log: str) -> str:
    """What should not be in it: the first line of a fault, or of what gives somebody away."""
    for line in unexpected_lines(log):
        return f"the log has: {line}"
    for line in log.splitlines():
        if _GIVEN_AWAY.search(line):
            return f"the log gives somebody away: {line}"
    return ""
