"""The load generator, a process of its own: `python -m bench.load PORT PID MODE [CERTIFICATE PROXY-PID]`.

It is driven over its standard input, a line of JSON for each command, and answers each with one line:

    {"do": "relay", "pairs": 50, "window": 4, "seconds": 3}
    {"messages_per_second": 31000.0, "cpu_us": 25.1, ...}   or   {"error": "what went wrong"}

PORT and PID are those of the server under test, MODE how it is spoken to (clients.py), and the others those of a proxy before it. Commands are the methods of `Load`
that stand in `COMMANDS`. All is bounded by its arguments, and ends with standard input.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import uvloop

from .clients import AT_ONCE, Client, Mode, Target, close_all, open_all
from .figures import percentile
from .pairs import Pair, Pairs
from .process import cpu_seconds, raise_file_limit, settled_kib
from .storm import Storm

Result = dict[str, Any]

WARM_UP_SECONDS = 0.3
WARM_UP_CONNECTIONS = 100


class Load:
    """What can be done to one server."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._idle: list[Client] = []
        self._storm: Storm | None = None
        self._runs = 0

    async def relay(self, *, pairs: int, window: int, seconds: float) -> Result:
        """Saturate it: each pair has `window` round trips under way."""
        async with Pairs(self._target, pairs, self._fresh("r")) as all_pairs, _awake():
            for pair in all_pairs.pairs:
                pair.start(window)
            await all_pairs.goes_on(min(WARM_UP_SECONDS, seconds))
            began, cpu, own = time.perf_counter(), cpu_seconds(self._target.pid), time.process_time()
            relayed, proxy = all_pairs.relayed, self._proxy_seconds()
            await all_pairs.goes_on(seconds)
            took, messages = time.perf_counter() - began, all_pairs.relayed - relayed
            cpu, own = cpu_seconds(self._target.pid) - cpu, time.process_time() - own
            proxy = self._proxy_seconds() - proxy
            await all_pairs.stop()
        return {
            "messages_per_second": messages / took,
            "cpu_us": 1e6 * cpu / messages,
            "proxy_us": 1e6 * proxy / messages,
            "server_busy": cpu / took,
            "generator_busy": own / took,
            "messages": messages,
        }

    async def trips(self, *, pairs: int, rate: float, seconds: float) -> Result:
        """Time round trips, `rate` of them a second over all pairs."""
        async with Pairs(self._target, pairs, self._fresh("t")) as all_pairs:
            ticking = [asyncio.ensure_future(_tick(all_pairs.pairs, rate))]
            try:
                await all_pairs.goes_on(min(WARM_UP_SECONDS, seconds))
                all_pairs.time(True)
                await all_pairs.goes_on(seconds)
                all_pairs.time(False)
            finally:
                ticking[0].cancel()
            await all_pairs.stop()
            trips = all_pairs.trips
        return {
            "p50_ms": 1e3 * percentile(trips, 50),
            "p99_ms": 1e3 * percentile(trips, 99),
            "round_trips": len(trips),
        }

    async def connect(self, *, count: int, mode: Mode | None = None) -> Result:
        """Open so many connections, `AT_ONCE` side by side, until each has its name; then close them."""
        target = replace(self._target, mode=mode or self._target.mode)
        called = self._fresh("c")
        clients = [Client(target, f"{called}_{number}") for number in range(count)]
        began, cpu = time.perf_counter(), cpu_seconds(target.pid)
        await open_all(clients, at_once=AT_ONCE)
        took, cpu = time.perf_counter() - began, cpu_seconds(target.pid) - cpu
        await close_all(clients)
        return {"connections_per_second": count / took, "connection_cpu_us": 1e6 * cpu / count, "connections": count}

    async def idle(self, *, count: int) -> Result:
        """Open so many connections and keep them until `idle_no_more`; their memory is what was not there before."""
        await self.connect(count=min(count // 10, WARM_UP_CONNECTIONS))
        before = await settled_kib(self._target.pid)
        called = self._fresh("i")
        clients = [Client(self._target, f"{called}_{number}") for number in range(count)]
        began = time.perf_counter()
        await open_all(clients)
        took = time.perf_counter() - began
        self._idle += clients
        after = await settled_kib(self._target.pid)
        return {"idle_kib": (after - before) / count, "idle": count, "resident_kib": after, "opened_in": took}

    async def idle_no_more(self) -> Result:
        """Close the idle ones; every one of them must still be there."""
        clients, self._idle = self._idle, []
        lost = sum(client.gone.done() for client in clients)
        if lost:
            raise ConnectionError(f"{lost} of {len(clients)} idle connections did not last")
        await close_all(clients)
        return {}

    async def storm(self, *, clients: int) -> Result:
        """Have so many clients online that come back by themselves, from now on."""
        self._storm = Storm(self._target, clients, self._fresh("s"))
        return await self._storm.gather()

    async def storm_passes(self, *, seconds: float, pid: int, cut: bool = False) -> Result:
        """Wait until all are online again, each on a new socket; with `cut` their lines go dead first."""
        if self._storm is None:
            raise ValueError("there is no storm")
        self._target = replace(self._target, pid=pid)
        return await self._storm.passes(seconds, pid, cut=cut)

    async def storm_strikes(self) -> Result:
        """From here `storm_passes` counts its seconds; the server goes now."""
        if self._storm is None:
            raise ValueError("there is no storm")
        self._storm.strikes()
        return {}

    def _proxy_seconds(self) -> float:
        return cpu_seconds(self._target.proxy_pid) if self._target.proxy_pid else 0.0

    def _fresh(self, kind: str) -> str:
        """The beginning of names that no earlier run had."""
        self._runs += 1
        return f"{kind}{self._runs}"


COMMANDS = frozenset({"relay", "trips", "connect", "idle", "idle_no_more", "storm", "storm_strikes", "storm_passes"})


@asynccontextmanager
async def _awake() -> AsyncIterator[None]:
    """Never sleep meanwhile. On loopback, whoever writes to a reader that sleeps pays for waking it, a third of a message's
    cost; and a slower server's reader sleeps more, so a slow server would be made slower by how it is measured."""
    loop = asyncio.get_running_loop()
    spinning = True

    def spin() -> None:
        if spinning:
            loop.call_soon(spin)

    spin()
    try:
        yield
    finally:
        spinning = False


async def _tick(pairs: list[Pair], rate: float) -> None:
    """Let the pairs call in turn, evenly over time; a late tick is made up for at once."""
    loop = asyncio.get_running_loop()
    at, turn = loop.time(), 0
    while True:
        pairs[turn % len(pairs)].call()
        turn += 1
        at += 1 / rate
        if (wait := at - loop.time()) > 0:
            await asyncio.sleep(wait)


async def answer(load: Load, command: Mapping[str, Any]) -> Result:
    """Do one command; what goes wrong is the answer."""
    name, arguments = command["do"], {key: value for key, value in command.items() if key != "do"}
    if name not in COMMANDS:
        return {"error": f"there is no command {name}"}
    try:
        return cast(Result, await getattr(load, name)(**arguments))
    except Exception as error:  # noqa: BLE001 - whoever gave the command reads what it was
        return {"error": "; ".join(sorted(set(_reasons(error))))}


def _reasons(error: BaseException) -> list[str]:
    if isinstance(error, BaseExceptionGroup):
        return [reason for part in error.exceptions for reason in _reasons(part)]
    return [f"{type(error).__name__}: {error}"]


async def main(target: Target) -> None:
    load = Load(target)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        gc.collect()
        gc.freeze()
        sys.stdout.write(json.dumps(await answer(load, json.loads(line))) + "\n")
        sys.stdout.flush()
    os._exit(0)  # what is still open has nobody to close it for


if __name__ == "__main__":
    raise_file_limit()
    port, pid, mode, *proxy = sys.argv[1:]
    certificate, proxy_pid = proxy or ("", "0")
    uvloop.run(main(Target(int(port), int(pid), cast(Mode, mode), certificate, int(proxy_pid))))
