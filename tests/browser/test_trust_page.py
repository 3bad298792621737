"""What the chat page says of who the other one is, and how it lets two people make sure, with a peer that does as told."""

from __future__ import annotations

from functools import partial
from typing import Any

from playwright.sync_api import Page, expect

from tests.support.acted import (
    BLOCKED,
    ENDED,
    IDLE,
    PICTURES,
    SECURED,
    SET,
    WARNED,
    ActedChat,
    comparing,
    message,
    note,
)
from tests.support.qr import read_qr

DIGITS = "012345678901234567890123456789" * 2
MODALS = "() => document.querySelectorAll('dialog:modal').length"
NO_CLIPBOARD = "() => Object.defineProperty(navigator, 'clipboard', {value: undefined})"
ANNOUNCED = "[aria-live=polite] p"
LOW = ((844, 390), (390, 380), (390, 664), (720, 450))
"""A phone sideways, one with its keyboard up, a small one, and a laptop at 200 %."""

COVERED = """(element) => {
  element.scrollIntoView({ block: "end" });
  const { left, top, width, height } = element.getBoundingClientRect();
  const [middle, ...corners] = [[0.5, 0.5], [0.2, 0.3], [0.8, 0.7]].map(([x, y]) =>
    document.elementFromPoint(left + x * width, top + y * height));
  return ![middle, ...corners].every((found) => element === found || element.contains(found));
}"""
"""Whether something lies over an element that was scrolled to."""


class TrustLine(ActedChat):
    """The word beside the shield."""

    def test_each_trust_has_its_word_and_says_what_is_true(self) -> None:
        page = self.open(SECURED)
        trust = page.get_by_test_id("trust")
        for value, word, truth in (
            ("unverified", "Not verified yet", "a dishonest server could stand between you"),
            ("verified", "Verified", "you know that the other one is bob’s"),
            ("classic", "The server could read this chat", "nothing shows whose keys they are encrypted with"),
        ):
            with self.subTest(trust=value):
                page.evaluate(SET, {"chat": {"trust": value}})
                expect(trust).to_have_attribute("data-trust", value)
                expect(trust.locator("summary")).to_have_text(word)
                trust.locator("summary").click()
                expect(trust.locator("p")).to_contain_text(truth)
                page.keyboard.press("Escape")
                expect(trust.locator("p")).to_be_hidden()

    def test_only_what_can_be_verified_offers_to_be(self) -> None:
        page = self.open(SECURED)
        for value, offers in (("unverified", True), ("verified", True), ("classic", False)):
            page.evaluate(SET, {"chat": {"trust": value}})
            expect(page.get_by_test_id("verify-open")).to_be_visible(visible=offers)
        page.evaluate(SET, {"chat": {"trust": "unverified", **comparing("theyMismatched")}})
        expect(page.get_by_test_id("verify-open")).to_be_hidden()

    def test_it_says_where_nobody_is_there_to_be_trusted_nothing(self) -> None:
        page = self.open({**ENDED, "trust": "unverified", "messages": [message(1)]})
        expect(page.get_by_test_id("trust")).to_be_hidden()

    def test_a_device_that_is_known_under_other_names_is_announced_once(self) -> None:
        page = self.open(SECURED)
        for _ in range(2):
            page.evaluate(SET, {"chat": {"knownAs": ["carol", "dave"]}})
        sentence = "This device is known to you as carol and dave."
        expect(page.get_by_text(sentence).first).to_be_visible()
        expect(page.locator(ANNOUNCED)).to_have_text([sentence])

    def test_a_later_call_is_the_same_device_only_where_that_is_proven(self) -> None:
        again = {**message(1), "newCall": True}
        for trust, sentence in (
            ("unverified", "A new call."),
            ("classic", "A new call. lowkey cannot tell whether it is the same person."),
        ):
            page = self.open({**SECURED, "trust": trust, "messages": [again]})
            expect(page.get_by_test_id("message").get_by_text(sentence, exact=True)).to_be_visible()


