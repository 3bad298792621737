"""What uvicorn runs for each connection (its own classes with bounds), given to it as `--http` and `--ws`.

Plain uvicorn serves the matchmaker as well, but waits for a client that does not read, keeps connections that never ask
for anything, closes with 1012 when it stops, and logs names at level INFO.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, ClassVar, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from signaling.turns import TURNS

from . import (
    CLOSE_SECONDS,
    GRACE_SECONDS,
    LINGER_SECONDS,
    MESSAGE_FRAGMENTS,
    REQUEST_BYTES,
    REQUEST_SECONDS,
    UNSENT_BYTES,
    WAITING_FRAMES,
)
from .reading import Sliced

logger = logging.getLogger(__name__)

_requests = logging.getLogger(f"{__name__}.requests")
_requests.setLevel(logging.ERROR)
_sockets = logging.getLogger(f"{__name__}.sockets")
_sockets.setLevel(logging.CRITICAL)
"""What uvicorn says to these below their levels, whatever its own level is, has names and addresses, or is about clients
that break the protocol."""


class Requests(HttpToolsProtocol):
    """HTTP. While no request is being served, the next has `REQUEST_SECONDS` to be there, all of it."""

    _overdue: asyncio.TimerHandle | None = None
    _served: RequestResponseCycle | None = None
    _taken = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = _requests

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own
        super().connection_made(transport)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._await_nothing()
        if self._served is not None:
            self._served.disconnected = True
            self._served.message_event.set()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """uvicorn knows the request that came last, and would tell that one alone when the client has gone."""
        self._served = cycle
        super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        self._taken += len(data)
        if self._taken > REQUEST_BYTES:
            self.transport.abort()
        elif not self.transport.is_closing():
            super().data_received(data)

    def on_message_complete(self) -> None:
        self._await_nothing()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.pipeline:
            self._await_request()

    def handle_websocket_upgrade(self) -> None:
        self.transport.pause_reading()
        TURNS.take(self._come_in)

    def _come_in(self) -> None:
        if not self.transport.is_closing():
            super().handle_websocket_upgrade()
            self.transport.resume_reading()

    def _await_request(self) -> None:
        self._await_nothing()
        self._overdue = self.loop.call_later(REQUEST_SECONDS, self._give_up)

    def _await_nothing(self) -> None:
        self._taken = 0
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None

    def _give_up(self) -> None:
        self.transport.close()
        self._overdue = self.loop.call_later(LINGER_SECONDS, self.transport.abort)


class Socket(Sliced, WebSocketsSansIOProtocol):
    """A WebSocket. When the server stops, its application is cancelled, and has the last word."""

    _application: asyncio.Task[Any] | None = None
    _end: ClassVar[asyncio.TimerHandle | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = self.conn.logger = _sockets
        self.conn.debug = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=UNSENT_BYTES)

    def data_received(self, data: bytes) -> None:
        self.take(data)

    def read(self, data: bytes) -> None:
        super().data_received(data)

    @property
    def is_over(self) -> bool:
        return self.transport.is_closing()

    @property
    def is_full(self) -> bool:
        return self.queue.qsize() >= WAITING_FRAMES and not self.close_sent

    @property
    def is_deaf(self) -> bool:
        return self.read_paused

    def stop_listening(self) -> None:
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def listen_again(self) -> None:
        if self.read_paused and not self.transport.is_closing():  # uvicorn's own trips over one that has closed
            self.read_paused = False
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        """More than `UNSENT_BYTES` are unsent."""
        self.transport.abort()

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.send" and self.handshake_complete:
            self._write(message)
        else:
            await super().send(message)  # which waits for nothing, since writing is never paused
            if self.close_sent:
                self._linger(CLOSE_SECONDS)
                self.go_on()  # to the other's close frame

    def _write(self, message: Any) -> None:
        if self.close_sent or self.transport.is_closing():  # the first after a frame that broke the rules
            raise ClientDisconnected
        if (text := message.get("text")) is not None:
            self.conn.send_text(text.encode())
        else:
            self.conn.send_binary(message["bytes"])
        self.transport.write(b"".join(self.conn.data_to_send()))
        if self.transport.is_closing():
            raise ClientDisconnected

    def send_receive_event_to_app(self) -> None:
        """As uvicorn's own, which pauses the transport for every frame, and trips over one that is not UTF-8."""
        data, self.frames = b"".join(self.frames), []
        if self.close_sent:
            return
        try:
            content = {"text": data.decode()} if self.curr_msg_data_type == "text" else {"bytes": data}
        except UnicodeDecodeError:
            self._fail(1007)
            return
        self.queue.put_nowait(cast(Any, {"type": "websocket.receive", **content}))
        if self.is_full:
            self.stop_listening()

    def receive(self) -> Any:
        return self.next_of(self.queue)

    def _fail(self, code: int) -> None:
        self.conn.fail(code)
        self.handle_parser_exception()

    def handle_cont(self, event: Any) -> None:
        super().handle_cont(event)
        if len(self.frames) >= MESSAGE_FRAGMENTS:
            self.transport.abort()

    def handle_close(self, event: Any) -> None:
        super().handle_close(event)
        self._linger(LINGER_SECONDS)

    def handle_parser_exception(self) -> None:
        super().handle_parser_exception()
        self._linger(LINGER_SECONDS)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()

    async def run_asgi(self) -> None:
        self._application = asyncio.current_task()
        try:
            await self.app(self.scope, self.receive, self.send)
        except (ClientDisconnected, asyncio.CancelledError):
            pass
        except BaseException as error:  # noqa: BLE001 - what it is, the log says; its text may be a user's
            logger.error("The application ended with %s", type(error).__name__)
            self.send_500_response()
        if not self.close_sent:
            self.transport.close()
            self._linger(LINGER_SECONDS)

    def shutdown(self) -> None:
        """All sockets are served a little longer, and then end at once: nobody shall hear that another has gone."""
        if self._application is None or self.close_sent:
            super().shutdown()
        elif Socket._end is None:
            Socket._end = self.loop.call_later(GRACE_SECONDS, self._end_all)

    def _end_all(self) -> None:
        Socket._end = None
        for connection in list(self.connections):
            if isinstance(connection, Socket) and connection._application is not None:
                connection._application.cancel()

    def _linger(self, seconds: float) -> None:
        """End the connection after so long, whatever it still waits for."""
        if self.close_timer is not None:
            self.close_timer.cancel()
        if not self.disconnected:
            self.close_timer = self.loop.call_later(seconds, self.transport.abort)
