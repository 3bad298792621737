from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from channels.layers import InMemoryChannelLayer
from django.test import SimpleTestCase

from signaling.errors import Close
from signaling.hub import Hub
from signaling.ice import IceServers
from signaling.names import Origins
from signaling.post import LayerPost
from signaling.process import (
    BEAT_SECONDS,
    HEALED,
    NO_INBOX,
    NO_STORE,
    REMEMBERED,
    RETRY_SECONDS,
    TIDY_SECONDS,
    Alone,
    Process,
)
from signaling.proof import Line
from signaling.sessions.base import LEASE_SECONDS, At, Claim, Session, StoreUnavailable
from signaling.sessions.memory import MemoryStore
from tests.support.clock import FakeClock
from tests.support.matchmaker import GENEROUS, ORIGIN, TTL, Person
from tests.support.name_keys import NameKey

RECOVERY = 10.0
"""Real seconds until a test gives up: an event loop that goes on has all done long before."""


class Store(MemoryStore):
    """A store that can be away, and can have forgotten everything."""

    away = False
    known = True
    beats = 0
    refused_claims = 0

    async def claim(self, *args: Any, **options: Any) -> Claim:
        if self.refused_claims:
            self.refused_claims -= 1
            raise StoreUnavailable
        return await super().claim(*args, **options)

    async def release(self, name: str, connection: str) -> list[Session]:
        if self.away:
            raise StoreUnavailable
        return await super().release(name, connection)

    async def beat(self, place: str) -> bool:
        if self.away:
            raise StoreUnavailable
        self.beats += 1
        known, self.known = self.known, True
        return known

    def forget(self) -> None:
        self.known = False
        self._holders.clear()
        self._leases.clear()


class Layer(InMemoryChannelLayer):
    broken = False

    async def send(self, channel: str, message: Any) -> None:
        if self.broken:
            raise ConnectionError
        await super().send(channel, message)

    async def receive(self, channel: str) -> Any:
        message = await super().receive(channel)
        if self.broken:
            raise ConnectionError
        return message


