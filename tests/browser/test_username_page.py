"""The username page, as a person meets it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.support.browser import BrowserTestCase

FAULTS = {
    "": "Enter a username.",
    "   ": "Enter a username.",
    "al": "This is too short. A username has at least 3 characters.",
    "a" * 23: "This is too long by 3. A username has at most 20 characters.",
    "al ice": "A space cannot be part of a username. Use letters from a to z, digits and underscores.",
    "jos\u00e9": "\u201c\u00e9\u201d cannot be part of a username. Use letters from a to z, digits and underscores.",
    "jose\u0301": "\u201ce\u0301\u201d cannot be part of a username. Use letters from a to z, digits and underscores.",
    "bob-1": "A hyphen cannot be part of a username. Use letters from a to z, digits and underscores.",
    "bob\U0001f642": "\u201c\U0001f642\u201d cannot be part of a username. "
    "Use letters from a to z, digits and underscores.",
}
BLOCKED = (
    "() => {{ for (const name of {}) Object.defineProperty(window, name, {{get() {{ throw new DOMException(); }}}}) }}"
)


class UsernamePage(BrowserTestCase):
    """Choosing a name, and what is wrong with some."""

    def open(self, *blocked: str) -> Page:
        context = self.context()
        if blocked:
            context.add_init_script(f"({BLOCKED.format(list(blocked))})()")
        page = context.new_page()
        page.goto("/")
        return page

    def choose(self, page: Page, name: str) -> None:
        page.get_by_test_id("username-input").fill(name)
        page.get_by_test_id("username-submit").click()

    def kept(self, page: Page) -> str | None:
        kept: str | None = page.evaluate("() => localStorage.getItem('lowkey.username')")
        return kept

    def test_each_fault_has_its_sentence_and_names_the_character(self) -> None:
        page = self.open()
        for name, sentence in FAULTS.items():
            with self.subTest(name=name):
                self.choose(page, name)
                expect(page.get_by_test_id("username-error")).to_have_text(sentence)
        self.assertIsNone(self.kept(page))
        self.assert_no_faults()

    def test_the_fault_is_told_to_a_screen_reader_and_the_field_takes_the_focus(self) -> None:
        page = self.open()
        self.choose(page, "al")
        field = page.get_by_test_id("username-input")
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_be_focused()
        expect(field).to_have_accessible_description(
            "3 to 20 letters, digits or underscores This is too short. A username has at least 3 characters."
        )

    def test_the_fault_goes_away_as_it_is_mended(self) -> None:
        page = self.open()
        self.choose(page, "al")
        page.get_by_test_id("username-input").press_sequentially("i")
        expect(page.get_by_test_id("username-error")).to_be_empty()
        expect(page.get_by_test_id("username-input")).to_have_attribute("aria-invalid", "false")

    def test_a_name_is_not_judged_before_it_is_given(self) -> None:
        page = self.open()
        page.get_by_test_id("username-input").press_sequentially("a b")
        expect(page.get_by_test_id("username-error")).to_be_empty()

    def test_a_good_name_is_kept_and_leads_to_the_chat(self) -> None:
        page = self.open()
        self.choose(page, "  Alice_1 ")
        page.wait_for_url("**/chat")
        expect(page.get_by_test_id("own-name")).to_have_text("Alice_1")
        self.assertEqual(self.kept(page), "Alice_1")
        self.assert_no_faults()

    def test_enter_is_enough(self) -> None:
        page = self.open()
        page.keyboard.type("alice")
        page.keyboard.press("Enter")
        page.wait_for_url("**/chat")

    def test_who_has_a_name_goes_straight_to_the_chat_with_the_fragment(self) -> None:
        page = self.page_of("alice")
        page.goto("/#a-fragment")
        page.wait_for_url("**/chat#a-fragment")

    def test_without_a_name_the_chat_leads_here_with_the_fragment(self) -> None:
        page = self.context().new_page()
        page.goto("/chat#a-fragment")
        page.wait_for_url(f"{self.server.url}/#a-fragment")
        self.choose(page, "alice")
        page.wait_for_url("**/chat#a-fragment")

    def test_a_kept_name_that_cannot_be_one_is_asked_for_again(self) -> None:
        page = self.open()
        page.evaluate("() => localStorage.setItem('lowkey.username', '<b>')")
        page.goto("/chat")
        page.wait_for_url(f"{self.server.url}/")

    def test_a_browser_that_blocks_local_storage_keeps_the_name_for_the_visit(self) -> None:
        page = self.open("localStorage")
        self.choose(page, "alice")
        page.wait_for_url("**/chat")
        expect(page.get_by_test_id("own-name")).to_have_text("alice")
        self.assert_no_faults()

    def test_a_browser_that_blocks_all_storage_is_told_so(self) -> None:
        page = self.open("localStorage", "sessionStorage")
        self.choose(page, "alice")
        expect(page.get_by_test_id("username-error")).to_contain_text("Allow site data here")
        self.assert_no_faults()

    def test_two_tabs_can_be_two_people(self) -> None:
        page = self.open()
        self.choose(page, "alice")
        page.wait_for_url("**/chat")
        other = page.context.new_page()
        other.goto("/chat")
        other.get_by_test_id("change-name").click()
        self.choose(other, "bob")
        expect(other.get_by_test_id("own-name")).to_have_text("bob")
        page.reload()
        expect(page.get_by_test_id("own-name")).to_have_text("alice")
