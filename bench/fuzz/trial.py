"""One case at a time, on a server with nobody else: whether it is the one that does it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Self

from bench.soak.servers import remembered
from tests.support.server import SiteServer

from .cases import Case
from .connection import Connection
from .findings import in_answer, in_log
from .shrink import shrunk


class Trial:
    """`fresh` makes a server. After a case that did harm there is a new one, since a log holds back what it said before."""

    def __init__(self, fresh: Callable[[], SiteServer]) -> None:
        self._fresh = fresh

    async def __aenter__(self) -> Self:
        await self._begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._server.kill)

    async def least(self, suspects: Iterable[Case], tries: int) -> Case | None:
        """The first of them that does harm on its own, shrunk; None when none does."""
        for case in suspects:
            if await self.does_harm(case):
                return await shrunk(case, self.does_harm, tries)
        return None

    async def does_harm(self, case: Case) -> bool:
        """Whether it alone brings something that should not be."""
        try:
            said = await Connection(self._server.port, case).run()
            with contextlib.suppress(OSError):
                await asyncio.to_thread(remembered, self._server)  # by when it has logged what there is to log
            harm = in_answer(said) or in_log(self._server.log)
        except OSError as error:
            harm = type(error).__name__
        if harm:
            await asyncio.to_thread(self._server.kill)
            await self._begin()
        return bool(harm)

    async def _begin(self) -> None:
        self._server = self._fresh()
        await asyncio.to_thread(self._server.start)
