"""chat/peer/link.py: a state that lasts too long ends, whatever the other side withholds, and says why."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable

from django.test import SimpleTestCase

from chat.peer.classic import Classic
from chat.peer.errors import PeerError, sentence
from chat.peer.link import Link, Surroundings
from signaling.messages import JoinedPayload, Message

SESSION = JoinedPayload("11111111-1111-4111-8111-111111111111", "bob", initiator=True)


class Hourglass:
    """A timer that runs out when the test says so."""

    def __init__(self, seconds: float, done: Callable[[], None]) -> None:
        self.seconds = seconds
        self.run_out = done
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class World:
    """The surroundings of a link with bob, and what it did to them."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.hourglasses: list[Hourglass] = []
        ids = map(str, itertools.count())
        around = Surroundings(
            send=self._send,
            changed=lambda: None,
            received=lambda message: None,
            now=lambda: 0,
            new_id=lambda: next(ids),
            after=self._after,
            suites=[lambda: Classic(os.urandom)],
        )
        self.link = Link("bob", around, [])

    def _send(self, message: Message) -> bool:
        self.sent.append(message)
        return True

    def _after(self, seconds: float, done: Callable[[], None]) -> Hourglass:
        self.hourglasses.append(Hourglass(seconds, done))
        return self.hourglasses[-1]

    @property
    def running(self) -> list[float]:
        return [glass.seconds for glass in self.hourglasses if not glass.cancelled]

    def time_passes(self) -> None:
        """The present state lasts too long."""
        (glass,) = (glass for glass in self.hourglasses if not glass.cancelled)
        glass.run_out()


class LinkTest(SimpleTestCase):
    def ends(self, world: World, state: str, reason: str) -> None:
        world.time_passes()
        self.assertEqual((world.link.state, world.link.sentence), (state, sentence(reason, "bob")))
        self.assertEqual(str(type(world.sent[-1]).__struct_config__.tag), "session:leave")
        self.assertEqual(world.running, [])

    async def test_a_server_that_does_not_answer(self) -> None:
        world = World()
        world.link.dial()
        self.assertEqual(world.running, [10])
        self.ends(world, "failed", "server_silent")

    async def test_a_call_that_nobody_answers(self) -> None:
        world = World()
        world.link.dial()
        world.link.joined(SESSION)
        self.assertEqual(world.running, [60])
        self.ends(world, "ended", "no_answer")

    async def test_a_call_that_is_missed_here(self) -> None:
        world = World()
        world.link.ring(SESSION, Classic(os.urandom).opening())
        self.assertEqual(world.running, [60])
        self.ends(world, "ended", "missed")

    async def test_an_answer_that_is_withheld(self) -> None:
        world = World()
        world.link.dial()
        world.link.joined(SESSION)
        world.link.key(Classic(os.urandom).opening())
        self.assertEqual((world.link.state, world.running), ("connecting", [30]))
        self.ends(world, "failed", "no_path")
        await world.link.wait_closed()

    async def test_an_offer_that_is_withheld(self) -> None:
        world = World()
        world.link.ring(SESSION, Classic(os.urandom).opening())
        world.link.accept()
        self.assertEqual((world.link.state, world.running), ("connecting", [30]))
        self.ends(world, "failed", "no_path")
        await world.link.wait_closed()

    async def test_before_the_channel_is_open_nothing_can_be_said(self) -> None:
        world = World()
        world.link.dial()
        for act in (lambda: world.link.send("hello"), lambda: world.link.retry("0")):
            with self.assertRaises(PeerError) as caught:
                act()
            self.assertEqual(caught.exception.reason, "no_chat")
