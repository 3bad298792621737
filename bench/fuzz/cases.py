"""What one connection does, drawn from a seed and a number."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from bench.clients import NameKey
from chat.peer import primitives

from . import frames, requests
from .mutations import spoiled_bytes, spoiled_json
from .samples import NAME, message

TOWN = 12
"""How many fuzzers there are, each with a name: they find each other in sessions."""

PAUSES = (0.0, 0.0, 0.0, 0.02, 0.3)


@dataclass(frozen=True, slots=True)
class Send:
    """These bytes, with the session's id put in where it belongs."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing, for so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Answered:
    """Go on when something has come, or soon."""


@dataclass(frozen=True, slots=True)
class Prove:
    """Answer the server's challenge, once it is there."""


@dataclass(frozen=True, slots=True)
class Deaf:
    """Read nothing from now on."""


@dataclass(frozen=True, slots=True)
class End:
    """`how` is "close", "reset" or "linger": say nothing more, but wait for what comes."""

    how: str


Step: TypeAlias = Send | Pause | Answered | Prove | Deaf | End


@dataclass(frozen=True, slots=True)
class Case:
    """`name` and `address` are whose it is."""

    number: int
    kind: str
    name: str
    address: str
    steps: tuple[Step, ...]


def drawn(seed: int, number: int) -> Case:
    """The case of that number."""
    chance = random.Random(f"{seed} {number}")  # noqa: S311 - a seed brings it back
    name = f"{NAME}{number % TOWN:02}"
    kind = chance.choice(tuple(_KINDS))
    steps = [*_KINDS[kind](chance, name), End(chance.choice(("close", "close", "reset", "linger")))]
    if chance.random() < 0.1:
        steps = slowly(chance, steps)
    return Case(number, kind, name, f"127.7.{number % TOWN}.{1 + number // TOWN % 250}", tuple(steps))


def slowly(chance: random.Random, steps: list[Step]) -> list[Step]:
    """The same bytes in small pieces, and perhaps not all of them."""
    slow: list[Step] = []
    for step in steps:
        if not isinstance(step, Send) or len(step.data) > 2_000:
            slow.append(step)
            continue
        size = chance.choice((1, 7, 100))
        pieces = [step.data[place : place + size] for place in range(0, len(step.data), size)]
        slow += [part for piece in pieces[:60] for part in (Send(piece), Pause(0.005))] + [Send(b"".join(pieces[60:]))]
    return slow if chance.random() < 0.7 else slow[: chance.randint(1, len(slow))]


def _online(chance: random.Random, name: str) -> list[Step]:
    """A socket under that name, with a key or without."""
    if chance.random() < 0.5:
        return [Send(requests.upgrade(name)), Answered()]
    key = primitives.b64url(NameKey(name).public)
    return [Send(requests.upgrade(name, key)), Answered(), *([Prove()] if chance.random() < 0.9 else [])]


def _friends(name: str) -> tuple[str, ...]:
    """Whom one writes to: others here, oneself, somebody who is not there, and what is no name."""
    return (*(f"{NAME}{number:02}" for number in range(TOWN)), name.upper(), f"{NAME}nobody", "no name", "")


def _messages(chance: random.Random, name: str) -> list[Step]:
    """Messages, some as they should be and some spoiled."""
    steps = _online(chance, name)
    for _ in range(chance.choice((1, 5, 30))):
        said = message(chance, _friends(name))
        whole = spoiled_json(chance, said if chance.random() < 0.6 else said | {"target": name})
        steps.append(Send(frames.in_pieces(chance, whole) if chance.random() < 0.1 else frames.text(whole)))
        steps.append(Pause(chance.choice(PAUSES)))
    return steps


def _sessions(chance: random.Random, name: str) -> list[Step]:
    """Messages as they should be, in an order in which nobody sends them."""
    steps: list[Step] = _online(chance, name)
    friends = _friends(name)[:TOWN]
    for _ in range(chance.choice((3, 20, 60))):
        said = message(chance, tuple(chance.sample(friends, 2)) if chance.random() < 0.5 else friends)
        steps += [Send(frames.text(json.dumps(said))), Pause(chance.choice(PAUSES))]
    return steps


def _sockets(chance: random.Random, name: str) -> list[Step]:
    """Frames that are not, among some that are."""
    steps = _online(chance, name)
    for _ in range(chance.choice((1, 3, 10))):
        good = frames.text(json.dumps(message(chance, _friends(name))))
        bad = frames.broken(chance)
        steps.append(Send(chance.choice((bad, bad, good, spoiled_bytes(chance, good)))))
        steps.append(Pause(chance.choice(PAUSES)))
    return steps


def _handshakes(chance: random.Random, name: str) -> list[Step]:
    steps: list[Step] = [Send(requests.spoiled_upgrade(chance, name)), Answered()]
    return [*steps, Send(frames.text(json.dumps(message(chance, _friends(name)))))]


def _http(chance: random.Random, name: str) -> list[Step]:
    return [Send(requests.http(chance)), Answered()]


def _foreign(chance: random.Random, name: str) -> list[Step]:
    return [Send(requests.foreign(chance)), Answered()]


def _deaf(chance: random.Random, name: str) -> list[Step]:
    """Has a lot sent to it, and reads none of it."""
    steps: list[Step] = [*_online(chance, name), Deaf()]
    return [*steps, Send(frames.frame(frames.PING, b"x" * 125) * chance.choice((10, 3_000))), Pause(1.0)]


_KINDS: Mapping[str, Callable[[random.Random, str], list[Step]]] = {
    "messages": _messages,
    "sessions": _sessions,
    "sockets": _sockets,
    "handshakes": _handshakes,
    "http": _http,
    "foreign": _foreign,
    "deaf": _deaf,
}
