#!/usr/bin/env python3
"""The pictures of the README: two people in two real browsers, chatting through a real server.

`make screenshots` (or `.venv/bin/python scripts/screenshots.py [DIRECTORY]`) writes them to docs/screenshots: the username
page, an incoming call and a chat, on a phone and on a desktop, in light and in dark.
"""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, expect, sync_playwright  # noqa: E402  (finds the repository first)

from tests.support.browser import launch  # noqa: E402
from tests.support.server import DaphneServer  # noqa: E402

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

ALICE, BOB = 0, 1
TALK = (
    (BOB, "hey, are you home?"),
    (ALICE, "yes! just got in"),
    (ALICE, "how was the trip?"),
    (BOB, "Long. Three trains, one bus, and a goat that would not let me pass until it had half of my sandwich."),
    (ALICE, "😂 poor sandwich"),
    (BOB, "poor me!\ndinner at eight? I bring the bread, whatever is left of it"),
    (ALICE, "eight is good. the blue door, second bell"),
    (BOB, "see you there 🌿"),
)


@dataclass(frozen=True)
class Album:
    """Where the pictures of one size and theme go."""

    directory: Path
    theme: str
    size: str

    def take(self, page: Page, name: str) -> None:
        """Take one, once nothing moves any more."""
        page.mouse.move(0, 0)
        page.evaluate("() => document.fonts.ready")
        for _ in range(2):
            page.evaluate("() => new Promise(requestAnimationFrame)")
        path = self.directory / f"{name}-{self.size}-{self.theme}.png"
        page.screenshot(path=path, animations="disabled")
        print(path)


def enter(browser: Browser, url: str, album: Album) -> Page:
    """The username page of somebody new."""
    options = {**SIZES[album.size], "color_scheme": album.theme, "locale": "en-GB", "base_url": url}
    page = browser.new_context(**options).new_page()
    page.goto("/")
    return page


def choose(page: Page, name: str) -> None:
    """Take a name and go online."""
    page.get_by_test_id("username-input").fill(name)
    page.get_by_test_id("username-submit").click()
    expect(page.get_by_test_id("server-state")).to_have_attribute("data-state", "online")


def say(page: Page, text: str, number: int) -> None:
    """Send a message and wait until it was handed over."""
    page.get_by_test_id("message-input").fill(text)
    page.get_by_test_id("message-send").click()
    expect(page.get_by_test_id("message").nth(number)).to_have_attribute("data-status", "sent")


def picture(browser: Browser, url: str, album: Album) -> None:
    """From the first page to the end of a short conversation."""
    people = [enter(browser, url, album) for _ in (ALICE, BOB)]
    alice, bob = people
    album.take(alice, "username")
    choose(alice, "alice")
    choose(bob, "bob")
    bob.get_by_test_id("peer-input").fill("alice")
    bob.get_by_test_id("peer-connect").click()
    expect(alice.get_by_test_id("incoming-request")).to_be_visible()
    album.take(alice, "incoming")
    alice.get_by_test_id("incoming-accept").click()
    for page in people:
        expect(page.get_by_test_id("chat-state")).to_have_attribute("data-state", "secured")
    for number, (author, text) in enumerate(TALK):
        say(people[author], text, number)
        expect(people[1 - author].get_by_test_id("message")).to_have_count(number + 1)
    album.take(alice, "chat")
    for page in people:
        page.context.close()


def main() -> None:
    """All of them."""
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots"
    directory.mkdir(parents=True, exist_ok=True)
    with DaphneServer({"CALL_BURST": "100"}) as server, sync_playwright() as playwright:
        browser = launch(playwright)
        for theme, size in itertools.product(THEMES, SIZES):
            picture(browser, server.url, Album(directory, theme, size))
        browser.close()


if __name__ == "__main__":
    main()
