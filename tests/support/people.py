"""People with a device of their own that is forgotten with the test, and what they were shown."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

from chat.peer.awaiting import Peer
from chat.peer.identity import Identity, MemoryStorage
from chat.peer.messages import Message
from chat.peer.snapshot import Listener


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def new_identity() -> Identity:
    return Identity.open(MemoryStorage(), os.urandom, now_ms)


class Watch(Listener):
    """Writes down all that a person is shown, and whether their device began to look for a path."""

    def __init__(self) -> None:
        self.peer: Person | None = None
        self.forget()

    def forget(self) -> None:
        """What was shown until now does not count."""
        self.states: list[str] = []
        self.trusts: set[str | None] = set()
        self.notices: list[str] = []
        self.warned = False
        """Whether the person was asked about a peer that cannot be verified."""
        self.gathered = False
        """Whether there ever was a transport, which alone gathers candidates."""

    def changed(self) -> None:
        if self.peer is None:
            return
        shown, link = self.peer.snapshot(), self.peer._link
        if not self.states or self.states[-1] != shown.chat_state:
            self.states.append(shown.chat_state)
        self.trusts.add(shown.trust)
        self.warned = self.warned or shown.classic_warning
        self.gathered = self.gathered or bool(link is not None and (link._line.transport or link._line._closing))

    def notice(self, text: str) -> None:
        self.notices.append(text)
        if self.peer is not None:
            self.peer.heard.set()


class Person(Peer):
    """A peer whose `watch` remembers what it showed; `told` is the reason for which the last call or chat ended."""

    def __init__(self, name: str, server: str, identity: Identity | None = None, **options: Any) -> None:
        self.watch = Watch()
        self.heard = asyncio.Event()
        """Set when there is a notice."""
        self.identity = identity or new_identity()
        super().__init__(name, server, self.identity, listener=self.watch, **options)
        self.watch.peer = self

    def knows(self, other: Person, *, verified: bool = False) -> None:
        """Has met the other's device before."""
        self.identity.meet(other.name, other.identity.key.public)
        self.identity.set_verified(other.name, other.identity.key.public, verified)

    async def delivered(self, message: Message) -> None:
        """Wait until the other side has acknowledged a message."""
        await self.until(lambda: message.status == "delivered")

    def runs_out_of_patience(self) -> None:
        """The time that the present state of the call may last is over."""
        link = self._live("no_call")
        link._do(link._call.timeout)
