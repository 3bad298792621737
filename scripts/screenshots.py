#!/usr/bin/env python3
"""The pictures of the README: two people in two real browsers, chatting through a real server.

`make screenshots` (or `.venv/bin/python scripts/screenshots.py [DIRECTORY]`) writes them to docs/screenshots: the username
page, an incoming call, a chat, two people comparing, an invite, another device under a known name, and an older app, on a
phone and on a desktop, in light and in dark.
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


OLDER_APP = """(name) => {
  const socket = new WebSocket(`${location.origin.replace("http", "ws")}/ws?username=${name}`);
  const send = (type, payload) => socket.send(JSON.stringify({ type, target: "alice", payload }));
  socket.addEventListener("open", () => send("session:connect", {}));
  socket.addEventListener("message", ({ data }) => {
    if (JSON.parse(data).type === "session:joined") {
      send("key:exchange", { publicKey: btoa("an older app, without its proof.") });
    }
  });
}"""
"""It calls alice with a key and no proof, as the original app does."""


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
    """Send a message and wait until it has arrived."""
    page.get_by_test_id("message-input").fill(text)
    page.get_by_test_id("message-send").click()
    expect(page.get_by_test_id("message").nth(number)).to_have_attribute("data-status", "delivered")


def secured(*pages: Page) -> None:
    """Wait until they can write to each other."""
    for page in pages:
        expect(page.get_by_test_id("chat-state")).to_have_attribute("data-state", "secured")


def compare(alice: Page, bob: Page, album: Album) -> None:
    """Two people make sure of each other."""
    alice.get_by_test_id("verify-open").click()
    expect(alice.get_by_test_id("sas-emoji").get_by_role("listitem")).to_have_count(7)
    album.take(alice, "verify")
    for page in (alice, bob):
        page.get_by_test_id("sas-match").click()
        expect(page.get_by_test_id("trust")).to_have_attribute("data-trust", "verified")


def invite(alice: Page, album: Album) -> None:
    """A link to hand over."""
    alice.get_by_test_id("invite-create").click()
    album.take(alice, "invite")
    alice.keyboard.press("Escape")


def meet_another_bob(browser: Browser, server: DaphneServer, album: Album, alice: Page) -> None:
    """Somebody on another device takes bob's name, which a server that has just started keeps for nobody."""
    server.stop()
    server.start()
    alice.reload()
    bob = enter(browser, server.url, album)
    choose(bob, "bob")
    call(bob, alice)
    expect(alice.get_by_test_id("key-changed")).to_be_visible()
    album.take(alice, "key-changed")
    alice.get_by_test_id("key-refuse").click()
    bob.context.close()


def meet_an_older_app(browser: Browser, server: DaphneServer, album: Album, alice: Page) -> None:
    """One that cannot prove who it is."""
    caller = enter(browser, server.url, album)
    caller.evaluate(OLDER_APP, "carol")
    alice.get_by_test_id("incoming-accept").click()
    expect(alice.get_by_test_id("classic-warning")).to_be_visible()
    album.take(alice, "classic")
    caller.context.close()


def call(caller: Page, called: Page) -> None:
    """Call alice, who accepts."""
    expect(called.get_by_test_id("server-state")).to_have_attribute("data-state", "online", timeout=20_000)
    caller.get_by_test_id("peer-input").fill("alice")
    caller.get_by_test_id("peer-connect").click()
    called.get_by_test_id("incoming-accept").click()


def picture(browser: Browser, server: DaphneServer, album: Album) -> None:
    """From the first page over a short conversation to what can go wrong."""
    url = server.url
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
    secured(alice, bob)
    compare(alice, bob, album)
    for number, (author, text) in enumerate(TALK):
        say(people[author], text, number)
        expect(people[1 - author].get_by_test_id("message")).to_have_count(number + 1)
    album.take(alice, "chat")
    bob.get_by_test_id("chat-end").click()
    bob.context.close()
    alice.reload()
    expect(alice.get_by_test_id("server-state")).to_have_attribute("data-state", "online")
    invite(alice, album)
    meet_another_bob(browser, server, album, alice)
    meet_an_older_app(browser, server, album, alice)
    alice.context.close()


def main() -> None:
    """All of them."""
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots"
    directory.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for theme, size in itertools.product(THEMES, SIZES):
            with DaphneServer({"CALL_BURST": "100"}) as server:
                picture(browser, server, Album(directory, theme, size))
        browser.close()


if __name__ == "__main__":
    main()
