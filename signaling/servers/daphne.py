"""What the matchmaker needs of daphne that daphne has not, or gets wrong.

daphne is started in several ways, and none of them takes another class; so `mend` replaces what its factories build and
a few methods of its server. It runs wherever the site is set up, before anything is served.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from daphne.http_protocol import HTTPFactory
from daphne.server import Server
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.web.http import HTTPChannel

from signaling.turns import TURNS

from . import (
    BACKLOG,
    CLOSE_SECONDS,
    GRACE_SECONDS,
    LINGER_SECONDS,
    MESSAGE_FRAGMENTS,
    REQUEST_BYTES,
    REQUEST_SECONDS,
    STOP_SECONDS,
    UNSENT_BYTES,
    WAITING_FRAMES,
)
from .reading import Sliced

logger = logging.getLogger(__name__)

ASKING_SECONDS = 0.000_5
OTHERS_SECONDS = 0.002
ASKED_EVERY = 2.0
"""How long connections are looked at for a ping that is due, how long others have their turn then, of whom many answer the
ping, and how long between rounds."""

_call_later: Any = getattr(reactor, "callLater")  # noqa: B009 - the reactor is a module, and typed as one


class Channel(HTTPChannel):
    """HTTP. While no request is being served, the next has `REQUEST_SECONDS` to be there, all of it."""

    _taken = 0
    _unread = b""
    _is_lost = False

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name, as all of these
        self.timeOut = REQUEST_SECONDS
        super().connectionMade()  # type: ignore[no-untyped-call]

    def resetTimeout(self) -> None:  # noqa: N802
        """Not for every byte that comes in."""

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        self._taken += len(data)
        if self._taken > REQUEST_BYTES:
            self.forceAbortClient()  # type: ignore[no-untyped-call]
            return
        if not self._unread:
            TURNS.take(self._read)
        self._unread += data

    def _read(self) -> None:
        data, self._unread = self._unread, b""
        if not self._is_lost:
            super().dataReceived(data)  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Any = None) -> None:  # noqa: N802
        self._is_lost = True
        super().connectionLost(reason)  # type: ignore[no-untyped-call]

    def allContentReceived(self) -> None:  # noqa: N802
        self._taken = 0
        super().allContentReceived()  # type: ignore[no-untyped-call]

    def loseConnection(self) -> Any:  # noqa: N802
        if self._abortingCall is None:
            self._abortingCall = _call_later(LINGER_SECONDS, self.forceAbortClient)
        return super().loseConnection()  # type: ignore[no-untyped-call]


class Socket(Sliced, WebSocketProtocol):  # type: ignore[misc]  # daphne carries no types
    """A WebSocket. To its transport it is a producer, which is how it hears that too much is unsent."""

    application_queue: asyncio.Queue[Any]
    server: Server | None = None
    is_deaf = False
    _flooded = False
    _aborting: Any = None

    def connectionMade(self) -> None:  # noqa: N802
        self.transport.unregisterProducer()  # until now, that was the HTTP channel
        self.transport.bufferSize = UNSENT_BYTES
        self.transport.registerProducer(self, True)
        super().connectionMade()
        self.closeHandshakeTimeout = CLOSE_SECONDS
        self.failByDrop = False  # whoever breaks the protocol is told so with a close code

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        self.take(data)

    def read(self, data: bytes) -> None:
        super().dataReceived(data)

    @property
    def is_over(self) -> bool:
        return bool(self.state == self.STATE_CLOSED)

    @property
    def is_full(self) -> bool:
        return bool(self.state == self.STATE_OPEN) and self.application_queue.qsize() >= WAITING_FRAMES

    def stop_listening(self) -> None:
        if not self.is_deaf:
            self.is_deaf = True
            self.transport.pauseProducing()

    def listen_again(self) -> None:
        if self.is_deaf:
            self.is_deaf = False
            self.transport.resumeProducing()

    def pauseProducing(self) -> None:  # noqa: N802
        """More than `UNSENT_BYTES` are unsent."""
        self._flooded = True
        self.transport.abortConnection()

    def resumeProducing(self) -> None:  # noqa: N802
        """There is nothing that would have been paused."""

    def stopProducing(self) -> None:  # noqa: N802
        """The connection is lost, which `connectionLost` hears too."""

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803
        self.last_ping = time.time()
        if self.state != self.STATE_OPEN:
            return  # nobody takes it any more
        content = {"bytes": payload} if isBinary else {"text": payload.decode()}
        self.application_queue.put_nowait({"type": "websocket.receive", **content})
        if self.is_full:
            self.stop_listening()

    def onMessageFrame(self, payload: list[bytes]) -> None:  # noqa: N802
        super().onMessageFrame(payload)
        if self.message_data and len(self.message_data) >= MESSAGE_FRAGMENTS and not self.failedByMe:
            self.dropConnection(abort=True)

    def receive(self) -> Any:
        """What the application receives, to be awaited."""
        return self.next_of(self.application_queue)

    async def send(self, event: Any) -> None:
        """Send for the application, or raise `OSError` where daphne would say nothing."""
        if event["type"] == "websocket.send" and self.state == self.STATE_OPEN:
            self._write(event)
        elif self.is_gone or event["type"] == "websocket.send":
            raise ConnectionError
        else:
            self.handle_reply(event)

    def _write(self, event: Any) -> None:
        if not self._flooded:
            text = event.get("text")
            self.sendMessage(event["bytes"] if text is None else text.encode(), text is None)
        if self._flooded:
            raise ConnectionError

    @property
    def is_gone(self) -> bool:
        """Whether the connection is lost."""
        return self.server is None or "disconnected" in self.server.connections.get(self, ("disconnected",))

    def serverClose(self, code: int | None = None) -> None:  # noqa: N802
        """Close with any code. autobahn's `sendClose` raises for the 1001, 1009 and 1011 of RFC 6455, section 7.4.1."""
        self.sendCloseFrame(code=1000 if code is None else code)
        self.go_on()  # to the other's close frame

    def dropConnection(self, abort: bool = False) -> None:  # noqa: N802
        super().dropConnection(abort)
        if self._aborting is None and not abort:
            self._aborting = _call_later(LINGER_SECONDS, self.transport.abortConnection)

    def connectionLost(self, reason: Any) -> None:  # noqa: N802
        if self._aborting is not None and self._aborting.active():
            self._aborting.cancel()
        super().connectionLost(reason)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:  # noqa: N802, N803
        if self.server is not None:  # else it never got as far as an application
            super().onClose(wasClean, code, reason)


