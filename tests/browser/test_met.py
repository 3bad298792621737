"""Those whom this device has met, to call again: as the page draws them, and after real chats."""

from __future__ import annotations

from itertools import count
from typing import Any, ClassVar

from playwright.sync_api import Locator, Page, expect

from tests.support.acted import ENDED, IDLE, RINGING, SECURED, SET, ActedChat
from tests.support.browser import BrowserTestCase
from tests.support.states import entry

MET = "(met) => { fakePeer.identity.met = met; fakePeer.set({}); return fakePeer.drawn(); }"
BLOCK = "(names) => { fakePeer.identity.blocks.names = names; fakePeer.set({}); return fakePeer.drawn(); }"
BUSY_NOW = ("calling", "connecting", "secured", "reconnecting", "blocked")


def people(*names: str, verified: bool = False) -> list[dict[str, Any]]:
    """Those met, as the identity has them."""
    return [{"name": name, "verified": verified} for name in names]


class Drawn(ActedChat):
    """With an identity that a test fills."""

    def among(self, *names: str, chat: dict[str, Any] | None = None) -> Page:
        page = self.open(chat)
        page.evaluate(MET, people(*names))
        return page

    def names(self, page: Page) -> Locator:
        return page.get_by_test_id("met-person").locator("[data-part=met-name]")

    def test_nobody_met_is_nothing_shown(self) -> None:
        page = self.open()
        expect(page.get_by_test_id("met")).to_be_hidden()
        page.evaluate(MET, people("bob"))
        expect(page.get_by_role("region", name="People you have met")).to_be_visible()
        page.evaluate(MET, [])
        expect(page.get_by_test_id("met")).to_be_hidden()

    def test_the_last_six_are_shown_and_called_by_a_press(self) -> None:
        page = self.among(*(f"friend_{number}" for number in range(8)))
        expect(self.names(page)).to_have_text([f"friend_{number}" for number in range(6)])
        page.get_by_role("button", name="Call friend_3").click()
        self.assertEqual(self.asked(page), [["dial", "friend_3"]])
        self.assert_no_faults()

    def test_who_is_verified_has_a_mark_and_a_word(self) -> None:
        page = self.open()
        page.evaluate(MET, people("bob", verified=True) + people("carol"))
        bob, carol = page.get_by_test_id("met-person").all()
        expect(bob).to_have_accessible_name("Call bob verified")
        expect(bob.get_by_role("img", name="verified")).to_be_visible()
        expect(carol).to_have_accessible_name("Call carol")
        page.evaluate(MET, people("bob", "carol"))
        expect(bob).to_have_accessible_name("Call bob")

    def test_oneself_and_the_blocked_are_left_out_however_they_are_spelt(self) -> None:
        page = self.among("Alice", "Bob", "carol")
        expect(self.names(page)).to_have_text(["Bob", "carol"])
        page.evaluate(BLOCK, ["bob"])
        expect(self.names(page)).to_have_text(["carol"])

    def test_who_is_in_a_chat_or_a_call_already_is_left_out(self) -> None:
        page = self.among("bob", "carol")
        for state in BUSY_NOW:
            page.evaluate(SET, {"conversations": [entry("BOB", None, state=state)]})
            expect(self.names(page)).to_have_text(["carol"])
        for state in ("ringing", "ended", "failed"):
            page.evaluate(SET, {"conversations": [entry("BOB", None, state=state)]})
            expect(self.names(page)).to_have_text(["bob", "carol"])

    def test_who_is_spoken_of_above_is_not_said_again_below(self) -> None:
        page = self.among("bob", "carol", chat={**ENDED, "state": "failed"})
        expect(page.get_by_role("button", name="Call bob again")).to_be_visible()
        expect(self.names(page)).to_have_text(["carol"])

    def test_whoever_rings_stays_so_that_nothing_moves_under_a_finger(self) -> None:
        page = self.among("bob", "carol")
        page.get_by_test_id("met-person").last.focus()
        page.evaluate(SET, {"chat": RINGING, "incoming": {"peer": "bob", "invited": False, "known": True}})
        expect(self.names(page)).to_have_text(["bob", "carol"])
        page.evaluate(MET, people("dave", "bob", "carol"))
        expect(self.names(page)).to_have_text(["dave", "bob", "carol"])
        expect(page.get_by_test_id("met-person").last).to_be_focused()

    def test_they_are_there_only_where_nobody_is_talked_to(self) -> None:
        page = self.among("carol", chat=SECURED)
        for chat, there in (
            ({**ENDED, "messages": [{"id": "m1", "mine": False, "body": "bye", "at": 1, "status": "sent"}]}, False),
            ({**SECURED, "messages": []}, False),
            ({**IDLE, "messages": []}, True),
        ):
            page.evaluate(SET, {"chat": chat})
            expect(page.get_by_test_id("met")).to_be_visible(visible=there)

    def test_why_somebody_cannot_be_called_stands_at_the_field(self) -> None:
        page = self.among("bob")
        page.evaluate("() => fakePeer.refuse('in_call')")
        page.get_by_test_id("met-person").click()
        expect(page.get_by_test_id("peer-error")).to_contain_text("You are already in a call.")

    def test_the_keyboard_alone_is_enough(self) -> None:
        page = self.among("bob", "carol")
        page.get_by_test_id("peer-connect").focus()
        for _ in range(2):
            page.keyboard.press("Tab")
        expect(page.get_by_test_id("met-person").last).to_be_focused()
        page.keyboard.press("Enter")
        self.assertEqual(self.asked(page), [["dial", "carol"]])

    def test_the_widest_name_is_whole_on_the_smallest_phone(self) -> None:
        page = self.open(viewport={"width": 320, "height": 568})
        page.evaluate(MET, people("W" * 20, verified=True))
        name, button = self.names(page), page.get_by_test_id("met-person")
        self.assertEqual(page.evaluate("() => document.documentElement.scrollWidth"), 320)
        self.assertLessEqual(*name.evaluate("(e) => [e.scrollWidth, e.clientWidth]"))
        self.assertLessEqual(*button.evaluate("(e) => [e.scrollWidth, e.clientWidth]"))

    def test_a_name_is_text_whatever_it_says(self) -> None:
        page = self.among("<img src=x onerror=alert(1)>")
        expect(self.names(page)).to_have_text("<img src=x onerror=alert(1)>")
        expect(page.get_by_test_id("met").locator("img")).to_have_count(0)
        self.assert_no_faults()


