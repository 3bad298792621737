"""What the store in Redis costs: `python -m bench.store`, about a minute, with a redis-server of its own.

- `touch`, the store's part in every relayed message, by one process with some callers at once: how many a second, and the
  CPU time that one takes in the process and in Redis. With gathering, and without it.
- The same from redis-benchmark, which costs next to nothing itself: what one Redis, which is one core, can carry.
- The memory of a connected name and of a session, by how much Redis grows with many of them.

CPU time says more than calls a second where Redis, the callers and others share the cores.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Awaitable, Callable

import msgspec
import uvloop

from signaling.sessions import redis as store_module
from signaling.sessions.base import PLACE_SECONDS
from signaling.sessions.redis import RedisStore
from tests.support.redis import RedisServer

TTL = 600.0
PLACE = f"specific.{uuid.uuid4().hex}!"
NAMES = 20_000
CALLS = 30_000
SECONDS = 60.0

Row = tuple[str, float, float, float]


def main() -> None:
    """Measure and print."""
    with RedisServer() as server:
        uvloop.run(measure(server))


async def measure(server: RedisServer) -> None:
    """All figures, on one store that is filled first."""
    store = RedisStore(server.url, ttl=TTL, patience=SECONDS)
    beating = asyncio.create_task(beat(store))
    say(f"a connected name   {await grown(server, NAMES, lambda i: claim(store, i)):7.0f} bytes")
    say(f"a session          {await grown(server, NAMES // 2, lambda i: connect(store, i)):7.0f} bytes")
    say(f"\n{'touch':<34}{'a second':>10}{'µs of the process':>20}{'µs of Redis':>14}")
    gathered = store_module.BATCH
    for batch, title in ((1, "one by one"), (gathered, "gathered")):
        store_module.BATCH = batch
        for callers in (1, 64, 512):
            row(
                f"{title}, {callers} at once",
                *await touched(server, store, callers, CALLS if batch > 1 else CALLS // 5),
            )
    beating.cancel()
    await store.aclose()
    for batch in (1, 15):  # it sends no NUL, which the packed length of a longer list holds
        row(f"redis-benchmark, {batch} in a run", *benchmarked(server, batch, CALLS * batch))


def say(line: str) -> None:
    """One line to stdout, now."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def row(title: str, rate: float, process: float, redis: float) -> None:
    """A line of the table. What a process did not cost is left out."""
    say(f"{title:<34}{rate:>10,.0f}{f'{process:.1f}' if process else '':>20}{redis:>14.1f}")


async def beat(store: RedisStore) -> None:
    """Say that the place lives, as every process does."""
    while True:
        await store.beat(PLACE)
        await asyncio.sleep(PLACE_SECONDS / 4)


async def claim(store: RedisStore, number: int) -> None:
    """A name of ten characters, with a key, as most have."""
    await store.claim(f"Name{number:06}", connection(number), uuid.uuid4().hex * 2, PLACE)


async def connect(store: RedisStore, number: int) -> None:
    """A session of two names, which nobody else is in."""
    caller = 2 * number
    await store.connect(session_id(number), f"Name{caller:06}", connection(caller), f"Name{caller + 1:06}")


def touching(number: int) -> tuple[str, str, str, str]:
    """What `touch` is asked for a pair."""
    number %= NAMES // 2
    sender = 2 * number
    return f"Name{sender:06}", connection(sender), f"Name{sender + 1:06}", session_id(number)


def connection(number: int) -> str:
    return str(uuid.UUID(int=number + (1 << 101)))


def session_id(number: int) -> str:
    return str(uuid.UUID(int=number + (1 << 100)))


async def grown(server: RedisServer, count: int, one: Callable[[int], Awaitable[None]]) -> float:
    """By how many bytes Redis grows with each of so many."""
    before = server.ask("INFO", "memory")["used_memory"]
    for start in range(0, count, 500):
        await asyncio.gather(*(one(number) for number in range(start, min(count, start + 500))))
    return float(server.ask("INFO", "memory")["used_memory"] - before) / count


async def touched(server: RedisServer, store: RedisStore, callers: int, count: int) -> tuple[float, float, float]:
    """Touches a second, and the microseconds of this process and of Redis for each."""

    async def caller(first: int) -> None:
        for number in range(first, count, callers):
            await store.touch(*touching(number))

    redis, process, started = used(server), time.process_time(), time.perf_counter()
    await asyncio.gather(*(caller(first) for first in range(callers)))
    took, process = time.perf_counter() - started, time.process_time() - process
    return count / took, process / count * 1e6, (used(server) - redis) / count * 1e6


def benchmarked(server: RedisServer, batch: int, count: int) -> tuple[float, float, float]:
    """The same for 16 connections of redis-benchmark, each of which asks for so many touches in a run of the script."""
    script = server.ask("SCRIPT", "LOAD", store_module._source(TTL)).decode()
    packed = msgspec.msgpack.encode(
        (None, "bench", 1, False, [("touch", *touching(number * 97)) for number in range(batch)])
    )
    socket = server.url.removeprefix("unix://")
    command = ["redis-benchmark", "-s", socket, "-c", "16", "-n", str(count // batch), "-x", "EVALSHA", script, "0"]
    redis = used(server)
    done = subprocess.run(  # noqa: S603 - all of it is from here
        command, input=packed, capture_output=True, check=False, timeout=SECONDS
    )
    found = re.search(rb"throughput summary: ([\d.]+)", done.stdout)
    if found is None:
        raise RuntimeError(f"redis-benchmark said: {done.stdout[-500:] + done.stderr[-500:]!r}")
    return float(found[1]) * batch, 0.0, (used(server) - redis) / count * 1e6


def used(server: RedisServer) -> float:
    """The seconds of CPU that Redis has used."""
    cpu = server.ask("INFO", "cpu")
    return float(cpu["used_cpu_user"]) + float(cpu["used_cpu_sys"])


if __name__ == "__main__":
    main()
