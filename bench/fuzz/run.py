"""The run: servers, people who behave on each, and fuzzers one case after the other; and what is left when all have gone."""

from __future__ import annotations

import asyncio
import time
import urllib.request
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.clients import Target
from bench.pairs import Pairs
from bench.process import resident_kib
from bench.rounds import say
from bench.soak.servers import APPLICATION, KINDS, remembered, until
from bench.soak.window import LEASE_SECONDS
from tests.support.scrape import numbers
from tests.support.server import SiteServer

from .cases import TOWN, Case, drawn
from .connection import CASE_SECONDS, Connection
from .findings import in_answer, in_log
from .shrink import TRIES
from .trial import Trial

LOOK_SECONDS = 1.0
PROGRESS_SECONDS = 15.0
WARM_SECONDS = 30.0
GROWTH, GROWTH_KIB = 1.25, 16_384
FORGETTING_SECONDS = LEASE_SECONDS + 60.0
"""A half request is given up by the server only after a while."""

SUSPECTS = 40
PAIRS, BEAT_SECONDS = 2, 0.05
ENV = {
    "METRICS": "1",
    "LOG_LEVEL": "info",
    "SESSION_TTL": "60s",
    **dict.fromkeys(("MESSAGE_RATE", "MESSAGE_BURST", "CALL_RATE", "CALL_BURST"), "2000"),
}
"""The limits are high, so that what comes is looked at, and not refused unread."""

