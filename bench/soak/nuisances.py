"""What nobody should do, done again and again; and what the server has to make of it.

Each nuisance is a function that does one thing to the server and says what came of it instead of what had to, or nothing.
None of them is in the ledger, since nobody talks to them. Each has an address of its own.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import msgspec

from bench.clients import Refused, Target
from bench.wire import heard
from signaling.errors import Close
from signaling.messages import MAX_FRAME_BYTES, Offer, SessionConnect, SessionLeave, dump, raw

from .lines import UNREACHABLE, Line
from .people import Said
from .raw import half_open, slow_answer
from .surroundings import Surroundings

PAUSE = (0.5, 4.0)
SECONDS = 15.0
"""How long the server may take for anything here; a proof has ten."""

CROWD = 55
ALLOWED = 50
TRIES = 100

QUESTION = dump(SessionLeave()).encode()
"""Answered with an error, and nothing else."""

GARBAGE: tuple[str, ...] = (
    "",
    "{",
    "null",
    '"type"',
    "[" * 5_000,
    '{"type":5}',
    '{"type":"nonsense"}',
    '{"type":"auth:response","payload":{"origin":"","mac":""}}',
    '{"type":"session:connect"}',
    '{"type":"session:connect","target":"no name"}',
    '{"type":"session:join","sessionId":"no id"}',
    '{"type":"signal:offer","target":"anchor_0","payload":[]}',
    '{"type":"signal:ice","target":"anchor_0","payload":{}}',
    '{"type":"signal:offer","target":"anchor_0","payload":{"a":' + "[" * 3_000,
    '{"type":"session:leave","payload":{"sessionId":"\\ud800"}}',
    "\x00\x01\x02",
)


class Nuisance:
    """One of them. What it hears is in `errors`, by code."""

    def __init__(self, around: Surroundings, kind: str, address: str, chance: random.Random) -> None:
        self.around = around
        self.chance = chance
        self.errors: list[str] = []
        self.kind = kind
        self._address = address
        self._enough = 0, asyncio.Event()
        self._lines: list[Line] = []

    async def live(self, pause: tuple[float, float] = PAUSE) -> None:
        """Until the town closes, with so many seconds between one time and the next."""
        while not self.around.closing.is_set():
            await self.around.sleep(self.chance.uniform(*pause))
            instead = await self._once()
            self.around.expect(not instead, f"{self.kind}: {instead}")
            self.around.nuisance(self.kind)

    async def _once(self) -> str:
        self.errors = []
        doing = asyncio.ensure_future(NUISANCES[self.kind](self))
        done, _ = await asyncio.wait([doing, self.around.closed], return_when=asyncio.FIRST_COMPLETED)
        if doing not in done:
            doing.cancel()
        try:
            return await doing
        except asyncio.CancelledError:
            return ""
        except UNREACHABLE as error:
            return repr(error)
        finally:
            self._cut_all()

    def _cut_all(self) -> None:
        """Whatever it was that it did, nothing of it stays."""
        for line in self._lines:
            line.cut()
        self._lines.clear()

    def name(self, role: str) -> str:
        """One's own among those who do the same."""
        return f"{role}_{self._address.replace('.', '_')[4:]}"

    def line(self, name: str, *, keyed: bool = False, of: type[Line] = Line, at: Target | None = None) -> Line:
        line = of(at or self.around.target(keyed=keyed), name, self._address, self._hears)
        self._lines.append(line)
        return line

    async def refused(self, line: Line, expected: int) -> str:
        """Dial; it has to be closed with that code."""
        try:
            await line.dial()
        except Refused as refused:
            return "" if refused.code == expected else f"refused with {refused.code}, not {expected}"
        line.cut()
        return f"let in, and not refused with {expected}"

    async def closed(self, line: Line, expected: int) -> str:
        """It has to be closed with that code, before long."""
        await asyncio.wait([line.gone], timeout=SECONDS)
        code = line.close_code if line.gone.done() else "nothing"
        line.cut()
        return "" if code == expected else f"closed with {code}, not {expected}"

    async def answered(self, line: Line, errors: int) -> str:
        """So many errors have to come, and the socket to live on."""
        self._enough = errors, asyncio.Event()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._enough[1].wait(), SECONDS)
        if line.gone.done() or len(self.errors) != errors:
            return f"{len(self.errors)} errors for {errors} frames, and closed with {line.close_code}"
        await line.close()
        return ""

    def raw_address(self) -> tuple[int, str]:
        """Where to connect to without a WebSocket, and from where."""
        return self.around.target(keyed=False).port, self._address

    def _hears(self, line: Line, frame: bytes) -> None:
        message = heard(frame)
        if message.type == "error":
            self.errors.append(msgspec.json.decode(message.payload, type=Said).code)
            if len(self.errors) >= self._enough[0]:
                self._enough[1].set()


class Proofless(Line):
    """Claims a name with a key, and says nothing when it is asked for the proof."""

    def _greeted(self, frame: bytes) -> None:
        pass


class Liar(Line):
    """Claims a name with a key, and has no proof."""

    def _greeted(self, frame: bytes) -> None:
        if heard(frame).type == "auth:challenge":
            self.send(b'{"type":"auth:response","payload":{"origin":"http://localhost","mac":"AAAA"}}')


async def bad_name(who: Nuisance) -> str:
    return await who.refused(who.line("no"), Close.INVALID_USERNAME)


