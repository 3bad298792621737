"""The search for a path: what was seen of both sides, how long it goes on, and why it found none. Mirrors
static/js/peer/path_search.js.

Patience begins when both descriptions are there: before that somebody may be deciding about a device. Where nothing is left
that could help, the search is `hopeless` and need not wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .path_fault import Seen, no_way, path_fault

PATIENCE_SECONDS = 20.0


class PathSearch:
    """`gave_up` is told the reason, a key of `errors.SENTENCES`, when patience is at its end."""

    def __init__(
        self, servers: list[str], gave_up: Callable[[str], None], *, relay_only: bool, patience: float
    ) -> None:
        self.seen = Seen(servers, relay_only=relay_only)
        self._gave_up = gave_up
        self._patience = patience
        self._since: float | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._over = False

    @property
    def fault(self) -> str:
        """Why there is no path, as far as can be said now."""
        return path_fault(self.seen)

    @property
    def hopeless(self) -> bool:
        """Whether no path can be found any more."""
        return no_way(self.seen)

    @property
    def overdue(self) -> bool:
        """Whether a path would have been found by now, if there were one: a quarter of the patience is gone."""
        return self._since is not None and asyncio.get_running_loop().time() - self._since > self._patience / 4

    def described(self) -> None:
        """Both descriptions are there; the path may have been quicker."""
        self.seen.described = True
        if not self._over:
            loop = asyncio.get_running_loop()
            self._since = loop.time()
            self._deadline = loop.call_later(self._patience, lambda: self._gave_up(self.fault))

    def stop(self) -> None:
        """There is a path, or nobody waits for one any more."""
        self._over = True
        self._since = None
        if self._deadline is not None:
            self._deadline.cancel()
