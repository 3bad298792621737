"""A conversation: what two people say over an open channel. Mirrors static/js/peer/conversation.js.

`TABLE` and `ENDINGS` are the channel's states, as in call.py. A conversation does no I/O: frames that came in are given to
`receive`, and frames to send are pulled, one at a time, with `next_frame`, while the channel has room. So a message is
encrypted only when it is handed over, and is `sent` only when the channel took it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from .classic import Classic
from .errors import PeerError, Unexpected
from .messages import Message, Status
from .outbox import Outbox


class State(StrEnum):
    SECURED = "secured"
    RECONNECTING = "reconnecting"
    ENDED = "ended"


_S, _R, _E = State.SECURED, State.RECONNECTING, State.ENDED

TABLE: dict[tuple[State, str], State] = {
    (_S, "interrupted"): _R,
    (_S, "recovered"): _S,
    (_R, "interrupted"): _R,
    (_R, "recovered"): _S,
}

ENDINGS: dict[tuple[State, str], str] = {
    (_S, "closed"): "left",
    (_S, "failed"): "lost",
    (_S, "end"): "you_left",
    (_R, "closed"): "left",
    (_R, "failed"): "lost",
    (_R, "end"): "you_left",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame for the channel, and the message that it carries."""

    message: Message
    text: str


class Conversation:
    """The messages with one peer and the channel they go over.

    `now()` gives milliseconds since 1970, `new_id()` a fresh id; `messages` are those already exchanged under this name.
    """

    def __init__(
        self,
        peer: str,
        suite: Classic,
        *,
        now: Callable[[], int],
        new_id: Callable[[], str],
        messages: list[Message],
    ) -> None:
        self.peer = peer
        self.state = State.SECURED
        self.reason: str | None = None
        self.messages = messages
        self.suite = suite
        self._now = now
        self._new_id = new_id
        self._outbox = Outbox()
        self.earlier = len(messages)

    # The person

    def send(self, body: str) -> Message:
        """Queue a message. Raises PeerError when the chat is over or the text is empty or too long."""
        self._check_open()
        body = _well_formed(body)
        if not body.strip():
            raise PeerError("empty")
        if len(body.encode()) > self.suite.max_bytes:
            raise PeerError("too_long")
        message = self._add(mine=True, body=body, status="queued")
        self._outbox.add(message)
        return message

    def retry(self, message_id: str) -> Message:
        """Queue a failed message once more. Raises PeerError when the chat is over or nothing failed."""
        self._check_open()
        for message in self.messages:
            if message.id == message_id and message.status == "failed":
                self._outbox.add(message)
                return message
        raise PeerError("empty")

    def end(self) -> None:
        self._step("end")

    # The channel

    def next_frame(self) -> Frame | None:
        """The next frame to hand to the channel, or None when nothing waits or the channel is interrupted."""
        message = self._outbox.first()
        if message is None or self.state is not State.SECURED:
            return None
        return Frame(message, self.suite.seal(message.body))

    def taken(self, frame: Frame) -> None:
        """The channel took the frame."""
        self._outbox.taken(frame.message)

    def refused(self, frame: Frame) -> None:
        """The channel did not take the frame; the person may retry."""
        self._outbox.refused(frame.message)

    def receive(self, text: str) -> Message | None:
        """Read a frame; None for one to drop."""
        body = self.suite.open(text) if self.state is not State.ENDED else None
        if body is None or not body.strip():
            return None
        return self._add(mine=False, body=body, status="delivered")

    def interrupted(self) -> None:
        """The transport lost its path and looks for it."""
        self._step("interrupted")

    def recovered(self) -> None:
        self._step("recovered")

    def failed(self) -> None:
        """The transport gave up."""
        self._step("failed")

    def closed(self) -> None:
        """The other one closed the channel."""
        self._step("closed")

    # Inside

    def _add(self, *, mine: bool, body: str, status: Status) -> Message:
        message = Message(
            self._new_id(), mine, body, self._now(), status, new_call=len(self.messages) == self.earlier > 0
        )
        self.messages.append(message)
        return message

    def _check_open(self) -> None:
        if self.state is State.ENDED:
            raise PeerError("no_chat")

    def _step(self, event: str) -> None:
        row = (self.state, event)
        if row in TABLE:
            self.state = TABLE[row]
            return
        if row not in ENDINGS:
            raise Unexpected(f"{event} in state {self.state}")
        self.state = State.ENDED
        self.reason = ENDINGS[row]
        self._outbox.fail_all()


def _well_formed(text: str) -> str:
    """The text as UTF-8 can carry it: half surrogates that have no other half become U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
