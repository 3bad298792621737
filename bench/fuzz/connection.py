"""Does what a case says on a socket of its own, and gives back what the server said to it."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
from contextlib import suppress

from bench.clients import NameKey
from chat.peer.ownership import prove
from signaling.messages import AuthResponse, ChallengePayload, dump

from . import frames
from .cases import Answered, Case, Deaf, End, Pause, Prove, Send, Step
from .samples import SESSION

CASE_SECONDS = 20.0
"""A case that takes longer is cut short."""

ANSWER_SECONDS = 0.5
LINGER_SECONDS = 1.0
STUCK_SECONDS = 5.0
"""A server that does not read any more has had enough."""

MOST = 4 << 20
"""So much of what the server says is kept."""

_NO_LINGER = struct.pack("ii", 1, 0)
_TOLD = re.compile(rb'"sessionId":"([0-9a-f-]{36})"')


class Connection:
    """One of a case, to the server at that port."""

    def __init__(self, port: int, case: Case) -> None:
        self._port = port
        self._case = case
        self._said = bytearray()
        self._news = asyncio.Event()
        self._deaf = False

    async def run(self) -> bytes:
        """All that the server said. Raises OSError when it takes no connection."""
        reader, self._writer = await asyncio.open_connection(
            "127.0.0.1", self._port, local_addr=(self._case.address, 0)
        )
        reading = asyncio.ensure_future(self._read(reader))
        try:
            with suppress(OSError, RuntimeError):  # the last is how uvloop says that it is closed
                async with asyncio.timeout(CASE_SECONDS):
                    for step in self._case.steps:
                        await self._do(step)
        finally:
            reading.cancel()
            await asyncio.wait([reading])
            self._writer.close()
        return bytes(self._said)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            while not self._deaf and (data := await reader.read(1 << 16)):
                self._said += data[: MOST - len(self._said)]
                self._news.set()
        self._news.set()

    async def _do(self, step: Step) -> None:
        match step:
            case Send(data):
                self._writer.write(data.replace(SESSION.encode(), self._session()))
                await asyncio.wait_for(self._writer.drain(), STUCK_SECONDS)
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Answered():
                await self._hears()
            case Prove():
                await self._prove()
            case Deaf():
                self._deaf = True
            case End(how):
                await self._end(how)

    async def _hears(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), ANSWER_SECONDS)
        self._news.clear()

    async def _end(self, how: str) -> None:
        if how == "linger":
            await asyncio.sleep(LINGER_SECONDS)
        elif how == "reset":
            raw: socket.socket | None = self._writer.get_extra_info("socket")
            if raw is not None:  # as it is when the server was faster
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)

    async def _prove(self) -> None:
        """Whoever has to prove nothing goes on."""
        if b"auth:challenge" not in self._said:
            await self._hears()
        _, _, after = bytes(self._said).partition(b"\r\n\r\n")
        for opcode, payload in frames.read(after):
            if opcode == frames.TEXT and b"auth:challenge" in payload:
                asked = json.loads(payload)["payload"]
                challenge = ChallengePayload(asked["publicKey"], asked["nonce"])
                proof = prove(NameKey(self._case.name), f"http://127.0.0.1:{self._port}", self._case.name, challenge)
                self._writer.write(frames.text(dump(AuthResponse(payload=proof))))
                return

    def _session(self) -> bytes:
        told = _TOLD.findall(self._said)
        return bytes(told[-1]) if told else SESSION.encode()
