"""The sockets of a soak: those of the bench (bench/clients.py), from an address of one's own, and with worse manners."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable

from picows import WSError, WSMsgType, ws_connect

from bench.clients import OPEN_SECONDS, Client, Target

UNREACHABLE = (OSError, WSError, TimeoutError)
"""What `dial` raises when nobody is there; `Refused` is an OSError too."""

_NO_LINGER = struct.pack("ii", 1, 0)


class Line(Client):
    """One socket. What comes once the name is the client's goes to `hear`, from the first frame on."""

    def __init__(self, target: Target, name: str, address: str, hear: Callable[[Line, bytes], None]) -> None:
        super().__init__(target, name)
        self.hear = lambda frame: hear(self, frame)
        self._address = address

    async def dial(self) -> None:
        """Connect and be online. Raises `UNREACHABLE`, `Refused` among them."""
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                _, listener = await ws_connect(
                    lambda: self,
                    self.target.url(self.name, self.key),
                    websocket_handshake_timeout=OPEN_SECONDS,
                    local_addr=(self._address, 0),
                )
                if listener is None:
                    raise ConnectionError  # what the library says when the server hung up without an answer
                await self.online
        except BaseException:
            self.cut()
            raise

    def send_bytes(self, data: bytes) -> None:
        """A binary frame."""
        if self._transport is not None:
            self._transport.send(WSMsgType.BINARY, data)

    def reset(self) -> None:
        """Go without a word, and with what the kernel says for a process that was killed with data unread."""
        if self._transport is not None and not self.gone.done():
            raw: socket.socket = self._transport.underlying_transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self.cut()

    def deafen(self) -> None:
        """Read no more."""
        if self._transport is not None:
            self._transport.underlying_transport.pause_reading()

    def listen(self) -> None:
        """Read again, after `deafen`."""
        if self._transport is not None and not self.gone.done():
            self._transport.underlying_transport.resume_reading()
