"""chat/peer/ratchet.py: the Double Ratchet, on the shared vectors' scripts and under attack."""

from __future__ import annotations

import os
import random as pseudo
import time
from dataclasses import replace

from django.test import SimpleTestCase

from chat.peer.handshake import Keys
from chat.peer.primitives import b64, unb64
from chat.peer.ratchet import KEPT_SECONDS, MAX_FRAME_CHARS, MAX_KEPT, MAX_SKIPPED, Ratchet
from tests.support.handshakes import LOW_ORDER, LOWKEY2, finish, held, pair, pair_of
from tests.support.vectors import drawn


def start() -> tuple[Ratchet, Ratchet]:
    """The caller's and the called one's ratchet, after a handshake."""
    ours, theirs = finish(*pair())
    return Ratchet("caller", ours, os.urandom), Ratchet("called", theirs, os.urandom)


def met() -> tuple[Ratchet, Ratchet]:
    """Both, once each has read a frame of the other: no frame is missing."""
    caller, called = start()
    called.decrypt(caller.encrypt(b"hello"), 0)
    caller.decrypt(called.encrypt(b"hello"), 0)
    return caller, called


def rebuilt(frame: str, public: bytes | None = None, pn: int | None = None, n: int | None = None) -> str:
    """The frame with another header before the same body."""
    _, first, body = frame.split(".")
    header = bytearray(unb64(first))
    header[1:33] = public or header[1:33]
    header[33:37] = header[33:37] if pn is None else pn.to_bytes(4, "big")
    header[37:41] = header[37:41] if n is None else n.to_bytes(4, "big")
    return f"2.{b64(bytes(header))}.{body}"


class VectorsTest(SimpleTestCase):
    def test_the_scripts_of_the_vectors_give_their_frames_and_texts(self) -> None:
        for case in LOWKEY2["handshake"]:
            keys = dict(zip(("caller", "called"), finish(*pair_of(case)), strict=True))
            sides = {name: self.side(name, keys[name], case["rng"][name]) for name in keys}
            for step in case["ratchet"]:
                side, text = sides[step["by"]], step["text"].encode()
                if step["do"] == "send":
                    self.assertEqual(side.encrypt(text), step["frame"])
                else:
                    self.assertEqual(side.decrypt(step["frame"], 0), text)

    def side(self, name: str, keys: Keys, draws: list[str]) -> Ratchet:
        return Ratchet("caller" if name == "caller" else "called", keys, drawn(*map(bytes.fromhex, draws)))


