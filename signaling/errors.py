"""The errors of the wire (docs/protocol.md, section 1): a code, a sentence for a person, and whether the socket closes.

`ProtocolError` is raised by whoever finds the fault and turned into an `error` message in one place, the consumer.
"""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """The codes that an `error` message carries."""

    INVALID_MESSAGE = "INVALID_MESSAGE"
    UNKNOWN_TYPE = "UNKNOWN_TYPE"
    MISSING_TARGET = "MISSING_TARGET"
    INVALID_TARGET = "INVALID_TARGET"
    USER_OFFLINE = "USER_OFFLINE"
    NOT_IN_SESSION = "NOT_IN_SESSION"
    RELAY_FAILED = "RELAY_FAILED"
    MISSING_SESSION_ID = "MISSING_SESSION_ID"
    INVALID_SESSION_ID = "INVALID_SESSION_ID"
    SESSION_CREATE_FAILED = "SESSION_CREATE_FAILED"
    SESSION_JOIN_FAILED = "SESSION_JOIN_FAILED"
    INVALID_USERNAME = "INVALID_USERNAME"
    USERNAME_TAKEN = "USERNAME_TAKEN"
    AUTH_FAILED = "AUTH_FAILED"
    RATE_LIMITED = "RATE_LIMITED"
    MESSAGE_TOO_LARGE = "MESSAGE_TOO_LARGE"
    SERVER_BUSY = "SERVER_BUSY"


class Close:
    """WebSocket close codes. A client does not come back by itself on 4001 to 4004."""

    GOING_DOWN = 1001
    TOO_LARGE = 1009
    UNEXPECTED = 1011
    INVALID_USERNAME = 4001
    USERNAME_TAKEN = 4002
    AUTH_FAILED = 4003
    REPLACED = 4004
    FLOOD = 4008

    FINAL = frozenset({INVALID_USERNAME, USERNAME_TAKEN, AUTH_FAILED, REPLACED})


SENTENCES: dict[Code, str] = {
    Code.INVALID_MESSAGE: "That message could not be read.",
    Code.UNKNOWN_TYPE: "This server does not know that kind of message.",
    Code.MISSING_TARGET: "The message does not say who it is for.",
    Code.INVALID_TARGET: "You cannot call that name.",
    Code.USER_OFFLINE: "Nobody is online under that name.",
    Code.NOT_IN_SESSION: "You are not in a call with that person.",
    Code.RELAY_FAILED: "That person cannot be reached right now.",
    Code.MISSING_SESSION_ID: "The message does not say which session it means.",
    Code.INVALID_SESSION_ID: "That is not a session's id.",
    Code.SESSION_CREATE_FAILED: "You have too many open sessions. End one first.",
    Code.SESSION_JOIN_FAILED: "That session is full, over or unknown.",
    Code.INVALID_USERNAME: "A username is 3 to 20 letters, digits or underscores.",
    Code.USERNAME_TAKEN: "Somebody is already online under that name.",
    Code.AUTH_FAILED: "This device could not prove that the name is its own.",
    Code.RATE_LIMITED: "That was too much at once. Wait a moment.",
    Code.MESSAGE_TOO_LARGE: "That message is too large.",
    Code.SERVER_BUSY: "The server is busy. Try again in a moment.",
}


class ProtocolError(Exception):
    """A request that the protocol refuses.

    `target` and `session_id` are the name and the session that the failed request was about, `close` the close code where
    the socket does not survive it.
    """

    def __init__(self, code: Code, *, target: str | None = None, close: int | None = None) -> None:
        super().__init__(SENTENCES[code])
        self.code = code
        self.target = target
        self.session_id: str | None = None
        self.close = close
