"""Timers that ring as a clock goes on that the test moves."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.clock import FakeClock
from tests.support.hourglass import Hourglass


class FakeTimers:
    """In the place of an event loop's `call_later`, on a clock that only `pass_` moves."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._set: list[tuple[float, Hourglass]] = []
        self.longest = 0.0
        """The longest that any was set to."""

    def after(self, seconds: float, done: Callable[[], None]) -> Hourglass:
        self.longest = max(self.longest, seconds)
        glass = Hourglass(seconds, done)
        self._set.append((self._clock() + seconds, glass))
        return glass

    @property
    def waiting(self) -> int:
        return sum(glass.running for _, glass in self._set)

    def pass_(self, seconds: float) -> None:
        """Time goes by, and whatever is due rings when it is."""
        end = self._clock() + seconds
        while due := [(at, glass) for at, glass in self._set if glass.running and at <= end]:
            at, glass = min(due, key=lambda each: each[0])
            self._clock.now = max(self._clock.now, at)
            glass.run_out()
        self._clock.now = max(self._clock.now, end)
