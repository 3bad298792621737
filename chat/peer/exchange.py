"""What two people say to each other, and about what they have said. Mirrors static/js/peer/exchange.js.

It has no channel. What the person says is checked, put into the history, and returned as entries for the outbox; what the other
one says is checked strictly (docs/protocol.md, section 3.4) and put into the history, or changes nothing:

- A message is (author, id), and known once. One that was deleted, or is no more, is not changed again.
- Each one edits and deletes their own messages alone, and has one reaction to each message.
- The timer is the newer of what the two said, so that both come to the same whatever crossed on the way.
- A message with a timer vanishes that long after it was read: for the reader, from reading it; for its author, from the other's
  `read`, or from its arrival where the two tell each other nothing of what was read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from signaling.messages import same_name

from .errors import PeerError
from .history import History, Setting
from .messages import Message, Ref
from .outbox import Entry
from .preferences import Preferences
from .primitives import is_id
from .wording import is_blank, is_emoji, well_formed

Content = dict[str, Any]

MAX_TIMER_SECONDS = 31 * 24 * 60 * 60
MAX_FEATURES = 64
MAX_NUMBER = 2**53 - 1


class Exchange:
    """What `me` and `peer` say. `now()` gives milliseconds since 1970, `new_id()` a fresh id."""

    def __init__(
        self,
        me: str,
        peer: str,
        history: History,
        preferences: Preferences,
        *,
        now: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self.history = history
        self.features: tuple[str, ...] = ()
        """What the other one's app knows of, by its `hello`."""
        self._me = me
        self._peer = peer
        self._preferences = preferences
        self._now = now
        self.new_id = new_id
        history.begin()

    # The person. Each raises PeerError for what cannot be said.

    def write(self, body: str, re: Ref | None, fits: Callable[[Content], bool]) -> Entry:
        """A message, which `fits` says is not too long."""
        message = Message(self.new_id(), True, _body(body), self._now(), "queued")
        message.re = self._find(re).ref if re else None
        message.seconds = self.history.timer.seconds
        entry = self._text(message)
        _check_length(self.wording(entry), fits)
        self.history.add(message)
        return entry

    def edit(self, message_id: str, body: str, fits: Callable[[Content], bool]) -> list[Entry]:
        self._check_known("edit")
        message, body = self._find(Ref(True, message_id)), _body(body)
        if message.body == body:
            return []
        entry = Entry({"t": "edit", "id": message_id}, message)
        _check_length({**self._text(message).content, "body": body}, fits)  # which it goes out with while it waits
        self._edited(message, body)
        return [entry]

    def delete(self, message_id: str) -> list[Entry]:
        self._check_known("delete")
        message = self._find(Ref(True, message_id))
        if message.status == "failed":
            message.status = "sent"  # there is nothing to say again
        self.history.delete(message)
        return [Entry({"t": "delete", "id": message_id}, message)]

    def react(self, ref: Ref, emoji: str) -> list[Entry]:
        self._check_known("react")
        message = self._find(ref)
        if not is_emoji(emoji):
            raise PeerError("no_emoji")
        if message.reactions.mine == emoji:
            return []
        message.reactions.mine = emoji
        self.history.touch(message)
        return [Entry({"t": "react", "re": self._named(ref), "emoji": emoji})]

    def set_timer(self, seconds: int) -> list[Entry]:
        self._check_known("timer")
        if not _is_timer(seconds):
            raise PeerError("bad_timer")
        if seconds == self.history.timer.seconds:
            return []
        self._timer(seconds, max(self._now(), self.history.timer.at + 1), mine=True)
        return self.timer()

    def read(self) -> Entry | None:
        """The person has seen all there is; what the other one is to hear of that."""
        news = self.history.seen()
        for message in news:
            self._start(message)
        if not (news and self.tells_read):
            return None
        return Entry({"t": "read", "upto": news[-1].id})

    def again(self, message_id: str) -> list[Entry]:
        """What says a message once more that could not be sent; of its edits only the newest is known."""
        message = self.history.get(Ref(True, message_id))
        if message is None or message.status != "failed":
            raise PeerError("empty")
        self.history.goes(message)
        edit = Entry({"t": "edit", "id": message_id}, message)
        return [self._text(message), edit] if message.edited else [self._text(message)]

    # What is said by itself

    def timer(self) -> list[Entry]:
        """The timer, if anybody has ever set it."""
        seconds, at = self.history.timer.seconds, self.history.timer.at
        return [Entry({"t": "timer", "seconds": seconds, "at": at})] if at else []

    def wording(self, entry: Entry) -> Content:
        """What an entry says as things stand: texts are kept in their messages alone, so that none outlives its message."""
        kind, message = entry.content["t"], entry.message
        if message is None or kind == "delete":
            return entry.content
        if message.deleted:
            return {"t": "delete", "id": message.id}
        return {**entry.content, "body": message.body}

    @property
    def tells_read(self) -> bool:
        """Whether the two tell each other what they have read."""
        return self._preferences.receipts and "read" in self.features

    @property
    def tells_typing(self) -> bool:
        return self._preferences.typing and "typing" in self.features

    def has_gone(self, message: Message) -> None:
        """The status of one of the person's own is another."""
        self.history.touch(message)
        self._start(message)

    def preferred(self) -> None:
        """The person prefers something else, or the other one's app does: what nobody will call read has been long enough."""
        for message in self.history.awaiting:
            self._start(message)

    # The other one

    def receive(self, content: Content) -> Message | None:
        """Take what the other one says; the message, if it is one."""
        match content["t"]:
            case "text":
                return self.take_text(content.get("id"), content.get("body"), content.get("re"))
            case "hello":
                self._take_hello(content.get("features"))
            case "edit":
                self._take_edit(content.get("id"), content.get("body"))
            case "delete":
                self._take_delete(content.get("id"))
            case "react":
                self._take_reaction(content.get("re"), content.get("emoji"))
            case "read":
                self._take_read(content.get("upto"))
            case "timer":
                self._take_timer(content.get("seconds"), content.get("at"))
        return None

    def take_text(self, message_id: object, body: object, re: object = None) -> Message | None:
        if not isinstance(body, str) or is_blank(body) or not is_id(message_id) or self.history.knows(message_id):
            return None
        message = Message(message_id, False, well_formed(body), self._now(), "delivered", re=self._ref(re))
        message.seconds = self.history.timer.seconds
        return self.history.add(message)

    def _take_hello(self, features: object) -> None:
        named = features if isinstance(features, list) else []
        self.features = tuple(name for name in named[:MAX_FEATURES] if isinstance(name, str))
        self.preferred()

    def _take_edit(self, message_id: object, body: object) -> None:
        message = self._theirs(message_id)
        if message is not None and isinstance(body, str) and not is_blank(body):
            self._edited(message, well_formed(body))

    def _take_delete(self, message_id: object) -> None:
        message = self._theirs(message_id)
        if message is not None:
            self.history.delete(message)

    def _take_reaction(self, re: object, emoji: object) -> None:
        ref = self._ref(re)
        message = self.history.find(ref) if ref else None
        if message is not None and is_emoji(emoji) and message.reactions.theirs != emoji:
            message.reactions.theirs = emoji
            self.history.touch(message)

    def _take_read(self, upto: object) -> None:
        message = self.history.get(Ref(True, upto)) if isinstance(upto, str) else None
        if message is not None and self._preferences.receipts:
            for one in self.history.read_upto(message):
                self._start(one)

    def _take_timer(self, seconds: object, at: object = None) -> None:
        """A timer without a time is newer than what was said before."""
        now = self.history.timer
        at = now.at + 1 if at is None else at
        if type(seconds) is not int or not _is_timer(seconds) or type(at) is not int or not 0 < at <= MAX_NUMBER:
            return
        if at > now.at or (at == now.at and seconds > now.seconds):
            self._timer(seconds, at, mine=False)

    # Inside

    def _timer(self, seconds: int, at: int, *, mine: bool) -> None:
        """From now on messages stay so long; both see it where it is another time than before."""
        changes = seconds != self.history.timer.seconds
        self.history.timer = Setting(seconds, at)
        if changes:
            said = Message(self.new_id(), mine, "", self._now(), "delivered", kind="timer", seconds=seconds)
            self.history.add(said)

    def _start(self, message: Message) -> None:
        """Its time runs, if it has one and the moment has come."""
        seen = message.status == "read" or (message.status == "delivered" and message.mine and not self.tells_read)
        if seen and message.seconds and message.expires is None and not message.deleted:
            self.history.vanish(message, self._now() + message.seconds * 1000)

    def _edited(self, message: Message, body: str) -> None:
        message.body, message.edited = body, True
        self.history.touch(message)

    def _text(self, message: Message) -> Entry:
        content = {"t": "text", "id": message.id, "at": message.at}
        return Entry({**content, "re": self._named(message.re)} if message.re else content, message)

    def _theirs(self, message_id: object) -> Message | None:
        return self.history.find(Ref(False, message_id)) if isinstance(message_id, str) else None

    def _find(self, ref: Ref) -> Message:
        message = self.history.find(ref)
        if message is None:
            raise PeerError("no_message")
        return message

    def _check_known(self, feature: str) -> None:
        if feature not in self.features:
            raise PeerError("not_supported", self._peer)

    def _named(self, ref: Ref) -> list[str]:
        """A message as the two call it: [author, id]."""
        return [(self._me if ref.mine else self._peer).lower(), ref.id]

    def _ref(self, named: object) -> Ref | None:
        """The inverse of `_named`; None for what is none of the two's."""
        match named:
            case [str(author), str(message_id)] if is_id(message_id):
                if same_name(author, self._me):
                    return Ref(True, message_id)
                return Ref(False, message_id) if same_name(author, self._peer) else None
        return None


def _body(body: str) -> str:
    if is_blank(body):
        raise PeerError("empty")
    return well_formed(body)


def _check_length(content: Content, fits: Callable[[Content], bool]) -> None:
    if not fits(content):
        raise PeerError("too_long")


def _is_timer(seconds: object) -> bool:
    return type(seconds) is int and 0 <= seconds <= MAX_TIMER_SECONDS
