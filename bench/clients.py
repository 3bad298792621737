"""The generator's ends of sockets, on picows: they connect, prove their names, and hand each frame to whoever listens.

`Mode` is how a server wants to be spoken to: `keyed`, with a name that belongs to a key (docs/protocol.md, 1.2); `keyless`,
as classic clients; `bare`, where there are no rules and so nothing to wait for.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import msgspec
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from chat.peer import primitives
from chat.peer.ownership import prove
from signaling.messages import AuthResponse, ChallengePayload, SessionLeave, dump

from .wire import WrongMessageError, heard

Mode: TypeAlias = Literal["keyed", "keyless", "bare"]

OPEN_SECONDS = 20.0
AT_ONCE = 32
"""How many connections are opened side by side: fewer than a small listen queue holds."""

PORTS_OF_AN_ADDRESS = 20_000
"""After so many connections the next address of 127.0.0.0/8 is used, since one runs out of ports."""


@dataclass(frozen=True, slots=True)
class Target:
    """The server under test."""

    port: int
    pid: int
    mode: Mode
    certificate: str = ""
    """The file of the only one that is trusted, where a proxy with TLS stands before the server."""

    proxy_pid: int = 0
    """The proxy's process."""

    @property
    def origin(self) -> str:
        return f"http{self._s}://127.0.0.1:{self.port}"

    @property
    def _s(self) -> str:
        return "s" if self.certificate else ""

    def url(self, name: str, key: NameKey | None) -> str:
        claim = f"&key={primitives.b64url(key.public)}" if key else ""
        return f"ws{self._s}://127.0.0.1:{self.port}/ws?username={name}{claim}"


class NameKey:
    """The key of a name, made from it: a bench has no secrets."""

    def __init__(self, name: str) -> None:
        self._private = hashlib.sha256(name.encode()).digest()
        self.public = primitives.public_key(self._private)

    def dh(self, their_public: bytes, /) -> bytes:
        return primitives.dh(self._private, their_public)


class Refused(ConnectionError):
    """The server closed the socket before its name was the client's; `code` is the close code, 0 for none."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class Client(WSListener):
    """One socket. `hear` gets each text frame once the name is the client's; `broke` what it raises."""

    def __init__(self, target: Target, name: str) -> None:
        self.name = name
        self.target = target
        self.key = NameKey(name) if target.mode == "keyed" else None
        self.hear: Callable[[bytes], None] = self._nobody_listens
        self.broke: Callable[[Exception], None] = self._lost
        self.close_code = 0
        self.online: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.gone: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._transport: WSTransport | None = None

    async def open(self, *, number: int = 0) -> None:
        """Connect and be online. Raises OSError, `Refused` among them, or TimeoutError."""
        async with asyncio.timeout(OPEN_SECONDS):
            _, listener = await ws_connect(
                lambda: self,
                self.target.url(self.name, self.key),
                websocket_handshake_timeout=OPEN_SECONDS,
                ssl_context=trusting(self.target.certificate),
                local_addr=(f"127.0.0.{1 + number // PORTS_OF_AN_ADDRESS}", 0),
            )
            if listener is None:  # which is how the library says that the server has hung up
                raise ConnectionError("the server hung up")
            await self.online

    def send(self, frame: bytes) -> None:
        assert self._transport is not None  # noqa: S101 - nobody sends before `open`
        self._transport.send(WSMsgType.TEXT, frame)

    async def close(self) -> None:
        """Say goodbye and wait for the other end's."""
        if self._transport is not None:
            self._transport.send_close(WSCloseCode.OK)
            await self.gone

    def cut(self) -> None:
        """The line goes dead, without a word."""
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        if self.target.mode == "keyless":
            self.send(dump(SessionLeave()).encode())  # the question whose answer says that the name is ours
        elif self.target.mode == "bare":
            self.online.set_result(None)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            try:
                (self.hear if self.online.done() else self._greeted)(frame.get_payload_as_bytes())
            except Exception as error:  # noqa: BLE001 - the library would log it and go on
                self.broke(error)
        elif frame.msg_type == WSMsgType.CLOSE:
            self.close_code = _number(frame.get_close_code())
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if not self.online.done():
            self.online.set_exception(Refused(self.close_code))
            self.online.exception()  # that nobody may wait for it any more is no fault
        if not self.gone.done():
            self.gone.set_result(self.close_code)

    def _greeted(self, frame: bytes) -> None:
        message = heard(frame)
        if message.type == "auth:challenge" and self.key is not None:
            challenge = msgspec.json.decode(message.payload, type=ChallengePayload)
            proof = prove(self.key, self.target.origin, self.name, challenge)
            self.send(dump(AuthResponse(payload=proof)).encode())
        elif message.type == "auth:ok" or (message.type == "error" and b"MISSING_SESSION_ID" in frame):
            self.online.set_result(None)

    def _nobody_listens(self, frame: bytes) -> None:
        raise WrongMessageError(f"{self.name} expected nothing and got {frame[:200]!r}")

    def _lost(self, error: Exception) -> None:
        if not self.online.done():
            self.online.set_exception(error)
        self.cut()


@functools.cache
def trusting(certificate: str) -> ssl.SSLContext | None:
    """For a server that shows this certificate, whatever it is called; None where there is none."""
    if not certificate:
        return None
    context = ssl.create_default_context(cafile=certificate)
    context.check_hostname = False
    return context


async def open_all(clients: Iterable[Client], *, at_once: int = AT_ONCE) -> None:
    """Open them, so many side by side. Raises what the first that fails does."""
    numbered = iter(enumerate(clients))

    async def worker() -> None:
        for number, client in numbered:
            await client.open(number=number)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(worker())


async def close_all(clients: Iterable[Client]) -> None:
    """Close them and wait until the server has closed each too."""
    async with asyncio.timeout(OPEN_SECONDS):
        await asyncio.gather(*(client.close() for client in clients))


def _number(code: WSCloseCode | int) -> int:
    """The library has names for some codes only, and hands the others on as they are."""
    return code.value if isinstance(code, WSCloseCode) else code
