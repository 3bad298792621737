"""Python against JavaScript: lowkey/2's handshake, signals and conversation, on random schedules of sending, receiving,
losing, reordering, replaying, forging, reconnecting and renewing keys. The page's end runs in real Chromium."""

from __future__ import annotations

import itertools
from typing import Any, ClassVar

from django.test import SimpleTestCase
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

from tests.support.browser import shared_chromium
from tests.support.checkout import served_checkout
from tests.support.contexts import shared_playwright
from tests.support.ends import End, Local, Remote, shake_hands

SCHEDULES = settings(
    derandomize=True, database=None, deadline=None, max_examples=80, suppress_health_check=list(HealthCheck)
)
OFTEN = ("say", "say", "hand_over", "hand_over", "arrive", "arrive", "arrive", "acknowledge")
SELDOM = ("lose", "swap", "replay", "reflect", "forge", "resend", "wait", "reconnect", "renew")
STEPS = st.tuples(st.sampled_from([*OFTEN, *SELDOM]), st.booleans())
ABOUT = ("edit", "delete", "react", "admire", "read", "time")
TALK = st.tuples(st.sampled_from([*OFTEN, *ABOUT, *ABOUT, "lose", "reconnect", "renew"]), st.booleans())
OFFER = {"type": "offer", "sdp": "v=0\r\n"}


class Wires:
    """Two ends, `alice` first, and what is under way from each to the other."""

    def __init__(self, alice: End, bob: End) -> None:
        self.ends = (alice, bob)
        self.under_way: tuple[list[str], list[str]] = ([], [])
        self.said: tuple[list[str], list[str]] = ([], [])
        self.old: tuple[list[str], list[str]] = ([], [])
        self.drawn = 0
        shake_hands(alice, bob)
        for end in self.ends:
            end.converse()

    def do(self, act: str, who: int) -> None:
        """One step of the end `who`, or of the channel from it."""
        if act in ABOUT:
            self.drawn += 7
            self.ends[who].about(act, self.drawn)
        else:
            getattr(self, f"_{act}")(who, self.under_way[who], self.ends[who])

    def _say(self, who: int, wire: list[str], me: End) -> None:
        self.said[who].append(f"{who}: message {len(self.said[who])} 🎉 \u0000é")
        me.say(self.said[who][-1])

    def _hand_over(self, who: int, wire: list[str], me: End) -> None:
        wire.extend(me.frames())

    def _arrive(self, who: int, wire: list[str], me: End) -> None:
        self.old[who].extend(wire[:1])
        self.ends[1 - who].receive(wire[:1])
        del wire[:1]

    def _lose(self, who: int, wire: list[str], me: End) -> None:
        del wire[:1]

    def _swap(self, who: int, wire: list[str], me: End) -> None:
        wire[:2] = reversed(wire[:2])

    def _replay(self, who: int, wire: list[str], me: End) -> None:
        self.ends[1 - who].receive(self.old[who][-3:])

    def _reflect(self, who: int, wire: list[str], me: End) -> None:
        me.receive(self.old[who][-1:])

    def _forge(self, who: int, wire: list[str], me: End) -> None:
        self.ends[1 - who].receive([frame[:-8] + "AAAAAAAA" for frame in wire[:1]])

    def _acknowledge(self, who: int, wire: list[str], me: End) -> None:
        me.acknowledge()

    def _resend(self, who: int, wire: list[str], me: End) -> None:
        me.resend()

    def _wait(self, who: int, wire: list[str], me: End) -> None:
        for end in self.ends:
            end.pass_ms(400)

    def _reconnect(self, who: int, wire: list[str], me: End) -> None:
        for end, frames in zip(self.ends, self.under_way, strict=True):
            frames.clear()
            end.reconnect()

    def _renew(self, who: int, wire: list[str], me: End) -> None:
        """What is under way comes under keys that are gone."""
        shake_hands(me, self.ends[1 - who])
        for end in self.ends:
            end.rekey()

    def settle(self) -> None:
        """Nothing is lost any more, and what was not acknowledged is sent again in time."""
        quiet = 0
        while quiet < 3:
            busy = False
            for who in (0, 1):
                self.ends[who].acknowledge()
                self.do("hand_over", who)
                busy = busy or bool(self.under_way[who])
                self.ends[1 - who].receive(self.under_way[who])
                self.under_way[who].clear()
            if not busy:
                quiet += 1
                for who in (0, 1):
                    self.do("resend", who)


