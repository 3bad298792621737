"""How little of a case is enough: fewer steps, then fewer bytes in each, for as long as it still does what it did."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from .cases import Case, Send, Step

TRIES = 60


async def shrunk(case: Case, does_it: Callable[[Case], Awaitable[bool]], tries: int) -> Case:
    """The smallest that was found in so many tries; `case` itself must do it."""
    steps = list(case.steps)
    left = tries

    async def still(attempt: list[Step]) -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and await does_it(replace(case, steps=tuple(attempt)))

    steps = await _fewer(steps, still)
    for place, step in enumerate(steps):
        if isinstance(step, Send):
            steps = await _shorter(steps, place, still)
    return replace(case, steps=tuple(steps))


async def _fewer(steps: list[Step], still: Callable[[list[Step]], Awaitable[bool]]) -> list[Step]:
    """Leave out halves, quarters and so on, down to single steps."""
    size = len(steps) // 2
    while size:
        place = 0
        while place < len(steps):
            attempt = steps[:place] + steps[place + size :]
            if attempt and await still(attempt):
                steps = attempt
            else:
                place += size
        size //= 2
    return steps


async def _shorter(steps: list[Step], place: int, still: Callable[[list[Step]], Awaitable[bool]]) -> list[Step]:
    """The same with the bytes of one step."""
    data = _data(steps[place])
    size = len(data) // 2
    while size:
        begin = 0
        while begin < len(data):
            attempt = data[:begin] + data[begin + size :]
            if await still([*steps[:place], Send(attempt), *steps[place + 1 :]]):
                data = attempt
            else:
                begin += size
        size //= 2
    return [*steps[:place], Send(data), *steps[place + 1 :]]


def _data(step: Step) -> bytes:
    return step.data if isinstance(step, Send) else b""
