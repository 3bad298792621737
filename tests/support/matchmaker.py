"""A hub on a clock that stands still, and people who talk to it without a socket.

    house = Matchmaker()
    alice, bob = await house.join("alice"), await house.join("bob")
    await alice.says("session:connect", target="bob")
    bob.heard

    carol = await house.join("carol", key=NameKey())

Only the sockets, the clock and the ids are made up; store, post, limits and proofs are the real ones.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Sized
from typing import Any, TypeVar

from chat.peer.ownership import prove
from signaling.errors import Close
from signaling.hub import Client, Hub
from signaling.ice import IceServers
from signaling.limits import Limits
from signaling.messages import AuthChallenge, AuthResponse, ProofPayload, dump, parse_from_server
from signaling.meter import UNCOUNTED, Meter
from signaling.names import Origins
from signaling.post import LocalPost
from signaling.proof import Keyed, Line
from signaling.sessions import open_store
from signaling.sessions.base import Store
from tests.support.clock import FakeClock
from tests.support.name_keys import NameKey

T = TypeVar("T")

TTL = 600.0
ORIGIN = "https://chat.example"
GENEROUS = Limits(
    message_rate=1e6, message_burst=1_000_000, call_rate=1e6, call_burst=1_000_000, connections_per_address=1_000
)
"""Limits that a test of something else does not meet."""


def session_id(number: int) -> str:
    """The id that a `Matchmaker` gives out as its number so many, to connections and sessions alike."""
    return f"abcdef00-0000-4000-8000-{number:012x}"


class Matchmaker:
    """A hub and what it is made of."""

    def __init__(
        self,
        *,
        limits: Limits = GENEROUS,
        ice: IceServers | None = None,
        store: Store | None = None,
        meter: Meter = UNCOUNTED,
    ) -> None:
        self.clock = FakeClock()
        self.jobs: list[tuple[float, Callable[[], Awaitable[None]]]] = []
        self.ids = 0
        self.post = LocalPost()
        self.store = store or open_store(None, ttl=TTL, clock=self.clock)
        self.hub = Hub(
            store=self.store,
            post=self.post,
            ice=ice or IceServers(),
            limits=limits,
            meter=meter,
            origins=Origins((ORIGIN,)),
            after=lambda seconds, job: self.jobs.append((self.clock() + seconds, job)),
            clock=self.clock,
            new_id=self._new_id,
        )

    def _new_id(self) -> str:
        self.ids += 1
        return session_id(self.ids)

    async def join(self, name: str, address: str = "192.0.2.1", key: NameKey | None = None) -> Person:
        person = Person(self.hub, name, key)
        person.client = await self.hub.join(name, address, person.line(), person.keyed())
        return person

    async def passes(self, seconds: float) -> None:
        """Time goes by, and what the hub asked to have done in it is done."""
        self.clock.advance(seconds)
        for due in [job for job in self.jobs if job[0] <= self.clock()]:
            self.jobs.remove(due)
            await due[1]()

    async def settles(self) -> None:
        """A day goes by and a stranger comes and goes, on which what is over is forgotten."""
        await self.passes(86_400)
        stranger = await self.join("a_passing_stranger", "198.51.100.1")
        await stranger.leaves()

    def remembered(self) -> dict[str, Any]:
        """All that the hub, its store, its post and its limits still hold of anybody."""
        parts = (self.hub, self.store, self.post, self.hub._addresses)
        held = {f"{type(part).__name__}.{name}": value for part in parts for name, value in vars(part).items()}
        return {
            name: value
            for name, value in held.items()
            if isinstance(value, Sized) and not isinstance(value, str) and len(value)
        }


class Person:
    """Somebody who joined. `heard` is what came, decoded; with `reachable` unset, their socket takes nothing.

    With a key, `challenged` is what they were asked; what they answer is `answer`, of `proof` unless a test says otherwise.
    """

    client: Client

    def __init__(self, hub: Hub, name: str = "", key: NameKey | None = None, origin: str = ORIGIN) -> None:
        self.hub = hub
        self.name = name
        self.key = key
        self.origin = origin
        self.challenged: AuthChallenge | None = None
        self.ended_with: int | None = None
        self.heard: list[dict[str, Any]] = []
        self.reachable = True

    def keyed(self) -> Keyed | None:
        """What the hub is told of the key, if there is one."""
        return Keyed(self.key.text, self.answer) if self.key else None

    async def answer(self) -> str:
        return dump(AuthResponse(payload=self.proof()))

    def proof(self) -> ProofPayload:
        assert self.key is not None
        assert self.challenged is not None
        return prove(self.key, self.origin, self.name, self.challenged.payload)

    def line(self) -> Line:
        return Line(self.inbox, self.ends)

    def ends(self, code: int) -> None:
        self.ended_with = code

    @property
    def replaced(self) -> bool:
        return self.ended_with == Close.REPLACED

    async def inbox(self, frame: str) -> None:
        if not self.reachable:
            raise ConnectionError
        if self.key is not None and '"type":"auth:' in frame:
            message = parse_from_server(frame)
            self.challenged = message if isinstance(message, AuthChallenge) else self.challenged
            return
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
