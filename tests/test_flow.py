"""chat/peer/flow.py: frames go out while there is room, and what is due is done."""

from __future__ import annotations

from typing import cast

from django.test import SimpleTestCase

from chat.peer.conversation import Content, Conversation
from chat.peer.flow import Flow
from chat.peer.line import Line
from chat.peer.pacing import ACK_SECONDS, HELLO_SECONDS, RESEND_SECONDS, Pacing
from tests.support.clock import FakeClock
from tests.support.conversations import Half, classic_pair
from tests.support.hourglass import Hourglasses


class Channel:
    """What a flow sees of a line: it has room for so many frames, and takes them or not."""

    def __init__(self, room: int = 100) -> None:
        self.room, self.takes, self.idle = room, True, True
        self.frames: list[str] = []

    @property
    def has_room(self) -> bool:
        return self.room > 0

    def send(self, frame: str) -> bool:
        if self.takes:
            self.room -= 1
            self.frames.append(frame)
        return self.takes


class FlowTest(SimpleTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.half = Half()
        self.channel, self.glasses = Channel(), Hourglasses()
        self.settled, self.silences = 0, 0
        self.flow = self.flowing(self.half.end)

    def flowing(self, conversation: Conversation) -> Flow:
        pacing = Pacing(self.glasses.after, FakeClock(0))
        return Flow(conversation, cast(Line, self.channel), pacing, settle=self.settle, silent=self.silent)

    def settle(self) -> None:
        self.settled += 1

    def silent(self) -> None:
        self.silences += 1

    def said(self) -> list[Content | None]:
        """What the channel took since this was last asked."""
        frames, self.channel.frames = self.channel.frames, []
        return [self.half.theirs.open(frame) for frame in frames]

    def kinds(self) -> list[str]:
        return [content["t"] if content else "?" for content in self.said()]

    def test_frames_go_out_while_there_is_room_and_the_others_when_there_is_again(self) -> None:
        self.half.greets()
        for body in ("one", "two", "three"):
            self.half.end.send(body)
        self.channel.room = 2
        self.flow.pump()
        self.assertEqual([content and content["body"] for content in self.said()], ["one", "two"])
        self.channel.room = 2
        self.flow.pump()
        self.assertEqual([content and content["body"] for content in self.said()], ["three"])
        self.assertEqual(self.settled, 2)

    def test_what_the_channel_does_not_take_has_failed_and_what_is_behind_it_waits(self) -> None:
        self.half.greets()
        messages = [self.half.end.send(body) for body in ("one", "two")]
        self.channel.takes = False
        self.flow.pump()
        self.assertEqual([message.status for message in messages], ["failed", "queued"])
        self.channel.takes = True
        self.flow.pump()
        self.assertEqual(([message.status for message in messages], self.kinds()), (["failed", "sent"], ["text"]))

    def test_in_a_classic_chat_nothing_waits(self) -> None:
        alice, _ = classic_pair()
        messages = [alice.send(body) for body in ("one", "two")]
        self.channel.takes = False
        self.flowing(alice).pump()
        self.assertEqual([message.status for message in messages], ["failed", "failed"])

    def test_what_came_is_acknowledged_in_a_moment(self) -> None:
        self.half.greets()
        self.half.hears_text("hello")
        self.flow.pump()
        self.assertEqual(self.said(), [])
        self.glasses.run_out(ACK_SECONDS)
        self.assertEqual(self.kinds(), ["ack"])

    def test_what_is_not_acknowledged_is_sent_again_once_all_has_left(self) -> None:
        self.half.greets()
        self.half.end.send("hello")
        self.flow.pump()
        self.channel.idle = False
        self.assertEqual(self.kinds(), ["text"])
        for _ in ("what was acknowledged before is progress", "this is none"):
            self.glasses.run_out(RESEND_SECONDS)
            self.assertEqual(self.kinds(), [])
        self.channel.idle = True
        (patience,) = self.glasses.running
        self.glasses.run_out(patience)
        self.assertEqual(self.kinds(), ["text"])

    def test_a_channel_over_which_nobody_says_hello_is_told_of(self) -> None:
        called = Half(called=True)
        self.flowing(called.end).pump()
        self.glasses.run_out(HELLO_SECONDS)
        self.assertEqual(self.silences, 1)

    def test_one_that_is_interrupted_meanwhile_is_not(self) -> None:
        called = Half(called=True)
        self.flowing(called.end).pump()
        called.end.interrupted()
        self.glasses.run_out(HELLO_SECONDS)
        self.assertEqual(self.silences, 0)

    def test_when_it_is_over_nothing_is_due(self) -> None:
        self.half.greets()
        self.half.hears_text("hello")
        self.flow.stop()
        self.flow.pump()
        self.assertEqual((self.glasses.running, self.settled), ([], 1))
