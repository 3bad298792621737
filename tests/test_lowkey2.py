"""chat/peer/lowkey2.py: an attempt of lowkey/2, rule by rule of docs/protocol.md, 3.1 to 3.3."""

from __future__ import annotations

import os
from typing import Any

from django.test import SimpleTestCase

from chat.peer.errors import KeyRefused
from chat.peer.identity import Identity
from chat.peer.invites import Invite
from chat.peer.kept_invites import LIFETIME_MS
from chat.peer.lowkey2 import MAX_MESSAGE_CHARS, Lowkey2
from chat.peer.primitives import b64, unb64
from chat.peer.ratchet import MAX_PLAINTEXT_BYTES
from tests.support.devices import NOW_MS, Pair, Recorder, agreed, attempt, device
from tests.support.handshakes import LOW_ORDER, held

OFFER = {"type": "offer", "sdp": "v=0"}
ANSWER = {"type": "answer", "sdp": "v=0"}
NO_TEXTS: list[Any] = [None, 7, [], {}]
OTHER_STEPS: list[tuple[str, Any]] = [
    *(("hs", hs) for hs in (b64(bytes(16)), *NO_TEXTS)),
    *(("step", step) for step in (0, 3, "2", True, *NO_TEXTS)),
]
CANDIDATE = {"candidate": "candidate:1", "sdpMid": "0", "sdpMLineIndex": 0}


class AttemptTestCase(SimpleTestCase):
    def refuses(self, side: Lowkey2, payload: dict[str, Any], reason: str) -> None:
        with self.assertRaises(KeyRefused) as caught:
            side.receive_key(payload)
        self.assertEqual(caught.exception.reason, reason)
        self.assertFalse(side.agreed)


