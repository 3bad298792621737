"""The two transports with each other: static/js/peer/transport.js in Chromium and chat/peer/transport.py, and coturn between
them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
import unittest
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

from django.test import SimpleTestCase
from playwright.sync_api import Page

from signaling.messages import IceServer
from tests.support import coturn
from tests.support.browser import shared_chromium
from tests.support.checkout import served_checkout
from tests.support.contexts import Pool, shared_playwright, shared_pool
from tests.test_transport import End

PATIENCE = 30.0

NEW = """async ([servers, options]) => {
  const { Transport } = await import("/static/js/peer/transport.js");
  const end = { out: [], all: [], frames: [], events: [], reason: null };
  const listener = {
    signal: (kind, body) => { end.out.push([kind, body]); end.all.push(JSON.stringify(body)); },
    received: (frame) => end.frames.push(frame),
    failed: (reason) => { end.events.push("failed"); end.reason = reason; },
  };
  for (const event of ["opened", "writable", "interrupted", "recovered", "pathChanged", "closed"]) {
    listener[event] = () => end.events.push(event);
  }
  end.transport = new Transport(servers, listener, options);
  globalThis.end = end;
}"""
STATE = "({ out: end.out.splice(0), all: end.all, frames: end.frames, events: end.events, reason: end.reason, path: end.transport.path })"


class InPage:
    """The transport in a page."""

    def __init__(self, page: Page, servers: Sequence[IceServer], **options: Any) -> None:
        self._page = page
        listed = [{"urls": s.urls, "username": s.username or "", "credential": s.credential or ""} for s in servers]
        page.evaluate(NEW, [listed, options])
        self.look()

    def look(self) -> list[tuple[str, Any]]:
        """See how it is, and take what it has to tell the other side."""
        state = self._page.evaluate(STATE)
        self.sent, self.frames, self.events = " ".join(state["all"]), state["frames"], state["events"]
        self.reason, self.path = state["reason"], state["path"]
        return list(state["out"])

    def offer(self) -> None:
        self._page.evaluate("end.transport.offer()")

    def receive(self, kind: str, body: Any) -> None:
        self._page.evaluate("([kind, body]) => end.transport.receive(kind, body)", [kind, body])

    def send(self, frame: str) -> None:
        self._page.evaluate("(frame) => end.transport.send(frame)", frame)

    def check(self) -> bool:
        return bool(self._page.evaluate("end.transport.check()"))


class InPython:
    """The transport of this process, on an event loop in a thread of its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop, servers: Sequence[IceServer], **options: Any) -> None:
        self._loop = loop
        self.end = self._do(lambda: End(servers, **options))
        self.end.held = []

    def look(self) -> list[tuple[str, Any]]:
        """Take what it has to tell the other side."""
        held: list[tuple[str, Any]] = self._do(self._take)
        return held

    def _take(self) -> list[tuple[str, Any]]:
        held, self.end.held = self.end.held or [], []
        return held

    def offer(self) -> None:
        self._do(self.end.transport.offer)

    def receive(self, kind: str, body: Any) -> None:
        self._do(lambda: self.end.transport.receive(kind, body))

    def send(self, frame: str) -> None:
        self._do(lambda: self.end.transport.send(frame))

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self.end.transport.close(), self._loop).result(PATIENCE)

    def _do(self, act: Callable[[], Any]) -> Any:
        async def acting() -> Any:
            return act()

        return asyncio.run_coroutine_threadsafe(acting(), self._loop).result(PATIENCE)


