"""People who chat, and people who are merely online, while something of the chain breaks.

A chat does not run through any of it, so whatever happens there it stands. Everybody comes back by themselves, and can be
called again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from tests.deploy.case import PATIENCE, ChainTestCase
from tests.deploy.home import Page
from tests.deploy.town import HOME, HOME6
from tests.net.ends import End, until
from tests.support.pairs import Pair


class FaultsCase(ChainTestCase):
    """A pair of each of `kinds` who chat, and two who are online and do not."""

    kinds: ClassVar[Sequence[str]]

    pairs: ClassVar[list[Pair]]
    idle: ClassVar[Pair]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.pairs = []

    def setUp(self) -> None:
        super().setUp()
        self.chain.mend()
        if not all(pair.secured for pair in self.pairs):  # a test before this one has failed
            for pair in (*self.pairs, self.idle):
                pair.close()
            self.pairs.clear()
        if not self.pairs:
            self.pairs.extend(self.pair(kind) for kind in self.kinds)
            type(self).idle = Pair("cp", "two who were idle")
            self.idle.ends = self.arrive("c"), self.arrive("p")
        for pair in (*self.pairs, self.idle):
            pair.begin()
        self.closes()

    @property
    def ends(self) -> list[End]:
        """Everybody."""
        return [end for pair in (*self.pairs, self.idle) for end in pair.both]

    def closes(self) -> dict[str, list[int]]:
        """Of each page, with which codes its sockets were closed in this test."""
        return {end.name: end.closes for end in self.ends if isinstance(end, Page)}

    def suffer(self, fault: Callable[[], None]) -> None:
        """Let it happen while people write to each other; nothing of it is lost, and no chat was interrupted."""
        self.talk_and_arrive(self.pairs, 1)
        for pair in self.pairs:
            pair.talk(1)
        fault()
        self.talk_and_arrive(self.pairs, 1)
        for pair in self.pairs:
            self.assertEqual(pair.course(), "stayed secured", str(pair))

    def everybody_is_back(self) -> None:
        """All are online, the idle ones can call each other, and no log has a word about anybody."""
        self.online(self.ends)
        self.until(lambda: [] if sum(self.chain.people()) == len(self.ends) else self.ends, "is counted nowhere")
        self.come_together([self.idle])
        self.talk_and_arrive([self.idle], 1)
        self.idle.caller.leave()
        until(lambda: self.idle.over, PATIENCE)
        self.talk_and_arrive(self.pairs, 1)
        self.assert_nobody_is_in_a_log()

    def assert_nobody_is_in_a_log(self) -> None:
        """nginx is silent whatever happens, and what lowkey writes of faults of others names nobody."""
        self.assertEqual(self.chain.nginx.log, "")
        said = "".join(server.log for server in self.chain.servers)
        for word in (*(end.name for end in self.ends), HOME, HOME6, "Traceback"):
            self.assertNotIn(word, said)

    def process_is_killed(self) -> None:
        """One of them is gone at once, and is back when everybody has come to the other."""
        lost, kept = self.chain.servers
        self.assertGreater(lost.people, 0)

        def kill() -> None:
            lost.kill()
            self.until(lambda: [] if kept.people == len(self.ends) else self.ends, "has not come to the other process")

        self.suffer(kill)
        self.everybody_is_back()
        lost.start()
        self.everybody_is_back()

    def processes_are_upgraded(self) -> None:
        """One after the other is told to stop, and another takes its place; whoever was at it hears 1001."""

        def upgrade() -> None:
            for server in self.chain.servers:
                server.stop()
                self.assertEqual(server.exit_code, 0)
                server.start()

        self.suffer(upgrade)
        self.online(self.ends)
        for name, codes in self.closes().items():
            self.assertEqual(set(codes), {1001}, name)
        self.everybody_is_back()
