"""chat/peer/signaling_client.py against a real WebSocket server that does what each test wants."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from django.test import SimpleTestCase
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from chat.peer.errors import SENTENCES
from chat.peer.signaling_client import LONGEST_DELAY, SignalingClient, delay, socket_url
from signaling.messages import (
    AuthChallenge,
    AuthOk,
    AuthResponse,
    EndedPayload,
    Error,
    ErrorPayload,
    FromServer,
    SessionConnect,
    SessionLeft,
    WelcomePayload,
    dump,
    parse_from_client,
)
from signaling.names import Challenge, Origins
from tests.support.name_keys import NameKey, challenge

AUTH_OK = dump(AuthOk(payload=WelcomePayload("alice")))
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

    def test_the_key_stands_in_the_address(self) -> None:
        key = NameKey(b"1" * 32)
        url = socket_url("https://chat.example/chat", "bob", key)
        self.assertEqual(url, f"wss://chat.example/ws?username=bob&key={key.text}")

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
        for code, state, refusal in (
            (4001, "refused", "INVALID_USERNAME"),
            (4002, "taken", "USERNAME_TAKEN"),
            (4003, "refused", "AUTH_FAILED"),
            (4004, "replaced", "replaced"),
        ):
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
                    self.assertEqual(client.refusal, refusal)
                    self.assertIn(refusal, SENTENCES)

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

    async def test_with_a_key_it_is_online_when_the_server_said_that_the_name_is_its_own(self) -> None:
        key = NameKey()

        async def handler(socket: ServerConnection) -> None:
            assert socket.request is not None
            self.assertEqual(socket.request.path, f"/ws?username=alice&key={key.text}")
            asked = Challenge("alice", key.text, os.urandom)
            await socket.send(WELCOME)  # of no meaning here
            await socket.send(dump(SessionLeft(payload=EndedPayload("s", "bob", "left"))))
            await socket.send(dump(AuthChallenge(payload=asked.payload)))
            response = parse_from_client(str(await socket.recv()))
            assert isinstance(response, AuthResponse)
            port = socket.local_address[1]
            asked.check(response.payload, Origins((f"http://127.0.0.1:{port}",)))
            await socket.send(dump(AuthChallenge(payload=asked.payload)))  # a second question
            await socket.send(AUTH_OK)
            await socket.send(AUTH_OK)
            await socket.send(WELCOME)
            self.assertIsInstance(parse_from_client(str(await socket.recv())), SessionConnect)
            await socket.wait_closed()

        async with client_of(handler, key=key) as (client, heard):
            client.start()
            await heard.until(lambda: len(heard.messages) == 1)
            self.assertIsInstance(heard.messages[0], Error)
            self.assertTrue(client.send(SessionConnect(target="bob")))
            self.assertEqual(heard.states, ["connecting", "online"])

    async def test_with_a_key_nothing_but_the_servers_word_makes_it_online(self) -> None:
        async def handler(socket: ServerConnection) -> None:
            await socket.send(AUTH_OK)  # before any question
            await socket.send(WELCOME)
            await socket.wait_closed()

        async with client_of(handler, key=NameKey()) as (client, heard):
            client.start()
            await heard.until(lambda: "offline" in heard.states)
            self.assertEqual((heard.states, heard.messages), (["connecting", "offline"], []))

    async def test_a_challenge_that_is_none_is_answered_with_nothing(self) -> None:
        said: list[object] = []

        async def handler(socket: ServerConnection) -> None:
            await socket.send(dump(AuthChallenge(payload=challenge(bytes(32), bytes(32)))))
            with suppress(ConnectionClosed):
                said.append(await socket.recv())

        async with client_of(handler, key=NameKey()) as (client, heard):
            client.start()
            await heard.until(lambda: heard.states.count("offline") == 2)
            self.assertEqual((set(heard.states), said), ({"connecting", "offline"}, []))

    async def test_with_a_key_a_taken_name_is_anothers_also_after_a_lost_socket(self) -> None:
        connections = 0

        async def handler(socket: ServerConnection) -> None:
            nonlocal connections
            connections += 1
            if connections == 1:
                await socket.send(dump(AuthChallenge(payload=challenge(NameKey().public, bytes(32)))))
                await socket.recv()
                await socket.send(AUTH_OK)
                socket.transport.abort()
            else:
                await socket.close(4002)

        async with client_of(handler, key=NameKey()) as (client, heard):
            client.start()
            await heard.until(lambda: client.state == "taken")
            self.assertEqual(heard.states, ["connecting", "online", "offline", "connecting", "taken"])

    async def test_waking_it_ends_the_wait(self) -> None:
        heard = Heard()
        client = SignalingClient("http://127.0.0.1:1", "alice", heard, fraction=lambda: 1e6)
        client.start()
        await heard.until(lambda: heard.states.count("offline") == 1)
        client.wake()
        await heard.until(lambda: heard.states.count("offline") == 2)
        await client.stop()

    async def test_a_socket_on_which_a_question_goes_unanswered_is_gone(self) -> None:
        async def handler(socket: ServerConnection) -> None:
            await welcome(socket)
            await socket.wait_closed()

        async def doubted(ask: Callable[[SignalingClient], object]) -> None:
            async with client_of(handler, patience=0.2) as (client, heard):
                client.start()
                await heard.until(lambda: heard.states[-1:] == ["online"])
                ask(client)
                await heard.until(lambda: heard.states.count("online") == 2)
                self.assertEqual(heard.states, ["connecting", "online", "offline", "connecting", "online"])

        await doubted(lambda client: client.send(SessionConnect(target="bob")))
        await doubted(SignalingClient.wake)

    async def test_one_that_is_good_stays_and_nobody_hears_of_the_doubt(self) -> None:
        async def handler(socket: ServerConnection) -> None:
            await welcome(socket)
            await welcome(socket)
            await socket.recv()
            await socket.send(dump(SessionLeft(payload=EndedPayload("x", "bob", "left"))))
            await socket.wait_closed()

        async with client_of(handler, patience=20) as (client, heard):
            client.start()
            await heard.until(lambda: client.state == "online")
            client.wake()
            client.wake()
            client.send(SessionConnect(target="bob"))
            await heard.until(lambda: bool(heard.messages))
            self.assertEqual([type(message) for message in heard.messages], [SessionLeft])
            self.assertEqual(heard.states, ["connecting", "online"])