class ConversationTest(SimpleTestCase):
    def test_both_may_write_at_once(self) -> None:
        caller, called = start()
        first, second = caller.encrypt(b"from the caller"), called.encrypt(b"from the called one")
        self.assertEqual(caller.decrypt(second, 0), b"from the called one")
        self.assertEqual(called.decrypt(first, 0), b"from the caller")

    def test_the_called_one_has_stepped_once_it_has_read_a_frame(self) -> None:
        caller, called = start()
        self.assertEqual((caller.stepped, called.stepped), (True, False))
        caller.decrypt(called.encrypt(b"hello"), 0)
        called.decrypt(rebuilt(caller.encrypt(b"hello"), n=7), 0)
        self.assertFalse(called.stepped)
        called.decrypt(caller.encrypt(b"hello"), 0)
        self.assertTrue(called.stepped)

    def test_used_keys_are_erased(self) -> None:
        for case in LOWKEY2["handshake"]:
            ours, theirs = finish(*pair_of(case))
            caller, called = Ratchet("caller", ours, os.urandom), Ratchet("called", theirs, os.urandom)
            assert theirs.ephemeral is not None
            self.assertTrue({theirs.root, theirs.chain, theirs.ephemeral} <= held(called))
            for _ in range(2):
                called.decrypt(caller.encrypt(b"turn"), 0)
                caller.decrypt(called.encrypt(b"turn"), 0)
            for side in (caller, called):
                self.assertFalse({ours.root, ours.chain, theirs.ephemeral} & held(side))

    def test_an_erased_ratchet_holds_no_key_and_does_nothing(self) -> None:
        caller, called = met()
        caller.encrypt(b"lost")
        called.decrypt(caller.encrypt(b"text"), 0)
        frame, keys = caller.encrypt(b"text"), held(called)
        called.erase()
        self.assertEqual({len(key) for key in held(called) & keys} - {0}, {64})
        self.assertIsNone(called.decrypt(frame, 0))
        self.assertRaises(AssertionError, called.encrypt, b"text")

    def test_a_turn_brings_a_new_key_and_a_run_of_one_side_does_not(self) -> None:
        caller, called = met()
        keys = []
        for _ in range(3):
            frames = [caller.encrypt(b"one"), caller.encrypt(b"two")]
            keys += [unb64(frame.split(".")[1])[1:33] for frame in frames]
            for frame in frames:
                called.decrypt(frame, 0)
            caller.decrypt(called.encrypt(b"back"), 0)
        self.assertEqual([keys[0], keys[2], keys[4]], [keys[1], keys[3], keys[5]])
        self.assertEqual(len(set(keys)), 3)

    def test_any_order_with_losses_gives_each_text_once(self) -> None:
        order = pseudo.Random(7)  # noqa: S311 — it only shuffles, and the same way each time
        for _ in range(20):
            sides = start()
            flying: list[tuple[int, str, bytes]] = []
            for number in range(80):
                by, text = order.randrange(2), str(number).encode()
                flying.append((1 - by, sides[by].encrypt(text), text))
                while flying and order.random() < 0.45:
                    to, frame, text = flying.pop(order.randrange(len(flying)))
                    if order.random() < 0.9:
                        self.assertEqual(sides[to].decrypt(frame, 0), text)
                        self.assertIsNone(sides[to].decrypt(frame, 0))

    def test_lengths_are_hidden_in_blocks_of_64(self) -> None:
        caller, called = start()
        lengths = [len(unb64(caller.encrypt(bytes(length)).split(".")[2])) - 40 for length in (0, 1, 63, 64, 127, 128)]
        self.assertEqual(lengths, [64, 64, 64, 128, 128, 192])
        for text in (b"", b"\x80", b"\x80" * 64, bytes(200)):
            self.assertEqual(called.decrypt(caller.encrypt(text), 0), text)

    def test_the_longest_text_fits_and_a_longer_one_uses_nothing_up(self) -> None:
        caller, called = start()
        for text in (b"x" * 131_072, b"after"):
            self.assertEqual(called.decrypt(caller.encrypt(text), 0), text)
            self.assertRaises(ValueError, caller.encrypt, b"x" * 131_073)


