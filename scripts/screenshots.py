#!/usr/bin/env python3
"""The pictures of every state of the pages, on a phone and on a desktop, in light and in dark.

`make screenshots` (or `.venv/bin/python scripts/screenshots.py [--only NAME] [DIRECTORY]`) writes them to docs/screenshots as
<state>-<size>-<theme>.png. The pages are the real ones, as production serves them, with an actor for the peer; the states are
tests/support/states.py's, and the clock stands still, so that a picture changes only when the page does. What is there of a
state that is no more is taken away.
"""

from __future__ import annotations

import argparse
import io
import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402  (finds the repository first)
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

from tests.support.browser import launch  # noqa: E402
from tests.support.servers import acted_static, shared_server  # noqa: E402
from tests.support.states import NOW, STATES, State  # noqa: E402

SIZES: dict[str, dict[str, Any]] = {
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
    "desktop": {"viewport": {"width": 1440, "height": 900}},
}
THEMES = ("light", "dark")
COLOURS = 256
PAGES = {"username": "/", "nowhere": "/nowhere"}
"""Those that have no peer."""


@dataclass(frozen=True)
class Album:
    """Where the pictures of one size and theme go."""

    directory: Path
    size: str
    theme: str

    def path(self, name: str) -> Path:
        """Of one of them."""
        return self.directory / f"{name}-{self.size}-{self.theme}.png"

    def take(self, page: Page, name: str) -> None:
        """Take one, once nothing moves any more."""
        page.mouse.move(0, 0)
        page.wait_for_load_state("networkidle")
        page.evaluate("() => document.fonts.ready")
        for _ in range(2):
            page.evaluate("() => new Promise(requestAnimationFrame)")
        taken = Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide")))
        few = taken.convert("RGB").quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.save(self.path(name), optimize=True)


def enter(browser: Browser, album: Album, url: str) -> Page:
    """A page of somebody whose clock stands still."""
    options = {**SIZES[album.size], "color_scheme": album.theme, "locale": "en-GB", "timezone_id": "Europe/London"}
    context = browser.new_context(base_url=url, reduced_motion="reduce", **options)
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.clock.set_fixed_time(datetime.fromtimestamp(NOW / 1000, UTC))
    return page


def picture(page: Page, album: Album, wanted: dict[str, State]) -> Iterator[str]:
    """Take all of one size and theme; what could not be shown is told."""
    for name, path in PAGES.items():
        page.goto(path)
        album.take(page, name)
    page.evaluate("() => localStorage.setItem('lowkey.username', 'alice')")
    for name, state in wanted.items():
        page.goto("/chat")
        page.wait_for_function("() => window.fakePeer")
        try:
            state.show(page)
        except Exception as error:  # noqa: BLE001  (the other pictures are wanted all the same)
            yield f"{album.path(name).name}: {str(error).splitlines()[0]}"
            continue
        album.take(page, name)


def main() -> int:
    """All of them; the exit code says whether each could be taken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("directory", type=Path, nargs="?", default=ROOT / "docs" / "screenshots")
    parser.add_argument("--only", action="append", choices=STATES, help="this state, and not those before and after")
    arguments = parser.parse_args()
    wanted = {name: STATES[name] for name in arguments.only or STATES}
    albums = [Album(arguments.directory, size, theme) for size, theme in itertools.product(SIZES, THEMES)]
    arguments.directory.mkdir(parents=True, exist_ok=True)
    missing: list[str] = []
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for album in albums:
            page = enter(browser, album, shared_server({"STATIC_ROOT": str(acted_static())}).url)
            missing += picture(page, album, wanted)
            page.context.close()
        browser.close()
    if arguments.only is None:
        known = {album.path(name) for album in albums for name in (*PAGES, *STATES)}
        for path in set(arguments.directory.glob("*.png")) - known:
            path.unlink()
    print("\n".join([*missing, f"{len(albums) * (len(PAGES) + len(wanted)) - len(missing)} pictures"]))
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
