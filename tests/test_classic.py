"""chat/peer/classic.py: the original app's encryption, on the shared vectors and under attack."""

from __future__ import annotations

import json
import os

from django.test import SimpleTestCase

from chat.peer import primitives
from chat.peer.classic import MAX_FRAME_CHARS, MAX_TEXT_BYTES, Classic, Payload
from chat.peer.errors import KeyRefused
from tests.support.devices import Recorder
from tests.support.handshakes import held
from tests.support.vectors import drawn, vectors

CLASSIC = vectors("classic")


def text(body: str) -> Payload:
    return {"t": "text", "body": body}


def pair() -> tuple[Classic, Classic]:
    """Two sides that have each other's key."""
    alice, bob = Classic(os.urandom), Classic(os.urandom)
    alice.receive_key(bob.opening())
    bob.receive_key(alice.opening())
    return alice, bob


class ClassicTest(SimpleTestCase):
    def test_frames_are_those_of_the_vectors(self) -> None:
        for case in CLASSIC["messages"]:
            alice = Classic(drawn(bytes.fromhex(case["alicePrivate"]), bytes.fromhex(case["nonce"])))
            bob = Classic(drawn(bytes.fromhex(case["bobPrivate"])))
            alice.receive_key(bob.opening())
            bob.receive_key(alice.opening())
            frame = alice.seal(text(case["text"]))
            self.assertEqual(frame, case["frame"])
            self.assertEqual(bob.open(frame), text(case["text"]))

    def test_the_later_form_is_read_and_answered_in_kind(self) -> None:
        for case in CLASSIC["messages"]:
            alice = Classic(drawn(bytes.fromhex(case["alicePrivate"])))
            bob = Classic(drawn(bytes.fromhex(case["bobPrivate"]), b"m" * 24, b"n" * 24))
            alice.receive_key(bob.opening())
            bob.receive_key(alice.opening())
            self.assertFalse(bob.seal(text("first")).startswith("{"))
            self.assertEqual(bob.open(case["wrapped"]), text(case["text"]))
            answer = json.loads(bob.seal(text("answer")))
            self.assertEqual(set(answer), {"rk", "ct"})
            self.assertEqual(alice.open(json.dumps(answer)), text("answer"))

    def test_a_later_form_under_another_key_is_dropped(self) -> None:
        alice, bob = pair()
        frame = alice.seal(text("text"))
        for rk in (bob.opening()["publicKey"], "", None, 5):
            self.assertIsNone(bob.open(json.dumps({"rk": rk, "ct": frame})))
        self.assertEqual(bob.open(json.dumps({"rk": alice.opening()["publicKey"], "ct": frame})), text("text"))

    def test_a_repeated_frame_is_dropped(self) -> None:
        alice, bob = pair()
        frame = alice.seal(text("once"))
        self.assertEqual(bob.open(frame), text("once"))
        self.assertIsNone(bob.open(frame))

    def test_ones_own_frame_coming_back_is_dropped(self) -> None:
        alice, _ = pair()
        self.assertIsNone(alice.open(alice.seal(text("mine"))))

    def test_a_frame_changed_anywhere_is_dropped_and_the_next_one_read(self) -> None:
        alice, bob = pair()
        frame = alice.seal(text("text"))
        for at in range(len(frame)):
            changed = frame[:at] + ("A" if frame[at] != "A" else "B") + frame[at + 1 :]
            self.assertIsNone(bob.open(changed))
        self.assertEqual(bob.open(frame), text("text"))

    def test_rubbish_is_dropped(self) -> None:
        _, bob = pair()
        rubbish = [
            "",
            "hello",
            "{",
            "{}",
            "[]",
            "{" * 5000,
            '{"rk":1,"ct":[]}',
            "null",
            "AAAA",
            "A" * (MAX_FRAME_CHARS + 1),
        ]
        for frame in rubbish:
            with self.subTest(frame=frame[:20]):
                self.assertIsNone(bob.open(frame))

    def test_what_is_not_utf8_is_dropped(self) -> None:
        alice = Classic(drawn(b"a" * 32))
        bob = Classic(drawn(b"b" * 32))
        bob.receive_key(alice.opening())
        key = primitives.box_key(b"a" * 32, primitives.public_key(b"b" * 32))
        frame = primitives.b64(b"n" * 24 + primitives.seal(key, b"n" * 24, b"\xff\xfe"))
        self.assertIsNone(bob.open(frame))

    def test_plain_text_is_never_shown(self) -> None:
        _, bob = pair()
        self.assertIsNone(bob.open("hi bob, this is not encrypted"))

    def test_keys_that_cannot_be_are_refused(self) -> None:
        zero = {"publicKey": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}
        for payload in ({}, {"publicKey": None}, {"publicKey": "AA=="}, {"publicKey": 7}, zero):
            with self.subTest(payload=payload), self.assertRaises(KeyRefused) as caught:
                Classic(os.urandom).receive_key(payload)
            self.assertEqual(caught.exception.reason, "bad_key")

    def test_ones_own_key_coming_back_is_refused(self) -> None:
        alice = Classic(os.urandom)
        with self.assertRaises(KeyRefused):
            alice.receive_key(alice.opening())

    def test_the_first_key_stands(self) -> None:
        alice, bob = pair()
        bob.receive_key(Classic(os.urandom).opening())
        self.assertEqual(bob.open(alice.seal(text("still"))), text("still"))

    def test_a_peer_is_classic_by_the_absence_of_v_alone(self) -> None:
        self.assertTrue(Classic.recognises({"publicKey": "x"}))
        self.assertFalse(Classic.recognises({"publicKey": "x", "v": 2}))
        self.assertFalse(Classic.recognises({"v": None}))

    def test_who_is_known_otherwise_is_refused_whatever_the_key(self) -> None:
        for payload in (Classic(os.urandom).opening(), {}):
            known = Classic(os.urandom, refused=True)
            with self.assertRaises(KeyRefused) as caught:
                known.receive_key(payload)
            self.assertEqual((caught.exception.reason, known.agreed), ("classic_refused", False))

    def test_the_person_is_asked_and_nothing_makes_it_more_than_classic(self) -> None:
        alice, _ = pair()
        alice.verify(True)
        self.assertEqual((alice.needs_consent, alice.trust, alice.their_identity), (True, "classic", None))
        self.assertEqual((alice.safety_number(), alice.features, alice.acknowledges), ("", (), False))

    def test_a_text_fits_by_its_bytes(self) -> None:
        alice, _ = pair()
        self.assertTrue(alice.fits(text("x" * MAX_TEXT_BYTES)))
        self.assertFalse(alice.fits(text("x" * (MAX_TEXT_BYTES + 1))))
        self.assertFalse(alice.fits(text("é" * (MAX_TEXT_BYTES // 2 + 1))))

    def test_the_keys_are_gone_when_it_is_erased(self) -> None:
        random = Recorder()
        alice = Classic(random.random)
        alice.receive_key(Classic(os.urandom).opening())
        alice.erase()
        self.assertEqual(random.secrets & held(alice), set())
        self.assertFalse(alice.agreed)