class WithBacklog(Server):  # type: ignore[misc]  # daphne carries no types
    """daphne's server, with room for many clients that come at once, as they do after a restart. Twisted's has 50."""

    def __init__(self, application: Any, endpoints: list[str], **options: Any) -> None:
        super().__init__(application, [_with_backlog(endpoint) for endpoint in endpoints], **options)


def _with_backlog(endpoint: str) -> str:
    return f"{endpoint}:backlog={BACKLOG}" if endpoint.startswith(("tcp:", "unix:")) else endpoint


_create_application = Server.create_application
_listen_success = Server.listen_success
_application_checker = Server.application_checker
_protocol_disconnected = Server.protocol_disconnected


def create_application(self: Any, protocol: Any, scope: dict[str, Any]) -> Any:
    """Start the application of a connection; that of a socket speaks to the socket itself."""
    if not isinstance(protocol, Socket):
        return _create_application(self, protocol, scope)
    scope.setdefault("asgi", {"version": "3.0"})
    application = self.application(scope=scope, receive=protocol.receive, send=protocol.send)
    running = asyncio.ensure_future(application)
    self.connections[protocol]["application_instance"] = running
    running.add_done_callback(lambda _: _application_ended(self, protocol))
    return asyncio.Queue()


def _application_ended(server: Any, socket: Socket) -> None:
    """Forget what has ended, and whom nothing is left of. daphne looks for those every second, in all there are."""
    running = server.connections[socket].pop("application_instance")
    if not running.cancelled() and (error := running.exception()) is not None:
        logger.error("The application ended with %s", type(error).__name__)
        if not socket.is_gone:
            socket.handle_exception(error)
    if "disconnected" in server.connections[socket]:
        del server.connections[socket]


def protocol_disconnected(self: Any, protocol: Any) -> None:
    """A connection is lost; its application has so long to end."""
    _protocol_disconnected(self, protocol)
    if isinstance(protocol, Socket):
        running = self.connections[protocol].get("application_instance")
        if running is None:
            del self.connections[protocol]
        else:
            _call_later(self.application_close_timeout, running.cancel)


def application_checker(self: Any) -> None:
    """Look at the requests alone: what becomes of sockets is seen as it happens."""
    everybody = self.connections
    self.connections = requests = {who: what for who, what in everybody.items() if not isinstance(who, Socket)}
    before = set(requests)
    try:
        _application_checker(self)
    finally:
        self.connections = everybody
        for ended in before.difference(requests):
            del everybody[ended]


def timeout_checker(self: Any) -> None:
    """Ask all connections whether they are there, some at a time: in between, others have their turn."""
    waiting = list(self.connections)

    def ask_some() -> None:
        turn_ends = time.perf_counter() + ASKING_SECONDS
        while waiting and time.perf_counter() < turn_ends:
            connection = waiting.pop()
            if connection in self.connections:
                connection.check_timeouts()
        if waiting:
            _call_later(OTHERS_SECONDS, ask_some)
        else:
            _call_later(ASKED_EVERY, self.timeout_checker)

    ask_some()


def listen_success(self: Any, port: Any) -> Any:
    """Keep the port, which daphne forgets."""
    _listen_success(self, port)
    return port


def kill_all_applications(self: Any) -> Any:
    """Stop in order: take nobody new, serve those there are a little longer, then cancel and wait until all are closed.

    daphne's own looks for an application in connections that have none, as one that has just become a WebSocket, and then
    cancels nobody: the clients would see a broken connection in place of a close code.
    """
    for listener in self.listeners:
        listener.addCallback(lambda port: port and port.stopListening())
    return Deferred.fromFuture(asyncio.ensure_future(_end_all(self.connections)))


async def _end_all(connections: dict[Any, dict[str, Any]]) -> None:
    if any(not socket.is_gone for socket in _sockets(connections)):
        await asyncio.sleep(GRACE_SECONDS)
    for socket in _sockets(connections):
        if "application_instance" in connections[socket]:
            connections[socket]["application_instance"].cancel()
    running = [what["application_instance"] for what in connections.values() if "application_instance" in what]
    if running:
        await asyncio.wait(running, timeout=STOP_SECONDS)
    deadline = time.monotonic() + CLOSE_SECONDS
    # daphne notes when each is closed, but tells nobody
    while any(not socket.is_gone for socket in _sockets(connections)) and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


def _sockets(connections: dict[Any, dict[str, Any]]) -> list[Socket]:
    return [who for who in connections if isinstance(who, Socket)]


def mend() -> None:
    """Have every daphne of this process serve by the rules."""
    HTTPFactory.protocol = Channel
    WebSocketFactory.protocol = Socket
    Server.create_application = create_application
    Server.listen_success = listen_success
    Server.kill_all_applications = kill_all_applications
    Server.application_checker = application_checker
    Server.protocol_disconnected = protocol_disconnected
    Server.timeout_checker = timeout_checker
