"""A full man in the middle: somebody who is `called` to the caller and `caller` to the called one.

The evil server keeps the two in different worlds, and in each of them this attacker has the other's name. Both handshakes end
with the attacker, under the right names and with one identity of its own; what either says is read and said again to the other
over a second connection. All of it is the real program: no better attacker can be had without the victims' keys.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from chat.peer.awaiting import Peer
from chat.peer.errors import CallEnded, PeerError
from chat.peer.identity import Identity
from tests.support.evil import EvilServer
from tests.support.people import new_identity


class Mallory:
    """Takes the place of both; `as_called` answers the caller, `as_caller` calls the called one. `read` is what they said."""

    def __init__(
        self,
        evil: EvilServer,
        caller: str,
        called: str,
        identity: Identity | None = None,
        *,
        allow_classic: bool = False,
        worlds: tuple[int, int] = (0, 1),
    ) -> None:
        """`worlds`: where the caller is to live, and where the called one."""
        evil.lives_in(caller, worlds[0])
        evil.lives_in(called, worlds[1])
        identity = identity or new_identity()
        self.as_called = Peer(called, evil.world(worlds[0]), identity, allow_classic=allow_classic)
        self.as_caller = Peer(caller, evil.world(worlds[1]), identity, allow_classic=allow_classic)
        self.read: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self.as_called.__aenter__()
        await self.as_caller.__aenter__()
        self._tasks = [asyncio.create_task(self._bridge())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.as_caller.stop()
        await self.as_called.stop()

    async def start(self) -> Self:
        """Go online in both worlds, and wait for the call."""
        return await self.__aenter__()

    async def stop(self) -> None:
        await self.__aexit__(None, None, None)

    async def _bridge(self) -> None:
        """Call on as soon as the caller calls, and answer at once: the caller need not wait for the called one."""
        await self.as_called.ringing()
        self.as_caller.dial(self.as_called.name)
        self.as_called.accept()
        await asyncio.gather(*map(self._secured, (self.as_called, self.as_caller)))
        self._tasks += [
            asyncio.create_task(self._repeat(self.as_called, self.as_caller)),
            asyncio.create_task(self._repeat(self.as_caller, self.as_called)),
        ]

    async def _secured(self, end: Peer) -> None:
        try:
            await end.secured()
        except CallEnded:
            await asyncio.Event().wait()  # refused: there is nothing to pass on

    async def _repeat(self, from_: Peer, to: Peer) -> None:
        async for message in from_.messages():
            self.read.append(message.body)
            try:
                to.send(message.body)
            except PeerError:
                return
