"""Faults that pairs of people suffer, and what was measured, as a table for docs/resilience.md. It is printed when the process
ends."""

from __future__ import annotations

import atexit
import sys
import time
from collections.abc import Callable
from typing import Final

from tests.net.case import PATIENCE, NetTestCase
from tests.support.pairs import PAIRS

BACK_SECONDS: Final = 45.0
"""How long a chat may take to come back. What it takes stands in the table; this only ends the waiting."""

_rows: Final[dict[str, dict[str, str]]] = {}


def note(fault: str, pair: str, cell: str) -> None:
    """A cell of the table: what became of this pair under this fault."""
    if not _rows:
        atexit.register(lambda: print(table(), file=sys.stderr))
    _rows.setdefault(fault, {})[pair] = cell


def table() -> str:
    """All of it, in Markdown."""
    columns = list(PAIRS.values())
    lines = [["fault", *columns], ["---"] * (len(columns) + 1)]
    lines += [[fault, *(cells.get(column, "") for column in columns)] for fault, cells in _rows.items()]
    return "\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


class FaultsCase(NetTestCase):
    """Something happens to all pairs, and nothing of what they write may be lost."""

    def suffer(self, fault: str, begin: Callable[[], None], seconds: float, end: Callable[[], None]) -> None:
        """Let it happen for so long while people go on writing, and judge what became of it."""
        for pair in self.pairs:
            pair.talk(1)
        self.wait_for(lambda pair: pair.arrived, PATIENCE)
        for pair in self.pairs:
            pair.began = time.time()
        begin()
        half = seconds / 2
        for _ in range(2):
            for pair in self.pairs:
                pair.talk(2)
            self.sleep(half)
        end()
        for pair in self.pairs:
            pair.back = time.time()
        self.wait_for(lambda pair: pair.secured and pair.arrived, BACK_SECONDS)
        self.judge(fault)
        self.all_of(self.pairs, lambda pair: all(end.look().server == "online" for end in pair.both), BACK_SECONDS)

    def judge(self, fault: str) -> None:
        """Nothing is lost, of any pair; what it took goes into the table."""
        for pair in self.pairs:
            with self.subTest(str(pair)):
                problem = pair.problem()
                note(fault, str(pair), problem or pair.course())
                self.assertEqual(problem, "")
                self.assertTrue(pair.secured)
