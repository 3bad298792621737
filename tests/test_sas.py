"""chat/peer/sas.py: comparing emoji, docs/protocol.md, 3.5."""

from __future__ import annotations

import os
from typing import Any

from django.test import SimpleTestCase

from chat.peer import verification
from chat.peer.primitives import b64
from chat.peer.sas import NONCE_BYTES, Content, Sas

TRANSCRIPT = bytes(range(64))


def pair() -> tuple[Sas, Sas]:
    """The caller's side and the called one's, of one handshake."""
    return Sas("caller", TRANSCRIPT, os.urandom), Sas("called", TRANSCRIPT, os.urandom)


def run(one: Sas, other: Sas, contents: list[Content]) -> None:
    """Hand over what `one` has to say, and what it is answered, until nobody has anything to say."""
    while contents:
        contents = [reply for content in contents for reply in other.receive(content)]
        one, other = other, one


class SasTest(SimpleTestCase):
    def test_both_see_the_same_seven_whoever_begins(self) -> None:
        for caller_begins in (True, False):
            caller, called = pair()
            one, other = (caller, called) if caller_begins else (called, caller)
            run(one, other, one.start())
            self.assertEqual((len(one.emoji), one.emoji), (7, other.emoji))
            self.assertFalse(one.failed or other.failed)

    def test_the_emoji_are_those_of_the_transcript_and_both_nonces_the_committed_one_first(self) -> None:
        alice = Sas("called", TRANSCRIPT, lambda length: b"a" * length)
        bob = Sas("caller", TRANSCRIPT, lambda length: b"b" * length)
        run(alice, bob, alice.start())
        self.assertEqual(bob.emoji, verification.emoji(TRANSCRIPT, b"a" * NONCE_BYTES, b"b" * NONCE_BYTES))

    def test_the_first_message_says_nothing_of_the_nonce_but_its_commitment(self) -> None:
        alice = Sas("caller", TRANSCRIPT, lambda length: b"a" * length)
        commitment = b64(verification.commitment(b"a" * NONCE_BYTES))
        self.assertEqual(alice.start(), [{"t": "sas:commit", "commit": commitment}])

    def test_two_handshakes_show_different_emoji(self) -> None:
        one, middle = Sas("caller", TRANSCRIPT, os.urandom), Sas("called", bytes(64), os.urandom)
        run(one, middle, one.start())
        self.assertNotEqual(one.emoji, middle.emoji)

    def test_when_commits_cross_the_callers_stands(self) -> None:
        caller, called = pair()
        (callers,), (calleds,) = caller.start(), called.start()
        self.assertEqual(caller.receive(calleds), [])
        run(called, caller, called.receive(callers))
        self.assertEqual((len(caller.emoji), caller.emoji), (7, called.emoji))

    def test_there_is_one_run_in_a_handshake(self) -> None:
        caller, called = pair()
        run(caller, called, caller.start())
        seen = caller.emoji
        for side in (caller, called):
            self.assertEqual(side.start(), [])
            self.assertEqual(side.receive({"t": "sas:commit", "commit": b64(bytes(32))}), [])
            self.assertEqual(side.receive({"t": "sas:nonce", "nonce": b64(bytes(32))}), [])
            self.assertEqual(side.receive({"t": "sas:reveal", "nonce": b64(bytes(32))}), [])
            self.assertEqual(side.emoji, seen)

    def test_who_waits_does_not_begin_a_second_run(self) -> None:
        caller, called = pair()
        (commit,) = caller.start()
        called.receive(commit)
        self.assertEqual((caller.start(), called.start()), ([], []))
        self.assertTrue(caller.begun and called.begun)

    def test_a_reveal_that_does_not_fit_its_commit_shows_nothing_and_says_so(self) -> None:
        caller, called = pair()
        called.receive(caller.start()[0])
        said = called.receive({"t": "sas:reveal", "nonce": b64(os.urandom(32))})
        self.assertEqual(said, [{"t": "sas:result", "ok": False}])
        self.assertEqual((called.failed, called.emoji), (True, []))

    def test_nothing_is_revealed_before_the_others_nonce_is_there(self) -> None:
        caller, called = pair()
        self.assertEqual(caller.receive({"t": "sas:nonce", "nonce": b64(bytes(32))}), [])
        self.assertEqual(called.receive({"t": "sas:reveal", "nonce": b64(bytes(32))}), [])
        self.assertFalse(caller.begun or called.begun)

    def test_what_is_malformed_changes_nothing(self) -> None:
        caller, called = pair()
        wrong: list[Any] = [None, 7, [], {}, "", "?", b64(bytes(31)), b64(bytes(33))]
        for value in wrong:
            self.assertEqual(called.receive({"t": "sas:commit", "commit": value}), [])
        (commit,) = caller.start()
        for value in wrong:
            self.assertEqual(caller.receive({"t": "sas:nonce", "nonce": value}), [])
        for content in ({"t": "sas:commit"}, {"t": "sas:dance"}, {"t": "sas:"}):
            self.assertEqual(called.receive(content), [])
        run(called, caller, called.receive(commit))
        self.assertEqual((len(called.emoji), called.emoji), (7, caller.emoji))
