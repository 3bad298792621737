"""chat/peer/conversation.py: messages and the states of the channel."""

from __future__ import annotations

import itertools
import os

from django.test import SimpleTestCase

from chat.peer.classic import Classic
from chat.peer.conversation import ENDINGS, TABLE, Conversation, State
from chat.peer.errors import SENTENCES, PeerError, Unexpected
from chat.peer.messages import Message


def pair(messages: list[Message] | None = None) -> tuple[Conversation, Conversation]:
    """Two ends of one chat; the clock stands at 1,000 ms and ids count up."""
    suites = Classic(os.urandom), Classic(os.urandom)
    suites[0].receive_key(suites[1].opening())
    suites[1].receive_key(suites[0].opening())
    ids = map(str, itertools.count(1))
    alice = Conversation("bob", suites[0], now=lambda: 1000, new_id=lambda: next(ids), messages=messages or [])
    bob = Conversation("alice", suites[1], now=lambda: 1000, new_id=lambda: next(ids), messages=[])
    return alice, bob


def carry(sender: Conversation, receiver: Conversation) -> list[str]:
    """Hand all frames over, as a channel with room does; the texts that arrive."""
    texts = []
    while frame := sender.next_frame():
        sender.taken(frame)
        message = receiver.receive(frame.text)
        texts.append(message.body if message else "dropped")
    return texts


class MessagesTest(SimpleTestCase):
    def test_messages_arrive_whole_and_in_order(self) -> None:
        alice, bob = pair()
        texts = ["hello", "two\nlines", "🎉 <b>", "שלום", "x" * 30_000]
        for text in texts:
            alice.send(text)
        self.assertEqual(carry(alice, bob), texts)
        self.assertEqual([m.body for m in bob.messages], [m.body for m in alice.messages])
        self.assertEqual({(m.mine, m.at) for m in bob.messages}, {(False, 1000)})

    def test_a_message_is_sent_when_the_channel_took_it(self) -> None:
        alice, _ = pair()
        message = alice.send("hello")
        self.assertEqual(message.status, "queued")
        frame = alice.next_frame()
        assert frame is not None
        self.assertEqual(message.status, "queued")
        alice.taken(frame)
        self.assertEqual(message.status, "sent")

    def test_a_message_that_the_channel_refused_failed_and_can_be_retried(self) -> None:
        alice, bob = pair()
        message = alice.send("hello")
        frame = alice.next_frame()
        assert frame is not None
        alice.refused(frame)
        self.assertEqual(message.status, "failed")
        alice.retry(message.id)
        self.assertEqual(carry(alice, bob), ["hello"])
        self.assertEqual((message.status, len(alice.messages)), ("sent", 1))

    def test_only_what_failed_can_be_retried(self) -> None:
        alice, _ = pair()
        message = alice.send("hello")
        for name in (message.id, "unknown"):
            with self.assertRaises(PeerError):
                alice.retry(name)

    def test_what_failed_in_an_earlier_chat_can_be_retried_in_the_next(self) -> None:
        old = Message("old", mine=True, body="hello again", at=1, status="failed")
        alice, bob = pair([old])
        alice.retry("old")
        self.assertEqual(carry(alice, bob), ["hello again"])

    def test_the_first_message_of_a_later_chat_is_marked(self) -> None:
        alice, bob = pair([Message("old", mine=True, body="before", at=1, status="sent")])
        alice.send("one")
        alice.send("two")
        carry(alice, bob)
        self.assertEqual([m.new_call for m in alice.messages], [False, True, False])
        self.assertEqual([m.new_call for m in bob.messages], [False, False])

    def test_half_a_surrogate_becomes_a_character_that_can_be_sent(self) -> None:
        alice, bob = pair()
        alice.send("a\ud800b \ud83c\udf89")
        alice.send("next")
        self.assertEqual(carry(alice, bob), ["a\ufffdb 🎉", "next"])

    def test_nothing_is_sent_without_a_text(self) -> None:
        alice, _ = pair()
        for text in ("", "  \n\t "):
            with self.assertRaises(PeerError) as caught:
                alice.send(text)
            self.assertEqual(caught.exception.reason, "empty")
        self.assertEqual(alice.messages, [])

    def test_a_text_over_the_limit_is_refused_by_its_bytes(self) -> None:
        alice, bob = pair()
        alice.send("x" * 48_000)
        self.assertEqual(len(carry(alice, bob)[0]), 48_000)
        for text in ("x" * 48_001, "é" * 24_001):
            with self.assertRaises(PeerError) as caught:
                alice.send(text)
            self.assertEqual(caught.exception.reason, "too_long")

    def test_a_frame_that_cannot_be_read_is_not_shown(self) -> None:
        _, bob = pair()
        self.assertIsNone(bob.receive("hello in the clear"))
        self.assertEqual(bob.messages, [])

    def test_a_message_of_nothing_is_not_shown(self) -> None:
        alice, bob = pair()
        for text in ("", " \n\t"):
            self.assertIsNone(bob.receive(alice.suite.seal(text)))
        self.assertEqual(bob.messages, [])


class StatesTest(SimpleTestCase):
    def test_while_interrupted_messages_wait(self) -> None:
        alice, bob = pair()
        alice.interrupted()
        self.assertEqual(alice.state, State.RECONNECTING)
        message = alice.send("hello")
        self.assertIsNone(alice.next_frame())
        self.assertEqual(message.status, "queued")
        alice.recovered()
        self.assertEqual(carry(alice, bob), ["hello"])

    def test_when_it_is_over_what_waited_failed(self) -> None:
        for event, reason in (("failed", "lost"), ("closed", "left"), ("end", "you_left")):
            alice, _ = pair()
            alice.interrupted()
            message = alice.send("hello")
            getattr(alice, event)()
            self.assertEqual((alice.state, alice.reason, message.status), (State.ENDED, reason, "failed"))

    def test_when_it_is_over_nothing_is_sent_or_read(self) -> None:
        alice, bob = pair()
        alice.send("late")
        frame = alice.next_frame()
        assert frame is not None
        bob.end()
        self.assertIsNone(bob.receive(frame.text))
        with self.assertRaises(PeerError) as caught:
            bob.send("hello")
        self.assertEqual(caught.exception.reason, "no_chat")
        with self.assertRaises(Unexpected):
            bob.end()

    def test_the_tables_cover_each_other_and_their_reasons(self) -> None:
        self.assertFalse(TABLE.keys() & ENDINGS.keys())
        self.assertLessEqual(set(ENDINGS.values()), SENTENCES.keys())
