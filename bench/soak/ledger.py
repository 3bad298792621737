"""The bookkeeping of a soak: what was sent, what came, what was refused, and what of that cannot be right.

Everything that is relayed carries the name of its stream, a number and a text that follows from both. A stream is what one
socket of one person sends to one name. Sockets and sessions are told of as those at this end see them.

- A message is answered for as it comes: by the person it is for, from whom it is stamped, unchanged, once, and never after
  a later one of its stream on the same socket.
- One that does not come is settled after `PATIENCE`: excused when its sender or its receiver lost its socket meanwhile, or
  trouble that may swallow messages came; else it must be one of those that the server refused, or it is lost.
- A refusal must have a reason: its target came or went, their session ended, or there was trouble, not long before. That
  somebody with a key comes or goes ends no session.

What is wrong is a sentence in `faults`.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec

PATIENCE = 10.0
"""Seconds after which a message that has not come will not come: far more than any takes, on however busy a machine."""

LONGEST_TEXT = 2_000

NEVER = -math.inf


@dataclass(eq=False, slots=True)
class Life:
    """One socket of one person. To one that is `blind`, since nobody reads it, nothing is lost."""

    name: str
    keyed: bool = True
    blind: bool = False
    ended: bool = False


class Payload(msgspec.Struct, frozen=True):
    """What a relayed message says."""

    stream: str
    number: int
    text: str


@dataclass(slots=True)
class _Mail:
    sent: float
    receiver: Life | None


@dataclass(eq=False, slots=True)
class _Stream:
    id: str
    sender: Life
    target: str
    sent: int = 0
    refused: int = 0
    waiting: dict[int, _Mail] = field(default_factory=dict)
    settled: set[int] = field(default_factory=set)
    highest: dict[Life, int] = field(default_factory=dict)


class Ledger:
    """See the module. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.faults: list[str] = []
        self.counts: Counter[str] = Counter()
        """Of relayed messages: sent, came, refused, excused, late."""
        self.errors: Counter[str] = Counter()
        self._clock = clock
        self._streams: dict[str, _Stream] = {}
        self._by_ends: dict[tuple[Life, str], _Stream] = {}
        self._living: dict[str, Life] = {}
        self._changed: dict[str, float] = {}
        self._freed: dict[str, float] = {}
        self._sessions: dict[str, frozenset[str]] = {}
        self._over: set[str] = set()
        self._parted: dict[frozenset[str], float] = {}
        self._troubles = 0
        self._trouble_ended = NEVER
        self._swallows: list[float] = []

    # Who is here

    def begins(self, life: Life) -> None:
        """A socket has its name. One that had it before has it no longer."""
        older = self._living.get(life.name.lower())
        if older is not None:
            self.ends(older)
        self._living[life.name.lower()] = life
        self._changed[life.name.lower()] = self._clock()

    def ends(self, life: Life) -> None:
        """A socket is gone, or about to go."""
        life.ended = True
        if self._living.get(life.name.lower()) is life:
            del self._living[life.name.lower()]
            self._changed[life.name.lower()] = self._clock()
        if not life.keyed:
            self._free(life.name.lower())

    def _free(self, name: str) -> None:
        """A name that belongs to no key is free, and its sessions are over."""
        self._freed[name] = self._clock()
        for session_id in [session_id for session_id, pair in self._sessions.items() if name in pair]:
            del self._sessions[session_id]

    @property
    def online(self) -> int:
        """How many people have a socket."""
        return len(self._living)

    def is_here(self, name: str) -> bool:
        return name.lower() in self._living

    def joined(self, session_id: str, one: str, other: str) -> None:
        """The session of these two stands, unless the one who hears of it is behind."""
        if session_id not in self._over:
            self._sessions[session_id] = frozenset((one.lower(), other.lower()))

    def parted(self, session_id: str, one: str, other: str) -> None:
        """The session of these two is over, or about to be."""
        self._sessions.pop(session_id, None)
        self._over.add(session_id)
        self._parted[frozenset((one.lower(), other.lower()))] = self._clock()

    def forgotten(self) -> None:
        """No session stands any longer: the server's memory is lost."""
        self._sessions.clear()

    def stands(self, session_id: str) -> bool:
        """Whether nobody has ended that session, as far as anybody knows."""
        return session_id in self._sessions

    @contextmanager
    def trouble(self, *, swallows: bool = False) -> Iterator[None]:
        """Something is broken on purpose; requests may be refused, and with `swallows` messages be lost without a word."""
        self._troubles += 1
        if swallows:
            self._swallows.append(math.inf)
        try:
            yield
        finally:
            self._troubles -= 1
            self._trouble_ended = self._clock()
            if swallows:
                self._swallows[self._swallows.index(math.inf)] = self._clock()

    def was_trouble(self, within: float = PATIENCE) -> bool:
        """Whether anything was broken, so many seconds ago or later."""
        return self._troubles > 0 or self._clock() - self._trouble_ended < within

    def wrong(self, sentence: str) -> None:
        """Something that the run must not end well with."""
        self.faults.append(sentence)

    # Messages

    def sends(self, life: Life, target: str) -> Payload:
        """The next message from this socket to that name."""
        stream = self._by_ends.get((life, target.lower())) or self._open(life, target)
        stream.sent += 1
        stream.waiting[stream.sent] = _Mail(self._clock(), self._living.get(target.lower()))
        self.counts["sent"] += 1
        return Payload(stream.id, stream.sent, _text(stream.id, stream.sent))

    def hears(self, life: Life, sender: str | None, target: str | None, payload: Payload) -> None:
        """A relayed message came to this socket, stamped with this sender."""
        stream = self._streams.get(payload.stream)
        if stream is None or not 0 < payload.number <= stream.sent:
            self.wrong(f"{life.name} got message {payload.number} of {payload.stream}, which nobody sent")
            return
        what = f"message {payload.number} of {stream.id}"
        if sender != stream.sender.name:
            self.wrong(f"{what} is stamped with {sender}")
        if stream.target != life.name.lower() or (target or "").lower() != stream.target:
            self.wrong(f"{what} came to {life.name}, addressed to {target}")
            return
        if payload.text != _text(stream.id, payload.number):
            self.wrong(f"{what} came changed")
        self._arrives(stream, life, payload.number, what)

    def refused(self, life: Life, target: str, code: str) -> None:
        """The server said that it did not relay something from this socket to that name."""
        stream = self._by_ends.get((life, target.lower()))
        if stream is not None:  # else it is the answer to a call that nobody waits for any longer
            self.counts["refused"] += 1
            stream.refused += 1
        self.asked_in_vain(life, target, code)

    def asked_in_vain(self, life: Life, target: str, code: str) -> None:
        """A request was refused; there must be a reason."""
        self.errors[code] += 1
        if not self._reason(life, target, code):
            self.wrong(f"{life.name} was told {code} for {target}, without a reason")

    def settle(self, patience: float = PATIENCE) -> int:
        """Look at the messages that are older than `patience`; how many are still under way."""
        before = self._clock() - patience
        return sum(self._settle(stream, before) for stream in self._streams.values())

    def _open(self, life: Life, target: str) -> _Stream:
        stream_id = f"{life.name}>{target}#{len(self._streams)}"
        stream = self._streams[stream_id] = _Stream(stream_id, life, target.lower())
        self._by_ends[life, target.lower()] = stream
        return stream

    def _arrives(self, stream: _Stream, life: Life, number: int, what: str) -> None:
        waiting = stream.waiting.pop(number, None)
        if waiting is None and number not in stream.settled:
            self.wrong(f"{what} came twice")
            return
        self.counts["came"] += 1
        self.counts["late"] += waiting is None
        stream.settled.discard(number)
        highest = stream.highest.get(life, 0)
        if number < highest:
            self.wrong(f"{what} came after number {highest}")
        stream.highest[life] = max(highest, number)

    def _settle(self, stream: _Stream, before: float) -> int:
        for number, mail in tuple(stream.waiting.items()):
            if mail.sent > before:
                break
            del stream.waiting[number]
            stream.settled.add(number)
            if self._is_excused(stream, mail):
                self.counts["excused"] += 1
            elif stream.refused:
                stream.refused -= 1
            else:
                self.wrong(f"message {number} of {stream.id} is lost")
        if not stream.waiting:
            stream.refused = 0  # the rest was refused and came all the same, or is excused
        return len(stream.waiting)

    def _is_excused(self, stream: _Stream, mail: _Mail) -> bool:
        receiver = mail.receiver
        ended = stream.sender.ended or receiver is None or receiver.ended or receiver.blind
        return ended or any(mail.sent - PATIENCE < until for until in self._swallows)

    def _reason(self, life: Life, target: str, code: str) -> bool:
        """Whether the server may say that now."""
        if self.was_trouble() or life.ended:
            return True
        since, name = self._clock() - PATIENCE, target.lower()
        receiver = self._living.get(name)
        absent = receiver is None or receiver.blind or self._changed[name] > since
        parted = self._parted.get(frozenset((life.name.lower(), name)), NEVER) > since
        freed = self._freed.get(name, NEVER) > since
        return {"NOT_IN_SESSION": parted or freed, "RELAY_FAILED": absent, "USER_OFFLINE": absent}.get(code, False)


def _text(stream: str, number: int) -> str:
    """Of a length that differs from message to message."""
    digest = hashlib.sha256(f"{stream} {number}".encode()).hexdigest()
    length = int(digest[:8], 16) % LONGEST_TEXT
    return (digest * (length // len(digest) + 1))[:length]