class Verifying(ActedChat):
    """The panel for comparing."""

    def panel(self, page: Page) -> Any:
        return page.get_by_role("dialog").filter(has=page.get_by_test_id("safety-number"))

    def test_one_tap_asks_the_other_side_and_shows_how(self) -> None:
        page = self.open(SECURED)
        page.get_by_test_id("verify-open").click()
        self.assertEqual(self.asked(page), [["verify"]])
        expect(self.panel(page)).to_be_focused()
        expect(self.panel(page)).to_have_accessible_name("Is this really bob?")
        expect(self.panel(page)).to_contain_text("Compare these with bob over a call or in person, not in this chat.")

    def test_the_seven_emoji_are_shown_with_their_names(self) -> None:
        page = self.open(SECURED)
        page.get_by_test_id("verify-open").click()
        page.evaluate(SET, {"chat": comparing("waiting")})
        expect(page.get_by_test_id("sas-emoji")).to_be_hidden()
        expect(self.panel(page)).to_contain_text("Asking bob’s device for seven pictures")
        page.evaluate(SET, {"chat": comparing("compare")})
        expected = [entry["emoji"] + entry["name"] for entry in PICTURES]
        expect(page.get_by_test_id("sas-emoji").get_by_role("listitem")).to_have_text(expected)

    def test_nothing_lies_over_what_is_compared_however_low_the_screen(self) -> None:
        page = self.open({**SECURED, **comparing("compare")})
        for width, height in LOW:
            page.set_viewport_size({"width": width, "height": height})
            things = [*page.get_by_test_id("sas-emoji").get_by_role("listitem").all()]
            things += [self.panel(page).get_by_role("button", name=name) for name in ("Copy", "QR code", "They match")]
            for thing in things:
                with self.subTest(f"{width}x{height}", thing=thing.text_content()):
                    self.assertFalse(thing.evaluate(COVERED))

    def test_the_answers_come_after_what_they_are_about_on_a_low_screen(self) -> None:
        page = self.open({**SECURED, **comparing("compare")}, viewport={"width": 390, "height": 380})
        expect(page.get_by_test_id("sas-emoji")).to_be_in_viewport()
        expect(page.get_by_test_id("sas-match")).not_to_be_in_viewport()

    def test_the_widest_name_leaves_the_close_button_on_the_screen(self) -> None:
        widest = {**SECURED, "peer": "W" * 20, **comparing("compare")}
        page = self.open(widest, viewport={"width": 320, "height": 640})
        expect(self.panel(page).get_by_role("button", name="Close")).to_be_in_viewport(ratio=1)

    def test_what_is_compared_is_in_the_page_only_while_it_is_there_to_be_read(self) -> None:
        page = self.open(SECURED)
        number, emoji = page.get_by_test_id("safety-number"), page.get_by_test_id("sas-emoji")
        expect(number).to_have_count(0)
        page.get_by_test_id("verify-open").click()
        expect(number).to_be_visible()
        expect(emoji).to_have_count(0)
        page.evaluate(SET, {"chat": comparing("compare")})
        expect(emoji).to_be_visible()
        self.panel(page).get_by_role("button", name="Close").click()
        expect(number).to_have_count(0)

    def test_the_answers_are_the_persons(self) -> None:
        for button, matches in (("sas-match", True), ("sas-mismatch", False)):
            page = self.open({**SECURED})
            page.get_by_test_id("verify-open").click()
            page.evaluate(SET, {"chat": comparing("compare")})
            page.get_by_test_id(button).click()
            self.assertEqual(self.asked(page), [["verify"], ["confirm", matches]])

    def test_a_match_closes_it_and_the_person_writes_on(self) -> None:
        page = self.open(SECURED)
        page.get_by_test_id("verify-open").click()
        page.evaluate(SET, {"chat": comparing("compare")})
        page.get_by_test_id("sas-match").click()
        page.evaluate(SET, {"chat": {**comparing("matched"), "trust": "verified"}})
        expect(self.panel(page)).to_be_hidden()
        expect(page.get_by_test_id("message-input")).to_be_focused()
        expect(page.locator(ANNOUNCED)).to_have_text(["Verified. Nobody stands between you and bob."])

    def test_an_answer_that_is_refused_leaves_it_open(self) -> None:
        page = self.open(SECURED)
        page.get_by_test_id("verify-open").click()
        page.evaluate("() => window.fakePeer.refuse('no_chat')")
        page.get_by_test_id("sas-match").click()
        expect(self.panel(page)).to_be_visible()

    def test_it_opens_by_itself_when_the_other_side_begins_and_the_typing_goes_on(self) -> None:
        page = self.open(SECURED)
        page.keyboard.type("he")
        page.evaluate(SET, {"chat": comparing("waiting")})
        page.keyboard.type("llo")
        expect(self.panel(page)).to_be_visible()
        expect(self.panel(page)).to_contain_text("bob wants to compare.")
        expect(page.get_by_test_id("message-input")).to_have_value("hello")
        expect(page.locator(ANNOUNCED)).to_contain_text(["bob wants to compare. Compare these with bob"])

    def test_what_opened_by_itself_takes_no_answer_that_was_meant_for_something_else(self) -> None:
        page = self.page_of("alice")
        page.clock.install()
        page.evaluate(SET, {"chat": {**SECURED, **comparing("compare")}})
        for button in ("sas-match", "sas-mismatch"):
            expect(page.get_by_test_id(button)).to_be_disabled()
        page.clock.run_for(1_000)
        for button in ("sas-match", "sas-mismatch"):
            expect(page.get_by_test_id(button)).to_be_enabled()

    def test_closed_it_stays_closed_while_the_same_comparison_goes_on(self) -> None:
        page = self.open(SECURED)
        page.evaluate(SET, {"chat": comparing("waiting")})
        self.panel(page).get_by_role("button", name="Close").click()
        page.evaluate(SET, {"chat": comparing("compare", they=True)})
        expect(self.panel(page)).to_be_hidden()

    def test_escape_closes_it_and_gives_the_focus_back(self) -> None:
        page = self.open(SECURED)
        page.get_by_test_id("verify-open").click()
        page.keyboard.press("Escape")
        expect(self.panel(page)).to_be_hidden()
        expect(page.get_by_test_id("verify-open")).to_be_focused()

    def test_it_says_that_the_other_one_is_done(self) -> None:
        page = self.open(SECURED)
        page.evaluate(SET, {"chat": comparing("compare", they=True)})
        expect(self.panel(page)).to_contain_text("bob says that they match.")

    def test_a_mismatch_is_loud_whoever_says_it_and_offers_to_end_the_chat(self) -> None:
        for state, title in (("mismatched", "They don’t match"), ("theyMismatched", "bob says they don’t match")):
            with self.subTest(state=state):
                page = self.open({**SECURED, "trust": "verified", **comparing("matched")})
                page.evaluate(SET, {"chat": {"trust": "unverified", **comparing(state)}})
                alarm = page.get_by_role("dialog", name=title)
                expect(alarm).to_contain_text("Somebody may be between you and bob, reading along.")
                expect(page.get_by_test_id("trust")).to_contain_text("Does not match")
                expect(page.get_by_test_id("sas-match")).to_be_hidden()
                alarm.get_by_role("button", name="End chat").click()
                self.assertEqual(self.asked(page), [["end"]])

    def test_after_a_mismatch_the_keyboard_is_on_ending_the_chat(self) -> None:
        page = self.open({**SECURED, **comparing("compare")})
        expect(page.get_by_test_id("sas-mismatch")).to_be_enabled()
        page.get_by_test_id("sas-mismatch").focus()
        page.keyboard.press("Enter")
        page.evaluate(SET, {"chat": comparing("mismatched")})
        expect(self.panel(page).get_by_role("button", name="End chat")).to_be_focused()
        self.panel(page).get_by_role("button", name="Close").click()
        expect(page.get_by_test_id("chat-end")).to_be_focused()

    def test_an_enter_held_down_since_the_answer_does_not_end_the_chat(self) -> None:
        page = self.open({**SECURED, **comparing("compare")})
        expect(page.get_by_test_id("sas-mismatch")).to_be_enabled()
        page.get_by_test_id("sas-mismatch").focus()
        page.keyboard.down("Enter")
        page.evaluate(SET, {"chat": comparing("mismatched")})
        page.keyboard.down("Enter")
        page.keyboard.up("Enter")
        self.assertEqual(self.asked(page), [["confirm", False]])

    def test_a_mismatch_of_the_other_side_leaves_the_typing_alone(self) -> None:
        page = self.open(SECURED)
        page.evaluate(SET, {"chat": comparing("theyMismatched")})
        expect(page.get_by_test_id("message-input")).to_be_focused()

    def test_after_a_mismatch_nothing_says_that_all_is_well(self) -> None:
        page = self.open(SECURED)
        expect(page.get_by_text("Say hello to bob")).to_be_visible()
        for state, explained in (
            ("mismatched", "You compared, and it did not match."),
            ("theyMismatched", "bob saw something different."),
        ):
            page.evaluate(SET, {"chat": comparing(state)})
            expect(page.get_by_test_id("chat-state")).to_have_text("Connected, but what you compared does not match.")
            expect(page.get_by_text("Say hello to bob")).to_be_hidden()
            expect(page.get_by_test_id("trust").locator("p")).to_contain_text(explained)

    def test_it_goes_with_the_chat(self) -> None:
        page = self.open({**SECURED, "messages": [message(1)]})
        page.get_by_test_id("verify-open").click()
        page.evaluate(SET, {"chat": ENDED})
        expect(self.panel(page)).to_be_hidden()

    def test_the_safety_number_has_sixty_digits_in_groups_and_can_be_copied(self) -> None:
        page = self.open(SECURED, permissions=["clipboard-read", "clipboard-write"])
        page.get_by_test_id("verify-open").click()
        shown = page.get_by_test_id("safety-number").text_content() or ""
        self.assertEqual(shown.split(), [DIGITS[at : at + 5] for at in range(0, 60, 5)])
        self.panel(page).get_by_role("button", name="Copy").click()
        expect(self.panel(page)).to_contain_text("Copied.")
        self.assertEqual(page.evaluate("() => navigator.clipboard.readText()"), shown.strip())

    def test_without_a_clipboard_the_number_is_selected_to_be_copied_by_hand(self) -> None:
        page = self.open(SECURED)
        page.evaluate(NO_CLIPBOARD)
        page.get_by_test_id("verify-open").click()
        self.panel(page).get_by_role("button", name="Copy").click()
        expect(self.panel(page)).to_contain_text("It is selected now.")
        selected = page.evaluate("() => getSelection().toString()")
        self.assertEqual("".join(selected.split()), DIGITS)

    def test_the_qr_code_holds_the_number_on_white_in_the_dark_too(self) -> None:
        page = self.open(SECURED, color_scheme="dark")
        page.get_by_test_id("verify-open").click()
        self.panel(page).get_by_role("button", name="QR code").click()
        expect(self.panel(page)).to_contain_text("it shows a number, which must be the one above")
        code = page.get_by_role("img", name="The safety number as a QR code")
        expect(code).to_be_in_viewport(ratio=1)
        self.assertEqual(read_qr(code), f"lowkey2:{DIGITS}")
        self.assert_no_faults()

    def test_who_is_verified_can_be_compared_again_without_asking_the_other_side(self) -> None:
        page = self.open({**SECURED, "trust": "verified"})
        expect(page.get_by_test_id("verify-open")).to_have_text("Compare")
        page.get_by_test_id("verify-open").click()
        expect(self.panel(page)).to_have_accessible_name("You have verified bob")
        self.assertEqual(self.asked(page), [])

    def test_who_is_verified_sees_the_number_and_is_asked_for_no_answer(self) -> None:
        for verification in ({"verification": None}, comparing("matched")):
            page = self.open({**SECURED, "trust": "verified", **verification})
            page.get_by_test_id("verify-open").click()
            expect(page.get_by_test_id("safety-number")).to_be_visible()
            expect(page.get_by_role("button", name="QR code")).to_be_visible()
            for gone in ("sas-emoji", "sas-match", "sas-mismatch"):
                expect(page.get_by_test_id(gone)).to_be_hidden()

    def test_who_is_verified_is_asked_for_an_answer_when_the_other_side_waits_for_one(self) -> None:
        page = self.open({**SECURED, "trust": "verified"})
        page.evaluate(SET, {"chat": comparing("compare")})
        for there in ("sas-emoji", "sas-match", "sas-mismatch"):
            expect(page.get_by_test_id(there)).to_be_visible()


