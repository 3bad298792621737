"""The socket to the server: keeps one open under a name, and comes back by itself. Mirrors static/js/peer/signaling_client.js.

States: `connecting`, `online`, `offline` (waiting to try again), `taken` and `replaced` (the server closed with 4002 or
4004), `refused` (4001, 4003). From the last three the client does not come back by itself (docs/protocol.md, section 1);
`refusal` is then what there is a sentence for in errors.py.

With a key the client claims its name with it: it answers the server's challenge, once, and is online when the server said
that the name is its own. A server that never says so is none.

Without a key the server says nothing when it likes a name, only when it does not. So the client asks a question whose
answer it knows, `session:leave` of no session at all, and is online when that is answered. Who just lost a socket under its
name is not `taken` yet: the socket that has the name may be that very one.

Attempts are spaced by doubling delays up to half a minute, half of each at random, so that clients dropped together do
not come back together.

A socket whose network is gone looks open for minutes. So a question that the server always answers, `session:connect`, or
that of the beginning, asked once more when there is reason to doubt (`wake`), ends a socket on which nothing comes for
`ANSWER_SECONDS` after it.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from signaling.errors import Close, ProtocolError
from signaling.messages import (
    MAX_FRAME_BYTES,
    AuthChallenge,
    AuthOk,
    AuthResponse,
    Error,
    FromServer,
    Message,
    SessionConnect,
    SessionLeave,
    dump,
    parse_from_server,
)

from .ownership import NameKey, origin_of, prove
from .primitives import b64url

State = Literal["connecting", "online", "offline", "taken", "replaced", "refused"]

FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
CONNECT_TIMEOUT = 10.0
ANSWER_SECONDS = 5.0
OWN_SOCKET_SECONDS = 75.0
"""How long a server may take to miss a socket that went without a word; daphne's pings take up to 50 s."""

STOP_TIMEOUT = 2.0
"""Seconds that a server may take to read the last messages."""

_FINAL: dict[int, tuple[State, str]] = {
    Close.INVALID_USERNAME: ("refused", "INVALID_USERNAME"),
    Close.USERNAME_TAKEN: ("taken", "USERNAME_TAKEN"),
    Close.AUTH_FAILED: ("refused", "AUTH_FAILED"),
    Close.REPLACED: ("replaced", "replaced"),
}


class Listener(Protocol):
    """What the client tells."""

    def server_state(self, state: State) -> None:
        """The state changed."""

    def server_message(self, message: FromServer) -> None:
        """A message came from the server."""


def delay(attempt: int, fraction: float) -> float:
    """Seconds to wait before attempt number `attempt` (from 0), with `fraction` drawn from [0, 1)."""
    longest = min(LONGEST_DELAY, FIRST_DELAY * 2.0**attempt)
    return longest / 2 + fraction * longest / 2


def socket_url(server: str, name: str, key: NameKey | None = None) -> str:
    """`https://chat.example` and a name → `wss://chat.example/ws?username=name`. Raises ValueError for no http(s) URL."""
    claim = f"&key={b64url(key.public)}" if key else ""
    return f"ws{origin_of(server).removeprefix('http')}/ws?username={name}{claim}"


