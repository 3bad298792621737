"""The window of messages that the other side may not have yet. Mirrors static/js/peer/outbox.js.

With acknowledgements (docs/protocol.md, section 3.4) a message stays until the other side has acknowledged its number: the
entries are numbered in their order, from the one behind the last acknowledged. Without, as in a classic chat, it leaves when
the channel takes it, and one that the channel refuses has failed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .messages import Message, Status

MAX_UNACKNOWLEDGED = 500


@dataclass(slots=True, eq=False)
class Entry:
    """What is to be sent, and the message of the conversation that it is about, if it is; `left`: the channel took it once.

    A text, and whatever else is said about a message, fails with it. How far the message has come, its text alone says.
    """

    content: dict[str, Any]
    message: Message | None = None
    left: bool = False


class Outbox:
    """Entries in the order in which they are sent; `acknowledged` says which of the two kinds of window it is; `changed` is told
    of messages with another status."""

    def __init__(self, *, acknowledged: bool, changed: Callable[[Message], None] = lambda _: None) -> None:
        self._acknowledged = acknowledged
        self._changed = changed
        self._entries: deque[Entry] = deque()
        self._handed = 0
        """How many of the entries the channel has been handed."""
        self.acked = 0
        """The number last acknowledged."""
        self._highest = 0

    @property
    def outstanding(self) -> bool:
        """Whether the channel was handed something that is not acknowledged."""
        return self._handed > 0

    def add(self, entry: Entry) -> None:
        """Queue an entry; its message may be new, or have failed before."""
        self._entries.append(entry)
        self._mark(entry, "queued", "failed")

    def withdraw(self, entry: Entry) -> None:
        """Take back what the channel never took."""
        if not entry.left and entry in self._entries:
            self._entries.remove(entry)

    def first(self) -> tuple[int, Entry] | None:
        """The entry to hand over next, and its number; None when nothing waits or the window is full."""
        if self._handed == len(self._entries) or self._handed >= MAX_UNACKNOWLEDGED:
            return None
        return self.acked + self._handed + 1, self._entries[self._handed]

    def taken(self) -> None:
        """The channel took the first one."""
        entry = self._entries[self._handed]
        entry.left = True
        if self._acknowledged:
            self._handed += 1
            self._highest = max(self._highest, self.acked + self._handed)
        else:
            self._entries.popleft()
        self._mark(entry, "sent", "queued")

    def refused(self) -> None:
        """The channel did not take the first one. A message that it never took has failed, as one too large for the other
        side's stack; what is sent again waits for another channel."""
        entry = self._entries[self._handed]
        again = self.acked + self._handed < self._highest
        if entry.message is not None and not again:
            del self._entries[self._handed]
            self._fail(entry)

    def acknowledge(self, upto: int) -> bool:
        """The other side has all numbers up to `upto`; whether that says anything new. Numbers never sent say nothing."""
        if not self.acked < upto <= self._highest:
            return False
        arrived = [self._entries.popleft() for _ in range(upto - self.acked)]
        self._handed = max(0, self._handed - (upto - self.acked))
        self.acked = upto
        for entry in arrived:
            self._mark(entry, "delivered", "queued", "sent")
        return True

    def lacks(self, upto: int) -> bool:
        """Whether `upto`, acknowledged once more, says that what came after it is missing."""
        return upto == self.acked and self._handed > 0

    def rewind(self) -> None:
        """Send again whatever is not acknowledged."""
        self._handed = 0

    def restart(self, first: Entry) -> None:
        """Under new keys numbers begin anew, with `first`; emoji belong to one handshake, and go."""
        kept = [entry for entry in self._entries if entry.content["t"] != "hello" and not _is_sas(entry)]
        self._entries = deque([first, *kept])
        self._handed = self.acked = self._highest = 0

    def fail_all(self) -> None:
        """Nothing more can be sent."""
        failed = list(self._entries)
        self._entries.clear()
        self._handed = 0
        for entry in failed:
            self._fail(entry)

    # Inside

    def _mark(self, entry: Entry, status: Status, *before: Status) -> None:
        """Its text has come so far, where it had come no further before."""
        message = entry.message
        if message is not None and entry.content["t"] == "text" and message.status in before:
            message.status = status
            self._changed(message)

    def _fail(self, entry: Entry) -> None:
        message = entry.message
        read = message is not None and message.status == "read" and entry.content["t"] == "text"
        if message is not None and not read:
            message.status = "failed"
            self._changed(message)


def _is_sas(entry: Entry) -> bool:
    return str(entry.content["t"]).startswith("sas:")
