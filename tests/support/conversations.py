"""Conversations without a network: two ends of one, or one end and the bare suite of the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from chat.peer.classic import Classic
from chat.peer.conversation import Content, Conversation
from chat.peer.history import History
from chat.peer.lowkey2 import Lowkey2
from chat.peer.messages import Message
from chat.peer.preferences import Preferences
from chat.peer.primitives import b64url
from chat.peer.suite import Suite
from tests.support.clock import FakeClock
from tests.support.devices import Pair, agreed


def new_id() -> str:
    return b64url(os.urandom(16))


def history(messages: Iterable[Message] = (), timed: Callable[[History], None] = lambda _: None) -> History:
    """What was said before."""
    kept = History(timed)
    for message in messages:
        kept.add(message)
    return kept


def conversation(
    peer: str,
    suite: Suite,
    messages: Iterable[Message] = (),
    clock: FakeClock | None = None,
    preferences: Preferences | None = None,
) -> Conversation:
    """Its clock stands at a second after 1970 unless one is given; `messages` were exchanged before."""
    clock = clock or FakeClock(1)
    return Conversation(
        peer,
        suite,
        now=lambda: int(clock() * 1000),
        new_id=new_id,
        history=history(messages),
        preferences=preferences or Preferences(),
    )


def classic_pair(messages: Iterable[Message] = ()) -> tuple[Conversation, Conversation]:
    """Both ends of a classic chat; `messages` are those that alice had before."""
    alice, bob = Classic(os.urandom), Classic(os.urandom)
    alice.receive_key(bob.opening())
    bob.receive_key(alice.opening())
    return conversation("bob", alice, messages), conversation("alice", bob)


def frames(sender: Conversation) -> list[str]:
    """What a channel with room takes."""
    texts = []
    while frame := sender.next_frame():
        sender.taken(frame)
        texts.append(frame.text)
    return texts


def carry(sender: Conversation, receiver: Conversation) -> list[str]:
    """Hand all frames over; the texts that are shown."""
    shown = [receiver.receive(frame) for frame in frames(sender)]
    return [message.body for message in shown if message]


def settle(one: Conversation, other: Conversation) -> None:
    """Carry both ways until nobody has anything to say, and all is acknowledged."""
    while True:
        said = [*frames(one), None, *frames(other)]
        if said == [None]:
            one.acknowledge()
            other.acknowledge()
            if not (one.owes or other.owes):
                return
        receiver = other
        for frame in said:
            if frame is None:
                receiver = one
            else:
                receiver.receive(frame)


class Half:
    """One end under lowkey/2, whose other end the test plays itself."""

    def __init__(
        self, *, called: bool = False, messages: Iterable[Message] = (), preferences: Preferences | None = None
    ) -> None:
        self.pair: Pair = agreed()
        self.clock = FakeClock(1_000)
        mine, theirs = (self.pair.bob, self.pair.alice) if called else (self.pair.alice, self.pair.bob)
        self.theirs = theirs
        self.end = conversation(theirs.me, mine, messages, self.clock, preferences)
        self.number = 0

    def says(self) -> list[Content]:
        """What it has to say now."""
        contents = [self.theirs.open(frame) for frame in frames(self.end)]
        assert None not in contents, "it says what cannot be opened"
        return [content for content in contents if content is not None]

    def hears(self, kind: str, **fields: Any) -> Message | None:
        """A message in its turn."""
        self.number += 1
        return self.hears_as({"t": kind, "seq": self.number, **fields})

    def hears_as(self, content: Content) -> Message | None:
        """A message as it is."""
        return self.end.receive(self.theirs.seal(content))

    def hears_text(self, body: str, **fields: Any) -> Message | None:
        return self.hears("text", **{"id": new_id(), "body": body, "at": 1, **fields})

    def greets(self, features: Iterable[str] = Lowkey2.features) -> Half:
        """Both have said hello, and have it acknowledged."""
        self.hears("hello", features=list(features))
        self.end.acknowledge()
        self.says()
        self.hears_as({"t": "ack", "upto": 1})
        return self
