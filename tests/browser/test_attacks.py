"""An evil server in the middle of Chromium pages: who it can deceive, and until when (tests/test_attacks.py for Python)."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.support.evil_browser import EvilBrowserCase
from tests.support.evil_tampers import Rewrite, Strip, step, without
from tests.support.people import new_identity
from tests.support.secrets import found


class FirstContactTest(EvilBrowserCase):
    def test_a_man_in_the_middle_of_a_first_contact_reads_it_but_is_seen_as_soon_as_the_two_compare(self) -> None:
        mallory = self.mallory()
        alice, bob = self.two()
        self.connect(alice, bob)
        self.say(alice, "our secret")
        self.expect_message(bob, "our secret", mine=False)
        self.assertEqual(mallory.read, ["our secret"])  # the control: the attack is a real one
        for page in (alice, bob):
            expect(page.get_by_test_id("trust")).to_have_attribute("data-trust", "unverified")
        compared = [self.compared(page) for page in (alice, bob)]
        self.assertNotEqual(compared[0][0], compared[1][0])
        self.assertNotEqual(compared[0][1], compared[1][1])
        for page in (alice, bob):
            self.assertNotIn("verified", self.seen(page)["trusts"])
        self.assert_no_faults()

    def test_without_anybody_in_the_middle_what_they_compare_is_the_same(self) -> None:
        alice, bob = self.two()
        self.connect(alice, bob)
        self.assertEqual(self.compared(alice), self.compared(bob))

    def compared(self, page: Page) -> tuple[str, str]:
        """The emoji and the digits that a page shows."""
        if not page.get_by_test_id("sas-emoji").is_visible():
            if not page.get_by_test_id("verify-open").is_visible():
                page.get_by_test_id("trust").locator("summary").click()
            page.get_by_test_id("verify-open").click()
        expect(page.get_by_test_id("sas-emoji")).not_to_be_empty()
        emoji = page.get_by_test_id("sas-emoji").text_content() or ""
        number = page.get_by_test_id("safety-number")
        if not number.is_visible():
            number.locator("xpath=ancestor::details").locator("summary").click()
        digits = "".join(filter(str.isdigit, number.text_content() or ""))
        self.assertEqual(len(digits), 60)
        return emoji, digits


class KnownTest(EvilBrowserCase):
    def test_a_page_that_knows_the_device_sends_nothing_to_another_one(self) -> None:
        """Both sides: alice calls and blocks before step 3; bob, who is called, blocks after it."""
        alice, bob = self.two()
        self.connect(alice, bob)
        alice.get_by_test_id("chat-end").click()
        self.expect_state(bob, "chat-state", "ended")
        self.mallory(worlds=(1, 2))
        for name in (self.alice_name, self.bob_name):
            self.evil.cut(name)
        for page, name in ((alice, self.alice_name), (bob, self.bob_name)):
            page.wait_for_timeout(0)
            self.arrives(page, name)
        self.forget(alice, bob)
        self.dial(alice, self.bob_name)
        self.expect_state(alice, "chat-state", "blocked")
        expect(alice.get_by_test_id("trust")).to_have_attribute("data-trust", "changed")
        expect(alice.get_by_test_id("key-changed")).to_be_visible()
        self.assert_nothing_left((alice, self.alice_name))
        bob.get_by_test_id("incoming-accept").click()
        self.expect_state(bob, "chat-state", "blocked")
        expect(bob.get_by_test_id("key-changed")).to_be_visible()
        self.assert_nothing_left((alice, self.alice_name), (bob, self.bob_name))
        for page in (alice, bob):
            page.get_by_test_id("key-refuse").click()
            expect(page.get_by_test_id("key-changed")).to_be_hidden()
        self.assert_nothing_left((alice, self.alice_name), (bob, self.bob_name))

    def arrives(self, page: Page, name: str) -> None:
        """Wait until a page whose socket was cut has it again, in its new world."""
        for _ in range(500):
            if (
                self.evil.connected(name)
                and page.get_by_test_id("server-state").get_attribute("data-state") == "online"
            ):
                return
            page.wait_for_timeout(20)
        self.fail("the page did not come back")


class DowngradeTest(EvilBrowserCase):
    def test_a_page_that_is_called_sends_nothing_unless_the_person_accepts_the_warning(self) -> None:
        self.evil.attack = attack = Strip()
        alice, bob = self.two()
        self.call(alice, bob)
        expect(bob.get_by_test_id("classic-warning")).to_be_visible()
        self.assertGreater(attack.fired, 0)
        bob.get_by_test_id("classic-refuse").click()
        self.ends(bob)
        self.ends(alice)
        self.assert_nothing_left((alice, self.alice_name), (bob, self.bob_name))
        self.assertEqual([f for f in self.evil.said(self.bob_name) if f["type"] == "key:exchange"], [])

    def test_a_page_that_calls_sends_nothing_unless_the_person_accepts_the_warning(self) -> None:
        self.evil.attack = attack = Strip()
        bob = self.person(self.bob_name, allow_classic=True)
        alice = self.online(self.alice_name)
        self.dial(alice, self.bob_name)
        self.evil.run(bob.ringing())
        self.within(bob.accept)
        expect(alice.get_by_test_id("classic-warning")).to_be_visible()
        self.assertGreater(attack.fired, 0)
        self.assert_nothing_left((alice, self.alice_name))
        alice.get_by_test_id("classic-refuse").click()
        self.ends(alice)
        self.assert_nothing_left((alice, self.alice_name))

    def test_in_a_classic_chat_keys_and_fingerprints_can_be_swapped_and_the_person_was_warned_of_that(self) -> None:
        """The control: the same server reads a chat for which both said that they would go on though it could."""
        self.evil.attack = Strip()
        mallory = self.mallory(allow_classic=True)
        alice, bob = self.two()
        self.call(alice, bob)
        for page in (alice, bob):
            page.get_by_test_id("classic-accept").click()
        for page in (alice, bob):
            self.expect_state(page, "chat-state", "secured")
            expect(page.get_by_test_id("trust")).to_have_attribute("data-trust", "classic")
            self.assertTrue(self.seen(page)["warned"])
        self.say(alice, "for bob alone")
        self.expect_message(bob, "for bob alone", mine=False)
        self.assertEqual(mallory.read, ["for bob alone"])

    def test_an_invite_that_is_taken_out_makes_the_handshake_fail_and_stays_good(self) -> None:
        bob = self.person(self.bob_name)
        link = self.within(bob.create_invite).link
        self.evil.attack = attack = Rewrite(step(1), without("invite"))
        alice = self.online(self.alice_name)
        alice.goto(f"/chat#{link.partition('#')[2]}")
        attack.wait()
        self.ends(alice)
        self.assertEqual(self.evil.run(bob.ended()), "bad_handshake")
        self.assert_nothing_left((alice, self.alice_name))
        self.evil.behave()
        alice.get_by_role("button", name="Call again").or_(alice.get_by_role("button", name="Try again")).first.click()
        self.evil.run(bob.ringing())
        self.within(bob.accept)
        self.expect_state(alice, "chat-state", "secured")
        expect(alice.get_by_test_id("trust")).to_have_attribute("data-trust", "verified")

    def test_a_man_in_the_middle_of_an_invited_call_gets_nothing_and_the_page_says_what_is_wrong(self) -> None:
        link = new_identity().new_invite(self.bob_name).link(self.evil.url)
        self.mallory()
        alice = self.online(self.alice_name)
        alice.goto(f"/chat#{link.partition('#')[2]}")
        expect(alice.get_by_test_id("invite-state")).to_have_attribute("data-state", "unknown")
        self.assert_nothing_left((alice, self.alice_name))


class CaptureTest(EvilBrowserCase):
    def test_what_passes_between_honest_pages_tells_nothing_but_names(self) -> None:
        bob = self.person(self.bob_name)
        alice = self.online(self.alice_name)
        self.dial(alice, self.bob_name)
        self.evil.run(bob.ringing())
        self.within(bob.accept)
        self.expect_state(alice, "chat-state", "secured")
        self.say(alice, "a text of alice's")
        self.expect_message(alice, "a text of alice's", mine=True, status="delivered")
        sdp = alice.evaluate("() => seen.connections[0].localDescription.sdp")
        lines = [line.removeprefix("a=") for line in sdp.splitlines()]
        candidates = [line.split() for line in lines if line.startswith("candidate:")]
        pin = bob.identity.pin(self.alice_name)
        assert pin is not None
        secrets = {
            "text": [b"a text of alice's"],
            "IK": [pin.identity, bob.identity.key.public],
            "candidates": [f" {fields[4]} {fields[5]} ".encode() for fields in candidates],
            "fingerprint": [line.split()[1].encode() for line in lines if line.startswith("fingerprint:")],
            "password": [line.partition(":")[2].encode() for line in lines if line.startswith("ice-pwd:")],
        }
        self.assertTrue(all(secrets.values()), secrets)
        self.assertEqual(found(secrets, [passed.frame for passed in self.evil.captured]), [])
        kinds = [frame for frame in self.evil.said() if frame["type"].startswith("signal:")]
        self.assertTrue(kinds)
        self.assertEqual({tuple(frame["payload"]) for frame in kinds}, {("box",)})
