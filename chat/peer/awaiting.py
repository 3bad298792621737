"""The peer for programs: what `peer.Peer` tells its listener can be awaited here.

>>> async with Peer("helper", "http://127.0.0.1:8080") as peer:
...     await peer.call("alice")
...     await peer.deliver("hello")
...     async for message in peer.messages():
...         print(message.body)
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from signaling.messages import is_name

from . import peer
from .errors import CallEnded, PeerError
from .identity import Identity
from .identity_file import IdentityFile, path_for
from .link import Link
from .messages import Message
from .ownership import origin_of


class Peer(peer.Peer):
    """One person's end, online inside `async with`.

    Without an `identity` it is the one of this name at this server, kept in a file (identity_file.py). With a classic peer it
    does not go on unless `allow_classic`. What comes is kept for `messages`, unless a listener is all that hears it (`keep`).

    Entering raises PeerError when the server cannot be reached or refuses the name. Making one raises PeerError for a name
    that cannot be one, ValueError for a server that cannot, and what identity_file.py raises for a damaged file.
    """

    def __init__(
        self,
        name: str,
        server: str = "http://127.0.0.1:8080",
        identity: Identity | None = None,
        *,
        allow_classic: bool = False,
        keep: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(name, server, identity or own_identity(name, server), **options)
        self._allow_classic = allow_classic
        self._keep = keep
        self._news = asyncio.Event()
        self._unread: dict[str, deque[Message]] = {}
        """By lower-case name."""

    async def __aenter__(self) -> Self:
        self.start()
        try:
            await self.until(lambda: self.snapshot().server_state != "connecting")
            if self.snapshot().server_state != "online":
                raise PeerError(self._signaling.refusal or "server_offline")
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def links(self) -> list[Link]:
        """All calls and conversations, the selected one and the others, to be looked at."""
        return self._board.links

    async def call(self, peer: str) -> None:
        """Call `peer` and wait for the secured chat. Raises PeerError, or CallEnded with the reason."""
        self.dial(peer)
        await self.secured()

    async def ringing(self) -> str:
        """Wait until somebody calls; the name they call as."""
        await self.until(lambda: self._board.rings is not None)
        return self._board.ringing().peer

    async def secured(self) -> None:
        """Wait until the chat is secured.

        Raises CallEnded when it is over instead, and for the reason `key_changed` when the other is on another device than
        before: then `accept_key` or `refuse_key` decides.
        """
        link = self._live("no_call")
        await self.until(lambda: link.over or link.state in ("secured", "blocked"))
        if link.state == "blocked":
            raise CallEnded("key_changed", link.peer)
        if link.over:
            raise CallEnded(link.reason or "lost", link.peer)

    async def chatting(self) -> None:
        """Wait until there is a secured chat, whoever called."""
        await self.until(lambda: self.snapshot().chat_state == "secured")

    async def emoji(self) -> list[tuple[str, str]]:
        """Compare emoji: the seven to show, with their names. Raises PeerError, or CallEnded when the chat is over."""
        link = self._live("no_chat")
        link.verify()
        await self.until(lambda: link.over or bool(link.verifying and link.verifying.emoji))
        if link.verifying is None:
            raise CallEnded(link.reason or "lost", link.peer)
        return link.verifying.emoji

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

    async def messages(self, of: str | None = None) -> AsyncIterator[Message]:
        """What somebody writes, as it comes, until the chat is over; goes on after what was read before. Without a name it is
        the selected chat."""
        link = self._link if of is None else self._board.with_(of)
        if link is None:
            return
        unread = self._unread.setdefault(link.peer.lower(), deque())
        while True:
            await self.until(lambda: bool(unread) or link.over)
            if not unread:
                return
            yield unread.popleft()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something about this peer is `true`."""
        while not true():
            self._news.clear()
            await self._news.wait()

    def _new_link(self, peer: str) -> Link:
        self._unread.pop(peer.lower(), None)
        return super()._new_link(peer)

    def _received(self, message: Message, peer: str) -> None:
        if self._keep:
            self._unread.setdefault(peer.lower(), deque()).append(message)
        self._news.set()
        super()._received(message, peer)

    def _changed(self) -> None:
        self._news.set()
        super()._changed()
        if self.snapshot().classic_warning:
            self.accept_classic() if self._allow_classic else self.refuse_classic()


def own_identity(name: str, server: str, path: Path | None = None) -> Identity:
    """The identity of this name at this server, in the file of `path` or where it belongs.

    Raises PeerError for a name that cannot be one, ValueError for a server that cannot, and IdentityDamaged.
    """
    if not is_name(name):
        raise PeerError("bad_name")
    storage = IdentityFile(path or path_for(origin_of(server), name))
    return Identity.open(storage, os.urandom, lambda: time.time_ns() // 1_000_000)
