"""chat/peer/peer.py: Python with Python through a real daphne, over real DataChannels."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from django.test import SimpleTestCase
from websockets.asyncio.client import connect

from chat.peer import CallEnded, Message, Peer, PeerError
from chat.peer.errors import sentence
from chat.peer.lowkey2 import Lowkey2
from chat.peer.signaling_client import socket_url
from signaling.messages import KeyExchange, dump, raw
from tests.support.devices import attempt
from tests.support.peers import Notes, PeerTestCase, delivered, soon
from tests.support.people import new_identity
from tests.support.server import DaphneServer

TEXTS = [
    "hello",
    "emoji 🎉 \"quotes\" 'single'",
    "<script>alert(1)</script>",
    "x" * 30_000,
    "שלום, مرحبا",
    "two\nlines",
]


class PeerTest(PeerTestCase):
    async def test_two_people_chat(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.secured(alice, bob)
            expected = f"Connected to {bob.name}. Encrypted, not verified yet."
            self.assertEqual((alice.snapshot().chat_sentence, alice.snapshot().trust), (expected, "unverified"))
            for text in TEXTS:
                await alice.deliver(text)
                await bob.deliver(text[::-1])
            heard = [(await soon(anext(bob.messages()))).body for _ in TEXTS]
            answers = [(await soon(anext(alice.messages()))).body for _ in TEXTS]
            self.assertEqual((heard, answers), (TEXTS, [text[::-1] for text in TEXTS]))
            mine = [message for message in alice.snapshot().messages if message.mine]
            await delivered(alice, *mine)

    async def test_leaving_hands_over_what_was_sent_and_says_so(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.secured(alice, bob)
            for n in range(50):
                alice.send(f"{n}")
            alice.end()
            self.assertEqual(alice.snapshot().chat_sentence, "You ended the chat, and its messages are deleted.")
            heard = [message.body async for message in bob.messages()]
            self.assertEqual(heard, [str(n) for n in range(50)])
            self.assertEqual(await bob.ended(), "ended")

    async def test_leaving_clears_the_chat_on_both_sides(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.secured(alice, bob)
            await self.chat_goes_on(alice, bob)
            alice.end()
            self.assertEqual(await soon(bob.ended()), "ended")
            self.assertEqual((alice.snapshot().messages, bob.snapshot().messages), ([], []))

    async def test_after_a_path_was_lost_the_next_call_goes_on_under_the_same_name(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.secured(alice, bob)
            await delivered(alice, await alice.deliver("before"))
            assert alice._link is not None
            alice._link.abandon()
            await soon(bob.ended())
            await self.secured(bob, alice)
            await delivered(alice, await alice.deliver("after"))
            marks = [(message.body, message.new_call) for message in bob.snapshot().messages]
            self.assertEqual(marks, [("before", False), ("after", True)])

    async def test_both_call_at_once(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await soon(asyncio.gather(alice.call(bob.name), bob.call(alice.name.upper())))
            await self.chat_goes_on(alice, bob)

    async def test_calling_who_is_calling_is_to_accept(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.ring(alice, bob)
            await soon(bob.call(alice.name))
            await soon(alice.secured())

    async def test_declining_reaches_the_caller(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            alice.dial(bob.name)
            self.assertEqual(await soon(bob.ringing()), alice.name)
            bob.decline()
            self.assertEqual(await soon(alice.ended()), "declined")
            self.assertEqual(alice.snapshot().chat_sentence, f"{bob.name} declined the call.")
            self.assertEqual((alice.snapshot().chat_state, bob.snapshot().chat_state), ("ended", "ended"))

    async def test_cancelling_reaches_the_called_one(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.ring(alice, bob)
            alice.cancel()
            self.assertEqual(await soon(bob.ended()), "cancelled")

    async def test_a_caller_who_begins_anew_while_it_rings_is_answered(self) -> None:
        device = new_identity()
        async with self.peer("bob") as bob, self.peer("alice", device) as before:
            await self.ring(before, bob)
            rung = bob._live("no_call")
            assert isinstance(rung.suite, Lowkey2)
            first = rung.suite._hs
            async with self.peer("alice", device) as alice:
                alice.dial(bob.name)
                await soon(bob.until(lambda: isinstance(rung.suite, Lowkey2) and rung.suite._hs != first))
                bob.accept()
                await soon(asyncio.gather(alice.secured(), bob.secured()))
                await self.chat_goes_on(alice, bob)

    async def test_a_second_caller_hears_busy(self) -> None:
        notes = Notes()
        async with self.peer("alice") as alice, self.peer("bob", listener=notes) as bob, self.peer("carol") as carol:
            await self.ring(alice, bob)
            with self.assertRaises(CallEnded) as caught:
                await soon(carol.call(bob.name))
            self.assertEqual(caught.exception.reason, "busy")
            self.assertEqual(notes.notices, [f"{carol.name} tried to call you and was told that you are busy."])
            bob.accept()
            await soon(asyncio.gather(alice.secured(), bob.secured()))
            await self.chat_goes_on(alice, bob)

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
            await Peer("alice", "http://127.0.0.1:1", new_identity()).__aenter__()
        self.assertEqual(caught.exception.reason, "server_offline")

    async def test_what_cannot_be_done_now_is_refused_with_a_sentence(self) -> None:
        with self.assertRaises(PeerError):
            Peer("no spaces")
        async with self.peer("alice") as alice:
            doings: dict[str, Callable[[], object]] = {
                "bad_name": lambda: alice.dial("b"),
                "own_name": lambda: alice.dial(alice.name.upper()),
                "no_call": alice.accept,
                "no_chat": lambda: alice.send("hello"),
            }
            for reason, doing in doings.items():
                with self.subTest(reason), self.assertRaises(PeerError) as caught:
                    doing()
                self.assertEqual(caught.exception.reason, reason)
            for asked in (alice.accept_key, alice.refuse_key, alice.accept_classic, alice.refuse_classic):
                with self.assertRaises(PeerError) as caught:
                    asked()
                self.assertEqual(caught.exception.reason, "no_call")
            for compared in (alice.verify, alice.safety_number, alice.qr_text, lambda: alice.confirm(True)):
                with self.assertRaises(PeerError) as caught:
                    compared()
                self.assertEqual(caught.exception.reason, "no_chat")
            async with self.peer("bob") as bob:
                alice.dial(bob.name)
                with self.assertRaises(PeerError) as caught:
                    alice.dial("carol")
                self.assertEqual(caught.exception.reason, "in_call")
                with self.assertRaises(PeerError) as caught:
                    alice.send("too early")
                self.assertEqual(caught.exception.reason, "no_chat")

    async def test_one_who_goes_offline_while_it_rings_hears_why(self) -> None:
        async with self.peer("alice") as alice:
            bob = await self.peer("bob").__aenter__()
            await self.ring(alice, bob)
            await bob._signaling.stop()
            self.assertEqual(await soon(bob.ended()), "server_lost")
            await bob.stop()


class NothingLeavesBeforeAcceptTest(SimpleTestCase):
    async def test_the_called_side_sends_nothing_at_all_while_it_rings(self) -> None:
        steps = attempt("alice", "bob", new_identity())
        with DaphneServer() as server:
            url = socket_url(server.url, "alice")
            async with Peer("bob", server.url, new_identity()) as bob, connect(url) as alice:
                await alice.send('{"type":"session:connect","target":"bob"}')
                await alice.recv()
                await alice.send(dump(KeyExchange(target="bob", payload=raw(steps.opening()))))
                await soon(bob.ringing())
                # A question of alice's own comes back next: nothing of bob's stands before it.
                await alice.send('{"type":"session:leave"}')
                self.assertIn("MISSING_SESSION_ID", str(await alice.recv()))
                bob.accept()
                self.assertIn('"step":2', str(await alice.recv()))


class ServerGoneTest(SimpleTestCase):
    async def test_the_chat_goes_on_without_the_server_and_the_peers_come_back_to_it(self) -> None:
        with DaphneServer() as server:
            first, second = new_identity(), new_identity()
            async with Peer("alice", server.url, first) as alice, Peer("bob", server.url, second) as bob:
                alice.dial("bob")
                await soon(bob.ringing())
                bob.accept()
                await soon(asyncio.gather(alice.secured(), bob.secured()))
                server.kill()
                await soon(alice.until(lambda: alice.snapshot().server_state == "offline"))
                self.assertEqual(alice.snapshot().server_sentence, "The server cannot be reached. Trying again…")
                await alice.deliver("still here?")
                self.assertEqual((await soon(anext(bob.messages()))).body, "still here?")
                server.start()
                await soon(alice.until(lambda: alice.snapshot().server_state == "online"))
                await soon(bob.until(lambda: bob.snapshot().server_state == "online"))
                await bob.deliver("yes")
                answer: Message = await soon(anext(alice.messages()))
                self.assertEqual(answer.body, "yes")
