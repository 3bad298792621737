"""Where sessions are kept: the store is chosen here, once, and nobody else asks which one it is."""

from __future__ import annotations

import time
from collections.abc import Callable

from .base import Store
from .memory import MemoryStore


def open_store(url: str | None, *, ttl: float, clock: Callable[[], float] = time.monotonic) -> Store:
    """The store at `url`; without one, this process's memory. `ttl` is a session's life in seconds."""
    if url:
        raise ValueError("there is no session store for that kind of URL")
    return MemoryStore(ttl=ttl, clock=clock)
