"""Whoever asks for much waits in line, so that nobody who asks for little waits for them.

A handshake takes as long as twenty messages, and a flood as long as it is; where such come at once, others would have to
wait for all of them. So each takes its turns: there is one in a round of the event loop, in which everybody else is
served too. What is one turn is up to whoever takes it, and had better be done in half a millisecond.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class Turns:
    """The line of one event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[Callable[[], object]] = deque()

    def take(self, act: Callable[[], object]) -> None:
        """Have it called when it is its turn."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # who waited in another, waits in vain
            self._loop = loop
            self._waiting.clear()
        self._waiting.append(act)
        if len(self._waiting) == 1:
            loop.call_soon(self._next, loop)

    async def mine(self) -> None:
        """Wait for one's turn."""
        turn = asyncio.Event()
        self.take(turn.set)
        await turn.wait()

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            self._waiting[0]()
        finally:
            self._waiting.popleft()
            if self._waiting:
                loop.call_soon(self._next, loop)


TURNS = Turns()
"""The line of this process."""
