"""chat/peer/conversation.py under lowkey/2: numbers, acknowledgements and new keys (docs/protocol.md, 3.3 and 3.4)."""

from __future__ import annotations

import json
from typing import Any

from django.test import SimpleTestCase

from chat.peer.conversation import REWIND_MS, Content
from chat.peer.conversation_table import State
from chat.peer.errors import PeerError
from chat.peer.inbox import ACK_EVERY, FAILING_FRAMES
from chat.peer.lowkey2 import Lowkey2
from chat.peer.messages import Message, Ref
from tests.support.conversations import Half, carry, conversation, frames, new_id, settle
from tests.support.devices import Pair, agreed

NO_TEXTS: list[Any] = [None, 7, [], {}]
NO_NUMBERS: list[Any] = [None, 0, -1, 2**53, "1", 1.0, True, [], {}]


def kinds(contents: list[Content]) -> list[str]:
    return [content["t"] for content in contents]


class HelloTest(SimpleTestCase):
    def test_hello_is_first_and_names_what_this_side_knows(self) -> None:
        half = Half()
        half.end.send("text")
        hello, text = half.says()
        self.assertEqual(hello, {"t": "hello", "features": list(Lowkey2.features), "seq": 1})
        self.assertEqual((text["t"], text["seq"]), ("text", 2))

    def test_the_called_one_says_hello_alone_before_the_callers_first_frame(self) -> None:
        half = Half(called=True)
        half.end.send("text")
        self.assertEqual((kinds(half.says()), half.end.state), (["hello"], State.GREETING))
        half.hears("hello", features=[])
        self.assertEqual((kinds(half.says()), half.end.state), (["text"], State.SECURED))

    def test_a_frame_that_fails_does_not_make_the_called_one_ready(self) -> None:
        half = Half(called=True)
        half.end.receive("2.AAAA.AAAA")
        half.end.receive(agreed().alice.seal({"t": "hello", "seq": 1}))
        self.assertEqual(half.end.state, State.GREETING)

    def test_who_never_hears_anything_ends_with_a_reason(self) -> None:
        half = Half(called=True)
        half.end.silent()
        self.assertEqual((half.end.state, half.end.reason), (State.ENDED, "no_hello"))


class NumbersTest(SimpleTestCase):
    def test_a_text_goes_with_its_id_and_time_and_is_delivered_when_it_is_acknowledged(self) -> None:
        half = Half().greets()
        message = half.end.send("hello")
        self.assertEqual(half.says(), [{"t": "text", "id": message.id, "body": "hello", "at": message.at, "seq": 2}])
        self.assertEqual((message.status, half.end.outstanding), ("sent", True))
        half.hears_as({"t": "ack", "upto": 2})
        self.assertEqual((message.status, half.end.outstanding, half.end.acknowledged), ("delivered", False, 2))

    def test_what_is_taken_in_is_acknowledged_in_a_moment(self) -> None:
        half = Half().greets()
        half.hears_text("one")
        half.hears_text("two")
        self.assertEqual((half.end.owes, half.says()), (True, []))
        half.end.acknowledge()
        self.assertEqual((half.says(), half.end.owes), ([{"t": "ack", "upto": 3}], False))
        half.end.acknowledge()
        self.assertEqual(half.says(), [])

    def test_every_eighth_is_acknowledged_at_once(self) -> None:
        half = Half().greets()
        for number in range(ACK_EVERY):
            self.assertEqual(half.says(), [])
            half.hears_text(str(number))
        self.assertEqual((ACK_EVERY, half.says()), (8, [{"t": "ack", "upto": 9}]))

    def test_a_known_number_is_acknowledged_again_and_not_shown(self) -> None:
        half = Half().greets()
        half.hears_text("one")
        half.end.acknowledge()
        half.says()
        self.assertIsNone(half.hears_as({"t": "text", "seq": 2, "id": new_id(), "body": "another", "at": 1}))
        half.end.acknowledge()
        self.assertEqual((half.says(), len(half.end.messages)), ([{"t": "ack", "upto": 2}], 1))

    def test_at_a_gap_the_last_acknowledgement_is_repeated_and_nothing_shown(self) -> None:
        half = Half().greets()
        half.number += 1
        self.assertIsNone(half.hears_text("three"))
        half.end.acknowledge()
        self.assertEqual((half.says(), half.end.messages), ([{"t": "ack", "upto": 1}], []))

    def test_on_a_repeated_acknowledgement_what_came_later_goes_again_under_its_numbers(self) -> None:
        half = Half().greets()
        sent = [half.end.send(str(number)) for number in range(3)]
        half.says()
        half.hears_as({"t": "ack", "upto": 2})
        half.hears_as({"t": "ack", "upto": 2})
        again = [(content["seq"], content["id"]) for content in half.says()]
        self.assertEqual(again, [(3, sent[1].id), (4, sent[2].id)])

    def test_the_echo_of_what_was_sent_again_does_not_send_it_once_more(self) -> None:
        half = Half().greets()
        half.end.send("hello")
        half.says()
        half.hears_as({"t": "ack", "upto": 1})
        self.assertEqual(kinds(half.says()), ["text"])
        half.hears_as({"t": "ack", "upto": 1})
        self.assertEqual(half.says(), [])
        half.clock.advance(REWIND_MS / 1000)
        half.hears_as({"t": "ack", "upto": 1})
        self.assertEqual(kinds(half.says()), ["text"])

    def test_what_was_never_acknowledged_goes_again_when_it_is_time(self) -> None:
        half = Half()
        half.end.send("hello")
        first = half.says()
        half.end.resend()
        self.assertEqual(half.says(), first)

    def test_an_acknowledgement_of_what_was_not_sent_is_ignored(self) -> None:
        half = Half().greets()
        message = half.end.send("hello")
        half.says()
        for upto in (3, 2**53, -1, None, "2", 2.0, True, [2]):
            half.hears_as({"t": "ack", "upto": upto})
        half.hears_as({"t": "ack"})
        self.assertEqual((message.status, half.says()), ("sent", []))

    def test_acknowledgements_and_typing_have_no_number_and_are_not_acknowledged(self) -> None:
        half = Half().greets()
        half.hears_as({"t": "typing", "on": True})
        half.hears_as({"t": "typing", "on": True, "seq": 2})
        half.hears_as({"t": "ack", "upto": 1, "seq": 2})
        self.assertFalse(half.end.owes)
        self.assertIsNotNone(half.hears_text("number two"))


