"""Two conversations over a channel that loses what it likes, with a handshake beside it, and no clock: all is done in turns.

    talk = LossyTalk(7)
    talk.alice.say("hello")
    talk.settles()

Both ends are the real Conversation under the real suite. What link.py does with timers, a turn does at random: acknowledge,
send again, begin a new handshake when keys are lost, which travels apart from the channel and in its own time.
"""

from __future__ import annotations

import os
import random
from collections import deque
from collections.abc import Callable
from typing import Any

from chat.peer.conversation import Conversation
from chat.peer.history import History
from chat.peer.lowkey2 import Lowkey2
from chat.peer.preferences import Preferences
from chat.peer.primitives import b64url
from tests.support.clock import FakeClock
from tests.support.people import new_identity


class End:
    """One person's conversation. `lost` says which frames do not arrive at the other one."""

    def __init__(self, suite: Lowkey2, peer: str, clock: FakeClock) -> None:
        self.conversation = Conversation(
            peer,
            suite,
            now=lambda: int(clock() * 1000),
            new_id=lambda: b64url(os.urandom(16)),
            history=History(),
            preferences=Preferences(),
        )
        self.suite = suite
        self.said: list[str] = []
        self.heard: list[str] = []
        self.inbox: deque[str] = deque()
        self.steps: deque[dict[str, Any]] = deque()
        """Steps of a handshake that are on their way here."""
        self.renewal: Lowkey2 | None = None
        self.renewals = 0

    def say(self, text: str) -> None:
        self.conversation.send(text)
        self.said.append(text)

    def pump(self, other: End, lost: Callable[[], bool] = lambda: False, most: int = 1 << 30) -> int:
        """Hand frames over, as long as there are some; how many."""
        for count in range(most):
            frame = self.conversation.next_frame()
            if frame is None:
                return count
            self.conversation.taken(frame)
            if not lost():
                other.inbox.append(frame.text)
        return most

    def read(self, most: int = 1 << 30) -> None:
        """Take in what has come."""
        for _ in range(min(most, len(self.inbox))):
            message = self.conversation.receive(self.inbox.popleft())
            if message is not None:
                self.heard.append(message.body)

    # The handshake beside it, as renewal.py has it

    def renew(self, other: End) -> None:
        if self.renewal is None:
            self.renewals += 1
            self.renewal = self.suite.renewal()
            other.steps.append(self.renewal.opening())

    def step(self, other: End) -> None:
        """Take one step of a handshake."""
        if not self.steps:
            return
        payload = self.steps.popleft()
        if payload["step"] == 1 and (self.renewal is None or self.renewal.role == "called"):
            self.renewal = self.suite.renewal()
        renewal = self.renewal
        if renewal is None:
            return
        rings = renewal.role is None
        answers = renewal.receive_key(payload)
        if rings and renewal.role == "called":
            answers = renewal.answer()
        other.steps.extend(answers)
        if renewal.agreed:
            self.suite, self.renewal = renewal, None
            self.conversation.rekeyed(renewal)


class LossyTalk:
    """Alice, who called, and bob."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - the same talk for the same seed
        self.clock = FakeClock()
        mine, theirs = new_identity(), new_identity()
        caller = Lowkey2("alice", "bob", mine, random=os.urandom, clock=self.clock)
        called = Lowkey2("bob", "alice", theirs, random=os.urandom, clock=self.clock)
        called.receive_key(caller.opening())
        called.receive_key(caller.receive_key(called.answer()[0])[0])
        self.alice, self.bob = End(caller, "bob", self.clock), End(called, "alice", self.clock)
        self.ends = ((self.alice, self.bob), (self.bob, self.alice))
        self.cuts = 0
        self.lost = 0

    def disconnects(self) -> None:
        """Another channel takes the place of this one; what was on its way is gone."""
        self.cuts += 1
        for end, _ in self.ends:
            self.lost += len(end.inbox)
            end.inbox.clear()
            end.conversation.interrupted()
            end.conversation.reopened()

    def turn(self, losing: float) -> None:
        """Something happens somewhere; frames are lost with this probability."""
        self.clock.advance(self.rng.random())
        end, other = self.rng.choice(self.ends)
        match self.rng.randrange(8):
            case 0 | 1 | 2:
                end.pump(other, lambda: self._loses(losing), self.rng.randrange(1, 40))
            case 3 | 4 | 5:
                end.read(self.rng.randrange(1, 40))
            case 6:
                end.conversation.acknowledge()
            case _:
                end.step(other)
        if end.conversation.lost_keys:
            end.renew(other)

    def _loses(self, losing: float) -> bool:
        lost = self.rng.random() < losing
        self.lost += lost
        return lost

    def settles(self) -> None:
        """The channel loses nothing any more: go on until both have everything."""
        for _ in range(200):
            if all(not end.conversation.outstanding and not other.steps for end, other in self.ends) and all(
                end.heard == other.said for end, other in self.ends
            ):
                return
            self.clock.advance(2)
            for end, other in self.ends:
                end.step(other)
                end.read()
                end.conversation.acknowledge()
                if end.conversation.lost_keys:
                    end.renew(other)
                if not other.inbox:
                    end.conversation.resend()
                end.pump(other)
        raise AssertionError("the conversation is wedged")
