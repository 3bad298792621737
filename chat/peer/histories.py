"""The messages exchanged so far, by name and device, while the peer lives. Mirrors static/js/peer/histories.js.

Another device under the same name gets nothing of them.
"""

from __future__ import annotations

from .messages import Message

MAX_HISTORIES = 32


class Histories:
    """The newest so many."""

    def __init__(self) -> None:
        self._histories: dict[tuple[str, bytes | None], list[Message]] = {}

    def of(self, name: str, identity: bytes | None) -> list[Message]:
        """The messages with somebody, who becomes the newest; the oldest are forgotten when there are too many."""
        key = (name.lower(), identity)
        messages = self._histories.pop(key, [])
        self._histories[key] = messages
        if len(self._histories) > MAX_HISTORIES:
            del self._histories[next(iter(self._histories))]
        return messages