class ContentsTest(SimpleTestCase):
    def test_unknown_types_are_acknowledged_and_ignored(self) -> None:
        half = Half().greets()
        for kind in ("dance", "edit", "file", "sas:dance", "hello", ""):
            self.assertIsNone(half.hears(kind))
        half.end.acknowledge()
        self.assertEqual((half.says(), half.end.messages), ([{"t": "ack", "upto": 7}], []))

    def test_a_message_without_a_type_or_a_number_is_nothing(self) -> None:
        half = Half().greets()
        for kind in NO_TEXTS:
            half.hears_as({"t": kind, "seq": 2})
        half.hears_as({"seq": 2})
        half.hears_as({})
        for number in NO_NUMBERS:
            half.hears_as({"t": "text", "seq": number, "id": new_id(), "body": "x", "at": 1})
        half.hears_as({"t": "text", "id": new_id(), "body": "x", "at": 1})
        self.assertEqual((half.end.owes, half.end.messages), (False, []))

    def test_a_text_that_is_malformed_takes_its_number_and_is_not_shown(self) -> None:
        half = Half().greets()
        for body in ("", " \n", *NO_TEXTS):
            self.assertIsNone(half.hears("text", id=new_id(), body=body, at=1))
        for message_id in ("", "x", new_id() + "A", new_id()[:-1] + "=", *NO_TEXTS):
            self.assertIsNone(half.hears("text", id=message_id, body="hello", at=1))
        self.assertIsNotNone(half.hears_text("after all that"))
        self.assertEqual([message.body for message in half.end.messages], ["after all that"])

    def test_half_a_surrogate_of_theirs_becomes_a_character(self) -> None:
        half = Half().greets()
        plaintext = json.dumps({"t": "text", "seq": 2, "id": new_id(), "body": "a\ud800b", "at": 1})
        assert half.theirs._ratchet is not None
        message = half.end.receive(half.theirs._ratchet.encrypt(plaintext.encode()))
        assert message is not None
        self.assertEqual(message.body, "a\ufffdb")

    def test_a_known_id_of_the_same_author_is_shown_once(self) -> None:
        half = Half().greets()
        message = half.hears_text("once")
        assert message is not None
        self.assertIsNone(half.hears_text("twice", id=message.id))
        half.end.acknowledge()
        self.assertEqual(half.says(), [{"t": "ack", "upto": 3}])

    def test_ids_of_an_earlier_chat_are_known_too(self) -> None:
        theirs = Message(new_id(), mine=False, body="before", at=1, status="delivered")
        mine = Message(new_id(), mine=True, body="before", at=1, status="delivered")
        half = Half(messages=[theirs, mine]).greets()
        self.assertIsNone(half.hears_text("again", id=theirs.id))
        self.assertIsNotNone(half.hears_text("theirs, under an id of mine", id=mine.id))

    def test_a_text_that_waits_may_be_edited_only_to_what_goes_out_with_all_that_it_carries(self) -> None:
        half = Half().greets()
        half.end.interrupted()
        theirs = half.end.history.add(Message(new_id(), mine=False, body="before", at=1, status="delivered"))
        waiting = half.end.send("short", Ref(mine=False, id=theirs.id))
        with self.assertRaises(PeerError) as caught:
            half.end.edit(waiting.id, "x" * 130_980)
        self.assertEqual((caught.exception.reason, waiting.body), ("too_long", "short"))
        half.end.edit(waiting.id, "x" * 130_800)
        half.end.reopened()
        self.assertIn(130_800, [len(content.get("body", "")) for content in half.says()])

    def test_a_timer_is_said_again_once_for_a_handshake_however_often_the_other_side_says_hello(self) -> None:
        half = Half().greets()
        half.end.set_timer(60)
        half.says()
        for _ in range(5):
            half.hears("hello", features=["timer"])
        self.assertNotIn("timer", kinds(half.says()))

    def test_a_text_over_the_limit_is_refused_before_it_is_numbered(self) -> None:
        half = Half().greets()
        with self.assertRaises(PeerError) as caught:
            half.end.send("x" * 131_072)
        self.assertEqual(caught.exception.reason, "too_long")
        half.end.send("x" * 130_900)
        self.assertEqual([content["seq"] for content in half.says()], [2])

    def test_bye_clears_the_chat_on_both_sides(self) -> None:
        pair = agreed()
        alice, bob = conversation("bob", pair.alice), conversation("alice", pair.bob)
        alice.send("secret")
        settle(alice, bob)
        self.assertEqual((len(alice.messages), len(bob.messages)), (1, 1))
        waiting = bob.send("never acknowledged")
        alice.leave()
        carry(alice, bob)
        alice.end()
        self.assertEqual((bob.state, bob.reason, bob.messages), (State.ENDED, "ended", []))
        self.assertEqual((alice.reason, alice.messages, waiting.status), ("you_ended", [], "failed"))

    def test_whoever_ends_without_bye_reads_no_more_than_that_they_left(self) -> None:
        unheard, parted = Half(called=True), Half().greets()
        parted.end.interrupted()
        for half in (unheard, parted):
            half.end.leave()
            half.end.end()
            self.assertEqual((half.end.state, half.end.reason), (State.ENDED, "you_left"))

    def test_a_channel_that_closes_without_a_word_clears_nothing(self) -> None:
        for event in ("closed", "failed"):
            half = Half().greets()
            half.hears_text("stays")
            getattr(half.end, event)()
            self.assertEqual(len(half.end.messages), 1)