class Time:
    """Stands still; whoever pauses goes on when somebody lets the time pass that they asked for."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self._pauses: dict[float, asyncio.Queue[asyncio.Event]] = defaultdict(asyncio.Queue)

    async def pause(self, seconds: float) -> None:
        over = asyncio.Event()
        self._pauses[seconds].put_nowait(over)
        await over.wait()

    async def passes(self, seconds: float, then: float = BEAT_SECONDS) -> None:
        """Wait until somebody pauses so long, let it be over, and wait until somebody pauses for `then`."""
        over = await self._pauses[seconds].get()
        self.clock.advance(seconds)
        over.set()
        await self.begins(then)

    async def begins(self, seconds: float) -> None:
        """Wait until somebody pauses so long."""
        self._pauses[seconds].put_nowait(await self._pauses[seconds].get())


class ProcessTests(SimpleTestCase):
    def make(self) -> Process:
        self.time = Time()
        self.layer, self.store = Layer(), Store(ttl=TTL, clock=self.time.clock)
        self.post = LayerPost(self.layer, "here")
        self.hub = Hub(
            store=self.store,
            post=self.post,
            ice=IceServers(),
            limits=GENEROUS,
            origins=Origins((ORIGIN,)),
            after=None,
            clock=self.time.clock,
        )
        return Process(self.hub, self.store, self.post, clock=self.time.clock, pause=self.time.pause)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Process]:
        process = self.make()
        await process.start()
        try:
            yield process
        finally:
            await process.stop()

    async def join(self, name: str, key: NameKey | None = None) -> Person:
        person = Person(self.hub, name, key)
        person.client = await self.hub.join(name, "192.0.2.1", person.line(), person.keyed())
        return person

    async def healed(self, process: Process) -> None:
        while process.fault is not None:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0)

    async def test_alone_there_is_nothing_to_begin_and_nothing_out_of_order(self) -> None:
        alone = Alone()
        await alone.start()
        self.assertIsNone(alone.fault)

    async def test_it_begins_once_and_lives_before_anybody_is_let_in(self) -> None:
        process = self.make()
        await asyncio.gather(process.start(), process.start())
        self.assertEqual((self.store.beats, process.fault), (1, None))
        await process.start()
        self.assertEqual(self.store.beats, 1)
        await process.stop()

    async def test_it_says_every_few_seconds_that_it_lives(self) -> None:
        async with self.running() as process:
            for beats in (2, 3, 4):
                await self.time.passes(BEAT_SECONDS)
                self.assertEqual((self.store.beats, process.fault), (beats, None))

    async def test_a_store_that_is_away_is_a_fault_until_it_is_back(self) -> None:
        async with self.running() as process:
            self.store.away = True
            with self.assertLogs("signaling.process", "WARNING") as logged:
                await self.time.passes(BEAT_SECONDS, then=RETRY_SECONDS)
                self.assertEqual(process.fault, NO_STORE)
                await self.time.passes(RETRY_SECONDS, then=RETRY_SECONDS)
                self.store.away = False
                await self.time.passes(RETRY_SECONDS)
            self.assertIsNone(process.fault)
            self.assertEqual([record.getMessage() for record in logged.records], [NO_STORE, HEALED])

    async def test_it_starts_without_its_store_and_says_so(self) -> None:
        process = self.make()
        self.store.away = True
        with self.assertLogs("signaling.process", "WARNING"):
            await process.start()
        self.assertEqual(process.fault, NO_STORE)
        await process.stop()

    async def test_a_store_that_forgot_everything_is_told_again_who_is_here(self) -> None:
        async with self.running():
            alice, bob = await self.join("Alice", NameKey()), await self.join("Bob")
            self.store.forget()
            with self.assertLogs("signaling.process", "WARNING") as logged:
                await self.time.passes(BEAT_SECONDS)
            self.assertEqual(
                [(r.getMessage(), vars(r)["fields"]) for r in logged.records], [(REMEMBERED, {"names": 2})]
            )
            await alice.says("session:connect", target="bob")
            self.assertEqual(bob.takes()[0]["payload"]["peer"], "Alice")
            self.assertEqual((alice.ended_with, bob.ended_with), (None, None))

    async def test_a_store_that_goes_away_while_it_is_told_is_told_again_when_it_is_back(self) -> None:
        async with self.running():
            alice, bob = await self.join("Alice"), await self.join("Bob")
            self.store.forget()
            self.store.refused_claims = 2
            with self.assertLogs("signaling.process", "WARNING"):
                await self.time.passes(BEAT_SECONDS, then=RETRY_SECONDS)
                await self.time.passes(RETRY_SECONDS)
            await alice.says("session:connect", target="bob")
            self.assertEqual(bob.takes()[0]["payload"]["peer"], "Alice")

    async def test_whoever_lost_the_name_meanwhile_is_sent_to_ask_for_it_anew(self) -> None:
        async with self.running():
            alice = await self.join("Alice")
            self.store.forget()
            await self.store.claim("alice", "another's")
            with self.assertLogs("signaling.process", "WARNING"):
                await self.time.passes(BEAT_SECONDS)
            self.assertEqual(alice.ended_with, Close.GOING_DOWN)

    async def test_who_left_while_the_store_was_away_is_gone_when_it_is_back(self) -> None:
        async with self.running():
            alice, bob = await self.join("Alice"), await self.join("Bob")
            await alice.says("session:connect", target="Bob")
            self.store.away = True
            await alice.leaves()
            with self.assertLogs("signaling.process", "WARNING"):
                await self.time.passes(BEAT_SECONDS, then=RETRY_SECONDS)
                self.store.away = False
                await self.time.passes(RETRY_SECONDS)
            await self.time.passes(TIDY_SECONDS, then=TIDY_SECONDS)
            self.assertEqual(bob.takes()[-1]["payload"]["reason"], "gone")
            await self.join("Alice")

    async def test_leases_end_while_nobody_comes(self) -> None:
        async with self.running():
            alice, bob = await self.join("Alice", NameKey()), await self.join("Bob")
            await alice.says("session:connect", target="Bob")
            await alice.leaves()
            bob.takes()
            self.time.clock.advance(LEASE_SECONDS)
            await self.time.passes(TIDY_SECONDS, then=TIDY_SECONDS)
            self.assertEqual([message["payload"]["reason"] for message in bob.takes()], ["gone"])

    async def test_an_inbox_that_does_not_bring_its_own_probe_is_a_fault_until_it_does(self) -> None:
        async with self.running() as process:
            self.layer.broken = True
            with self.assertLogs("signaling", "WARNING") as logged:
                await self.time.passes(BEAT_SECONDS)
                await self.time.passes(BEAT_SECONDS)
                self.assertIsNone(process.fault)
                await self.time.passes(BEAT_SECONDS, then=RETRY_SECONDS)
                self.assertEqual(process.fault, NO_INBOX)
                self.layer.broken = False
                await self.time.passes(RETRY_SECONDS, then=RETRY_SECONDS)
                await asyncio.wait_for(self.healed(process), RECOVERY)
            said = [record.getMessage() for record in logged.records if record.name == "signaling.process"]
            self.assertEqual(said, [NO_INBOX, HEALED])

    async def test_a_frame_from_elsewhere_is_handed_over_and_a_broken_inbox_is_read_again(self) -> None:
        async with self.running():
            frames: asyncio.Queue[str] = asyncio.Queue()
            self.post.attach("Bob", "c1", Line(frames.put, lambda code: None))
            elsewhere = LayerPost(self.layer, "elsewhere")
            self.layer.broken = True
            await InMemoryChannelLayer.send(self.layer, self.post.place, {"type": "lost", "items": []})
            with self.assertLogs("signaling.process", "WARNING") as logged:
                await self.time.begins(RETRY_SECONDS)
            self.assertEqual(logged.records[0].getMessage(), "A process's own work failed with ConnectionError")
            self.layer.broken = False
            await elsewhere.deliver(At(self.post.place, "c1"), "bob", "x")
            await self.time.passes(RETRY_SECONDS)
            self.assertEqual(await frames.get(), "x")
