"""chat/peer/sealing.py: sealed signaling, on the shared vectors and under attack."""

from __future__ import annotations

import json
import os
from typing import Any

from django.test import SimpleTestCase

from chat.peer import primitives
from chat.peer.handshake import Keys
from chat.peer.primitives import b64, pad, u32, unb64
from chat.peer.sealing import BLOCK, KINDS, MAX_JSON_BYTES, Sealing
from tests.support.handshakes import LOWKEY2, held
from tests.support.vectors import drawn

OFFER = {"type": "offer", "sdp": "v=0\r\n"}
KEYS = Keys(b"r" * 32, b"c" * 32, b"1" * 32, b"2" * 32, b"h" * 64, b"", b"e" * 32)


def pair() -> tuple[Sealing, Sealing]:
    return Sealing("caller", KEYS, os.urandom), Sealing("called", KEYS, os.urandom)


def boxed(content: bytes, block: int = BLOCK) -> dict[str, Any]:
    """What the caller could send, if it did not keep to the rules."""
    return {"box": b64(bytes(24) + primitives.seal(KEYS.seal_caller, bytes(24), pad(content, block)))}


class SealingTest(SimpleTestCase):
    def test_boxes_are_those_of_the_vectors(self) -> None:
        for case in LOWKEY2["sealed"]:
            key, body = bytes.fromhex(case["key"]), json.loads(case["json"])
            kind = next(name for name, number in KINDS.items() if number == case["kind"])
            earlier = [bytes(24)] * (case["counter"] - 1)
            keys = Keys(b"", b"", key, key[::-1], b"", b"", b"")
            caller = Sealing("caller", keys, drawn(*earlier, bytes.fromhex(case["nonce"])))
            for _ in earlier:
                caller.seal("ice", {})
            self.assertEqual(caller.seal(kind, body), {"box": case["box"]})
            called = Sealing("called", keys, drawn())
            self.assertEqual(called.open(kind, {"box": case["box"]}), (case["counter"], body))

    def test_both_directions_carry_each_kind(self) -> None:
        for ours, theirs in (pair(), pair()[::-1]):
            for counter, kind in enumerate(KINDS, start=1):
                body = {"type": kind, "sdp": "naïve ☕", "re": None}
                self.assertEqual(theirs.open(kind, ours.seal(kind, body)), (counter, body))
                self.assertEqual(ours.counter, counter)

    def test_lengths_are_hidden_in_blocks_of_1024(self) -> None:
        caller, _ = pair()
        lengths = {len(unb64(caller.seal("ice", {"x": "x" * n})["box"])) for n in (0, 100, 1010, 1011, 2034)}
        self.assertEqual(lengths, {40 + 1024, 40 + 2048})

    def test_40_000_bytes_may_be_sent_and_one_more_may_not(self) -> None:
        caller, called = pair()
        longest = {"x": "x" * (MAX_JSON_BYTES - len('{"x":""}'))}
        for body in ({"x": longest["x"] + "x"}, {"x": "é" * 20_000}, {"x": "\ud800"}):
            self.assertRaises(ValueError, caller.seal, "offer", body)
        self.assertEqual(called.open("offer", caller.seal("offer", longest)), (1, longest))
        text = json.dumps({"x": longest["x"] + "x"}, separators=(",", ":")).encode()
        self.assertIsNone(called.open("offer", boxed(b"\x01" + u32(2) + text)))

    def test_a_counter_may_leave_numbers_out(self) -> None:
        caller, called = pair()
        boxes = [caller.seal("ice", {"n": n}) for n in range(1, 6)]
        self.assertEqual(called.open("ice", boxes[2]), (3, {"n": 3}))
        self.assertEqual(called.open("ice", boxes[4]), (5, {"n": 5}))

    def test_an_erased_one_holds_no_key_and_does_nothing(self) -> None:
        caller, called = pair()
        box = caller.seal("offer", OFFER)
        for side in (caller, called):
            side.erase()
            self.assertFalse({KEYS.seal_caller, KEYS.seal_called} & held(vars(side)))
            self.assertRaises(ValueError, side.seal, "offer", OFFER)
            self.assertIsNone(side.open("offer", box))

    def test_an_extra_field_beside_the_box_is_ignored(self) -> None:
        caller, called = pair()
        self.assertEqual(called.open("offer", {**caller.seal("offer", OFFER), "sdp": "other"}), (1, OFFER))


class AttackTest(SimpleTestCase):
    def test_a_repeated_or_reordered_box_is_dropped(self) -> None:
        caller, called = pair()
        first, second = caller.seal("offer", OFFER), caller.seal("ice", {})
        self.assertEqual(called.open("ice", second), (2, {}))
        for kind, old in (("ice", second), ("offer", first)):
            self.assertIsNone(called.open(kind, old))
        self.assertEqual(called.open("offer", caller.seal("offer", OFFER)), (3, OFFER))

    def test_another_kind_than_the_envelopes_is_dropped_and_uses_nothing_up(self) -> None:
        for kind in KINDS:
            caller, called = pair()
            box = caller.seal(kind, OFFER)
            for other in KINDS.keys() - {kind}:
                self.assertIsNone(called.open(other, box))
            self.assertEqual(called.open(kind, box), (1, OFFER))

    def test_ones_own_box_coming_back_is_dropped(self) -> None:
        for side in pair():
            self.assertIsNone(side.open("offer", side.seal("offer", OFFER)))

    def test_plain_and_malformed_signals_are_dropped(self) -> None:
        caller, called = pair()
        box = caller.seal("offer", OFFER)["box"]
        malformed: list[Any] = [
            *(OFFER, {}, None, [], "box", 5, {"box": None}, {"box": 5}, {"box": [box]}, {"box": {}}, {"box": ""}),
            *({"box": "AAAA"}, {"box": "v=0"}, {"box": box[:-4]}, {"box": box + "AAAA"}, {"box": box + "\n"}),
            *({"box": b64(bytes(24))}, {"box": b64(bytes(40))}, {"box": "A" * 1_000_000}),
        ]
        for payload in malformed:
            with self.subTest(payload=str(payload)[:20]):
                self.assertIsNone(called.open("offer", payload))
        self.assertEqual(called.open("offer", {"box": box}), (1, OFFER))

    def test_a_box_changed_anywhere_is_dropped_and_changes_nothing(self) -> None:
        caller, called = pair()
        data = unb64(caller.seal("offer", OFFER)["box"])
        for at in range(0, len(data), 3):
            changed = bytearray(data)
            changed[at] ^= 1
            self.assertIsNone(called.open("offer", {"box": b64(bytes(changed))}))
        self.assertEqual(called.open("offer", {"box": b64(data)}), (1, OFFER))

    def test_what_the_other_should_not_have_sealed_is_dropped(self) -> None:
        _, called = pair()
        head = b"\x01" + u32(9)
        bad = (b"", b"\x01", b"\x01\0\0", head, head + b"[]", head + b"null", head + b"{", head + b"\xff{}")
        contents = (*bad, b"\x01" + u32(0) + b"{}", b"\x04" + u32(9) + b"{}", head + b"[" * 30_000)
        for content in contents:
            with self.subTest(content=content[:10]):
                self.assertIsNone(called.open("offer", boxed(content)))
        self.assertIsNone(called.open("offer", boxed(head + b"{}", 64)))
        self.assertEqual(called.open("offer", boxed(b"\x01" + u32(1) + b"{}")), (1, {}))
