"""Two people make sure of each other, in two real browsers: by comparing, and by an invite."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.support.browser import BrowserTestCase


class Meeting(BrowserTestCase):
    """Every test has names of its own: the server keeps a name for its owner for a while."""

    def online(self, name: str) -> Page:
        page = self.page_of(name)
        expect(page.get_by_test_id("server-state")).to_have_attribute("data-state", "online")
        return page

    def call(self, caller: Page, called: Page) -> None:
        caller.get_by_test_id("peer-input").fill(called.get_by_test_id("own-name").inner_text())
        caller.get_by_test_id("peer-connect").click()
        called.get_by_test_id("incoming-accept").click()

    def invite(self, page: Page) -> str:
        page.get_by_test_id("invite-create").click()
        link = page.get_by_test_id("invite-link").input_value()
        page.keyboard.press("Escape")
        return link

    def accept_by_invite(self, page: Page) -> None:
        expect(page.get_by_test_id("incoming-request")).to_contain_text("They hold the link of your invite")
        page.get_by_test_id("incoming-accept").click()

    def assert_trust(self, value: str, *pages: Page) -> None:
        for page in pages:
            expect(page.get_by_test_id("chat-state")).to_have_attribute("data-state", "secured")
            expect(page.get_by_test_id("trust")).to_have_attribute("data-trust", value)

    def test_two_people_compare_the_same_emoji_and_are_remembered(self) -> None:
        alice, bob = self.online("alice0"), self.online("bob0")
        self.call(bob, alice)
        self.assert_trust("unverified", alice, bob)
        alice.get_by_test_id("verify-open").click()
        for page in (alice, bob):
            expect(page.get_by_test_id("sas-emoji").get_by_role("listitem")).to_have_count(7)
        for what in ("sas-emoji", "safety-number"):
            self.assertEqual(alice.get_by_test_id(what).text_content(), bob.get_by_test_id(what).text_content())
        for page in (alice, bob):
            page.get_by_test_id("sas-match").click()
        self.assert_trust("verified", alice, bob)
        bob.get_by_test_id("chat-end").click()
        alice.reload()
        expect(alice.get_by_test_id("server-state")).to_have_attribute("data-state", "online")
        self.call(bob, alice)
        self.assert_trust("verified", alice, bob)
        self.assert_no_faults()

    def test_what_one_says_does_not_match_alarms_the_other(self) -> None:
        alice, bob = self.online("alice1"), self.online("bob1")
        self.call(bob, alice)
        alice.get_by_test_id("verify-open").click()
        bob.get_by_test_id("sas-match").click()
        self.assert_trust("verified", bob)
        alice.get_by_test_id("sas-mismatch").click()
        expect(bob.get_by_role("dialog", name="alice1 says they don’t match")).to_be_visible()
        self.assert_trust("unverified", alice, bob)

    def test_an_invite_makes_both_verified_and_is_good_once(self) -> None:
        alice = self.online("alice2")
        link = self.invite(alice)
        bob, carol = (self.context().new_page() for _ in range(2))
        bob.goto(link)
        bob.get_by_test_id("username-input").fill("bob2")
        bob.get_by_test_id("username-submit").click()
        self.accept_by_invite(alice)
        self.assert_trust("verified", alice, bob)
        self.assertEqual(bob.url, f"{self.server.url}/chat")
        bob.get_by_test_id("chat-end").click()
        carol.goto(link)
        carol.get_by_test_id("username-input").fill("carol2")
        carol.get_by_test_id("username-submit").click()
        expect(carol.get_by_test_id("invite-state")).to_have_attribute("data-state", "used")
        expect(carol.get_by_test_id("invite-state")).to_have_js_property("inert", True)
        expect(carol.get_by_test_id("chat-state")).to_have_text(
            carol.get_by_test_id("invite-state").inner_text().strip()
        )
        self.assert_no_faults()

    def number(self, page: Page) -> str:
        """The safety number that a page shows when its person wants to compare."""
        page.get_by_test_id("verify-open").click()
        return "".join(page.get_by_test_id("safety-number").inner_text().split())

    def test_a_new_identity_is_another_device_to_friends_and_has_its_name_at_once(self) -> None:
        alice, bob = self.online("alice3"), self.online("bob3")
        self.call(bob, alice)
        self.assert_trust("unverified", alice, bob)
        before = self.number(bob)
        bob.get_by_test_id("chat-end").click()
        bob.get_by_test_id("change-name").click()
        bob.get_by_text("New identity").click()
        with bob.expect_navigation():
            bob.get_by_test_id("new-identity-confirm").click()
        expect(bob.get_by_test_id("server-state")).to_have_attribute("data-state", "online")
        self.call(bob, alice)
        expect(alice.get_by_test_id("key-changed")).to_be_visible()
        expect(alice.get_by_test_id("message-input")).to_be_disabled()
        alice.get_by_test_id("key-refuse").click()
        expect(alice.get_by_test_id("key-changed")).to_be_hidden()
        expect(bob.get_by_test_id("chat-state")).to_have_attribute("data-state", "ended")
        self.call(bob, alice)
        alice.get_by_test_id("key-accept").click()
        self.assert_trust("unverified", alice, bob)
        self.assertNotEqual(self.number(bob), before)
        self.assert_no_faults()
