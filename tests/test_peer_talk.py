"""What is said about messages, between two real peers over a real server and aiortc: the rules have their scripts in
tests/vectors/talk.json."""

from __future__ import annotations

from collections.abc import Callable

from chat.peer import Peer
from chat.peer.errors import PeerError
from chat.peer.messages import Message
from tests.support.peers import PeerTestCase, delivered, soon


async def sees(peer: Peer, sight: Callable[[Message], bool]) -> Message:
    """The peer's message of which that is so, as soon as there is one."""
    await soon(peer.until(lambda: any(sight(message) for message in peer.snapshot().messages)))
    return next(message for message in peer.snapshot().messages if sight(message))


class TalkTest(PeerTestCase):
    async def test_a_message_is_read_answered_edited_liked_and_taken_back(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.secured(alice, bob)
            sent = alice.send("helo")
            theirs = await sees(bob, lambda message: message.body == "helo")
            await delivered(alice, sent)
            self.assertEqual((sent.status, bob.snapshot().unread), ("delivered", 1))
            bob.read()
            await sees(alice, lambda message: message is sent and message.status == "read")
            self.assertEqual((bob.snapshot().unread, theirs.status), (0, "read"))
            alice.edit(sent.id, "hello")
            await sees(bob, lambda message: message.body == "hello" and message.edited)
            answer = bob.send("and hello to you", theirs.ref)
            told = await sees(alice, lambda message: message.id == answer.id)
            self.assertEqual(told.re, sent.ref)
            alice.react(told.ref, "🎉")
            await sees(bob, lambda message: message is answer and message.reactions.theirs == "🎉")
            alice.delete(sent.id)
            await sees(bob, lambda message: message is theirs and message.deleted and not message.body)
            with self.assertRaises(PeerError) as caught:
                alice.edit(sent.id, "back")
            self.assertEqual(caught.exception.reason, "no_message")

    async def test_the_two_see_each_other_type_unless_either_does_not_want_to(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.secured(alice, bob)
            await self.chat_goes_on(alice, bob)
            alice.typed()
            await soon(bob.until(lambda: bob.snapshot().typing))
            alice.send("done")
            self.assertEqual((await soon(anext(bob.messages()))).body, "done")
            self.assertFalse(bob.snapshot().typing)
            alice.prefer(typing=False)
            await soon(bob.until(lambda: "typing" not in bob.snapshot().features))
            alice.typed()
            bob.typed()
            await self.chat_goes_on(alice, bob)
            self.assertEqual((alice.snapshot().typing, bob.snapshot().typing), (False, False))

    async def test_messages_with_a_timer_vanish_on_both_sides(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.secured(alice, bob)
            await self.chat_goes_on(alice, bob)
            alice.set_timer(1)
            line = await sees(bob, lambda message: message.kind == "timer")
            self.assertEqual((line.seconds, line.mine, bob.snapshot().timer), (1, False, 1))
            alice.send("secret")
            await sees(bob, lambda message: message.body == "secret")
            bob.read()
            for peer in (alice, bob):
                await soon(peer.until(lambda peer=peer: len(peer.snapshot().messages) == 3))  # type: ignore[misc]
                self.assertNotIn("secret", [message.body for message in peer.snapshot().messages])