class AttackTest(SimpleTestCase):
    def test_a_repeated_frame_is_dropped(self) -> None:
        caller, called = met()
        old = [caller.encrypt(b"lost"), caller.encrypt(b"one")]
        called.decrypt(old[1], 0)
        called.decrypt(old[0], 0)
        for turn in range(3):
            for frame in old:
                self.assertIsNone(called.decrypt(frame, 0), turn)
            caller.decrypt(called.encrypt(b"turn"), 0)
            called.decrypt(caller.encrypt(b"turn"), 0)

    def test_ones_own_frames_coming_back_are_dropped(self) -> None:
        for sides in (start(), met()):
            for side in sides:
                self.assertIsNone(side.decrypt(side.encrypt(b"mine"), 0))
            caller, called = sides
            self.assertEqual(called.decrypt(caller.encrypt(b"theirs"), 0), b"theirs")

    def test_frames_of_another_handshake_are_dropped(self) -> None:
        (caller, _), (_, called) = start(), start()
        self.assertIsNone(called.decrypt(caller.encrypt(b"text"), 0))

    def test_the_transcript_is_part_of_each_key(self) -> None:
        ours, theirs = finish(*pair())
        other = Keys(theirs.root, theirs.chain, b"", b"", bytes(64), theirs.ephemeral, theirs.their_ephemeral)
        frame = Ratchet("caller", ours, os.urandom).encrypt(b"text")
        self.assertIsNone(Ratchet("called", other, os.urandom).decrypt(frame, 0))
        self.assertEqual(Ratchet("called", theirs, os.urandom).decrypt(frame, 0), b"text")

    def test_a_frame_changed_anywhere_is_dropped_and_the_honest_one_read(self) -> None:
        for caller, called in (start(), met()):
            frame = caller.encrypt(b"text")
            for at in range(len(frame)):
                changed = frame[:at] + ("A" if frame[at] != "A" else "B") + frame[at + 1 :]
                self.assertIsNone(called.decrypt(changed, 0))
                self.assertIsNone(called.decrypt(frame[:at], 0))
            self.assertIsNone(called.decrypt(frame + "A", 0))
            self.assertEqual(called.decrypt(frame, 0), b"text")

    def test_an_edited_header_is_dropped_and_changes_nothing(self) -> None:
        caller, called = met()
        lost, frame = caller.encrypt(b"lost"), caller.encrypt(b"text")
        edits = [
            *(rebuilt(frame, n=n) for n in (0, 3, 50, MAX_SKIPPED, 2**32 - 1)),
            *(rebuilt(frame, pn=pn) for pn in (0, 5, MAX_SKIPPED, 2**32 - 1)),
            *(rebuilt(frame, public=os.urandom(32), pn=pn, n=n) for pn in (0, 1, 100) for n in (0, 1, 100)),
            *(rebuilt(frame, public=key) for key in LOW_ORDER),
            frame.replace("2.Ag", "2.Aw", 1),
        ]
        for edited in edits:
            if edited != frame:
                self.assertIsNone(called.decrypt(edited, 0))
        self.assertEqual(called.decrypt(frame, 0), b"text")
        self.assertEqual(called.decrypt(lost, 0), b"lost")
        self.assertEqual(caller.decrypt(called.encrypt(b"back"), 0), b"back")

    def test_a_frame_that_cannot_be_draws_no_randomness(self) -> None:
        ours, theirs = finish(*pair())
        called = Ratchet("called", theirs, drawn())
        frame = Ratchet("caller", ours, os.urandom).encrypt(b"text")
        self.assertIsNone(called.decrypt(rebuilt(frame, public=os.urandom(32)), 0))
        self.assertIsNone(called.decrypt(rebuilt(frame, n=3), 0))

    def test_the_largest_number_costs_nothing(self) -> None:
        caller, called = met()
        frame = caller.encrypt(b"text")
        largest = 2**32 - 1
        edits = [
            rebuilt(frame, n=largest),
            rebuilt(frame, public=os.urandom(32), n=largest),
            rebuilt(frame, public=os.urandom(32), pn=largest),
        ]
        began = time.process_time()
        for edited in edits * 100:
            self.assertIsNone(called.decrypt(edited, 0))
        self.assertLess(time.process_time() - began, 1)

    def test_rubbish_is_dropped(self) -> None:
        caller, called = start()
        header, body = caller.encrypt(b"text").split(".")[1:]
        rubbish = [
            *("", ".", "..", "2.", "2..", "2...", "hello", f"1.{header}.{body}", f"2.{header}", f"2.{header}.{body}."),
            *(f"2.{header}.", f"2..{body}", f"2.{body}.{header}", f" 2.{header}.{body}", f"2.{header}.{body}\n"),
            *(f"2.{header[:-1]}.{body}", f"2.{header}.AAAA", f"2.{header}.{b64(bytes(24))}", "2.é.é", "2.\ud800.AAAA"),
            f"2.{b64(unb64(header) + b'x')}.{body}",
            f"2.{header}.{'A' * MAX_FRAME_CHARS}",
        ]
        for frame in rubbish:
            with self.subTest(frame=frame[:20]):
                self.assertIsNone(called.decrypt(frame, 0))
        self.assertEqual(called.decrypt(f"2.{header}.{body}", 0), b"text")


