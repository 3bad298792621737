"""Clients that come back by themselves when their server is gone, as the real ones do: with their names, proofs and delays."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

from chat.peer.signaling_client import delay
from signaling.errors import Close

from .clients import AT_ONCE, Client, Refused, Target
from .figures import percentile
from .process import cpu_seconds

FIRST_SECONDS = 60.0


class Returner:
    """One user. Each socket is a new `Client` under the same name and key; what ended the last ones is counted."""

    def __init__(self, target: Target, name: str, number: int, endings: Counter[str]) -> None:
        self.target = target
        self.online_at = 0.0
        self.online = asyncio.Event()
        self.client: Client | None = None
        self._name = name
        self._number = number
        self._endings = endings

    async def live(self, first: asyncio.Semaphore) -> None:
        """Be online, again and again, until cancelled or refused for good."""
        attempt = 0
        async with first:  # before the storm, nobody storms
            code = await self._one_socket()
        while True:
            if self.client is not None:
                code = await self.client.gone
                attempt = 0
                self._endings[f"closed with {code}" if code else "broken"] += 1
            self.client = None
            self.online.clear()
            if code in Close.FINAL:
                return
            await asyncio.sleep(delay(attempt, random.random()))  # noqa: S311 - as the real ones
            attempt += 1
            code = await self._one_socket()

    async def _one_socket(self) -> int:
        client = Client(self.target, self._name)
        try:
            await client.open(number=self._number)
        except Refused as refused:
            self._endings[f"refused with {refused.code}" if refused.code else "broken before its name"] += 1
            return refused.code
        except (OSError, TimeoutError) as error:
            client.cut()
            self._endings[f"not reached: {type(error).__name__}"] += 1
            return 0
        self.client = client
        self.online_at = time.monotonic()
        self.online.set()
        return 0


class Storm:
    """All of them."""

    def __init__(self, target: Target, count: int, called: str) -> None:
        self._endings: Counter[str] = Counter()
        self._all = [Returner(target, f"{called}_{number}", number, self._endings) for number in range(count)]
        self._lives: list[asyncio.Task[None]] = []
        self._struck = 0.0

    async def gather(self) -> dict[str, Any]:
        """All are online for the first time."""
        began = time.monotonic()
        first = asyncio.Semaphore(AT_ONCE)
        self._lives = [asyncio.create_task(one.live(first)) for one in self._all]
        await _within(FIRST_SECONDS, *(one.online.wait() for one in self._all))
        self._endings.clear()
        return {"clients": len(self._all), "seconds": time.monotonic() - began}

    def strikes(self) -> None:
        """The storm begins."""
        self._struck = time.monotonic()
        self._endings.clear()

    async def passes(self, seconds: float, pid: int, *, cut: bool) -> dict[str, Any]:
        """Wait until all are back, for at most so long."""
        for one in self._all:
            one.target = replace(one.target, pid=pid)
        if cut:
            self._cut()
        back = [self._is_back(one) for one in self._all]
        in_time = await _within(seconds, *back)
        times = [one.online_at - self._struck for one in self._all if one.online_at > self._struck]
        return {
            "clients": len(self._all),
            "back": len(times),
            "in_time": in_time,
            "seconds": max(times, default=0.0),
            "half_in": percentile(times, 50) if times else None,
            "endings": dict(sorted(self._endings.items())),
            "server_cpu_seconds": cpu_seconds(pid),
        }

    def _cut(self) -> None:
        self.strikes()
        for one in self._all:
            if one.client is not None:
                one.client.cut()

    async def _is_back(self, one: Returner) -> None:
        while one.online_at <= self._struck:
            if one.online.is_set() and one.client is not None:
                await one.client.gone
                await asyncio.sleep(0)
            else:
                await one.online.wait()


async def _within(seconds: float, *jobs: Awaitable[Any]) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await asyncio.gather(*jobs)
    except TimeoutError:
        return False
    return True
