"""The messages exchanged with one device under one name. Mirrors static/js/peer/history.js.

It outlives a chat, and a later one with the same device goes on in it. Whoever draws it asks with `since` for what was added
or changed, so that drawing costs what changed and not what is there. Each change of a message goes through here.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable
from dataclasses import dataclass

from .messages import Message, Ref

MAX_CHANGES = 1_024
"""At least so many changes are remembered one by one."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How long messages stay after they were read, 0 for good, and when that was said, in milliseconds since 1970."""

    seconds: int = 0
    at: int = 0


class History:
    """`messages`, the oldest first; `revision` grows with each change of them. `timed` is told of it when one is to vanish."""

    def __init__(self, timed: Callable[[History], None] = lambda _: None) -> None:
        self.messages: list[Message] = []
        self.revision = 0
        self.timer = Setting()
        self._timed = timed
        self._index: dict[Ref, Message] = {}
        self._known: set[str] = set()
        self._changes: list[Message] = []
        """The message of each of the latest revisions."""
        self._fresh = False
        self._unread: dict[str, Message] = {}
        """Theirs, that this person has not read."""
        self._awaiting: dict[str, Message] = {}
        """This person's own, that they have not read, in the order in which they went."""
        self._vanishing: list[tuple[int, Message]] = []
        """Those that are to vanish, the soonest first."""

    # To be seen

    @property
    def last(self) -> Message | None:
        return self.messages[-1] if self.messages else None

    @property
    def unread(self) -> int:
        """How many of theirs this person has not read."""
        return len(self._unread)

    def since(self, revision: int) -> list[Message] | None:
        """What was added or changed after a revision, each once; None where all is to be drawn anew, since that is not known or
        messages were removed."""
        behind = self.revision - revision
        if not 0 <= behind <= len(self._changes):
            return None
        changes = self._changes[len(self._changes) - behind :]
        return list({message.ref: message for message in changes}.values())

    def get(self, ref: Ref) -> Message | None:
        """The message of that name."""
        return self._index.get(ref)

    def find(self, ref: Ref) -> Message | None:
        """The message of that name, where it has a text to speak of."""
        message = self._index.get(ref)
        return message if message and message.kind == "text" and not message.deleted else None

    def knows(self, message_id: str) -> bool:
        """Whether they have sent a message of this id, be it gone by now."""
        return message_id in self._known

    # What changes it

    def begin(self) -> None:
        """A chat begins."""
        self._fresh = bool(self.messages)

    def add(self, message: Message) -> Message:
        """The newest message."""
        message.new_call, self._fresh = self._fresh, False
        self.messages.append(message)
        self._index[message.ref] = message
        if message.mine:
            self.goes(message)
        else:
            self._known.add(message.id)
            if message.kind == "text":
                self._unread[message.id] = message
        self._changed(message)
        return message

    def goes(self, message: Message) -> None:
        """One's own is sent, be it once more: it is the newest of those that they have not read."""
        if message.kind == "text":
            self._awaiting.pop(message.id, None)
            self._awaiting[message.id] = message

    def touch(self, message: Message) -> None:
        """A message changed, if it is still there."""
        if self._index.get(message.ref) is message:
            self._changed(message)

    def delete(self, message: Message) -> None:
        """Leave nothing of a message but that there was one."""
        message.blank()
        if not message.mine:
            self._unread.pop(message.id, None)
        self.touch(message)

    def seen(self) -> list[Message]:
        """This person has seen all; those of theirs that are news by it."""
        read = list(self._unread.values())
        self._unread.clear()
        for message in read:
            self._read(message)
        return read

    def read_upto(self, message: Message) -> list[Message]:
        """They have read a message of this person's, and those that went before it; those of which that is news."""
        if message.id not in self._awaiting or message.status not in ("sent", "delivered"):
            return []
        read = []
        for one in list(self._awaiting.values()):
            if one.status in ("sent", "delivered"):
                del self._awaiting[one.id]
                self._read(one)
                read.append(one)
            if one is message:
                break
        return read

    @property
    def awaiting(self) -> list[Message]:
        """This person's own, that they have not read."""
        return list(self._awaiting.values())

    def vanish(self, message: Message, at: int) -> None:
        """It is to vanish at a time, in milliseconds since 1970."""
        message.expires = at
        insort(self._vanishing, (at, message), key=_moment)
        self.touch(message)
        self._timed(self)

    @property
    def due(self) -> int | None:
        """When the next one is to vanish."""
        return self._vanishing[0][0] if self._vanishing else None

    def expire(self, now: int) -> bool:
        """Remove what is to vanish by now; whether there was any."""
        due = bisect_right(self._vanishing, now, key=_moment)
        gone = [message for _, message in self._vanishing[:due]]
        for message in gone:
            message.blank()
        if gone:
            del self._vanishing[:due]
            self._remove(gone)
        return bool(gone)

    def clear(self) -> None:
        """Forget all. Who still reads a message reads it to its end."""
        self.timer, self._fresh = Setting(), False
        self._vanishing.clear()
        self._known.clear()
        self._remove(list(self.messages))

    # Inside

    def _read(self, message: Message) -> None:
        message.status = "read"
        self._changed(message)

    def _remove(self, gone: list[Message]) -> None:
        for message in gone:
            del self._index[message.ref]
            (self._awaiting if message.mine else self._unread).pop(message.id, None)
        self.messages[:] = [message for message in self.messages if message.ref in self._index]
        self.revision += 1
        self._changes.clear()

    def _changed(self, message: Message) -> None:
        self.revision += 1
        self._changes.append(message)
        if len(self._changes) > 2 * MAX_CHANGES:
            del self._changes[:MAX_CHANGES]


def _moment(vanishing: tuple[int, Message]) -> int:
    return vanishing[0]
