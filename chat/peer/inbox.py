"""What comes under the keys of one handshake: which message is next, and what is owed for it. Mirrors static/js/peer/inbox.js.

With acknowledgements (docs/protocol.md, section 3.4) a message is taken when its number is the next one; each that comes, new or
known or too early, is owed an `ack`, one for all of them. Without, as in a classic chat, nothing is counted.
"""

from __future__ import annotations

ACK_EVERY = 8
"""Messages taken in, after which they are acknowledged at once."""
FAILING_FRAMES = 3
"""So many in a row that cannot be opened mean that the two have lost each other's keys."""
MAX_NUMBER = 2**53 - 1


class Inbox:
    """`acknowledged` says which of the two kinds it is; `due` is whether an `ack` of everything up to `last` is to go out now."""

    def __init__(self, *, acknowledged: bool) -> None:
        self._acknowledged = acknowledged
        self._heard = False
        self._failing = 0
        self._owed = 0
        self.last = 0
        self.due = False

    @property
    def owes(self) -> bool:
        """Whether something is to be acknowledged, in a moment."""
        return self._owed > 0

    @property
    def lost_keys(self) -> bool:
        """Whether a new handshake is due, since frames come that cannot be opened."""
        return self._failing >= FAILING_FRAMES

    def opened(self) -> None:
        """A frame could be opened."""
        self._failing = 0
        self._heard = True

    def failed(self) -> None:
        """A frame could not; before the first that can be, it may be one of the old keys'."""
        self._failing += self._heard and self._acknowledged

    def takes(self, number: object) -> bool:
        """Whether the message of this number is the next one."""
        if type(number) is not int or not 0 < number <= MAX_NUMBER:
            return False
        self._owed += 1
        self.due = self.due or self._owed >= ACK_EVERY
        if number != self.last + 1:
            return False
        self.last = number
        return True

    def acknowledge(self) -> None:
        """The moment is over."""
        self.due = self._owed > 0

    def repeat(self) -> None:
        """On another channel: say once more how far it has come."""
        self.due = self._heard

    def taken(self) -> None:
        """The channel took the `ack`."""
        self.due = False
        self._owed = 0
