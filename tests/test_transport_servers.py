"""chat/peer/transport.py and a real coturn, or one that is silent: relayed paths, refusals, and what a dead server costs."""

from __future__ import annotations

import asyncio
import re
import socket
import time
import unittest
from collections.abc import Awaitable, Callable
from typing import ClassVar

from django.test import SimpleTestCase

from chat.peer.stun_probe import StunProbe
from signaling.messages import IceServer
from tests.support import coturn
from tests.test_transport import End, connected

ADDRESS = re.compile(r"(?:candidate:\S+ \d udp \d+|c=IN IP4) ([0-9a-f.:]+)")


@unittest.skipIf(coturn.unavailable(), coturn.unavailable())
class RelayTest(SimpleTestCase):
    relay: ClassVar[coturn.Coturn]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.relay = cls.enterClassContext(coturn.Coturn())

    async def test_two_that_hide_meet_at_the_relay(self) -> None:
        one, two = await connected(self.relay.servers(stun=True), relay_only=True)
        one.transport.send("hello")
        await two.until(lambda: two.frames == ["hello"])
        for end in (one, two):
            await end.until(lambda end=end: end.transport.path is not None)  # type: ignore[misc]
            assert end.transport.path is not None
            self.assertTrue(end.transport.path.relayed)
        await close(one, two)

    async def test_of_one_that_hides_only_the_relay_is_seen(self) -> None:
        one, two = await connected(self.relay.servers(stun=True), relay_only=True)
        for end in (one, two):
            self.assertNotRegex(" ".join(end.sent), r"typ (?!relay)|raddr (?!0\.0\.0\.0)")
            self.assertIn("typ relay", " ".join(end.sent))
        await close(one, two)

    async def test_one_that_hides_and_one_that_does_not_meet_at_the_relay(self) -> None:
        one, two = End(self.relay.servers(), relay_only=True), End(self.relay.servers())
        one.other, two.other = two, one
        two.transport.offer()
        for end in (one, two):
            await end.until(lambda end=end: end.transport.path is not None)  # type: ignore[misc]
            assert end.transport.path is not None
            self.assertTrue(end.transport.path.relayed)
        await close(one, two)

    async def test_a_relay_over_tcp_is_one_too(self) -> None:
        servers = self.relay.servers()
        over_tcp = [IceServer([f"{self.relay.url}?transport=tcp"], servers[0].username, servers[0].credential)]
        one, two = await connected(over_tcp, relay_only=True)
        await close(one, two)

    async def test_a_relay_that_refuses_is_told_at_once_where_it_was_the_only_hope(self) -> None:
        end = End(self.relay.servers("another secret"), relay_only=True)
        end.transport.offer()
        await end.until(lambda: "failed" in end.events)
        self.assertEqual((end.reason, end.sent), ("turn_refused", []))
        await end.transport.close()

    async def test_a_relay_that_refuses_is_the_reason_where_no_path_was_found(self) -> None:
        one, two = End(self.relay.servers("another secret"), patience=1.0), End(relay_only=False)
        await deaf(one, two)
        self.assertEqual(one.reason, "turn_refused")

    async def test_a_relay_that_refuses_does_not_hinder_a_path_without_it(self) -> None:
        one, two = await connected(self.relay.servers("another secret"))
        await close(one, two)

    async def test_behind_the_relay_and_with_nobody_to_be_seen_the_others_network_is_the_reason(self) -> None:
        one, two = End(self.relay.servers(), patience=1.0), End()
        await deaf(one, two)
        self.assertEqual(one.reason, "other_network")


@unittest.skipIf(coturn.own_address() is None, "this machine has no address but loopback ones")
class SilentServerTest(SimpleTestCase):
    """A socket that takes everything and answers nothing."""

    def setUp(self) -> None:
        super().setUp()
        silent = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        silent.bind((coturn.own_address(), 0))
        self.where = f"{coturn.own_address()}:{silent.getsockname()[1]}"
        self.servers = [
            IceServer(f"stun:{self.where}"),
            IceServer([f"turn:{self.where}"], "1:user", "secret"),
        ]

    async def test_costs_a_connection_half_a_second_at_most(self) -> None:
        alone = await took(connected)
        beside = await took(lambda: connected(self.servers, probe=StunProbe()))
        self.assertLess(beside - alone, 1.5)  # aiortc by itself takes ten seconds

    async def test_is_the_reason_where_it_was_the_only_hope(self) -> None:
        end = End(self.servers, relay_only=True, probe=StunProbe())
        end.transport.offer()
        await end.until(lambda: "failed" in end.events)
        self.assertEqual((end.reason, end.sent), ("udp_blocked", []))
        await end.transport.close()

    async def test_is_the_reason_where_no_path_was_found(self) -> None:
        for servers, reason in ((self.servers[:1], "stun_unreachable"), (self.servers, "udp_blocked")):
            one, two = End(servers, patience=1.0, probe=StunProbe()), End()
            await deaf(one, two)
            self.assertEqual(one.reason, reason)


async def took(connect: Callable[[], Awaitable[tuple[End, End]]]) -> float:
    """The seconds until both ends were open, the better of two."""
    best = float("inf")
    for _ in range(2):
        began = time.monotonic()
        one, two = await connect()
        best = min(best, time.monotonic() - began)
        await close(one, two)
    return best


async def deaf(one: End, two: End) -> None:
    """The first offers, the second answers with nothing but an address that reaches nobody, and the first fails."""
    one.held, two.held = [], []
    one.transport.offer()
    await one.until(lambda: bool(one.held))
    two.transport.receive(*(one.held or [])[0])
    await two.until(lambda: bool(two.held))
    _, answer = (two.held or [])[0]
    await two.transport.close()
    nowhere = "a=candidate:1 1 udp 2130706431 203.0.113.99 9 typ host"
    kept = [line for line in str(answer["sdp"]).splitlines() if not line.startswith("a=candidate:")]
    one.transport.receive("answer", {"type": "answer", "sdp": "\r\n".join([*kept, nowhere, ""])})
    await one.until(lambda: "failed" in one.events)
    await one.transport.close()


async def close(*ends: End) -> None:
    await asyncio.gather(*(end.transport.close() for end in ends))
