"""chat/peer/history.py and histories.py: what was said with one device, what of it is new to who draws it, and when it vanishes."""

from __future__ import annotations

import random
from copy import deepcopy

from django.test import SimpleTestCase

from chat.peer.histories import MAX_HISTORIES, Histories
from chat.peer.history import MAX_CHANGES, History, Setting
from chat.peer.messages import Message, Ref, Status
from tests.support.clock import FakeClock
from tests.support.timers import FakeTimers

KEY, OTHER = bytes(32), bytes([1]) * 32


def said(number: int, *, mine: bool = True, status: Status = "delivered") -> Message:
    return Message(f"{number}", mine, f"text {number}", number, status)


def bodies(messages: list[Message] | None) -> list[str] | None:
    return None if messages is None else [message.body for message in messages]


class SinceTest(SimpleTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.history = History()
        self.one, self.two, self.three = (self.history.add(said(number)) for number in (1, 2, 3))

    def test_what_was_added_and_changed_is_told_once_and_in_order(self) -> None:
        before = self.history.revision
        self.assertEqual(self.history.since(before), [])
        self.history.touch(self.two)
        self.history.add(said(4))
        self.history.touch(self.two)
        self.assertEqual(bodies(self.history.since(before)), ["text 2", "text 4"])
        self.assertEqual(bodies(self.history.since(0)), ["text 1", "text 2", "text 3", "text 4"])

    def test_after_something_was_removed_all_is_to_be_drawn_anew(self) -> None:
        before = self.history.revision
        self.history.vanish(self.two, 10)
        self.assertTrue(self.history.expire(10))
        self.assertIsNone(self.history.since(before))
        self.assertEqual(self.history.since(self.history.revision), [])
        self.assertEqual(bodies(self.history.messages), ["text 1", "text 3"])

    def test_of_another_history_nothing_is_known(self) -> None:
        self.assertIsNone(self.history.since(self.history.revision + 1))
        self.assertIsNone(self.history.since(-1))

    def test_only_so_many_changes_are_remembered(self) -> None:
        before = self.history.revision
        for _ in range(2 * MAX_CHANGES + 1):
            self.history.touch(self.one)
        self.assertIsNone(self.history.since(before))
        self.assertEqual(bodies(self.history.since(self.history.revision - MAX_CHANGES)), ["text 1"])

    def test_what_is_gone_does_not_come_back_by_a_change(self) -> None:
        self.history.clear()
        before = self.history.revision
        self.history.touch(self.one)
        self.assertEqual((self.history.revision, self.history.messages), (before, []))

    def test_whoever_follows_it_sees_what_is_there(self) -> None:
        """At each moment, and however seldom they look."""
        rng = random.Random(1)  # noqa: S311 - the same changes in each run
        history, drawn, revision = History(), dict[Ref, Message](), 0
        for number in range(2_000):
            history.add(said(number, mine=rng.random() < 0.5))
            self.change(history, rng.choice(history.messages), rng.randrange(6), number)
            if rng.random() < 0.3:
                news = history.since(revision)
                if news is None:
                    drawn, news = {}, history.messages
                drawn |= {message.ref: deepcopy(message) for message in news}
                revision = history.revision
                self.assertEqual(list(drawn.values()), history.messages)

    @staticmethod
    def change(history: History, message: Message, what: int, now: int) -> None:
        match what:
            case 0:
                history.seen()
            case 1:
                history.delete(message)
            case 2 if message.mine:
                history.read_upto(message)
            case 3 if message.expires is None:
                history.vanish(message, now + 50)
            case 4:
                history.expire(now)


class HistoryTest(SimpleTestCase):
    def test_ids_of_the_two_sides_may_be_the_same(self) -> None:
        history = History()
        mine, theirs = history.add(said(1)), history.add(said(1, mine=False))
        self.assertIs(history.find(Ref(True, "1")), mine)
        self.assertIs(history.find(Ref(False, "1")), theirs)
        self.assertEqual((history.knows("1"), history.knows("2")), (True, False))

    def test_unread_counts_theirs_until_they_are_seen_deleted_or_forgotten(self) -> None:
        history = History()
        one, two, _ = (history.add(said(number, mine=False)) for number in (1, 2, 3))
        history.add(said(4))
        self.assertEqual((history.unread, history.last and history.last.body), (3, "text 4"))
        history.delete(two)
        self.assertEqual(history.unread, 2)
        self.assertEqual(bodies(history.seen()), ["text 1", "text 3"])
        self.assertEqual((history.unread, history.seen(), one.status), (0, [], "read"))

    def test_of_what_is_gone_no_text_is_kept(self) -> None:
        history = History()
        messages = [history.add(said(number, mine=number % 2 > 0)) for number in range(6)]
        history.delete(messages[0])
        history.vanish(messages[1], 5)
        history.expire(5)
        history.clear()
        self.assertEqual({message.body for message in messages[:2]}, {""})
        self.assertEqual((history.messages, history.unread, history.awaiting), ([], 0, []))
        self.assertEqual(
            [value for value in vars(history).values() if isinstance(value, dict | list | set) and value], []
        )

    def test_the_soonest_vanishes_first(self) -> None:
        history = History()
        for number, at in enumerate((30, 10, 20, 10)):
            history.vanish(history.add(said(number)), at)
        self.assertEqual(history.due, 10)
        self.assertFalse(history.expire(9))
        self.assertTrue(history.expire(19))
        self.assertEqual((bodies(history.messages), history.due), (["text 0", "text 2"], 20))
        self.assertTrue(history.expire(1_000))
        self.assertEqual((history.messages, history.due), ([], None))


class HistoriesTest(SimpleTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = FakeClock(1)
        self.timers = FakeTimers(self.clock)
        self.told = 0
        self.histories = Histories(self.timers.after, lambda: int(self.clock() * 1000), self.changed)

    def changed(self) -> None:
        self.told += 1

    def test_a_history_is_of_a_name_in_any_case_and_of_a_device(self) -> None:
        history = self.histories.of("Bob", KEY)
        self.assertIs(self.histories.of("bob", KEY), history)
        for name, identity in (("bob", OTHER), ("bob", None), ("carol", KEY)):
            self.assertIsNot(self.histories.of(name, identity), history)

    def test_the_oldest_is_forgotten_and_one_without_messages_first(self) -> None:
        kept = [self.histories.of(f"full {number}", KEY) for number in range(MAX_HISTORIES - 1)]
        for history in kept:
            history.add(said(1))
        for number in range(100):
            self.histories.of(f"empty {number}", KEY)
        self.assertIs(self.histories.of("full 0", KEY), kept[0])
        self.histories.of("another", KEY).add(said(1))
        self.histories.of("one more", KEY).add(said(1))
        self.assertIsNot(self.histories.of("full 1", KEY), kept[1])
        self.assertEqual(bodies(kept[1].messages), ["text 1"], "a chat that is open keeps it")

    def test_messages_vanish_in_time_in_whatever_history(self) -> None:
        bob, carol = self.histories.of("bob", KEY), self.histories.of("carol", KEY)
        bob.vanish(bob.add(said(1)), 11_000)
        carol.vanish(carol.add(said(2)), 6_000)
        self.timers.pass_(4.9)
        self.assertEqual((self.told, len(carol.messages)), (0, 1))
        self.timers.pass_(0.2)
        self.assertEqual((self.told, carol.messages, len(bob.messages)), (1, [], 1))
        self.timers.pass_(5)
        self.assertEqual((self.told, bob.messages), (2, []))
        self.assertEqual(self.timers.waiting, 0)

    def test_a_device_that_slept_lets_go_soon_after_it_woke_up(self) -> None:
        bob = self.histories.of("bob", KEY)
        bob.vanish(bob.add(said(1)), 3_600_000)
        self.clock.advance(7_200)
        self.timers.pass_(30)
        self.assertEqual(bob.messages, [])

    def test_the_longest_timer_is_no_trouble(self) -> None:
        bob = self.histories.of("bob", KEY)
        bob.vanish(bob.add(said(1)), 31 * 86_400_000)
        self.assertLessEqual(self.timers.longest, 30)

    def test_all_can_be_forgotten(self) -> None:
        bob = self.histories.of("bob", KEY)
        bob.vanish(bob.add(said(1)), 3_000)
        bob.timer = Setting(5, 1)
        self.histories.clear()
        self.assertEqual((bob.messages, bob.timer), ([], Setting()))
        self.assertIsNot(self.histories.of("bob", KEY), bob)
        self.timers.pass_(60)
        self.assertEqual(self.timers.waiting, 0)
