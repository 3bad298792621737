"""The town: servers, the people and nuisances in it, what goes wrong meanwhile, and how it all ends.

`run` starts the servers, lets everybody live for as long as was asked, breaks something every now and then, has all leave,
and looks at what is left. What it found is in the ledger's faults; the rest is for the summary.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.clients import Target
from bench.process import resident_kib
from bench.rounds import say
from tests.support.redis import RedisServer
from tests.support.server import SiteServer

from .faults import Faults
from .ledger import PATIENCE, Ledger
from .nuisances import NUISANCES, Nuisance
from .people import Habits, Person
from .servers import remembered, soaked, unexpected_lines, until
from .window import LEASE_SECONDS

PROGRESS_SECONDS = 5.0
WARM_SECONDS = 15.0
"""After so long, a server has the memory it should have for good."""

AWAY_SECONDS = 30.0
"""How long a fault may keep somebody away."""

GROWTH = 1.25
GROWTH_KIB = 8_192
"""How much larger than when it was warm a server may be in the end, relatively and beside that."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, on what, with whom. `faults` is how many seconds apart; `fault` names one kind to the exclusion of others."""

    seconds: float = 300.0
    server: str = "daphne"
    redis: bool = False
    seed: int = 1
    residents: int = 40
    faults: float = 25.0
    fault: str = ""
    nuisances: bool = True


