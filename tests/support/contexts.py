"""Browser contexts that are used again: one that was used before has a page's files in its cache, and a process that runs
already.

    with shared_playwright() as playwright:
        pool = Pool(launch(playwright))
        context = pool.take({}, base_url=server.url)
        pool.store(context, "lowkey.username", "alice")
        pool.give_back(context)

What one test did must not reach the next, so a context that is given back is emptied:

- Its pages are closed, its listeners are gone, and all that its origin had stored is deleted. What stays is the cache, and a
  page of the pool's own that shows nothing and keeps the process.
- Whatever else was done to it (a script for its pages, a clock, a route, a permission) would stay. Who does such a thing keeps
  the context: it is closed when it is given back, as is one that has a page of another origin.
- A test of a first visit, or of what is loaded when, asks for a `fresh` one, that nobody had before and nobody has afterwards.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, Playwright, sync_playwright

KEPT = 6
"""So many contexts wait for their next use at most; each has a process and the files of a page or two."""

EMPTY_PAGE = "<!doctype html><link rel=icon href=data:,>"
"""With an icon, for which Chromium asks the server otherwise."""

TIMEOUT_MS = 10_000

HARMLESS = {"close", "cookies", "is_closed", "new_page", "storage_state"}
"""What can be done to a context, and is undone when its pages are closed and its storage is empty."""

Listeners = Mapping[Any, Callable[[Any], None]]


@contextlib.contextmanager
def shared_playwright() -> Iterator[Playwright]:
    """Playwright, started once. Its event loop counts as running in here alone: other tests have loops of their own."""
    playwright, loop = _started()
    asyncio._set_running_loop(loop)
    try:
        yield playwright
    finally:
        asyncio._set_running_loop(None)


@functools.cache
def _started() -> tuple[Playwright, asyncio.AbstractEventLoop]:
    playwright = sync_playwright().start()
    loop = asyncio.get_running_loop()
    atexit.register(_stop, playwright, loop)
    return playwright, loop


def _stop(playwright: Playwright, loop: asyncio.AbstractEventLoop) -> None:
    asyncio._set_running_loop(loop)
    playwright.stop()


@functools.cache
def shared_pool(browser: Browser) -> Pool:
    """The contexts of a browser that several classes use."""
    return Pool(browser)


@dataclass
class _Kept:
    """A context, and what the pool knows of it."""

    context: BrowserContext
    kind: str
    origin: str
    spoilt: bool
    keeper: Page | None = None
    session: CDPSession | None = None

    def keep(self) -> tuple[Page, CDPSession]:
        """The pool's own page in it."""
        if self.keeper is None or self.session is None:
            self.keeper = self.context.new_page()
            self.keeper.route("**/*", lambda route: route.fulfill(body=EMPTY_PAGE, content_type="text/html"))
            self.keeper.goto(self.origin)
            self.session = BrowserContext.new_cdp_session(self.context, self.keeper)
        return self.keeper, self.session

    def empty(self) -> None:
        keeper, session = self.keep()
        for page in self.context.pages:
            if page != keeper:
                page.close()
        session.send("Storage.clearDataForOrigin", {"origin": self.origin, "storageTypes": "all"})


class Pool:
    """Contexts of one browser."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._lent: dict[BrowserContext, tuple[_Kept, Listeners]] = {}
        self._idle: list[_Kept] = []

    def take(
        self, listeners: Listeners, *scripts: str, base_url: str, fresh: bool = False, **options: Any
    ) -> BrowserContext:
        """One with these options, and with these scripts in each page, that nobody else has."""
        kind = repr((base_url, scripts, sorted(options.items())))
        kept = None if fresh else self._waiting(kind)
        if kept is None:
            context = self._browser.new_context(base_url=base_url, **options)
            context.set_default_timeout(TIMEOUT_MS)
            for script in scripts:
                context.add_init_script(script)
            kept = _Kept(context, kind, base_url, spoilt=fresh)
            _watch(kept)
        for event, listener in listeners.items():
            BrowserContext.on(kept.context, event, listener)
        self._lent[kept.context] = kept, listeners
        return kept.context

    def store(self, context: BrowserContext, key: str, value: str) -> None:
        """Put something into its localStorage before there is a page."""
        keeper, _ = self._lent[context][0].keep()
        keeper.evaluate("([key, value]) => localStorage.setItem(key, value)", [key, value])

    def give_back(self, context: BrowserContext) -> None:
        """Empty it for its next use, or close it."""
        kept, listeners = self._lent.pop(context)
        if context.is_closed():
            return
        if kept.spoilt or not all(_is_of(kept.origin, page) for page in context.pages):
            context.close()
            return
        for event, listener in listeners.items():
            BrowserContext.remove_listener(context, event, listener)
        kept.empty()
        self._idle.append(kept)
        while len(self._idle) > KEPT:
            self._idle.pop(0).context.close()

    def _waiting(self, kind: str) -> _Kept | None:
        for kept in reversed(self._idle):
            if kept.kind == kind:
                self._idle.remove(kept)
                return kept
        return None


def _is_of(origin: str, page: Page) -> bool:
    address = urlsplit(page.url)
    return address.scheme == "about" or f"{address.scheme}://{address.netloc}" == origin


def _watch(kept: _Kept) -> None:
    """Whoever does to a context what is not harmless spoils it; its clock is what its pages have for one."""
    for owner in (kept.context, kept.context.clock):
        for name, function in inspect.getmembers(type(owner), inspect.isfunction):
            if not name.startswith("_") and name not in HARMLESS:
                setattr(owner, name, _spoiling(kept, function, owner))


def _spoiling(kept: _Kept, function: Callable[..., Any], owner: object) -> Callable[..., Any]:
    @functools.wraps(function)
    def spoils(*given: Any, **named: Any) -> Any:
        kept.spoilt = True
        return function(owner, *given, **named)

    return spoils
