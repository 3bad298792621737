"""chat/peer/verifying.py: who is verified, and by whose word."""

from __future__ import annotations

import os

from django.test import SimpleTestCase

from chat.peer.classic import Classic
from chat.peer.errors import PeerError
from chat.peer.verifying import Content, Verifying
from tests.support.devices import Pair, agreed


def run(one: Verifying, other: Verifying, contents: list[Content]) -> None:
    while contents:
        contents = [reply for content in contents for reply in other.receive(content)]
        one, other = other, one


class VerifyingTest(SimpleTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.pair: Pair = agreed()
        self.alice, self.bob = Verifying(self.pair.alice), Verifying(self.pair.bob)

    def compare(self) -> None:
        """bob begins, and both see the emoji."""
        run(self.bob, self.alice, self.bob.start())

    @property
    def trusts(self) -> tuple[str, str]:
        return self.pair.alice.trust, self.pair.bob.trust

    def test_both_come_from_idle_over_waiting_to_compare(self) -> None:
        self.assertEqual((self.alice.state, self.bob.state), ("idle", "idle"))
        (commit,) = self.bob.start()
        self.assertEqual((self.alice.state, self.bob.state), ("idle", "waiting"))
        (nonce,) = self.alice.receive(commit)
        self.assertEqual((self.alice.state, self.bob.state), ("waiting", "waiting"))
        run(self.bob, self.alice, self.bob.receive(nonce))
        self.assertEqual((self.alice.state, self.bob.state), ("compare", "compare"))
        self.assertEqual((len(self.alice.emoji), self.alice.emoji), (7, self.bob.emoji))
        self.assertEqual(self.trusts, ("unverified", "unverified"))

    def test_verified_is_ones_own_word_alone(self) -> None:
        self.compare()
        said = self.alice.confirm(True)
        self.assertEqual(said, [{"t": "sas:result", "ok": True}])
        run(self.alice, self.bob, said)
        self.assertEqual((self.alice.state, self.bob.state), ("matched", "compare"))
        self.assertEqual((self.bob.they_matched, self.trusts), (True, ("verified", "unverified")))

    def test_a_mismatch_takes_the_mark_from_both(self) -> None:
        self.compare()
        run(self.alice, self.bob, self.alice.confirm(True))
        said = self.bob.confirm(False)
        self.assertEqual(said, [{"t": "sas:result", "ok": False}])
        run(self.bob, self.alice, said)
        self.assertEqual((self.alice.state, self.bob.state), ("they_mismatched", "mismatched"))
        self.assertEqual((self.alice.they_matched, self.trusts), (False, ("unverified", "unverified")))

    def test_the_others_yes_does_not_undo_their_no(self) -> None:
        self.compare()
        self.alice.confirm(True)
        self.alice.receive({"t": "sas:result", "ok": False})
        self.alice.receive({"t": "sas:result", "ok": True})
        self.assertEqual((self.alice.state, self.pair.alice.trust), ("they_mismatched", "unverified"))

    def test_after_a_mismatch_on_either_side_they_do_not_match_any_more(self) -> None:
        self.compare()
        run(self.alice, self.bob, self.alice.confirm(False))
        for side in (self.alice, self.bob):
            with self.assertRaises(PeerError) as caught:
                side.confirm(True)
            self.assertEqual(caught.exception.reason, "mismatched")
            self.assertEqual(side.confirm(False), [{"t": "sas:result", "ok": False}])
        self.assertEqual(self.trusts, ("unverified", "unverified"))

    def test_another_handshake_does_not_make_a_mismatch_forgotten(self) -> None:
        self.compare()
        run(self.alice, self.bob, self.alice.confirm(False))
        again = agreed()
        for side, suite, state in ((self.alice, again.alice, "mismatched"), (self.bob, again.bob, "they_mismatched")):
            fresh = side.renewed(suite)
            self.assertEqual(fresh.state, state)
            with self.assertRaises(PeerError):
                fresh.confirm(True)

    def test_a_result_that_is_none_changes_nothing(self) -> None:
        self.alice.confirm(True)
        for content in ({"t": "sas:result"}, {"t": "sas:result", "ok": None}, {"t": "sas:result", "ok": 0}):
            self.assertEqual(self.alice.receive(content), [])
        self.assertEqual((self.alice.state, self.alice.they_matched), ("matched", False))
        self.assertEqual(self.pair.alice.trust, "verified")

    def test_a_reveal_that_does_not_fit_takes_the_mark_away(self) -> None:
        self.alice.confirm(True)
        (commit,) = self.bob.start()
        self.alice.receive(commit)
        said = self.alice.receive({"t": "sas:reveal", "nonce": "A" * 43 + "="})
        self.assertEqual(said, [{"t": "sas:result", "ok": False}])
        self.assertEqual((self.alice.state, self.pair.alice.trust), ("mismatched", "unverified"))

    def test_safety_numbers_are_confirmed_without_any_emoji(self) -> None:
        self.assertEqual(self.pair.alice.safety_number(), self.pair.bob.safety_number())
        self.alice.confirm(True)
        self.assertEqual((self.alice.emoji, self.alice.state, self.pair.alice.trust), ([], "matched", "verified"))

    def test_in_a_classic_chat_there_is_nothing_to_compare(self) -> None:
        classic = Verifying(Classic(os.urandom))
        for act in (classic.start, lambda: classic.confirm(True)):
            with self.assertRaises(PeerError) as caught:
                act()
            self.assertEqual(caught.exception.reason, "not_verifiable")
        self.assertEqual(classic.receive({"t": "sas:result", "ok": False}), [])
        self.assertEqual((classic.state, classic.emoji), ("idle", []))
