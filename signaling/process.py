"""What a process does for itself while it serves: alone, or as one of several that share a store and a channel layer.

A `Process` says every few seconds that it lives, empties its inbox, ends leases that are over, its own and those of
processes that are gone, and claims its names again from a store that has lost its memory. What is out of order
meanwhile it says as `fault`, which is what `/health` reports; it goes on trying, and all of it heals by itself.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from .hub import Hub
from .post import LayerPost
from .sessions.base import PLACE_SECONDS, Store, StoreUnavailable

logger = logging.getLogger(__name__)

BEAT_SECONDS = PLACE_SECONDS / 4
"""How often a process says that it lives, and sends itself a message to see that its inbox works."""

TIDY_SECONDS = 2.0
"""How often it ends what is over, of whoever left: apart from the beat, which must not wait for it."""

RETRY_SECONDS = 1.0
"""How soon it tries again what failed."""

NO_STORE = "The session store does not answer."
NO_INBOX = "The channel layer does not answer."
REMEMBERED = "The session store had forgotten who is here, and was told again."
HEALED = "The session store and the channel layer answer again."


class Member(Protocol):
    """A process that serves, alone or among others."""

    @property
    def fault(self) -> str | None:
        """Why requests cannot be served now, as a sentence; None while they can."""

    async def start(self) -> None:
        """Begin, unless it has begun: before anybody is let in, in the event loop that serves them."""


class Alone:
    """A process that has all it needs in its own memory."""

    fault: str | None = None

    async def start(self) -> None:
        """There is nothing to begin."""


class Process:
    """One of several. `clock` counts seconds and never goes back; `pause` lets so many of them pass."""

    def __init__(
        self,
        hub: Hub,
        store: Store,
        post: LayerPost,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._hub = hub
        self._store = store
        self._post = post
        self._clock = clock
        self._pause = pause
        self._starting: asyncio.Future[None] | None = None
        self._jobs: list[asyncio.Task[None]] = []
        self._store_fault: str | None = None
        self._is_forgotten = False
        self._heard_at = 0.0
        self._said: str | None = None

    @property
    def fault(self) -> str | None:
        """See `Member`."""
        if self._store_fault is not None:
            return self._store_fault
        if self._clock() - self._heard_at > 2 * BEAT_SECONDS:
            return NO_INBOX
        return None

    async def start(self) -> None:
        """See `Member`."""
        if self._starting is None:
            self._starting = asyncio.ensure_future(self._begin())
        await asyncio.shield(self._starting)

    async def stop(self) -> None:
        """End what `start` began."""
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        self._jobs.clear()
        self._starting = None

    async def _begin(self) -> None:
        self._heard_at = self._clock()
        await self._beat()
        self._jobs = [asyncio.create_task(self._forever(job)) for job in (self._live, self._tidy, self._listen)]

    async def _live(self) -> None:
        await self._pause(BEAT_SECONDS if self.fault is None else RETRY_SECONDS)
        await self._beat()
        await self._post.probe()

    async def _beat(self) -> None:
        try:
            self._is_forgotten |= not await self._store.beat(self._post.place)
            if self._is_forgotten:
                names = await self._hub.claim_again()
                self._is_forgotten = False
                if names:
                    logger.warning(REMEMBERED, extra={"fields": {"names": names}})
        except StoreUnavailable as error:
            self._store_fault = str(error) or NO_STORE
        else:
            self._store_fault = None
        self._say()

    async def _tidy(self) -> None:
        await self._pause(TIDY_SECONDS)
        with suppress(StoreUnavailable):
            await self._hub.catch_up()

    async def _listen(self) -> None:
        await self._post.take()
        self._heard_at = self._clock()
        if self._said is not None:
            self._say()

    def _say(self) -> None:
        """Log what is out of order, once, and when it is not any more."""
        if self.fault != self._said:
            logger.warning(self.fault or HEALED)
        self._said = self.fault

    async def _forever(self, job: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await job()
            except Exception as error:  # noqa: BLE001 - whatever a client of Redis raises: trying again is the answer
                cause = type(error).__name__
                logger.warning("A process's own work failed with %s", cause, extra={"fields": {"exception": cause}})
                await self._pause(RETRY_SECONDS)