class KeyChanged(ActedChat):
    """Another device under a name that is known."""

    def test_it_stops_the_writing_and_says_what_it_can_mean(self) -> None:
        page = self.open({**SECURED, "messages": [message(1)]})
        page.evaluate(SET, {"chat": BLOCKED})
        card = page.get_by_test_id("key-changed")
        expect(card).to_contain_text("This is not the device that was bob before")
        expect(card).to_contain_text("bob may have a new device or browser, or have cleared their browser’s data.")
        expect(card).to_contain_text("Or somebody has put themselves between you and bob.")
        expect(card).to_contain_text(
            "You have known the device before since 22 July 2023, and had verified that it is bob’s."
        )
        expect(page.get_by_test_id("message-input")).to_be_disabled()
        expect(page.get_by_test_id("message-input")).to_have_attribute(
            "placeholder", "Nothing is sent until you decide"
        )
        expect(page.get_by_test_id("message")).to_be_visible()
        expect(page.get_by_test_id("trust")).to_have_attribute("data-trust", "changed")
        expect(card).to_be_focused()
        expect(page.locator(ANNOUNCED)).to_contain_text(["Nothing is sent until you decide"])

    def test_the_chat_can_be_ended(self) -> None:
        page = self.open(BLOCKED)
        page.get_by_test_id("key-refuse").click()
        self.assertEqual(self.asked(page), [["refuseKey"]])

    def test_whoever_goes_on_compares_as_soon_as_that_can_be_done(self) -> None:
        page = self.open(BLOCKED)
        page.get_by_test_id("key-accept").click()
        page.evaluate(SET, {"chat": {**SECURED, "state": "connecting", "changed": None}})
        expect(page.get_by_test_id("key-changed")).to_be_hidden()
        page.evaluate(SET, {"chat": SECURED})
        expect(page.get_by_test_id("safety-number")).to_be_visible()
        self.assertEqual(self.asked(page), [["acceptKey"], ["verify"]])

    def test_somebody_else_is_not_asked_to_compare_instead(self) -> None:
        page = self.open(BLOCKED)
        page.get_by_test_id("key-accept").click()
        for peer in ("carol", "bob"):
            page.evaluate(SET, {"chat": {**SECURED, "peer": peer}})
        self.assertEqual(self.asked(page), [["acceptKey"]])