class MissingTest(SimpleTestCase):
    def test_2000_frames_may_be_missing_and_not_one_more(self) -> None:
        for missing in (MAX_SKIPPED, MAX_SKIPPED + 1):
            caller, called = met()
            frames = [caller.encrypt(b"text") for _ in range(missing + 1)]
            self.assertEqual(called.decrypt(frames[-1], 0), b"text" if missing == MAX_SKIPPED else None)
            self.assertEqual(called.decrypt(frames[0], 0), None if missing == MAX_SKIPPED else b"text")

    def test_the_limit_holds_over_both_chains_together(self) -> None:
        for more in (0, 1):
            caller, called = met()
            called.decrypt(caller.encrypt(b"turn"), 0)
            for _ in range(1_000):
                caller.encrypt(b"lost")
            caller.decrypt(called.encrypt(b"turn"), 0)
            frames = [caller.encrypt(b"text") for _ in range(1_001 + more)]
            self.assertEqual(called.decrypt(frames[-1], 0), None if more else b"text")

    def test_a_sender_that_understates_its_last_chain_does_not_stretch_the_limit(self) -> None:
        caller, called = met()
        for _ in range(5):
            called.decrypt(caller.encrypt(b"turn"), 0)
        caller.decrypt(called.encrypt(b"turn"), 0)
        caller._state = replace(caller._state, previous=0)
        frames = [caller.encrypt(b"text") for _ in range(MAX_SKIPPED + 2)]
        self.assertIsNone(called.decrypt(frames[-1], 0))
        self.assertEqual(called.decrypt(frames[-2], 0), b"text")

    def test_the_newest_512_keys_are_kept(self) -> None:
        caller, called = met()
        frames = [caller.encrypt(str(n).encode()) for n in range(MAX_KEPT + 11)]
        called.decrypt(frames[-1], 0)
        read = [called.decrypt(frame, 0) for frame in frames[:-1]]
        self.assertEqual(read, [None] * 10 + [str(n).encode() for n in range(10, MAX_KEPT + 10)])

    def test_the_newest_are_kept_over_several_turns(self) -> None:
        caller, called = met()
        old = [caller.encrypt(b"old") for _ in range(300)]
        called.decrypt(caller.encrypt(b"turn"), 0)
        caller.decrypt(called.encrypt(b"turn"), 0)
        new = [caller.encrypt(b"new") for _ in range(300)]
        called.decrypt(caller.encrypt(b"last"), 0)
        read = [called.decrypt(frame, 0) for frame in old + new]
        self.assertEqual([read.count(text) for text in (None, b"old", b"new")], [88, 212, 300])
        self.assertEqual(read[:88], [None] * 88)

    def test_a_key_is_kept_for_five_minutes(self) -> None:
        for late in (KEPT_SECONDS - 1, KEPT_SECONDS):
            caller, called = met()
            lost = caller.encrypt(b"lost")
            called.decrypt(caller.encrypt(b"text"), 100)
            self.assertEqual(called.decrypt(lost, 100 + late), b"lost" if late < KEPT_SECONDS else None)

    def test_a_key_that_is_too_old_is_gone_even_when_only_rubbish_comes(self) -> None:
        caller, called = met()
        lost = caller.encrypt(b"lost")
        called.decrypt(caller.encrypt(b"text"), 0)
        self.assertIsNone(called.decrypt("rubbish", KEPT_SECONDS + 1))
        self.assertIsNone(called.decrypt(lost, 0))

    def test_a_missing_frame_of_an_earlier_chain_is_read(self) -> None:
        caller, called = met()
        lost = [caller.encrypt(b"lost") for _ in range(3)]
        for _ in range(3):
            caller.decrypt(called.encrypt(b"turn"), 0)
            called.decrypt(caller.encrypt(b"turn"), 0)
        self.assertEqual([called.decrypt(frame, 0) for frame in lost], [b"lost"] * 3)

    def test_a_changed_missing_frame_leaves_its_key(self) -> None:
        caller, called = met()
        lost = caller.encrypt(b"lost")
        called.decrypt(caller.encrypt(b"text"), 0)
        header, body = lost.split(".")[1:]
        self.assertIsNone(called.decrypt(f"2.{header}.{body[:40]}{'A' if body[40] != 'A' else 'B'}{body[41:]}", 0))
        self.assertEqual(called.decrypt(lost, 0), b"lost")
