"""People who behave: they keep the limits, and do all that a client may do. What they see goes to the ledger.

A `Person` lives until the town closes: comes, stays for a while, goes in one of several ways, and comes back. While there,
they call others, talk (offers and candidates one way, an answer for each offer the other), decline, leave, and answer who
calls. How, is their `Habits`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Raw

from bench.clients import Refused
from bench.wire import Heard, heard
from chat.peer.signaling_client import delay
from signaling.errors import Close
from signaling.limits import TokenBucket
from signaling.messages import (
    Answer,
    Ice,
    Message,
    Offer,
    SessionConnect,
    SessionDecline,
    SessionLeave,
    SessionRef,
    dump,
)

from .ledger import Life, Payload
from .lines import UNREACHABLE, Line
from .surroundings import Surroundings

ANSWER_SECONDS = 10.0
"""How long an answer of the server may take, however busy the machine."""

MESSAGES = (15.0, 60)
"""What a person sends at most, by the second and at once; the server allows more."""

CALLS = (8 / 60, 8)

Way: TypeAlias = Literal["close", "reset", "silent", "second"]
"""How somebody goes: politely; without a word; neither closing nor reading; leaving the socket to a newer one."""

RELAYED = frozenset({"key:exchange", "signal:offer", "signal:answer", "signal:ice"})


@dataclass(frozen=True, slots=True)
class Habits:
    """`stays` and `away` are seconds, from and to; `ways` how they go; `friends` whom they call, else anybody."""

    keyed: bool = True
    stays: tuple[float, float] = (4.0, 20.0)
    away: tuple[float, float] = (0.0, 3.0)
    ways: tuple[Way, ...] = ("close", "close", "reset", "silent", "second")
    friends: tuple[str, ...] = ()
    declines: float = 0.15
    leaves: float = 0.6
    pause: tuple[float, float] = (0.1, 0.4)


class Said(msgspec.Struct, rename="camel"):
    """What payloads of the server's own messages hold, as far as people care."""

    code: str = ""
    session_id: str = ""
    peer: str = ""
    initiator: bool = True


@dataclass(eq=False, slots=True)
class _Here:
    """One stay: a socket, and what goes on over it."""

    line: Line
    life: Life
    budget: TokenBucket
    talks: set[asyncio.Task[None]] = field(default_factory=set)


