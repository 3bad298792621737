"""The settings: what is chosen is kept and told to the peer, who is blocked, and wiping everything."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page, expect

from tests.support.acted import AT_FIRST, IDLE, SECURED, SET, ActedChat

GRANTING = """(answer) => {
  window.Notification = class {
    static permission = "default";
    static requestPermission() { this.permission = answer; return Promise.resolve(answer); }
  };
}"""


class SettingsCase(ActedChat):
    def opened(self, page: Page) -> Page:
        page.get_by_test_id("settings-open").click()
        expect(page.get_by_test_id("settings")).to_be_visible()
        return page

    def kept(self, page: Page) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(page.evaluate("() => localStorage.getItem('lowkey.settings') ?? '{}'"))
        return found


class Choosing(SettingsCase):
    def test_at_first_nothing_is_hidden_and_nothing_makes_a_noise(self) -> None:
        page = self.opened(self.open())
        for name, on in (
            ("receipts", True),
            ("typing", True),
            ("relay-only", False),
            ("notify", False),
            ("sound", False),
        ):
            expect(page.get_by_test_id(f"settings-{name}")).to_be_checked(checked=on)
        expect(page.get_by_test_id("settings-preview")).to_be_hidden()

    def test_what_is_chosen_is_told_to_the_peer_and_kept(self) -> None:
        page = self.opened(self.open())
        for name, choice in (("receipts", "receipts"), ("typing", "typing"), ("relay-only", "relayOnly")):
            page.get_by_test_id(f"settings-{name}").click()
            told = self.asked(page)[-1]
            self.assertEqual((told[0], told[1][choice]), ("prefer", not AT_FIRST[choice]))
        page.reload()
        page.wait_for_function("() => window.fakePeer")
        self.assertEqual(self.asked(page), [["prefer", {"receipts": False, "typing": False, "relayOnly": True}]])
        self.opened(page)
        expect(page.get_by_test_id("settings-receipts")).not_to_be_checked()

    def test_what_stands_there_and_is_no_setting_counts_for_nothing(self) -> None:
        page = self.open()
        for kept in ("{", "null", "[]", '"receipts"', '{"receipts":"no","typing":0,"__proto__":{"relayOnly":true}}'):
            page.evaluate("(kept) => localStorage.setItem('lowkey.settings', kept)", kept)
            page.reload()
            page.wait_for_function("() => window.fakePeer")
            self.assertEqual(self.asked(page), [])
        self.assert_no_faults()

    def test_a_browser_that_keeps_nothing_has_it_in_memory(self) -> None:
        page = self.open()
        page.evaluate("() => { Storage.prototype.setItem = () => { throw new DOMException('full'); }; }")
        self.opened(page)
        page.get_by_test_id("settings-typing").click()
        self.assertEqual(self.asked(page)[-1][1]["typing"], False)
        page.get_by_test_id("settings-close").click()
        self.opened(page)
        expect(page.get_by_test_id("settings-typing")).not_to_be_checked()
        self.assert_no_faults()

    def test_hiding_the_address_says_that_this_server_has_no_relay(self) -> None:
        page = self.opened(self.open())
        expect(page.get_by_text("This server offers no relay.")).to_be_hidden()
        page.get_by_test_id("settings-relay-only").click()
        expect(page.get_by_text("This server offers no relay.")).to_be_visible()

    def test_it_is_closed_by_escape_and_the_focus_goes_back(self) -> None:
        page = self.opened(self.open())
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("settings")).to_be_hidden()
        expect(page.get_by_test_id("settings-open")).to_be_focused()


class Notifications(SettingsCase):
    def test_the_browser_is_asked_only_when_they_are_switched_on(self) -> None:
        page = self.open()
        page.evaluate(GRANTING, "granted")
        self.opened(page)
        self.assertEqual(page.evaluate("() => Notification.permission"), "default")
        page.get_by_test_id("settings-notify").click()
        expect(page.get_by_test_id("settings-preview")).to_be_visible()
        expect(page.get_by_test_id("settings-preview")).not_to_be_checked()
        self.assertEqual((self.kept(page)["notify"], self.kept(page)["preview"]), (True, False))

    def test_a_refusal_is_explained_and_the_switch_stays_off(self) -> None:
        page = self.open()
        page.evaluate(GRANTING, "denied")
        self.opened(page)
        page.get_by_test_id("settings-notify").click()
        expect(page.get_by_text("Your browser does not let this page notify you.")).to_be_visible()
        expect(page.get_by_test_id("settings-notify")).not_to_be_checked()
        self.assertFalse(self.kept(page)["notify"])


class Blocked(SettingsCase):
    def test_the_blocked_are_listed_and_can_be_unblocked(self) -> None:
        page = self.open()
        page.evaluate("() => localStorage.setItem('test.blocked', JSON.stringify(['bob', 'carol']))")
        page.reload()
        page.wait_for_function("() => window.fakePeer")
        self.opened(page)
        expect(page.get_by_test_id("settings-blocked").get_by_role("listitem")).to_have_count(2)
        page.get_by_role("button", name="Unblock bob").click()
        self.assertEqual(self.asked(page), [["unblock", "bob"]])
        expect(page.get_by_test_id("settings-blocked").get_by_role("listitem")).to_have_text(["carolUnblock"])

    def test_nobody_is_blocked_at_first(self) -> None:
        page = self.opened(self.open())
        expect(page.get_by_text("Nobody. Their calls would go unanswered")).to_be_visible()


class Wiping(SettingsCase):
    def test_everything_goes_and_the_chats_end(self) -> None:
        page = self.open(SECURED)
        page.evaluate(
            "() => { localStorage.setItem('lowkey.settings', '{}'); sessionStorage.setItem('lowkey.x', '1'); }"
        )
        page.evaluate("() => localStorage.setItem('others', 'stays')")
        page.evaluate("() => { fakePeer.end = () => localStorage.setItem('test.ended', ''); }")
        self.opened(page)
        page.get_by_text("Wipe everything on this device").click()
        with page.expect_navigation(url="**/"):
            page.get_by_test_id("wipe-confirm").click()
        expect(page.get_by_test_id("username-input")).to_be_visible()
        left = page.evaluate("() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)].toSorted()")
        self.assertEqual([key for key in left if key != "lowkey.wiped"], ["others", "test.deleted", "test.ended"])

    def test_it_stands_behind_a_warning_that_folds_again(self) -> None:
        page = self.opened(self.open())
        expect(page.get_by_test_id("wipe-confirm")).to_be_hidden()
        page.get_by_text("Wipe everything on this device").click()
        expect(page.get_by_test_id("wipe")).to_contain_text("It cannot be undone.")
        expect(page.get_by_test_id("wipe-confirm")).to_be_in_viewport(ratio=0.9)
        page.keyboard.press("Escape")
        self.opened(page)
        expect(page.get_by_test_id("wipe-confirm")).to_be_hidden()


class OverPlainHttp(SettingsCase):
    def test_it_says_what_is_missing(self) -> None:
        context = self.context()
        context.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false });")
        context.add_init_script("delete Navigator.prototype.clipboard;")
        self.pool.store(context, "lowkey.username", "alice")
        page = context.new_page()
        page.goto("/chat")
        page.wait_for_function("() => window.fakePeer")
        page.evaluate(SET, {"chat": IDLE})
        self.opened(page)
        said = page.get_by_text("This page came over plain HTTP.")
        expect(said).to_contain_text("your browser keeps copying, sharing, and notifications from it")

    def test_over_loopback_there_is_nothing_to_say(self) -> None:
        page = self.opened(self.open())
        expect(page.get_by_text("This page came over plain HTTP.")).to_be_hidden()
