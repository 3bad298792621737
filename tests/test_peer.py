"""chat/peer/peer.py: Python with Python through a real daphne, over real DataChannels."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from django.test import SimpleTestCase
from websockets.asyncio.client import connect

from chat.peer import CallEnded, Listener, Message, Peer, PeerError
from chat.peer.errors import sentence
from chat.peer.signaling_client import socket_url
from tests.support.server import DaphneServer, ServerTestCase

TEXTS = [
    "hello",
    "emoji 🎉 \"quotes\" 'single'",
    "<script>alert(1)</script>",
    "x" * 30_000,
    "שלום, مرحبا",
    "two\nlines",
]


class Notes(Listener):
    """Keeps what the person is told in passing."""

    def __init__(self) -> None:
        self.notices: list[str] = []

    def notice(self, text: str) -> None:
        self.notices.append(text)


class PeerTest(ServerTestCase):
    def peer(self, name: str, listener: Listener | None = None) -> Peer:
        return Peer(name, self.server.url, listener=listener)

    async def secured(self, alice: Peer, bob: Peer) -> None:
        alice.dial(bob.name)
        await bob.ringing()
        bob.accept()
        async with asyncio.timeout(30):
            await asyncio.gather(alice.secured(), bob.secured())

    async def test_two_people_chat(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.secured(alice, bob)
            self.assertEqual(alice.snapshot().chat_sentence, "Connected to bob. Encrypted, not verified.")
            self.assertEqual(alice.snapshot().trust, "classic")
            for text in TEXTS:
                self.assertEqual((await alice.deliver(text)).status, "sent")
                await bob.deliver(text[::-1])
            heard = [(await anext(bob.messages())).body for _ in TEXTS]
            answers = [(await anext(alice.messages())).body for _ in TEXTS]
            self.assertEqual((heard, answers), (TEXTS, [text[::-1] for text in TEXTS]))

    async def test_leaving_hands_over_what_was_sent_and_says_so(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.secured(alice, bob)
            for n in range(50):
                alice.send(f"{n}")
            alice.end()
            self.assertEqual(alice.snapshot().chat_sentence, "You left the chat.")
            heard = [message.body async for message in bob.messages()]
            self.assertEqual(heard, [str(n) for n in range(50)])
            self.assertEqual(await bob.ended(), "left")

    async def test_a_second_call_goes_on_under_the_same_name(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.secured(alice, bob)
            await alice.deliver("before")
            alice.end()
            await bob.ended()
            await self.secured(bob, alice)
            await alice.deliver("after")
            self.assertEqual((await anext(bob.messages())).body, "after")
            marks = [(message.body, message.new_call) for message in bob.snapshot().messages]
            self.assertEqual(marks, [("before", False), ("after", True)])

    async def test_both_call_at_once(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            async with asyncio.timeout(30):
                await asyncio.gather(alice.call("bob"), bob.call("ALICE"))
            await alice.deliver("hello")
            self.assertEqual((await anext(bob.messages())).body, "hello")

    async def test_calling_who_is_calling_is_to_accept(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            alice.dial("bob")
            await bob.ringing()
            await bob.call("alice")
            await alice.secured()

    async def test_declining_reaches_the_caller(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            alice.dial("bob")
            self.assertEqual(await bob.ringing(), "alice")
            bob.decline()
            self.assertEqual(await alice.ended(), "declined")
            self.assertEqual(alice.snapshot().chat_sentence, "bob declined the call.")
            self.assertEqual((alice.snapshot().chat_state, bob.snapshot().chat_state), ("ended", "ended"))

    async def test_cancelling_reaches_the_called_one(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            alice.dial("bob")
            await bob.ringing()
            alice.cancel()
            self.assertEqual(await bob.ended(), "cancelled")

    async def test_a_second_caller_hears_busy(self) -> None:
        notes = Notes()
        async with self.peer("alice") as alice, self.peer("bob", notes) as bob, self.peer("carol") as carol:
            await self.secured(alice, bob)
            with self.assertRaises(CallEnded) as caught:
                await carol.call("bob")
            self.assertEqual(caught.exception.reason, "busy")
            self.assertEqual(notes.notices, ["carol tried to call you and was told that you are busy."])
            await alice.deliver("undisturbed")
            self.assertEqual((await anext(bob.messages())).body, "undisturbed")

    async def test_nobody_is_online_under_that_name(self) -> None:
        async with self.peer("alice") as alice:
            with self.assertRaises(CallEnded) as caught:
                await alice.call("nobody")
            self.assertEqual(str(caught.exception), sentence("USER_OFFLINE", "nobody"))
            self.assertEqual(alice.snapshot().chat_state, "failed")

    async def test_a_taken_name_is_refused_whatever_its_case(self) -> None:
        async with self.peer("alice"):
            with self.assertRaises(PeerError) as caught:
                await self.peer("ALICE").__aenter__()
            self.assertEqual(caught.exception.reason, "USERNAME_TAKEN")

    async def test_a_server_that_is_not_there_is_an_error(self) -> None:
        with self.assertRaises(PeerError) as caught:
            await Peer("alice", "http://127.0.0.1:1").__aenter__()
        self.assertEqual(caught.exception.reason, "server_offline")

    async def test_what_cannot_be_done_now_is_refused_with_a_sentence(self) -> None:
        with self.assertRaises(PeerError):
            Peer("no spaces")
        async with self.peer("alice") as alice:
            doings: dict[str, Callable[[], object]] = {
                "bad_name": lambda: alice.dial("b"),
                "own_name": lambda: alice.dial("Alice"),
                "no_call": alice.accept,
                "no_chat": lambda: alice.send("hello"),
            }
            for reason, doing in doings.items():
                with self.subTest(reason), self.assertRaises(PeerError) as caught:
                    doing()
                self.assertEqual(caught.exception.reason, reason)
            async with self.peer("bob"):
                alice.dial("bob")
                with self.assertRaises(PeerError) as caught:
                    alice.dial("carol")
                self.assertEqual(caught.exception.reason, "in_call")
                with self.assertRaises(PeerError) as caught:
                    alice.send("too early")
                self.assertEqual(caught.exception.reason, "no_chat")

    async def test_one_who_goes_offline_while_it_rings_is_gone(self) -> None:
        async with self.peer("alice") as alice:
            bob = await self.peer("bob").__aenter__()
            alice.dial("bob")
            await bob.ringing()
            await bob._signaling.stop()
            self.assertEqual(await alice.ended(), "gone")
            self.assertEqual(await bob.ended(), "server_lost")
            await bob.stop()


class NothingLeavesBeforeAcceptTest(SimpleTestCase):
    async def test_the_called_side_sends_nothing_at_all_while_it_rings(self) -> None:
        with DaphneServer() as server:
            async with Peer("bob", server.url) as bob, connect(socket_url(server.url, "alice")) as alice:
                await alice.send('{"type":"session:connect","target":"bob"}')
                await alice.recv()
                key = '{"publicKey":"3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08="}'
                await alice.send(f'{{"type":"key:exchange","target":"bob","payload":{key}}}')
                await bob.ringing()
                # A question of alice's own comes back next: nothing of bob's stands before it.
                await alice.send('{"type":"session:leave"}')
                self.assertIn("MISSING_SESSION_ID", str(await alice.recv()))
                bob.accept()
                self.assertIn("key:exchange", str(await alice.recv()))


class ServerGoneTest(SimpleTestCase):
    async def test_the_chat_goes_on_without_the_server_and_the_peers_come_back_to_it(self) -> None:
        with DaphneServer() as server:
            async with Peer("alice", server.url) as alice, Peer("bob", server.url) as bob:
                alice.dial("bob")
                await bob.ringing()
                bob.accept()
                await asyncio.gather(alice.secured(), bob.secured())
                server.kill()
                await alice.until(lambda: alice.snapshot().server_state == "offline")
                self.assertEqual(alice.snapshot().server_sentence, "The server cannot be reached. Trying again…")
                await alice.deliver("still here?")
                self.assertEqual((await anext(bob.messages())).body, "still here?")
                server.start()
                async with asyncio.timeout(30):
                    await alice.until(lambda: alice.snapshot().server_state == "online")
                    await bob.until(lambda: bob.snapshot().server_state == "online")
                await bob.deliver("yes")
                answer: Message = await anext(alice.messages())
                self.assertEqual(answer.body, "yes")
