#!/usr/bin/env python3
"""What a long chat costs: a page with 10,000 messages beside one with 100, in the same run.

`make long-chat` (or `.venv/bin/python scripts/long_chat.py`) prints the main thread's CPU time for a received message, a
keystroke and a step of scrolling on both pages, and their ratio, and fails where one is over 1.5. The page is the real one,
as production serves it; the peer under it is an actor (tests/support/acted.py).

The two pages take turns, so that a busy machine is as busy for the one as for the other; the median of the rounds counts.
The time is the thread's own, without what it waits for others. It is what Chromium's main thread does of every kind: scripts,
style, layout, paint.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright  # noqa: E402  (finds the repository first)

from tests.support.acted import ONLINE, SECURED, SET  # noqa: E402
from tests.support.browser import launch  # noqa: E402
from tests.support.servers import acted_static, shared_server  # noqa: E402

SHORT, LONG = 100, 10_000
MOST = 1.5
ROUNDS = 9
RECEIVED, KEYS, STEPS = 10, 10, 10

FILL = """([length, chat]) => {
  const words = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor".split(" ");
  const body = (n) => words.slice(0, 1 + (n % words.length)).join(" ") + (n % 7 === 0 ? `\\n**${n}** https://chat.example/${n}` : "");
  let count = 0;
  window.nextMessage = () => {
    const mine = count % 3 === 0;
    count += 1;
    return {
      kind: "text", id: `m${count}`, mine, body: body(count), at: 1_700_000_000_000 + count * 40_000,
      status: mine ? "delivered" : "sent", re: null, edited: false, deleted: false,
      reactions: { mine: "", theirs: "" }, expires: null,
    };
  };
  window.frames2 = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  window.fakePeer.set({ chat: { ...chat, messages: Array.from({ length }, window.nextMessage) } });
  return window.fakePeer.drawn().then(window.frames2);
}"""
RECEIVE = """async (times) => {
  for (let i = 0; i < times; i += 1) {
    window.fakePeer.receive({ ...window.nextMessage(), mine: false, status: "sent" });
    await window.fakePeer.drawn();
    await window.frames2();
  }
}"""
IDLE = "() => window.frames2()"
TO_THE_END = """() => {
  const scroller = document.querySelector("[data-part=scroller]");
  scroller.scrollTop = scroller.scrollHeight;
  return window.frames2().then(window.frames2);
}"""


@dataclass(frozen=True)
class Cost:
    """Seconds of the main thread for one action, on the short page and on the long one."""

    action: str
    short: float
    long: float

    @property
    def ratio(self) -> float:
        """How many times the short one."""
        return self.long / self.short

    def __str__(self) -> str:
        return f"{self.action:<16}{self.short * 1000:8.2f} ms{self.long * 1000:9.2f} ms{self.ratio:8.2f}"


class Chat:
    """A page with so many messages, and the clock of its main thread."""

    def __init__(self, browser: Browser, url: str, length: int) -> None:
        context = browser.new_context(base_url=url, viewport={"width": 900, "height": 800}, locale="en-GB")
        context.add_init_script("localStorage.setItem('lowkey.username', 'alice')")
        self.page: Page = context.new_page()
        self.page.goto("/chat")
        self.page.wait_for_function("() => window.fakePeer")
        self.page.evaluate(SET, {"server": ONLINE})
        self.page.evaluate(FILL, [length, SECURED])
        self._session: CDPSession = context.new_cdp_session(self.page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def cost(self, action: Callable[[Chat], int]) -> float:
        """The main thread's seconds for one of what `action` does and counts."""
        self.page.evaluate(TO_THE_END)
        before = self._busy()
        times = action(self)
        self.page.evaluate(IDLE)
        return (self._busy() - before) / times

    def receive(self) -> int:
        """Messages come in, each drawn before the next."""
        self.page.evaluate(RECEIVE, RECEIVED)
        return RECEIVED

    def type(self) -> int:
        """A word in the message box."""
        box = self.page.get_by_test_id("message-input")
        box.focus()
        for key in "wonderfulwonderfulwonderful"[:KEYS]:
            self.page.keyboard.press(key)
            self.page.evaluate(IDLE)
        box.fill("")
        return KEYS

    def scroll(self) -> int:
        """Steps of the wheel, back into the past."""
        self.page.mouse.move(450, 400)
        for _ in range(STEPS):
            self.page.mouse.wheel(0, -240)
            self.page.evaluate(IDLE)
        return STEPS

    def _busy(self) -> float:
        metrics: list[dict[str, Any]] = self._session.send("Performance.getMetrics")["metrics"]
        return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))


ACTIONS: dict[str, Callable[[Chat], int]] = {
    "received message": Chat.receive,
    "keystroke": Chat.type,
    "scroll step": Chat.scroll,
}


def measure(browser: Browser, short: int = SHORT, long: int = LONG, rounds: int = ROUNDS) -> list[Cost]:
    """What each action costs on a page with `short` messages and on one with `long`."""
    url = shared_server({"STATIC_ROOT": str(acted_static())}).url
    chats = [Chat(browser, url, length) for length in (short, long)]
    costs = []
    for name, action in ACTIONS.items():
        taken: list[list[float]] = [[chat.cost(action) for chat in chats] for _ in range(rounds + 1)]
        costs.append(Cost(name, *(statistics.median(each) for each in zip(*taken[1:], strict=True))))
    for chat in chats:
        chat.page.context.close()
    return costs


def main() -> int:
    """The exit code says whether a long chat is as quick as a short one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--long", type=int, default=LONG, help="messages in the long chat (%(default)s)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each is measured (%(default)s)")
    arguments = parser.parse_args()
    with sync_playwright() as playwright:
        browser = launch(playwright)
        costs = measure(browser, long=arguments.long, rounds=arguments.rounds)
        browser.close()
    print(f"{'main thread':<16}{SHORT:>7} msgs{arguments.long:>8} msgs   ratio")
    for cost in costs:
        print(cost)
    return int(any(cost.ratio > MOST for cost in costs))


if __name__ == "__main__":
    sys.exit(main())
