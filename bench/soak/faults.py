"""What is broken on purpose, one after the other, and how it heals.

Each fault is a method that breaks something, waits until it is whole again, and leaves the ledger knowing that there was
trouble. Which comes next is drawn from the faults that there are: with one server it is killed or stopped, and started
again; behind a Redis there are two, so that one goes on, and the Redis has its own ways of failing.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

from tests.support.redis import RedisServer
from tests.support.server import SiteServer

from .ledger import Ledger
from .servers import is_healthy, until

HEAL_SECONDS = 30.0
PAUSE_SECONDS = 3.0

Fault = Callable[[], Awaitable[None]]


class Faults:
    """`servers` that run, and the Redis that they share, if they do."""

    def __init__(self, ledger: Ledger, servers: Sequence[SiteServer], redis: RedisServer | None) -> None:
        self._ledger = ledger
        self._servers = servers
        self._redis = redis

    def kinds(self) -> dict[str, Callable[[random.Random], Awaitable[None]]]:
        """By name, what can go wrong here."""
        kinds: dict[str, Callable[[random.Random], Awaitable[None]]] = {
            "server killed": self._server_killed,
            "server stopped": self._server_stopped,
        }
        if self._redis is not None:
            kinds |= {
                "Redis paused": self._redis_paused,
                "Redis stopped by SIGSTOP": self._redis_hangs,
                "Redis restarted": self._redis_restarted,
                "Redis connections killed": self._redis_connections_killed,
            }
        return kinds

    async def _server_killed(self, chance: random.Random) -> None:
        await self._server_ends(chance.choice(self._servers), "kill", chance.uniform(0.2, 2.0))

    async def _server_stopped(self, chance: random.Random) -> None:
        await self._server_ends(chance.choice(self._servers), "stop", chance.uniform(0.2, 2.0))

    async def _server_ends(self, server: SiteServer, how: str, down: float) -> None:
        with self._ledger.trouble():
            await asyncio.to_thread(getattr(server, how))
            if self._redis is None:
                self._ledger.forgotten()
            await asyncio.sleep(down)
            await asyncio.to_thread(server.start)
            await self._heals()

    async def _redis_paused(self, chance: random.Random) -> None:
        with self._ledger.trouble(swallows=True):
            await self._ask("CLIENT", "PAUSE", int(PAUSE_SECONDS * 1000), "ALL")
            await asyncio.sleep(PAUSE_SECONDS)
            await self._heals()

    async def _redis_hangs(self, chance: random.Random) -> None:
        assert self._redis is not None  # noqa: S101 - else it is no kind of fault here
        with self._ledger.trouble(swallows=True):
            self._redis.pause()
            try:
                await asyncio.sleep(PAUSE_SECONDS)
            finally:
                self._redis.resume()
            await self._heals()

    async def _redis_restarted(self, chance: random.Random) -> None:
        assert self._redis is not None  # noqa: S101 - such a fault is drawn only where there is a Redis
        with self._ledger.trouble(swallows=True):
            await asyncio.to_thread(self._redis.kill)
            self._ledger.forgotten()
            await asyncio.sleep(chance.uniform(0.2, 2.0))
            await asyncio.to_thread(self._redis.start)
            await self._heals()
            self._ledger.forgotten()

    async def _redis_connections_killed(self, chance: random.Random) -> None:
        with self._ledger.trouble(swallows=True):
            await self._ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            await self._heals()

    async def _ask(self, *command: object) -> None:
        assert self._redis is not None  # noqa: S101 - such a fault is drawn only where there is a Redis
        await asyncio.to_thread(self._redis.ask, *command)

    async def _heals(self) -> None:
        """Wait until all servers say that they can serve."""
        if not await until(lambda: all(map(is_healthy, self._servers)), HEAL_SECONDS):
            self._ledger.wrong(f"{HEAL_SECONDS:.0f} s after a fault, a server was still not healthy")
