"""chat/peer/inbox.py: which message is next, and what is owed for it. The whole conversation is in
test_conversation_acknowledged.py."""

from __future__ import annotations

from django.test import SimpleTestCase

from chat.peer.inbox import ACK_EVERY, FAILING_FRAMES, MAX_NUMBER, Inbox


class InboxTest(SimpleTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.inbox = Inbox(acknowledged=True)

    def test_messages_are_taken_in_their_order_and_each_once(self) -> None:
        taken = [self.inbox.takes(number) for number in (2, 1, 1, 3, 2, 3)]
        self.assertEqual(taken, [False, True, False, False, True, True])
        self.assertEqual(self.inbox.last, 3)

    def test_what_is_no_number_is_neither_taken_nor_owed(self) -> None:
        for number in (True, 1.0, "1", None, 0, -1, MAX_NUMBER + 1, [1]):
            self.assertFalse(self.inbox.takes(number))
        self.assertFalse(self.inbox.owes)

    def test_so_many_are_acknowledged_at_once_and_fewer_in_a_moment(self) -> None:
        for number in range(1, ACK_EVERY):
            self.inbox.takes(number)
        self.assertEqual((self.inbox.owes, self.inbox.due), (True, False))
        self.inbox.acknowledge()
        self.assertTrue(self.inbox.due)
        self.inbox.taken()
        self.assertEqual((self.inbox.owes, self.inbox.due), (False, False))
        for number in range(ACK_EVERY):
            self.inbox.takes(ACK_EVERY + number)
        self.assertTrue(self.inbox.due)

    def test_frames_that_fail_in_a_row_mean_lost_keys_once_something_was_heard(self) -> None:
        for _ in range(FAILING_FRAMES):
            self.inbox.failed()
        self.assertFalse(self.inbox.lost_keys)
        self.inbox.opened()
        for _ in range(FAILING_FRAMES):
            self.assertFalse(self.inbox.lost_keys)
            self.inbox.failed()
        self.assertTrue(self.inbox.lost_keys)
        self.inbox.opened()
        self.assertFalse(self.inbox.lost_keys)

    def test_without_acknowledgements_keys_are_never_lost(self) -> None:
        inbox = Inbox(acknowledged=False)
        inbox.opened()
        for _ in range(FAILING_FRAMES):
            inbox.failed()
        self.assertFalse(inbox.lost_keys)
