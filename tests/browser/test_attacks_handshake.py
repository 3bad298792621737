"""An evil server while a Chromium page calls or is called (tests/test_attacks_handshake.py for Python): nothing is sent, and nothing
is shown as secure, that is not."""

from __future__ import annotations

from playwright.sync_api import expect

from chat.peer.primitives import b64, unb64
from tests.support.evil import Frame
from tests.support.evil_browser import PageAndPerson
from tests.support.evil_tampers import (
    Drop,
    Rewrite,
    flipped,
    joined,
    of_type,
    payload,
    plain,
    step,
    with_fields,
)
from tests.support.handshakes import LOW_ORDER

SIGNALS = of_type("signal:offer", "signal:answer", "signal:ice")


class HandshakeTest(PageAndPerson):
    def attempt(self) -> None:
        """Alice's page calls bob, who accepts if it rings."""
        self.forget(self.alice)
        self.bob.watch.forget()
        self.dial(self.alice, self.bob_name)

    def bob_accepts(self) -> None:
        self.evil.run(self.bob.ringing())
        self.within(self.bob.accept)

    def fails(self, *, left: bool = False) -> None:
        """Both sides' attempt ends, and the page has shown nothing and sent nothing, unless it is the one that `left` step 3."""
        self.ends(self.alice)
        self.evil.run(self.bob.ended())
        if not left:
            self.assert_nothing_left((self.alice, self.alice_name))
        self.assert_never_secured(self.alice)
        self.assertNotIn("secured", self.bob.watch.states)
        self.evil.behave()

    def test_a_changed_message_ends_the_attempt_and_the_next_call_succeeds(self) -> None:
        for number in (1, 2, 3):
            for place in (0, 0.5, 1):
                with self.subTest(step=number, place=place):
                    self.evil.attack = attack = Rewrite(step(number), flipped(place), times=1)
                    self.attempt()
                    self.bob_accepts()
                    attack.wait()
                    self.fails(left=number == 3)
        self.attempt()
        self.bob_accepts()
        self.expect_state(self.alice, "chat-state", "secured")
        self.both_speak()

    def test_a_key_of_low_order_ends_the_attempt(self) -> None:
        low = LOW_ORDER[0]
        attacks = {
            "step 2": Rewrite(step(2), payload(lambda body: {**body, "m": b64(low + unb64(body["m"])[32:])})),
            "classic": Rewrite(step(2), payload(lambda _: {"publicKey": b64(low)})),
            "version": Rewrite(step(2), with_fields(v=3)),
        }
        for name, attack in attacks.items():
            with self.subTest(name):
                self.evil.attack = attack
                self.attempt()
                self.bob_accepts()
                attack.wait()
                self.fails()

    def test_a_page_that_accepts_a_key_of_low_order_says_that_the_call_is_over(self) -> None:
        self.evil.attack = Rewrite(step(1), with_fields(m=b64(LOW_ORDER[0])))
        self.within(lambda: self.bob.dial(self.alice_name))
        self.alice.get_by_test_id("incoming-accept").click()
        self.ends(self.alice)
        self.evil.run(self.bob.ended())
        self.assert_nothing_left((self.alice, self.alice_name))
        self.assert_no_faults()

    def test_a_session_that_nobody_asked_for_makes_a_page_say_nothing(self) -> None:
        self.forget(self.alice)
        self.evil.tell(self.alice_name, joined(self.bob_name, initiator=True), joined(self.bob_name))
        self.within(lambda: self.bob.dial(self.alice_name))  # what comes after it is shown, so it has been read
        expect(self.alice.get_by_test_id("incoming-request")).to_be_visible()
        self.assertEqual(self.evil.said(self.alice_name), [])
        self.assert_nothing_left((self.alice, self.alice_name))

    def test_a_page_that_is_answered_for_another_name_says_nothing(self) -> None:
        self.evil.attack = attack = Rewrite(
            of_type("session:joined"), payload(lambda body: {**body, "peer": "mallory"})
        )
        self.attempt()
        self.ends(self.alice, "The server answered for somebody else")
        self.assertGreater(attack.fired, 0)
        self.assertEqual([f for f in self.evil.said(self.alice_name) if f["type"] == "key:exchange"], [])
        self.assert_nothing_left((self.alice, self.alice_name))

    def test_without_a_step_a_page_goes_no_further(self) -> None:
        for number in (1, 2):
            with self.subTest(step=number):
                self.evil.attack = attack = Drop(step(number))
                self.attempt()
                if number == 2:
                    self.bob_accepts()
                attack.wait()
                self.assert_nothing_left((self.alice, self.alice_name))
                self.alice.get_by_test_id("call-cancel").click()
                self.ends(self.alice)
                self.assert_nothing_left((self.alice, self.alice_name))
                self.evil.behave()

    def test_a_call_comes_up_though_every_signal_comes_twice_and_plain_ones_before_it(self) -> None:
        def more(frame: Frame) -> list[Frame]:
            return [plain(frame["type"][7:], frame["sender"]), frame, frame]

        self.evil.attack = attack = Rewrite(SIGNALS, more)
        self.secured_chat()
        self.assertGreaterEqual(attack.fired, 2)
        self.assertEqual(self.seen(self.alice)["connections"], 1)