class ClassicWarning(ActedChat):
    """An app that cannot prove who it is."""

    def test_nothing_goes_on_before_the_second_choice(self) -> None:
        page = self.open(WARNED)
        card = page.get_by_test_id("classic-warning")
        expect(card).to_contain_text("The server could read a chat with bob")
        expect(card).to_contain_text("Nothing has been sent yet.")
        for hidden in ("message-input", "peer-input", "call-cancel"):
            expect(page.get_by_test_id(hidden)).to_be_hidden()
        self.assertEqual(self.asked(page), [])

    def test_to_refuse_is_the_first_choice(self) -> None:
        page = self.open(WARNED)
        refuse = page.get_by_test_id("classic-refuse")
        expect(refuse).to_contain_class("primary")
        expect(page.get_by_test_id("classic-accept")).not_to_contain_class("primary")
        refuse.click()
        self.assertEqual(self.asked(page), [["refuseClassic"]])

    def test_whatever_had_the_focus_the_question_has_it_now(self) -> None:
        for question in (WARNED, BLOCKED):
            page = self.open({**IDLE, "state": "connecting", "peer": "bob"})
            page.get_by_test_id("change-name").focus()
            page.evaluate(SET, {"chat": question})
            card = "classic-warning" if question is WARNED else "key-changed"
            expect(page.get_by_test_id(card)).to_be_focused()

    def test_an_enter_held_down_since_accepting_decides_nothing(self) -> None:
        page = self.open({**IDLE, "state": "ringing", "peer": "bob"})
        page.evaluate(SET, {"incoming": {"peer": "bob", "invited": False}})
        page.get_by_test_id("incoming-accept").focus()
        page.keyboard.down("Enter")
        page.evaluate(SET, {"incoming": None, "chat": WARNED})
        page.keyboard.down("Enter")
        page.keyboard.up("Enter")
        self.assertEqual(self.asked(page), [["accept"]])

    def test_to_go_on_is_an_explicit_choice(self) -> None:
        page = self.open(WARNED)
        page.get_by_test_id("classic-accept").click()
        self.assertEqual(self.asked(page), [["acceptClassic"]])


