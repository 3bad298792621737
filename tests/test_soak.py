"""The soak: that its bookkeeping catches what it should, and a short one on a real server, which must find nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from django.test import SimpleTestCase

from bench.soak.ledger import PATIENCE, Ledger, Life, Payload
from bench.soak.town import Plan, Town
from tests.support.clock import FakeClock


class TwoTalk:
    """alice sends to bob, and the test is the server between them."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.ledger = Ledger(self.clock)
        self.alice, self.bob = Life("Alice"), Life("bob")
        self.ledger.begins(self.alice)
        self.ledger.begins(self.bob)
        self.clock.advance(2 * PATIENCE)

    def sends(self, messages: int = 1) -> list[Payload]:
        return [self.ledger.sends(self.alice, "bob") for _ in range(messages)]

    def delivers(self, messages: Iterable[Payload], *, sender: str = "Alice", to: Life | None = None) -> None:
        for message in messages:
            receiver = to or self.bob
            self.ledger.hears(receiver, sender, "bob", message)

    def ends(self) -> list[str]:
        """Time goes by, and what was wrong is told."""
        self.clock.advance(2 * PATIENCE)
        self.ledger.settle()
        return self.ledger.faults


class LedgerTests(SimpleTestCase):
    def setUp(self) -> None:
        self.two = TwoTalk()

    def test_nothing_is_wrong_with_an_honest_server(self) -> None:
        self.two.delivers(self.two.sends(5))
        self.assertEqual(self.two.ends(), [])
        self.assertEqual(self.two.ledger.counts["came"], 5)

    def test_a_lost_message_is_found(self) -> None:
        first, _, third = self.two.sends(3)
        self.two.delivers([first, third])
        self.assertEqual(self.two.ends(), ["message 2 of Alice>bob#0 is lost"])

    def test_the_last_message_is_missed_too(self) -> None:
        self.two.sends()
        self.assertEqual(self.two.ends(), ["message 1 of Alice>bob#0 is lost"])

    def test_a_message_that_comes_twice_is_found(self) -> None:
        first, second = self.two.sends(2)
        self.two.delivers([first, second, second])
        self.assertEqual(self.two.ends(), ["message 2 of Alice>bob#0 came twice"])

    def test_two_messages_that_change_places_are_found(self) -> None:
        first, second, third = self.two.sends(3)
        self.two.delivers([first, third, second])
        self.assertEqual(self.two.ends(), ["message 2 of Alice>bob#0 came after number 3"])

    def test_a_wrong_sender_is_found(self) -> None:
        self.two.delivers(self.two.sends(), sender="mallory")
        self.assertEqual(self.two.ends(), ["message 1 of Alice>bob#0 is stamped with mallory"])

    def test_a_sender_in_another_spelling_is_found(self) -> None:
        self.two.delivers(self.two.sends(), sender="alice")
        self.assertEqual(self.two.ends(), ["message 1 of Alice>bob#0 is stamped with alice"])

    def test_a_wrong_receiver_is_found(self) -> None:
        carol = Life("carol")
        self.two.ledger.begins(carol)
        self.two.delivers(self.two.sends(), to=carol)
        self.assertIn("message 1 of Alice>bob#0 came to carol, addressed to bob", self.two.ends())

    def test_a_changed_text_is_found(self) -> None:
        (message,) = self.two.sends()
        self.two.delivers([Payload(message.stream, message.number, message.text + "!")])
        self.assertEqual(self.two.ends(), ["message 1 of Alice>bob#0 came changed"])

    def test_a_message_that_nobody_sent_is_found(self) -> None:
        (message,) = self.two.sends()
        self.two.delivers([message, Payload(message.stream, 2, "hello"), Payload("bob>Alice#7", 1, "hello")])
        self.assertEqual(len(self.two.ends()), 2)

    def test_a_message_that_was_refused_is_not_lost_but_the_refusal_needs_a_reason(self) -> None:
        self.two.sends()
        self.two.ledger.refused(self.two.alice, "bob", "RELAY_FAILED")
        self.assertEqual(self.two.ends(), ["Alice was told RELAY_FAILED for bob, without a reason"])

    def test_one_refusal_excuses_one_message(self) -> None:
        self.two.sends(2)
        self.two.ledger.ends(self.two.bob)
        self.two.ledger.begins(bob := Life("bob"))
        self.two.ledger.refused(self.two.alice, "bob", "RELAY_FAILED")
        self.two.delivers(self.two.sends(), to=bob)
        self.two.sends()
        self.assertEqual(self.two.ends(), [])
        self.two.sends()
        self.assertEqual(self.two.ends(), ["message 5 of Alice>bob#0 is lost"])

    def test_what_a_dead_socket_did_not_get_is_not_lost(self) -> None:
        self.two.sends()
        self.two.ledger.ends(self.two.bob)
        self.assertEqual(self.two.ends(), [])

    def test_what_a_dead_sender_sent_is_not_lost(self) -> None:
        self.two.sends()
        self.two.ledger.ends(self.two.alice)
        self.assertEqual(self.two.ends(), [])

    def test_what_was_sent_after_its_receiver_came_back_must_come(self) -> None:
        self.two.ledger.ends(self.two.bob)
        self.two.ledger.begins(Life("bob"))
        self.two.sends()
        self.assertEqual(self.two.ends(), ["message 1 of Alice>bob#0 is lost"])

    def test_trouble_excuses_what_was_on_its_way_and_nothing_later(self) -> None:
        self.two.sends()
        with self.two.ledger.trouble(swallows=True):
            self.two.clock.advance(1)
        self.two.clock.advance(2 * PATIENCE)
        self.two.sends()
        self.assertEqual(self.two.ends(), ["message 2 of Alice>bob#0 is lost"])

    def test_a_killed_server_excuses_no_message_between_sockets_that_live(self) -> None:
        with self.two.ledger.trouble():
            self.two.sends()
        self.assertEqual(self.two.ends(), ["message 1 of Alice>bob#0 is lost"])

    def test_a_refusal_has_a_reason_when_its_target_has_just_gone(self) -> None:
        self.two.sends()
        self.two.ledger.ends(self.two.bob)
        self.two.ledger.refused(self.two.alice, "bob", "RELAY_FAILED")
        self.assertEqual(self.two.ends(), [])

    def test_coming_and_going_with_a_key_ends_no_session(self) -> None:
        self.two.sends()
        self.two.ledger.ends(self.two.bob)
        self.two.ledger.refused(self.two.alice, "bob", "NOT_IN_SESSION")
        self.assertEqual(self.two.ends(), ["Alice was told NOT_IN_SESSION for bob, without a reason"])

    def test_leaving_ends_one(self) -> None:
        self.two.sends()
        self.two.ledger.joined("1", "alice", "bob")
        self.two.ledger.parted("1", "bob", "alice")
        self.two.ledger.refused(self.two.alice, "bob", "NOT_IN_SESSION")
        self.assertEqual(self.two.ends(), [])
        self.assertFalse(self.two.ledger.stands("1"))


class ShortSoakTests(SimpleTestCase):
    def test_ten_seconds_of_life_with_one_kill_leave_nothing_behind(self) -> None:
        town = asyncio.run(self.live(Plan(seconds=10, server="daphne", fault="server killed", faults=5)))
        self.assertEqual(town.ledger.faults, [], "\n".join(self.told))
        self.assertEqual(town.found.faults["server killed"], 1)
        self.assertGreater(town.ledger.counts["came"], 500)
        self.assertGreater(town.found.counts["broken"], 20, "those who were there at the kill")

    def setUp(self) -> None:
        self.told: list[str] = []

    async def live(self, plan: Plan) -> Town:
        town = Town(plan, tell=self.told.append)
        await town.run()
        return town
