"""Comparing emoji: the messages `sas:*` (docs/protocol.md, section 3.5). Mirrors static/js/peer/sas.js.

One side commits to a nonce, the other answers with its own, and the first one reveals: nobody can look for nonces under
which two handshakes show the same emoji. There is one run in a handshake. When both commit, the caller's stands.
"""

from __future__ import annotations

from typing import Any

from . import verification
from .handshake import Role
from .primitives import Random, b64, unb64

Content = dict[str, Any]

NONCE_BYTES = 32


class Sas:
    """One side of the run. What `start` and `receive` return is to be sent."""

    def __init__(self, role: Role, transcript: bytes, random: Random) -> None:
        self.emoji: list[tuple[str, str]] = []
        """The seven, with their names, once they are known."""
        self.begun = False
        self.failed = False
        """The other one revealed a nonce that it had not committed to."""
        self._role = role
        self._transcript = transcript
        self._random = random
        self._nonce = b""
        self._commit: bytes | None = None
        self._awaited = "sas:commit"

    def start(self) -> list[Content]:
        """Begin the run, unless it has begun."""
        if self.begun:
            return []
        self._nonce = self._random(NONCE_BYTES)
        self.begun = True
        self._awaited = "sas:nonce"
        return [{"t": "sas:commit", "commit": b64(verification.commitment(self._nonce))}]

    def receive(self, content: Content) -> list[Content]:
        """Take a message of the other side. One that is not awaited, or malformed, changes nothing."""
        kind = content["t"]
        crossed = kind == "sas:commit" and self._awaited == "sas:nonce" and self._role == "called"
        if kind != self._awaited and not crossed:
            return []
        try:
            value = unb64(content.get("commit" if kind == "sas:commit" else "nonce"))
        except ValueError:
            return []
        return self._take(kind, value) if len(value) == NONCE_BYTES else []

    def _take(self, kind: str, value: bytes) -> list[Content]:
        match kind:
            case "sas:commit":
                self._commit, self._nonce = value, self._random(NONCE_BYTES)
                self.begun = True
                self._awaited = "sas:reveal"
                return [{"t": "sas:nonce", "nonce": b64(self._nonce)}]
            case "sas:nonce":
                self._awaited = ""
                self.emoji = verification.emoji(self._transcript, self._nonce, value)
                return [{"t": "sas:reveal", "nonce": b64(self._nonce)}]
            case _:
                self._awaited = ""
                if verification.commitment(value) != self._commit:
                    self.failed = True
                    return [{"t": "sas:result", "ok": False}]
                self.emoji = verification.emoji(self._transcript, value, self._nonce)
                return []