async def thief(who: Nuisance) -> str:
    """Wants a name that is another's."""
    if not who.around.ledger.is_here("anchor_0"):
        return ""
    return await who.refused(who.line("ANCHOR_0"), Close.USERNAME_TAKEN)


async def liar(who: Nuisance) -> str:
    return await who.refused(who.line("anchor_1", keyed=True, of=Liar), Close.AUTH_FAILED)


async def proofless(who: Nuisance) -> str:
    return await who.refused(who.line("anchor_1", keyed=True, of=Proofless), Close.AUTH_FAILED)


async def babbler(who: Nuisance) -> str:
    """Sends what cannot be read: one error for each, and no more."""
    line = who.line(who.name("babbler"))
    await line.dial()
    frames = who.chance.sample(GARBAGE, len(GARBAGE))
    for frame in frames:
        line.send(frame.encode())
    line.send_bytes(b"\xff\xfe")
    return await who.answered(line, len(frames) + 1)


async def flooder(who: Nuisance) -> str:
    """Sends more than it may, and goes on when told so."""
    line = who.line(who.name("flooder"))
    await line.dial()
    for _ in range(600):
        line.send(QUESTION)
    return await who.closed(line, Close.FLOOD)


async def shouter(who: Nuisance) -> str:
    """Sends a frame that is too large."""
    line = who.line(who.name("shouter"))
    await line.dial()
    line.send(b'{"type":"' + b"x" * who.chance.choice((MAX_FRAME_BYTES, 4 * MAX_FRAME_BYTES)) + b'"}')
    return await who.closed(line, Close.TOO_LARGE)


async def crowd(who: Nuisance) -> str:
    """Comes with more connections than an address may have; those that are too many are refused, and no others."""
    at = who.around.target(keyed=False)  # each process counts for itself
    lines = [who.line(who.name(f"crowd{number}"), at=at) for number in range(CROWD)]
    try:
        ends = await asyncio.gather(*(line.dial() for line in lines), return_exceptions=True)
        codes = [end.code if isinstance(end, Refused) else 0 for end in ends if end is not None]
        expected = [Close.FLOOD] * (CROWD - ALLOWED)
        return "" if codes == expected else f"refused with {codes}"
    finally:
        for line in lines:
            line.reset()
        await asyncio.sleep(1)  # the server counts connections until it has missed them


async def one_more(who: Nuisance) -> str:
    """Has as many connections as an address may have, and goes on asking for another, which is refused each time."""
    at = who.around.target(keyed=False)
    lines = [who.line(who.name(f"more{number}"), at=at) for number in range(ALLOWED)]
    for line in lines:
        await line.dial()
    for _ in range(TRIES):
        instead = await who.refused(who.line(who.name("more"), at=at), Close.FLOOD)
        if instead or who.around.closing.is_set():
            return "" if any(line.gone.done() for line in lines) else instead
        await who.around.sleep(who.chance.uniform(0, 0.1))
    return ""


async def heavy(who: Nuisance) -> str:
    """Sends a friend frames of the largest size, as many as it may."""
    reader, friend = who.line(who.name("heavy_a")), who.line(who.name("heavy_b"))
    await reader.dial()
    await friend.dial()
    friend.send(dump(SessionConnect(target=reader.name)).encode())
    offer = dump(Offer(target=reader.name, payload=raw({"sdp": "x" * (MAX_FRAME_BYTES - 200)}))).encode()
    for _ in range(80):
        friend.send(offer)
        await asyncio.sleep(0.01)
    await friend.close()
    await reader.close()
    return f"told {who.errors[0]}" if who.errors else ""


async def deaf(who: Nuisance) -> str:
    """Does not read what a friend sends: is dropped, and the friend told."""
    reader, friend = who.line(who.name("deaf_a")), who.line(who.name("deaf_b"))
    await reader.dial()
    await friend.dial()
    friend.send(dump(SessionConnect(target=reader.name)).encode())
    await asyncio.sleep(0.2)
    reader.deafen()
    offer = dump(Offer(target=reader.name, payload=raw({"sdp": "x" * 60_000}))).encode()
    sent = 0
    while not {"RELAY_FAILED", "NOT_IN_SESSION"} & set(who.errors) and not friend.gone.done() and sent < 400:
        friend.send(offer)
        sent += 1
        await asyncio.sleep(0.005 if sent < 90 else 0.06)
    reader.cut()
    friend.cut()
    return "" if who.errors and sent < 400 else f"after {sent} messages that nobody read: {who.errors[-1:]}"


async def half_opener(who: Nuisance) -> str:
    """Begins requests and does not end them."""
    port, address = who.raw_address()
    ends = await asyncio.gather(*(half_open(port, address) for _ in range(20)))
    return "" if all(ends) else f"{ends.count(False)} half requests were still open after a long time"


async def slow_writer(who: Nuisance) -> str:
    """Sends a frame byte by byte, and is answered as anybody."""
    port, address = who.raw_address()
    return (
        "" if b"MISSING_SESSION_ID" in await slow_answer(port, address, who.name("slow"), QUESTION) else "not answered"
    )


NUISANCES: Mapping[str, Callable[[Nuisance], Awaitable[str]]] = {
    "bad name": bad_name,
    "thief": thief,
    "liar": liar,
    "proofless": proofless,
    "babbler": babbler,
    "flooder": flooder,
    "shouter": shouter,
    "crowd": crowd,
    "one more": one_more,
    "deaf": deaf,
    "heavy": heavy,
    "half-opener": half_opener,
    "slow writer": slow_writer,
}
