"""Peers who hide their addresses, on a real server: relayed, or told why not."""

from __future__ import annotations

import unittest

from chat.peer.errors import CallEnded
from tests.support import coturn
from tests.support.peers import PeerTestCase, soon


class HidingTest(PeerTestCase):
    async def why_not(self) -> str:
        """Why nothing comes of a call by somebody who hides."""
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            alice.prefer(relay_only=True)
            await self.ring(alice, bob)
            bob.accept()
            with self.assertRaises(CallEnded) as caught:
                await soon(alice.secured())
            return caught.exception.reason


class NoRelayTest(HidingTest):
    async def test_who_hides_hears_that_the_server_has_no_relay(self) -> None:
        self.assertEqual(await self.why_not(), "no_relay")


@unittest.skipIf(coturn.unavailable(), coturn.unavailable())
class RelayTest(HidingTest):
    relay: coturn.Coturn
    secret = coturn.SECRET

    @classmethod
    def setUpClass(cls) -> None:
        cls.relay = cls.enterClassContext(coturn.Coturn())
        cls.server_env = {"TURN_URLS": cls.relay.url, "TURN_SECRET": cls.secret}
        super().setUpClass()

    async def test_who_hides_chats_through_the_relay_and_both_see_it(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            bob.prefer(relay_only=True)
            await self.secured(alice, bob)
            for peer in (alice, bob):
                await soon(peer.until(lambda peer=peer: peer.snapshot().path is not None))  # type: ignore[misc]
                path = peer.snapshot().path
                assert path is not None and path.rtt is not None
                self.assertTrue(path.relayed)
            await self.chat_goes_on(alice, bob)

    async def test_who_does_not_hide_chats_directly(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.secured(alice, bob)
            await soon(alice.until(lambda: alice.snapshot().path is not None))
            path = alice.snapshot().path
            assert path is not None
            self.assertFalse(path.relayed)


class RefusingRelayTest(RelayTest):
    """The server hands out what its relay does not accept."""

    secret = "another secret"

    async def test_who_hides_chats_through_the_relay_and_both_see_it(self) -> None:
        """Here they hear why not."""
        self.assertEqual(await self.why_not(), "turn_refused")