class StepsTest(AttemptTestCase):
    def test_three_steps_carry_what_the_protocol_says_and_no_more(self) -> None:
        one, two, three = Pair().call()
        self.assertEqual((set(one), set(two), set(three)), ({"v", "step", "hs", "m"},) * 3)
        self.assertEqual([(step["v"], step["step"]) for step in (one, two, three)], [(2, 1), (2, 2), (2, 3)])
        self.assertEqual({one["hs"]}, {two["hs"], three["hs"]})
        self.assertEqual((len(unb64(one["hs"])), len(unb64(one["m"]))), (16, 32))

    def test_after_them_both_know_the_other_and_speak_under_the_same_keys(self) -> None:
        pair = agreed()
        self.assertEqual((pair.alice.role, pair.bob.role), ("caller", "called"))
        self.assertTrue(pair.alice.agreed and pair.bob.agreed)
        self.assertEqual(pair.alice.their_identity, pair.bob_device.key.public)
        self.assertEqual(pair.bob.their_identity, pair.alice_device.key.public)
        self.assertEqual(pair.alice.safety_number(), pair.bob.safety_number())
        content = {"t": "text", "body": "hello"}
        self.assertEqual(pair.bob.open(pair.alice.seal(content)), content)

    def test_names_that_differ_in_case_alone_agree(self) -> None:
        caller, called = attempt("Alice", "BOB", device()), attempt("bob", "aLICE", device())
        called.receive_key(caller.opening())
        (three,) = caller.receive_key(called.answer()[0])
        called.receive_key(three)
        self.assertTrue(caller.agreed and called.agreed)

    def test_a_step_passed_on_to_somebody_else_fails(self) -> None:
        caller, called = attempt("alice", "bob", device()), attempt("bob", "mallory", device())
        called.receive_key(caller.opening())
        self.refuses(caller, called.answer()[0], "bad_handshake")

    def test_the_opening_said_again_is_the_same_and_is_read_once(self) -> None:
        pair = Pair()
        one = pair.alice.opening()
        self.assertEqual(pair.alice.opening(), one)
        pair.bob.receive_key(one)
        self.assertEqual(pair.bob.receive_key(one), [])
        (two,) = pair.bob.answer()
        self.assertEqual(pair.bob.receive_key(one), [])
        self.assertEqual(len(pair.alice.receive_key(two)), 1)

    def test_before_the_answer_a_caller_may_begin_anew(self) -> None:
        pair = Pair()
        pair.bob.receive_key(pair.alice.opening())
        again = attempt("alice", "bob", pair.alice_device)
        self.assertEqual(pair.bob.receive_key(again.opening()), [])
        (three,) = again.receive_key(pair.bob.answer()[0])
        pair.bob.receive_key(three)
        self.assertTrue(pair.bob.agreed)

    def test_after_the_answer_nobody_begins_anew(self) -> None:
        pair = Pair()
        pair.bob.receive_key(pair.alice.opening())
        (two,) = pair.bob.answer()
        self.assertEqual(pair.bob.receive_key(attempt("alice", "bob", device()).opening()), [])
        pair.bob.receive_key(pair.alice.receive_key(two)[0])
        self.assertTrue(pair.bob.agreed)

    def test_steps_of_another_handshake_or_out_of_turn_are_dropped(self) -> None:
        pair = Pair()
        one = pair.alice.opening()
        pair.bob.receive_key(one)
        (two,) = pair.bob.answer()
        for field, value in OTHER_STEPS:
            self.assertEqual(pair.alice.receive_key({**two, field: value}), [], value)
        (three,) = pair.alice.receive_key(two)
        self.assertEqual(pair.alice.receive_key(two), [])
        for change in ({"hs": b64(bytes(16))}, {"step": 2}, {"step": 4}, {"step": True}):
            self.assertEqual(pair.bob.receive_key({**three, **change}), [], change)
        self.assertEqual(pair.bob.receive_key(three), [])
        self.assertTrue(pair.bob.agreed)
        self.assertEqual(pair.bob.receive_key(three), [])

    def test_what_begins_with_another_step_than_the_first_is_no_call(self) -> None:
        for step in (True, 2, 3, "1", None):
            for hs in ("", None, b64(bytes(16))):
                fresh = attempt("bob", "alice", device())
                self.refuses(fresh, {"v": 2, "step": step, "hs": hs, "m": "AAAA"}, "bad_handshake")


class VersionTest(AttemptTestCase):
    def test_another_version_or_one_without_a_message_ends_the_attempt(self) -> None:
        for wrong in ({"v": 3}, {"v": 1}, {"v": "2"}, {"v": None}, {"v": [2]}, {"v": 2.5}):
            self.refuses(attempt("bob", "alice", device()), {**Pair().alice.opening(), **wrong}, "version")
        self.refuses(attempt("bob", "alice", device()), {"v": 2, "step": 1, "hs": b64(bytes(16))}, "version")

    def test_a_later_one_without_v_is_dropped(self) -> None:
        pair = Pair()
        pair.bob.receive_key(pair.alice.opening())
        self.assertEqual(pair.bob.receive_key({"publicKey": b64(bytes(32))}), [])
        self.assertEqual(pair.alice.receive_key({"publicKey": b64(bytes(32))}), [])
        self.assertEqual(len(pair.alice.receive_key(pair.bob.answer()[0])), 1)