_COUNTED = ("lowkey_sockets", "lowkey_clients", "lowkey_sessions", "lowkey_unexpected_errors_total")


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, on which servers, from which seed. `application` is what they run; `tries` goes to shrinking."""

    seconds: float = 600.0
    servers: Sequence[str] = ("daphne", "uvicorn")
    seed: int = 1
    application: str = APPLICATION
    tries: int = TRIES


@dataclass(frozen=True, slots=True)
class Finding:
    """What was wrong on which server, and the least that does it, where that was found."""

    server: str
    what: str
    least: Case | None = None


@dataclass
class Site:
    """A server and what is known of it."""

    kind: str
    server: SiteServer
    done: Counter[str] = field(default_factory=Counter)
    recent: deque[Case] = field(default_factory=lambda: deque(maxlen=SUSPECTS))
    looked: int = 0
    files: int = 0
    warm_kib: int = 0
    last_kib: int = 0

    def new_lines(self) -> str:
        """What it has logged since this was last asked."""
        log = self.server.log
        whole = log[: log.rfind("\n") + 1]
        new, self.looked = whole[self.looked :], len(whole)
        return new

    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.server.pid}/fd").iterdir()))


class Fuzz:
    """See the module. It ends at the first finding of each server. `tell` gets lines of progress."""

    def __init__(self, plan: Plan, tell: Callable[[str], None] = say) -> None:
        self.plan = plan
        self.findings: list[Finding] = []
        self.sites: list[Site] = []
        self._tell = tell
        self._began = time.monotonic()

    async def run(self) -> None:
        """All servers side by side."""
        self.sites = [Site(kind, self._server(kind)) for kind in self.plan.servers]
        for site in self.sites:
            await asyncio.to_thread(site.server.start)
        await asyncio.gather(*map(self._fuzz, self.sites))

    def _server(self, kind: str) -> SiteServer:
        return KINDS[kind](ENV, arguments=(self.plan.application,))

    async def _fuzz(self, site: Site) -> None:
        try:
            what = await self._life(site) or await self._afterwards(site)
        finally:
            await asyncio.to_thread(site.server.stop)
        if what:
            self._tell(f"{site.kind}: {what}; looking for the case that does it")
            self.findings.append(Finding(site.kind, what, await self._least(site)))

    async def _life(self, site: Site) -> str:
        """Until time is up or something is wrong."""
        async with Pairs(Target(site.server.port, site.server.pid, "keyed"), PAIRS, "good") as pairs:
            site.files = site.open_files()
            found: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            lives = [*(self._fuzzer(site, number, found) for number in range(TOWN))]
            lives += [self._people(pairs, found), self._look(site, found)]
            await self._until_over([found, *map(asyncio.ensure_future, lives)])
            if not found.result():
                await pairs.stop()
        return found.result()

    async def _until_over(self, futures: Sequence[asyncio.Future[Any]]) -> None:
        """The first of them is what was found; it is done when this returns, and so are the others."""
        found, *lives = futures
        await asyncio.wait(futures, timeout=self.plan.seconds, return_when=asyncio.FIRST_COMPLETED)
        _tell(found, "")
        patience = 0 if found.result() else 2 * CASE_SECONDS
        _, unfinished = await asyncio.wait(lives, timeout=patience)
        for life in unfinished:
            life.cancel()
        await asyncio.wait(lives)
        for life in lives:
            if not life.cancelled():
                life.result()

    async def _fuzzer(self, site: Site, number: int, found: asyncio.Future[str]) -> None:
        """One case after the other; every server gets all of them."""
        while not found.done():
            case = drawn(self.plan.seed, number)
            site.recent.append(case)
            try:
                what = in_answer(await Connection(site.server.port, case).run())
            except OSError as error:
                what = f"took no connection: {type(error).__name__}"
            site.done[case.kind] += 1
            if what and not found.done():
                site.recent.append(case)  # the first to be suspected
                _tell(found, f"case {case.number} ({case.kind}): {what}")
            number += TOWN

    async def _people(self, pairs: Pairs, found: asyncio.Future[str]) -> None:
        """They talk all the while, and miss nothing."""
        for pair in pairs.pairs:
            pair.timed = True
        while not found.done():
            for pair in pairs.pairs:
                pair.call()
            try:
                await pairs.goes_on(BEAT_SECONDS)
            except Exception as error:  # noqa: BLE001 - whatever they met
                _tell(found, f"somebody who behaves was hurt: {error}")

    async def _look(self, site: Site, found: asyncio.Future[str]) -> None:
        """At its log and its memory, again and again."""
        told = began = time.monotonic()
        while not found.done():
            await asyncio.wait([found], timeout=LOOK_SECONDS)
            if what := in_log(await asyncio.to_thread(site.new_lines)):
                _tell(found, what)
            site.last_kib = resident_kib(site.server.pid)
            now = time.monotonic()
            if now - began > WARM_SECONDS:
                site.warm_kib = site.warm_kib or site.last_kib
            if now - told > PROGRESS_SECONDS:
                told = now
                self._tell(
                    f"{now - began:5.0f} s  {site.kind:8} {site.done.total():6} cases  {site.last_kib // 1024} MiB"
                )

    async def _afterwards(self, site: Site) -> str:
        """All have left: what is still there."""
        forgotten = await until(lambda: not self._left(site), FORGETTING_SECONDS)
        if not forgotten:
            return f"all have left, and the server still has {await asyncio.to_thread(self._left, site)}"
        site.last_kib = resident_kib(site.server.pid)
        if site.warm_kib and site.last_kib > GROWTH * site.warm_kib + GROWTH_KIB:
            return f"{site.last_kib // 1024} MiB in the end; when it was warm it had {site.warm_kib // 1024}"
        return in_log(site.server.log)

    def _left(self, site: Site) -> dict[str, float]:
        """What should be nothing and is not."""
        left: dict[str, float] = dict(remembered(site.server))
        with urllib.request.urlopen(f"{site.server.url}/metrics") as answer:  # noqa: S310 - its own
            counted = numbers(answer.read().decode())
        left |= {name: counted[name] for name in _COUNTED if counted[name]}
        if site.open_files() > site.files:
            left["open files more than at the beginning"] = site.open_files() - site.files
        return left

    async def _least(self, site: Site) -> Case | None:
        """The least that does harm to a server on its own, of what was sent last; None where nothing does."""
        async with self.trial(site.kind) as trial:
            return await trial.least(reversed(site.recent), self.plan.tries)

    def trial(self, kind: str) -> Trial:
        """For cases alone."""
        return Trial(lambda: self._server(kind))


def _tell(found: asyncio.Future[str], what: str) -> None:
    if not found.done():
        found.set_result(what)
