"""What is said to somebody who is being called back into a chat. Mirrors static/js/peer/early.js.

There is no channel yet, and perhaps never one again: the messages are queued in the history that the chat is expected to go on
with, and said when it does. If it does not, they have failed.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from .errors import PeerError
from .history import History
from .messages import Message, Ref
from .talking import Talking
from .wording import is_blank, well_formed

MAX_BYTES = 130_000
"""Of a text as JSON, in which some characters take six bytes; the rest of a message is less than what is left."""


class Early:
    """`now()` gives milliseconds since 1970, `new_id()` a fresh id."""

    def __init__(self, history: History, *, now: Callable[[], int], new_id: Callable[[], str]) -> None:
        self._history = history
        self._now = now
        self._new_id = new_id
        self._messages: list[Message] = []

    def send(self, body: str, re: Ref | None = None) -> Message:
        """Queue a message. Raises PeerError."""
        body = well_formed(body)
        if is_blank(body):
            raise PeerError("empty")
        if len(json.dumps(body, ensure_ascii=False).encode()) > MAX_BYTES:
            raise PeerError("too_long")
        seconds = self._history.timer.seconds
        message = Message(self._new_id(), True, body, self._now(), "queued", re=re, seconds=seconds)
        self._messages.append(self._history.add(message))
        return message

    def say(self, talking: Talking) -> None:
        """The chat goes on."""
        for message in self._end():
            talking.retry(message.id)

    def fail(self) -> None:
        """It does not."""
        self._end()

    def _end(self) -> list[Message]:
        messages, self._messages = self._messages, []
        for message in messages:
            message.status = "failed"
            self._history.touch(message)
        return messages