class Person:
    """See the module. `calls` has the sessions that stand, by the lower-case name of the other."""

    def __init__(self, around: Surroundings, name: str, address: str, habits: Habits, chance: random.Random) -> None:
        self.name = name
        self.habits = habits
        self.calls: dict[str, str] = {}
        self._around = around
        self._ledger = around.ledger
        self._address = address
        self._chance = chance
        self._here: _Here | None = None
        self._old: list[_Here] = []
        self._asking: dict[str, asyncio.Future[str]] = {}
        self._ended: set[str] = set()
        self._calling = TokenBucket(*CALLS)
        self._lost_at: float | None = None

    async def live(self) -> None:
        """Come and go until the town closes, and then leave for good."""
        while not self._around.closing.is_set():
            here = await self._come()
            if here is None:
                return
            await self._stay(here)
            await self._go(here)
        await self._leave_for_good()

    # Coming

    async def _come(self) -> _Here | None:
        """Online, after as many attempts as it takes; None when the town closed first."""
        attempt = 0
        while not self._around.closing.is_set():
            here = await self._dial()
            if here is not None:
                await self._came_back()
                return here
            await self._around.sleep(delay(attempt, self._chance.random()))
            attempt += 1
        return None

    async def _dial(self) -> _Here | None:
        keyed = self.habits.keyed
        line = Line(self._around.target(keyed=keyed), self.name, self._address, self._hears)
        line.broke = lambda error: self._broke(line, error)
        try:
            await line.dial()
        except Refused as refused:
            self._around.expect(False, f"{self.name} was refused with {refused.code or 'no close code'}")
            self._around.count(f"refused with {refused.code}")
            return None
        except UNREACHABLE as error:
            self._around.expect(False, f"{self.name} could not connect: {type(error).__name__}")
            return None
        return self._begin(line)

    def _begin(self, line: Line) -> _Here:
        """The socket is online: told by `dial`, or by the first frame on it."""
        if self._here is None or self._here.line is not line:
            life = Life(self.name, keyed=self.habits.keyed)
            self._here = _Here(line, life, TokenBucket(*MESSAGES))
            self._ledger.begins(life)
            self._forget_what_is_over()
        return self._here

    def _forget_what_is_over(self) -> None:
        """Nobody was told of a session that ended while they were away."""
        self.calls = {name: session for name, session in self.calls.items() if self._ledger.stands(session)}

    async def _came_back(self) -> None:
        """Whatever sockets were left behind have to be closed now, as replaced."""
        if self._lost_at is not None:
            self._around.recovered(self.name, self._around.now() - self._lost_at)
            self._lost_at = None
        for line in [old.line for old in self._old]:
            line.listen()
            await asyncio.wait([line.gone], timeout=ANSWER_SECONDS)
            replaced = line.gone.done() and line.close_code == Close.REPLACED
            self._around.expect(replaced, f"an old socket of {self.name} was not replaced but {line.close_code}")
            line.cut()
        self._old.clear()

    # Staying

    async def _stay(self, here: _Here) -> None:
        until = self._around.now() + self._chance.uniform(*self.habits.stays)
        while not here.line.gone.done() and not self._around.closing.is_set() and self._around.now() < until:
            if not here.talks:
                self._start(here, self._call_somebody(here))
            await asyncio.wait([here.line.gone, self._around.closed], timeout=0.5, return_when=asyncio.FIRST_COMPLETED)
        for talk in here.talks:
            talk.cancel()
        await asyncio.gather(*here.talks, return_exceptions=True)

    def _start(self, here: _Here, talk: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(self._undisturbed(talk))
        here.talks.add(task)
        task.add_done_callback(here.talks.discard)

    async def _undisturbed(self, talk: Coroutine[Any, Any, None]) -> None:
        try:
            await talk
        except Exception as error:  # noqa: BLE001 - a fault of the soak itself must not pass for a quiet evening
            self._ledger.wrong(f"the soak itself failed: {error!r}")

    async def _call_somebody(self, here: _Here) -> None:
        await asyncio.sleep(self._chance.uniform(0.1, 1.0))
        self._forget_what_is_over()
        other = self._chance.choice(self.habits.friends or self._around.others(self.name))
        if other.lower() not in self.calls and not await self._connect(here, other):
            return
        await self._talk(here, other, self._chance.randint(3, 25))
        if self._chance.random() < self.habits.leaves and (session := self.calls.get(other.lower())):
            self._end(here, other, session, SessionLeave(payload=SessionRef(session_id=session)))

    async def _connect(self, here: _Here, other: str) -> bool:
        """Ask for a session; whether there is one."""
        if other.lower() in self._asking or not self._calling.take(self._around.now()):
            return False
        answer = self._asking[other.lower()] = asyncio.get_running_loop().create_future()
        self._send(here, SessionConnect(target=other))
        try:
            done, _ = await asyncio.wait(
                [answer, here.line.gone], timeout=ANSWER_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            del self._asking[other.lower()]
        self._around.expect(bool(done), f"{self.name} was never answered when calling {other}")
        return answer.done() and answer.result() == "joined"

    async def _talk(self, here: _Here, other: str, messages: int) -> None:
        for _ in range(messages):
            kind = self._chance.choice((Offer, Ice, Ice))
            if other.lower() not in self.calls or here.line.gone.done():
                return
            self._say(here, other, kind)
            await asyncio.sleep(self._chance.uniform(*self.habits.pause))

    def _say(self, here: _Here, other: str, kind: type[Offer | Answer | Ice]) -> None:
        """Relay the next message to somebody, if the budget allows."""
        session = self.calls.get(other.lower())
        if session and not here.life.ended and here.budget.take(self._around.now()):
            payload = Raw(msgspec.json.encode(self._ledger.sends(here.life, other)))
            here.line.send(dump(kind(target=other, session_id=session, payload=payload)).encode())

    def _send(self, here: _Here, message: Message) -> None:
        if not here.life.ended and not here.line.gone.done():
            here.line.send(dump(message).encode())

    def _end(self, here: _Here, other: str, session: str, message: SessionLeave | SessionDecline) -> None:
        self._ended.add(session)
        self._ledger.parted(session, self.name, other)
        self.calls.pop(other.lower(), None)
        self._send(here, message)

    # Hearing

    def _hears(self, line: Line, frame: bytes) -> None:
        here = next((old for old in self._old if old.line is line), None) or self._begin(line)
        message = heard(frame)
        if message.type in RELAYED:
            self._hears_relayed(here, message)
        else:
            self._hears_server(here, message)

    def _broke(self, line: Line, error: Exception) -> None:
        self._ledger.wrong(f"{self.name} could not make sense of what came: {error!r}")
        line.cut()

    def _hears_relayed(self, here: _Here, message: Heard) -> None:
        payload = msgspec.json.decode(message.payload, type=Payload)
        self._ledger.hears(here.life, message.sender, message.target, payload)
        if message.type == "signal:offer" and message.sender:
            self._say(here, message.sender, Answer)

    def _hears_server(self, here: _Here, message: Heard) -> None:
        said = msgspec.json.decode(message.payload, type=Said)
        peer = said.peer.lower()
        if message.type == "session:joined":
            self._joined(here, said)
        elif message.type in {"session:left", "session:declined"}:
            self._ledger.parted(said.session_id, self.name, peer)
            if self.calls.get(peer) == said.session_id:
                del self.calls[peer]
        elif message.type == "error":
            self._failed(here, message, said.code)
        else:
            self._ledger.wrong(f"{self.name} got {message.type}, which nobody should have sent")

    def _joined(self, here: _Here, said: Said) -> None:
        asking = self._asking.get(said.peer.lower())
        self.calls[said.peer.lower()] = said.session_id
        self._ledger.joined(said.session_id, self.name, said.peer)
        if asking is not None and not asking.done():
            asking.set_result("joined")
        elif not said.initiator and self._chance.random() < self.habits.declines:
            decline = SessionDecline(payload=SessionRef(session_id=said.session_id))
            self._end(here, said.peer, said.session_id, decline)

    def _failed(self, here: _Here, message: Heard, code: str) -> None:
        target = (message.target or "").lower()
        asking = self._asking.get(target)
        if message.session_id is None and asking is not None and not asking.done():
            self._ledger.asked_in_vain(here.life, target, code)
            asking.set_result(code)
        elif target:
            self._ledger.refused(here.life, target, code)
            if code == "NOT_IN_SESSION":
                self.calls.pop(target, None)
        elif message.session_id in self._ended:
            self._around.count("left what was over")
        else:
            self._around.expect(False, f"{self.name} was told {code}, out of the blue")

    # Going

    async def _go(self, here: _Here) -> None:
        """Leave the socket, if it has not left by itself."""
        if here.line.gone.done():
            self._ledger.ends(here.life)
            self._lost_at = self._around.now()
            code = here.line.close_code
            self._around.expect(False, f"{self.name}'s socket was closed with {code or 'no close code'}")
            self._around.count(f"closed with {code}" if code else "broken")
        elif not self._around.closing.is_set():
            way = self._chance.choice(self.habits.ways)
            self._around.count(f"went by {way}")
            await self._go_by(way, here)
            await self._around.sleep(self._chance.uniform(*self.habits.away))

    async def _go_by(self, way: Way, here: _Here) -> None:
        if way == "second":
            self._old.append(here)
            return
        self._ledger.ends(here.life)
        if way == "silent":
            here.line.deafen()
            self._old.append(here)
        elif way == "reset":
            here.line.reset()
        else:
            await self._close(here.line)

    async def _leave_for_good(self) -> None:
        if self._here is not None:
            self._ledger.ends(self._here.life)
            for line in (*(old.line for old in self._old), self._here.line):
                line.listen()
                await self._close(line)

    async def _close(self, line: Line) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await line.close()
        except TimeoutError:
            self._around.expect(False, f"the server did not answer when {self.name} closed")
            line.cut()
