"""Sessions that the server opened and nobody here asked for. Mirrors static/js/peer/unasked.js.

Such a session does nothing until a `key:exchange` of its other user comes: then it is a call.
"""

from __future__ import annotations

from signaling.messages import JoinedPayload

MAX_UNASKED = 64


class Unasked:
    """The newest of them, one for each name."""

    def __init__(self) -> None:
        self._sessions: dict[str, JoinedPayload] = {}

    def keep(self, session: JoinedPayload) -> None:
        self._sessions[session.peer.lower()] = session
        if len(self._sessions) > MAX_UNASKED:
            del self._sessions[next(iter(self._sessions))]

    def take(self, name: str) -> JoinedPayload | None:
        """The one with somebody, which is none any more."""
        return self._sessions.pop(name.lower(), None)

    def peek(self, name: str) -> JoinedPayload | None:
        """The one with somebody."""
        return self._sessions.get(name.lower())

    def clear(self) -> None:
        """Without its socket a client has no sessions."""
        self._sessions.clear()
