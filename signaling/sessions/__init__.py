"""Where sessions are kept: the store is chosen here, once, and nobody else asks which one it is."""

from __future__ import annotations

import time
from collections.abc import Callable

from .base import Store
from .memory import MemoryStore


def open_store(url: str | None, *, ttl: float, clock: Callable[[], float] = time.monotonic) -> Store:
    """The store in the Redis at `url`; without one, this process's memory, with `clock`. `ttl` is a session's life in seconds.

    Raises ValueError for a URL that is none of a Redis.
    """
    if url:
        from .redis import RedisStore

        return RedisStore(url, ttl=ttl)
    return MemoryStore(ttl=ttl, clock=clock)
