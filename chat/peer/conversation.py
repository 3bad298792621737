"""A conversation: what two people say over an open channel. Mirrors static/js/peer/conversation.js.

conversation_table.py has the channel's states. A conversation does no I/O: frames that came in are given to `receive`, and
frames to send are pulled, one at a time, with `next_frame`, while the channel has room. So a message is encrypted only when
it is handed over, and is `sent` only when the channel took it.

Under a suite that acknowledges (docs/protocol.md, section 3.4) both say `hello` first, messages are taken in the order of their
numbers and acknowledged, and what was not acknowledged is sent again: after a gap, on another channel (`reopened`), and under
the keys of another handshake with the same person (`rekeyed`). A message is known by its sender and id, and shown once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .conversation_table import ENDINGS, TABLE, State
from .errors import PeerError, Unexpected
from .inbox import Inbox
from .messages import Message
from .outbox import Entry, Outbox
from .primitives import is_id
from .suite import Suite
from .verifying import Verifying

Content = dict[str, Any]

REWIND_MS = 1_000
"""An `ack` that is repeated sooner than this is the echo of what was sent again."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame for the channel; `entry` is what it carries, None for an acknowledgement."""

    text: str
    entry: Entry | None = None


class Conversation:
    """The messages with one peer and the channel they go over.

    `now()` gives milliseconds since 1970, `new_id()` a fresh id; `messages` are those already exchanged with this peer.
    """

    def __init__(
        self,
        peer: str,
        suite: Suite,
        *,
        now: Callable[[], int],
        new_id: Callable[[], str],
        messages: list[Message],
    ) -> None:
        self.peer = peer
        self.state = State.GREETING
        self.reason: str | None = None
        self.messages = messages
        self.suite: Suite = suite
        self.verifying = Verifying(suite)
        self.earlier = len(messages)
        self._now = now
        self._new_id = new_id
        self._outbox = Outbox(acknowledged=suite.acknowledges)
        self._inbox = Inbox(acknowledged=suite.acknowledges)
        self._known = {message.id for message in messages if not message.mine}
        self._rewound_at = 0
        self._held = False
        self.once_secured = False
        """Whether anything could ever be said here."""
        """Whether nothing is sent before the other side's first frame under new keys."""
        if suite.features:
            self._outbox.add(self._hello())
        self._settle()

    # The person

    def send(self, body: str) -> Message:
        """Queue a message. Raises PeerError when the chat is over or the text is empty or too long."""
        self._check_open()
        body = _well_formed(body)
        if not body.strip():
            raise PeerError("empty")
        message = Message(self._new_id(), True, body, self._now(), "queued")
        content = _text(message)
        if not self.suite.fits(content):
            raise PeerError("too_long")
        self._add(message)
        self._outbox.add(Entry(content, message))
        return message

    def retry(self, message_id: str) -> Message:
        """Queue a failed message once more. Raises PeerError when the chat is over or nothing failed."""
        self._check_open()
        for message in self.messages:
            if message.mine and message.id == message_id and message.status == "failed":
                self._outbox.add(Entry(_text(message), message))
                return message
        raise PeerError("empty")

    def verify(self) -> None:
        """Compare emoji with the other one. Raises PeerError when the chat is over."""
        self._check_open()
        self._say(self.verifying.start())

    def confirm(self, matches: bool) -> None:
        """What the person saw: emoji, or safety numbers, that match or do not. Raises PeerError when the chat is over."""
        self._check_open()
        self._say(self.verifying.confirm(matches))

    def leave(self) -> None:
        """Say `bye`, where there is such a word, behind whatever waits."""
        if self.suite.acknowledges and self.state is not State.ENDED:
            self._outbox.add(Entry({"t": "bye"}))

    def end(self) -> None:
        self._step("end")
        self._clear()

    # The channel

    def next_frame(self) -> Frame | None:
        """The next frame to hand to the channel, or None when nothing waits or the channel is interrupted."""
        if self._held or self.state not in (State.GREETING, State.SECURED):
            return None
        if self._inbox.due:
            return Frame(self.suite.seal({"t": "ack", "upto": self._inbox.last}))
        first = self._outbox.first()
        if first is None or not (self.suite.ready or first[1].content["t"] == "hello"):
            return None
        number, entry = first
        content = {**entry.content, "seq": number} if self.suite.acknowledges else entry.content
        return Frame(self.suite.seal(content), entry)

    def taken(self, frame: Frame) -> None:
        """The channel took the frame."""
        if frame.entry is not None:
            self._outbox.taken()
        else:
            self._inbox.taken()

    def refused(self, frame: Frame) -> None:
        """The channel did not take the frame; the person may retry, or it waits for another channel."""
        if frame.entry is not None:
            self._outbox.refused()

    @property
    def owes(self) -> bool:
        """Whether something is to be acknowledged, in a moment."""
        return self._inbox.owes

    def acknowledge(self) -> None:
        """The moment is over."""
        self._inbox.acknowledge()

    @property
    def outstanding(self) -> bool:
        """Whether something was sent that is not acknowledged."""
        return self._outbox.outstanding

    @property
    def acknowledged(self) -> int:
        """The number up to which the other side has everything."""
        return self._outbox.acked

    def resend(self) -> None:
        """It has not been acknowledged for long, with nothing on its way: send it again."""
        self._outbox.rewind()

    @property
    def lost_keys(self) -> bool:
        """Whether a new handshake is due, since frames come that cannot be opened."""
        return self._inbox.lost_keys

    def receive(self, text: str) -> Message | None:
        """Read a frame. The message that it brings, if it does."""
        if self.state is State.ENDED:
            return None
        content = self.suite.open(text)
        if content is None:
            self._inbox.failed()
            return None
        self._inbox.opened()
        self._held = False
        message = self._take_in(content)
        self._settle()
        return message

    def interrupted(self) -> None:
        """The transport lost its path and looks for it."""
        self._step("interrupted")

    def recovered(self) -> None:
        self._step("recovered")
        self._settle()

    def reopened(self) -> None:
        """There is another channel, to the same person under the same keys."""
        self._step("reopened")
        self._held = False
        self._outbox.rewind()
        self._inbox.repeat()
        self._settle()

    def rekeyed(self, suite: Suite) -> None:
        """Another handshake with the same person has finished: its keys take the place of the old ones.

        The called one says `hello` at once, and the caller when it has heard it: by then the other side has the keys.
        """
        self._step("rekeyed")
        self.suite.erase()
        self.suite = suite
        self.verifying = self.verifying.renewed(suite)
        self._held = suite.ready
        self._inbox = Inbox(acknowledged=suite.acknowledges)
        self._outbox.restart(self._hello())

    @property
    def held(self) -> bool:
        """Whether nothing is sent under the new keys, before the other side is heard under them."""
        return self._held

    def release(self) -> None:
        """It has not been heard for long: it may wait for us to speak."""
        self._held = False
        self._settle()

    def failed(self) -> None:
        """The transport gave up."""
        self._step("failed")

    def silent(self) -> None:
        """The other side's `hello` does not come."""
        self._step("silent")

    def closed(self) -> None:
        """The other one closed the channel."""
        self._step("closed")

    # What the other side says

    def _take_in(self, content: Content) -> Message | None:
        kind = content.get("t")
        if not self.suite.acknowledges:
            return self._text(content)
        if kind == "ack":
            self._acked(content.get("upto"))
        if not isinstance(kind, str) or kind in ("ack", "typing") or not self._inbox.takes(content.get("seq")):
            return None
        return self._say_or_show(kind, content)

    def _say_or_show(self, kind: str, content: Content) -> Message | None:
        """A message in its turn. Unknown types say nothing to this version."""
        if kind == "text":
            return self._text(content)
        if kind == "bye":
            self._step("bye")
            self._clear()
        elif kind.startswith("sas:"):
            self._say(self.verifying.receive(content))
        return None

    def _text(self, content: Content) -> Message | None:
        body = content.get("body")
        message_id = content.get("id") if self.suite.acknowledges else self._new_id()
        if not isinstance(body, str) or not body.strip() or not is_id(message_id) or message_id in self._known:
            return None
        self._known.add(message_id)
        return self._add(Message(message_id, False, _well_formed(body), self._now(), "delivered"))

    def _acked(self, upto: object) -> None:
        if type(upto) is not int or self._outbox.acknowledge(upto):
            return
        if self._outbox.lacks(upto) and self._now() - self._rewound_at >= REWIND_MS:
            self._rewound_at = self._now()
            self._outbox.rewind()

    # Inside

    def _say(self, contents: list[Content]) -> None:
        for content in contents:
            self._outbox.add(Entry(content))

    def _hello(self) -> Entry:
        return Entry({"t": "hello", "features": list(self.suite.features)})

    def _settle(self) -> None:
        if self.state is State.GREETING and self.suite.ready and not self._held:
            self._step("ready")
            self.once_secured = True

    def _add(self, message: Message) -> Message:
        message.new_call = len(self.messages) == self.earlier > 0
        self.messages.append(message)
        return message

    def _clear(self) -> None:
        """`bye` clears the chat on both sides; without that word it stays to be read."""
        if self.suite.acknowledges:
            self.messages.clear()
            self.earlier = 0

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


def _text(message: Message) -> Content:
    return {"t": "text", "id": message.id, "body": message.body, "at": message.at}


def _well_formed(text: str) -> str:
    """The text as UTF-8 can carry it: half surrogates that have no other half become U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
