"""How far two people have come in making sure of each other (docs/protocol.md, section 3.5). Mirrors
static/js/peer/verifying.js.

Verified is the person's own word: "they match", for the emoji or the safety numbers. The other one's word can only take it
away. What is returned is to be sent.
"""

from __future__ import annotations

from typing import Any, Literal

from .errors import PeerError
from .suite import Suite

Content = dict[str, Any]
State = Literal["idle", "waiting", "compare", "matched", "mismatched", "they_mismatched"]


class Verifying:
    """For one handshake, whose suite is given."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._sas = suite.comparison()
        self._outcome: State | None = None
        self.they_matched = False
        """Whether the other one has said that it fits."""

    def renewed(self, suite: Suite) -> Verifying:
        """For another handshake of the same chat. What did not match once is not forgotten by it."""
        fresh = Verifying(suite)
        if self.doubted:
            fresh._outcome = self._outcome
        return fresh

    @property
    def emoji(self) -> list[tuple[str, str]]:
        """Seven emoji and their names, or none yet."""
        return self._sas.emoji if self._sas else []

    @property
    def doubted(self) -> bool:
        """Whether one of the two has said that they differ."""
        return self._outcome in ("mismatched", "they_mismatched")

    @property
    def state(self) -> State:
        if self._outcome is not None:
            return self._outcome
        if self.emoji:
            return "compare"
        return "waiting" if self._sas and self._sas.begun else "idle"

    def start(self) -> list[Content]:
        """Begin to compare emoji, unless that has begun. Raises PeerError where nothing can be compared."""
        if self._sas is None:
            raise PeerError("not_verifiable")
        return self._sas.start()

    def confirm(self, matches: bool) -> list[Content]:
        """The person has compared. Raises PeerError where nothing can be, and for a match after a mismatch on either side."""
        if self._sas is None:
            raise PeerError("not_verifiable")
        if matches and self.doubted:
            raise PeerError("mismatched")
        self._outcome = "matched" if matches else "mismatched"
        self._suite.verify(matches)
        return [{"t": "sas:result", "ok": matches}]

    def receive(self, content: Content) -> list[Content]:
        """Take a `sas:*` message of the other side."""
        if self._sas is None:
            return []
        if content["t"] == "sas:result":
            if content.get("ok") is False:
                self._doubt("they_mismatched")
            self.they_matched = content.get("ok") is True
            return []
        replies = self._sas.receive(content)
        if self._sas.failed:
            self._doubt("mismatched")
        return replies

    def _doubt(self, outcome: State) -> None:
        self._outcome = outcome
        self._suite.verify(False)
