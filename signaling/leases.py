"""The end of leases: who owned a name, went, and did not come back within its time is then missed by the others.

The store knows the leases. Here is only who looks after them, and when: everybody who claims a name, first, and one job
at a time, for the lease that ends next. Of several processes each looks every few seconds anyway, so there nobody waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from .sessions.base import LEASE_SECONDS, Session, Store, StoreUnavailable

After: TypeAlias = Callable[[float, Callable[[], Awaitable[None]]], None]
"""Has a job done after so many seconds, once, by whoever has an event loop."""


Gone: TypeAlias = Sequence[tuple[str, Session]]
"""Who is gone from which session."""


class Timer:
    """`after` on the event loop that is running then."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Future[None]] = set()

    def after(self, seconds: float, job: Callable[[], Awaitable[None]]) -> None:
        asyncio.get_running_loop().call_later(seconds, self._start, job)

    def _start(self, job: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.ensure_future(job())
        self._tasks.add(task)  # the loop itself would let go of it
        task.add_done_callback(self._tasks.discard)


class Leases:
    """`gone` is told of everybody who is gone from a session. Without `after`, somebody else calls `end` every few seconds."""

    def __init__(self, store: Store, after: After | None, gone: Callable[[Gone], Awaitable[None]]) -> None:
        self._store = store
        self._after = after
        self._gone = gone
        self._watching = False

    def begun(self) -> None:
        """A lease has begun somewhere; see to it that it ends."""
        self._watch(LEASE_SECONDS)

    async def end(self) -> float | None:
        """End those that are over; the seconds until there may be more to end. Raises `StoreUnavailable`."""
        lapse = await self._store.end_leases()
        await self._gone(lapse.gone)
        return lapse.next_in

    async def end_before_a_claim(self) -> None:
        """End those that are over, where nobody else does. Raises `StoreUnavailable`."""
        if self._after is not None:
            await self.end()

    def _watch(self, seconds: float) -> None:
        if self._after is not None and not self._watching:
            self._watching = True
            self._after(seconds, self._look)

    async def _look(self) -> None:
        self._watching = False
        try:
            next_in = await self.end()
        except StoreUnavailable:
            next_in = LEASE_SECONDS
        if next_in is not None:
            self._watch(next_in)
