"""Pairs of people who chat through all that deploy/ sets up. They stay in their chats from one test to the next, as people do."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar, Final
from unittest import SkipTest

from tests.deploy.chain import Chain, Daphne, Process
from tests.deploy.home import Home
from tests.deploy.town import Town
from tests.net.ends import End, until
from tests.net.namespaces import unavailable
from tests.support.pairs import Pair, PairsTestCase, state_of

PATIENCE: Final = 45.0
"""For what takes some seconds on a machine that is not busy."""

TRIES: Final = 5
"""How often somebody comes anew until they are at the process that they are wanted at; nginx sends them to the emptier one."""

KINDS: Final[Mapping[str, str]] = {
    "cc": "Chromium → Chromium",
    "fc": "Firefox → Chromium",
    "fp": "Firefox → Python",
    "cp": "Chromium → Python",
}
"""Who calls whom."""


class ChainTestCase(PairsTestCase):
    """A town with the chain in it, and its people. Skipped, with the reason, where there are no namespaces."""

    patience = PATIENCE
    relay_only: ClassVar[bool] = False
    server_class: ClassVar[type[Process]] = Daphne

    town: ClassVar[Town]
    chain: ClassVar[Chain]
    home: ClassVar[Home]
    numbers: ClassVar[itertools.count[int]] = itertools.count(1)

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        if reason := unavailable():
            raise SkipTest(reason)
        cls.town = cls.enterClassContext(Town())
        cls.chain = cls.enterClassContext(Chain(cls.town, cls.server_class))
        cls.home = cls.enterClassContext(Home(cls.town, cls.chain))

    def arrive(self, kind: str) -> End:
        """Somebody new comes online."""
        end = self.home.arrive(kind, f"{kind}_{next(self.numbers)}", relay_only=self.relay_only)
        self.online([end])
        return end

    def online(self, ends: Iterable[End]) -> None:
        """Wait until all these are."""
        self.until(lambda: [end for end in ends if end.look().server != "online"], "is not online")

    def pair(self, kind: str) -> Pair:
        """Two who are in a chat, each at another process."""
        pair = Pair(kind, KINDS[kind])
        called, there = self.arrive_somewhere(kind[1])
        caller, here = self.arrive_somewhere(kind[0])
        for _ in range(TRIES):
            if here != there:
                break
            caller.close()
            caller, here = self.arrive_somewhere(kind[0])
        self.assertNotEqual(here, there, "nginx sends everybody to one process")
        pair.ends = caller, called
        pair.begin()
        self.come_together([pair])
        return pair

    def arrive_somewhere(self, kind: str) -> tuple[End, int]:
        """Somebody new, and at which process they are."""
        before = self.chain.people()
        end = self.arrive(kind)
        more = [now - then for now, then in zip(self.chain.people(), before, strict=True)]
        return end, more.index(max(more))

    def come_together(self, pairs: Sequence[Pair]) -> None:
        """Of each pair, the one calls and the other answers, and calls again where the first call failed, as people do: relays may
        be slow to answer, and while Redis gathers who is there everybody is asked to wait."""

        def secured(pair: Pair) -> bool:
            if pair.caller.look().chat in ("idle", "ended", "failed"):
                pair.caller.dial(pair.called.name)
            if pair.called.look().chat == "ringing":
                pair.called.accept()
            return pair.secured

        self.all_of(pairs, secured)

    def talk_and_arrive(self, pairs: Sequence[Pair], count: int = 2) -> None:
        """Everybody says something, and it arrives, once and in order, and who said it knows."""
        for pair in pairs:
            pair.talk(count)
        if not until(lambda: all(pair.arrived for pair in pairs), PATIENCE):
            self.fail("\n".join(f"{pair}: {problem}" for pair in pairs if (problem := pair.problem())))

    def until(self, wrong: Callable[[], Sequence[End]], what: str) -> None:
        """Wait until nobody is wrong; say who was."""
        if not until(lambda: not wrong(), PATIENCE):
            self.fail("; ".join(f"{end.name} {what}: {state_of(end)}" for end in wrong()))
