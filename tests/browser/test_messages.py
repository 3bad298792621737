"""What was said, as a person sees it: how it is drawn, what can be done with it, and the box for what comes next."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.test_accessibility import AXE, FINDINGS
from tests.support.acted import CHANGE, ENDED, RECEIVE, SECURED, SET, ActedChat, message, ref
from tests.support.browser import BrowserTestCase

HOUR = 3_600_000
NOW = "() => Date.now()"
UNFOCUSED = "() => { document.hasFocus = () => false; }"
FOCUSED = "() => { document.hasFocus = () => true; dispatchEvent(new Event('focus')); }"
REMOVE = "(refs) => { window.fakePeer.remove(refs); return window.fakePeer.drawn(); }"
COPIED = "() => { window.copied = []; navigator.clipboard.writeText = async (text) => { window.copied.push(text); }; }"
CALLS = "(name) => window.fakePeer.calls.filter(([asked]) => asked === name).length"
AT_THE_END = "(e) => e.scrollHeight - e.scrollTop - e.clientHeight <= 1"
UP = """(e, top) => new Promise((done) => {
  const before = e.scrollTop;
  e.addEventListener("scroll", () => requestAnimationFrame(() => requestAnimationFrame(done)), { once: true });
  e.scrollTop = top;
  if (e.scrollTop === before) done();
})"""
SOLID = re.compile(r"^rgb\(")
"""A colour that nothing is seen through."""
LONG_PRESS = """(element) => {
  const { left, top } = element.getBoundingClientRect();
  const where = { bubbles: true, pointerType: "touch", clientX: left + 5, clientY: top + 5 };
  element.dispatchEvent(new PointerEvent("pointerdown", where));
}"""

UNDER = """({ x, y }) => {
  const { style } = document.querySelector("[data-testid=message-reply]");
  Object.assign(style, { position: "fixed", left: `${x - 20}px`, top: `${y - 20}px` });
  addEventListener("click", () => setTimeout(() => { window.lifted = true; }), { capture: true, once: true });
}"""
"""Reply stands where the finger is."""


class Bubbles(ActedChat):
    """A page with a chat in it."""

    def talk(self, *messages: dict[str, Any], **options: Any) -> Page:
        return self.open({**SECURED, "messages": list(messages)}, **options)

    def bubble(self, page: Page, number: int, *, mine: bool = False) -> Locator:
        return page.locator(f"[data-testid=message][data-id=m{number}][data-mine={str(mine).lower()}]")

    def scroller(self, page: Page) -> Locator:
        return page.get_by_role("group", name="Messages, oldest first")

    def box(self, page: Page) -> Locator:
        return page.get_by_test_id("message-input")

    def assert_at_the_end(self, page: Page) -> None:
        page.wait_for_function(AT_THE_END, arg=self.scroller(page).element_handle())


class Drawing(Bubbles):
    """One message, and those around it."""

    def test_a_safe_subset_is_drawn_and_the_rest_is_text(self) -> None:
        body = "**bold** *italic* `code` https://x.org/a <b>no</b>\n```\nblock\n```"
        page = self.talk(message(1, body=body))
        bubble = self.bubble(page, 1)
        for tag, text in (("strong", "bold"), ("em", "italic"), ("a", "https://x.org/a")):
            expect(bubble.locator(f".body {tag}")).to_have_text(text)
        expect(bubble.locator(".body code")).to_have_text(["code", "block"])
        expect(bubble).to_contain_text("<b>no</b>")
        expect(bubble.locator("a")).to_have_attribute("rel", "noopener noreferrer")
        expect(bubble.locator("a")).to_have_attribute("target", "_blank")
        self.assert_no_faults()

    def test_code_is_copied_as_it_was_written(self) -> None:
        page = self.talk(message(1, body="```\nfor *each*:\n    pass\n```"))
        page.evaluate(COPIED)
        page.get_by_test_id("code-copy").click()
        expect(page.get_by_test_id("toast")).to_have_text("Copied.")
        self.assertEqual(page.evaluate("() => window.copied"), ["for *each*:\n    pass"])

    def test_a_long_line_of_code_does_not_shine_through_the_button_that_copies_it(self) -> None:
        page = self.talk(message(1, body="```\n" + "x" * 500 + "\n```"), message(2, mine=True, body="```\nx\n```"))
        for button in page.get_by_test_id("code-copy").all():
            expect(button).to_have_css("background-color", SOLID)

    def test_each_line_has_the_direction_of_its_own_script(self) -> None:
        page = self.talk(message(1, body="\u0645\u0631\u062d\u0628\u0627\nhello"))
        body = self.bubble(page, 1).locator(".body")
        self.assertEqual(body.evaluate("(e) => getComputedStyle(e).unicodeBidi"), "plaintext")

    def test_a_long_message_is_folded_and_unfolded(self) -> None:
        page = self.talk(message(1, body="word " * 1_000 + "the end"))
        bubble, fold = self.bubble(page, 1), page.get_by_test_id("message-fold")
        expect(fold).to_have_text("Show all 5,007 characters")
        expect(bubble).not_to_contain_text("the end")
        fold.click()
        expect(bubble).to_contain_text("the end")
        expect(fold).to_have_text("Show less")
        fold.click()
        expect(bubble).not_to_contain_text("the end")

    def test_a_message_of_four_thousand_characters_is_shown_whole(self) -> None:
        page = self.talk(message(1, body="a" * 4_000))
        expect(page.get_by_test_id("message-fold")).to_have_count(0)

    def test_days_are_told_apart_and_named(self) -> None:
        page = self.open(SECURED)
        noon = page.evaluate("() => new Date().setHours(12, 0, 0, 0)")
        at = [noon - 400 * 24 * HOUR, noon - 24 * HOUR, noon - 24 * HOUR + 1, noon]
        page.evaluate(SET, {"chat": {"messages": [{**message(number), "at": each} for number, each in enumerate(at)]}})
        days = page.get_by_test_id("day")
        expect(days).to_have_count(3)
        self.assertRegex(days.nth(0).inner_text(), r"\d{4}")
        self.assertEqual([days.nth(1).inner_text(), days.nth(2).inner_text()], ["Yesterday", "Today"])

    def test_only_the_last_of_those_that_go_together_shows_its_time(self) -> None:
        page = self.talk(message(1), message(2), message(3, mine=True), message(4, mine=True, status="queued"))
        seen = page.locator("[data-testid=message] time").evaluate_all(
            "(all) => all.map((each) => each.getBoundingClientRect().right <= each.parentElement.getBoundingClientRect().right)"
        )
        self.assertEqual(len(seen), 4)
        shown = page.get_by_test_id("message").evaluate_all(
            "(all) => all.map((each) => getComputedStyle(each.querySelector('.meta')).position !== 'absolute')"
        )
        self.assertEqual(shown, [False, True, False, True])

    def test_five_minutes_later_is_another_group(self) -> None:
        page = self.talk(message(1), {**message(2), "at": message(1)["at"] + 300_000})
        expect(self.bubble(page, 2)).not_to_have_attribute("data-joined", "")

    def test_ones_own_status_is_told_to_a_screen_reader(self) -> None:
        page = self.talk(message(1, mine=True, status="queued"))
        for status, word in (("sent", "Sent"), ("delivered", "Delivered"), ("read", "Read"), ("failed", "Not sent")):
            page.evaluate(CHANGE, [ref(1, mine=True), {"status": status}])
            expect(self.bubble(page, 1, mine=True)).to_have_attribute("data-status", status)
            expect(self.bubble(page, 1, mine=True).locator(".meta")).to_contain_text(word)

    def test_an_edited_and_a_deleted_message_say_so_and_so_do_replies_to_them(self) -> None:
        page = self.talk(message(1, body="quince"), message(2, mine=True, body="about it", re=ref(1)))
        expect(page.get_by_test_id("quote")).to_contain_text("bob quince")
        page.evaluate(CHANGE, [ref(1), {"body": "rhubarb", "edited": True}])
        expect(self.bubble(page, 1)).to_contain_text("rhubarb")
        expect(self.bubble(page, 1).get_by_text("edited")).to_be_visible()
        expect(page.get_by_test_id("quote")).to_contain_text("rhubarb")
        page.evaluate(CHANGE, [ref(1), {"body": "", "deleted": True, "edited": False}])
        expect(self.bubble(page, 1)).to_contain_text("This message was deleted")
        expect(page.get_by_test_id("quote")).to_contain_text("This message was deleted")
        self.assertNotIn("rhubarb", page.content())

    def test_a_message_that_vanishes_shows_a_clock_and_leaves_nothing(self) -> None:
        page = self.talk(message(1, body="secret"), message(2))
        clock = self.bubble(page, 1).get_by_role("img")
        expect(clock).to_be_hidden()
        page.evaluate(CHANGE, [ref(1), {"expires": page.evaluate(NOW) + 60_000}])
        expect(clock).to_have_accessible_name(page.locator(".vanishing").first.get_attribute("title") or "?")
        page.evaluate(REMOVE, [ref(1)])
        expect(page.get_by_test_id("message")).to_have_count(1)
        self.assertNotIn("secret", page.content())

    def test_a_timer_is_a_line_between_messages(self) -> None:
        page = self.talk(
            message(1, kind="timer", seconds=300, mine=True, body=""), message(2, kind="timer", seconds=0, body="")
        )
        expect(page.get_by_test_id("event").locator(".event-words")).to_have_text(
            ["You set messages to vanish 5 minutes after they are read.", "bob turned vanishing messages off."]
        )
        expect(page.get_by_test_id("message")).to_have_count(0)

    def test_typing_shows_without_moving_anything(self) -> None:
        page = self.talk(message(1))
        before = self.bubble(page, 1).bounding_box(), self.box(page).bounding_box()
        page.evaluate(SET, {"chat": {"typing": True}})
        expect(page.get_by_test_id("typing")).to_have_text("bob is typing…")
        self.assertEqual((self.bubble(page, 1).bounding_box(), self.box(page).bounding_box()), before)
        page.evaluate(SET, {"chat": {"typing": False}})
        expect(page.get_by_test_id("typing")).to_be_hidden()


class Doing(Bubbles):
    """What can be done with a message."""

    def test_the_bar_offers_what_can_be_done(self) -> None:
        page = self.talk(message(1), message(2, mine=True), message(3, deleted=True, body=""))
        theirs, own = {"react", "reply", "copy"}, {"edit", "delete"}
        for bubble, offered in ((self.bubble(page, 1), theirs), (self.bubble(page, 2, mine=True), theirs | own)):
            bubble.hover()
            for action in theirs | own:
                expect(page.get_by_test_id(f"message-{action}")).to_be_visible(visible=action in offered)
        self.bubble(page, 3).hover()
        expect(page.get_by_test_id("message-copy")).to_be_hidden()

    def test_only_what_the_other_app_knows_is_offered(self) -> None:
        page = self.talk(message(1, mine=True))
        for chat, offered in (
            ({"features": ["text", "edit"]}, {"reply", "copy", "edit"}),
            ({"trust": "classic"}, {"copy"}),
            ({**ENDED, "trust": "unverified"}, {"copy"}),
        ):
            page.evaluate(SET, {"chat": chat})
            self.bubble(page, 1, mine=True).hover()
            for action in ("react", "reply", "copy", "edit", "delete"):
                expect(page.get_by_test_id(f"message-{action}")).to_be_visible(visible=action in offered)

    def test_a_reply_quotes_and_its_quote_leads_back(self) -> None:
        page = self.talk(*(message(number, body=f"number {number}") for number in range(1, 300)))
        self.bubble(page, 299).hover()
        page.get_by_test_id("message-reply").click()
        expect(page.get_by_test_id("composer-about")).to_contain_text("Reply to bob")
        expect(page.get_by_test_id("composer-about")).to_contain_text("number 299")
        expect(self.box(page)).to_be_focused()
        page.keyboard.type("indeed")
        page.keyboard.press("Enter")
        self.assertEqual(self.asked(page), [["send", "indeed", ref(299)]])
        expect(page.get_by_test_id("composer-about")).to_be_hidden()
        page.evaluate(RECEIVE, message(300, mine=True, body="about the first", re=ref(1)))
        expect(self.bubble(page, 1)).to_have_count(0)
        page.get_by_test_id("quote").click()
        expect(self.bubble(page, 1)).to_be_in_viewport()
        expect(self.bubble(page, 1)).to_be_focused()
        page.get_by_test_id("jump-latest").click()
        self.assert_at_the_end(page)
        expect(self.bubble(page, 300, mine=True)).to_be_in_viewport()

    def test_a_quote_of_what_is_gone_says_so(self) -> None:
        page = self.talk(message(2, re=ref(1)))
        expect(page.get_by_test_id("quote")).to_contain_text("This message is no longer here")
        page.get_by_test_id("quote").click()
        expect(page.get_by_test_id("toast")).to_have_text("This message is no longer here.")

    def test_an_edit_replaces_and_can_be_cancelled(self) -> None:
        page = self.talk(message(1, mine=True, body="tpyo"))
        self.box(page).fill("a draft")
        self.bubble(page, 1, mine=True).hover()
        page.get_by_test_id("message-edit").click()
        expect(page.get_by_test_id("composer-about")).to_have_attribute("data-about", "edit")
        expect(self.box(page)).to_have_value("tpyo")
        page.get_by_test_id("composer-cancel").click()
        expect(self.box(page)).to_have_value("a draft")
        self.bubble(page, 1, mine=True).hover()
        page.get_by_test_id("message-edit").click()
        self.box(page).fill("typo")
        page.keyboard.press("Enter")
        self.assertEqual(self.asked(page), [["edit", "m1", "typo"]])
        expect(self.box(page)).to_have_value("a draft")

    def test_the_up_arrow_in_an_empty_box_edits_the_last_of_ones_own(self) -> None:
        page = self.talk(message(1, mine=True, body="one"), message(2, mine=True, body="two"), message(3))
        page.keyboard.press("ArrowUp")
        expect(self.box(page)).to_have_value("two")
        page.keyboard.press("Escape")
        expect(self.box(page)).to_have_value("")
        expect(page.get_by_test_id("composer-about")).to_be_hidden()
        self.box(page).fill("x")
        page.keyboard.press("ArrowUp")
        expect(self.box(page)).to_have_value("x")

    def test_what_is_refused_stays_in_the_box(self) -> None:
        page = self.talk(message(1, mine=True, body="one"))
        page.keyboard.press("ArrowUp")
        page.evaluate("() => window.fakePeer.refuse('too_long')")
        self.box(page).fill("very long")
        page.keyboard.press("Enter")
        expect(self.box(page)).to_have_value("very long")
        expect(page.get_by_test_id("composer-about")).to_be_visible()

    def test_what_is_replied_to_or_edited_may_go_meanwhile(self) -> None:
        page = self.talk(message(1), message(2, mine=True, body="mine"))
        self.bubble(page, 1).hover()
        page.get_by_test_id("message-reply").click()
        page.keyboard.type("so")
        page.evaluate(CHANGE, [ref(1), {"deleted": True, "body": ""}])
        expect(page.get_by_test_id("composer-about")).to_be_hidden()
        expect(self.box(page)).to_have_value("so")
        self.box(page).fill("")
        page.keyboard.press("ArrowUp")
        page.evaluate(REMOVE, [ref(2, mine=True)])
        expect(page.get_by_test_id("composer-about")).to_be_hidden()
        expect(self.box(page)).to_have_value("")

    def test_deleting_is_asked_about(self) -> None:
        page = self.talk(message(1, mine=True))
        for button in ("Keep", "Delete for both"):
            self.bubble(page, 1, mine=True).hover()
            page.get_by_test_id("message-delete").click()
            expect(page.get_by_role("dialog")).to_contain_text("It goes from your page and from theirs.")
            page.get_by_role("button", name=button).click()
            expect(page.get_by_role("dialog")).to_be_hidden()
        self.assertEqual(self.asked(page), [["delete", "m1"]])

    def test_a_message_is_copied(self) -> None:
        page = self.talk(message(1, body="**as** typed"))
        page.evaluate(COPIED)
        self.bubble(page, 1).hover()
        page.get_by_test_id("message-copy").click()
        expect(page.get_by_test_id("toast")).to_have_text("Copied.")
        self.assertEqual(page.evaluate("() => window.copied"), ["**as** typed"])

    def test_a_reaction_is_given_taken_back_and_joined(self) -> None:
        page = self.talk(message(1), message(2, mine=True))
        self.bubble(page, 1).hover()
        page.get_by_test_id("message-react").click()
        page.get_by_test_id("quick-emoji").first.click()
        page.evaluate(CHANGE, [ref(1), {"reactions": {"mine": "👍", "theirs": ""}}])
        chip = page.get_by_test_id("reaction")
        expect(chip).to_have_attribute("aria-pressed", "true")
        expect(chip).to_have_accessible_name("👍 from you")
        chip.click()
        page.evaluate(CHANGE, [ref(1), {"reactions": {"mine": "", "theirs": "🎉"}}])
        expect(chip).to_have_accessible_name("🎉 from bob")
        chip.click()
        page.evaluate(CHANGE, [ref(1), {"reactions": {"mine": "🎉", "theirs": "🎉"}}])
        expect(chip).to_have_text("🎉2")
        self.assertEqual(self.asked(page), [["react", ref(1), "👍"], ["react", ref(1), ""], ["react", ref(1), "🎉"]])

    def test_any_emoji_can_be_searched_and_given(self) -> None:
        page = self.talk(message(1))
        self.bubble(page, 1).hover()
        page.get_by_test_id("message-react").click()
        page.get_by_test_id("react-more").click()
        page.get_by_test_id("emoji-search").fill("party pop")
        page.keyboard.press("Enter")
        self.assertEqual(self.asked(page), [["react", ref(1), "🎉"]])
        self.assert_no_faults()

    def test_emoji_go_into_the_box_where_the_caret_is(self) -> None:
        page = self.talk()
        self.box(page).fill("ab")
        page.keyboard.press("ArrowLeft")
        page.get_by_test_id("emoji-open").click()
        page.get_by_test_id("emoji-search").fill("no such thing")
        expect(page.get_by_test_id("emoji-picker")).to_contain_text("Nothing found.")
        page.get_by_test_id("emoji-search").fill("")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("emoji-picker")).to_be_hidden()
        expect(self.box(page)).to_have_value("a😃b")
        expect(self.box(page)).to_be_focused()

    def test_the_keyboard_alone_reaches_everything(self) -> None:
        page = self.talk(message(1), message(2, mine=True), message(3))
        self.scroller(page).focus()
        page.keyboard.press("ArrowUp")
        expect(self.bubble(page, 3)).to_be_focused()
        page.keyboard.press("ArrowUp")
        expect(self.bubble(page, 2, mine=True)).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("message-react")).to_be_focused()
        page.keyboard.press("ArrowRight")
        expect(page.get_by_test_id("message-reply")).to_be_focused()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        expect(page.get_by_test_id("message-delete")).to_be_focused()
        page.keyboard.press("Escape")
        expect(self.bubble(page, 2, mine=True)).to_be_focused()
        page.keyboard.press("Home")
        expect(self.bubble(page, 1)).to_be_focused()
        page.keyboard.press("Escape")
        expect(self.box(page)).to_be_focused()

    def test_a_finger_taps_for_the_bar_and_presses_long_for_the_sheet(self) -> None:
        page = self.talk(message(1), viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
        body = self.bubble(page, 1).locator(".body")
        body.tap()
        expect(page.get_by_test_id("message-reply")).to_be_in_viewport(ratio=1)
        body.tap()
        expect(page.get_by_test_id("message-reply")).to_be_hidden()
        body.evaluate(LONG_PRESS)
        sheet = page.get_by_role("dialog", name="What to do with this message")
        expect(sheet.get_by_test_id("quick-emoji")).to_have_count(6)
        sheet.get_by_test_id("message-reply").tap()
        expect(sheet).to_be_hidden()
        expect(page.get_by_test_id("composer-about")).to_contain_text("Reply to bob")

    def test_the_finger_that_is_lifted_presses_nothing_of_the_sheet_that_came_under_it(self) -> None:
        page = self.talk(message(1), viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
        sheet = page.get_by_role("dialog", name="What to do with this message")
        box = self.bubble(page, 1).locator(".body").bounding_box()
        assert box is not None
        where = {"x": box["x"] + 5, "y": box["y"] + 5}
        finger = page.context.new_cdp_session(page)
        finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [where]})
        expect(sheet).to_be_visible()
        page.evaluate(UNDER, where)
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.wait_for_function("() => window.lifted")
        expect(sheet).to_be_visible()
        sheet.get_by_test_id("message-reply").tap()
        expect(page.get_by_test_id("composer-about")).to_contain_text("Reply to bob")


class Reading(Bubbles):
    """Where the list stands, and what is new in it."""

    def many(self, number: int, **options: Any) -> Page:
        return self.talk(*(message(each, body=f"number {each}") for each in range(number)), **options)

    def test_only_a_window_of_a_long_chat_is_drawn_and_scrolling_draws_the_rest(self) -> None:
        page = self.many(1_000)
        self.assert_at_the_end(page)
        drawn = page.get_by_test_id("message")
        self.assertLess(drawn.count(), 250)
        seen: set[str] = set()
        for _ in range(400):
            seen.update(drawn.evaluate_all("(all) => all.map((each) => each.dataset.id)"))
            if "m0" in seen:
                break
            self.scroller(page).evaluate(UP, 0)
            self.assertLess(drawn.count(), 250)
        self.assertEqual(len(seen), 1_000)
        while not self.scroller(page).evaluate(AT_THE_END) or not self.bubble(page, 999).count():
            self.scroller(page).evaluate(UP, 1_000_000)
        self.assertLess(drawn.count(), 250)

    def test_what_one_reads_stays_where_it_is_while_more_is_drawn(self) -> None:
        page = self.many(300)
        self.assert_at_the_end(page)
        first = page.get_by_test_id("message").first
        number = first.get_attribute("data-id")
        self.scroller(page).evaluate(UP, 0)
        expect(page.get_by_test_id("message").first).not_to_have_attribute("data-id", number or "")
        expect(page.locator(f"[data-id={number}]")).to_be_in_viewport()

    def test_what_vanishes_above_does_not_move_what_one_reads(self) -> None:
        page = self.many(100)
        self.assert_at_the_end(page)
        self.scroller(page).evaluate(UP, 600)
        place = "(e) => e.getBoundingClientRect().top"
        watched = page.get_by_test_id("message").nth(30)
        kept = page.locator(f"[data-id={watched.get_attribute('data-id')}]")
        kept.scroll_into_view_if_needed()
        self.scroller(page).evaluate("(e) => new Promise(requestAnimationFrame)")
        before = kept.evaluate(place)
        page.evaluate(REMOVE, [ref(number) for number in range(20)])
        self.assertAlmostEqual(kept.evaluate(place), before, delta=2)

    def test_a_button_counts_what_is_new_and_leads_to_it(self) -> None:
        page = self.many(100)
        self.assert_at_the_end(page)
        self.scroller(page).evaluate(UP, 0)
        jump = page.get_by_test_id("jump-latest")
        expect(jump).to_have_accessible_name("Jump to latest")
        page.evaluate(RECEIVE, message(200))
        expect(jump).to_have_accessible_name("Jump to latest, 1 new message")
        page.evaluate(RECEIVE, message(201))
        expect(jump).to_have_accessible_name("Jump to latest, 2 new messages")
        jump.click()
        self.assert_at_the_end(page)
        expect(jump).to_be_hidden()
        expect(self.bubble(page, 201)).to_be_in_viewport()

    def test_a_line_stands_where_one_left_off_until_one_answers(self) -> None:
        page = self.many(5)
        marker = page.get_by_test_id("unread-marker")
        page.evaluate(RECEIVE, message(10))
        expect(marker).to_have_count(0)
        page.evaluate(UNFOCUSED)
        page.evaluate(RECEIVE, message(11))
        page.evaluate(RECEIVE, message(12))
        expect(self.bubble(page, 11).get_by_test_id("unread-marker")).to_have_text("New messages")
        expect(marker).to_have_count(1)
        page.evaluate(FOCUSED)
        page.evaluate(RECEIVE, message(13))
        expect(self.bubble(page, 11).get_by_test_id("unread-marker")).to_have_count(1)
        page.evaluate(RECEIVE, message(14, mine=True))
        expect(marker).to_have_count(0)

    def test_all_is_read_once_somebody_looks_at_the_end(self) -> None:
        page = self.many(100)
        self.assert_at_the_end(page)
        page.evaluate(UNFOCUSED)
        page.evaluate(RECEIVE, message(200))
        self.assertEqual(page.evaluate(CALLS, "read"), 0)
        page.evaluate(FOCUSED)
        self.assertEqual(page.evaluate(CALLS, "read"), 1)
        self.scroller(page).evaluate(UP, 0)
        page.evaluate(RECEIVE, message(201))
        self.assertEqual(page.evaluate(CALLS, "read"), 1)
        page.get_by_test_id("jump-latest").click()
        page.wait_for_function("() => window.fakePeer.calls.filter(([name]) => name === 'read').length === 2")

    def test_another_conversation_opens_where_one_left_off(self) -> None:
        page = self.many(100)
        page.evaluate(UNFOCUSED)
        other = [message(number, body=f"carol {number}") for number in range(200)]
        page.evaluate(SET, {"chat": {"peer": "carol", "messages": other, "unread": 50}})
        expect(self.bubble(page, 150)).to_be_in_viewport()
        expect(self.bubble(page, 150).get_by_test_id("unread-marker")).to_have_count(1)
        expect(self.bubble(page, 150)).to_contain_text("carol 150")
        page.evaluate(SET, {"chat": {"peer": "bob", "unread": 0}})
        expect(self.bubble(page, 99)).to_be_in_viewport()
        expect(self.bubble(page, 99)).to_contain_text("number 99")
        expect(page.get_by_test_id("unread-marker")).to_have_count(0)


class Writing(Bubbles):
    """The box."""

    def test_each_conversation_has_a_draft(self) -> None:
        page = self.talk(message(1))
        self.box(page).fill("for bob")
        page.evaluate(SET, {"chat": {"peer": "carol"}})
        expect(self.box(page)).to_have_value("")
        self.box(page).fill("for carol")
        page.evaluate(SET, {"chat": {"peer": "bob"}})
        expect(self.box(page)).to_have_value("for bob")
        page.evaluate(SET, {"chat": {"peer": "carol"}})
        expect(self.box(page)).to_have_value("for carol")
        self.assertEqual(
            page.evaluate("() => [...Object.values(localStorage), ...Object.values(sessionStorage)]"), ["alice"]
        )

    def test_a_reply_that_was_begun_waits_in_its_conversation(self) -> None:
        page = self.talk(message(1))
        self.bubble(page, 1).hover()
        page.get_by_test_id("message-reply").click()
        page.evaluate(SET, {"chat": {"peer": "carol"}})
        expect(page.get_by_test_id("composer-about")).to_be_hidden()
        page.evaluate(SET, {"chat": {"peer": "bob"}})
        expect(page.get_by_test_id("composer-about")).to_be_visible()

    def test_the_peer_is_told_that_one_types_but_not_of_an_empty_box(self) -> None:
        page = self.talk()
        page.keyboard.type("a")
        self.assertEqual(page.evaluate(CALLS, "typed"), 1)
        page.keyboard.press("Backspace")
        self.assertEqual(page.evaluate(CALLS, "typed"), 1)


ALL_SORTS = (
    message(1, body="**bold**, *italic*, `code`, https://x.org/a and\n```\na block\n```"),
    message(2, mine=True, body="seen", status="read", re=ref(1), reactions={"mine": "", "theirs": "❤️"}),
    message(3, kind="timer", seconds=300, mine=True, body=""),
    message(4, edited=True, expires=1_900_000_000_000, reactions={"mine": "👍", "theirs": "👍"}),
    message(5, mine=True, deleted=True, body=""),
    message(6, deleted=True, body=""),
    message(7, mine=True, status="failed"),
    message(8, body="a line\n" * 1_000),
    message(9, mine=True, body="🎉", status="queued"),
)


class Accessible(Bubbles):
    """axe-core finds nothing to complain about."""

    def assert_accessible(self, page: Page) -> None:
        self.assertEqual(page.evaluate(FINDINGS), [])

    def test_all_sorts_of_messages_and_what_can_be_opened_on_them(self) -> None:
        for scheme in ("light", "dark"):
            with self.subTest(scheme=scheme):
                page = self.talk(*ALL_SORTS, color_scheme=scheme, reduced_motion="reduce")
                page.evaluate(AXE.read_text(encoding="utf-8"))
                page.evaluate(UNFOCUSED)
                page.evaluate(SET, {"chat": {"typing": True}})
                page.evaluate(RECEIVE, message(10))
                self.assert_accessible(page)
                self.bubble(page, 2, mine=True).hover()
                page.get_by_test_id("message-react").click()
                self.assert_accessible(page)
                page.get_by_test_id("message-edit").click()
                self.assert_accessible(page)
                self.scroller(page).evaluate(UP, 0)
                page.evaluate(RECEIVE, message(11))
                self.assert_accessible(page)
                self.bubble(page, 2, mine=True).hover()
                page.get_by_test_id("message-delete").click()
                self.assert_accessible(page)
                page.keyboard.press("Escape")
                page.get_by_test_id("emoji-open").click()
                page.get_by_test_id("emoji-search").fill("cat")
                self.assert_accessible(page)

    def test_the_sheet_of_a_phone(self) -> None:
        for scheme in ("light", "dark"):
            page = self.talk(
                message(1), color_scheme=scheme, viewport={"width": 320, "height": 568}, has_touch=True, is_mobile=True
            )
            page.evaluate(AXE.read_text(encoding="utf-8"))
            self.bubble(page, 1).locator(".body").evaluate(LONG_PRESS)
            expect(page.get_by_role("dialog")).to_be_visible()
            self.assert_accessible(page)
            wide = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
            self.assertEqual(wide[0], wide[1])


class BetweenTwo(BrowserTestCase):
    """The same, with two real peers."""

    def met(self) -> tuple[Page, Page]:
        ann, ben = (self.page_of(name) for name in ("ann_says", "ben_says"))
        for page in (ann, ben):
            expect(page.get_by_test_id("server-state")).to_have_attribute("data-state", "online", timeout=20_000)
        ann.get_by_test_id("peer-input").fill("ben_says")
        ann.get_by_test_id("peer-connect").click()
        ben.get_by_test_id("incoming-accept").click()
        for page in (ann, ben):
            expect(page.get_by_test_id("chat-state")).to_have_attribute("data-state", "secured", timeout=20_000)
        return ann, ben

    def test_what_one_does_with_a_message_the_other_sees(self) -> None:
        ann, ben = self.met()
        ann.get_by_test_id("message-input").fill("helo")
        ann.get_by_test_id("message-send").click()
        first = ben.get_by_test_id("message").first
        first.hover()
        ben.get_by_test_id("message-reply").click()
        ben.keyboard.type("hi *you*")
        expect(ann.get_by_test_id("typing")).to_have_text("ben_says is typing…")
        ben.keyboard.press("Enter")
        expect(ann.get_by_test_id("quote")).to_contain_text("helo")
        expect(ann.locator(".body em")).to_have_text("you")
        ann.get_by_test_id("message-input").focus()
        ann.keyboard.press("ArrowUp")
        ann.keyboard.type("!")
        ann.keyboard.press("Enter")
        expect(first).to_contain_text("helo!")
        expect(ben.get_by_test_id("quote")).to_contain_text("helo!")
        first.hover()
        ben.get_by_test_id("message-react").click()
        ben.get_by_test_id("quick-emoji").first.click()
        expect(ann.get_by_test_id("reaction")).to_have_text("👍")
        ann.get_by_test_id("message").first.hover()
        ann.get_by_test_id("message-delete").click()
        ann.get_by_test_id("delete-confirm").click()
        expect(first).to_contain_text("This message was deleted")
        expect(ben.get_by_test_id("quote")).to_contain_text("This message was deleted")
        self.assert_no_faults()
