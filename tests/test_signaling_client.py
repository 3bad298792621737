"""chat/peer/signaling_client.py against a real WebSocket server that does what each test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from django.test import SimpleTestCase
from websockets.asyncio.server import ServerConnection, serve

from chat.peer.signaling_client import LONGEST_DELAY, SignalingClient, delay, socket_url
from signaling.messages import Error, ErrorPayload, FromServer, SessionConnect, dump, parse_from_client

WELCOME = dump(Error(payload=ErrorPayload("MISSING_SESSION_ID", "x")))
Handler = Callable[[ServerConnection], Awaitable[None]]


class Heard:
    """The listener: `states` and `messages` as they came."""

    def __init__(self) -> None:
        self.states: list[str] = []
        self.messages: list[FromServer] = []
        self.news = asyncio.Event()

    def server_state(self, state: str) -> None:
        self.states.append(state)
        self.news.set()

    def server_message(self, message: FromServer) -> None:
        self.messages.append(message)
        self.news.set()

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not true():
                self.news.clear()
                await self.news.wait()


@asynccontextmanager
async def client_of(handler: Handler, **options: Any) -> AsyncIterator[tuple[SignalingClient, Heard]]:
    """A client whose server answers with `handler`, and which waits hardly at all between attempts."""
    async with serve(handler, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        heard = Heard()
        client = SignalingClient(f"http://127.0.0.1:{port}", "alice", heard, fraction=lambda: 0.0, **options)
        try:
            yield client, heard
        finally:
            await client.stop()


async def welcome(socket: ServerConnection) -> None:
    await socket.recv()
    await socket.send(WELCOME)


class DelayTest(SimpleTestCase):
    def test_delays_double_up_to_half_a_minute_and_half_of_each_is_chance(self) -> None:
        self.assertEqual([delay(n, 0.0) for n in range(4)], [0.25, 0.5, 1.0, 2.0])
        self.assertEqual([delay(n, 1.0) for n in range(4)], [0.5, 1.0, 2.0, 4.0])
        self.assertEqual(delay(100, 1.0), LONGEST_DELAY)


class UrlTest(SimpleTestCase):
    def test_the_socket_is_where_the_site_is(self) -> None:
        self.assertEqual(socket_url("https://chat.example", "bob"), "wss://chat.example/ws?username=bob")
        self.assertEqual(socket_url("http://127.0.0.1:8080/", "bob"), "ws://127.0.0.1:8080/ws?username=bob")

    def test_what_is_no_site_is_refused(self) -> None:
        for server in ("", "chat.example", "ftp://chat.example", "wss://chat.example", "http://"):
            with self.subTest(server=server), self.assertRaises(ValueError):
                socket_url(server, "bob")


class SignalingClientTest(SimpleTestCase):
    async def test_it_is_online_when_the_server_has_answered(self) -> None:
        async def handler(socket: ServerConnection) -> None:
            await welcome(socket)
            await socket.wait_closed()

        async with client_of(handler) as (client, heard):
            client.start()
            await heard.until(lambda: client.state == "online")
            self.assertEqual(heard.states, ["connecting", "online"])

    async def test_a_taken_name_is_final(self) -> None:
        for code, state in ((4001, "refused"), (4002, "taken"), (4003, "refused"), (4004, "replaced")):
            connections = 0

            async def handler(socket: ServerConnection, code: int = code) -> None:
                nonlocal connections
                connections += 1
                await socket.send(dump(Error(payload=ErrorPayload("USERNAME_TAKEN", "x"))))
                await socket.close(code)

            with self.subTest(code=code):
                async with client_of(handler) as (client, heard):
                    client.start()
                    assert client._task is not None
                    await client._task
                    self.assertEqual((connections, heard.states), (1, ["connecting", state]))

    async def test_it_comes_back_when_the_server_goes_down(self) -> None:
        connections = 0

        async def handler(socket: ServerConnection) -> None:
            nonlocal connections
            connections += 1
            await welcome(socket)
            if connections == 1:
                await socket.close(1001)
            await socket.wait_closed()

        async with client_of(handler) as (client, heard):
            client.start()
            await heard.until(lambda: heard.states.count("online") == 2)
            self.assertEqual(heard.states, ["connecting", "online", "offline", "connecting", "online"])

    async def test_who_just_lost_a_socket_is_not_taken_until_the_server_must_have_missed_it(self) -> None:
        now, connections = 0.0, 0

        async def handler(socket: ServerConnection) -> None:
            nonlocal now, connections
            connections += 1
            if connections in (1, 3):
                await welcome(socket)
                socket.transport.abort()
            else:
                now += 50
                await socket.close(4002)

        async with client_of(handler, clock=lambda: now) as (client, heard):
            client.start()
            await heard.until(lambda: client.state == "taken")
            away = ["online", "offline", "connecting", "offline", "connecting"]
            self.assertEqual(heard.states, ["connecting", *away, *away, "taken"])

    async def test_a_server_that_takes_the_socket_and_says_nothing_is_none(self) -> None:
        async def handler(socket: ServerConnection) -> None:
            await socket.wait_closed()

        async with client_of(handler) as (client, heard):
            client.start()
            await heard.until(lambda: heard.states == ["connecting", "offline"])

    async def test_messages_go_both_ways_and_rubbish_is_dropped(self) -> None:
        got: asyncio.Queue[str] = asyncio.Queue()

        async def handler(socket: ServerConnection) -> None:
            await welcome(socket)
            for rubbish in ("rubbish", "{}", '{"type":"news"}', b"binary", WELCOME):
                await socket.send(rubbish)
            async for frame in socket:
                got.put_nowait(str(frame))

        async with client_of(handler) as (client, heard):
            self.assertFalse(client.send(SessionConnect(target="bob")))
            client.start()
            await heard.until(lambda: len(heard.messages) == 1)
            self.assertTrue(client.send(SessionConnect(target="bob")))
            self.assertEqual(parse_from_client(await asyncio.wait_for(got.get(), 10)).target, "bob")

    async def test_what_was_sent_before_stopping_still_goes_out(self) -> None:
        got: asyncio.Queue[str] = asyncio.Queue()

        async def handler(socket: ServerConnection) -> None:
            await welcome(socket)
            async for frame in socket:
                got.put_nowait(str(frame))

        async with client_of(handler) as (client, heard):
            client.start()
            await heard.until(lambda: client.state == "online")
            client.send(SessionConnect(target="bob"))
            await client.stop()
            self.assertEqual(client.state, "offline")
            self.assertEqual(parse_from_client(await asyncio.wait_for(got.get(), 10)).target, "bob")

    async def test_waking_it_ends_the_wait(self) -> None:
        heard = Heard()
        client = SignalingClient("http://127.0.0.1:1", "alice", heard, fraction=lambda: 1e6)
        client.start()
        await heard.until(lambda: heard.states.count("offline") == 1)
        client.wake()
        await heard.until(lambda: heard.states.count("offline") == 2)
        await client.stop()
