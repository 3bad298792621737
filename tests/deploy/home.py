"""Who is at home in a `Town`: people at Chromium, at Firefox and at the terminal, each on a device of their own.

with Home(town, chain) as home:
    alice, bob = home.arrive("c", "alice"), home.arrive("p", "bob")
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.deploy.chain import ORIGIN, Chain
from tests.deploy.town import Town, command
from tests.net.ends import End, PageEnd, PythonEnd
from tests.net.namespaces import Namespace
from tests.support.browser import CHROMIUM, FIREFOX, QUIET

LINES: Final = """() => {
  const Real = window.WebSocket;
  window.closes = [];
  window.WebSocket = class extends Real {
    constructor(...given) {
      super(...given);
      this.addEventListener("close", ({ code }) => window.closes.push(code));
    }
  };
}"""
"""Writes down with which codes the page's sockets were closed."""

FIREFOX_PREFS: Final[dict[str, str | float | bool]] = {"media.peerconnection.ice.obfuscate_host_addresses": False}
"""Its multicast names are answered by nobody in a network of two."""


class Page(PageEnd):
    """Somebody at a browser. The certificate is one that nobody but the town's own people has heard of."""

    def __init__(self, browser: Browser, name: str) -> None:
        super().__init__(browser, name, ORIGIN, LINES, ignore_https_errors=True)

    @property
    def closes(self) -> list[int]:
        """With which codes its sockets were closed, since it was last asked."""
        codes: list[int] = self.page.evaluate("window.closes.splice(0)")
        return codes

    def hide(self) -> None:
        """Keep the address from others."""
        expect(self.page.get_by_test_id("server-state")).to_have_attribute("data-state", "online", timeout=30_000)
        self.page.get_by_test_id("settings-open").click()
        self.page.get_by_test_id("settings-relay-only").click()
        self.page.get_by_test_id("settings-close").click()


class Home:
    """Browsers that run, and whoever came. They are gone with it."""

    def __init__(self, town: Town, chain: Chain) -> None:
        self._town, self._chain = town, chain
        self._stack = contextlib.ExitStack()
        self._browsers: dict[str, Browser] = {}

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lowkey-home-")))
            self._playwright = stack.enter_context(_playwright(self._town.home))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def arrive(self, kind: str, name: str, *, relay_only: bool = False) -> End:
        """Somebody comes online: at `c`hromium, at `f`irefox, or at the `p`ython peer."""
        if kind == "p":
            trust = {"SSL_CERT_FILE": str(self._chain.nginx.certificate)}
            started_by = command(self._town.home)
            end: End = PythonEnd(self._town.home, name, ORIGIN, started_by=started_by, env=trust, relay_only=relay_only)
        else:
            end = page = Page(self._browser(kind), name)
            if relay_only:
                page.hide()
        self._stack.callback(end.close)
        return end

    def _browser(self, kind: str) -> Browser:
        if kind not in self._browsers:
            launch = self._firefox if kind == "f" else self._chromium
            self._browsers[kind] = self._stack.enter_context(contextlib.closing(launch()))
        return self._browsers[kind]

    def _chromium(self) -> Browser:
        return self._playwright.chromium.launch(executable_path=self._started_here(CHROMIUM), args=list(QUIET))

    def _firefox(self) -> Browser:
        return self._playwright.firefox.launch(
            executable_path=self._started_here(FIREFOX), channel="moz-firefox", firefox_user_prefs=FIREFOX_PREFS
        )

    def _started_here(self, program: str) -> str:
        """A program that starts the browser at home."""
        script = self._folder / Path(program).name
        script.write_text(f'#!/bin/sh\nexec {" ".join(command(self._town.home))} {program} "$@"\n', encoding="ascii")
        script.chmod(0o700)
        return str(script)


@contextlib.contextmanager
def _playwright(place: Namespace) -> Iterator[Playwright]:
    """Playwright, whose driver is where its browsers are, since it reaches Firefox over that place's loopback interface."""
    with place.inside():
        started = sync_playwright().start()
    try:
        yield started
    finally:
        started.stop()
        asyncio._set_running_loop(None)
