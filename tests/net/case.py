"""Pairs of people on a `Lan` who chat, each way that Chromium and the Python peer can call one another.

They stay in their chats from one test to the next, as people do; a pair that a test left without one opens theirs anew. A test
does something to all callers at once, and looks at each pair by itself, in a subtest.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, Final
from unittest import SkipTest

from tests.net.ends import Chromium, End, PythonEnd, until
from tests.net.lan import Home, Lan, one_router
from tests.net.namespaces import unavailable
from tests.net.servers import Site
from tests.support.contexts import shared_playwright
from tests.support.pairs import PAIRS, Pair, PairsTestCase

PATIENCE: Final = 20.0
"""For what takes a second or two on a machine that is not busy."""


class NetTestCase(PairsTestCase):
    """The pairs of `kinds` in the homes of `settle`, and a server. Skipped, with the reason, where there are no namespaces."""

    kinds: ClassVar[Sequence[str]] = tuple(PAIRS)
    slow_callers: ClassVar[bool] = False
    patience = PATIENCE

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

    def _arrive(self, pair: Pair, which: int) -> End:
        host, name = pair.hosts[which], f"{pair.hosts[which]}_{next(pair.numbers)}"
        if pair.kind[which] == "p":
            return PythonEnd(self.lan.host(host), name, self.site.url)
        return self.browsers[host].page(name, self.site.url)

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