class SignalingClient:
    """Keeps the socket; `start` and `stop` mirror each other."""

    def __init__(
        self,
        server: str,
        name: str,
        listener: Listener,
        *,
        key: NameKey | None = None,
        fraction: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
        patience: float = ANSWER_SECONDS,
    ) -> None:
        self.state: State = "offline"
        self.refusal = ""
        self._origin = origin_of(server)
        self._name = name
        self._key = key
        self._url = socket_url(server, name, key)
        self._proven = False
        self._listener = listener
        self._fraction = fraction
        self._clock = clock
        self._lost_at = -math.inf
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._socket: ClientConnection | None = None
        self._patience = patience
        self._owed: asyncio.TimerHandle | None = None
        """Runs while the server owes an answer."""
        self._doubts = False
        """Whether the question of the beginning was asked once more."""

    def start(self) -> None:
        """Connect, and keep connected until `stop` or a final refusal."""
        if self._task is None or self._task.done():
            self._enter("connecting")
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Send what is queued, close, and be offline."""
        if self._task is None:
            return
        if self.state == "online":
            with suppress(TimeoutError):
                await asyncio.wait_for(self._outgoing.join(), STOP_TIMEOUT)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._enter("offline")

    def wake(self) -> None:
        """The network may be another one, or back: do not wait for the next attempt any longer, and see whether the socket is
        good."""
        self._wake.set()
        if not self._doubts and self.send(SessionLeave()):
            self._doubts = True
            self._expect_answer()

    def send(self, message: Message) -> bool:
        """Send a message; False, and nothing is sent, when not online."""
        if self.state != "online":
            return False
        self._outgoing.put_nowait(dump(message))
        if isinstance(message, SessionConnect):
            self._expect_answer()
        return True

    async def _run(self) -> None:
        attempt = 0
        while True:
            self._enter("connecting")
            reached, code = await self._one_connection()
            self._lost_at = self._clock() if reached else self._lost_at
            if code in _FINAL and not (code == Close.USERNAME_TAKEN and self._may_be_our_own()):
                state, self.refusal = _FINAL[code]
                self._enter(state)
                return
            self._enter("offline")
            attempt = 0 if reached else attempt
            self._wake.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), delay(attempt, self._fraction()))
            attempt += 1

    def _may_be_our_own(self) -> bool:
        """Whether the socket that has the name may be one that this client lost, and the server has not missed yet.

        Never with a key: to its owner a name is not taken.
        """
        return self._key is None and self._clock() - self._lost_at < OWN_SOCKET_SECONDS

    async def _one_connection(self) -> tuple[bool, int]:
        """One socket from its opening to its end: whether it was ever online, and its close code (0: none)."""
        try:
            socket = await connect(
                self._url,
                max_size=4 * MAX_FRAME_BYTES,
                open_timeout=CONNECT_TIMEOUT,
                close_timeout=STOP_TIMEOUT,
                compression=None,
                proxy=None,
            )
        except (OSError, ValueError, WebSocketException):
            return False, 0
        loop = asyncio.get_running_loop()
        writer = loop.create_task(self._write(socket))
        patience = loop.call_later(CONNECT_TIMEOUT, self._lose_patience, socket)
        self._proven = False
        self._socket = socket
        try:
            if self._key is None:
                await socket.send(dump(SessionLeave()))
            async for frame in socket:
                if isinstance(frame, str):
                    await self._read(frame, socket)
        except ConnectionClosed:
            pass
        finally:
            reached = self.state == "online"
            patience.cancel()
            writer.cancel()
            self._answered()
            self._socket, self._doubts = None, False
            self._forget_outgoing()
            await socket.close()
        return reached, socket.close_code or 0

    def _lose_patience(self, socket: ClientConnection) -> None:
        """A server that took the connection and does not answer is none."""
        if self.state == "connecting":
            socket.transport.abort()

    def _expect_answer(self) -> None:
        if self._owed is None and self._socket is not None:
            loop = asyncio.get_running_loop()
            self._owed = loop.call_later(self._patience, self._socket.transport.abort)

    def _answered(self) -> None:
        if self._owed is not None:
            self._owed.cancel()
            self._owed = None

    async def _read(self, frame: str, socket: ClientConnection) -> None:
        self._answered()
        try:
            message = parse_from_server(frame)
        except ProtocolError:
            return
        if self.state == "connecting" and self._key is not None:
            await self._claim(message, self._key, socket)
        elif self.state == "connecting" and isinstance(message, Error):
            if message.payload.code == "MISSING_SESSION_ID":
                self._enter("online")
        elif self._doubts and isinstance(message, Error) and message.payload.code == "MISSING_SESSION_ID":
            self._doubts = False
        elif not isinstance(message, AuthChallenge | AuthOk):
            self._listener.server_message(message)

    async def _claim(self, message: FromServer, key: NameKey, socket: ClientConnection) -> None:
        """Answer the one challenge of a connection, and wait for what the server makes of it."""
        if isinstance(message, AuthOk) and self._proven:
            self._enter("online")
        elif isinstance(message, AuthChallenge) and not self._proven:
            self._proven = True
            try:
                proof = prove(key, self._origin, self._name, message.payload)
            except ValueError:
                socket.transport.abort()  # no server of ours asks so
                return
            await socket.send(dump(AuthResponse(payload=proof)))

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            frame = await self._outgoing.get()
            try:
                await socket.send(frame)
            except ConnectionClosed:
                return
            finally:
                self._outgoing.task_done()

    def _forget_outgoing(self) -> None:
        """What was queued belonged to the sessions of the socket that is gone."""
        while not self._outgoing.empty():
            self._outgoing.get_nowait()
            self._outgoing.task_done()

    def _enter(self, state: State) -> None:
        if state != self.state:
            self.state = state
            self._listener.server_state(state)
