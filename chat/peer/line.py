"""The line of a link: the one transport that it has, until another takes its place. Mirrors static/js/peer/line.js.

While there is no transport, what is asked of the line is left undone, and it has neither room nor a path.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from signaling.messages import IceServer

from .classic import Payload
from .path_watch import Path
from .preferences import Preferences
from .transport import Listener, Transport


class Line:
    """`listener` hears what the transport there is tells, and nothing of those that were given up."""

    def __init__(self, listener: Listener, preferences: Preferences) -> None:
        self._listener = listener
        self._preferences = preferences
        self._closing: set[asyncio.Task[None]] = set()
        self.transport: Transport | None = None
        self.is_open = False
        """Whether the channel of this transport has opened."""

    def replace(self, ice_servers: list[IceServer]) -> None:
        """Another connection is made: the one that stood is given up."""
        self.close()
        self.transport = Transport(ice_servers, self._listener, relay_only=self._preferences.relay_only)

    def offer(self) -> None:
        if self.transport is not None:
            self.transport.offer()

    def receive(self, kind: str, body: Payload) -> None:
        """Take an offer, an answer or a candidate of the other side."""
        if self.transport is not None:
            self.transport.receive(kind, body)

    def opened(self) -> None:
        """The channel is open."""
        self.is_open = True

    @property
    def has_room(self) -> bool:
        return self.transport is not None and self.transport.has_room

    @property
    def idle(self) -> bool:
        """Whether all that was handed over has left."""
        return self.transport is not None and self.transport.idle

    def send(self, frame: str) -> bool:
        """Hand a frame to the channel; False when the channel did not take it."""
        return self.transport is not None and self.transport.send(frame)

    @property
    def path(self) -> Path | None:
        """How the two are connected."""
        return self.transport.path if self.transport is not None and self.is_open else None

    @property
    def fault(self) -> str | None:
        """What the transport knows of why there is no path."""
        return self.transport.fault if self.transport is not None else None

    @property
    def overdue_fault(self) -> str | None:
        """The same, once a path would have been found if there were one."""
        return self.fault if self.transport is not None and self.transport.overdue else None

    def check(self, lost: Callable[[], None]) -> None:
        """See whether an open line answers, and say so if it does not."""
        if self.transport is not None and self.is_open:
            self._spawn(self._check(self.transport, lost))

    def close(self) -> None:
        """Give the transport up; what it took still goes out."""
        self.is_open = False
        if self.transport is not None:
            self._spawn(self.transport.close())
            self.transport = None

    async def wait_closed(self) -> None:
        """Wait until every transport that was given up is closed."""
        await asyncio.gather(*self._closing)

    async def _check(self, transport: Transport, lost: Callable[[], None]) -> None:
        if not await transport.check() and transport is self.transport and self.is_open:
            lost()

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
