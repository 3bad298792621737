"""An evil server: a proxy that stands between real clients and a real daphne, and does with what passes as it likes.

    with EvilServer() as evil:
        evil.attack = Drop(step(2))
        ... clients that dial evil.url ...
        evil.attack.fired, evil.said("alice")

It hands out the page, too, so that a browser's origin is its own. It runs in a thread, so that tests of either kind, with an
event loop and without, can drive it. Each attack is one `tamper(frame, client, to_server) → frames` (evil_tampers.py); all that
passes is recorded, and frames of its own making go to any client (`tell`).

Several worlds can lie behind it, each a daphne of its own: in which one a client lives, its name decides (`lives_in`). So two
people can be kept apart, each with somebody else under the other's name (mitm.py).
"""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self, TypeVar
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.http11 import Request, Response

from tests.support.server import DaphneServer

Frame = dict[str, Any]
T = TypeVar("T")

GENEROUS = {
    "MESSAGE_RATE": "5000",
    "MESSAGE_BURST": "5000",
    "CALL_RATE": "60000",
    "CALL_BURST": "5000",
    "CONNECTIONS_PER_ADDRESS": "2000",
}
"""An evil server has no limits."""

MAX_FRAME = 1 << 22
_PATIENCE = 10.0
_OF_THE_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class Attack:
    """What the server does with what passes. This one does nothing."""

    def __init__(self) -> None:
        self.fired = 0
        """How often it did something."""
        self._made = threading.Event()

    def fire(self) -> None:
        """It does something."""
        self.fired += 1
        self._made.set()

    def wait(self) -> None:
        """Wait until it has done something."""
        assert self._made.wait(_PATIENCE), "the attack was never made"

    def tamper(self, frame: Frame, client: str, to_server: bool) -> list[Frame]:
        """What to pass on instead of a frame that `client` sent, or is to get."""
        return [frame]


@dataclass(frozen=True, slots=True)
class Passed:
    """A frame as it came, before it was tampered with."""

    client: str
    to_server: bool
    frame: Frame