class PythonAndJavaScriptTest(SimpleTestCase):
    page: ClassVar[Page]
    numbers: ClassVar[itertools.count[int]] = itertools.count()

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        port = cls.enterClassContext(served_checkout())
        cls.page = shared_chromium(cls.enterClassContext(shared_playwright())).new_page()
        cls.addClassCleanup(cls.page.close)
        cls.page.goto(f"http://127.0.0.1:{port}/tests/vectors/README.md")

    def ends(self, *, python_is_alice: bool) -> tuple[End, End]:
        names = ("alice", "bob") if python_is_alice else ("bob", "alice")
        seed = str(next(self.numbers))
        local, remote = Local(f"python {seed}", *names), Remote(self.page, f"page {seed}", *reversed(names))
        return (local, remote) if python_is_alice else (remote, local)

    def test_they_agree_whoever_calls_with_an_invite_and_without(self) -> None:
        for python_is_alice, invited in itertools.product((True, False), (True, False)):
            with self.subTest(python_is_alice=python_is_alice, invited=invited):
                alice, bob = self.ends(python_is_alice=python_is_alice)
                shake_hands(alice, bob, bob.invite() if invited else None)
                hers, his = alice.known(), bob.known()
                trust = "verified" if invited else "unverified"
                self.assertEqual(
                    (hers["agreed"], his["agreed"], hers["trust"], his["trust"]), (True, True, trust, trust)
                )
                self.assertEqual((hers["theirs"], his["theirs"]), (his["mine"], hers["mine"]))
                self.assertEqual(hers["safety"], his["safety"])

    def test_each_opens_the_signals_of_the_other(self) -> None:
        alice, bob = self.ends(python_is_alice=True)
        shake_hands(alice, bob)
        for sender, receiver in ((alice, bob), (bob, alice)):
            self.assertEqual(receiver.open_signal("offer", sender.seal_signal("offer", OFFER)), OFFER)
            answer = receiver.seal_signal("answer", {"type": "answer", "sdp": "v=0"})
            opened: Any = sender.open_signal("answer", answer)
            self.assertEqual(opened["type"], "answer")
            self.assertIsNone(sender.open_signal("answer", answer))

    def test_both_see_the_same_emoji(self) -> None:
        for python_is_alice in (True, False):
            alice, bob = self.ends(python_is_alice=python_is_alice)
            wires = Wires(alice, bob)
            wires.settle()
            alice.verify()
            wires.settle()
            self.assertEqual(len(alice.seen()["emoji"]), 7)
            self.assertEqual(alice.seen()["emoji"], bob.seen()["emoji"])

    @SCHEDULES
    @given(st.booleans(), st.lists(STEPS, max_size=80))
    @example(True, [("say", True), ("hand_over", True), ("renew", False), ("say", False), ("arrive", True)])
    @example(False, [("say", False), ("hand_over", False), ("reconnect", False), ("renew", True), ("lose", False)])
    def test_whatever_happens_each_message_is_shown_once_and_in_order(
        self, python_is_alice: bool, steps: list[tuple[str, bool]]
    ) -> None:
        alice, bob = self.ends(python_is_alice=python_is_alice)
        wires = Wires(alice, bob)
        for act, second in steps:
            wires.do(act, int(second))
        for who in (0, 1):
            heard = wires.ends[1 - who].seen()["heard"]
            self.assertEqual(heard, wires.said[who][: len(heard)])
        wires.settle()
        for who in (0, 1):
            seen = wires.ends[who].seen()
            self.assertEqual(wires.ends[1 - who].seen()["heard"], wires.said[who])
            self.assertEqual(set(seen["statuses"]), {"delivered"} if wires.said[who] else set())
            self.assertEqual(seen["state"], "secured")

    @settings(SCHEDULES, max_examples=40)
    @given(st.booleans(), st.lists(TALK, max_size=60))
    def test_whatever_is_said_and_lost_both_come_to_the_same(
        self, python_is_alice: bool, steps: list[tuple[str, bool]]
    ) -> None:
        wires = Wires(*self.ends(python_is_alice=python_is_alice))
        for act, second in steps:
            wires.do(act, int(second))
        wires.settle()
        for who in (0, 1):
            self.assertEqual(wires.ends[who].told(True), wires.ends[1 - who].told(False))