class FailingTest(AttemptTestCase):
    def test_messages_that_cannot_be_end_the_attempt(self) -> None:
        one = Pair().alice.opening()
        long = "A" * (MAX_MESSAGE_CHARS + 4)
        wrong = [("m", m) for m in ("", "?", "AAAA", one["m"][:-4], b64(bytes(33)), long, *NO_TEXTS)]
        wrong += [("hs", hs) for hs in (b64(bytes(15)), "?", *NO_TEXTS)]
        for field, value in wrong:
            self.refuses(attempt("bob", "alice", device()), {**one, field: value}, "bad_handshake")

    def test_a_byte_changed_anywhere_in_step_2_or_3_ends_the_attempt(self) -> None:
        _, two, three = Pair().call()
        for at in range(len(unb64(two["m"]))):
            pair = Pair()
            pair.bob.receive_key(pair.alice.opening())
            self.refuses(pair.alice, flipped(pair.bob.answer()[0], at), "bad_handshake")
            self.assertIsNone(pair.alice_device.pin("bob"))
        for at in range(len(unb64(three["m"]))):
            pair = Pair()
            pair.bob.receive_key(pair.alice.opening())
            (three,) = pair.alice.receive_key(pair.bob.answer()[0])
            self.refuses(pair.bob, flipped(three, at), "bad_handshake")
            self.assertIsNone(pair.bob_device.pin("alice"))

    def test_a_byte_changed_in_step_1_fails_at_step_2(self) -> None:
        for at in range(32):
            pair = Pair()
            pair.bob.receive_key(flipped(pair.alice.opening(), at))
            self.refuses(pair.alice, pair.bob.answer()[0], "bad_handshake")

    def test_a_low_order_key_in_step_1_is_refused_at_the_answer(self) -> None:
        for key in LOW_ORDER:
            bob = attempt("bob", "alice", device())
            self.assertEqual(bob.receive_key({"v": 2, "step": 1, "hs": b64(bytes(16)), "m": b64(key)}), [])
            with self.assertRaises(KeyRefused) as caught:
                bob.answer()
            self.assertEqual(caught.exception.reason, "bad_handshake")

    def test_a_low_order_key_in_step_2_is_refused(self) -> None:
        for key in LOW_ORDER:
            alice = attempt("alice", "bob", device())
            hs = alice.opening()["hs"]
            self.refuses(alice, {"v": 2, "step": 2, "hs": hs, "m": b64(key + os.urandom(80))}, "bad_handshake")

    def test_after_a_failure_nothing_more_is_read(self) -> None:
        pair = Pair()
        pair.bob.receive_key(pair.alice.opening())
        (two,) = pair.bob.answer()
        self.refuses(pair.alice, flipped(two, 0), "bad_handshake")
        self.assertEqual(pair.alice.receive_key(two), [])
        self.assertFalse(pair.alice.agreed)

    def test_ones_own_identity_is_refused(self) -> None:
        one = device()
        pair = Pair(one, one)
        pair.bob.receive_key(pair.alice.opening())
        self.refuses(pair.alice, pair.bob.answer()[0], "bad_handshake")


class GlareTest(SimpleTestCase):
    """Both sent step 1: the one under an invite stands, else the one of the smaller name."""

    def test_in_every_combination_one_step_1_stands_on_both_sides(self) -> None:
        for alice_invited, bob_invited, caller in (
            (False, False, "alice"),
            (True, False, "alice"),
            (False, True, "bob"),
            (True, True, "alice"),
        ):
            with self.subTest(alice_invited=alice_invited, bob_invited=bob_invited):
                self.assertEqual(self.who_calls(alice_invited, bob_invited), caller)

    def who_calls(self, alice_invited: bool, bob_invited: bool) -> str:
        devices = {"alice": device(), "bob": device()}
        invites = {
            "alice": devices["bob"].new_invite("bob") if alice_invited else None,
            "bob": devices["alice"].new_invite("alice") if bob_invited else None,
        }
        # In the wrong case on purpose: names are compared without it.
        alice = attempt("alice", "BOB", devices["alice"], invites["alice"])
        bob = attempt("BOB", "alice", devices["bob"], invites["bob"])
        crossing = alice.opening(), bob.opening()
        to_bob, to_alice = alice.receive_key(crossing[1]), bob.receive_key(crossing[0])
        self.assertEqual(len(to_bob) + len(to_alice), 1)
        for _ in range(2):
            to_bob, to_alice = (
                [step for payload in to_alice for step in alice.receive_key(payload)],
                [step for payload in to_bob for step in bob.receive_key(payload)],
            )
        self.assertTrue(alice.agreed and bob.agreed)
        self.assertEqual({alice.role, bob.role}, {"caller", "called"})
        invited = alice_invited or bob_invited
        self.assertEqual((alice.trust, bob.trust), ("verified" if invited else "unverified",) * 2)
        return "alice" if alice.role == "caller" else "bob"


