"""chat/peer/stun_probe.py: servers that answer, on loopback, and some that do not."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aioice import stun
from django.test import SimpleTestCase

from chat.peer.ice_services import Service
from chat.peer.stun_probe import PROBE_SECONDS, StunProbe, refusal
from tests.support.clock import FakeClock


class Answering(asyncio.DatagramProtocol):
    """A STUN server that lets the first `lost` requests pass, and answers the others after `delay` seconds."""

    transport: asyncio.DatagramTransport

    def __init__(self, *, lost: int = 0, delay: float = 0.0) -> None:
        self.asked = 0
        self._lost = lost
        self._delay = delay

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.asked += 1
        if self.asked <= self._lost:
            return
        request = stun.parse_message(data)
        answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
        answer.attributes["XOR-MAPPED-ADDRESS"] = addr
        asyncio.get_running_loop().call_later(self._delay, self.transport.sendto, bytes(answer), addr)

    @property
    def service(self) -> Service:
        return stun_at(self.transport.get_extra_info("sockname")[1])


def stun_at(port: int) -> Service:
    return Service(f"stun:127.0.0.1:{port}", "stun", "127.0.0.1", port)


@asynccontextmanager
async def server(**how: Any) -> AsyncIterator[Answering]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(lambda: Answering(**how), local_addr=("127.0.0.1", 0))
    try:
        yield protocol
    finally:
        transport.close()


class StunProbeTest(SimpleTestCase):
    def setUp(self) -> None:
        super().setUp()
        silent = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        silent.bind(("127.0.0.1", 0))
        self.silent = stun_at(silent.getsockname()[1])
        self.clock = FakeClock()
        self.probe = StunProbe(self.clock)

    async def test_one_that_answers_is_kept_and_one_that_is_silent_left_out(self) -> None:
        async with server() as answering:
            began = time.monotonic()
            found = await self.probe.answering([self.silent, answering.service])
            self.assertEqual(list(found), [answering.service])
            self.assertGreaterEqual(time.monotonic() - began, PROBE_SECONDS * 0.9)

    async def test_nothing_to_ask_takes_no_time(self) -> None:
        self.assertEqual(await self.probe.answering([]), {})

    async def test_a_port_where_nobody_listens_is_no_server(self) -> None:
        nobody = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        nobody.close()
        began = time.monotonic()
        self.assertEqual(await self.probe.answering([stun_at(port)]), {})
        self.assertLess(time.monotonic() - began, PROBE_SECONDS)

    async def test_a_lost_packet_is_made_up_for(self) -> None:
        async with server(lost=2) as answering:
            self.assertEqual(list(await self.probe.answering([answering.service])), [answering.service])

    async def test_what_answered_is_not_asked_again_for_a_minute(self) -> None:
        async with server() as answering:
            for passed, asked in ((0, 1), (59, 1), (2, 2)):
                self.clock.advance(passed)
                await self.probe.answering([answering.service])
                self.assertEqual(answering.asked, asked)

    async def test_what_was_silent_beside_one_that_answered_is_remembered_too(self) -> None:
        async with server(lost=100) as late, server() as answering:
            services = [late.service, answering.service]
            await self.probe.answering(services)
            asked = late.asked
            await self.probe.answering(services)
            self.assertEqual(late.asked, asked)

    async def test_where_nobody_answered_the_network_may_have_been_away(self) -> None:
        async with server(lost=3) as answering:
            self.assertEqual(await self.probe.answering([answering.service]), {})
            found = await StunProbe(self.clock).answering([answering.service])
            self.assertEqual(list(found), [answering.service])

    async def test_an_answer_that_is_late_counts_for_the_next_time(self) -> None:
        async with server(delay=PROBE_SECONDS * 2) as slow:
            self.assertEqual(await self.probe.answering([slow.service]), {})
            while not await self.probe.answering([slow.service]):
                pass
            self.assertEqual(slow.asked, 3)

    async def test_where_it_is_needed_a_slow_one_will_do(self) -> None:
        async with server(delay=PROBE_SECONDS * 2) as slow, server() as answering:
            self.assertEqual(list(await self.probe.answering([slow.service], needed=True)), [slow.service])
            probe = StunProbe()
            self.assertNotIn(slow.service, await probe.answering([slow.service, answering.service]))
            self.assertEqual(list(await probe.answering([slow.service], needed=True)), [slow.service])

    async def test_two_who_ask_at_once_ask_once(self) -> None:
        async with server() as answering:
            found = await asyncio.gather(*(self.probe.answering([answering.service]) for _ in range(5)))
            self.assertEqual([len(services) for services in found], [1] * 5)
            self.assertEqual(answering.asked, 1)

    async def test_over_tcp_a_connection_is_an_answer(self) -> None:
        listening = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        relay = Service(f"turn:127.0.0.1:{port}?transport=tcp", "turn", "127.0.0.1", port, "tcp", "user", "secret")
        self.assertEqual(list(await self.probe.answering([relay])), [relay])
        listening.close()
        await listening.wait_closed()
        self.assertEqual(await StunProbe().answering([relay]), {})
        self.assertIsNone(await refusal(relay))
