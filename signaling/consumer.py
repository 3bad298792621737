"""The WebSocket side of the hub: accept, hand over each frame, deliver, clean up. All of Channels' part is here.

The consumer has a receive loop of its own: Channels' would run a task and a clean-up of database connections for every
frame, which costs more than the relaying itself.

- A request without a `username`, or from an Origin that may not connect, is refused as HTTP. All others are accepted
  first and closed with their code, since a browser sees nothing of an HTTP refusal.
- One that brings a `key` has `PROOF_SECONDS` to prove it. One whose owner came back on a newer connection is closed.
- However a connection ends, its client leaves the hub, after the socket was told.
- Nothing a user sent, no name and no address is logged, so of an exception only its class.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from channels.consumer import AsyncConsumer

from . import names
from .errors import Close, ProtocolError
from .hub import Client, Hub
from .limits import TrustedProxy, client_address
from .messages import Error, ErrorPayload, dump
from .meter import UNCOUNTED, Meter
from .process import Alone, Member
from .proof import Keyed, Line
from .turns import TURNS

if TYPE_CHECKING:
    from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, WebSocketScope

logger = logging.getLogger(__name__)

ANY_ORIGIN = "*"

PROOF_SECONDS = 10.0

_ORIGIN = re.compile(r"null|[a-z][a-z0-9+.-]*://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.ASCII)


class SignalingConsumer(AsyncConsumer):
    """One connection. `origins` are those that may connect, or `ANY_ORIGIN`; `proxies` those whose word counts."""

    def __init__(
        self,
        *,
        hub: Hub,
        process: Member | None = None,
        origins: Sequence[str] = (ANY_ORIGIN,),
        proxies: Sequence[TrustedProxy] = (),
        patience: float = PROOF_SECONDS,
        meter: Meter = UNCOUNTED,
    ) -> None:
        self._hub = hub
        self._meter = meter
        self._process = process or Alone()
        self._origins = origins
        self._proxies = proxies
        self._patience = patience
        self._open = True
        self._ended_with: int | None = None

    async def __call__(self, scope: WebSocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        self.base_send = send
        name, key = _queried(scope, "username", "key")
        if (await receive())["type"] != "websocket.connect":
            return
        if name is None or not origin_is_allowed(_headers(scope, b"origin"), self._origins):
            self._meter.refused("NO_USERNAME" if name is None else "ORIGIN")
            await self._emit({"type": "websocket.close"})
            return
        await self._emit({"type": "websocket.accept"})
        await self._process.start()
        keyed = None if key is None else Keyed(key, lambda: self._answer(receive))
        await self._serve(name, keyed, _address(scope, self._proxies), receive)

    async def _serve(self, name: str, keyed: Keyed | None, address: str, receive: ASGIReceiveCallable) -> None:
        client = None
        self._meter.opened()
        try:
            async with self._told_of_its_end():
                client = await self._join(name, keyed, address)
                await self._listen(client, receive)
        finally:
            self._open = False
            if client is not None:
                await self._leave(client)
            self._meter.ended()

    async def _join(self, name: str, keyed: Keyed | None, address: str) -> Client:
        try:
            client = await self._hub.join(name, address, Line(self._push, self._ending()), keyed)
        except ProtocolError as error:
            self._meter.refused(error.code)
            raise
        self._meter.joined()
        return client

    async def _listen(self, client: Client, receive: ASGIReceiveCallable) -> None:
        event: Any
        act = self._meter.timed(self._hub.receive)
        while (event := await receive())["type"] == "websocket.receive":
            try:
                await act(client, event.get("text") or "")  # a binary frame is one that cannot be read
            except ProtocolError as error:
                if error.close is not None:
                    raise
                await self._report(error)

    async def _answer(self, receive: ASGIReceiveCallable) -> str:
        """The next frame; the time for it is short, since until then nobody knows who this is."""
        event: Any
        try:
            async with asyncio.timeout(self._patience):
                event = await receive()
        except TimeoutError:
            raise names.unproven() from None
        if event["type"] != "websocket.receive":
            raise ConnectionError
        return event.get("text") or ""

    def _ending(self) -> Callable[[int], None]:
        """What ends this connection with a code: its task is woken from whatever it awaits, unless it is leaving anyway."""
        task = asyncio.current_task()

        def end(code: int) -> None:
            if self._open and task is not None:
                self._ended_with = code
                task.cancel()

        return end

    @asynccontextmanager
    async def _told_of_its_end(self) -> AsyncIterator[None]:
        """Whatever ends the connection from here, the other side gets the error and the close code for it."""
        try:
            yield
        except ProtocolError as error:
            await self._close(error.close or Close.UNEXPECTED, error)
        except OSError:
            self._open = False  # the socket went while something was written to it
        except asyncio.CancelledError:
            if self._ended_with is not None:
                await self._close(self._ended_with)
                return
            self._meter.sent_away += 1
            await self._close(Close.GOING_DOWN)
            await asyncio.sleep(0)  # a server going down cancels all at once: let each be closed before any is missed
            raise
        except Exception as error:  # noqa: BLE001 - what it is, the log says
            self._unexpected("A connection ended with an unexpected %s", error)
            await self._close(Close.UNEXPECTED)

    async def _leave(self, client: Client) -> None:
        self._meter.left()
        try:
            try:
                await TURNS.mine()  # a crowd goes as it came, at once
            finally:  # who is cancelled in line, since a server waits for nobody for ever, leaves all the same
                await self._hub.leave(client)
        except Exception as error:  # noqa: BLE001 - what it is, the log says
            self._unexpected("Leaving ended with an unexpected %s", error)

    def _unexpected(self, sentence: str, error: Exception) -> None:
        self._meter.unexpected()
        cause = type(error).__name__
        logger.error(sentence, cause, extra={"fields": {"exception": cause}})

    async def _emit(self, event: Any) -> None:
        try:
            await self.base_send(event)
        except RuntimeError as error:  # what daphne's WebSocket library raises for a socket that is gone
            raise ConnectionError from error

    def _push(self, frame: str) -> Awaitable[None]:
        """Not a coroutine of its own, since it stands in the way of every message."""
        if not self._open:
            raise ConnectionError
        event: Any = {"type": "websocket.send", "text": frame}
        return self.base_send(event)

    async def _report(self, error: ProtocolError) -> None:
        self._meter.error(error.code)
        payload = ErrorPayload(error.code, str(error))
        await self._push(dump(Error(target=error.target, session_id=error.session_id, payload=payload)))

    async def _close(self, code: int, error: ProtocolError | None = None) -> None:
        with suppress(OSError, RuntimeError):  # what servers raise when the socket is gone already
            if error is not None:
                await self._report(error)
            self._open = False
            await self._emit({"type": "websocket.close", "code": code})
            self._meter.closed(code)


def origin_is_allowed(given: Sequence[str], allowed: Sequence[str]) -> bool:
    """Whether these Origin headers let a request in: none at all, as a native client sends, or one of the `allowed`."""
    if not given:
        return True
    origin = given[0].lower()
    return len(given) == 1 and _ORIGIN.fullmatch(origin) is not None and (ANY_ORIGIN in allowed or origin in allowed)


def _queried(scope: WebSocketScope, *fields: str) -> list[str | None]:
    """The first value of each parameter of the query; None for one that is not there."""
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return [query[field][0] if field in query else None for field in fields]


def _headers(scope: WebSocketScope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for header, value in scope["headers"] if header.lower() == name]


def _address(scope: WebSocketScope, proxies: Sequence[TrustedProxy]) -> str:
    client = scope.get("client")
    return client_address(client[0] if client else None, _headers(scope, b"x-forwarded-for"), proxies)
