"""chat/peer/conversation.py: messages and the states of the channel, whatever the suite, and in a classic chat."""

from __future__ import annotations

from django.test import SimpleTestCase

from chat.peer.conversation_table import ENDINGS, TABLE, State
from chat.peer.errors import SENTENCES, PeerError, Unexpected
from chat.peer.messages import Message
from tests.support.conversations import carry, classic_pair, new_id


class MessagesTest(SimpleTestCase):
    def test_messages_arrive_whole_and_in_order(self) -> None:
        alice, bob = classic_pair()
        texts = ["hello", "two\nlines", "🎉 <b>", "שלום", "x" * 30_000]
        for text in texts:
            alice.send(text)
        self.assertEqual(carry(alice, bob), texts)
        self.assertEqual([m.body for m in bob.messages], [m.body for m in alice.messages])
        self.assertEqual({(m.mine, m.at) for m in bob.messages}, {(False, 1000)})

    def test_a_message_is_sent_when_the_channel_took_it(self) -> None:
        alice, _ = classic_pair()
        message = alice.send("hello")
        self.assertEqual(message.status, "queued")
        frame = alice.next_frame()
        assert frame is not None
        self.assertEqual(message.status, "queued")
        alice.taken(frame)
        self.assertEqual((message.status, alice.outstanding), ("sent", False))

    def test_a_message_that_the_channel_refused_failed_and_can_be_retried(self) -> None:
        alice, bob = classic_pair()
        message = alice.send("hello")
        frame = alice.next_frame()
        assert frame is not None
        alice.refused(frame)
        self.assertEqual(message.status, "failed")
        alice.retry(message.id)
        self.assertEqual(carry(alice, bob), ["hello"])
        self.assertEqual((message.status, len(alice.messages)), ("sent", 1))

    def test_only_what_failed_can_be_retried(self) -> None:
        alice, _ = classic_pair()
        message = alice.send("hello")
        for name in (message.id, "unknown"):
            with self.assertRaises(PeerError):
                alice.retry(name)

    def test_what_failed_in_an_earlier_chat_can_be_retried_in_the_next(self) -> None:
        old = Message(new_id(), mine=True, body="hello again", at=1, status="failed")
        alice, bob = classic_pair([old])
        alice.retry(old.id)
        self.assertEqual(carry(alice, bob), ["hello again"])

    def test_the_first_message_of_a_later_chat_is_marked(self) -> None:
        alice, bob = classic_pair([Message(new_id(), mine=True, body="before", at=1, status="sent")])
        alice.send("one")
        alice.send("two")
        carry(alice, bob)
        self.assertEqual([m.new_call for m in alice.messages], [False, True, False])
        self.assertEqual([m.new_call for m in bob.messages], [False, False])

    def test_half_a_surrogate_becomes_a_character_that_can_be_sent(self) -> None:
        alice, bob = classic_pair()
        alice.send("a\ud800b \ud83c\udf89")
        alice.send("next")
        self.assertEqual(carry(alice, bob), ["a\ufffdb 🎉", "next"])

    def test_nothing_is_sent_without_a_text(self) -> None:
        alice, _ = classic_pair()
        for text in ("", "  \n\t "):
            with self.assertRaises(PeerError) as caught:
                alice.send(text)
            self.assertEqual(caught.exception.reason, "empty")
        self.assertEqual(alice.messages, [])

    def test_a_text_over_the_limit_is_refused_by_its_bytes(self) -> None:
        alice, bob = classic_pair()
        alice.send("x" * 48_000)
        self.assertEqual(len(carry(alice, bob)[0]), 48_000)
        for text in ("x" * 48_001, "é" * 24_001):
            with self.assertRaises(PeerError) as caught:
                alice.send(text)
            self.assertEqual(caught.exception.reason, "too_long")

    def test_a_frame_that_cannot_be_read_is_not_shown_and_asks_for_no_new_keys(self) -> None:
        _, bob = classic_pair()
        for _ in range(10):
            self.assertIsNone(bob.receive("hello in the clear"))
        self.assertEqual((bob.messages, bob.lost_keys), ([], False))

    def test_a_message_of_nothing_is_not_shown(self) -> None:
        alice, bob = classic_pair()
        for text in ("", " \n\t"):
            self.assertIsNone(bob.receive(alice.suite.seal({"t": "text", "body": text})))
        self.assertEqual(bob.messages, [])

    def test_a_classic_chat_carries_texts_alone(self) -> None:
        alice, bob = classic_pair()
        message = alice.send("hello")
        self.assertEqual(carry(alice, bob), ["hello"])
        for act in (
            lambda: alice.send("a reply", message.ref),
            lambda: alice.edit(message.id, "hello again"),
            lambda: alice.delete(message.id),
            lambda: alice.react(message.ref, "🎉"),
            lambda: alice.set_timer(5),
        ):
            with self.assertRaises(PeerError) as caught:
                act()
            self.assertEqual(caught.exception.reason, "not_supported")
        bob.read()
        bob.types(True)
        bob.preferred()
        self.assertEqual((bob.history.unread, bob.next_frame(), len(alice.messages)), (0, None, 1))

    def test_a_classic_chat_has_no_hello_no_acknowledgements_and_no_bye(self) -> None:
        alice, bob = classic_pair()
        self.assertEqual((alice.state, alice.next_frame()), (State.SECURED, None))
        alice.send("hello")
        self.assertEqual(carry(alice, bob), ["hello"])
        self.assertEqual((bob.owes, bob.next_frame()), (False, None))
        alice.leave()
        self.assertIsNone(alice.next_frame())
        alice.end()
        self.assertEqual(len(alice.messages), 1)


class StatesTest(SimpleTestCase):
    def test_while_interrupted_messages_wait(self) -> None:
        alice, bob = classic_pair()
        alice.interrupted()
        self.assertEqual(alice.state, State.RECONNECTING)
        message = alice.send("hello")
        self.assertIsNone(alice.next_frame())
        self.assertEqual(message.status, "queued")
        alice.recovered()
        self.assertEqual(carry(alice, bob), ["hello"])

    def test_when_it_is_over_what_waited_failed(self) -> None:
        for event, reason in (("failed", "lost"), ("closed", "left"), ("end", "you_left")):
            alice, _ = classic_pair()
            alice.interrupted()
            message = alice.send("hello")
            getattr(alice, event)()
            self.assertEqual((alice.state, alice.reason, message.status), (State.ENDED, reason, "failed"))

    def test_when_it_is_over_nothing_is_sent_or_read(self) -> None:
        alice, bob = classic_pair()
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
        self.assertEqual({state for state, _ in (*TABLE, *ENDINGS)}, set(State) - {State.ENDED})
