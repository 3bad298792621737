"""axe-core finds nothing to complain about, in any state of the pages, in light and in dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.support.acted import (
    BLOCKED,
    ENDED,
    IDLE,
    ONLINE,
    RINGING,
    SECURED,
    SET,
    WARNED,
    ActedChat,
    comparing,
    message,
)
from tests.support.paths import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
FINDINGS = """async () => (await axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"] })).violations
  .map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])"""

FRESH: dict[str, Any] = {
    **IDLE,
    "messages": [],
    "classicWarning": False,
    "changed": None,
    "knownAs": [],
    "verification": None,
}
TALK = {**SECURED, "messages": [message(1), message(2, mine=True, status="failed")]}
STATES: dict[str, dict[str, Any]] = {
    "home": {"chat": IDLE},
    "calling": {"chat": {**IDLE, "state": "calling", "sentence": "Calling bob…", "peer": "bob"}},
    "an incoming call": {"chat": RINGING, "incoming": {"peer": "bob", "invited": True}},
    "a chat": {"chat": {**TALK, "knownAs": ["carol"]}},
    "a verified chat": {"chat": {**TALK, "trust": "verified"}},
    "a classic chat": {"chat": {**TALK, "trust": "classic"}},
    "comparing": {"chat": {**TALK, **comparing("compare", they=True)}},
    "a mismatch": {"chat": {**TALK, **comparing("mismatched")}},
    "another device": {"chat": {**BLOCKED, "messages": TALK["messages"]}},
    "an older app": {"chat": WARNED},
    "an invite": {"chat": IDLE, "invite": {"peer": "bob", "state": "offline", "sentence": "bob was not reached."}},
    "a used invite": {"chat": IDLE, "invite": {"peer": "bob", "state": "used", "sentence": "It was used."}},
    "a chat that is over": {"chat": {**TALK, **ENDED}},
    "a page that stepped back": {"chat": IDLE, "server": {"state": "replaced", "sentence": "It stepped back."}},
}
OPENED: dict[str, Callable[[Page], list[Locator]]] = {
    "the help": lambda page: [page.get_by_text("How lowkey protects you")],
    "an invite being made": lambda page: [page.get_by_test_id("invite-create")],
    "a new identity": lambda page: [page.get_by_test_id("change-name"), page.get_by_text("New identity")],
}


class Accessibility(ActedChat):
    def open(self, chat: dict[str, Any] | None = None, **options: Any) -> Page:
        page = super().open(chat, reduced_motion="reduce", **options)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        return page

    def assert_accessible(self, page: Page) -> None:
        self.assertEqual(page.evaluate(FINDINGS), [])

    def test_every_state_of_the_chat_page(self) -> None:
        for scheme in ("light", "dark"):
            page = self.open(color_scheme=scheme)
            for name, state in STATES.items():
                with self.subTest(name, scheme=scheme):
                    page.evaluate(
                        SET,
                        {
                            "server": ONLINE,
                            "incoming": None,
                            "invite": None,
                            **state,
                            "chat": {**FRESH, **state["chat"]},
                        },
                    )
                    self.assert_accessible(page)

    def test_whatever_can_be_opened(self) -> None:
        for scheme in ("light", "dark"):
            for name, opening in OPENED.items():
                with self.subTest(name, scheme=scheme):
                    page = self.open(color_scheme=scheme)
                    for pressed in opening(page):
                        pressed.click()
                    self.assert_accessible(page)

    def test_the_safety_numbers_qr_code(self) -> None:
        page = self.open(SECURED)
        page.get_by_test_id("verify-open").click()
        page.get_by_role("button", name="QR code").click()
        self.assert_accessible(page)

    def test_nothing_is_wider_than_a_small_phone(self) -> None:
        page = self.open(viewport={"width": 320, "height": 568})
        for name, state in STATES.items():
            with self.subTest(name):
                page.evaluate(
                    SET,
                    {"server": ONLINE, "incoming": None, "invite": None, **state, "chat": {**FRESH, **state["chat"]}},
                )
                wide = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
                self.assertEqual(wide[0], wide[1])

    def test_every_button_can_be_reached_on_a_small_phone(self) -> None:
        page = self.open({**SECURED, **comparing("compare")}, viewport={"width": 320, "height": 568})
        for button in ("sas-match", "sas-mismatch"):
            page.get_by_test_id(button).scroll_into_view_if_needed()
        for button in ("sas-match", "sas-mismatch", "verify-open", "chat-end", "message-send"):
            expect(page.get_by_test_id(button)).to_be_in_viewport(ratio=1)
