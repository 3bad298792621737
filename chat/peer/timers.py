"""Named timers: at most one of each name runs. Mirrors static/js/peer/timers.js."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """What `After` gives back."""

    def cancel(self) -> None:
        """Do not call back."""


After = Callable[[float, Callable[[], None]], Timer]
"""Calls something back in so many seconds, unless cancelled."""


class Timers:
    def __init__(self, after: After) -> None:
        self._after = after
        self._running: dict[str, Timer] = {}

    def start(self, name: str, seconds: float, action: Callable[[], None]) -> None:
        """Do something later; one that runs under the same name goes on instead."""
        if name not in self._running:
            self._running[name] = self._after(seconds, lambda: self._ring(name, action))

    def runs(self, name: str) -> bool:
        return name in self._running

    def cancel(self, *names: str) -> None:
        """Stop these, or all."""
        for name in names or tuple(self._running):
            if (timer := self._running.pop(name, None)) is not None:
                timer.cancel()

    def _ring(self, name: str, action: Callable[[], None]) -> None:
        del self._running[name]
        action()