class LostKeysTest(SimpleTestCase):
    def test_three_frames_in_a_row_that_fail_ask_for_new_keys(self) -> None:
        half = Half().greets()
        for _ in range(FAILING_FRAMES - 1):
            half.end.receive("2.AAAA.AAAA")
        half.hears_text("one that does not")
        for _ in range(FAILING_FRAMES - 1):
            half.end.receive("2.AAAA.AAAA")
        self.assertFalse(half.end.lost_keys)
        half.end.receive("2.AAAA.AAAA")
        self.assertEqual((half.end.lost_keys, FAILING_FRAMES), (True, 3))

    def test_before_anything_was_heard_under_these_keys_none_counts(self) -> None:
        half = Half()
        for _ in range(10):
            half.end.receive("2.AAAA.AAAA")
        self.assertFalse(half.end.lost_keys)


class ReopenedTest(SimpleTestCase):
    def test_on_another_channel_everything_unacknowledged_goes_again(self) -> None:
        half = Half().greets()
        half.hears_text("heard")
        half.end.send("lost on the way")
        half.says()
        half.end.interrupted()
        half.end.send("written meanwhile")
        self.assertEqual((half.end.state, half.says()), (State.RECONNECTING, []))
        half.end.reopened()
        ack, *rest = half.says()
        self.assertEqual((ack, [content["seq"] for content in rest]), ({"t": "ack", "upto": 2}, [2, 3]))
        self.assertEqual(half.end.state, State.SECURED)

    def test_before_anything_was_heard_hello_goes_again(self) -> None:
        half = Half(called=True)
        half.says()
        half.end.reopened()
        self.assertEqual(kinds(half.says()), ["hello"])


