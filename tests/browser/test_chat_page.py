"""The chat page's own manners, with a peer that does as the test says."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from playwright.sync_api import Page, expect

from tests.support.acted import ENDED, ONLINE, RECEIVE, RINGING, SECURED, SET, ActedChat, message, note

UNFOCUSED = "() => { document.hasFocus = () => false; }"
FOCUSED = "() => { document.hasFocus = () => true; dispatchEvent(new Event('focus')); }"


class Calling(ActedChat):
    """From nobody to a chat."""

    def test_a_name_is_called(self) -> None:
        page = self.open()
        page.get_by_test_id("peer-input").fill(" bob ")
        page.get_by_test_id("peer-connect").click()
        self.assertEqual(self.asked(page), [["dial", "bob"]])
        self.assert_no_faults()

    def test_a_name_that_cannot_be_one_is_not_called(self) -> None:
        page = self.open()
        page.get_by_test_id("peer-input").fill("b b")
        page.get_by_test_id("peer-connect").click()
        expect(page.get_by_test_id("peer-error")).to_contain_text("A space cannot be part of a username.")
        self.assertEqual(self.asked(page), [])

    def test_the_peers_refusal_stands_beside_the_field(self) -> None:
        page = self.open()
        page.evaluate("() => window.fakePeer.refuse('own_name')")
        page.get_by_test_id("peer-input").fill("alice")
        page.get_by_test_id("peer-connect").click()
        expect(page.get_by_test_id("peer-error")).to_contain_text("That is your own name.")
        self.assert_no_faults()

    def test_the_peers_refusal_is_withdrawn_when_things_have_changed_and_a_names_fault_stays(self) -> None:
        page = self.open()
        away = {"server": {"state": "offline", "sentence": "The server cannot be reached."}}
        page.evaluate(SET, away)
        page.evaluate("() => window.fakePeer.refuse('not_online')")
        page.get_by_test_id("peer-input").fill("bob")
        page.get_by_test_id("peer-connect").click()
        fault = page.get_by_test_id("peer-error")
        page.evaluate(SET, away)
        expect(fault).to_contain_text("You are not connected to the server yet.")
        page.evaluate(SET, {"server": ONLINE})
        expect(fault).to_be_empty()
        expect(page.get_by_test_id("peer-input")).to_have_attribute("aria-invalid", "false")
        page.get_by_test_id("peer-input").fill("b b")
        page.get_by_test_id("peer-connect").click()
        page.evaluate(SET, away)
        expect(fault).to_contain_text("A space cannot be part of a username.")

    def test_an_outgoing_call_can_be_cancelled(self) -> None:
        page = self.open({"state": "calling", "sentence": "Calling bob…", "peer": "bob", "trust": None})
        expect(page.get_by_test_id("chat-state")).to_have_text("Calling bob…")
        expect(page.get_by_test_id("peer-input")).to_be_hidden()
        page.get_by_test_id("call-cancel").click()
        self.assertEqual(self.asked(page), [["cancel"]])

    def test_a_call_that_came_to_nothing_says_why_and_can_be_made_again(self) -> None:
        page = self.open({**ENDED, "state": "failed", "sentence": "bob is not online."})
        expect(page.get_by_test_id("chat-state")).to_be_visible()
        expect(page.get_by_test_id("chat-state")).to_have_text("bob is not online.")
        page.get_by_role("button", name="Call bob again").click()
        self.assertEqual(self.asked(page), [["dial", "bob"]])

    def test_an_incoming_call_says_what_is_known(self) -> None:
        page = self.open(RINGING)
        page.evaluate(SET, {"incoming": {"peer": "bob"}})
        card = page.get_by_test_id("incoming-request")
        expect(card).to_contain_text("someone calling as bob")
        expect(card).to_contain_text("Nothing is known about them yet.")
        expect(page).to_have_title("bob is calling · lowkey")
        page.get_by_test_id("incoming-decline").click()
        page.get_by_test_id("incoming-accept").click()
        self.assertEqual(self.asked(page), [["decline"], ["accept"]])

    def test_whose_name_is_known_is_said_to_be_and_no_more(self) -> None:
        page = self.open(RINGING)
        page.evaluate(SET, {"incoming": {"peer": "bob", "invited": False, "known": True}})
        card = page.get_by_test_id("incoming-request")
        expect(card).to_contain_text(
            "You know somebody called bob. Whether this is their device is checked when you accept."
        )
        expect(card).not_to_contain_text("Nothing is known")

    def test_an_incoming_call_is_announced_once_and_leaves_the_typing_alone(self) -> None:
        page = self.open()
        page.get_by_test_id("peer-input").press_sequentially("caro")
        page.evaluate(SET, {"incoming": {"peer": "bob"}, "chat": RINGING})
        page.evaluate(SET, {"server": ONLINE})
        announced = page.locator("[aria-live=polite] p")
        expect(announced).to_have_text(["Someone is calling as bob. You can accept or decline."])
        expect(page.get_by_test_id("peer-input")).to_be_focused()
        page.keyboard.type("l")
        expect(page.get_by_test_id("peer-input")).to_have_value("carol")

    def test_escape_neither_declines_nor_cancels(self) -> None:
        page = self.open(RINGING)
        page.evaluate(SET, {"incoming": {"peer": "bob"}})
        page.keyboard.press("Escape")
        page.evaluate(SET, {"incoming": None, "chat": {**RINGING, "state": "calling"}})
        page.keyboard.press("Escape")
        self.assertEqual(self.asked(page), [])

    def test_an_enter_held_down_does_not_cancel_the_call_it_made(self) -> None:
        page = self.open()
        page.get_by_test_id("peer-input").fill("bob")
        page.keyboard.down("Enter")
        page.evaluate(SET, {"chat": {"state": "calling", "sentence": "Calling bob…", "peer": "bob"}})
        page.keyboard.down("Enter")
        page.keyboard.up("Enter")
        self.assertEqual(self.asked(page), [["dial", "bob"]])


class Talking(ActedChat):
    """A chat that stands."""

    def box(self, page: Page) -> Any:
        return page.get_by_test_id("message-input")

    def test_the_box_is_open_exactly_while_a_message_can_go(self) -> None:
        page = self.open()
        for state, writable in (
            ("idle", False),
            ("connecting", False),
            ("secured", True),
            ("reconnecting", True),
            ("ended", False),
        ):
            with self.subTest(state=state):
                page.evaluate(SET, {"chat": {**SECURED, "state": state}})
                expect(self.box(page)).to_be_enabled(enabled=writable)
                expect(page.get_by_test_id("message-send")).to_be_enabled(enabled=writable)
        expect(self.box(page)).to_have_attribute("placeholder", "You are not connected")

    def test_a_secured_chat_says_so_and_the_box_has_the_focus(self) -> None:
        page = self.open(SECURED)
        expect(self.box(page)).to_be_focused()
        expect(page.get_by_test_id("message-input")).to_have_attribute("placeholder", "Message bob")

    def test_enter_sends_and_shift_enter_breaks_the_line(self) -> None:
        page = self.open(SECURED)
        page.keyboard.type("one")
        page.keyboard.press("Shift+Enter")
        page.keyboard.type("two")
        page.keyboard.press("Enter")
        self.assertEqual(self.asked(page), [["send", "one\ntwo"]])
        expect(self.box(page)).to_have_value("")
        expect(self.box(page)).to_be_focused()

    def test_an_enter_of_an_input_method_does_not_send(self) -> None:
        page = self.open(SECURED)
        self.box(page).fill("にほん")
        for init in ({"isComposing": True}, {"keyCode": 229}):
            self.box(page).dispatch_event("keydown", {"key": "Enter", "bubbles": True, **init})
        self.assertEqual(self.asked(page), [])

    def test_nothing_is_not_sent(self) -> None:
        page = self.open(SECURED)
        self.box(page).fill(" \n ")
        page.get_by_test_id("message-send").click()
        self.assertEqual(self.asked(page), [])

    def test_what_the_peer_refuses_stays_in_the_box(self) -> None:
        page = self.open(SECURED)
        page.evaluate("() => window.fakePeer.refuse('too_long')")
        self.box(page).fill("very long")
        page.get_by_test_id("message-send").click()
        expect(self.box(page)).to_have_value("very long")
        expect(page.get_by_test_id("toast")).to_have_text("This message is too long. Send it in several parts.")

    def test_the_box_grows_with_its_text_and_shrinks_when_it_is_gone(self) -> None:
        page = self.open(SECURED)
        height: Callable[[], float] = lambda: self.box(page).bounding_box()["height"]  # noqa: E731
        one_line = height()
        self.box(page).fill("1\n2\n3\n4")
        self.assertGreater(height(), one_line + 40)
        page.get_by_test_id("message-send").click()
        self.assertEqual(height(), one_line)

    def test_a_message_is_shown_as_text_whatever_it_says(self) -> None:
        text = '<script>alert(1)</script> <b>"quoted"</b>  & \u202e \u0645\u0631\u062d\u0628\u0627\n  second line'
        page = self.open({**SECURED, "messages": [message(1, body=text)]})
        bubble = page.get_by_test_id("message")
        self.assertEqual(bubble.locator("[dir=auto]").text_content(), text)
        self.assertEqual(bubble.locator("[dir=auto] *").count(), 0)
        self.assert_no_faults()

    def test_a_message_says_whose_it_is_when_it_came_and_how_it_stands(self) -> None:
        page = self.open({**SECURED, "messages": [message(1), message(2, mine=True, status="queued")]})
        theirs, mine = page.get_by_test_id("message").all()
        for bubble, values in ((theirs, ("m1", "false", "sent")), (mine, ("m2", "true", "queued"))):
            for name, value in zip(("data-id", "data-mine", "data-status"), values, strict=True):
                expect(bubble).to_have_attribute(name, value)
        expect(mine.locator("time")).to_have_attribute("datetime", "2023-11-14T22:13:20.002Z")
        page.evaluate(SET, {"chat": {"messages": [message(1), message(2, mine=True)]}})
        expect(mine).to_have_attribute("data-status", "sent")

    def test_a_message_keeps_its_element(self) -> None:
        page = self.open({**SECURED, "messages": [message(1), message(2)]})
        page.get_by_test_id("message").first.evaluate("(element) => { element.marked = true; }")
        page.evaluate(SET, {"chat": {"messages": [message(1, status="read"), message(2), message(3)]}})
        marked = page.get_by_test_id("message").evaluate_all("(all) => all.map((each) => each.marked ?? false)")
        self.assertEqual(marked, [True, False, False])

    def test_the_list_is_what_the_peer_says_whatever_it_was_before(self) -> None:
        page = self.open(SECURED)
        for numbers in ([1, 2, 3], [2, 3], [3, 2, 4], [5], [], [1, 6]):
            page.evaluate(SET, {"chat": {"messages": [message(number) for number in numbers]}})
            shown = page.get_by_test_id("message").evaluate_all("(all) => all.map((each) => each.dataset.id)")
            self.assertEqual(shown, [f"m{number}" for number in numbers])

    def test_their_message_with_the_id_of_one_of_ours_is_another_message(self) -> None:
        page = self.open({**SECURED, "messages": [message(1, mine=True, body="ours", status="failed")]})
        page.evaluate(RECEIVE, message(1, body="theirs"))
        bubbles = page.get_by_test_id("message")
        expect(bubbles.get_by_text("ours")).to_be_visible()
        expect(bubbles.get_by_text("theirs")).to_be_visible()
        for bubble, mine, status in ((bubbles.first, "true", "failed"), (bubbles.last, "false", "sent")):
            expect(bubble).to_have_attribute("data-mine", mine)
            expect(bubble).to_have_attribute("data-status", status)
        page.evaluate(SET, {"chat": {"messages": [message(1, body="theirs")]}})
        expect(bubbles).to_have_count(1)
        expect(bubbles).to_contain_text("theirs")

    def test_a_failed_message_can_be_tried_again(self) -> None:
        page = self.open({**SECURED, "messages": [message(1, mine=True), message(2, mine=True, status="failed")]})
        expect(page.get_by_test_id("message-retry").nth(0)).to_be_hidden()
        page.get_by_test_id("message-retry").nth(1).click()
        self.assertEqual(self.asked(page), [["retry", "m2"]])

    def test_a_chat_that_is_over_stays_readable_with_its_draft(self) -> None:
        page = self.open({**SECURED, "messages": [message(1)]})
        self.box(page).fill("not sent yet")
        page.evaluate(SET, {"chat": ENDED})
        expect(page.get_by_test_id("message")).to_be_visible()
        expect(page.get_by_test_id("chat-state")).to_have_text("bob left the chat.")
        expect(self.box(page)).to_have_value("not sent yet")
        expect(page.get_by_role("button", name="Call bob again")).to_be_focused()
        expect(page.get_by_test_id("peer-input")).to_be_visible()

    def test_a_chat_is_ended_by_its_button(self) -> None:
        page = self.open(SECURED)
        page.get_by_test_id("chat-end").click()
        self.assertEqual(self.asked(page), [["end"]])


class Following(ActedChat):
    """Where the list stands when something comes."""

    def setUp(self) -> None:
        super().setUp()
        self.page = self.open({**SECURED, "messages": [message(number) for number in range(60)]})
        self.scroller = self.page.get_by_role("group", name="Messages, oldest first")
        self.newer = self.page.get_by_test_id("jump-latest")

    def distance(self) -> int:
        distance: int = self.scroller.evaluate("(e) => Math.round(e.scrollHeight - e.scrollTop - e.clientHeight)")
        return distance

    def assert_at_the_end(self) -> None:
        last = "(e) => e.scrollHeight - e.scrollTop - e.clientHeight <= 1"
        self.page.wait_for_function(last, arg=self.scroller.element_handle())

    def scroll_up(self) -> None:
        self.assert_at_the_end()
        self.scroller.evaluate(
            "(e) => new Promise((done) => { e.addEventListener('scroll', done, {once: true}); e.scrollTop = 0; })"
        )

    def test_it_follows_at_the_end_however_long_the_message(self) -> None:
        self.assert_at_the_end()
        for number, body in ((60, "hello"), (61, "line\n" * 40), (62, "hello")):
            self.page.evaluate(RECEIVE, message(number, body=body))
            self.assert_at_the_end()
        expect(self.newer).to_be_hidden()

    def test_it_stays_with_who_reads_and_a_button_leads_to_the_new(self) -> None:
        self.scroll_up()
        self.page.evaluate(RECEIVE, message(60))
        expect(self.newer).to_be_visible()
        self.assertGreater(self.distance(), 500)
        self.newer.click()
        expect(self.newer).to_be_hidden()
        self.assert_at_the_end()

    def test_ones_own_message_leads_to_the_end(self) -> None:
        self.scroll_up()
        self.page.evaluate(RECEIVE, message(60, mine=True))
        self.assert_at_the_end()

    def test_it_stays_at_the_end_when_the_keyboard_takes_room(self) -> None:
        self.assert_at_the_end()
        self.page.set_viewport_size({"width": 1280, "height": 500})
        self.page.wait_for_function("() => innerHeight === 500")
        self.assert_at_the_end()


class Noticing(ActedChat):
    """What is told to somebody who looks or listens elsewhere."""

    def test_the_title_counts_what_came_while_nobody_looked(self) -> None:
        page = self.open(SECURED)
        expect(page).to_have_title("bob · lowkey")
        page.evaluate(UNFOCUSED)
        page.evaluate(RECEIVE, message(1))
        page.evaluate(RECEIVE, message(2))
        expect(page).to_have_title("(2) bob · lowkey")
        page.evaluate(FOCUSED)
        expect(page).to_have_title("bob · lowkey")
        page.evaluate(RECEIVE, message(3))
        expect(page).to_have_title("bob · lowkey")

    def test_a_message_is_announced_with_its_author(self) -> None:
        page = self.open(SECURED)
        page.evaluate(RECEIVE, message(1, body="hi there"))
        expect(page.locator("[aria-live=polite] p")).to_have_text(["bob: hi there"])

    def test_a_notice_passes_by(self) -> None:
        page = self.open()
        page.evaluate("() => window.fakePeer.listener.notice('carol tried to call you.')")
        expect(page.get_by_test_id("toast")).to_have_text("carol tried to call you.")
        page.get_by_test_id("toast").click()
        expect(page.get_by_test_id("toast")).to_be_empty()

    def test_the_server_state_has_a_sentence_and_a_way_out(self) -> None:
        page = self.open()
        expect(page.get_by_test_id("server-state")).to_have_attribute("data-state", "online")
        expect(page.get_by_role("button", name="Try again")).to_be_hidden()
        page.evaluate(SET, {"server": {"state": "taken", "sentence": "Somebody is already online under this name."}})
        expect(page.get_by_test_id("server-state")).to_contain_text("already online under this name")
        before = page.evaluate("() => window.fakePeer.calls.filter(([name]) => name === 'start').length")
        page.get_by_role("button", name="Try again").click()
        after = page.evaluate("() => window.fakePeer.calls.filter(([name]) => name === 'start').length")
        self.assertEqual(after, before + 1)
        page.get_by_role("button", name="Choose another name").click()
        expect(page.get_by_test_id("username-input")).to_be_focused()

    def test_only_a_server_that_is_away_is_said_not_to_matter_to_the_chat(self) -> None:
        page = self.open(SECURED)
        state = page.get_by_test_id("server-state")
        expect(state).to_contain_text("Online")
        expect(state).not_to_contain_text("Your chat goes on.")
        page.evaluate(SET, {"server": {"state": "offline", "sentence": "The server cannot be reached."}})
        expect(state).to_contain_text("The server cannot be reached. Your chat goes on.")

    def test_closing_the_tab_in_mid_chat_is_asked_about(self) -> None:
        for chat, asks in ((SECURED, True), (ENDED, False)):
            with self.subTest(state=chat["state"]):
                page = self.open(chat)
                page.get_by_role("heading", name="lowkey").click()
                asked: list[str] = []
                page.on("dialog", partial(note, asked))
                page.reload()
                self.assertEqual(asked, ["beforeunload"] if asks else [])

    def test_leaving_the_page_tells_the_peer(self) -> None:
        page = self.open()
        page.evaluate(
            "() => addEventListener('pagehide', () => sessionStorage.setItem('t', JSON.stringify(fakePeer.calls.at(-1))))"
        )
        page.goto("/health")
        self.assertEqual(page.evaluate("() => sessionStorage.getItem('t')"), '["suspend"]')


class OwnName(ActedChat):
    """Changing one's name, or being forgotten."""

    def test_the_longest_name_is_shown_whole_on_a_phone(self) -> None:
        page = self.page_of("Grandma_Josephine_20", viewport={"width": 390, "height": 664})
        own = page.get_by_test_id("own-name")
        shown = "(e) => e.scrollWidth <= e.clientWidth && getComputedStyle(e).whiteSpace !== 'nowrap'"
        self.assertTrue(own.evaluate(shown))
        expect(own).to_be_in_viewport(ratio=1)

    def test_on_the_narrowest_of_phones_it_takes_two_lines_at_most(self) -> None:
        page = self.page_of("Grandma_Josephine_20", viewport={"width": 320, "height": 568})
        lines = "(e) => e.getBoundingClientRect().height / parseFloat(getComputedStyle(e).lineHeight)"
        self.assertLessEqual(page.get_by_test_id("own-name").evaluate(lines), 2.1)

    def test_the_name_is_changed_here(self) -> None:
        page = self.open()
        page.get_by_test_id("change-name").click()
        expect(page.get_by_test_id("username-input")).to_have_value("alice")
        page.get_by_test_id("username-input").fill("a")
        page.get_by_test_id("username-submit").click()
        expect(page.get_by_test_id("username-error")).to_contain_text("too short")
        page.get_by_test_id("username-input").fill("carol")
        page.get_by_test_id("username-submit").click()
        expect(page.get_by_test_id("own-name")).to_have_text("carol")
        self.assertEqual(page.evaluate("() => localStorage.getItem('lowkey.username')"), "carol")

    def test_in_mid_chat_it_says_what_that_ends_and_asks_only_once(self) -> None:
        page = self.open(SECURED)
        page.get_by_test_id("change-name").click()
        expect(page.get_by_role("dialog")).to_contain_text("You are in a chat with bob.")
        asked: list[str] = []
        page.on("dialog", partial(note, asked))
        page.get_by_test_id("username-input").fill("carol")
        page.get_by_role("button", name="End chat and change name").click()
        expect(page.get_by_test_id("own-name")).to_have_text("carol")
        self.assertEqual(asked, [])

    def test_escape_leaves_all_as_it_was(self) -> None:
        page = self.open()
        page.get_by_test_id("change-name").click()
        page.get_by_test_id("username-input").fill("carol")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
        expect(page.get_by_test_id("change-name")).to_be_focused()
        page.get_by_test_id("change-name").click()
        expect(page.get_by_test_id("username-input")).to_have_value("alice")

    def test_this_device_forgets(self) -> None:
        page = self.open()
        page.get_by_test_id("change-name").click()
        page.get_by_test_id("forget-name").click()
        page.wait_for_url(f"{self.server.url}/")
        self.assertEqual(page.evaluate("() => [localStorage.length, sessionStorage.length]"), [0, 0])
