"""The signaling socket through a real daphne and a real uvicorn: what only a server can get wrong."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from django.test import SimpleTestCase
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.server import DaphneServer, SiteServer, UvicornServer

PATIENCE = 60.0
"""Seconds that anything may take on a busy machine."""

MEGABYTE = 1_000_000

QUIET = {"LOG_LEVEL": "warning"}
UNLIMITED = {"MESSAGE_RATE": "1000000", "MESSAGE_BURST": "1000000", "CONNECTIONS_PER_ADDRESS": "1000"}


def resident(server: SiteServer) -> int:
    """How many bytes of memory it has."""
    status = Path(f"/proc/{server.pid}/status").read_text(encoding="utf-8")
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1024


async def heard(client: ClientConnection) -> dict[str, Any]:
    """The next message."""
    message: dict[str, Any] = json.loads(await asyncio.wait_for(client.recv(), PATIENCE))
    return message


async def the_end_of(client: ClientConnection) -> tuple[list[str], int | None]:
    """The types of what is heard until the server closes, and its close code."""
    types: list[str] = []
    with suppress(ConnectionClosed):
        while len(types) < 1_000:
            types.append((await heard(client))["type"])
    return types, client.close_code


async def in_a_session(caller: ClientConnection, name: str, called: ClientConnection) -> None:
    await caller.send(json.dumps({"type": "session:connect", "target": name}))
    await heard(caller)
    await heard(called)


HANDSHAKE = (
    b"GET /ws?username=Alice HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)

STRANGE = (
    b"Alice\r\n\r\n",
    b"GET /ws?username=Alice HTTP/1.1\r\n\r\n",
    b"GET /chat?Alice HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2 + b"Alice\r\n\r\n",
    b"GET /Alice?Alice HTTP/1.1\r\nHost: Alice\r\n\r\n",
    b"GET /\xff?Alice=\xff HTTP/1.1\r\nHost: localhost\r\nAlice: \xff\r\n\r\n",
    b"GET /ws?username=Alice HTTP/1.1\r\nHost: localhost\r\nAli\x00ce: \x00\r\n\r\n",
    b"GET /ws?username=Alice HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: Alice\r\n\r\n",
    HANDSHAKE.replace(b"Version: 13", b"Version: 12"),
    HANDSHAKE.replace(b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", b"Alice: Alice"),
    HANDSHAKE.replace(b"username=Alice", b"username=%ff\xff"),
    HANDSHAKE.replace(b"GET", b"POST"),
    HANDSHAKE.replace(b"/ws?", b"//Alice:Alice@[/ws?"),
)


def frame(payload: bytes, opcode: int = 1) -> bytes:
    """A frame of a client, masked with zeros."""
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2)
    return bytes([0x80 | opcode]) + length + bytes(4) + payload


PING = frame(b"x" * 125, opcode=9)


def an_offer(target: str, size: int = 1_200) -> str:
    return json.dumps({"type": "signal:offer", "target": target, "payload": {"sdp": "v" * size}})


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    """All that the server says until it hangs up, however it does."""
    said = b""
    with suppress(ConnectionError):
        while part := await asyncio.wait_for(reader.read(65_536), PATIENCE):
            said += part
    return said


async def dribble(writer: asyncio.StreamWriter) -> None:
    """Say something again and again, for as long as anybody listens."""
    with suppress(ConnectionError):
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.1)


class Either:
    """Keeps the tests from being run for neither server."""

    class ServerTests(SimpleTestCase):
        """The tests for either server."""

        server_class: ClassVar[type[SiteServer]]
        ping_arguments: ClassVar[tuple[str, ...]]
        server: SiteServer

        @asynccontextmanager
        async def serving(self, *arguments: str, **env: str) -> AsyncIterator[SiteServer]:
            self.server = self.server_class(QUIET | env, arguments=arguments)
            self.opened: list[asyncio.StreamWriter] = []
            try:
                await asyncio.to_thread(self.server.start)
                yield self.server
            finally:
                for writer in self.opened:
                    writer.transport.abort()
                await asyncio.to_thread(self.server.stop)

        async def person(self, name: str, **options: Any) -> ClientConnection:
            return await self.socket(f"/ws?username={name}", **options)

        async def socket(self, path: str, **options: Any) -> ClientConnection:
            return await connect(self.server.url.replace("http", "ws") + path, open_timeout=PATIENCE, **options)

        async def says(self, words: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
            writer.write(words)
            self.opened.append(writer)
            return reader, writer

        async def upgraded(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            """A WebSocket without anything that would answer for it."""
            reader, writer = await self.says(HANDSHAKE)
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
            return reader, writer

        def assert_ended_cleanly(self) -> None:
            self.assertEqual((self.server.exit_code, self.server.log), (0, ""))

        async def test_close_codes_reach_the_client(self) -> None:
            async with self.serving():
                for size in (65_537, 1_000_000):
                    alice = await self.person("Alice")
                    await alice.send("x" * size)
                    self.assertEqual((await the_end_of(alice))[1], 1009)
                alice = await self.person("Alice!")
                self.assertEqual(await the_end_of(alice), (["error"], 4001))
            self.assert_ended_cleanly()

        async def test_an_unknown_path_is_refused_as_http(self) -> None:
            async with self.serving():
                for path in ("/other?username=Alice", "/ws"):
                    with self.assertRaises(InvalidStatus) as raised:
                        await self.socket(path)
                    self.assertEqual(raised.exception.response.status_code, 403)
            self.assert_ended_cleanly()

        async def test_a_server_that_stops_delivers_what_is_under_way_and_closes_all_with_1001(self) -> None:
            async with self.serving():
                alice, bob, carol = [await self.person(name) for name in ("Alice", "Bob", "Carol")]
                await in_a_session(alice, "Bob", bob)
                self.server.freeze()
                for _ in range(50):
                    await alice.send(an_offer("Bob", 4_800))
                ends = asyncio.gather(*map(the_end_of, (alice, bob, carol)))
                await asyncio.to_thread(self.server.stop)
                self.assertEqual(await ends, [([], 1001), (["signal:offer"] * 50, 1001), ([], 1001)])
            self.assert_ended_cleanly()

        async def test_a_client_that_does_not_read_is_cut_off_and_whoever_sends_to_it_is_told(self) -> None:
            async with self.serving(**UNLIMITED):
                alice, bob, carol, dave = [await self.person(name) for name in ("Alice", "Bob", "Carol", "Dave")]
                await in_a_session(alice, "Bob", bob)
                await in_a_session(carol, "Dave", dave)
                before, failures = resident(self.server), asyncio.ensure_future(heard(alice))
                for _ in range(64 * MEGABYTE // 60_000):
                    await alice.send(an_offer("Bob", 60_000))
                    await carol.send(an_offer("Dave"))
                    self.assertEqual((await heard(dave))["type"], "signal:offer")
                    if failures.done():
                        break
                self.assertEqual((await failures)["payload"]["code"], "RELAY_FAILED")
                self.assertLess(resident(self.server) - before, 16 * MEGABYTE)
                while (await heard(alice))["type"] == "error":
                    """What was under way to him fails as well, until he has left."""
                await in_a_session(alice, "Bob", await self.person("Bob"))
                bob.transport.abort()
            self.assert_ended_cleanly()

        async def test_a_client_that_asks_for_pongs_and_does_not_read_them_is_cut_off(self) -> None:
            async with self.serving():
                _, writer = await self.upgraded()
                before = resident(self.server)
                with suppress(ConnectionError):
                    for _ in range(64):
                        writer.write(PING * 8_000)
                        await asyncio.wait_for(writer.drain(), PATIENCE)
                    self.fail("it was taken all the way")
                self.assertLess(resident(self.server) - before, 16 * MEGABYTE)

        async def test_what_an_application_does_not_take_yet_stays_with_the_client(self) -> None:
            async with self.serving("tests.support.deaf:application"):
                _, writer = await self.upgraded()
                before = resident(self.server)
                with self.assertRaises(TimeoutError):
                    for _ in range(64):
                        writer.write(frame(b"x" * 10_000) * 100)
                        await asyncio.wait_for(writer.drain(), 3)
                self.assertLess(resident(self.server) - before, 8 * MEGABYTE)

        async def test_much_at_once_is_acted_upon_to_the_last_word_and_in_order(self) -> None:
            targets = [f"nobody_{number}" for number in range(2_000)]
            async with self.serving(**UNLIMITED):
                alice, bob = await self.person("Alice"), await self.person("Bob")
                await in_a_session(alice, "Bob", bob)
                alice.transport.write(b"".join(frame(an_offer(target, 0).encode()) for target in targets))
                self.assertEqual([(await heard(alice))["target"] for _ in targets], targets)
                offer = an_offer("Bob", 60_000)
                await alice.send(offer)
                self.assertEqual((await heard(bob))["payload"], json.loads(offer)["payload"])
                alice.transport.write(frame(b"{}") * 2_000 + frame((1000).to_bytes(2), opcode=8))
                self.assertEqual((await heard(bob))["type"], "session:left")
            self.assert_ended_cleanly()

        async def test_a_request_that_does_not_come_to_its_end_is_given_up(self) -> None:
            async with self.serving():
                opened = [
                    await self.says(words)
                    for words in (
                        b"",
                        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ",
                        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n",
                        b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /he",
                    )
                ]
                dribbling = asyncio.ensure_future(dribble(opened[1][1]))
                self.assertEqual(len(await asyncio.gather(*(until_closed(reader) for reader, _ in opened))), 4)
                await dribbling
            self.assert_ended_cleanly()

        async def test_a_request_without_end_is_cut_off(self) -> None:
            async with self.serving():
                for start in (b"", b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n"):
                    reader, writer = await self.says(start)
                    with suppress(ConnectionError):
                        for _ in range(64):
                            writer.write((b"x" * 1_000 + b": y\r\n") * 1_000)
                            await asyncio.wait_for(writer.drain(), PATIENCE)
                        self.fail("it was taken all the way")
                    await until_closed(reader)
            self.assertNotIn("Traceback", self.server.log)

        async def test_a_client_that_does_not_answer_pings_is_given_up(self) -> None:
            async with self.serving(*self.ping_arguments):
                reader, _ = await self.upgraded()
                self.assertIn(b"\x89\x04", (await until_closed(reader)).replace(b"\x89\x0c", b"\x89\x04"))
            self.assert_ended_cleanly()

        async def test_the_log_says_nothing_of_whoever_was_there(self) -> None:
            async with self.serving():
                strange = [await self.says(words) for words in STRANGE]
                await asyncio.gather(*(until_closed(reader) for reader, _ in strange))
                broken = (
                    frame(b"Alice\xff"),
                    b"\x81\x05Alice",
                    frame(b"Alice", opcode=3),
                    frame(b"{}") + frame(b"Alice\xff"),
                )
                for words in (*broken, frame(b"\x00")):
                    reader, writer = await self.upgraded()
                    writer.write(words + frame(b"", opcode=8))
                    await until_closed(reader)
            self.assert_ended_cleanly()


class DaphneTests(Either.ServerTests):
    server_class = DaphneServer
    ping_arguments = ("--ping-interval", "1", "--ping-timeout", "1")


class UvicornTests(Either.ServerTests):
    server_class = UvicornServer
    ping_arguments = ("--ws-ping-interval", "0.5", "--ws-ping-timeout", "0.5")