class RekeyedTest(SimpleTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.pair = agreed()
        self.alice, self.bob = conversation("bob", self.pair.alice), conversation("alice", self.pair.bob)
        settle(self.alice, self.bob)

    def rekey(self) -> None:
        """alice's new handshake has finished on both sides."""
        again = Pair(self.pair.alice_device, self.pair.bob_device)
        again.call()
        self.alice.rekeyed(again.alice)
        self.bob.rekeyed(again.bob)
        self.pair = again

    def test_numbers_begin_anew_and_what_was_unacknowledged_goes_with_its_id(self) -> None:
        self.alice.send("acknowledged")
        settle(self.alice, self.bob)
        message = self.alice.send("lost")
        frames(self.alice)
        self.rekey()
        self.assertEqual((message.status, frames(self.alice)), ("sent", []))
        carry(self.bob, self.alice)
        said = [self.pair.bob.open(frame) for frame in frames(self.alice)]
        contents = [(content["t"], content["seq"], content.get("id")) for content in said if content]
        self.assertEqual(contents, [("hello", 1, None), ("text", 2, message.id)])

    def test_the_called_one_says_hello_at_once_and_the_caller_when_it_has_heard_it(self) -> None:
        self.rekey()
        self.assertIsNone(self.alice.next_frame())
        self.assertEqual((self.alice.state, self.bob.state), (State.GREETING, State.GREETING))
        (hello,) = frames(self.bob)
        self.alice.receive(hello)
        self.assertEqual(self.alice.state, State.SECURED)
        carry(self.alice, self.bob)
        self.assertEqual(self.bob.state, State.SECURED)

    def test_what_arrived_but_was_not_acknowledged_is_shown_once(self) -> None:
        mine = self.alice.send("one")
        theirs = self.bob.send("two")
        self.assertEqual((carry(self.alice, self.bob), carry(self.bob, self.alice)), (["one"], ["two"]))
        self.rekey()
        settle(self.alice, self.bob)
        for end in (self.alice, self.bob):
            self.assertEqual(sorted(message.body for message in end.messages), ["one", "two"])
        self.assertEqual((mine.status, theirs.status), ("delivered", "delivered"))

    def test_frames_under_the_old_keys_fail_and_ask_for_no_new_ones(self) -> None:
        old = [self.bob.suite.seal({"t": "text", "seq": 9}) for _ in range(5)]
        self.rekey()
        for frame in old:
            self.assertIsNone(self.alice.receive(frame))
        self.assertFalse(self.alice.lost_keys)

    def test_the_old_keys_are_gone(self) -> None:
        before = self.pair.alice
        self.rekey()
        self.assertIs(self.alice.suite, self.pair.alice)
        self.assertEqual((before._transcript, before._handshake), (b"", None))
        self.assertIsNone(before.open(self.pair.bob.seal({"t": "hello"})))

    def test_emoji_of_the_old_handshake_do_not_go_under_the_new_keys(self) -> None:
        self.alice.verify()
        frames(self.alice)
        waiting = self.alice.verifying
        self.rekey()
        self.assertIsNot(self.alice.verifying, waiting)
        self.assertEqual(self.alice.verifying.state, "idle")
        carry(self.bob, self.alice)
        said = [self.pair.bob.open(frame) for frame in frames(self.alice)]
        self.assertEqual([content["t"] for content in said if content], ["hello"])

    def test_a_chat_that_waits_for_its_path_takes_new_keys_and_goes_on_when_there_is_one(self) -> None:
        message = self.alice.send("waits")
        self.alice.interrupted()
        self.bob.interrupted()
        self.rekey()
        self.assertEqual((self.alice.state, frames(self.alice), frames(self.bob)), (State.RECONNECTING, [], []))
        self.alice.reopened()
        self.bob.reopened()
        settle(self.alice, self.bob)
        self.assertEqual((message.status, self.alice.state), ("delivered", State.SECURED))


class VerifyingTest(SimpleTestCase):
    def test_emoji_are_messages_of_the_conversation(self) -> None:
        pair = agreed()
        alice, bob = conversation("bob", pair.alice), conversation("alice", pair.bob)
        settle(alice, bob)
        bob.verify()
        settle(alice, bob)
        self.assertEqual((alice.verifying.state, alice.verifying.emoji), ("compare", bob.verifying.emoji))
        alice.confirm(True)
        bob.confirm(True)
        settle(alice, bob)
        self.assertTrue(alice.verifying.they_matched and bob.verifying.they_matched)
        self.assertEqual((pair.alice.trust, pair.bob.trust), ("verified", "verified"))
        bob.confirm(False)
        settle(alice, bob)
        self.assertEqual((pair.alice.trust, pair.bob.trust), ("unverified", "unverified"))

    def test_in_a_chat_that_is_over_nothing_is_compared(self) -> None:
        half = Half()
        half.end.end()
        for act in (half.end.verify, lambda: half.end.confirm(True)):
            with self.assertRaises(PeerError) as caught:
                act()
            self.assertEqual(caught.exception.reason, "no_chat")
