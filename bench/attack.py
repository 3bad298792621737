"""Do those who behave notice those who do not? `python -m bench.attack --help`.

Pairs relay at a low rate, well within their limits, while attackers of one kind after the other are at the server, with calm
between them; all of it in one run, so that what is compared is close in time. Attackers are a process of their own, which runs
when nothing else wants to (SCHED_IDLE), and still takes something of the machine. So they first attack a server of the same
kind next door, where nobody else is: what the others notice of that, no server can help. What an attacker does once is in
soak/nuisances.py; here many of them do it without a pause.

Compared with that, nobody's round trips may take twice as long at p99, and the server's memory may not grow by more than
`GROWTH_MIB`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import uvloop

from bench.clients import Target
from bench.figures import percentile
from bench.load import _tick
from bench.pairs import Pairs
from bench.process import raise_file_limit, resident_kib
from bench.rounds import say
from bench.servers import ROOT
from bench.soak.ledger import Ledger
from bench.soak.nuisances import Nuisance
from bench.soak.servers import KINDS, soaked, unexpected_lines
from tests.support.server import SiteServer

ATTACKERS: Mapping[str, int] = {
    "deaf": 5,
    "half-opener": 10,
    "one more": 3,
    "crowd": 3,
    "slow writer": 50,
    "proofless": 100,
    "babbler": 5,
    "flooder": 5,
    "heavy": 5,
    "shouter": 5,
}
"""How many of each kind. A half-opener opens 20 handshakes, a crowd 55 connections, a flooder sends 600 frames; one more has
the 50 connections of an address, and goes on asking for more."""

PAUSE = (0.2, 0.8)
SLOWER = 2.0
GROWTH_MIB = 64.0
PAIRS = 20
RATE = 150.0
SETTLING_SECONDS = 1.0


class Scene:
    """The surroundings of attackers: one server, and nobody else."""

    def __init__(self, port: int) -> None:
        self.ledger = Ledger(time.monotonic)
        self.closing = asyncio.Event()
        self.closed: asyncio.Future[Any] = asyncio.ensure_future(self.closing.wait())
        self.done: Counter[str] = Counter()
        self.instead: Counter[str] = Counter()
        self._port = port

    def now(self) -> float:
        return time.monotonic()

    def target(self, *, keyed: bool) -> Target:
        return Target(self._port, 0, "keyed" if keyed else "keyless")

    def others(self, name: str) -> Sequence[str]:
        return ()

    def expect(self, condition: bool, otherwise: str) -> None:
        if not condition:
            self.instead[otherwise] += 1

    def count(self, what: str) -> None:
        self.done[what] += 1

    def nuisance(self, kind: str) -> None:
        self.done[kind] += 1

    def recovered(self, name: str, seconds: float) -> None:
        """Nobody here comes back."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.wait([self.closed], timeout=seconds)


async def attack(kind: str, port: int) -> None:
    """The attackers' own process: until its standard input ends. Says what they did."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    scene = Scene(port)
    chances = [random.Random(number) for number in range(ATTACKERS[kind])]  # noqa: S311 - the same each time
    attackers = [
        Nuisance(scene, kind, f"127.5.{number // 200}.{1 + number % 200}", chances[number]).live(PAUSE)
        for number in range(ATTACKERS[kind])
    ]
    lives = [asyncio.ensure_future(attacker) for attacker in attackers]
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    scene.closing.set()
    await asyncio.wait(lives, timeout=5)
    sys.stdout.write(json.dumps({"done": scene.done, "instead": scene.instead}))


@asynccontextmanager
async def attacked(kind: str, port: int, done: Counter[str], instead: Counter[str]) -> AsyncIterator[None]:
    """While attackers are at it; `done` gets what they did, `instead` what came of it that should not have."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.attack", "--as", kind, "--port", str(port)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        await asyncio.sleep(2 * SETTLING_SECONDS)
        yield
    finally:
        answer, _ = await process.communicate(b"")  # which closes its standard input
        said = json.loads(answer or b'{"done": {}, "instead": {"the attackers failed": 1}}')
        done.update(said["done"])
        instead.update(said["instead"])


class Measured:
    """The pairs of one server, and what became of their round trips."""

    def __init__(self, server: SiteServer, pairs: Pairs) -> None:
        self.most_kib = 0
        self._server = server
        self._pairs = pairs

    async def trips(self, seconds: float) -> list[float]:
        """The round trips of so many seconds."""
        for pair in self._pairs.pairs:
            pair.trips.clear()
        self._pairs.time(True)
        for _ in range(max(round(seconds / 0.25), 1)):
            await self._pairs.goes_on(0.25)
            self.most_kib = max(self.most_kib, resident_kib(self._server.pid))
        self._pairs.time(False)
        return list(self._pairs.trips)


