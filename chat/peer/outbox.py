"""The window of messages that the other side may not have yet. Mirrors static/js/peer/outbox.js.

A classic chat has no acknowledgements, so a message leaves the window when the channel takes it.
"""

from __future__ import annotations

from .messages import Message


class Outbox:
    """Messages in the order in which they are to be sent."""

    def __init__(self) -> None:
        self._waiting: dict[str, Message] = {}

    def add(self, message: Message) -> None:
        """Queue a message, new or failed before."""
        message.status = "queued"
        self._waiting[message.id] = message

    def first(self) -> Message | None:
        """The message to send next."""
        return next(iter(self._waiting.values()), None)

    def taken(self, message: Message) -> None:
        """The channel took it."""
        del self._waiting[message.id]
        message.status = "sent"

    def refused(self, message: Message) -> None:
        """The channel did not take it."""
        del self._waiting[message.id]
        message.status = "failed"

    def fail_all(self) -> None:
        """Nothing more can be sent."""
        for message in list(self._waiting.values()):
            self.refused(message)
