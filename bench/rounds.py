"""One round measures each subject once, on a fresh server, so that all of them meet the same drift of the machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .generator import Generator
from .servers import Server, Subject

Sample = dict[str, float]
"""The figures of one subject in one round."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how much; `rate` is round trips a second while they are timed, `idle` and `connections` may be 0.

    Each pair has one message under way. With several, what reaches a server that is faster than the load generator clumps, and
    one read brings two: it would have less to do for a message than a slower one, and their costs could not be compared.
    """

    rounds: int = 5
    seconds: float = 3.0
    pairs: int = 50
    window: int = 1
    rate: float = 400.0
    connections: int = 500
    idle: int = 2000


def measure(subject: Subject, plan: Plan) -> Sample:
    """Start it, measure all that the plan says, end it. Memory comes first, while nothing was freed that can be used again."""
    figures: Sample = {}
    with Server(subject) as server, Generator(server) as load:
        if plan.idle:
            figures |= _numbers(load.do("idle", count=plan.idle))
            load.do("idle_no_more")
        if plan.connections:
            figures |= _numbers(load.do("connect", count=plan.connections))
        if plan.connections and subject.mode == "keyed":
            without = load.do("connect", count=plan.connections, mode="keyless")
            figures |= {f"keyless_{name}": value for name, value in _numbers(without).items()}
        figures |= _numbers(load.do("relay", pairs=plan.pairs, window=plan.window, seconds=plan.seconds))
        figures |= _numbers(load.do("trips", pairs=plan.pairs, rate=plan.rate, seconds=plan.seconds))
    return figures


def take_turns(subjects: Sequence[Subject], plan: Plan) -> list[dict[str, Sample]]:
    """For each round, each subject's figures by its name. Every other round goes the other way round."""
    rounds = []
    for number in range(plan.rounds):
        samples = {}
        for subject in subjects if number % 2 == 0 else reversed(subjects):
            say(f"round {number + 1} of {plan.rounds}: {subject.name}")
            samples[subject.name] = measure(subject, plan)
        rounds.append(samples)
    return rounds


def say(line: str) -> None:
    """Tell how far it is."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _numbers(answer: dict[str, Any]) -> Sample:
    return {name: float(value) for name, value in answer.items() if isinstance(value, int | float)}
