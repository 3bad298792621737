"""Two peers of one test on a real server, each with a device in memory.

A name belongs to a key for a while after its owner went, so names are new in each test.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable
from typing import Any, ClassVar, TypeVar

from chat.peer import Listener, Peer
from chat.peer.identity import Identity
from tests.support.classic_peer import ClassicPeer
from tests.support.people import new_identity
from tests.support.server import DaphneServer, ServerTestCase
from tests.support.servers import shared_server

PATIENCE = 30.0

T = TypeVar("T")


class Notes(Listener):
    """Keeps what the person is told in passing."""

    def __init__(self) -> None:
        self.notices: list[str] = []

    def notice(self, text: str) -> None:
        self.notices.append(text)


class PeerTestCase(ServerTestCase):
    """All classes share a server: none stops it, and names are new in each test."""

    numbers: ClassVar[itertools.count[int]] = itertools.count()

    @classmethod
    def serve(cls) -> DaphneServer:
        return shared_server(cls.server_env)

    def setUp(self) -> None:
        super().setUp()
        self.number = next(self.numbers)

    def name(self, who: str) -> str:
        return f"{who}_py_{self.number}"

    def peer(self, who: str, identity: Identity | None = None, **options: Any) -> Peer:
        """Somebody, online inside `async with`."""
        return Peer(self.name(who), self.server.url, identity or new_identity(), **options)

    def phone(self, who: str) -> ClassicPeer:
        """Somebody with the original app."""
        return ClassicPeer(self.name(who), self.server.url)

    async def ring(self, alice: Peer, bob: Peer) -> None:
        """alice calls, and it rings at bob's."""
        alice.dial(bob.name)
        await soon(bob.ringing())

    async def secured(self, alice: Peer, bob: Peer) -> None:
        """alice calls, bob accepts, and their chat is secured."""
        await self.ring(alice, bob)
        bob.accept()
        await soon(asyncio.gather(alice.secured(), bob.secured()))

    async def chat_goes_on(self, alice: Peer, bob: Peer) -> None:
        """A message arrives each way."""
        for sender, reader in ((alice, bob), (bob, alice)):
            sent = sender.send(f"from {sender.name}")
            self.assertEqual((await soon(anext(reader.messages()))).body, sent.body)
            await delivered(sender, sent)


async def soon(awaitable: Awaitable[T]) -> T:
    """Wait for it, though not for ever."""
    async with asyncio.timeout(PATIENCE):
        return await awaitable


async def delivered(sender: Peer, *messages: Any) -> None:
    """Wait until all of these have been acknowledged."""
    await soon(sender.until(lambda: all(message.status == "delivered" for message in messages)))
