"""Contexts are used again in the tests of pages: that nothing of one test reaches the next, and that it is worth it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from playwright.sync_api import BrowserContext, Page

from tests.support.browser import BrowserTestCase
from tests.support.contexts import KEPT, Pool

LEAVE = """async () => {
  localStorage.setItem("left", "here");
  sessionStorage.setItem("left", "here");
  document.cookie = "left=here";
  await caches.open("left");
  await (await navigator.storage.getDirectory()).getFileHandle("left", { create: true });
  await new Promise((resolve, reject) => {
    const request = indexedDB.open("left");
    request.onsuccess = resolve;
    request.onerror = reject;
  });
  name = "left";
}"""
"""The database stays open."""

LEFT = """async () => {
  const files = [];
  for await (const file of (await navigator.storage.getDirectory()).keys()) files.push(file);
  return {
    local: Object.keys(localStorage), session: Object.keys(sessionStorage), cookies: document.cookie,
    caches: await caches.keys(), files, databases: (await indexedDB.databases()).map(({ name }) => name), name,
  };
}"""
NOTHING: dict[str, Any] = {
    "local": [],
    "session": [],
    "cookies": "",
    "caches": [],
    "files": [],
    "databases": [],
    "name": "",
}
FETCHED = "() => performance.getEntriesByType('resource').map(({ transferSize }) => transferSize > 0)"
"""Of each file of the page, whether it came from the server."""

SPOILING: dict[str, Callable[[BrowserContext], object]] = {
    "a script": lambda context: context.add_init_script("window.left = true"),
    "a route": lambda context: context.route("**/*", lambda route: route.abort()),
    "a clock": lambda context: context.new_page().clock.install(),
    "a clock of the context's": lambda context: context.clock.set_fixed_time(0),
    "a function": lambda context: context.expose_function("left", lambda: None),
    "a permission": lambda context: context.grant_permissions(["clipboard-read"]),
    "headers": lambda context: context.set_extra_http_headers({"Left": "here"}),
    "a broken network": lambda context: context.set_offline(True),
    "a listener": lambda context: context.on("request", lambda _: None),
    "patience": lambda context: context.set_default_timeout(1),
    "a page of another origin": lambda context: context.new_page().goto("data:text/html,hello"),
}


class Contexts(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.own = Pool(self.browser)

    def take(self, *scripts: str, **options: Any) -> BrowserContext:
        listeners = options.pop("listeners", {})
        context = self.own.take(listeners, *scripts, base_url=self.server.url, **options)
        self.addCleanup(context.close)
        return context

    def visit(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.goto("/")
        return page

    def test_what_a_page_stores_is_gone(self) -> None:
        context = self.take()
        self.own.store(context, "more", "of it")
        page = self.visit(context)
        page.evaluate(LEAVE)
        self.assertNotIn("", page.evaluate(LEFT).values())
        self.assertNotIn([], page.evaluate(LEFT).values())
        self.own.give_back(context)
        self.assertIs(self.take(), context)
        self.assertEqual(self.visit(context).evaluate(LEFT), NOTHING)

    def test_no_page_goes_on_and_nobody_listens(self) -> None:
        heard: list[Any] = []
        context = self.take(listeners={"request": partial(heard.append)})
        page = self.visit(context)
        self.assertTrue(heard)
        heard.clear()
        self.own.give_back(context)
        self.assertTrue(page.is_closed())
        self.visit(self.take())
        self.assertEqual(heard, [])

    def test_what_would_stay_in_it_is_used_by_nobody_else(self) -> None:
        for what, do in SPOILING.items():
            with self.subTest(what):
                context = self.take()
                do(context)
                self.own.give_back(context)
                self.assertTrue(context.is_closed())
                self.assertIsNot(self.take(), context)

    def test_who_asks_for_something_else_gets_another(self) -> None:
        context = self.take()
        self.own.give_back(context)
        for other in (self.take("1"), self.take(color_scheme="dark"), self.take(fresh=True)):
            self.assertIsNot(other, context)
        self.assertIs(self.take(), context)
        self.assertIsNot(self.take(), context)

    def test_a_fresh_one_is_closed_and_a_closed_one_not_used(self) -> None:
        fresh, closed = self.take(fresh=True), self.take()
        closed.close()
        for context in (fresh, closed):
            self.own.give_back(context)
            self.assertTrue(context.is_closed())
        self.assertNotIn(self.take(), (fresh, closed))

    def test_few_are_kept(self) -> None:
        contexts = [self.take() for _ in range(KEPT + 1)]
        for context in contexts:
            self.own.give_back(context)
        self.assertEqual([context.is_closed() for context in contexts], [True, *[False] * KEPT])

    def test_the_files_of_a_page_are_at_hand_the_second_time(self) -> None:
        context = self.take()
        first = self.visit(context).evaluate(FETCHED)
        self.own.give_back(context)
        self.assertTrue(all(first), first)
        again = self.visit(self.take()).evaluate(FETCHED)
        self.assertGreater(len(again), 3)
        self.assertFalse(any(again), again)
