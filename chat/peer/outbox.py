"""The window of messages that the other side may not have yet. Mirrors static/js/peer/outbox.js.

With acknowledgements (docs/protocol.md, section 3.4) a message stays until the other side has acknowledged its number: the
entries are numbered in their order, from the one behind the last acknowledged. Without, as in a classic chat, it leaves when
the channel takes it, and one that the channel refuses has failed.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from .messages import Message

MAX_UNACKNOWLEDGED = 500


@dataclass(slots=True, eq=False)
class Entry:
    """What is to be sent, and the message of the conversation that it carries, if it does."""

    content: dict[str, Any]
    message: Message | None = None


class Outbox:
    """Entries in the order in which they are sent; `acknowledged` says which of the two kinds of window it is."""

    def __init__(self, *, acknowledged: bool) -> None:
        self._acknowledged = acknowledged
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
        if entry.message is not None:
            entry.message.status = "queued"
        self._entries.append(entry)

    def first(self) -> tuple[int, Entry] | None:
        """The entry to hand over next, and its number; None when nothing waits or the window is full."""
        if self._handed == len(self._entries) or self._handed >= MAX_UNACKNOWLEDGED:
            return None
        return self.acked + self._handed + 1, self._entries[self._handed]

    def taken(self) -> None:
        """The channel took the first one."""
        entry = self._entries[self._handed]
        if entry.message is not None:
            entry.message.status = "sent"
        if self._acknowledged:
            self._handed += 1
            self._highest = max(self._highest, self.acked + self._handed)
        else:
            self._entries.popleft()

    def refused(self) -> None:
        """The channel did not take the first one. A message that it never took has failed, as one too large for the other
        side's stack; what is sent again waits for another channel."""
        entry = self._entries[self._handed]
        again = self.acked + self._handed < self._highest
        if entry.message is not None and not again:
            del self._entries[self._handed]
            _fail(entry)

    def acknowledge(self, upto: int) -> bool:
        """The other side has all numbers up to `upto`; whether that says anything new. Numbers never sent say nothing."""
        if not self.acked < upto <= self._highest:
            return False
        for _ in range(upto - self.acked):
            entry = self._entries.popleft()
            if entry.message is not None:
                entry.message.status = "delivered"
        self._handed = max(0, self._handed - (upto - self.acked))
        self.acked = upto
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
        for entry in self._entries:
            _fail(entry)
        self._entries.clear()
        self._handed = 0


def _fail(entry: Entry) -> None:
    if entry.message is not None:
        entry.message.status = "failed"


def _is_sas(entry: Entry) -> bool:
    return str(entry.content["t"]).startswith("sas:")
