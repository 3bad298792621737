"""What the matchmaker counts while it works: how many and how long, never who.

Whoever has something to count calls a `Meter`, which lets it pass; where metrics are wanted it is a `Count`. Which of the
two is chosen once, so callers never ask. Counting is a few additions in memory: signaling/metrics.py reads the numbers when
somebody asks for them, from any thread. What they are counted by is of few values, none of them a client's choice.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal, TypeAlias

BOUNDS: Final = (
    *(0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005),
    *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0),
)
"""Upper bounds of a histogram's buckets, in seconds; one more bucket is for all that took longer."""

Refused: TypeAlias = Literal["NO_USERNAME", "ORIGIN"]
"""Why a request was refused before it became a socket; later a refusal has a code of the protocol."""

SessionEvent: TypeAlias = Literal["created", "opened", "resumed", "declined", "left", "gone"]
"""Created is waiting for its guest; opened has two; resumed was standing already when somebody asked for it. The others
are how it ended, where it did not expire: gone is whose connection, and lease, is over."""


Handle: TypeAlias = Callable[[Any, str], Awaitable[None]]
"""What acts on a client's frame."""


class Histogram:
    """How often something took how long, by a clock in seconds."""

    __slots__ = ("_clock", "buckets", "seconds")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def since(self, start: float, /) -> None:
        """Count one more, that began then and is over now."""
        seconds = self._clock() - start
        self.seconds += seconds
        if seconds <= BOUNDS[0]:  # nearly always, and cheaper than to search
            self.buckets[0] += 1
        else:
            self.buckets[bisect_left(BOUNDS, seconds)] += 1


class Meter:
    """Counts nothing but those who were sent away as the server stopped, which the log says."""

    def __init__(self) -> None:
        self.sent_away = 0

    def refused(self, reason: str) -> None:
        """A connection was not let in: `Refused`, or the code of the protocol."""

    def opened(self) -> None:
        """A socket is open."""

    def ended(self) -> None:
        """A socket that was `opened` is gone, and whoever it was has left."""

    def joined(self) -> None:
        """A connection was let in under its name."""

    def left(self) -> None:
        """A connection that had `joined` has left."""

    def closed(self, code: int) -> None:
        """The server closed a socket."""

    def error(self, code: str) -> None:
        """A client was told of an error."""

    def unexpected(self) -> None:
        """Something was raised that nobody expects."""

    def session(self, event: SessionEvent) -> None:
        """Something became of a session."""

    def relayed(self, kind: type, *, here: bool) -> None:
        """A message of this kind was handed over: to a socket of this process, or to another process."""

    def timed(self, handle: Handle) -> Handle:
        """`handle`, so that how long it takes for each frame is counted."""
        return handle


class Count(Meter):
    """Counts. `clock` is in seconds; `lag` is for whoever watches the event loop."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        super().__init__()
        self.sockets_opened = self.sockets_ended = 0
        self.clients_joined = self.clients_left = 0
        self.unexpected_errors = 0
        self.refusals: dict[str, int] = defaultdict(int)
        self.closes: dict[int, int] = defaultdict(int)
        self.errors: dict[str, int] = defaultdict(int)
        self.sessions: dict[SessionEvent, int] = defaultdict(int)
        self.relays_here: dict[type, int] = defaultdict(int)
        self.relays_elsewhere: dict[type, int] = defaultdict(int)
        self.handling = Histogram(clock)
        self.lag = Histogram(clock)
        self.clock = clock

    def timed(self, handle: Handle) -> Handle:
        clock, since = self.clock, self.handling.since

        async def timed(client: Any, frame: str) -> None:
            start = clock()
            try:
                await handle(client, frame)
            finally:
                since(start)

        return timed

    def refused(self, reason: str) -> None:
        self.refusals[reason] += 1

    def opened(self) -> None:
        self.sockets_opened += 1

    def ended(self) -> None:
        self.sockets_ended += 1

    def joined(self) -> None:
        self.clients_joined += 1

    def left(self) -> None:
        self.clients_left += 1

    def closed(self, code: int) -> None:
        self.closes[code] += 1

    def error(self, code: str) -> None:
        self.errors[code] += 1

    def unexpected(self) -> None:
        self.unexpected_errors += 1

    def session(self, event: SessionEvent) -> None:
        self.sessions[event] += 1

    def relayed(self, kind: type, *, here: bool) -> None:
        (self.relays_here if here else self.relays_elsewhere)[kind] += 1


UNCOUNTED: Final = Meter()
