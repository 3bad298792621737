"""chat/peer/invitation.py: an invite that was opened, and what the person reads of it."""

from __future__ import annotations

from django.test import SimpleTestCase

from chat.peer.identity import Identity
from chat.peer.invitation import SENTENCES, Invitation, State
from chat.peer.kept_invites import LIFETIME_MS
from tests.support.devices import NOW_MS, device

ORIGIN = "https://chat.example"


class InvitationTest(SimpleTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.now = NOW_MS
        self.alice: Identity = device(lambda: self.now)
        self.invite = device().new_invite("bob")
        self.fragment = self.invite.link(ORIGIN).partition("#")[2]

    def open(self, fragment: str, me: str = "alice") -> Invitation:
        return Invitation.open(fragment, me, self.alice)

    def test_a_good_one_is_kept_with_the_identity_and_waits(self) -> None:
        for fragment in (self.fragment, f"#{self.fragment}"):
            invitation = self.open(fragment)
            self.assertEqual((invitation.peer, invitation.state), ("bob", "waiting"))
        self.assertEqual(self.alice.opened_invite("BOB"), self.invite)

    def test_a_damaged_one_is_called_so_and_nothing_is_kept(self) -> None:
        for fragment in ("", "#", "#invite=", self.fragment[:-1], self.fragment + "A", "#other=1", "invite=b.c.d"):
            invitation = self.open(fragment)
            self.assertEqual((invitation.peer, invitation.state), ("", "damaged"), fragment)
        self.assertIsNone(self.alice.opened_invite("bob"))

    def test_ones_own_is_called_so_and_not_kept(self) -> None:
        invitation = self.open(self.fragment, me="BOB")
        self.assertEqual((invitation.peer, invitation.state), ("bob", "own"))
        self.assertIsNone(self.alice.opened_invite("bob"))

    def test_one_that_was_used_here_is_called_so(self) -> None:
        self.open(self.fragment)
        self.alice.burn_opened(self.invite.uuid)
        self.assertEqual(self.open(self.fragment).state, "used")
        self.assertIsNone(self.alice.opened_invite("bob"))

    def test_one_that_has_expired_here_is_called_so(self) -> None:
        self.open(self.fragment)
        self.now += LIFETIME_MS
        self.assertEqual(self.open(self.fragment).state, "expired")
        self.assertIsNone(self.alice.opened_invite("bob"))

    def test_what_the_server_says_of_it_is_a_hint_and_burns_nothing(self) -> None:
        said = {
            "invite_used": "used",
            "invite_expired": "expired",
            "invite_unknown": "unknown",
            "declined": "offline",
            "USER_OFFLINE": "offline",
            None: "offline",
        }
        for reason, state in said.items():
            invitation = self.open(self.fragment)
            invitation.state = "calling"
            invitation.ended(reason, self.alice, verified=False)
            self.assertEqual(invitation.state, state)
        self.assertEqual(self.alice.opened_invite("bob"), self.invite)

    def test_one_that_was_burnt_before_the_call_ended_is_done_or_used_and_not_good_any_more(self) -> None:
        """By now, or when it was called with once more after it was not reached."""
        states: tuple[State, ...] = ("calling", "offline")
        for before in states:
            for verified, state in ((True, "done"), (False, "used")):
                invitation = Invitation("bob", before, self.invite.uuid)
                self.open(self.fragment)
                self.alice.burn_opened(self.invite.uuid)
                invitation.ended("no_path", self.alice, verified=verified)
                self.assertEqual(invitation.state, state)

    def test_the_end_of_a_call_says_nothing_of_an_invite_that_was_not_called_with(self) -> None:
        for fragment, state in ((self.fragment, "waiting"), ("", "damaged")):
            invitation = self.open(fragment)
            invitation.ended("invite_used", self.alice, verified=False)
            self.assertEqual(invitation.state, state)

    def test_one_that_waits_says_for_what(self) -> None:
        for held, words in ((False, "as soon as you are online."), (True, "when this chat is over.")):
            invitation = self.open(self.fragment)
            invitation.held = held
            self.assertIn(words, invitation.sentence)
            invitation.state = "calling"
            self.assertEqual(invitation.sentence, "Calling bob with their invite.")

    def test_every_state_has_a_sentence(self) -> None:
        for state in SENTENCES:
            sentence = Invitation("bob", state).sentence
            self.assertRegex(sentence, r"^([A-Z]|bob ).*\.$")
            self.assertNotRegex(sentence, r"[{}]")