class EvilServer:
    """The proxy, and the honest server behind it."""

    def __init__(self, honest: DaphneServer | None = None) -> None:
        """`honest` is a server that runs already, and that somebody else stops."""
        self.attack = Attack()
        self.captured: list[Passed] = []
        self.faults: list[str] = []
        """What went wrong in this server itself; a test that finds something here has tested nothing."""
        self._worlds = [honest or DaphneServer(GENEROUS)]
        self._started = [] if honest else self._worlds[:]
        self._homes: dict[str, int] = {}
        self._clients: dict[str, _Line] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0
        self._static: dict[str, Response] = {}

    def __enter__(self) -> Self:
        for world in self._started:
            world.start()
        self._thread.start()
        self.run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        for world in self._started:
            world.stop()

    @property
    def url(self) -> str:
        """What its victims dial."""
        return f"http://127.0.0.1:{self.port}"

    def world(self, number: int) -> str:
        """The address of a world; the attacker's own people dial it, past all tampering. Starts those that it lacks."""
        while len(self._worlds) <= number:
            self._worlds.append(DaphneServer(GENEROUS))
            self._started.append(self._worlds[-1])
            self._worlds[-1].start()
        return self._worlds[number].url

    def lives_in(self, name: str, number: int) -> None:
        """Keep a client in this world from its next connection on."""
        self.world(number)
        self._homes[name.lower()] = number

    def behave(self) -> None:
        """Tamper no more, and forget what passed."""
        self.attack = Attack()
        self.captured = []

    # What passed

    def said(self, *names: str) -> list[Frame]:
        """What these clients sent, in order; without names, all of them."""
        wanted = {name.lower() for name in names}
        return [p.frame for p in list(self.captured) if p.to_server and (not wanted or p.client.lower() in wanted)]

    def heard(self, name: str) -> list[Frame]:
        """What was meant for this client, in order."""
        return [p.frame for p in list(self.captured) if not p.to_server and p.client.lower() == name.lower()]

    # What it makes up

    def tell(self, name: str, *frames: Frame | str) -> None:
        """Send a client frames of one's own."""
        self.run(self._tell(name, frames))

    def ask(self, name: str, *frames: Frame) -> None:
        """Send the honest server frames as if from a client."""
        self.run(self._ask(name, frames))

    def cut(self, name: str) -> None:
        """Drop a client's socket."""
        self.run(self._clients[name.lower()].down.close(1001))

    def connected(self, name: str) -> bool:
        """Whether a client has its socket, wherever it lives now."""
        line = self._clients.get(name.lower())
        return line is not None and line.world == self._homes.get(name.lower(), 0)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something in the server's own loop, and wait for it."""
        return self.begin(coroutine).result(30)

    def begin(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run something in the server's own loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    # Inside: everything from here runs in the thread

    async def _start(self) -> None:
        self._server = await serve(
            self._socket,
            "127.0.0.1",
            0,
            process_request=self._page,
            compression=None,
            max_size=MAX_FRAME,
            ping_interval=None,
            close_timeout=1,
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _page(self, _: ServerConnection, request: Request) -> Response | None:
        """Anything but the socket is fetched from the honest server; static files, whose names change with them, once."""
        if urlsplit(request.path).path == "/ws":
            return None
        kept = self._static.get(request.path)
        answer = await asyncio.to_thread(self._fetch, request) if kept is None else kept
        if request.path.startswith("/static/") and answer.status_code == http.client.OK:
            self._static[request.path] = answer
        return answer

    def _fetch(self, request: Request) -> Response:
        upstream = http.client.HTTPConnection("127.0.0.1", self._worlds[0].port, timeout=_PATIENCE)
        wanted = {
            name: value for name, value in request.headers.raw_items() if name.lower() not in {"host", "connection"}
        }
        try:
            upstream.request("GET", request.path, headers=wanted)
            answer = upstream.getresponse()
            body = answer.read()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _OF_THE_HOP]
            headers = Headers([*kept, ("Content-Length", str(len(body))), ("Connection", "close")])
            return Response(answer.status, answer.reason, headers, body)
        finally:
            upstream.close()

    async def _socket(self, down: ServerConnection) -> None:
        assert down.request is not None, "a socket begins with a request"
        name = parse_qs(urlsplit(down.request.path).query)["username"][0]
        home = self._homes.get(name.lower(), 0)
        server = self._worlds[home].url
        try:
            async with connect(
                f"ws{server.removeprefix('http')}{down.request.path}",
                compression=None,
                proxy=None,
                max_size=MAX_FRAME,
                close_timeout=1,
            ) as up:
                await self._carry(_Line(name, home, down, up))
        except (OSError, WebSocketException):
            await down.close(1011)

    async def _carry(self, line: _Line) -> None:
        """Pass frames both ways until either end is gone, and then close the other as it was closed."""
        self._clients[line.name.lower()] = line
        ways = [
            asyncio.ensure_future(self._pass_on(line, to_server=True)),
            asyncio.ensure_future(self._pass_on(line, to_server=False)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        code = line.up.close_code
        await line.down.close(code if code and 1000 <= code < 5000 and code not in (1005, 1006) else 1001)

    async def _pass_on(self, line: _Line, *, to_server: bool) -> None:
        source, sink = (line.down, line.up) if to_server else (line.up, line.down)
        with suppress(ConnectionClosed):
            async for text in source:
                for frame in self._tampered(json.loads(text), line.name, to_server):
                    await sink.send(json.dumps(frame))

    def _tampered(self, frame: Frame, client: str, to_server: bool) -> list[Frame]:
        self.captured.append(Passed(client, to_server, json.loads(json.dumps(frame))))
        try:
            return self.attack.tamper(frame, client, to_server)
        except Exception as error:  # noqa: BLE001 - it must reach the test
            self.faults.append(f"{type(self.attack).__name__}: {error!r}")
            return []

    async def _tell(self, name: str, frames: tuple[Frame | str, ...]) -> None:
        for frame in frames:
            await self._clients[name.lower()].down.send(frame if isinstance(frame, str) else json.dumps(frame))

    async def _ask(self, name: str, frames: tuple[Frame, ...]) -> None:
        for frame in frames:
            await self._clients[name.lower()].up.send(json.dumps(frame))


@dataclass(frozen=True, slots=True)
class _Line:
    """A client's two sockets: from it, and to the honest server."""

    name: str
    world: int
    down: ServerConnection
    up: Any
