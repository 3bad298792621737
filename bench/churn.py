"""Thousands of connect-and-leave cycles, some of them without a word: `python -m bench.churn --help`.

Each cycle connects, proves the name or not, opens a session with its neighbour, relays to them and leaves: by closing, or
as a process that is killed. A first lot of the same kind warms the server up. Afterwards the server must remember nothing,
and its resident memory must be back within five percent of what it was when warm.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import uvloop

from bench.clients import Refused, Target
from bench.process import raise_file_limit, settled_kib
from bench.rounds import say
from bench.servers import LIMITLESS
from bench.soak.lines import UNREACHABLE, Line
from bench.soak.servers import KINDS, remembered, soaked, unexpected_lines, until
from bench.soak.window import LEASE_SECONDS
from signaling.messages import Offer, SessionConnect, dump, raw
from tests.support.server import SiteServer

WITHIN = 1.05
FORGET_SECONDS = LEASE_SECONDS + 60.0

OFFER = raw({"sdp": "x" * 1000})


@dataclass(frozen=True, slots=True)
class Plan:
    """How many cycles in all, how many of them end without a word, how many first for warmth (memory levels off only after several thousand), how many side by side."""

    cycles: int = 10_000
    killed: int = 1_000
    warm: int = 10_000
    at_once: int = 20


class Churn:
    """Cycles on one server. `refused` counts those that were not let in, which none may be."""

    def __init__(self, server: SiteServer, chance: random.Random) -> None:
        self.refused: list[str] = []
        self._server = server
        self._chance = chance
        self._number = 0

    async def cycles(self, count: int, killed: int, at_once: int) -> None:
        """So many; which of them are killed is drawn."""
        ends = [number < killed for number in range(count)]
        self._chance.shuffle(ends)
        waiting = iter(ends)

        async def worker() -> None:
            for end in waiting:
                await self._cycle(killed=end)

        await asyncio.gather(*(worker() for _ in range(at_once)))

    async def _cycle(self, *, killed: bool) -> None:
        number, self._number = self._number, self._number + 1
        target = Target(self._server.port, 0, "keyed" if number % 2 else "keyless")
        address = f"127.4.0.{1 + number % 250}"  # few: of each, calls are remembered for a minute
        line = Line(target, f"churn_{number}", address, lambda _line, _frame: None)
        try:
            await line.dial()
        except (Refused, *UNREACHABLE) as error:
            self.refused.append(repr(error))
            return
        neighbour = f"churn_{number - self._chance.randint(1, 10)}"
        line.send(dump(SessionConnect(target=neighbour)).encode())
        for _ in range(self._chance.randint(0, 5)):
            line.send(dump(Offer(target=neighbour, payload=OFFER)).encode())
        await asyncio.sleep(self._chance.uniform(0, 0.05))
        if killed:
            line.reset()
        else:
            await line.close()


async def churn(name: str, plan: Plan, seed: int) -> bool:
    """Do it on one server, and say how it was; whether it was as it has to be."""
    server = soaked(name, LIMITLESS)
    await asyncio.to_thread(server.start)
    try:
        cycles = Churn(server, random.Random(seed))  # noqa: S311 - a seed brings it back
        await cycles.cycles(plan.warm, plan.warm * plan.killed // plan.cycles, plan.at_once)
        await _forgets(server)
        warm = await settled_kib(server.pid)
        say(f"{name}: warm with {warm / 1024:.1f} MiB")
        began = time.monotonic()
        await cycles.cycles(plan.cycles, plan.killed, plan.at_once)
        took = time.monotonic() - began
        left = await _forgets(server)
        after = await settled_kib(server.pid)
        logged = unexpected_lines(server.log)
    finally:
        await asyncio.to_thread(server.stop)
    fine = after <= WITHIN * warm and not left and not logged and not cycles.refused
    wrong = "".join(f"\n  - {what}" for what in (*cycles.refused[:5], *logged[:5]))
    sys.stdout.write(
        f"{name}: {plan.cycles} cycles, {plan.killed} killed, {plan.cycles / took:.0f} a second; "
        f"{warm / 1024:.1f} MiB warm, {after / 1024:.1f} after ({100 * (after / warm - 1):+.1f} %); "
        f"remembered: {left or 'nothing'}; {len(cycles.refused)} not let in{wrong}\n"
    )
    return fine


async def _forgets(server: SiteServer) -> dict[str, int]:
    """Wait for the last lease; what is remembered then."""
    await until(lambda: not remembered(server), FORGET_SECONDS, every=1)
    return await asyncio.to_thread(remembered, server)


async def _all(names: Sequence[str], plan: Plan, seed: int) -> int:
    fine = [await churn(name, plan, seed) for name in names]
    return 0 if all(fine) else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 when anything was left."""
    parser = argparse.ArgumentParser(prog="python -m bench.churn", description="Connect and leave, again and again.")
    plan = Plan()
    parser.add_argument("--cycles", type=int, default=plan.cycles, help=f"({plan.cycles})")
    parser.add_argument("--killed", type=int, default=plan.killed, help=f"of them, without a word ({plan.killed})")
    parser.add_argument("--warm", type=int, default=plan.warm, help=f"before them ({plan.warm})")
    parser.add_argument("--servers", nargs="+", choices=sorted(KINDS), default=sorted(KINDS), help="(all)")
    parser.add_argument("--seed", type=int, default=1, help="(1)")
    options = parser.parse_args(arguments)
    raise_file_limit()
    return uvloop.run(_all(options.servers, Plan(options.cycles, options.killed, options.warm), options.seed))


if __name__ == "__main__":
    sys.exit(main())