class InvitesTest(SimpleTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.now = NOW_MS
        self.bob = device(lambda: self.now)
        self.invite = self.bob.new_invite("bob")
        self.alice = device(lambda: self.now)
        self.alice.keep_opened(self.invite)

    def pair(self, invite: Invite | None = None) -> Pair:
        return Pair(self.alice, self.bob, invite or self.invite)

    def opened(self) -> str | None:
        return self.alice.opened_state(self.invite.uuid)

    def made(self) -> Any:
        return self.bob.made_invite(self.invite.uuid, "bob")

    def reason(self, act: Any, *args: Any) -> str:
        with self.assertRaises(KeyRefused) as caught:
            act(*args)
        return caught.exception.reason

    def test_both_end_verified_without_comparing(self) -> None:
        pair = self.pair()
        one, *_ = pair.call()
        self.assertEqual((one["invite"], len(unb64(one["m"]))), (self.invite.uuid, 48))
        self.assertTrue(pair.alice.invited and pair.bob.invited)
        self.assertEqual((pair.alice.trust, pair.bob.trust), ("verified", "verified"))

    def test_the_opener_burns_it_at_a_verified_step_2_and_the_inviter_at_a_verified_step_3(self) -> None:
        pair = self.pair()
        pair.bob.receive_key(pair.alice.opening())
        (two,) = pair.bob.answer()
        self.assertEqual((self.opened(), self.made()), ("fresh", self.invite))
        (three,) = pair.alice.receive_key(two)
        self.assertEqual((self.opened(), self.made()), ("used", self.invite))
        pair.bob.receive_key(three)
        self.assertEqual((self.opened(), self.made()), ("used", "invite_used"))

    def test_steps_that_fail_do_not_burn_it(self) -> None:
        for at in range(48):
            pair = self.pair()
            self.assertEqual(self.reason(pair.bob.receive_key, flipped(pair.alice.opening(), at)), "invite_changed")
        pair = self.pair()
        pair.bob.receive_key(pair.alice.opening())
        (two,) = pair.bob.answer()
        self.assertEqual(self.reason(pair.alice.receive_key, flipped(two, 40)), "invite_failed")
        self.assertEqual(self.opened(), "fresh")
        pair = self.pair()
        pair.bob.receive_key(pair.alice.opening())
        (three,) = pair.alice.receive_key(pair.bob.answer()[0])
        self.assertEqual(self.reason(pair.bob.receive_key, flipped(three, 0)), "invite_failed")
        self.assertEqual(self.made(), self.invite)

    def test_one_that_is_used_expired_or_unknown_says_which(self) -> None:
        one = self.pair().alice.opening()
        self.assertEqual(self.reason(attempt("carol", "alice", self.bob).receive_key, one), "invite_unknown")
        self.assertEqual(self.reason(attempt("bob", "alice", device()).receive_key, one), "invite_unknown")
        self.now += LIFETIME_MS
        self.assertEqual(self.reason(attempt("bob", "alice", self.bob).receive_key, one), "invite_expired")
        self.bob.burn_made(self.invite.uuid)
        self.assertEqual(self.reason(attempt("bob", "alice", self.bob).receive_key, one), "invite_used")
        for uuid in ("", "x", *NO_TEXTS):
            step = {**one, "invite": uuid}
            self.assertEqual(self.reason(attempt("bob", "alice", self.bob).receive_key, step), "invite_unknown")

    def test_a_wrong_secret_fails_on_the_inviters_side_and_burns_nothing(self) -> None:
        forged = Invite(self.invite.name, self.invite.uuid, os.urandom(32))
        pair = self.pair(forged)
        self.assertEqual(self.reason(pair.bob.receive_key, pair.alice.opening()), "invite_changed")
        self.assertEqual((self.made(), pair.bob.agreed), (self.invite, False))

    def test_stripped_on_the_way_it_does_not_become_a_call_without(self) -> None:
        pair = self.pair()
        one = pair.alice.opening()
        del one["invite"]
        self.assertEqual(self.reason(pair.bob.receive_key, one), "bad_handshake")
        self.assertEqual((self.opened(), self.made()), ("fresh", self.invite))

    def test_one_put_into_a_call_without_does_not_make_it_invited(self) -> None:
        caller, called = attempt("alice", "bob", self.alice), attempt("bob", "alice", self.bob)
        one = {**caller.opening(), "invite": self.invite.uuid}
        self.assertEqual(self.reason(called.receive_key, one), "invite_changed")
        self.assertEqual(self.made(), self.invite)

    def test_who_answers_without_the_secret_fails_on_the_openers_side(self) -> None:
        caller = attempt("alice", "bob", self.alice, self.invite)
        one = caller.opening()
        mallory = device()
        known = Invite("bob", self.invite.uuid, os.urandom(32))
        called = attempt("bob", "alice", mallory)
        fresh = attempt("alice", "bob", device(), known)
        mallory._invites._keep("made", known, 1)
        called.receive_key({**fresh.opening(), "hs": one["hs"]})
        self.assertEqual(self.reason(caller.receive_key, called.answer()[0]), "invite_failed")
        self.assertEqual((self.opened(), self.alice.pin("bob")), ("fresh", None))

    def test_another_device_than_the_one_known_stops_under_an_invite_too(self) -> None:
        self.alice.meet("bob", device().key.public)
        pair = self.pair()
        pair.bob.receive_key(pair.alice.opening())
        self.assertEqual(pair.alice.receive_key(pair.bob.answer()[0]), [])
        self.assertIsNotNone(pair.alice.changed)
        self.assertFalse(pair.alice.agreed)


class PinsTest(SimpleTestCase):
    def test_a_first_contact_is_pinned_on_both_sides_and_not_verified(self) -> None:
        pair = agreed()
        for side, mine, name, theirs in (
            (pair.alice, pair.alice_device, "bob", pair.bob_device),
            (pair.bob, pair.bob_device, "alice", pair.alice_device),
        ):
            pin = mine.pin(name)
            assert pin is not None
            self.assertEqual((pin.identity, pin.verified), (theirs.key.public, False))
            self.assertEqual((side.trust, side.changed, side.known_as), ("unverified", None, []))

    def test_the_same_device_is_known_again_and_stays_verified(self) -> None:
        pair = agreed()
        pair.alice.verify(True)
        again = Pair(pair.alice_device, pair.bob_device)
        again.call()
        self.assertEqual((again.alice.trust, again.bob.trust), ("verified", "unverified"))

    def test_a_caller_who_meets_another_key_says_nothing_before_the_person_accepts(self) -> None:
        pair = Pair()
        old = device().key.public
        pair.alice_device.meet("bob", old)
        pair.alice_device.set_verified("bob", old, True)
        pair.bob.receive_key(pair.alice.opening())
        self.assertEqual(pair.alice.receive_key(pair.bob.answer()[0]), [])
        assert pair.alice.changed is not None
        self.assertEqual((pair.alice.changed.identity, pair.alice.trust, pair.alice.agreed), (old, "changed", False))
        self.assertEqual(self.identities(pair.alice_device, "bob"), [(old, True)])
        (three,) = pair.alice.accept_key()
        pair.bob.receive_key(three)
        self.assertEqual((pair.alice.trust, pair.alice.changed, pair.bob.agreed), ("unverified", None, True))
        kept = [(old, True), (pair.bob_device.key.public, False)]
        self.assertEqual(self.identities(pair.alice_device, "bob"), kept)

    def test_the_called_one_who_meets_another_key_opens_nothing_before_the_person_accepts(self) -> None:
        pair = Pair()
        old = device().key.public
        pair.bob_device.meet("alice", old)
        pair.call()
        self.assertEqual((pair.bob.trust, pair.bob.agreed), ("changed", False))
        box = pair.alice.seal_signal("offer", OFFER)
        self.assertIsNone(pair.bob.open_signal("offer", box))
        self.assertEqual(pair.bob.accept_key(), [])
        self.assertEqual((pair.bob.trust, pair.bob.agreed), ("unverified", True))
        self.assertEqual(pair.bob.open_signal("offer", box), OFFER)
        kept = [(old, False), (pair.alice_device.key.public, False)]
        self.assertEqual(self.identities(pair.bob_device, "alice"), kept)

    def test_accepted_when_the_call_is_over_it_is_a_pin_and_no_call(self) -> None:
        pair = Pair()
        pair.alice_device.meet("bob", device().key.public)
        pair.bob.receive_key(pair.alice.opening())
        pair.alice.receive_key(pair.bob.answer()[0])
        pair.alice.erase()
        self.assertEqual(pair.alice.accept_key(), [])
        self.assertFalse(pair.alice.agreed)
        again = Pair(pair.alice_device, pair.bob_device)
        again.call()
        self.assertEqual(again.alice.trust, "unverified")

    def test_a_device_known_under_other_names_is_announced(self) -> None:
        pair = Pair()
        pair.alice_device.meet("Robert", pair.bob_device.key.public)
        pair.call()
        self.assertEqual((pair.alice.known_as, pair.bob.known_as), (["Robert"], []))

    def test_a_step_that_fails_pins_nothing(self) -> None:
        pair = Pair()
        pair.bob.receive_key(pair.alice.opening())
        with self.assertRaises(KeyRefused):
            pair.alice.receive_key(flipped(pair.bob.answer()[0], 60))
        self.assertIsNone(pair.alice_device.pin("bob"))

    def identities(self, mine: Identity, name: str) -> list[tuple[bytes, bool]]:
        return [(pin.identity, pin.verified) for pin in mine.pins(name)]


class TrustTest(SimpleTestCase):
    def test_it_is_the_persons_word_and_can_be_taken_back(self) -> None:
        pair = agreed()
        pair.alice.verify(True)
        self.assertEqual((pair.alice.trust, pair.bob.trust), ("verified", "unverified"))
        pair.alice.verify(False)
        self.assertEqual(pair.alice.trust, "unverified")

    def test_a_word_about_a_device_that_is_no_longer_the_newest_changes_nothing(self) -> None:
        pair = agreed()
        newer = device().key.public
        pair.alice_device.accept("bob", newer)
        pair.alice.verify(True)
        pin = pair.alice_device.pin("bob")
        assert pin is not None
        self.assertEqual((pin.identity, pin.verified, pair.alice.trust), (newer, False, "unverified"))

    def test_a_renewal_is_a_fresh_attempt_without_the_invite(self) -> None:
        inviter = device()
        pair = Pair(bob=inviter, invite=inviter.new_invite("bob"))
        pair.call()
        fresh = pair.alice.renewal()
        self.assertNotIn("invite", fresh.opening())
        self.assertEqual((fresh.agreed, fresh.their_identity), (False, None))


class SignalsTest(SimpleTestCase):
    def test_an_answer_and_candidates_belong_to_the_newest_offer(self) -> None:
        pair = agreed()
        first = pair.alice.seal_signal("offer", OFFER)
        self.assertEqual(pair.bob.open_signal("offer", first), OFFER)
        answer = pair.bob.seal_signal("answer", ANSWER)
        self.assertEqual(pair.bob.seal_signal("ice", CANDIDATE).keys(), {"box"})
        self.assertEqual(pair.alice.open_signal("answer", answer), {**ANSWER, "re": 1})
        candidate = pair.alice.seal_signal("ice", CANDIDATE)
        self.assertEqual(pair.bob.open_signal("ice", candidate), {**CANDIDATE, "re": 1})

    def test_an_answer_to_an_older_offer_is_dropped(self) -> None:
        pair = agreed()
        pair.bob.open_signal("offer", pair.alice.seal_signal("offer", OFFER))
        answer = pair.bob.seal_signal("answer", ANSWER)
        candidate = pair.bob.seal_signal("ice", CANDIDATE)
        newer = pair.alice.seal_signal("offer", OFFER)
        self.assertIsNone(pair.alice.open_signal("answer", answer))
        self.assertIsNone(pair.alice.open_signal("ice", candidate))
        pair.bob.open_signal("offer", newer)
        self.assertIsNotNone(pair.alice.open_signal("answer", pair.bob.seal_signal("answer", ANSWER)))

    def test_an_answer_that_names_no_offer_is_dropped_and_a_candidate_is_not(self) -> None:
        pair = agreed()
        pair.bob.open_signal("offer", pair.alice.seal_signal("offer", OFFER))
        assert pair.bob._sealing is not None
        self.assertIsNone(pair.alice.open_signal("answer", pair.bob._sealing.seal("answer", ANSWER)))
        self.assertEqual(pair.alice.open_signal("ice", pair.bob._sealing.seal("ice", CANDIDATE)), CANDIDATE)

    def test_an_offer_is_named_by_its_number_and_nothing_like_it(self) -> None:
        pair = agreed()
        pair.bob.open_signal("offer", pair.alice.seal_signal("offer", OFFER))
        sealing = pair.bob._sealing
        assert sealing is not None
        for kind, body in (("answer", ANSWER), ("ice", CANDIDATE)):
            for unlike in (True, "1", [1], None):
                signal = sealing.seal(kind, {**body, "re": unlike})
                self.assertIsNone(pair.alice.open_signal(kind, signal), unlike)

    def test_plain_repeated_reflected_and_unopenable_signals_are_dropped_and_change_nothing(self) -> None:
        pair = agreed()
        box = pair.alice.seal_signal("offer", OFFER)
        stranger = agreed().alice.seal_signal("offer", OFFER)
        for payload in (OFFER, {}, {"box": None}, {"box": ""}, stranger, {"box": box["box"][:-4]}):
            self.assertIsNone(pair.bob.open_signal("offer", payload))
        self.assertIsNone(pair.bob.open_signal("answer", box))
        self.assertIsNone(pair.alice.open_signal("offer", box))
        self.assertEqual(pair.bob.open_signal("offer", box), OFFER)
        self.assertIsNone(pair.bob.open_signal("offer", box))

    def test_before_the_keys_stand_nothing_is_opened(self) -> None:
        pair = Pair()
        self.assertIsNone(pair.bob.open_signal("offer", agreed().alice.seal_signal("offer", OFFER)))

    def test_the_caller_makes_the_offer_whatever_the_server_says(self) -> None:
        pair = agreed()
        for initiator in (True, False):
            self.assertEqual((pair.alice.offers(initiator), pair.bob.offers(initiator)), (True, False))


class MessagesTest(SimpleTestCase):
    def test_the_called_one_is_ready_with_the_callers_first_frame(self) -> None:
        pair = agreed()
        self.assertEqual((pair.alice.ready, pair.bob.ready), (True, False))
        hello = pair.bob.seal({"t": "hello"})
        self.assertEqual(pair.alice.open(hello), {"t": "hello"})
        self.assertFalse(pair.bob.ready)
        pair.bob.open(pair.alice.seal({"t": "hello"}))
        self.assertTrue(pair.bob.ready)

    def test_nobody_is_ready_without_keys(self) -> None:
        pair = Pair()
        self.assertEqual((pair.alice.ready, pair.bob.ready, pair.bob.open("2.AAAA.AAAA")), (False, False, None))

    def test_a_message_fits_whatever_its_number_will_be(self) -> None:
        pair = agreed()
        room = MAX_PLAINTEXT_BYTES - len('{"t":"text","body":"","seq":9007199254740991}')
        self.assertTrue(pair.alice.fits({"t": "text", "body": "x" * room}))
        self.assertFalse(pair.alice.fits({"t": "text", "body": "x" * (room + 1)}))
        self.assertTrue(pair.alice.fits({"t": "text", "body": "é" * (room // 2)}))
        self.assertFalse(pair.alice.fits({"t": "text", "body": "é" * (room // 2 + 1)}))
        longest = {"t": "text", "body": "x" * room, "seq": 2**53 - 1}
        self.assertEqual(pair.bob.open(pair.alice.seal(longest)), longest)

    def test_a_frame_that_says_nothing_readable_is_empty_and_one_that_fails_is_none(self) -> None:
        pair = agreed()
        assert pair.alice._ratchet is not None
        for plaintext in (b"", b"\xff", b"{", b"[" * 100_000, b"[]", b"7", b"null", b"1" * 5_000):
            self.assertEqual(pair.bob.open(pair.alice._ratchet.encrypt(plaintext)), {})
        for frame in (
            "",
            "hello",
            "2..",
            "2.AAAA.AAAA",
            pair.bob.seal({"t": "hello"}),
            agreed().alice.seal({"t": "x"}),
        ):
            self.assertIsNone(pair.bob.open(frame))

    def test_umlauts_and_emoji_go_as_they_are(self) -> None:
        pair = agreed()
        content = {"t": "text", "body": 'schön 🎉 \u0000\\"'}
        self.assertEqual(pair.bob.open(pair.alice.seal(content)), content)


class EraseTest(SimpleTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.random = Recorder()

    def pair(self, *recorded: str) -> Pair:
        """A pair of which these sides draw what is remembered."""
        pair = Pair()
        if "alice" in recorded:
            pair.alice = self.random.attempt("alice", "bob", pair.alice_device)
        if "bob" in recorded:
            pair.bob = self.random.attempt("bob", "alice", pair.bob_device)
        return pair

    def test_every_secret_that_was_drawn_is_gone(self) -> None:
        for steps in range(4):
            pair = self.pair("alice", "bob")
            play(pair, steps)
            for side in (pair.alice, pair.bob):
                side.erase()
                self.assertEqual(self.random.secrets & held(side), set(), steps)

    def test_the_callers_ephemeral_key_is_gone_when_the_keys_stand(self) -> None:
        pair = self.pair("alice")
        pair.alice.opening()
        (ephemeral,) = self.random.secrets
        self.assertIn(ephemeral, held(pair.alice))
        pair.call()
        self.assertNotIn(ephemeral, held(pair.alice))

    def test_the_called_ones_ephemeral_key_is_gone_with_its_first_ratchet_step(self) -> None:
        pair = self.pair("bob")
        pair.call()
        (ephemeral,) = self.random.secrets
        self.assertIn(ephemeral, held(pair.bob))
        pair.bob.open(pair.alice.seal({"t": "hello"}))
        self.assertNotIn(ephemeral, held(pair.bob))


def play(pair: Pair, steps: int) -> None:
    """So many of the three steps."""
    if steps == 0:
        return
    pair.bob.receive_key(pair.alice.opening())
    if steps > 1:
        threes = pair.alice.receive_key(pair.bob.answer()[0])
        for three in threes if steps > 2 else []:
            pair.bob.receive_key(three)


def flipped(payload: dict[str, Any], at: int) -> dict[str, Any]:
    """The step with one bit changed in this byte of its message. The lowest bit: an X25519 key's highest is ignored."""
    message = bytearray(unb64(payload["m"]))
    message[at] ^= 1
    return {**payload, "m": b64(bytes(message))}
