"""How the path is doing that was found: relayed or not, how long a word takes, and whether it still answers. Mirrors
static/js/peer/path_watch.js.

A browser says by itself when a path does not answer. aioice asks every 5 s (RFC 7675), tells nobody, and gives up after half
a minute; so this asks besides, every `ASK_SECONDS`, with the same binding request, from which comes the round-trip time too.
`MISSED` questions in a row without an answer, which are not spaced out, are an interruption: told 5 to 7 s after the last
answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from aioice import Connection
from aioice.ice import CandidatePair

ASK_SECONDS = 2.0
MISSED = 3
ANSWER_SECONDS = 2.0
"""How long a question may take: aioice asks twice and waits 1.5 s, or for ever if its socket is closed in between."""

_BREATH = 0.05
"""Between a question that was missed and the next: there is one even where it could not be asked."""


@dataclass(frozen=True, slots=True)
class Path:
    """`relayed`: through the server's relay, on either side; `rtt`: the round-trip time in milliseconds, None until known."""

    relayed: bool
    rtt: int | None = None


class Listener(Protocol):
    """What a watch tells."""

    def path_changed(self) -> None:
        """`path` is another."""

    def interrupted(self) -> None:
        """The path does not answer; it may come back."""

    def recovered(self) -> None:
        """The path is back."""


class PathWatch:
    """Watches the nominated pair of a connection that stands, while `run` runs."""

    def __init__(
        self,
        ice: Connection,
        listener: Listener,
        *,
        every: float = ASK_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ice = ice
        self._listener = listener
        self._every = every
        self._clock = clock
        self._missed = 0
        self._questions: set[asyncio.Future[Any]] = set()
        self.path: Path | None = None

    async def run(self) -> None:
        """Ask until cancelled, or until there is nothing to ask."""
        while (pair := self._pair()) is not None:
            self._note(pair, await self._ask(pair))
            doubtful = 0 < self._missed < MISSED
            await asyncio.sleep(_BREATH if doubtful else self._every)

    async def check(self) -> bool:
        """Whether the path answers now; it takes 1.5 s to say no."""
        pair = self._pair()
        return pair is not None and await self._ask(pair) is not None

    def stop(self) -> None:
        """Let whatever is being asked be without an answer: the socket is about to close."""
        for question in self._questions:
            question.cancel()

    def _pair(self) -> CandidatePair | None:
        """What aioice chose; it has no other word for it."""
        return next(iter(self._ice._nominated.values()), None)

    def _note(self, pair: CandidatePair, seconds: float | None) -> None:
        if seconds is None:
            self._missed += 1
            if self._missed == MISSED:
                self._listener.interrupted()
            return
        if self._missed >= MISSED:
            self._listener.recovered()
        self._missed = 0
        self._show(Path(_relayed(pair), round(seconds * 1000)))

    def _show(self, path: Path) -> None:
        if path != self.path:
            self.path = path
            self._listener.path_changed()

    async def _ask(self, pair: CandidatePair) -> float | None:
        """The seconds until the answer; None when there is none, though asked twice."""
        password = self._ice.remote_password
        if password is None:
            return None
        began = self._clock()
        request = self._ice.build_request(pair, nominate=False)
        asking = pair.protocol.request(request, pair.remote_addr, integrity_key=password.encode(), retransmissions=1)
        question = asyncio.ensure_future(asking)
        self._questions.add(question)
        try:
            await asyncio.wait({question}, timeout=ANSWER_SECONDS)
            answered = question.done() and not question.cancelled() and question.exception() is None
            return self._clock() - began if answered else None
        finally:
            question.cancel()
            self._questions.discard(question)


def _relayed(pair: CandidatePair) -> bool:
    return "relay" in (pair.local_candidate.type, pair.remote_candidate.type)
