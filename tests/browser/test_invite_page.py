"""Invites as a person meets them on the pages: made, handed over, opened; with a peer that does as told."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.support.acted import ENDED, IDLE, RINGING, SECURED, SET, ActedChat
from tests.support.qr import read_qr

FRAGMENT = f"#invite=bob.00000000-0000-4000-8000-000000000001.{'S' * 43}"
SENTENCE = "(reason) => fakePeer.sentence(reason, 'bob')"
OTHER = f"#invite=carol.00000000-0000-4000-8000-000000000002.{'T' * 43}"
KEPT = "() => sessionStorage.getItem('lowkey.invite')"
FREEZING = """
  const freeze = Object.freeze;
  window.seen = [];
  Object.freeze = (tables) => {
    if (document.readyState === "interactive") {
      window.seen.push(location.hash);
    }
    return freeze(tables);
  };
"""
"""Modules freeze their tables as they are evaluated, that of the errors first of all; this sees the address then."""

BLOCKED = (
    "Object.defineProperty(window, 'sessionStorage', {get() { throw new DOMException('blocked', 'SecurityError'); }})"
)


def invite(state: str, sentence: str = "A sentence.") -> dict[str, Any]:
    """What the peer says of an opened invite."""
    return {"invite": {"peer": "bob", "state": state, "sentence": sentence}}


class Making(ActedChat):
    """A link to hand over."""

    def open_with(self, script: str) -> Page:
        page = self.open()
        page.add_init_script(script)
        page.reload()
        page.wait_for_function("() => window.fakePeer")
        return page

    def make(self, page: Page) -> Any:
        page.get_by_test_id("invite-create").click()
        return page.get_by_role("dialog", name="Invite someone")

    def test_it_shows_a_link_and_says_what_becomes_of_it(self) -> None:
        page = self.open(timezone_id="UTC")
        dialog = self.make(page)
        expect(page.get_by_test_id("invite-link")).to_have_value(f"{self.link_of(page)}1.{'s' * 43}")
        expect(dialog).to_contain_text("It works once, for 24 hours: until Tuesday 22:13.")
        expect(dialog).to_contain_text("Whoever has the link can take your friend’s place, so send it only to them.")
        self.assert_no_faults()

    def link_of(self, page: Page) -> str:
        return f"{self.server.url}/chat#invite=alice.00000000-0000-4000-8000-00000000000"

    def test_each_is_a_new_one_and_none_stays_in_the_page(self) -> None:
        page = self.open()
        dialog = self.make(page)
        first = page.get_by_test_id("invite-link").input_value()
        dialog.get_by_role("button", name="Close").click()
        expect(page.get_by_test_id("invite-link")).to_have_value("")
        expect(page.get_by_test_id("invite-create")).to_be_focused()
        self.make(page)
        self.assertNotEqual(page.get_by_test_id("invite-link").input_value(), first)

    def test_it_is_copied(self) -> None:
        page = self.open(permissions=["clipboard-read", "clipboard-write"])
        dialog = self.make(page)
        expect(dialog.get_by_role("button", name="Copy")).to_be_focused()
        page.keyboard.press("Enter")
        expect(dialog).to_contain_text("Copied.")
        copied = page.evaluate("() => navigator.clipboard.readText()")
        self.assertEqual(copied, page.get_by_test_id("invite-link").input_value())

    def test_without_a_clipboard_it_is_selected(self) -> None:
        page = self.open()
        page.evaluate("() => Object.defineProperty(navigator, 'clipboard', {value: undefined})")
        dialog = self.make(page)
        dialog.get_by_role("button", name="Copy").click()
        expect(dialog).to_contain_text("It is selected now.")
        selected = page.get_by_test_id("invite-link").evaluate("(e) => e.value.slice(e.selectionStart, e.selectionEnd)")
        self.assertEqual(selected, page.get_by_test_id("invite-link").input_value())

    def test_it_is_shared_where_the_browser_can(self) -> None:
        page = self.open_with("navigator.share = async (what) => { window.shared = what; }")
        self.make(page).get_by_role("button", name="Share").click()
        self.assertEqual(page.evaluate("() => shared.url"), page.get_by_test_id("invite-link").input_value())

    def test_where_the_browser_cannot_share_nothing_offers_to(self) -> None:
        page = self.open_with("delete Navigator.prototype.share")
        expect(self.make(page).get_by_role("button", name="Share")).to_be_hidden()

    def test_that_it_could_not_be_drawn_can_be_read_in_the_dark_too(self) -> None:
        page = self.open(color_scheme="dark")
        page.route("**/qr_code*", lambda route: route.abort())
        words = self.make(page).get_by_text("The QR code could not be loaded.")
        expect(words).to_have_css("background-color", "rgba(0, 0, 0, 0)")

    def test_the_qr_code_holds_the_link(self) -> None:
        page = self.open(color_scheme="dark")
        self.make(page)
        code = page.get_by_role("img", name="The invite as a QR code")
        self.assertEqual(read_qr(code), page.get_by_test_id("invite-link").input_value())

    def test_it_makes_way_when_whoever_got_it_calls_and_for_nobody_else(self) -> None:
        page = self.open()
        dialog = self.make(page)
        page.evaluate(SET, {"incoming": {"peer": "carol", "invited": False}, "chat": RINGING})
        expect(dialog).to_be_visible()
        page.evaluate(SET, {"incoming": {"peer": "bob", "invited": True}, "chat": RINGING})
        expect(dialog).to_be_hidden()
        page.get_by_test_id("incoming-accept").click()
        self.assertEqual(self.asked(page), [["createInvite"], ["accept"]])

    def test_what_the_peer_refuses_is_said(self) -> None:
        page = self.open()
        page.evaluate("() => window.fakePeer.refuse('bad_name')")
        page.get_by_test_id("invite-create").click()
        expect(page.get_by_test_id("toast")).to_have_text("A username is 3 to 20 letters, digits or underscores.")
        self.assert_no_faults()


class Opening(ActedChat):
    """A link that somebody handed over."""

    def asked(self, page: Page) -> list[list[str]]:
        return [call for call in super().asked(page) if call[0] != "stop"]

    def come(self, page: Page, path: str) -> None:
        page.goto(path)
        page.wait_for_function("() => window.fakePeer")

    def test_it_is_handed_to_the_peer_and_gone_from_the_address(self) -> None:
        page = self.open()
        page.goto("about:blank")
        self.come(page, f"/chat{FRAGMENT}")
        self.assertEqual(page.url, f"{self.server.url}/chat")
        self.assertEqual(self.asked(page), [["openInvite", FRAGMENT]])

    def test_it_is_gone_before_any_other_module_runs(self) -> None:
        page = self.open()
        page.add_init_script(FREEZING)
        page.goto("about:blank")
        self.come(page, f"/chat{FRAGMENT}")
        seen = page.evaluate("() => window.seen")
        self.assertTrue(seen)
        self.assertEqual(set(seen), {""})

    def test_it_is_not_in_the_history(self) -> None:
        page = self.open()
        page.goto("/health")
        self.come(page, f"/chat{FRAGMENT}")
        page.goto("/health")
        page.go_back()
        page.wait_for_function("() => window.fakePeer")
        self.assertEqual(page.url, f"{self.server.url}/chat")
        page.go_back()
        self.assertEqual(page.url, f"{self.server.url}/health")

    def test_who_has_no_name_chooses_one_first(self) -> None:
        context = self.context()
        page = context.new_page()
        page.goto(f"/chat{FRAGMENT}")
        expect(page.get_by_text("You came by an invite.")).to_be_visible()
        self.assertEqual(page.url, f"{self.server.url}/")
        page.get_by_test_id("username-input").fill("alice")
        page.get_by_test_id("username-submit").click()
        page.wait_for_function("() => window.fakePeer")
        self.assertEqual(page.url, f"{self.server.url}/chat")
        self.assertEqual(self.asked(page), [["openInvite", FRAGMENT]])

    def test_who_chooses_a_name_reads_whom_the_link_says_it_is_from(self) -> None:
        page = self.context().new_page()
        for fragment, words in (
            (FRAGMENT, "You came by an invite. The link says it is from bob. Choose a name, and lowkey calls them."),
            ("#invite=<b>.cut", "You came by an invite. Choose a name, and lowkey calls whoever sent it."),
        ):
            page.goto("about:blank")
            page.goto(f"/{fragment}")
            expect(page.locator("[data-part=invited]")).to_have_text(words, use_inner_text=True)

    def test_a_browser_that_keeps_nothing_carries_it_along(self) -> None:
        context = self.context()
        context.add_init_script(BLOCKED)
        page = context.new_page()
        page.goto(f"/chat{FRAGMENT}")
        page.get_by_test_id("username-input").fill("alice")
        page.get_by_test_id("username-submit").click()
        page.wait_for_function("() => window.fakePeer")
        self.assertEqual(page.url, f"{self.server.url}/chat")
        self.assertEqual(self.asked(page), [["openInvite", FRAGMENT]])

    def test_the_username_page_has_no_notice_for_others(self) -> None:
        page = self.context().new_page()
        page.goto("/")
        expect(page.get_by_text("You came by an invite.")).to_be_hidden()

    def test_one_pasted_into_an_open_page_is_taken_too(self) -> None:
        page = self.open()
        page.evaluate("(fragment) => { location.hash = fragment; }", OTHER)
        page.wait_for_function("() => fakePeer.calls.some(([name]) => name === 'openInvite')")
        self.assertEqual(page.url, f"{self.server.url}/chat")
        self.assertEqual(self.asked(page), [["openInvite", OTHER]])

    def test_it_outlives_a_reload_until_the_peer_has_come_to_an_end_with_it(self) -> None:
        page = self.open()
        page.goto("about:blank")
        self.come(page, f"/chat{FRAGMENT}")
        page.evaluate(SET, invite("waiting"))
        page.reload()
        page.wait_for_function("() => window.fakePeer")
        self.assertEqual(self.asked(page), [["openInvite", FRAGMENT]])
        for state in ("done", "used", "expired", "unknown", "own", "damaged"):
            page.evaluate("(fragment) => sessionStorage.setItem('lowkey.invite', fragment)", FRAGMENT)
            page.evaluate(SET, invite(state))
            self.assertIsNone(page.evaluate(KEPT), state)

    def test_another_tab_does_not_get_it(self) -> None:
        page = self.open()
        page.goto("about:blank")
        self.come(page, f"/chat{FRAGMENT}")
        other = page.context.new_page()
        self.come(other, "/chat")
        self.assertEqual(self.asked(other), [])

    def test_other_fragments_are_left_alone(self) -> None:
        page = self.open()
        page.goto("about:blank")
        self.come(page, "/chat#a-fragment")
        self.assertEqual(page.url, f"{self.server.url}/chat#a-fragment")
        self.assertEqual(self.asked(page), [])

    def test_what_is_wrong_with_it_is_said_until_it_is_put_away(self) -> None:
        page = self.open()
        card = page.get_by_test_id("invite-state")
        expect(card).to_be_hidden()
        for state in ("used", "expired", "unknown", "own", "damaged"):
            page.evaluate(SET, invite(state, f"It is {state}."))
            expect(card).to_have_attribute("data-state", state)
            expect(card).to_contain_text(f"It is {state}.")
            expect(card.get_by_role("button", name="Try again")).to_be_hidden()
        card.get_by_role("button", name="Put the invite away").click()
        self.assertEqual(self.asked(page), [["dismissInvite"]])

    def test_what_the_chat_says_already_is_not_said_twice(self) -> None:
        sentence = "This invite has been used already. Ask bob for a new one."
        page = self.open({**ENDED, "state": "failed", "sentence": sentence})
        page.evaluate(SET, invite("used", sentence))
        card = page.get_by_test_id("invite-state")
        expect(card).to_have_attribute("data-state", "used")
        self.assertLessEqual(card.evaluate("(card) => card.offsetHeight"), 1)
        expect(card).to_have_js_property("inert", True)
        page.evaluate(SET, {"chat": IDLE})
        self.assertLessEqual(card.evaluate("(card) => card.offsetHeight"), 1, "nor when the chat is closed")
        page.evaluate(SET, invite("calling", "Calling bob with their invite."))
        page.evaluate(SET, invite("used", sentence))
        expect(card).to_have_js_property("inert", False)
        self.assertGreater(card.evaluate("(card) => card.offsetHeight"), 40)

    def test_who_was_not_reached_can_be_tried_again(self) -> None:
        page = self.open()
        page.goto("about:blank")
        self.come(page, f"/chat{FRAGMENT}")
        page.evaluate(SET, invite("offline", "bob was not reached."))
        page.get_by_test_id("invite-state").get_by_role("button", name="Try again").click()
        self.assertEqual(self.asked(page), [["openInvite", FRAGMENT]] * 2)

    def test_who_declined_an_invite_is_called_again_by_one_button(self) -> None:
        page = self.open({**ENDED, "sentence": "bob declined the call."})
        page.evaluate(SET, invite("offline", "The invite is still good."))
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
        expect(page.get_by_role("button", name="Call bob again")).to_be_hidden()
        page.evaluate(SET, {"chat": {"peer": "carol"}})
        expect(page.get_by_role("button", name="Call carol again")).to_be_visible()

    def test_a_strangers_bad_invite_is_no_reason_to_call(self) -> None:
        page = self.open(ENDED)
        again = page.get_by_role("button", name="Call bob again")
        expect(again).to_be_visible()
        for reason in ("their_invite_used", "their_invite_expired", "their_invite_changed", "you_refused_key"):
            page.evaluate(SET, {"chat": {"state": "failed", "sentence": page.evaluate(SENTENCE, reason)}})
            expect(again).to_be_hidden()

    def test_ones_own_is_no_fault(self) -> None:
        page = self.open()
        grounds = {}
        for state in ("own", "waiting", "used"):
            page.evaluate(SET, invite(state))
            grounds[state] = page.get_by_test_id("invite-state").evaluate("(e) => getComputedStyle(e).backgroundColor")
        self.assertEqual(grounds["own"], grounds["waiting"])
        self.assertNotEqual(grounds["own"], grounds["used"])

    def test_done_it_is_out_of_the_way(self) -> None:
        page = self.open({**SECURED, "trust": "verified"})
        page.evaluate(SET, invite("done", "You have verified each other."))
        card = page.get_by_test_id("invite-state")
        expect(card).to_have_attribute("data-state", "done")
        self.assertLessEqual(card.evaluate("(card) => card.offsetHeight"), 1)
        expect(card.get_by_role("button")).to_have_count(0)

    def test_who_comes_by_ones_own_invite_is_announced_as_that(self) -> None:
        page = self.open(RINGING)
        page.evaluate(SET, {"incoming": {"peer": "bob", "invited": True}})
        card = page.get_by_test_id("incoming-request")
        expect(card).to_contain_text("They hold the link of your invite.")
        expect(card).not_to_contain_text("Nothing is known")
        announced = page.locator("[aria-live=polite] p")
        expect(announced).to_have_text(["Someone is calling as bob, by your invite. You can accept or decline."])
        page.get_by_test_id("incoming-accept").click()
        self.assertEqual(self.asked(page), [["accept"]])

    def test_an_invite_is_there_to_be_made_wherever_somebody_can_be_called(self) -> None:
        page = self.open()
        for chat, there in ((IDLE, True), (SECURED, False), ({**SECURED, "state": "ended"}, True)):
            page.evaluate(SET, {"chat": chat})
            expect(page.get_by_test_id("invite-create")).to_be_visible(visible=there)
