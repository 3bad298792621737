"""A hub on a clock that stands still, and people who talk to it without a socket.

    house = Matchmaker()
    alice, bob = await house.join("alice"), await house.join("bob")
    await alice.says("session:connect", target="bob")
    bob.heard

Only the sockets, the clock and the ids are made up; store, post and limits are the real ones.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Sized
from typing import Any, TypeVar

from signaling.consumer import LocalPost
from signaling.hub import Client, Hub
from signaling.ice import IceServers
from signaling.limits import Limits
from signaling.sessions import open_store
from signaling.sessions.base import Store
from tests.support.clock import FakeClock

T = TypeVar("T")

TTL = 600.0
GENEROUS = Limits(
    message_rate=1e6, message_burst=1_000_000, call_rate=1e6, call_burst=1_000_000, connections_per_address=1_000
)
"""Limits that a test of something else does not meet."""


def session_id(number: int) -> str:
    """The id that a `Matchmaker` gives out as its number so many, to connections and sessions alike."""
    return f"abcdef00-0000-4000-8000-{number:012x}"


class Matchmaker:
    """A hub and what it is made of."""

    def __init__(self, *, limits: Limits = GENEROUS, ice: IceServers | None = None, store: Store | None = None) -> None:
        self.clock = FakeClock()
        self.ids = 0
        self.post = LocalPost()
        self.store = store or open_store(None, ttl=TTL, clock=self.clock)
        self.hub = Hub(
            store=self.store,
            post=self.post,
            ice=ice or IceServers(),
            limits=limits,
            clock=self.clock,
            new_id=self._new_id,
        )

    def _new_id(self) -> str:
        self.ids += 1
        return session_id(self.ids)

    async def join(self, name: str, address: str = "192.0.2.1") -> Person:
        person = Person(self.hub)
        person.client = await self.hub.join(name, address, person.inbox)
        return person

    async def settles(self) -> None:
        """A day goes by and a stranger comes and goes, on which what is over is forgotten."""
        self.clock.advance(86_400)
        stranger = await self.join("a_passing_stranger", "198.51.100.1")
        await stranger.leaves()

    def remembered(self) -> dict[str, Any]:
        """All that the hub, its store, its post and its limits still hold of anybody."""
        parts = (self.hub, self.store, self.post, self.hub._addresses)
        held = {f"{type(part).__name__}.{name}": value for part in parts for name, value in vars(part).items()}
        return {name: value for name, value in held.items() if isinstance(value, Sized) and len(value)}


class Person:
    """Somebody who joined. `heard` is what came, decoded; with `reachable` unset, their socket takes nothing."""

    client: Client

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.heard: list[dict[str, Any]] = []
        self.reachable = True

    async def inbox(self, frame: str) -> None:
        if not self.reachable:
            raise ConnectionError
        self.heard.append(json.loads(frame))

    async def says(self, kind: str, **envelope: Any) -> None:
        await self.sends(json.dumps({"type": kind, **envelope}))

    async def sends(self, frame: str) -> None:
        await self.hub.receive(self.client, frame)

    async def leaves(self) -> None:
        await self.hub.leave(self.client)

    def takes(self) -> list[dict[str, Any]]:
        """What was heard since the last time."""
        heard, self.heard = self.heard, []
        return heard


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing; one that does wait fails."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    coroutine.close()
    raise asyncio.InvalidStateError("it waited for something")
