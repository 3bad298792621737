"""People at the signaling socket of a real server, without a peer behind them.

async with Caller(server.url, "alice", NameKey()) as alice:
    await alice.says("session:connect", target="bob")
    joined = await alice.hears("session:joined")
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from chat.peer.ownership import prove
from chat.peer.signaling_client import socket_url
from signaling.messages import AuthResponse, ChallengePayload, dump
from tests.support.name_keys import NameKey

PATIENCE = 30.0
"""Seconds that anything may take here, in a test that is about to fail."""


class Caller:
    """Somebody online under `name`; with a key, once the name is proven to be theirs. `address` is where they come from."""

    socket: ClientConnection

    def __init__(self, url: str, name: str, key: NameKey | None = None, *, address: str = "127.0.0.1") -> None:
        self.url = url
        self.name = name
        self.key = key
        self._address = address

    async def __aenter__(self) -> Self:
        await self.comes()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()

    async def comes(self) -> None:
        """Connect, and prove the name. Raises `ConnectionClosed` when the server will not have them."""
        claim = f"&key={self.key.text}" if self.key else ""
        where = socket_url(self.url, self.name) + claim
        self.socket = await connect(where, proxy=None, local_addr=(self._address, 0))
        if self.key is not None:
            asked = (await self.hears("auth:challenge"))["payload"]
            proof = prove(self.key, self.url, self.name, ChallengePayload(asked["publicKey"], asked["nonce"]))
            await self.socket.send(dump(AuthResponse(payload=proof)))
            await self.hears("auth:ok")
        else:
            with suppress(ConnectionClosed):  # what was said before that is still to be heard
                await self.says("session:leave")  # its answer says that the name is theirs
            code = await self.error()
            if code != "MISSING_SESSION_ID":
                raise AssertionError(f"{self.name} was refused: {code}")

    async def says(self, kind: str, **envelope: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, **envelope}))

    async def hears(self, kind: str) -> dict[str, Any]:
        """The next message, which is to be of this type. Raises `ConnectionClosed`."""
        message: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE))
        if message["type"] != kind:
            raise AssertionError(f"{self.name} heard {message} instead of {kind}")
        return message

    async def error(self) -> str:
        """The code of the error that is heard next."""
        code: str = (await self.hears("error"))["payload"]["code"]
        return code

    async def closed(self) -> int | None:
        """The code with which the server closes; what is still heard before is let go."""
        try:
            while True:
                await asyncio.wait_for(self.socket.recv(), PATIENCE)
        except ConnectionClosed:
            return self.socket.close_code


async def call(caller: Caller, called: Caller) -> str:
    """Let one call the other; the session's id, once both have heard of it."""
    await caller.says("session:connect", target=called.name)
    joined = await caller.hears("session:joined")
    heard = await called.hears("session:joined")
    assert heard["payload"]["sessionId"] == joined["payload"]["sessionId"]
    session_id: str = joined["payload"]["sessionId"]
    return session_id
