"""A conversation: what two people say over an open channel. Mirrors static/js/peer/conversation.js.

conversation_table.py has the channel's states. A conversation does no I/O: frames that came in are given to `receive`, and
frames to send are pulled, one at a time, with `next_frame`, while the channel has room. So a message is encrypted only when
it is handed over, and is `sent` only when the channel took it.

Under a suite that acknowledges (docs/protocol.md, section 3.4) both say `hello` first, messages are taken in the order of their
numbers and acknowledged, and what was not acknowledged is sent again: after a gap, on another channel (`reopened`), and under
the keys of another handshake with the same person (`rekeyed`). What the two say, exchange.py knows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .conversation_table import ENDINGS, TABLE, State
from .errors import PeerError, Unexpected
from .exchange import Exchange
from .history import History
from .inbox import Inbox
from .messages import Message, Ref
from .outbox import Entry, Outbox
from .preferences import Preferences
from .suite import Suite
from .verifying import Verifying

Content = dict[str, Any]

REWIND_MS = 1_000
"""An `ack` that is repeated sooner than this is the echo of what was sent again."""
TYPING_MS = 6_000
"""Who says that they type does so for this long, unless they say otherwise."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame for the channel; `entry` is what it carries, None for what is not numbered, as an acknowledgement."""

    text: str
    entry: Entry | None = None
    acknowledges: bool = False