@dataclass
class Found:
    """What the summary says beside the ledger."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    nuisances: Counter[str] = field(default_factory=Counter)
    people: int = 0
    most_online: int = 0
    slowest: float = 0.0
    warm_kib: dict[int, int] = field(default_factory=dict)
    last_kib: dict[int, int] = field(default_factory=dict)
    most_kib: int = 0


class Town:
    """See the module, and `Surroundings`. `tell` gets a line of progress every few seconds."""

    def __init__(
        self, plan: Plan, *, clock: Callable[[], float] = time.monotonic, tell: Callable[[str], None] = say
    ) -> None:
        self.plan = plan
        self.found = Found()
        self.ledger = Ledger(clock)
        self.closing = asyncio.Event()
        self.closed: asyncio.Future[Any] = asyncio.ensure_future(self.closing.wait())
        self.now = clock
        self._tell = tell
        self._chance = random.Random(plan.seed)  # noqa: S311 - a seed brings it back
        self._names: list[str] = []
        self._servers: list[SiteServer] = []
        self._redis: RedisServer | None = None
        self._born: dict[int, float] = {}

    # What surrounds people

    def target(self, *, keyed: bool) -> Target:
        server = self._chance.choice(self._servers)
        return Target(server.port, 0, "keyed" if keyed else "keyless")

    def others(self, name: str) -> Sequence[str]:
        return [other for other in self._names if other != name]

    def expect(self, condition: bool, otherwise: str) -> None:
        if not condition and not self.ledger.was_trouble():
            self.ledger.wrong(otherwise)

    def count(self, what: str) -> None:
        self.found.counts[what] += 1

    def nuisance(self, kind: str) -> None:
        self.found.nuisances[kind] += 1

    def recovered(self, name: str, seconds: float) -> None:
        self.found.slowest = max(self.found.slowest, seconds)
        if seconds > AWAY_SECONDS:
            self.ledger.wrong(f"{name} was kept away for {seconds:.0f} s")

    async def sleep(self, seconds: float) -> None:
        await asyncio.wait([self.closed], timeout=seconds)

    # The run

    async def run(self) -> None:
        """All of it."""
        with contextlib.ExitStack() as stack:
            self._open(stack)
            lives = [asyncio.ensure_future(life) for life in self._everybody()]
            others = [asyncio.ensure_future(self._progress()), asyncio.ensure_future(self._break_things())]
            await asyncio.wait(lives, timeout=self.plan.seconds, return_when=asyncio.FIRST_EXCEPTION)
            self.closing.set()
            await asyncio.gather(*lives, *others)
            await self._afterwards()

    def _open(self, stack: contextlib.ExitStack) -> None:
        """Start the servers, and Redis first."""
        env = {}
        if self.plan.redis:
            self._redis = stack.enter_context(RedisServer())
            env["REDIS_URL"] = self._redis.url
        for _ in range(2 if self.plan.redis else 1):
            self._servers.append(stack.enter_context(soaked(self.plan.server, env)))

    def _everybody(self) -> list[Any]:
        """The lives of all. Anchors stay and talk to each other for good: nothing of theirs is ever excused."""
        habits: dict[str, Habits] = {}
        for number in range(max(self.plan.residents // 5, 2)):
            habits[f"anchor_{number}"] = Habits(
                stays=(1e9, 1e9), friends=(f"anchor_{number ^ 1}",), declines=0, leaves=0, pause=(0.15, 0.3)
            )
        for number in range(self.plan.residents - len(habits)):
            keyless = number % 4 == 3
            habits[f"{'Old' if keyless else 'New'}_{number}"] = (
                Habits(keyed=False, ways=("close", "reset")) if keyless else Habits()
            )
        self._names = [name for name in habits if not name.startswith("anchor")]
        people = [
            Person(self, name, f"127.1.{number // 200}.{1 + number % 200}", of, self._of_its_own(name))
            for number, (name, of) in enumerate(habits.items())
        ]
        self.found.people = len(people)
        nuisances = [
            Nuisance(self, kind, f"127.2.{number}.1", self._of_its_own(kind)).live()
            for number, kind in enumerate(NUISANCES if self.plan.nuisances else ())
        ]
        return [*(person.live() for person in people), *nuisances]

    def _of_its_own(self, name: str) -> random.Random:
        return random.Random(f"{self.plan.seed} {name}")  # noqa: S311 - a seed brings it back

    async def _break_things(self) -> None:
        """The last fault leaves time to see the town live on."""
        faults = Faults(self.ledger, self._servers, self._redis).kinds()
        kinds = [kind for kind in faults if kind.startswith(self.plan.fault)]
        deck: list[str] = []
        end = self.now() + self.plan.seconds
        while not self.closing.is_set():
            await self.sleep(self.plan.faults * self._chance.uniform(0.8, 1.2))
            if self.now() > end - self.plan.faults / 2:
                return
            deck = deck or self._chance.sample(kinds, len(kinds))
            kind = deck.pop()
            self._tell(f"{kind}")
            began = self.now()
            await faults[kind](self._chance)
            self.found.faults[kind] += 1
            self._tell(f"{kind}: whole again after {self.now() - began:.1f} s")

    async def _progress(self) -> None:
        began, told = self.now(), 0
        while not self.closing.is_set():
            await self.sleep(PROGRESS_SECONDS)
            under_way = self.ledger.settle()
            self._look_at_memory()
            for sentence in self.ledger.faults[told : told + 5]:
                self._tell(f"wrong: {sentence}")
            told = len(self.ledger.faults)
            counts = self.ledger.counts
            online = self.ledger.online
            self.found.most_online = max(self.found.most_online, online)
            self._tell(
                f"{self.now() - began:5.0f} s  {online:3} online  {counts['sent']:6} sent  {counts['came']:6} came  "
                f"{counts['refused']:4} refused  {counts['excused']:4} excused  {under_way:3} under way  "
                f"{len(self.ledger.faults)} wrong  {sum(self.found.last_kib.values()) // 1024} MiB"
            )

    def _look_at_memory(self) -> None:
        """Each process by its number; warm is one that has run for a while."""
        self.found.last_kib.clear()
        for server in self._servers:
            with contextlib.suppress(OSError, RuntimeError):
                kib = self.found.last_kib[server.pid] = resident_kib(server.pid)
                self.found.most_kib = max(self.found.most_kib, kib)
                if self.now() - self._born.setdefault(server.pid, self.now()) >= WARM_SECONDS:
                    self.found.warm_kib.setdefault(server.pid, kib)

    # The end

    async def _afterwards(self) -> None:
        """Everybody has left: nothing may be on its way, remembered, or written in the logs."""
        await self._all_arrives()
        await self._all_is_forgotten()
        self._memory_is_back()
        for server in self._servers:
            for line in unexpected_lines(server.log)[:5]:
                self.ledger.wrong(f"a server's log has: {line}")
        if self._redis is not None:
            lasting = [key for key, seconds in self._redis.lifetimes().items() if seconds < 0]
            if lasting:
                self.ledger.wrong(f"Redis has keys that never expire: {', '.join(sorted(lasting)[:5])}")

    async def _all_arrives(self) -> None:
        await until(lambda: not self.ledger.settle(), PATIENCE)
        self.ledger.settle(patience=0)

    async def _all_is_forgotten(self) -> None:
        """A moment after the last lease."""
        for server in self._servers:
            if not await until(lambda: not remembered(server), LEASE_SECONDS + PATIENCE):  # noqa: B023 - run at once
                left = await asyncio.to_thread(remembered, server)
                what = ", ".join(f"{name} {size}" for name, size in left.items())
                self.ledger.wrong(f"all have left, and the server remembers {what}")

    def _memory_is_back(self) -> None:
        self._look_at_memory()
        for server in self._servers:
            warm, last = self.found.warm_kib.get(server.pid), self.found.last_kib[server.pid]
            if warm is not None and last > GROWTH * warm + GROWTH_KIB:
                self.ledger.wrong(f"a server has {last // 1024} MiB in the end; when it was warm it had {warm // 1024}")
