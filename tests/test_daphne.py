"""The signaling socket through a real daphne: what only a server can get wrong."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from django.test import SimpleTestCase
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.server import DaphneServer


class DaphneTests(SimpleTestCase):
    server: DaphneServer

    def setUp(self) -> None:
        self.server = DaphneServer()
        self.server.start()
        self.addCleanup(self.server.stop)

    async def socket(self, path: str) -> ClientConnection:
        return await connect(self.server.url.replace("http", "ws") + path)

    async def the_end_of(self, socket: ClientConnection) -> tuple[list[str], int | None]:
        """The types of what is heard until the server closes, and its close code."""
        heard: list[str] = []
        with suppress(ConnectionClosed):
            while len(heard) < 10:
                heard.append(json.loads(await asyncio.wait_for(socket.recv(), 10))["type"])
        return heard, socket.close_code

    async def test_codes_below_3000_reach_the_client_and_the_log_stays_empty(self) -> None:
        carol = await self.socket("/ws?username=Carol")
        await carol.send("x" * 65_537)
        self.assertEqual(await self.the_end_of(carol), (["error"], 1009))

        alice, bob = await self.socket("/ws?username=Alice"), await self.socket("/ws?username=Bob")
        await alice.send('{"type":"session:connect","target":"Bob"}')
        await asyncio.gather(alice.recv(), bob.recv())
        await asyncio.to_thread(self.server.stop)
        for socket in (alice, bob):
            self.assertEqual(await self.the_end_of(socket), ([], 1001))
        self.assertEqual(self.server.log, "")

    async def test_an_unknown_path_is_refused_as_http(self) -> None:
        for path in ("/other?username=Alice", "/ws"):
            with self.assertRaises(InvalidStatus) as raised:
                await self.socket(path)
            self.assertEqual(raised.exception.response.status_code, 403)
        self.assertEqual(self.server.log, "")
