"""Two clients in a session, and the offers between them: A to B, and B's answer back to A, a window of them under way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import msgspec

from signaling.messages import SessionConnect, dump

from .clients import Client, Target, close_all, open_all
from .wire import Arrivals, Offers, WrongMessageError, heard

DRAIN_SECONDS = 20.0


class Pair:
    """`trips` has the seconds of each round trip while `timed` is set. Faults end up in `fault`, the first of them."""

    def __init__(self, caller: Client, called: Client, fault: asyncio.Future[None]) -> None:
        self.caller = caller
        self.called = called
        self.trips: list[float] = []
        self.timed = False
        self.going = False
        self._fault = fault
        self._sent = 0
        self._at: dict[int, float] = {}
        self._idle = asyncio.Event()
        for client in (caller, called):
            client.broke = self._broke

    async def meet(self) -> None:
        """Open the session, where the server has any; both ends hear of it."""
        session_id = None
        stamped = self.caller.target.mode != "bare"
        if stamped:
            joined = [self._joined(client) for client in (self.caller, self.called)]
            self.caller.send(dump(SessionConnect(target=self.called.name)).encode())
            async with asyncio.timeout(DRAIN_SECONDS):
                session_id, _ = await asyncio.gather(*joined)
        caller, called = self.caller.name, self.called.name
        self._there = Offers(caller, called, session_id, stamped=stamped)
        self._back = Offers(called, caller, session_id, stamped=stamped)
        self._asked = Arrivals(self._there, caller, called)
        self._answered = Arrivals(self._back, called, caller)
        self.called.hear = self._hear_offer
        self.caller.hear = self._hear_answer

    @property
    def relayed(self) -> int:
        """How many messages the server has relayed."""
        return self._asked.count + self._answered.count

    def call(self) -> None:
        """Send the next offer."""
        number, self._sent = self._sent, self._sent + 1
        self._idle.clear()
        self._at[number] = time.perf_counter()
        self.caller.send(self._there.frame(number))

    def start(self, window: int) -> None:
        """Keep `window` of them under way until `stop`."""
        self.going = True
        for _ in range(window):
            self.call()

    async def stop(self) -> None:
        """Send no more, and wait until all that were sent are there."""
        self.going = False
        if self._answered.count != self._sent:
            try:
                async with asyncio.timeout(DRAIN_SECONDS):
                    await self._idle.wait()
            except TimeoutError:
                lost = self._sent - self._answered.count
                raise WrongMessageError(f"{lost} round trips of {self.caller.name} never ended") from None

    def _hear_offer(self, frame: bytes) -> None:
        self.called.send(self._back.frame(self._asked.take(frame)))

    def _hear_answer(self, frame: bytes) -> None:
        sent_at = self._at.pop(self._answered.take(frame))
        if self.timed:
            self.trips.append(time.perf_counter() - sent_at)
        if self.going:
            self.call()
        elif self._answered.count == self._sent:
            self._idle.set()

    def _joined(self, client: Client) -> asyncio.Future[str]:
        joined: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def hear(frame: bytes) -> None:
            message = heard(frame)
            if message.type != "session:joined":
                raise WrongMessageError(f"a session should have been joined, not {frame[:200]!r}")
            joined.set_result(msgspec.json.decode(message.payload)["sessionId"])

        client.hear = hear
        return joined

    def _broke(self, error: Exception) -> None:
        if not self._fault.done():
            self._fault.set_exception(error)


class Pairs:
    """So many pairs, opened and closed together: `async with Pairs(target, 50, "relay") as pairs`."""

    def __init__(self, target: Target, count: int, called: str) -> None:
        self.fault: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._clients = [Client(target, f"{called}_{number}") for number in range(2 * count)]
        self.pairs = [Pair(a, b, self.fault) for a, b in zip(self._clients[::2], self._clients[1::2], strict=True)]

    async def __aenter__(self) -> Pairs:
        await open_all(self._clients)
        for pair in self.pairs:
            await pair.meet()
        return self

    async def __aexit__(self, *_: object) -> None:
        await close_all(self._clients)

    @property
    def relayed(self) -> int:
        return sum(pair.relayed for pair in self.pairs)

    @property
    def trips(self) -> Sequence[float]:
        return [trip for pair in self.pairs for trip in pair.trips]

    def time(self, timed: bool) -> None:
        for pair in self.pairs:
            pair.timed = timed

    async def goes_on(self, seconds: float) -> None:
        """Let it go on for so long. Raises the first fault at once."""
        await asyncio.wait([self.fault], timeout=seconds)
        if self.fault.done():
            self.fault.result()
        for pair in self.pairs:
            for client in (pair.caller, pair.called):
                if client.gone.done():
                    raise WrongMessageError(f"{client.name}'s socket was closed with {client.close_code}")

    async def stop(self) -> None:
        await asyncio.gather(*(pair.stop() for pair in self.pairs))
        await self.goes_on(0)
