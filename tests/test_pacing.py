"""chat/peer/pacing.py: how often new keys are agreed on, and how patience grows. Deadlines are in test_link.py."""

from __future__ import annotations

from typing import cast

from django.test import SimpleTestCase

from chat.peer.conversation import Conversation
from chat.peer.conversation_table import State
from chat.peer.pacing import HANDSHAKE_SECONDS, RENEW_SECONDS, RENEWALS_A_MINUTE, RESEND_SECONDS, Pacing
from tests.support.clock import FakeClock
from tests.support.hourglass import Hourglasses


class Talk:
    """What pacing looks at in a conversation."""

    def __init__(self) -> None:
        self.owes, self.outstanding, self.acknowledged, self.held = False, True, 0, False
        self.state = State.SECURED


def nothing() -> None: ...


class PacingTest(SimpleTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock, self.glasses = FakeClock(0), Hourglasses()
        self.pacing = Pacing(self.glasses.after, self.clock)
        self.talk = Talk()

    @property
    def conversation(self) -> Conversation:
        return cast(Conversation, self.talk)

    def waits(self) -> list[float]:
        self.pacing.follow_conversation(
            self.conversation, acknowledge=nothing, resend=nothing, release=nothing, silent=nothing
        )
        return self.glasses.running

    def test_so_many_handshakes_are_answered_in_any_minute(self) -> None:
        answered = []
        for _ in range(60):
            answered.append(self.pacing.may_answer(nothing))
            self.clock.advance(10)
        for minute in range(0, 60, 6):
            self.assertEqual(answered[minute : minute + 6], [True] * RENEWALS_A_MINUTE + [False] * 3)

    def test_one_is_begun_in_ten_seconds(self) -> None:
        self.assertTrue(self.pacing.may_begin(nothing))
        self.assertFalse(self.pacing.may_begin(nothing))
        self.assertEqual(self.glasses.running, [RENEW_SECONDS, HANDSHAKE_SECONDS])
        self.glasses.run_out(RENEW_SECONDS)
        self.assertTrue(self.pacing.may_begin(nothing))

    def test_without_progress_patience_doubles_and_with_it_begins_anew(self) -> None:
        for seconds in (1, 2, 4):
            self.assertEqual(self.waits(), [RESEND_SECONDS * seconds])
            self.glasses.run_out(RESEND_SECONDS * seconds)
            self.assertFalse(self.pacing.progress(self.conversation))
        self.talk.acknowledged = 1
        self.assertTrue(self.pacing.progress(self.conversation))
        self.assertEqual(self.waits(), [RESEND_SECONDS])