class Identity(ActedChat):
    """Who one is oneself."""

    def test_a_new_identity_stands_behind_a_warning(self) -> None:
        page = self.open(SECURED)
        page.get_by_test_id("change-name").click()
        expect(page.get_by_test_id("new-identity-confirm")).to_be_hidden()
        page.get_by_text("New identity").click()
        expect(page.get_by_test_id("new-identity")).to_contain_text(
            "whom you have met, verified and blocked, and your open invites"
        )
        asked: list[str] = []
        page.on("dialog", partial(note, asked))
        with page.expect_navigation():
            page.get_by_test_id("new-identity-confirm").click()
        self.assertEqual(page.evaluate("() => localStorage.getItem('lowkey.wiped')"), "")
        self.assertEqual(asked, [])
        expect(page.get_by_test_id("peer-input")).to_be_focused()

    def test_a_browser_that_keeps_nothing_is_said_to(self) -> None:
        page = self.open()
        note = page.get_by_text("This browser keeps nothing for lowkey.")
        expect(note).to_be_hidden()
        page.evaluate("() => localStorage.setItem('lowkey.forgetful', '')")
        page.reload()
        expect(note).to_be_visible()

    def test_a_damaged_identity_stops_the_page_and_can_be_deleted(self) -> None:
        page = self.open()
        page.evaluate("() => localStorage.setItem('lowkey.damaged', '')")
        page.reload()
        card = page.get_by_test_id("identity-damaged")
        expect(card).to_contain_text("is damaged. Nothing was changed.")
        card.get_by_role("button", name="Delete and start anew").click()
        page.wait_for_function("() => window.fakePeer")
        expect(card).to_be_hidden()

    def test_a_page_that_stepped_back_can_be_used_again(self) -> None:
        page = self.open()
        sentence = "This name was opened on another page, so this one stepped back."
        page.evaluate(SET, {"server": {"state": "replaced", "sentence": sentence}})
        expect(page.get_by_test_id("server-state")).to_contain_text(sentence)
        page.get_by_role("button", name="Use it here").click()
        page.evaluate(SET, {"server": {"state": "connecting", "sentence": "Connecting to the server…"}})
        expect(page.get_by_test_id("peer-input")).to_be_focused()
        starts = page.evaluate("() => window.fakePeer.calls.filter(([name]) => name === 'start').length")
        self.assertEqual(starts, 2)
