"""The histories of all conversations, by name and device, while the peer lives. Mirrors static/js/peer/histories.js.

Another device under the same name gets nothing of them. Messages that are to vanish do so in time, whether or not a chat is open.
"""

from __future__ import annotations

from collections.abc import Callable

from .history import History
from .timers import After, Timers

MAX_HISTORIES = 64
PATIENCE_SECONDS = 30.0
"""The clock is looked at so often, since timers stand still while the device sleeps."""


class Histories:
    """The newest so many. `now()` gives milliseconds since 1970; `changed` is told when messages have vanished."""

    def __init__(self, after: After, now: Callable[[], int], changed: Callable[[], None]) -> None:
        self._timers = Timers(after)
        self._now = now
        self._changed = changed
        self._histories: dict[tuple[str, bytes | None], History] = {}
        self._timed: set[History] = set()
        """Those of which something is to vanish."""

    def of(self, name: str, identity: bytes | None) -> History:
        """The messages with somebody, who becomes the newest. When there are too many the oldest is forgotten, and one that is
        empty before all others."""
        key = (name.lower(), identity)
        history = self._histories.pop(key, None) or History(self._follow)
        if len(self._histories) >= MAX_HISTORIES:
            empty = (each for each, one in self._histories.items() if not one.messages)
            del self._histories[next(empty, next(iter(self._histories)))]
        self._histories[key] = history
        return history

    def clear(self) -> None:
        """Forget all."""
        for history in self._histories.values():
            history.clear()
        self._histories.clear()

    def _follow(self, history: History) -> None:
        self._timed.add(history)
        self._expire()

    def _expire(self) -> None:
        """Let go what is to vanish by now, and come back when more is."""
        self._timers.cancel()
        gone = [history.expire(self._now()) for history in self._timed]
        due = {history: history.due for history in self._timed if history.due is not None}
        self._timed = set(due)
        if due:
            seconds = max(0, min(due.values()) - self._now()) / 1000
            self._timers.start("due", min(PATIENCE_SECONDS, seconds), self._expire)
        if any(gone):
            self._changed()
