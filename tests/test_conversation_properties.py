"""Property tests of a conversation under lowkey/2: on a channel that loses, repeats and spoils frames, breaks, and gets new keys
at any moment, each message arrives once and in order."""

from __future__ import annotations

from collections import deque
from contextlib import suppress

from django.test import SimpleTestCase
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.peer.conversation import Conversation
from chat.peer.errors import PeerError
from chat.peer.messages import Message
from tests.support.clock import FakeClock
from tests.support.conversations import conversation, frames, settle
from tests.support.devices import Pair, agreed

EVENTS = [
    "send",
    "send",
    "flow",
    "flow",
    "arrive",
    "arrive",
    "arrive",
    "lose",
    "repeat",
    "spoil",
    "acknowledge",
    "resend",
]
ABOUT = ["edit", "delete", "react", "react to theirs", "read", "timer"]
STEPS = st.lists(
    st.tuples(st.sampled_from(EVENTS), st.booleans()) | st.tuples(st.sampled_from(["reopen", "rekey"]), st.booleans()),
    max_size=80,
)
TALK = st.lists(st.tuples(st.sampled_from([*EVENTS, *ABOUT, *ABOUT, "reopen", "rekey"]), st.booleans()), max_size=120)


class Channel:
    """alice and bob, and the frames that are on their way to each."""

    def __init__(self) -> None:
        self.clock = FakeClock(1_000)
        self.pair = agreed()
        self.ends = {
            True: conversation("bob", self.pair.alice, clock=self.clock),
            False: conversation("alice", self.pair.bob, clock=self.clock),
        }
        self.under_way: dict[bool, deque[str]] = {True: deque(), False: deque()}
        self.sent: dict[bool, list[Message]] = {True: [], False: []}
        self.drawn = 0

    def step(self, event: str, who: bool) -> None:
        """One of the events, of alice's when `who` is true."""
        end, to_them = self.ends[who], self.under_way[not who]
        self.clock.advance(0.7)
        match event:
            case "send":
                self.sent[who].append(end.send(f"{who} {len(self.sent[who])}"))
            case "edit" | "delete" | "react" | "react to theirs" | "read" | "timer":
                self.about(event, end)
            case "flow":
                to_them.extend(frames(end))
            case "acknowledge" | "resend":
                getattr(end, event)()
            case "reopen":
                self.reopen()
            case "rekey":
                self.rekey(who)
            case _ if to_them:
                self.on_its_way(event, to_them, self.ends[not who])

    def about(self, event: str, end: Conversation) -> None:
        """Something is said about a message, or how it is to be kept: each time something else."""
        self.drawn += 7
        texts = [m for m in end.messages if m.mine == (event != "react to theirs") and m.kind == "text"]
        message = texts[self.drawn % len(texts)] if texts else None
        with suppress(PeerError):
            match event, message:
                case "read", _:
                    end.read()
                case "timer", _:
                    end.set_timer(self.drawn % 3 and 2_000_000 + self.drawn)
                case "edit", Message():
                    end.edit(message.id, f"{message.body}, said {self.drawn}")
                case "delete", Message():
                    end.delete(message.id)
                case _, Message():
                    end.react(message.ref, "🎉👍"[self.drawn % 2 :][: self.drawn % 4])

    def on_its_way(self, event: str, frames: deque[str], receiver: Conversation) -> None:
        match event:
            case "lose":
                frames.popleft()
            case "repeat":
                frames.append(frames[0])
            case "spoil":
                frames[0] = frames[0][:-8] + "AAAAAAAA"
            case _:
                receiver.receive(frames.popleft())

    def reopen(self) -> None:
        for who, end in self.ends.items():
            self.under_way[who].clear()
            end.interrupted()
            end.reopened()

    def rekey(self, alice_calls: bool) -> None:
        """What is under way stays so, and is of the old keys when it arrives."""
        if alice_calls:
            self.pair = Pair(self.pair.alice_device, self.pair.bob_device)
            self.pair.call()
        else:
            alice, bob = self.pair.alice.renewal(), self.pair.bob.renewal()
            alice.receive_key(bob.opening())
            (three,) = bob.receive_key(alice.answer()[0])
            alice.receive_key(three)
            self.pair.alice, self.pair.bob = alice, bob
        self.ends[True].rekeyed(self.pair.alice)
        self.ends[False].rekeyed(self.pair.bob)

    def comes_to_rest(self) -> None:
        """The channel is good from now on, and time goes by."""
        for who, end in self.ends.items():
            while self.under_way[who]:
                end.receive(self.under_way[who].popleft())
        while any(end.outstanding or message_waits(self.sent[who]) for who, end in self.ends.items()):
            self.clock.advance(10)
            for end in self.ends.values():
                end.resend()
            settle(self.ends[True], self.ends[False])


def message_waits(sent: list[Message]) -> bool:
    return any(message.status not in ("delivered", "read") for message in sent)


def told(end: Conversation, *, mine: bool) -> list[tuple[object, ...]]:
    """What stands of the messages of one side: how they read, and the reactions, their author's first."""
    said = [message for message in end.messages if message.mine == mine and message.kind == "text"]
    return [
        (message.id, message.body, message.edited, message.status == "read", *sided(message))
        for message in said
        if not message.deleted
    ]


def sided(message: Message) -> tuple[str, str]:
    mine, theirs = message.reactions.mine, message.reactions.theirs
    return (mine, theirs) if message.mine else (theirs, mine)


class ConversationPropertiesTest(SimpleTestCase):
    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(STEPS)
    def test_each_message_arrives_once_and_in_order_whatever_happens_on_the_way(
        self, steps: list[tuple[str, bool]]
    ) -> None:
        channel = Channel()
        for event, who in steps:
            channel.step(event, who)
        channel.comes_to_rest()
        for who, sent in channel.sent.items():
            read = [message.body for message in channel.ends[not who].messages if not message.mine]
            self.assertEqual(read, [message.body for message in sent])

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(TALK)
    def test_both_come_to_the_same_whatever_is_said_and_lost(self, steps: list[tuple[str, bool]]) -> None:
        channel = Channel()
        for event, who in steps:
            channel.step(event, who)
        channel.comes_to_rest()
        alice, bob = channel.ends[True], channel.ends[False]
        self.assertEqual(told(alice, mine=True), told(bob, mine=False))
        self.assertEqual(told(bob, mine=True), told(alice, mine=False))
        self.assertEqual(alice.history.timer, bob.history.timer)
        for end in (alice, bob):
            deleted = [(message.body, message.re, message.edited) for message in end.messages if message.deleted]
            self.assertEqual(set(deleted) - {("", None, False)}, set())
