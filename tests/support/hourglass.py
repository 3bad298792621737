"""Timers that run out when the test says so."""

from __future__ import annotations

from collections.abc import Callable


class Hourglass:
    """One timer."""

    def __init__(self, seconds: float, done: Callable[[], None]) -> None:
        self.seconds = seconds
        self.running = True
        self._done = done

    def cancel(self) -> None:
        self.running = False

    def run_out(self) -> None:
        self.running = False
        self._done()


class Hourglasses:
    """In the place of an event loop's `call_later`."""

    def __init__(self) -> None:
        self.all: list[Hourglass] = []

    def after(self, seconds: float, done: Callable[[], None]) -> Hourglass:
        self.all.append(Hourglass(seconds, done))
        return self.all[-1]

    @property
    def running(self) -> list[float]:
        """How long each of those that run was set to."""
        return [glass.seconds for glass in self.all if glass.running]

    def run_out(self, seconds: float) -> None:
        """The one that was set to so many seconds."""
        (glass,) = (glass for glass in self.all if glass.running and glass.seconds == seconds)
        glass.run_out()
