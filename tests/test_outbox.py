"""chat/peer/outbox.py."""

from __future__ import annotations

from django.test import SimpleTestCase

from chat.peer.messages import Message
from chat.peer.outbox import Outbox


def message(name: str) -> Message:
    return Message(name, mine=True, body=name, at=0, status="failed")


class OutboxTest(SimpleTestCase):
    def test_messages_wait_in_the_order_in_which_they_were_added(self) -> None:
        outbox, one, two = Outbox(), message("one"), message("two")
        outbox.add(one)
        outbox.add(two)
        self.assertEqual((outbox.first(), one.status), (one, "queued"))
        outbox.taken(one)
        self.assertEqual((outbox.first(), one.status), (two, "sent"))
        outbox.taken(two)
        self.assertIsNone(outbox.first())

    def test_a_refused_message_goes_and_may_come_again(self) -> None:
        outbox, one = Outbox(), message("one")
        outbox.add(one)
        outbox.refused(one)
        self.assertEqual((outbox.first(), one.status), (None, "failed"))
        outbox.add(one)
        self.assertEqual((outbox.first(), one.status), (one, "queued"))

    def test_all_that_waits_fails_at_once(self) -> None:
        outbox, one, two = Outbox(), message("one"), message("two")
        outbox.add(one)
        outbox.add(two)
        outbox.fail_all()
        self.assertEqual((outbox.first(), one.status, two.status), (None, "failed", "failed"))
