"""Pairs of people on a `Lan` who chat, each way that Chromium and the Python peer can call one another.

They stay in their chats from one test to the next, as people do; a pair that a test left without one opens theirs anew. A test
does something to all callers at once, and looks at each pair by itself, in a subtest.
"""

from __future__ import annotations

import itertools
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, Final
from unittest import SkipTest

from django.test import SimpleTestCase

from tests.net.ends import Chromium, End, PythonEnd, until
from tests.net.lan import Home, Lan, one_router
from tests.net.namespaces import unavailable
from tests.net.servers import Site
from tests.support.contexts import shared_playwright

PAIRS: Final = {
    "cc": "Chromium → Chromium",
    "cp": "Chromium → Python",
    "pc": "Python → Chromium",
    "pp": "Python → Python",
}
"""Who calls whom."""

PATIENCE: Final = 20.0
"""For what takes a second or two on a machine that is not busy."""

_SAID = re.compile(r"\[\w+ \d+\]")


class Pair:
    """Two people, and what they said to each other since `begin`. They stand on the hosts `<kind>_a` and `<kind>_b`."""

    numbers = itertools.count(1)

    def __init__(self, kind: str, label: str = "") -> None:
        self.kind = kind
        self.label = label or PAIRS[kind]
        self.hosts = f"{kind}_a", f"{kind}_b"
        self.ends: tuple[End, End] | None = None
        self.begin()

    def __str__(self) -> str:
        return self.label

    @property
    def caller(self) -> End:
        assert self.ends is not None, "they are not there yet"
        return self.ends[0]

    @property
    def called(self) -> End:
        assert self.ends is not None, "they are not there yet"
        return self.ends[1]

    @property
    def both(self) -> tuple[End, End]:
        return self.caller, self.called

    @property
    def secured(self) -> bool:
        """Whether both say so."""
        return self.ends is not None and all(end.look().chat == "secured" for end in self.ends)

    @property
    def over(self) -> bool:
        """Whether the chat of either is."""
        return any(end.look().chat in ("ended", "failed", "idle") for end in self.both)

    def begin(self) -> None:
        """From here on it counts what is said."""
        self.began = self.back = time.time()
        """When the fault that they suffer began, and when it was over."""
        self.said: dict[str, list[str]] = {host: [] for host in self.hosts}
        self.unsaid: list[str] = []

    def talk(self, count: int) -> None:
        """Both say so much, by turns."""
        for _ in range(count):
            for end in self.both:
                self.say(end)

    def say(self, end: End) -> None:
        """One of the two says something."""
        host = self.hosts[end is self.called]
        text = f"[{host} {next(self.numbers)}]"
        self.said[host].append(text)
        if not end.say(text):
            self.unsaid.append(f"{end.name} could not write in a chat that was {end.look().chat}")

    def heard(self, end: End) -> list[str]:
        """What the other one said since `begin`, as it came to `end`."""
        others = self.said[self.hosts[end is self.caller]]
        heard = [text for _, arrived in end.look().arrived for text in _SAID.findall(arrived)]
        return [text for text in heard if others and _number(text) >= _number(others[0])]

    @property
    def arrived(self) -> bool:
        """Whether each has all that the other said, once and in order, and knows of it."""
        return self.problem() == ""

    def problem(self) -> str:
        """What is not so, in words."""
        if self.unsaid:
            return f"{self.unsaid[0]}; {state_of(self.caller)}"
        for end, other in (self.both, self.both[::-1]):
            said, heard = self.said[self.hosts[other is self.called]], self.heard(end)
            if said != heard:
                missing, twice = len(set(said) - set(heard)), len(heard) - len(set(heard))
                order = "" if sorted(heard, key=_number) == heard else ", out of order"
                return f"{end.name} lacks {missing} of {len(said)}, has {twice} twice{order}; {state_of(end)}"
            waiting = [
                status for mine, _, status in end.look().messages if mine and status not in ("delivered", "read")
            ]
            if waiting:
                return f"{end.name} has {len(waiting)} {waiting[0]}; {state_of(end)}"
        return ""

    @property
    def connecting_seconds(self) -> float:
        """From the answer until both were secured for the first time."""
        states = [{state: at for at, state in reversed(end.look().states)} for end in self.both]
        return max(first["secured"] for first in states) - states[1]["connecting"]

    def course(self) -> str:
        """How the fault went, by what they said of themselves."""
        states = [(at, state) for end in self.both for at, state in end.look().states if at >= self.began]
        secured = [at for at, state in states if state == "secured"]
        if not secured:
            return "stayed secured"
        noticed = min((at for at, state in states if state != "secured"), default=self.began) - self.began
        return f"noticed after {noticed:.1f} s, secured {max(0.0, max(secured) - self.back):.1f} s after the end"

    def close(self) -> None:
        """Both are gone, without a word."""
        for end in self.ends or ():
            end.close()
        self.ends = None


