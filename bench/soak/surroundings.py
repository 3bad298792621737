"""What somebody in the town can ask of it; people and nuisances know no more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from bench.clients import Target

from .ledger import Ledger


class Surroundings(Protocol):
    """See the module."""

    ledger: Ledger
    closing: asyncio.Event
    closed: asyncio.Future[Any]
    """Done when `closing` is set."""

    def now(self) -> float:
        """Seconds, by the ledger's clock."""

    def target(self, *, keyed: bool) -> Target:
        """A server to connect to."""

    def others(self, name: str) -> Sequence[str]:
        """Whom somebody of that name may call."""

    def expect(self, condition: bool, otherwise: str) -> None:
        """It is wrong when the condition does not hold, unless there was trouble."""

    def count(self, what: str) -> None:
        """Something happened that the summary counts."""

    def nuisance(self, kind: str) -> None:
        """One was done with."""

    def recovered(self, name: str, seconds: float) -> None:
        """Somebody who had lost the socket is back, so long after."""

    async def sleep(self, seconds: float) -> None:
        """Let time pass, but not past the town's closing."""
