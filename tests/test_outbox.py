"""chat/peer/outbox.py: the window of what the other side may not have yet."""

from __future__ import annotations

from typing import Any

from django.test import SimpleTestCase

from chat.peer.messages import Message
from chat.peer.outbox import MAX_UNACKNOWLEDGED, Entry, Outbox


def entry(name: str) -> Entry:
    return Entry({"t": "text", "id": name}, Message(name, mine=True, body=name, at=0, status="failed"))


def status(item: Entry) -> str:
    assert item.message is not None
    return item.message.status


class PlainTest(SimpleTestCase):
    """Without acknowledgements, as in a classic chat."""

    def setUp(self) -> None:
        super().setUp()
        self.outbox, self.one, self.two = Outbox(acknowledged=False), entry("one"), entry("two")
        self.outbox.add(self.one)
        self.outbox.add(self.two)

    def test_messages_wait_in_the_order_in_which_they_were_added(self) -> None:
        self.assertEqual((self.outbox.first(), status(self.one)), ((1, self.one), "queued"))
        self.outbox.taken()
        self.assertEqual((self.outbox.first(), status(self.one)), ((1, self.two), "sent"))
        self.outbox.taken()
        self.assertEqual((self.outbox.first(), self.outbox.outstanding), (None, False))

    def test_a_refused_message_goes_and_may_come_again(self) -> None:
        self.outbox.refused()
        self.assertEqual((self.outbox.first(), status(self.one)), ((1, self.two), "failed"))
        self.outbox.add(self.one)
        self.assertEqual(status(self.one), "queued")

    def test_an_acknowledgement_says_nothing_here(self) -> None:
        self.outbox.taken()
        self.assertFalse(self.outbox.acknowledge(1))
        self.assertEqual(status(self.one), "sent")

    def test_all_that_waits_fails_at_once(self) -> None:
        self.outbox.fail_all()
        self.assertEqual((self.outbox.first(), status(self.one), status(self.two)), (None, "failed", "failed"))