def _number(text: str) -> int:
    return int(text.strip("[]").split()[1])


def state_of(end: End) -> str:
    seen = end.look()
    return f"its chat is {seen.chat} ({' '.join(seen.sentence.split())}), its server {seen.server}"


class NetTestCase(SimpleTestCase):
    """The pairs of `kinds` in the homes of `settle`, and a server. Skipped, with the reason, where there are no namespaces."""

    kinds: ClassVar[Sequence[str]] = tuple(PAIRS)
    slow_callers: ClassVar[bool] = False

    lan: ClassVar[Lan]
    site: ClassVar[Site]
    pairs: ClassVar[list[Pair]]
    browsers: ClassVar[dict[str, Chromium]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        if reason := unavailable():
            raise SkipTest(reason)
        cls.pairs = [Pair(kind) for kind in cls.kinds]
        callers, called = zip(*(pair.hosts for pair in cls.pairs), strict=True)
        cls.lan = cls.enterClassContext(Lan(cls.homes(callers, called), slow=callers if cls.slow_callers else ()))
        cls.site = cls.enterClassContext(cls.serve())
        playwright = cls.enterClassContext(shared_playwright())
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="lowkey-net-")))
        pages = [host for pair in cls.pairs for host, kind in zip(pair.hosts, pair.kind, strict=True) if kind == "c"]
        cls.browsers = {host: Chromium(playwright, cls.lan.host(host), folder) for host in pages}
        for browser in cls.browsers.values():
            cls.addClassCleanup(browser.browser.close)
        for pair in cls.pairs:
            cls.addClassCleanup(pair.close)

    @classmethod
    def homes(cls, callers: Sequence[str], called: Sequence[str]) -> list[Home]:
        """Where they live."""
        return one_router(*callers, *called)

    @classmethod
    def serve(cls) -> Site:
        """The site's server."""
        return Site(cls.lan)

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self.lan.mend)
        self.meet()
        for pair in self.pairs:
            pair.begin()

    @property
    def callers(self) -> list[str]:
        """Their hosts."""
        return [pair.hosts[0] for pair in self.pairs]

    def meet(self) -> None:
        """Whoever is in no chat opens one."""
        apart = [pair for pair in self.pairs if not pair.secured]
        self.arrive(apart)
        self.call(apart)
        self.all_of(apart, lambda pair: pair.secured)

    def arrive(self, pairs: Sequence[Pair]) -> None:
        """They are online, as nobody has seen them before."""
        for pair in pairs:
            pair.close()
            pair.ends = self._arrive(pair, 0), self._arrive(pair, 1)
        self.all_of(pairs, lambda pair: all(end.look().server == "online" for end in pair.both))

    def call(self, pairs: Sequence[Pair]) -> None:
        """Of each pair, the one calls and the other answers."""
        for pair in pairs:
            pair.caller.dial(pair.called.name)
        self.all_of(pairs, lambda pair: pair.called.look().chat == "ringing")
        for pair in pairs:
            pair.called.accept()

    def _arrive(self, pair: Pair, which: int) -> End:
        host, name = pair.hosts[which], f"{pair.hosts[which]}_{next(pair.numbers)}"
        if pair.kind[which] == "p":
            return PythonEnd(self.lan.host(host), name, self.site.url)
        return self.browsers[host].page(name, self.site.url)

    def all_of(self, pairs: Sequence[Pair], true: Callable[[Pair], bool], seconds: float = PATIENCE) -> None:
        """Wait until it is true of all these pairs; say of which it was not."""
        if not until(lambda: all(true(pair) for pair in pairs), seconds):
            late = [f"{pair}: {state_of(pair.caller)}; {state_of(pair.called)}" for pair in pairs if not true(pair)]
            self.fail("\n".join(late))

    def wait_for(self, true: Callable[[Pair], bool], seconds: float) -> None:
        """Wait until it is true of all pairs, but for those whose chat is over, and no longer than so."""
        until(lambda: all(pair.over or true(pair) for pair in self.pairs), seconds)

    def sleep(self, seconds: float) -> None:
        """Let time pass, in which the pages go on."""
        until(lambda: False, seconds)

    def talk_and_arrive(self, count: int = 3) -> None:
        """Everybody says something, and it arrives."""
        for pair in self.pairs:
            pair.talk(count)
        self.wait_for(lambda pair: pair.arrived, PATIENCE)
        for pair in self.pairs:
            with self.subTest(str(pair)):
                self.assertEqual(pair.problem(), "")
