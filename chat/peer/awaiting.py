"""The peer for programs: what `peer.Peer` tells its listener can be awaited here.

>>> async with Peer("helper", server="http://127.0.0.1:8080") as peer:
...     await peer.call("alice")
...     await peer.deliver("hello")
...     async for message in peer.messages():
...         print(message.body)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Self

from . import peer
from .errors import CallEnded, PeerError
from .link import Link
from .messages import Message

_REFUSALS = {"taken": "USERNAME_TAKEN", "refused": "INVALID_USERNAME"}


class Peer(peer.Peer):
    """One person's end, online inside `async with`.

    Entering raises PeerError when the server cannot be reached or refuses the name.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._news = asyncio.Event()
        self._read: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        self.start()
        try:
            await self.until(lambda: self.snapshot().server_state != "connecting")
            state = self.snapshot().server_state
            if state != "online":
                raise PeerError(_REFUSALS.get(state, "server_offline"))
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def call(self, peer: str) -> None:
        """Call `peer` and wait for the secured chat. Raises PeerError, or CallEnded with the reason."""
        self.dial(peer)
        await self.secured()

    async def ringing(self) -> str:
        """Wait until somebody calls; the name they call as."""
        await self.until(lambda: self.snapshot().chat_state == "ringing")
        return self.snapshot().peer or ""

    async def secured(self) -> None:
        """Wait until the chat is secured. Raises CallEnded when it is over instead."""
        link = self._live("no_call")
        await self.until(lambda: link.over or link.state == "secured")
        if link.over:
            raise CallEnded(link.reason or "lost", link.peer)

    async def chatting(self) -> None:
        """Wait until there is a secured chat, whoever called."""
        await self.until(lambda: self.snapshot().chat_state == "secured")

    async def ended(self) -> str:
        """Wait until the present or last call or chat is over; the reason, a key of `errors.SENTENCES`."""
        link = self._link
        if link is None:
            raise PeerError("no_call")
        await self.until(lambda: link.over)
        return link.reason or "lost"

    async def deliver(self, body: str) -> Message:
        """Send `body` and wait until the channel took it. Raises PeerError, or CallEnded when it did not."""
        message = await self.settled(self.send(body))
        if message.status == "failed":
            raise CallEnded("lost", self.snapshot().peer or "")
        return message

    async def settled(self, message: Message) -> Message:
        """Wait until a message of one's own is no longer queued."""
        await self.until(lambda: message.status != "queued")
        return message

    async def messages(self) -> AsyncIterator[Message]:
        """What the other side writes in this chat, as it comes, until it is over; goes on after what was read before."""
        while (message := await self._next_message()) is not None:
            yield message

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something about this peer is `true`."""
        while not true():
            self._news.clear()
            await self._news.wait()

    async def _next_message(self) -> Message | None:
        link = self._link
        if link is None:
            return None
        while True:
            await self.until(lambda: len(link.messages) > self._at(link) or link.over)
            at = self._at(link)
            if at == len(link.messages):
                return None
            self._read[link.peer.lower()] = at + 1
            if not link.messages[at].mine:
                return link.messages[at]

    def _at(self, link: Link) -> int:
        """The place of the next message to read; what came in earlier chats is not this one's."""
        return max(self._read.get(link.peer.lower(), 0), link.earlier)

    def _changed(self) -> None:
        self._news.set()
        super()._changed()
