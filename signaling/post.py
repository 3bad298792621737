"""How a frame reaches a socket: the sockets of this process, and, over a channel layer, those of the others.

Every process that shares a store has a place: the name of its own inbox in the layer, which one reader empties. A frame
for somebody at another place takes one hop to that inbox; a frame for somebody here takes none.

- What is on its way to a place is followed by the next only when it has arrived there, so order is kept; what comes
  meanwhile gathers, and goes out as one message.
- A frame that an inbox has no room for, or that does not get there in time, is not delivered, and whoever sent it is told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from .errors import Close
from .proof import Line
from .sessions.base import HERE, At

logger = logging.getLogger(__name__)

GATHERED = 1_000
"""How many frames may wait for one other place, beside those on their way."""

BATCH_CHARACTERS = 1_000_000
"""How much goes to another place in one message, unless a single frame is longer."""

PATIENCE = 1.0
"""Seconds that a channel layer may take."""

_BATCH = "lowkey.frames"
_REPLACED = "lowkey.replaced"
_PROBE = "lowkey.probe"

_Addressed: TypeAlias = tuple[str, str, str]
"""A name, the connection that had it when this was sent, and a frame for it."""


class ChannelLayer(Protocol):
    """What is needed of Channels' layer."""

    async def send(self, channel: str, message: Mapping[str, Any]) -> None:
        """Put a message into the inbox of that name. Raises when it is full, or cannot be reached."""

    async def receive(self, channel: str) -> dict[str, Any]:
        """The next message in the inbox of that name."""


@dataclass(frozen=True, slots=True)
class _Attached:
    connection: str
    line: Line


class LocalPost:
    """The post of one process: the sockets that are open here, by lower-case name."""

    def __init__(self) -> None:
        self.place = HERE
        self._lines: dict[str, _Attached] = {}

    def attach(self, name: str, connection: str, line: Line) -> None:
        """From now on, frames for `name` go down `line`. One that they went down before is ended."""
        older = self._lines.get(name.lower())
        self._lines[name.lower()] = _Attached(connection, line)
        if older is not None:
            older.line.end(Close.REPLACED)

    def detach(self, name: str, connection: str) -> None:
        """Undo `attach`; nothing when `name` is another connection's by now."""
        attached = self._lines.get(name.lower())
        if attached is not None and attached.connection == connection:
            del self._lines[name.lower()]

    async def deliver(self, at: At, name: str, frame: str) -> bool:
        """Hand `frame` to the connection that has `name`; False when that is not possible now. Never raises."""
        try:
            attached = self._lines[name.lower()]
            if attached.connection != at.connection:
                return False  # it is for whoever had the name before
            await attached.line.push(frame)
        except Exception:  # noqa: BLE001 - nobody of that name, or what a server raises for a socket that is gone
            return False
        return True

    async def together(self, deliveries: Sequence[Coroutine[Any, Any, None]]) -> None:
        """Wait for several deliveries, none of which takes any time here."""
        for delivery in deliveries:
            await delivery

    async def replace(self, at: At, name: str) -> None:
        """The connection has lost its name to a newer one of the same owner. Never raises."""
        attached = self._lines.get(name.lower())
        if attached is not None and attached.connection == at.connection:
            attached.line.end(Close.REPLACED)


class LayerPost(LocalPost):
    """The post of one process among several, whose inbox is called `place`; `take` is to be called forever."""

    def __init__(self, layer: ChannelLayer, place: str, *, patience: float = PATIENCE) -> None:
        super().__init__()
        self.place = place
        self._layer = layer
        self._patience = patience
        self._outgoing: dict[str, _Outgoing] = {}

    async def deliver(self, at: At, name: str, frame: str) -> bool:
        if at.place == self.place:
            return await super().deliver(at, name, frame)
        outgoing = self._outgoing.get(at.place)
        if outgoing is None:
            outgoing = self._outgoing[at.place] = _Outgoing(lambda batch: self._put(at.place, _BATCH, batch))
        try:
            return await outgoing.deliver((name, at.connection, frame))
        finally:
            if outgoing.is_idle and self._outgoing.get(at.place) is outgoing:
                del self._outgoing[at.place]

    async def together(self, deliveries: Sequence[Coroutine[Any, Any, None]]) -> None:
        await asyncio.gather(*deliveries)

    async def replace(self, at: At, name: str) -> None:
        if at.place == self.place:
            await super().replace(at, name)
        else:
            await self._put(at.place, _REPLACED, [(name, at.connection, "")])

    async def probe(self) -> bool:
        """Send a message to oneself, which `take` says when it is there; False when even that is not possible."""
        return await self._put(self.place, _PROBE, [])

    async def take(self) -> None:
        """Wait for the next message in the inbox and hand over what it holds. Raises what the layer raises."""
        message = await self._layer.receive(self.place)
        kind = message.get("type")
        for item in message.get("items", ()):
            try:
                name, connection, frame = item
                if kind == _BATCH:
                    await super().deliver(At(self.place, connection), name, frame)
                elif kind == _REPLACED:
                    await super().replace(At(self.place, connection), name)
            except Exception as error:  # noqa: BLE001 - of another version, perhaps; the other items are still good
                cause = type(error).__name__
                logger.warning("A message of another process is unreadable", extra={"fields": {"exception": cause}})

    async def _put(self, place: str, kind: str, items: list[_Addressed]) -> bool:
        try:
            async with asyncio.timeout(self._patience):
                await self._layer.send(place, {"type": kind, "items": items})
        except Exception as error:  # noqa: BLE001 - a full inbox, or whatever the layer's client raises
            cause = type(error).__name__
            logger.warning("A message to another process failed with %s", cause, extra={"fields": {"exception": cause}})
            return False
        return True


class _Outgoing:
    """What goes to one other place, a batch at a time."""

    def __init__(self, send: Callable[[list[_Addressed]], Awaitable[bool]]) -> None:
        self._send = send
        self._waiting: list[tuple[_Addressed, asyncio.Future[bool]]] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        return self._task is None and not self._waiting

    async def deliver(self, item: _Addressed) -> bool:
        if len(self._waiting) >= GATHERED:
            return False
        delivered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, delivered))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await delivered

    async def _run(self) -> None:
        while self._waiting:
            batch = self._next_batch()
            sent = await self._send([item for item, _ in batch])
            for _, delivered in batch:
                if not delivered.done():
                    delivered.set_result(sent)
        self._task = None

    def _next_batch(self) -> list[tuple[_Addressed, asyncio.Future[bool]]]:
        room, size = BATCH_CHARACTERS, 0
        for (_, _, frame), _ in self._waiting:
            room -= len(frame)
            if room < 0 and size:
                break
            size += 1
        batch, self._waiting = self._waiting[:size], self._waiting[size:]
        return batch