class Remembered(BrowserTestCase):
    """Real people, a real identity."""

    numbers: ClassVar[count[int]] = count()

    def setUp(self) -> None:
        super().setUp()
        number = next(self.numbers)
        self.ann, self.ben = (f"{name}_met_{number}" for name in ("ann", "ben"))

    def online(self, page: Page) -> Page:
        expect(page.get_by_test_id("server-state")).to_have_attribute("data-state", "online")
        return page

    def state(self, page: Page, state: str) -> None:
        expect(page.get_by_test_id("chat-state")).to_have_attribute("data-state", state, timeout=15_000)

    def chatted(self) -> tuple[Page, Page]:
        """Two who had a chat; it is over."""
        ann, ben = (self.online(self.page_of(name)) for name in (self.ann, self.ben))
        for page in (ann, ben):
            expect(page.get_by_test_id("met")).to_be_hidden()
        ann.get_by_test_id("peer-input").fill(self.ben.upper())
        ann.get_by_test_id("peer-connect").click()
        ben.get_by_test_id("incoming-accept").click()
        for page in (ann, ben):
            self.state(page, "secured")
        ann.get_by_test_id("chat-end").click()
        self.state(ben, "ended")
        return ann, ben

    def again(self, page: Page) -> Page:
        """The same person closes the page, and comes back in another one."""
        context = page.context
        page.close()
        back = context.new_page()
        back.goto("/chat")
        return self.online(back)

    def test_who_comes_back_calls_by_one_press_whom_they_have_met(self) -> None:
        ann, ben = self.chatted()
        ann, ben = self.again(ann), self.again(ben)
        expect(ben.get_by_test_id("met-person")).to_have_accessible_name(f"Call {self.ann}")
        ann.get_by_test_id("met-person").click()
        expect(ben.get_by_test_id("incoming-request")).to_contain_text(f"someone calling as {self.ann}")
        ben.get_by_test_id("incoming-accept").click()
        for page in (ann, ben):
            self.state(page, "secured")
        self.assert_no_faults()

    def test_who_is_called_by_name_and_never_met_is_not_remembered(self) -> None:
        ann, ben = (self.online(self.page_of(name)) for name in (self.ann, self.ben))
        ann.get_by_test_id("peer-input").fill(self.ben)
        ann.get_by_test_id("peer-connect").click()
        ben.get_by_test_id("incoming-decline").click()
        self.state(ann, "ended")
        for page in (self.again(ann), self.again(ben)):
            expect(page.get_by_test_id("met")).to_be_hidden()

    def test_a_new_identity_has_met_nobody(self) -> None:
        ann, _ = self.chatted()
        ann = self.again(ann)
        expect(ann.get_by_test_id("met-person")).to_have_count(1)
        ann.get_by_test_id("change-name").click()
        ann.get_by_test_id("new-identity").locator("summary").click()
        with ann.expect_navigation():
            ann.get_by_test_id("new-identity-confirm").click()
        self.online(ann)
        expect(ann.get_by_test_id("met")).to_be_hidden()

    def test_who_wiped_everything_has_met_nobody(self) -> None:
        ann, _ = self.chatted()
        ann = self.again(ann)
        ann.get_by_test_id("settings-open").click()
        ann.get_by_test_id("wipe").locator("summary").click()
        ann.get_by_test_id("wipe-confirm").click()
        ann.get_by_test_id("username-input").fill(f"{self.ann}_2")
        ann.get_by_test_id("username-submit").click()
        self.online(ann)
        expect(ann.get_by_test_id("met")).to_be_hidden()
