"""Which STUN and TURN servers answer, asked before aiortc waits for them. Python alone: a browser trickles, and never waits.

aiortc has all its candidates before it has a description to send, and gives a server that is silent five seconds, on either
side. So each server gets one binding request, which a TURN server answers too (RFC 8489), or over TCP and TLS a connection;
who has not answered within `PROBE_SECONDS` is left out.

Whoever answered need not be asked again for a minute. Whoever did not is remembered too, if another one did answer in the
same moment: where none did, it may be this device's network that was away, and the next call asks again. An answer that
comes too late for this connection counts for the next.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from aioice import stun, turn

from .ice_services import Service

PROBE_SECONDS = 0.4
LATE_SECONDS = 2.0
"""How long an answer is still taken note of."""
AGAIN_SECONDS = (0.03, 0.05)
"""When the request goes out once more, each after the one before: a packet may be lost, and there is no time to notice."""
MEMORY_SECONDS = 60.0
REFUSAL_SECONDS = 2.0


class StunProbe:
    """Asks, and remembers. `clock` counts seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, float | None]] = {}
        """By URL: when that was learned, and how many seconds it took to answer, or None when it did not."""
        self._asking: dict[str, asyncio.Task[None]] = {}

    async def answering(self, services: Sequence[Service], *, needed: bool = False) -> dict[Service, float]:
        """Those that answer, and within how many seconds. Where one of them is `needed`, those that were silent are asked again,
        and a slow one will do."""
        self._forget()
        tasks = {
            self._task(service)
            for service in services
            if (self._seconds(service.url) is None if needed else service.url not in self._known)
        }
        if tasks:
            await asyncio.wait(tasks, timeout=PROBE_SECONDS)
        answered = self._answered(services)
        if tasks and needed and not answered:
            await asyncio.wait(tasks, timeout=LATE_SECONDS - PROBE_SECONDS)
            answered = self._answered(services)
        if answered:
            now = self._clock()
            for service in services:
                self._known.setdefault(service.url, (now, None))
        return answered

    def _answered(self, services: Sequence[Service]) -> dict[Service, float]:
        return {service: seconds for service in services if (seconds := self._seconds(service.url)) is not None}

    def _seconds(self, url: str) -> float | None:
        return self._known[url][1] if url in self._known else None

    def _forget(self) -> None:
        now = self._clock()
        self._known = {url: known for url, known in self._known.items() if now - known[0] < MEMORY_SECONDS}

    def _task(self, service: Service) -> asyncio.Task[None]:
        """Two connections that begin at once ask once."""
        if service.url not in self._asking:
            task = self._asking[service.url] = asyncio.get_running_loop().create_task(self._ask(service))
            task.add_done_callback(lambda _: self._asking.pop(service.url, None))
        return self._asking[service.url]

    async def _ask(self, service: Service) -> None:
        began = self._clock()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(LATE_SECONDS):
                await (_bind(service) if service.transport == "udp" else _connect(service))
            now = self._clock()
            self._known[service.url] = (now, now - began)


async def refusal(service: Service) -> int | None:
    """The STUN error code with which a TURN server refuses these credentials, or None.

    aioice keeps it to itself, so where it came back without a relay the server is asked once more, to hear why.
    """
    try:
        async with asyncio.timeout(REFUSAL_SECONDS):
            transport, _ = await turn.create_turn_endpoint(
                asyncio.DatagramProtocol,
                server_addr=(service.host, service.port),
                username=service.username,
                password=service.credential,
                ssl=service.scheme == "turns",
                transport=service.transport,
            )
    except stun.TransactionFailed as failed:
        return failed.response.error_code
    except (OSError, TimeoutError, stun.TransactionError):
        return None
    transport.close()
    return None


class _Asker(asyncio.DatagramProtocol):
    """One binding request on a socket of its own, and the answer to it."""

    def __init__(self) -> None:
        self.request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
        self.answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _: tuple[Any, ...]) -> None:
        with suppress(ValueError):
            if stun.parse_message(data).transaction_id == self.request.transaction_id and not self.answer.done():
                self.answer.set_result(None)

    def error_received(self, error: Exception) -> None:
        """Nobody listens there, the network says."""
        if not self.answer.done():
            self.answer.set_exception(error)


async def _bind(service: Service) -> None:
    family = socket.AF_UNSPEC if service.relays else socket.AF_INET  # aioice asks STUN servers over IPv4 alone
    transport, asker = await asyncio.get_running_loop().create_datagram_endpoint(
        _Asker, remote_addr=(service.host, service.port), family=family
    )
    try:
        for pause in AGAIN_SECONDS:
            transport.sendto(bytes(asker.request))
            await asyncio.wait({asker.answer}, timeout=pause)
            if asker.answer.done():
                break
        else:
            transport.sendto(bytes(asker.request))
        await asker.answer
    finally:
        asker.answer.cancel()
        transport.close()


async def _connect(service: Service) -> None:
    _, writer = await asyncio.open_connection(service.host, service.port)
    writer.close()