async def measure(name: str, kinds: Sequence[str], rounds: int, seconds: float) -> bool:
    """All attacks on one server, in turns with calm; whether nobody was hurt."""
    server, next_door = soaked(name, {}), soaked(name, {})
    attacks = {kind: Attack(kind) for kind in kinds}
    try:
        await asyncio.gather(asyncio.to_thread(server.start), asyncio.to_thread(next_door.start))
        async with Pairs(Target(server.port, server.pid, "keyed"), PAIRS, "calm") as pairs:
            ticking = asyncio.ensure_future(_tick(pairs.pairs, RATE))
            measured = Measured(server, pairs)
            await measured.trips(seconds)
            before = resident_kib(server.pid)
            for turn in range(rounds):
                for kind in kinds:
                    say(f"{name}, round {turn + 1} of {rounds}: {kind}")
                    await attacks[kind].happens(measured, next_door.port, server.port, seconds)
            ticking.cancel()
            await pairs.stop()
        logged = unexpected_lines(server.log)
    finally:
        await asyncio.gather(asyncio.to_thread(server.stop), asyncio.to_thread(next_door.stop))
    for one in attacks.values():
        sys.stdout.write(f"{name:8} {one.line(before)}\n")
    for line in logged[:5]:
        sys.stdout.write(f"{name} logged: {line}\n")
    return not logged and all(one.is_bearable(before) for one in attacks.values())


class Attack:
    """One kind, round by round: the round trips in the calm before it, while it is next door, and while it is here."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._calm: list[list[float]] = []
        self._spared: list[list[float]] = []
        self._hurt: list[list[float]] = []
        self._done: Counter[str] = Counter()
        self._instead: Counter[str] = Counter()
        self._most_kib = 0

    async def happens(self, measured: Measured, next_door: int, port: int, seconds: float) -> None:
        """Once, at either of these ports."""
        self._calm.append(await measured.trips(seconds))
        async with attacked(self._kind, next_door, Counter(), self._instead):
            self._spared.append(await measured.trips(seconds))
        await asyncio.sleep(SETTLING_SECONDS)
        measured.most_kib = 0
        async with attacked(self._kind, port, self._done, self._instead):
            self._hurt.append(await measured.trips(seconds))
        self._most_kib = max(self._most_kib, measured.most_kib)
        await asyncio.sleep(SETTLING_SECONDS)

    def ratio(self, percent: float) -> float:
        """How much it is of what it was next door, the median over the rounds."""
        rounds = zip(self._hurt, self._spared, strict=True)
        return statistics.median(percentile(hurt, percent) / percentile(spared, percent) for hurt, spared in rounds)

    def is_bearable(self, before_kib: int) -> bool:
        return self.ratio(99) <= SLOWER and self._growth(before_kib) <= GROWTH_MIB

    def line(self, before_kib: int) -> str:
        """How it was, in a line of the table: in calm, next door, here, and how much that is of what it was next door."""
        times = ", ".join(
            f"p{percent} {_ms(self._calm, percent)}, {_ms(self._spared, percent)}, {_ms(self._hurt, percent)} ms"
            f" × {self.ratio(percent):.2f}"
            for percent in (50, 99)
        )
        instead = "".join(f"  ({count} × {what})" for what, count in self._instead.most_common(2))
        return f"{self._kind:12} {self._done.total():5} times  {times}  {self._growth(before_kib):+.0f} MiB{instead}"

    def _growth(self, before_kib: int) -> float:
        return (self._most_kib - before_kib) / 1024


def _ms(rounds: Sequence[Sequence[float]], percent: float) -> str:
    return f"{1e3 * statistics.median(percentile(trips, percent) for trips in rounds):.2f}"


async def _all(options: argparse.Namespace) -> int:
    fine = [await measure(name, options.only, options.rounds, options.seconds) for name in options.servers]
    return 0 if all(fine) else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 when somebody was hurt."""
    parser = argparse.ArgumentParser(prog="python -m bench.attack", description="Relay beside attackers.")
    parser.add_argument("--servers", nargs="+", choices=sorted(KINDS), default=sorted(KINDS), help="(all)")
    parser.add_argument("--only", nargs="+", choices=sorted(ATTACKERS), default=list(ATTACKERS), help="which (all)")
    parser.add_argument("--rounds", type=int, default=3, help="(3)")
    parser.add_argument("--seconds", type=float, default=5.0, help="of timing, each time (5)")
    parser.add_argument("--as", dest="kind", choices=sorted(ATTACKERS), help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    raise_file_limit()
    if options.kind:
        uvloop.run(attack(options.kind, options.port))
        return 0
    return uvloop.run(_all(options))


if __name__ == "__main__":
    sys.exit(main())
