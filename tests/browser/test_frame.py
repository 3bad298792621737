"""The page around a chat: the list of chats, its narrow form, the head's line and menu, and what reaches those who look away."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.test_accessibility import AXE, FINDINGS
from tests.support.acted import ENDED, IDLE, RECEIVE, RINGING, SECURED, SET, ActedChat, message

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}}
UNFOCUSED = "() => { document.hasFocus = () => false; }"
FOCUSED = "() => { document.hasFocus = () => true; dispatchEvent(new Event('focus')); }"
NOTIFYING = """() => {
  window.shown = [];
  class Shown {
    static permission = "granted";
    static requestPermission() { return Promise.resolve("granted"); }
    constructor(title, { body }) { this.title = title; this.body = body; this.closed = false; window.shown.push(this); }
    close() { this.closed = true; }
  }
  window.Notification = Shown;
}"""


def whole(number: int, **fields: Any) -> dict[str, Any]:
    """A message with all that one has, for an entry of the list."""
    rest = {"kind": "text", "re": None, "edited": False, "deleted": False, "expires": None, "seconds": None}
    return {**message(number), **rest, "reactions": {"mine": "", "theirs": ""}, **fields}


def entry(peer: str, **fields: Any) -> dict[str, Any]:
    """An entry as the peer gives it."""
    first = {"state": "secured", "trust": "unverified", "unread": 0, "last": None}
    marks = dict.fromkeys(("muted", "typing", "away", "doubted", "selected"), False)
    return {"peer": peer, **first, **marks, **fields}


BOB = entry("bob", selected=True)
CAROL = entry("carol", unread=2, last=whole(1, body="two\nlines"))
TALK = {"chat": SECURED, "conversations": [BOB, CAROL]}
NOWHERE = {"chat": IDLE, "conversations": [entry("bob"), entry("carol")]}


class FrameCase(ActedChat):
    def entries(self, page: Page) -> Locator:
        return page.get_by_test_id("conversation")

    def showing(self, state: dict[str, Any], **options: Any) -> Page:
        page = self.open(**options)
        page.evaluate(SET, state)
        return page


class ListOfChats(FrameCase):
    def test_an_entry_says_with_whom_and_what_is_unread(self) -> None:
        page = self.showing(TALK)
        expect(self.entries(page)).to_have_count(2)
        for index, (peer, unread) in enumerate((("bob", "0"), ("carol", "2"))):
            expect(self.entries(page).nth(index)).to_have_attribute("data-peer", peer)
            expect(self.entries(page).nth(index)).to_have_attribute("data-unread", unread)
        expect(self.entries(page).nth(0)).to_have_attribute("aria-current", "true")
        expect(self.entries(page).nth(1)).to_contain_text("two lines")

    def test_an_entry_says_how_it_stands_in_words(self) -> None:
        said = (
            (entry("bob"), "Say hello"),
            (entry("bob", last=whole(1, mine=True, body="hi")), "You: hi"),
            (entry("bob", last=whole(1, deleted=True, body="")), "Message deleted"),
            (entry("bob", last=whole(1, kind="timer", seconds=300, body="")), "Messages vanish after 5 minutes"),
            (entry("bob", last=whole(1, kind="timer", seconds=0, body="")), "Messages no longer vanish"),
            (entry("bob", typing=True), "typing…"),
            (entry("bob", state="reconnecting"), "Reconnecting…"),
            (entry("bob", state="reconnecting", away=True), "Offline"),
            (entry("bob", doubted=True, typing=True), "Does not match"),
            (entry("bob", state="ended", trust=None), "Chat ended"),
        )
        page = self.open()
        for state, words in said:
            with self.subTest(words):
                page.evaluate(SET, {"conversations": [state]})
                expect(self.entries(page)).to_contain_text(words)

    def test_an_entry_has_a_name_for_those_who_hear_it(self) -> None:
        state = entry("bob", trust="verified", muted=True, unread=3, last=whole(1, body="hi"))
        page = self.showing({"conversations": [state]})
        for words in ("bob", "verified", "muted", "hi", "3 unread"):
            expect(page.get_by_role("button", name=words).and_(self.entries(page))).to_have_count(1)

    def test_an_entry_keeps_its_element_and_its_focus_when_it_moves(self) -> None:
        page = self.showing(TALK)
        self.entries(page).nth(1).evaluate("(element) => { element.marked = true; element.focus(); }")
        page.evaluate(SET, {"conversations": [CAROL, BOB, entry("dave")]})
        moved = self.entries(page).first
        expect(moved).to_have_attribute("data-peer", "carol")
        self.assertTrue(moved.evaluate("(element) => element.marked"))
        expect(moved).to_be_focused()
        page.evaluate(SET, {"conversations": [entry("dave")]})
        expect(self.entries(page)).to_have_count(1)

    def test_a_click_opens_the_chat_and_leads_to_its_box(self) -> None:
        page = self.showing(TALK)
        self.entries(page).nth(1).click()
        self.assertEqual(self.asked(page), [["select", "carol"]])
        expect(page.get_by_test_id("message-input")).to_be_focused()

    def test_the_list_is_one_stop_of_the_tab_key_and_arrows_go_through_it(self) -> None:
        page = self.showing(TALK)
        page.get_by_test_id("new-chat").focus()
        page.keyboard.press("Tab")
        expect(self.entries(page).nth(0)).to_be_focused()
        for key, index in (("ArrowDown", 1), ("ArrowDown", 1), ("Home", 0), ("End", 1), ("ArrowUp", 0)):
            page.keyboard.press(key)
            expect(self.entries(page).nth(index)).to_be_focused()
        page.keyboard.press("Tab")
        self.assertIsNone(page.evaluate("() => document.activeElement.closest('[data-testid=conversation]')"))
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("End")
        page.keyboard.press("Enter")
        self.assertEqual(self.asked(page), [["select", "carol"]])

    def test_who_rings_is_not_in_the_list(self) -> None:
        page = self.showing({"chat": RINGING, "conversations": [entry("bob", state="ringing", selected=True)]})
        expect(self.entries(page)).to_have_count(0)

    def test_a_name_is_shown_as_text_whatever_is_said(self) -> None:
        page = self.showing({"conversations": [entry("bob", last=whole(1, body="<b>bold</b>"))]})
        expect(self.entries(page)).to_contain_text("<b>bold</b>")
        self.assert_no_faults()

    def test_a_new_chat_leads_to_the_form_for_calling(self) -> None:
        page = self.showing(TALK)
        page.evaluate("(nowhere) => { fakePeer.select = (peer) => peer === null && fakePeer.set(nowhere); }", NOWHERE)
        page.get_by_test_id("new-chat").click()
        expect(page.get_by_test_id("peer-input")).to_be_focused()


class OnAPhone(FrameCase):
    def test_without_chats_there_is_the_form_for_calling(self) -> None:
        page = self.showing({"chat": IDLE, "conversations": []}, **PHONE)
        expect(page.get_by_test_id("peer-input")).to_be_visible()
        expect(page.get_by_test_id("change-name")).to_be_visible()
        expect(page.get_by_test_id("new-chat")).to_be_hidden()

    def test_one_sees_the_list_or_the_chat(self) -> None:
        page = self.showing(NOWHERE, **PHONE)
        expect(self.entries(page).first).to_be_visible()
        expect(page.get_by_test_id("peer-input")).to_be_hidden()
        page.evaluate(SET, TALK)
        expect(self.entries(page).first).to_be_hidden()
        expect(page.get_by_test_id("message-input")).to_be_visible()

    def test_back_leads_to_the_list_by_the_button_and_by_the_browser(self) -> None:
        page = self.showing(TALK, **PHONE)
        page.get_by_test_id("chat-back").click()
        page.wait_for_function("() => fakePeer.calls.some(([name, peer]) => name === 'select' && peer === null)")
        page.evaluate(SET, NOWHERE)
        page.evaluate(SET, TALK)
        address = page.url
        page.go_back()
        self.assertEqual(page.url, address)
        self.assertEqual(self.asked(page), [["select", None]] * 2)

    def test_back_tells_how_much_is_unread_elsewhere(self) -> None:
        page = self.showing(TALK, **PHONE)
        expect(page.get_by_test_id("chat-back")).to_have_accessible_name("Back to your chats , 2 unread")
        page.evaluate(SET, {"conversations": [BOB, entry("carol", unread=2, muted=True)]})
        expect(page.get_by_test_id("chat-back")).to_have_accessible_name("Back to your chats")

    def test_somebody_else_can_be_called_from_the_list_and_one_can_go_back(self) -> None:
        page = self.showing(NOWHERE, **PHONE)
        page.get_by_test_id("new-chat").click()
        expect(page.get_by_test_id("peer-input")).to_be_focused()
        page.get_by_role("button", name="Back to your chats").click()
        expect(self.entries(page).first).to_be_visible()

    def test_an_incoming_call_is_in_sight_above_the_list_and_above_a_chat(self) -> None:
        page = self.open(**PHONE)
        for state in (NOWHERE, TALK):
            page.evaluate(SET, {**state, "incoming": {"peer": "dave", "invited": False, "known": False}})
            for button in ("incoming-accept", "incoming-decline"):
                expect(page.get_by_test_id(button)).to_be_in_viewport(ratio=1)

    def test_the_chat_says_when_the_server_is_out_of_reach(self) -> None:
        page = self.showing(TALK, **PHONE)
        expect(page.get_by_test_id("server-state")).to_be_hidden()
        page.evaluate(SET, {"server": {"state": "offline", "sentence": "It cannot be reached."}})
        expect(page.get_by_test_id("server-state")).to_contain_text("It cannot be reached. Your chat goes on.")

    def test_every_button_of_the_head_can_be_reached_on_a_small_one(self) -> None:
        page = self.showing(TALK, viewport={"width": 320, "height": 568})
        for button in ("chat-back", "chat-end", "chat-menu", "verify-open"):
            expect(page.get_by_test_id(button)).to_be_in_viewport(ratio=1)
        page.get_by_test_id("chat-menu").click()
        for choice in page.get_by_test_id("timer-choice").all():
            expect(choice).to_be_in_viewport(ratio=1)

    def test_a_keyboard_that_covers_the_page_makes_it_lower(self) -> None:
        page = self.showing(TALK, **PHONE)
        page.evaluate(
            """() => {
              Object.defineProperty(visualViewport, "height", { value: 500 });
              visualViewport.dispatchEvent(new Event("resize"));
            }"""
        )
        box = page.get_by_test_id("message-send").bounding_box()
        assert box is not None
        self.assertLessEqual(box["y"] + box["height"], 500)


class HowItStands(FrameCase):
    def test_a_secured_chat_says_how_the_two_are_connected(self) -> None:
        page = self.open({**SECURED, "path": {"relayed": False, "rtt": 23.4}})
        expect(page.get_by_test_id("chat-path")).to_have_text("Direct, 23 ms")
        page.evaluate(SET, {"chat": {"path": {"relayed": True, "rtt": None}}})
        expect(page.get_by_test_id("chat-path")).to_have_text("Relayed")
        page.evaluate(SET, {"chat": {"path": None}})
        expect(page.get_by_test_id("chat-path")).to_be_hidden()

    def test_the_round_trip_is_never_announced(self) -> None:
        page = self.open({**SECURED, "path": {"relayed": False, "rtt": 23}})
        self.assertIsNone(page.get_by_test_id("chat-path").evaluate("(e) => e.closest('[role=status], [aria-live]')"))

    def test_a_reconnecting_one_says_since_when(self) -> None:
        page = self.open()
        since = page.evaluate("() => Date.now() - 125_000")
        page.evaluate(SET, {"chat": {**SECURED, "state": "reconnecting", "sentence": "Reconnecting…", "since": since}})
        expect(page.get_by_test_id("chat-state")).to_have_text("Reconnecting…")
        expect(page.get_by_test_id("chat-since")).to_contain_text("for 2 minutes")
        page.evaluate(SET, {"chat": {**SECURED, "since": None}})
        expect(page.get_by_test_id("chat-since")).to_be_hidden()

    def test_a_chat_that_is_over_says_who_ended_it_and_can_be_closed(self) -> None:
        page = self.open({**ENDED, "messages": [message(1)]})
        expect(page.get_by_test_id("chat-state")).to_have_text("bob left the chat.")
        page.get_by_test_id("chat-close").click()
        self.assertEqual(self.asked(page), [["close", "bob"]])


class Menu(FrameCase):
    def test_the_two_can_agree_on_messages_that_vanish(self) -> None:
        page = self.open({**SECURED, "timer": 3_600})
        expect(page.get_by_test_id("chat-timer")).to_have_text("1 hour")
        page.get_by_test_id("chat-menu").click()
        expect(page.get_by_role("menuitemradio", checked=True)).to_have_text("1 hour")
        page.get_by_role("menuitemradio", name="5 minutes").click()
        self.assertEqual(self.asked(page), [["setTimer", 300]])
        expect(page.get_by_role("menu")).to_be_hidden()

    def test_another_programs_timer_has_a_word_too(self) -> None:
        page = self.open()
        for seconds, words in ((7_200, "2 hours"), (60, "1 minute"), (45, "45 seconds"), (90, "90 seconds")):
            page.evaluate(SET, {"chat": {**SECURED, "timer": seconds}})
            expect(page.get_by_test_id("chat-timer")).to_have_text(words)

    def test_an_app_that_knows_no_timer_is_offered_none(self) -> None:
        page = self.open({**SECURED, "features": ["text"]})
        page.get_by_test_id("chat-menu").click()
        expect(page.get_by_test_id("timer-choice").first).to_be_hidden()

    def test_a_chat_can_be_muted_and_says_so(self) -> None:
        page = self.open(SECURED)
        page.get_by_test_id("chat-menu").click()
        page.get_by_test_id("chat-mute").click()
        self.assertEqual(self.asked(page), [["mute", "bob", True]])
        page.evaluate(SET, {"chat": {"muted": True}})
        page.get_by_test_id("chat-menu").click()
        expect(page.get_by_role("menuitemcheckbox", checked=True)).to_be_visible()
        page.get_by_test_id("chat-mute").click()
        self.assertEqual(self.asked(page)[1:], [["mute", "bob", False]])

    def test_blocking_asks_first(self) -> None:
        page = self.open(SECURED)
        for answer, asked in (("confirm-no", []), ("confirm-yes", [["block", "bob"], ["close", "bob"]])):
            page.get_by_test_id("chat-menu").click()
            page.get_by_test_id("chat-block").click()
            expect(page.get_by_test_id("confirm")).to_contain_text("Block bob?")
            page.get_by_test_id(answer).click()
            expect(page.get_by_test_id("confirm")).to_be_hidden()
            self.assertEqual(self.asked(page), asked)

    def test_who_calls_and_is_known_can_be_blocked(self) -> None:
        page = self.open(RINGING)
        page.evaluate(SET, {"incoming": {"peer": "bob", "invited": False, "known": False}})
        expect(page.get_by_test_id("incoming-block")).to_be_hidden()
        page.evaluate(SET, {"incoming": {"peer": "bob", "invited": False, "known": True}})
        page.get_by_test_id("incoming-block").click()
        self.assertEqual(self.asked(page)[0], ["block", "bob"])

    def test_the_keyboard_opens_it_goes_through_it_and_leaves_it(self) -> None:
        page = self.open(SECURED)
        page.get_by_test_id("chat-menu").focus()
        page.keyboard.press("ArrowDown")
        expect(page.get_by_test_id("timer-choice").first).to_be_focused()
        page.keyboard.press("End")
        expect(page.get_by_test_id("chat-block")).to_be_focused()
        page.keyboard.press("ArrowDown")
        expect(page.get_by_test_id("timer-choice").first).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.get_by_role("menu")).to_be_hidden()
        expect(page.get_by_test_id("chat-menu")).to_be_focused()

    def test_a_click_beside_it_closes_it(self) -> None:
        page = self.open(SECURED)
        page.get_by_test_id("chat-menu").click()
        page.get_by_test_id("message-input").click()
        expect(page.get_by_role("menu")).to_be_hidden()


class Noticing(FrameCase):
    """Somebody looks elsewhere."""

    def notifying(self, **choices: bool) -> Page:
        page = self.open(SECURED)
        page.evaluate(
            "(choices) => localStorage.setItem('lowkey.settings', JSON.stringify(choices))", {"notify": True, **choices}
        )
        page.reload()
        page.wait_for_function("() => window.fakePeer")
        page.evaluate(NOTIFYING)
        page.evaluate(SET, {"chat": SECURED})
        return page

    def shown(self, page: Page) -> list[list[Any]]:
        found: list[list[Any]] = page.evaluate("() => shown.map(({ title, body, closed }) => [title, body, closed])")
        return found

    def test_the_title_counts_the_unread_of_all_chats_but_the_muted(self) -> None:
        page = self.open(SECURED)
        others = [entry("carol", unread=2), entry("dave", unread=5, muted=True)]
        page.evaluate(SET, {"conversations": [entry("bob", unread=1, selected=True), *others]})
        expect(page).to_have_title("(3) bob · lowkey")

    def test_a_message_is_told_of_without_its_text(self) -> None:
        page = self.notifying()
        page.evaluate(UNFOCUSED)
        page.evaluate(RECEIVE, message(1, body="a secret"))
        self.assertEqual(self.shown(page), [["bob", "New message", False]])

    def test_its_text_is_told_where_the_person_wants_that(self) -> None:
        page = self.notifying(preview=True)
        page.evaluate(UNFOCUSED)
        page.evaluate(RECEIVE, message(1, body="no secret"))
        self.assertEqual(self.shown(page), [["bob", "no secret", False]])

    def test_nothing_is_told_to_who_looks_nor_of_a_muted_chat_nor_unasked(self) -> None:
        page = self.notifying()
        page.evaluate(RECEIVE, message(1))
        page.evaluate(UNFOCUSED)
        page.evaluate(SET, {"chat": {"muted": True}})
        page.evaluate(RECEIVE, message(2))
        self.assertEqual(self.shown(page), [])
        page = self.notifying(notify=False)
        page.evaluate(UNFOCUSED)
        page.evaluate(RECEIVE, message(3))
        self.assertEqual(self.shown(page), [])

    def test_a_click_leads_to_the_chat_and_what_is_read_is_taken_back(self) -> None:
        page = self.notifying()
        page.evaluate(UNFOCUSED)
        page.evaluate(RECEIVE, message(1))
        page.evaluate("() => shown[0].onclick()")
        self.assertIn(["select", "bob"], self.asked(page))
        page.evaluate(RECEIVE, message(2))
        page.evaluate(FOCUSED)
        page.wait_for_function("() => shown.every(({ closed }) => closed)")

    def test_a_call_is_told_of_once(self) -> None:
        page = self.notifying()
        page.evaluate(UNFOCUSED)
        incoming = {"incoming": {"peer": "carol", "invited": False, "known": False}}
        page.evaluate(SET, incoming)
        page.evaluate(SET, incoming)
        self.assertEqual(self.shown(page), [["carol", "Someone is calling as carol", False]])
        page.evaluate(SET, {"incoming": None})
        self.assertTrue(self.shown(page)[0][2])


class ComingBack(FrameCase):
    def test_open_chats_are_restored_after_a_reload_once(self) -> None:
        page = self.open(SECURED)
        page.on("dialog", lambda dialog: dialog.accept())
        page.reload()
        page.wait_for_function("() => window.fakePeer")
        restored = [call for call in self.asked(page) if call[0] == "restore"]
        self.assertEqual([chat["peer"] for chat in restored[0][1]], ["bob"])
        page.reload()
        page.wait_for_function("() => window.fakePeer")
        self.assertEqual(self.asked(page), [])

    def test_what_is_no_list_of_chats_is_ignored(self) -> None:
        page = self.open()
        for kept in (
            "{",
            "[]",
            '{"name":"bob","open":[{"peer":"carol","identity":"QQ=="}]}',
            '{"name":"alice","open":[{"peer":"c l","identity":"QQ=="},{"peer":"carol"},null,7]}',
        ):
            page.evaluate("(kept) => sessionStorage.setItem('lowkey.open', kept)", kept)
            page.evaluate("() => addEventListener('pagehide', (event) => event.stopImmediatePropagation(), true)")
            page.reload()
            page.wait_for_function("() => window.fakePeer")
            self.assertEqual([call for call in self.asked(page) if call[0] == "restore"], [])
        self.assert_no_faults()

    def test_whatever_may_mean_a_path_is_back_wakes_the_peer(self) -> None:
        page = self.open()
        for waking in (
            "dispatchEvent(new Event('online'))",
            "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))",
            "document.dispatchEvent(new Event('resume'))",
            "document.dispatchEvent(new Event('visibilitychange'))",
            "navigator.connection.dispatchEvent(new Event('change'))",
        ):
            with self.subTest(waking):
                page.evaluate("() => { fakePeer.calls.length = 0; }")
                page.evaluate(f"() => {{ {waking}; }}")
                called = page.evaluate("() => fakePeer.calls.map(([name]) => name)")
                self.assertEqual(called.count("wake"), 1)


class FrameAccessibility(FrameCase):
    """axe-core finds nothing to complain about in what is new around the chat, in light and in dark."""

    def assert_accessible(self, page: Page) -> None:
        self.assertEqual(page.evaluate(FINDINGS), [])

    def test_every_state_and_whatever_opens_on_both_sizes(self) -> None:
        last = whole(1, body="hi")
        marks = entry("erin", state="reconnecting", muted=True, unread=120, trust="verified", last=last)
        others = [entry("carol", unread=2, last=last), entry("dave", typing=True), marks, entry("frank", state="ended")]
        chat = {**SECURED, "timer": 300, "muted": True, "path": {"relayed": True, "rtt": 20}, "messages": [message(1)]}
        waiting = {**chat, "state": "reconnecting", "sentence": "Reconnecting to bob…", "since": 1_700_000_000_000}
        states: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
            "the list": ({"chat": IDLE, "conversations": others}, ()),
            "a chat among others": ({"chat": chat, "conversations": [BOB, *others]}, ()),
            "reconnecting": ({"chat": waiting, "conversations": [BOB, *others]}, ()),
            "over": ({"chat": {**chat, **ENDED}, "conversations": [BOB, *others]}, ()),
            "a known one calls": ({"incoming": {"peer": "gus", "invited": False, "known": True}}, ()),
            "the menu": ({"chat": chat, "conversations": [BOB, *others]}, ("chat-menu",)),
            "a question": ({"chat": chat, "conversations": [BOB, *others]}, ("chat-menu", "chat-block")),
            "the settings": ({"chat": IDLE, "conversations": others}, ("settings-open", "settings-relay-only")),
        }
        for scheme in ("light", "dark"):
            for size in ({}, PHONE):
                page = self.open(color_scheme=scheme, reduced_motion="reduce", **size)
                page.evaluate(AXE.read_text(encoding="utf-8"))
                for name, (state, pressed) in states.items():
                    with self.subTest(name, scheme=scheme, size=size):
                        page.evaluate(SET, {"incoming": None, "chat": {**SECURED, "messages": []}})
                        page.evaluate(SET, {"incoming": None, **state})
                        for each in pressed:
                            page.get_by_test_id(each).click()
                        self.assert_accessible(page)
                        for _ in pressed:
                            page.keyboard.press("Escape")
