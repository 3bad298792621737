"""A test case with an evil server between two people, and what must hold whatever it does."""

from __future__ import annotations

import asyncio
import atexit
import functools
import itertools
from collections.abc import Awaitable
from typing import ClassVar, TypeVar

from django.test import SimpleTestCase

from signaling.messages import SessionLeave
from tests.support.evil import Attack, EvilServer
from tests.support.people import Person

PATIENCE = 15.0

T = TypeVar("T")


@functools.cache
def shared_evil() -> EvilServer:
    """One for all classes; it ends with the process."""
    evil = EvilServer().__enter__()
    atexit.register(evil.__exit__)
    return evil


class EvilCase(SimpleTestCase):
    """Names are new in each test: a name belongs to a key for a while after its owner went."""

    evil: ClassVar[EvilServer]
    numbers = itertools.count()

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.evil = shared_evil()

    def setUp(self) -> None:
        super().setUp()
        self.evil.behave()
        number = next(self.numbers)
        self.alice, self.bob = Person(f"alice_{number}", self.evil.url), Person(f"bob_{number}", self.evil.url)

    def tearDown(self) -> None:
        self.assertEqual(self.evil.faults, [])
        super().tearDown()

    # What people do

    async def ring(self) -> None:
        """Alice calls; it rings at bob's."""
        self.alice.dial(self.bob.name)
        await self.soon(self.bob.ringing())

    async def connect(self) -> None:
        """Alice calls, bob accepts, and their chat is secured."""
        await self.ring()
        self.bob.accept()
        await self.soon(asyncio.gather(self.alice.secured(), self.bob.secured()))

    async def chat_goes_on(self) -> None:
        """A message arrives each way."""
        for sender, reader in ((self.alice, self.bob), (self.bob, self.alice)):
            sent = sender.send(f"from {sender.name}")
            self.assertEqual((await self.soon(anext(reader.messages()))).body, sent.body)
            await self.soon(sender.delivered(sent))

    async def settled(self, *people: Person) -> None:
        """Wait until these have dealt with all that they were sent, and the server has all that they sent because of it.

        Each asks the server twice what makes no sense, and hears so.
        """
        for person in people * 2:
            before = len(person.watch.notices)
            person._signaling.send(SessionLeave())
            while len(person.watch.notices) == before:
                await self.soon(person.heard.wait())
                person.heard.clear()

    async def fires(self, attack: Attack) -> None:
        """Wait until an attack has been made."""
        await asyncio.to_thread(attack.wait)

    async def soon(self, awaitable: Awaitable[T]) -> T:
        """Wait for what has to happen, but not for ever."""
        async with asyncio.timeout(PATIENCE):
            return await awaitable

    # What must hold

    def assert_fired(self, attack: Attack) -> None:
        self.assertGreater(attack.fired, 0, "the attack was never made")

    async def assert_nothing_left(self, *people: Person) -> None:
        """Of these nobody sent a signal or a step 3, or looked for a path, or was shown a chat."""
        await self.settled(*people)
        for person in people:
            for frame in self.evil.said(person.name):
                self.assertFalse(frame["type"].startswith("signal:"), frame["type"])
                self.assertNotEqual(frame.get("payload", {}).get("step"), 3)
            self.assertFalse(person.watch.gathered, f"{person.name} gathered candidates")
            self.assert_never_secured(person)

    def assert_never_secured(self, *people: Person) -> None:
        for person in people:
            self.assertNotIn("secured", person.watch.states)
            self.assert_not_verified(person)

    def assert_not_verified(self, *people: Person) -> None:
        for person in people:
            self.assertNotIn("verified", person.watch.trusts)
            self.assertNotIn("classic", person.watch.trusts)