class Conversation:
    """What is said with `peer`, and the channel it goes over.

    `now()` gives milliseconds since 1970, `new_id()` a fresh id; `history` is of what was said already with this device.
    """

    def __init__(
        self,
        peer: str,
        suite: Suite,
        *,
        now: Callable[[], int],
        new_id: Callable[[], str],
        history: History,
        preferences: Preferences,
    ) -> None:
        self.peer = peer
        self.state = State.GREETING
        self.reason: str | None = None
        self.history = history
        self.suite: Suite = suite
        self.verifying = Verifying(suite)
        self.typing_until = 0
        """When the other one's word that they type is no longer good, in milliseconds since 1970."""
        self._preferences = preferences
        self._exchange = Exchange(suite.me, peer, history, preferences, now=now, new_id=new_id)
        self._now = now
        self._outbox = Outbox(acknowledged=suite.acknowledges, changed=self._exchange.has_gone)
        self._inbox = Inbox(acknowledged=suite.acknowledges)
        self._rewound_at = 0
        self._held = False
        """Whether nothing is sent before the other side's first frame under new keys."""
        self.once_secured = False
        """Whether anything could ever be said here."""
        self._typed: bool | None = None
        """What is to be said of this person's typing."""
        self._read: Entry | None = None
        """The newest word of what this person has read."""
        if suite.features:
            self._outbox.add(self._hello())
        self._settle()

    @property
    def messages(self) -> list[Message]:
        return self.history.messages

    @property
    def features(self) -> tuple[str, ...]:
        """What the other one's app knows of."""
        return self._exchange.features

    @property
    def typing(self) -> bool:
        """Whether the other one types."""
        return self._preferences.typing and self._now() < self.typing_until

    # The person

    def send(self, body: str, re: Ref | None = None) -> Message:
        """Queue a message, which may reply to another. Raises PeerError when the chat is over or the text is empty or too
        long."""
        self._check_open()
        if re is not None and not self.suite.acknowledges:
            raise PeerError("not_supported", self.peer)
        entry = self._exchange.write(body, re, self.suite.fits)
        self._outbox.add(entry)
        assert entry.message is not None, "a text is of a message"
        return entry.message

    def retry(self, message_id: str) -> None:
        """Queue a failed message once more. Raises PeerError when the chat is over or nothing failed."""
        self._check_open()
        self._queue(self._exchange.again(message_id))

    def edit(self, message_id: str, body: str) -> None:
        """Say one of one's own messages differently. Raises PeerError, as all of these, for what cannot be said."""
        self._check_open()
        self._queue(self._exchange.edit(message_id, body, self.suite.fits))

    def delete(self, message_id: str) -> None:
        """Take one of one's own messages back, on both sides."""
        self._check_open()
        self._queue(self._exchange.delete(message_id))

    def react(self, ref: Ref, emoji: str) -> None:
        """Give a message an emoji; without one, take it back."""
        self._check_open()
        self._queue(self._exchange.react(ref, emoji))

    def set_timer(self, seconds: int) -> None:
        """From now on messages vanish so long after they were read, on both sides; 0 is never."""
        self._check_open()
        self._queue(self._exchange.set_timer(seconds))

    def read(self) -> None:
        """The person has seen all there is. Of what was read only the newest is said."""
        entry = self._exchange.read()
        if entry is None or self.state is State.ENDED:
            return
        if self._read is not None and not self._read.left:
            self._read.content = entry.content
        else:
            self._read = entry
            self._outbox.add(entry)

    def types(self, on: bool) -> None:
        """Say that the person types, or no longer: now or never."""
        if self.state is State.SECURED and self._exchange.tells_typing:
            self._typed = on

    def preferred(self) -> None:
        """The person prefers something else: the other one hears of it in another `hello`."""
        self._exchange.preferred()
        if self._read is not None and not self._preferences.receipts:
            self._outbox.withdraw(self._read)
            self._read = None
        if self.suite.features and self.state is not State.ENDED:
            self._outbox.add(self._hello())

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
        says_bye = self.suite.acknowledges and self.suite.ready
        self._step("end" if says_bye else "quit")
        self._clear()

    # The channel

    def next_frame(self) -> Frame | None:
        """The next frame to hand to the channel, or None when nothing waits or the channel is interrupted."""
        if self._held or self.state not in (State.GREETING, State.SECURED):
            return None
        if self._inbox.due:
            return Frame(self.suite.seal({"t": "ack", "upto": self._inbox.last}), acknowledges=True)
        first = self._outbox.first()
        if first is None:
            return self._typing_frame()
        number, entry = first
        if not (self.suite.ready or entry.content["t"] == "hello"):
            return None
        content = self._exchange.wording(entry)
        return Frame(self.suite.seal({**content, "seq": number} if self.suite.acknowledges else content), entry)

    def _typing_frame(self) -> Frame | None:
        """What there is to say of typing, once: it is nothing to send again."""
        on, self._typed = self._typed, None
        if on is None or self.state is not State.SECURED or not self._exchange.tells_typing:
            return None
        return Frame(self.suite.seal({"t": "typing", "on": on}))

    def taken(self, frame: Frame) -> None:
        """The channel took the frame."""
        if frame.entry is not None:
            self._outbox.taken()
        elif frame.acknowledges:
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
        self.typing_until, self._typed = 0, None

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

    def left(self) -> None:
        """Without a path: the server says that the other one has left the chat."""
        self._step("left")

    def declined(self) -> None:
        """Without a path: the other one, asked whether to go on with the chat, does not."""
        self._step("declined")

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
            return self._exchange.take_text(self._exchange.new_id(), content.get("body"))
        if kind == "ack":
            self._acked(content.get("upto"))
        if kind == "typing":
            self.typing_until = self._now() + TYPING_MS if content.get("on") is True else 0
        if not isinstance(kind, str) or kind in ("ack", "typing") or not self._inbox.takes(content.get("seq")):
            return None
        return self._say_or_show(kind, content)

    def _say_or_show(self, kind: str, content: Content) -> Message | None:
        """A message in its turn. Unknown types say nothing to this version."""
        if kind == "bye":
            self._step("bye")
            self._clear()
        elif kind.startswith("sas:"):
            self._say(self.verifying.receive(content))
        elif kind == "text":
            self.typing_until = 0
        message = self._exchange.receive(content)
        if kind == "hello" and self._inbox.last == 1 and "timer" in self.features:
            self._queue(self._exchange.timer())
        return message

    def _acked(self, upto: object) -> None:
        if type(upto) is not int or self._outbox.acknowledge(upto):
            return
        if self._outbox.lacks(upto) and self._now() - self._rewound_at >= REWIND_MS:
            self._rewound_at = self._now()
            self._outbox.rewind()

    # Inside

    def _say(self, contents: list[Content]) -> None:
        self._queue([Entry(content) for content in contents])

    def _queue(self, entries: list[Entry]) -> None:
        for entry in entries:
            self._outbox.add(entry)

    def _hello(self) -> Entry:
        """What this side's app knows of, but for what the person does not want to tell."""
        unwanted = {"read": not self._preferences.receipts, "typing": not self._preferences.typing}
        features = [name for name in self.suite.features if not unwanted.get(name)]
        return Entry({"t": "hello", "features": features})

    def _settle(self) -> None:
        if self.state is State.GREETING and self.suite.ready and not self._held:
            self._step("ready")
            self.once_secured = True

    def _clear(self) -> None:
        """`bye` clears the chat on both sides; without that word it stays to be read."""
        if self.suite.acknowledges:
            self.history.clear()

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