class AcknowledgedTest(SimpleTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.outbox = Outbox(acknowledged=True)
        self.entries = [entry(str(number)) for number in range(1, 6)]
        for item in self.entries:
            self.outbox.add(item)

    def hand_over(self, most: int = 10_000) -> list[int]:
        """Give the channel so many; their numbers."""
        numbers: list[int] = []
        while len(numbers) < most and (first := self.outbox.first()) is not None:
            numbers.append(first[0])
            self.outbox.taken()
        return numbers

    @property
    def statuses(self) -> list[str]:
        return [status(item) for item in self.entries]

    def test_numbers_count_up_from_one_and_what_is_sent_stays_until_it_is_acknowledged(self) -> None:
        self.assertEqual(self.hand_over(), [1, 2, 3, 4, 5])
        self.assertEqual((self.statuses, self.outbox.outstanding), (["sent"] * 5, True))
        self.assertTrue(self.outbox.acknowledge(3))
        self.assertEqual(self.statuses, ["delivered"] * 3 + ["sent"] * 2)
        self.assertTrue(self.outbox.acknowledge(5))
        self.assertEqual((self.outbox.acked, self.outbox.outstanding), (5, False))
        self.outbox.add(entry("six"))
        self.assertEqual(self.hand_over(), [6])

    def test_an_acknowledgement_of_what_was_never_sent_or_is_acknowledged_already_is_ignored(self) -> None:
        self.hand_over(3)
        for upto in (4, 5, 2**53 - 1, 0, -1):
            self.assertFalse(self.outbox.acknowledge(upto))
        self.assertEqual(self.statuses, ["sent"] * 3 + ["queued"] * 2)
        self.outbox.acknowledge(2)
        for upto in (2, 1, 0):
            self.assertFalse(self.outbox.acknowledge(upto))
        self.assertEqual(self.outbox.acked, 2)

    def test_what_is_missing_is_sent_again_with_the_same_numbers(self) -> None:
        self.hand_over(4)
        self.outbox.acknowledge(1)
        self.assertTrue(self.outbox.lacks(1))
        self.assertFalse(self.outbox.lacks(0) or self.outbox.lacks(2))
        self.outbox.rewind()
        self.assertEqual(self.hand_over(), [2, 3, 4, 5])

    def test_what_was_sent_before_a_rewind_may_be_acknowledged_after_it(self) -> None:
        self.hand_over(4)
        self.outbox.rewind()
        self.assertFalse(self.outbox.acknowledge(5))
        self.assertTrue(self.outbox.acknowledge(4))
        self.assertEqual(self.hand_over(), [5])

    def test_in_the_middle_of_sending_again_the_numbers_still_fit(self) -> None:
        self.hand_over(5)
        self.outbox.rewind()
        self.hand_over(1)
        self.assertTrue(self.outbox.acknowledge(3))
        self.assertEqual(self.hand_over(), [4, 5])

    def test_nothing_is_lacking_where_nothing_was_sent(self) -> None:
        self.assertFalse(self.outbox.lacks(0))

    def test_so_many_are_unacknowledged_and_no_more(self) -> None:
        for number in range(MAX_UNACKNOWLEDGED):
            self.outbox.add(entry(f"more {number}"))
        self.assertEqual((MAX_UNACKNOWLEDGED, len(self.hand_over())), (500, 500))
        self.outbox.acknowledge(3)
        self.assertEqual(self.hand_over(), [501, 502, 503])

    def test_a_message_that_the_channel_never_took_has_failed_and_leaves_no_gap(self) -> None:
        self.hand_over(1)
        self.outbox.refused()
        self.assertEqual(self.statuses, ["sent", "failed", "queued", "queued", "queued"])
        self.assertEqual(self.hand_over(), [2, 3, 4])
        self.assertTrue(self.outbox.acknowledge(4))
        self.assertEqual(self.statuses, ["delivered", "failed", *["delivered"] * 3])

    def test_what_is_sent_again_or_is_no_message_waits_for_another_channel(self) -> None:
        self.hand_over(2)
        self.outbox.rewind()
        self.outbox.refused()
        self.assertEqual((self.outbox.first(), status(self.entries[0])), ((1, self.entries[0]), "sent"))
        outbox, hello = Outbox(acknowledged=True), Entry({"t": "hello"})
        outbox.add(hello)
        outbox.refused()
        self.assertEqual(outbox.first(), (1, hello))

    def test_under_new_keys_numbers_begin_anew_with_what_is_not_acknowledged(self) -> None:
        self.hand_over(4)
        self.outbox.acknowledge(2)
        hello = Entry({"t": "hello"})
        self.outbox.restart(hello)
        self.assertEqual((self.outbox.acked, self.outbox.first()), (0, (1, hello)))
        self.assertEqual(self.hand_over(), [1, 2, 3, 4])
        self.outbox.acknowledge(3)
        self.assertEqual(self.statuses, ["delivered"] * 4 + ["sent"])

    def test_of_the_old_numbers_none_is_acknowledged_under_new_keys(self) -> None:
        self.hand_over(5)
        self.outbox.restart(Entry({"t": "hello"}))
        self.assertFalse(self.outbox.acknowledge(5))

    def test_emoji_and_an_older_hello_do_not_go_under_new_keys(self) -> None:
        for kind in ("sas:commit", "hello", "sas:result", "unheard"):
            self.outbox.add(Entry({"t": kind}))
        self.outbox.restart(Entry({"t": "hello", "newest": True}))
        contents: list[dict[str, Any]] = []
        while first := self.outbox.first():
            contents.append(first[1].content)
            self.outbox.taken()
        kinds = [content["t"] for content in contents]
        self.assertEqual((kinds, contents[0]["newest"]), (["hello", *["text"] * 5, "unheard"], True))

    def test_what_the_channel_never_took_can_be_taken_back(self) -> None:
        self.hand_over(2)
        for item in (self.entries[1], self.entries[2]):
            self.outbox.withdraw(item)
        self.assertEqual(([item.left for item in self.entries[:3]], self.hand_over()), ([True, True, False], [3, 4]))
        self.assertIs(self.entries[3].left, True)

    def test_only_its_text_says_how_far_a_message_has_come_and_never_less_than_before(self) -> None:
        message = self.entries[0].message
        assert message is not None
        edit = Entry({"t": "edit", "id": message.id}, message)
        self.outbox.add(edit)
        self.hand_over(1)
        message.status = "read"
        self.outbox.rewind()
        self.hand_over()
        self.outbox.acknowledge(1)
        self.assertEqual(message.status, "read")
        self.outbox.fail_all()
        self.assertEqual(message.status, "failed", "its edit did not arrive")

    def test_who_follows_the_statuses_is_told_of_each(self) -> None:
        told: list[str] = []
        outbox = Outbox(acknowledged=True, changed=lambda message: told.append(message.status))
        outbox.add(entry("one"))
        outbox.taken()
        outbox.rewind()
        outbox.taken()
        outbox.acknowledge(1)
        outbox.fail_all()
        self.assertEqual(told, ["queued", "sent", "delivered"])

    def test_all_that_is_not_acknowledged_fails_when_it_is_over(self) -> None:
        self.hand_over(3)
        self.outbox.acknowledge(1)
        self.outbox.fail_all()
        self.assertEqual(self.statuses, ["delivered"] + ["failed"] * 4)
        self.assertEqual((self.outbox.first(), self.outbox.outstanding), (None, False))
