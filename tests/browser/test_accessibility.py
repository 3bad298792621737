"""axe-core finds nothing to complain about, in any state of the pages (tests/support/states.py), in light and in dark."""

from __future__ import annotations

from playwright.sync_api import Page, ViewportSize, expect

from tests.support.acted import SECURED, ActedChat, comparing
from tests.support.paths import ROOT
from tests.support.states import STATES, State

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
FINDINGS = """async () => {
  const runOnly = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations } = await axe.run({ runOnly, resultTypes: ["violations"] });
  return violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
}"""
PHONE: ViewportSize = {"width": 390, "height": 844}
SMALL_PHONE: ViewportSize = {"width": 320, "height": 568}


class Accessibility(ActedChat):
    def show(self, page: Page, state: State) -> None:
        """The page as it is when it has just been loaded, brought into this state."""
        page.goto("/chat")
        page.wait_for_function("() => window.fakePeer")
        state.show(page)

    def assert_accessible(self, page: Page) -> None:
        page.evaluate(AXE.read_text(encoding="utf-8"))
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            with self.subTest(scheme=scheme):
                self.assertEqual(page.evaluate(FINDINGS), [])

    def assert_not_too_wide(self, page: Page) -> None:
        wide = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
        self.assertEqual(wide[0], wide[1])

    def test_every_state_on_a_wide_page(self) -> None:
        page = self.open(reduced_motion="reduce")
        for name, state in STATES.items():
            with self.subTest(name):
                self.show(page, state)
                self.assert_accessible(page)

    def test_every_state_on_a_phone_and_nothing_is_wider_than_a_small_one(self) -> None:
        page = self.open(reduced_motion="reduce", viewport=PHONE, has_touch=True)
        for name, state in STATES.items():
            with self.subTest(name):
                page.set_viewport_size(PHONE)
                self.show(page, state)
                self.assert_accessible(page)
                page.set_viewport_size(SMALL_PHONE)
                self.assert_not_too_wide(page)

    def test_the_username_page_and_the_one_that_does_not_exist(self) -> None:
        page = self.context(reduced_motion="reduce").new_page()
        for path in ("/", "/nowhere"):
            with self.subTest(path):
                page.goto(path)
                self.assert_accessible(page)

    def test_every_button_can_be_reached_on_a_small_phone(self) -> None:
        page = self.open({**SECURED, **comparing("compare")}, viewport=SMALL_PHONE)
        for button in ("sas-match", "sas-mismatch"):
            page.get_by_test_id(button).scroll_into_view_if_needed()
        for button in ("sas-match", "sas-mismatch", "verify-open", "chat-end", "message-send"):
            expect(page.get_by_test_id(button)).to_be_in_viewport(ratio=1)
