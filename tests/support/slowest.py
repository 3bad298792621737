"""Where the time of a run goes: what each test took by the clock, and of the processors, with all that it had working for it.

    manage.py test tests.test_hub --slowest 30

What a class makes for all of its tests is a line of its own, named after the class. Processor time tells what a test computed
however busy the machine was; where the clock says much more, the test waited, or others were in its way.
"""

from __future__ import annotations

import itertools
import os
import time
import unittest
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.limited import LimitedResult

TICKS = os.sysconf("SC_CLK_TCK")
"""So many are a second of a processor."""


class Cost(NamedTuple):
    """Seconds by the clock, and of the processors."""

    wall: float
    cpu: float


def spent(root: int) -> Cost:
    """Until now, by a process and all below it, with those that have ended and been waited for."""
    ticks: dict[int, int] = {}
    children: dict[int, list[int]] = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        pid = int(stat.parent.name)
        children[int(fields[1])].append(pid)
        ticks[pid] = sum(map(int, fields[11:15]))
    total, below = 0, [root]
    while below:
        pid = below.pop()
        total += ticks.get(pid, 0)
        below += children[pid]
    return Cost(time.monotonic(), total / TICKS)


class TimedResult(LimitedResult):
    """Notes what each test cost."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.costs: dict[tuple[str, str], Cost] = {}
        """By module, and the name of class and test in it."""
        self._since = spent(os.getpid())

    def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802 - unittest's own name
        if (type(test).__module__, type(test).__qualname__) not in self.costs:
            self._note(type(test).__module__, type(test).__qualname__)
        super().startTest(test)

    def stopTest(self, test: unittest.TestCase) -> None:  # noqa: N802 - unittest's own name
        super().stopTest(test)
        self._note(type(test).__module__, f"{type(test).__qualname__}.{test._testMethodName}")

    def _note(self, module: str, name: str) -> None:
        now = spent(os.getpid())
        self.costs[module, name] = Cost(now.wall - self._since.wall, max(0.0, now.cpu - self._since.cpu))
        self._since = now


def report(costs: Mapping[tuple[str, str], Cost], lines: int) -> str:
    """The slowest modules and the slowest tests, so many of each, and all of them together."""
    modules: dict[str, list[Cost]] = defaultdict(list)
    for (module, _), cost in costs.items():
        modules[module].append(cost)
    sums = {module: added(of) for module, of in modules.items()}
    named = {f"{module}.{name}": cost for (module, name), cost in costs.items()}
    parts = (
        ["  clock processors"],
        table(sums, lines),
        [""],
        table(named, lines),
        [""],
        table({"all": added(costs.values())}, 1),
    )
    return "\n".join(itertools.chain(*parts))


def added(costs: Iterable[Cost]) -> Cost:
    """Their sum."""
    walls, cpus = zip((0.0, 0.0), *costs, strict=True)
    return Cost(sum(walls), sum(cpus))


def table(costs: Mapping[str, Cost], lines: int) -> list[str]:
    """The slowest first."""
    slowest = sorted(costs.items(), key=lambda item: -item[1].wall)[:lines]
    return [f"{cost.wall:7.2f} {cost.cpu:10.2f}  {name}" for name, cost in slowest]