@contextlib.contextmanager
def loop_in_a_thread() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@unittest.skipIf(coturn.unavailable(), coturn.unavailable())
class TransportsTest(SimpleTestCase):
    relay: ClassVar[coturn.Coturn]
    pool: ClassVar[Pool]
    origin: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.relay = cls.enterClassContext(coturn.Coturn())
        cls.origin = f"http://127.0.0.1:{cls.enterClassContext(served_checkout())}"
        cls.pool = shared_pool(shared_chromium(cls.enterClassContext(shared_playwright())))

    def in_page(self, servers: Sequence[IceServer], **options: Any) -> InPage:
        context = self.pool.take({}, base_url=self.origin)
        self.addCleanup(self.pool.give_back, context)
        page = context.new_page()
        page.goto(f"{self.origin}/tests/vectors/README.md")
        return InPage(page, servers, **options)

    def in_python(self, servers: Sequence[IceServer], **options: Any) -> InPython:
        python = InPython(self.enterContext(loop_in_a_thread()), servers, **options)
        self.addCleanup(python.close)
        return python

    def exchange(self, page: InPage, python: InPython, until: Callable[[], bool]) -> None:
        """Carry their signals to and fro until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not until():
            self.assertLess(time.monotonic(), deadline, json.dumps([page.events, page.reason, python.end.events]))
            for kind, body in page.look():
                python.receive(kind, body)
            for kind, body in python.look():
                page.receive(kind, body)
            time.sleep(0.02)

    def test_a_page_that_hides_and_a_terminal_that_hides_meet_at_the_relay(self) -> None:
        for page_offers in (True, False):
            page = self.in_page(self.relay.servers(stun=True), relayOnly=True)
            python = self.in_python(self.relay.servers(stun=True), relay_only=True)
            (page if page_offers else python).offer()
            self.exchange(page, python, lambda: bool(page.path and python.end.transport.path))  # noqa: B023
            page.send("from the page")
            python.send("from the terminal")
            self.exchange(page, python, lambda: bool(page.frames and python.end.frames))  # noqa: B023
            self.assertEqual((page.frames, python.end.frames), (["from the terminal"], ["from the page"]))
            self.assertTrue(page.path["relayed"])
            self.assertEqual(python.end.transport.path.relayed, True)
            for sent in (page.sent, " ".join(python.end.sent)):
                self.assertIn("typ relay", sent)
                self.assertNotRegex(
                    sent, r"typ (?!relay)|raddr (?!0\.0\.0\.0)|c=IN IP4 (?!0\.0\.0\.0|" + self.relay.address + ")"
                )

    def test_the_path_is_the_same_from_both_ends(self) -> None:
        page, python = self.in_page(self.relay.servers()), self.in_python(self.relay.servers())
        page.offer()
        self.exchange(page, python, lambda: bool(page.path and python.end.transport.path))
        self.assertEqual([page.path["relayed"], python.end.transport.path.relayed], [False, False])
        self.assertLess(page.path["rtt"], 1000)
        self.assertTrue(page.check())
        python.close()
        self.exchange(page, python, lambda: "closed" in page.events or "failed" in page.events)
        page._page.evaluate("end.transport.abort()")
        self.assertFalse(page.check())

    def test_a_page_hears_at_once_that_the_only_relay_refuses_it(self) -> None:
        page = self.in_page(self.relay.servers("another secret"), relayOnly=True)
        page.offer()
        self.until_failed(page)
        self.assertEqual(page.reason, "turn_refused")
        self.assertNotIn("candidate:", page.sent)

    def test_a_page_that_hides_where_there_is_no_relay_sends_nothing(self) -> None:
        page = self.in_page([], relayOnly=True)
        page.offer()
        self.until_failed(page)
        self.assertEqual((page.reason, page.sent), ("no_relay", ""))

    def test_a_page_says_what_the_relay_did_where_no_path_was_found(self) -> None:
        """Its patience ends with a terminal that is there no more."""
        for servers, reason in (
            (self.relay.servers("another secret"), "turn_refused"),
            (self.relay.servers(), "other_network"),
        ):
            page, python = self.in_page(servers, patience=1500), self.in_python([])
            page.offer()
            (offer,) = [body for kind, body in self.first(page.look) if kind == "offer"]
            python.receive("offer", offer)
            ((_, answer),) = self.first(python.look)
            python.close()
            kept = [line for line in answer["sdp"].splitlines() if not line.startswith("a=candidate:")]
            nowhere = "a=candidate:1 1 udp 2130706431 203.0.113.99 9 typ host"
            page.receive("answer", {"type": "answer", "sdp": "\r\n".join([*kept, nowhere, ""])})
            self.until_failed(page)
            self.assertEqual(page.reason, reason)

    def first(self, look: Callable[[], list[tuple[str, Any]]]) -> list[tuple[str, Any]]:
        """Wait for the first description."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = [signal for signal in look() if signal[0] != "ice"]
            if found:
                return found
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def until_failed(self, page: InPage) -> None:
        page._page.wait_for_function("() => end.reason !== null")
        page.look()
