"""Several processes behind one Redis: what a message costs within one of them, and across.

`alone` is one process without Redis, `within` is pairs whose two ends are at the same process, `across` pairs whose ends are
at different ones. All processes, Redis and the generator share this machine's cores, so messages a second stop growing
where the cores are full; CPU time a message says what a machine with more of them would do.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import uvloop

from tests.support.redis import RedisServer

from .clients import Client, Target, close_all, open_all
from .figures import percentile, summary
from .pairs import Pair
from .process import cpu_seconds
from .rounds import say
from .servers import Server, Subject

SENTENCE = "several processes behind one Redis: within one, and across"

WARM_UP_SECONDS = 0.5
COLUMNS = (
    ("messages/s", "messages_per_second", "{:,.0f}"),
    ("processes' CPU µs a message", "cpu_us", "{:.0f}"),
    ("Redis's", "redis_us", "{:.0f}"),
    ("round trip p50 ms", "p50_ms", "{:.2f}"),
    ("p99 ms", "p99_ms", "{:.2f}"),
)


@dataclass(frozen=True, slots=True)
class Layout:
    """So many processes, and where the two ends of each pair are."""

    processes: int
    where: str

    @property
    def name(self) -> str:
        return f"{self.processes} {'process' if self.processes == 1 else 'processes'}, {self.where}"

    def ends(self, pair: int) -> tuple[int, int]:
        """The processes of the caller and the called one of a pair."""
        here = pair % self.processes
        return here, (here + 1) % self.processes if self.where == "across" else here


LAYOUTS = (
    Layout(1, "alone"),
    Layout(1, "within"),
    Layout(2, "within"),
    Layout(2, "across"),
    Layout(4, "within"),
    Layout(4, "across"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=run)
    parser.add_argument("--server", default="daphne", help="daphne or uvicorn (daphne)")
    parser.add_argument("--rounds", type=int, default=3, help="(3)")
    parser.add_argument("--pairs", type=int, default=64, help="(64)")
    parser.add_argument("--seconds", type=float, default=3.0, help="(3)")
    parser.add_argument("--rate", type=float, default=100.0, help="round trips a second while they are timed (100)")


def run(options: argparse.Namespace) -> tuple[dict[str, Any], str, bool]:
    """The figures by layout, and a table."""
    samples: dict[str, list[dict[str, float]]] = {layout.name: [] for layout in LAYOUTS}
    for number in range(options.rounds):
        for layout in LAYOUTS if number % 2 == 0 else reversed(LAYOUTS):
            say(f"round {number + 1} of {options.rounds}: {layout.name}")
            samples[layout.name].append(uvloop.run(_measure(layout, options)))
    return {"cluster": samples, "server": options.server}, _table(options.server, samples), True


async def _measure(layout: Layout, options: argparse.Namespace) -> dict[str, float]:
    with _running(layout, options.server) as (targets, redis_pid):
        clients, pairs, fault = await _met(layout, targets, options.pairs)
        try:
            return await _saturated(pairs, targets, redis_pid, options.seconds, fault) | await _timed(
                pairs, options.rate, options.seconds, fault
            )
        finally:
            await close_all(clients)


@contextmanager
def _running(layout: Layout, server: str) -> Iterator[tuple[list[Target], int | None]]:
    with ExitStack() as stack:
        redis = None if layout.where == "alone" else stack.enter_context(RedisServer())
        env = {"REDIS_URL": redis.url} if redis else {}
        servers = [stack.enter_context(Server(Subject("lowkey", server), env)) for _ in range(layout.processes)]
        yield [Target(one.port, one.pid, "keyed") for one in servers], redis.pid if redis else None


async def _met(
    layout: Layout, targets: Sequence[Target], count: int
) -> tuple[list[Client], list[Pair], asyncio.Future[None]]:
    fault: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    pairs, clients = [], []
    for number in range(count):
        here, there = layout.ends(number)
        caller, called = Client(targets[here], f"a_{number}"), Client(targets[there], f"b_{number}")
        clients += [caller, called]
        pairs.append(Pair(caller, called, fault))
    await open_all(clients)
    for pair in pairs:
        await pair.meet()
    return clients, pairs, fault


async def _saturated(
    pairs: Sequence[Pair], targets: Sequence[Target], redis_pid: int | None, seconds: float, fault: asyncio.Future[None]
) -> dict[str, float]:
    """Each pair always has one round trip under way."""

    def reading() -> tuple[float, float, float, int]:
        cpu = sum(cpu_seconds(target.pid) for target in targets)
        redis = cpu_seconds(redis_pid) if redis_pid else 0.0
        return time.perf_counter(), cpu, redis, sum(pair.relayed for pair in pairs)

    for pair in pairs:
        pair.start(1)
    await _goes_on(WARM_UP_SECONDS, fault)
    before = reading()
    await _goes_on(seconds, fault)
    took, cpu, redis, messages = (after - first for after, first in zip(reading(), before, strict=True))
    await asyncio.gather(*(pair.stop() for pair in pairs))
    return {
        "messages_per_second": messages / took,
        "cpu_us": 1e6 * cpu / messages,
        "redis_us": 1e6 * redis / messages,
    }


async def _timed(pairs: Sequence[Pair], rate: float, seconds: float, fault: asyncio.Future[None]) -> dict[str, float]:
    """So many round trips a second, over all pairs in turn."""
    for pair in pairs:
        pair.timed = True
    for number in range(round(rate * seconds)):
        pairs[number % len(pairs)].call()
        await _goes_on(1 / rate, fault)
    await asyncio.gather(*(pair.stop() for pair in pairs))
    trips = [trip for pair in pairs for trip in pair.trips]
    return {"p50_ms": 1e3 * percentile(trips, 50), "p99_ms": 1e3 * percentile(trips, 99)}


async def _goes_on(seconds: float, fault: asyncio.Future[None]) -> None:
    """Let it go on for so long. Raises the first fault at once."""
    await asyncio.wait([fault], timeout=seconds)
    if fault.done():
        fault.result()


def _table(server: str, samples: dict[str, list[dict[str, float]]]) -> str:
    """Medians over the rounds."""
    heads = [f"lowkey@{server}", *(head for head, _, _ in COLUMNS)]
    rows = [[name, *(_median(of, key, form) for _, key, form in COLUMNS)] for name, of in samples.items()]
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    rule = ["-" * width for width in widths]
    return "\n".join(
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [heads, rule, *rows]
    )


def _median(samples: Sequence[dict[str, float]], key: str, form: str) -> str:
    of = summary(sample[key] for sample in samples)
    return form.format(of.median) if of else ""
