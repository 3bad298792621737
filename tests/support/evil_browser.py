"""Chromium, and Python peers, with an evil server between them.

    alice, bob = self.online(self.alice_name), self.online(self.bob_name)
    self.evil.attack = Drop(step(2))
    ... what the pages show ...
    self.assert_nothing_left(alice, bob)

The evil server hands out the page, so its socket is the only one that the page knows. Python peers, and whoever is in the middle,
live in the evil server's own event loop: `within` does something there.
"""

from __future__ import annotations

import atexit
import functools
import os
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from playwright.sync_api import Page, expect

from tests.browser.test_chat import TwoPeople
from tests.support.evil import GENEROUS, EvilServer
from tests.support.mitm import Mallory
from tests.support.people import Person
from tests.support.server import DaphneServer
from tests.support.servers import shared_server

T = TypeVar("T")

WATCH = """() => {
  window.seen = { states: [], trusts: [], warned: false, connections: [], sent: [] };
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (text) {
    window.seen.sent.push(JSON.parse(text));
    send.call(this, text);
  };
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(...given) {
      super(...given);
      window.seen.connections.push(this);
    }
  };
  const look = () => {
    const state = document.querySelector("[data-testid=chat-state]")?.dataset.state;
    const trust = document.querySelector("[data-testid=trust]")?.dataset.trust;
    if (state && window.seen.states.at(-1) !== state) window.seen.states.push(state);
    if (trust && window.seen.trusts.at(-1) !== trust) window.seen.trusts.push(trust);
    window.seen.warned ||= document.querySelector("[data-testid=classic-warning]")?.checkVisibility() ?? false;
  };
  new MutationObserver(look).observe(document, { subtree: true, attributes: true, childList: true });
}"""
"""Writes down what a page shows and sends, and keeps its connections, each of which gathers candidates."""


@functools.cache
def shared_evil() -> EvilServer:
    """One for all classes, before the server that they share; it ends with the process."""
    evil = EvilServer(shared_server(GENEROUS)).__enter__()
    atexit.register(evil.__exit__)
    return evil


class EvilBrowserCase(TwoPeople):
    scripts: ClassVar[tuple[str, ...]] = (f"({WATCH})()",)
    evil: ClassVar[EvilServer]

    @classmethod
    def serve(cls) -> DaphneServer:
        cls.evil = shared_evil()
        return cls.evil  # type: ignore[return-value]  # it has the address that pages are to open

    def setUp(self) -> None:
        super().setUp()
        self.evil.behave()

    def tearDown(self) -> None:
        self.assertEqual(self.evil.faults, [])
        super().tearDown()

    # Who is there

    def two(self) -> tuple[Page, Page]:
        return self.online(self.alice_name), self.online(self.bob_name)

    def person(self, name: str, **options: Any) -> Person:
        """A Python peer that is online."""

        async def arrive() -> Person:
            return await Person(name, self.evil.url, **options).__aenter__()

        person = self.evil.run(arrive())
        self.addCleanup(lambda: self.evil.run(person.stop()))
        return person

    def mallory(self, worlds: tuple[int, int] = (0, 1), **options: Any) -> Mallory:
        """Somebody between alice and bob, who come to live in different worlds."""
        for number in worlds:
            self.evil.world(number)

        async def arrive() -> Mallory:
            return await Mallory(self.evil, self.alice_name, self.bob_name, worlds=worlds, **options).start()

        mallory = self.evil.run(arrive())
        self.addCleanup(lambda: self.evil.run(mallory.stop()))
        return mallory

    def within(self, action: Callable[[], T]) -> T:
        """Do something with a Python peer, in its event loop."""

        async def doing() -> T:
            return action()

        return self.evil.run(doing())

    # What they do

    def call(self, caller: Page, called: Page) -> None:
        self.dial(caller, self.bob_name)
        called.get_by_test_id("incoming-accept").click()

    def connect(self, alice: Page, bob: Page) -> None:
        self.call(alice, bob)
        for page in (alice, bob):
            self.expect_state(page, "chat-state", "secured")

    def ends(self, page: Page, words: str = "") -> None:
        """The call or chat is over for this page, which says so."""
        state = page.get_by_test_id("chat-state")
        expect(state).to_have_attribute("data-state", "failed") if words else None
        page.wait_for_function(
            "() => ['failed', 'ended'].includes(document.querySelector('[data-testid=chat-state]').dataset.state)"
        )
        if words:
            expect(state).to_contain_text(words)

    def chat_goes_on(self, alice: Page, bob: Page) -> None:
        """A message arrives each way."""
        for sender, reader, text in ((alice, bob, "from alice"), (bob, alice, "from bob")):
            self.say(sender, text)
            self.expect_message(reader, text, mine=False)
            self.expect_message(sender, text, mine=True, status="delivered")

    # What must hold

    def seen(self, page: Page) -> Any:
        return page.evaluate("() => ({ ...seen, connections: seen.connections.length })")

    def forget(self, *pages: Page) -> None:
        """What was shown until now does not count."""
        for page in pages:
            page.evaluate(
                "() => Object.assign(seen, { states: [], trusts: [], warned: false, connections: [], sent: [] })"
            )
        self.evil.captured.clear()

    def assert_nothing_left(self, *pages: tuple[Page, str]) -> None:
        """Of these pages nobody sent a signal or a step 3, or looked for a path, or was shown a chat."""
        for page, name in pages:
            for frame in self.seen(page)["sent"]:
                self.assertFalse(frame["type"].startswith("signal:"), frame["type"])
                self.assertNotEqual((frame.get("payload") or {}).get("step"), 3)
            self.assertEqual(self.seen(page)["connections"], 0, f"{name} gathered candidates")
            self.assert_never_secured(page)

    def assert_never_secured(self, *pages: Page) -> None:
        for page in pages:
            seen = self.seen(page)
            self.assertNotIn("secured", seen["states"])
            self.assertNotIn("verified", seen["trusts"])
            self.assertNotIn("classic", seen["trusts"])


class PageAndPerson(EvilBrowserCase):
    """Alice is a page, bob a Python peer."""

    def setUp(self) -> None:
        super().setUp()
        self.bob = self.person(self.bob_name)
        self.alice = self.online(self.alice_name)

    def secured_chat(self) -> None:
        self.dial(self.alice, self.bob_name)
        self.evil.run(self.bob.ringing())
        self.within(self.bob.accept)
        self.expect_state(self.alice, "chat-state", "secured")
        self.evil.run(self.bob.secured())
        self.both_speak()

    def answered_chat(self) -> None:
        """Bob calls, so that the offer is his."""
        self.within(lambda: self.bob.dial(self.alice_name))
        self.alice.get_by_test_id("incoming-accept").click()
        self.expect_state(self.alice, "chat-state", "secured")
        self.evil.run(self.bob.secured())
        self.both_speak()

    def both_speak(self) -> None:
        self.say(self.alice, "from alice")
        self.expect_message(self.alice, "from alice", mine=True, status="delivered")
        text = f"from bob {os.urandom(4).hex()}"
        self.within(lambda: self.bob.send(text))
        self.expect_message(self.alice, text, mine=False)

    def chat_stands(self) -> None:
        """It goes on as it was, and the page has no fault in its console."""
        self.both_speak()
        seen = self.seen(self.alice)
        self.assertEqual(seen["states"][-1], "secured")
        self.assertLessEqual(set(seen["trusts"]), {"unverified"})
        self.assert_no_faults()
