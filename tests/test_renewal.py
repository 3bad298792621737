"""chat/peer/renewal.py: the session of a handshake beside the chat, and its keys when it comes to nothing. What it says and
when is in the scripts of test_call.py."""

from __future__ import annotations

from django.test import SimpleTestCase

from chat.peer.call import Call
from chat.peer.classic import Payload
from chat.peer.effects import Effect, Send
from signaling.messages import JoinedPayload
from tests.support.call_scripts import SESSION, Bob, short
from tests.support.devices import Recorder, device
from tests.support.handshakes import held

LATER = JoinedPayload("22222222-2222-4222-8222-222222222222", "bob", initiator=True, ice_servers=[])


class RenewalTest(SimpleTestCase):
    """alice's call with bob, whose channel is open."""

    def setUp(self) -> None:
        super().setUp()
        self.random = Recorder()
        self.bob, self.stranger = Bob("alice", device()), Bob("alice", device())
        self.alice = device()
        self.call = Call("bob", lambda peer: [self.random.attempt("alice", peer, self.alice)])
        self.call.ring(SESSION, self.bob.says("STEP1"))
        self.hear(self.call.accept())
        self.call.key(self.bob.says("STEP3"))
        self.call.opened()
        self.random.draws.clear()

    def hear(self, effects: list[Effect]) -> list[tuple[str, str | None]]:
        """What goes out, and under which session."""
        for effect in effects:
            self.bob.hear(effect)
            self.stranger.hear(effect)
        return [(short(effect), effect.message.session_id if isinstance(effect, Send) else None) for effect in effects]

    def later(self, payload: Payload) -> list[tuple[str, str | None]]:
        return self.hear(self.call.renewed(LATER, payload))

    def test_the_others_later_session_is_taken_over_only_with_its_keys(self) -> None:
        self.assertEqual(self.later(self.bob.says("STEP1")), [("key:exchange 2", LATER.session_id)])
        self.assertEqual(self.call.session_id, SESSION.session_id)
        self.assertIs(self.call.ice_servers, SESSION.ice_servers)
        self.assertEqual(self.hear(self.call.key(self.bob.says("STEP3"))), [("rekeyed", None)])
        self.assertEqual(self.call.session_id, LATER.session_id)
        self.assertIs(self.call.ice_servers, LATER.ice_servers)

    def test_ones_own_later_session_is_taken_over_only_with_its_keys(self) -> None:
        self.call.renew()
        self.assertEqual(self.hear(self.call.joined(LATER)), [("key:exchange 1", LATER.session_id)])
        self.assertEqual(self.call.session_id, SESSION.session_id)
        done = self.hear(self.call.key(self.bob.says("STEP2")))
        self.assertEqual(done, [("key:exchange 3", LATER.session_id), ("rekeyed", None)])
        self.assertEqual(self.call.session_id, LATER.session_id)

    def test_a_step_1_that_comes_again_gets_the_same_answer_and_begins_nothing(self) -> None:
        one = self.bob.says("STEP1")
        first, again = self.call.renewed(LATER, one), self.call.key(one)
        self.assertEqual(again, first)
        self.hear(first)
        self.assertEqual(self.hear(self.call.key(self.bob.says("STEP3"))), [("rekeyed", None)])
        self.assertEqual(self.call.key(one), [])

    def test_a_strangers_session_is_never_taken_over(self) -> None:
        self.later(self.stranger.says("STEP1"))
        self.assertEqual(self.hear(self.call.key(self.stranger.says("STEP3"))), [("notice stranger", None)])
        self.assertEqual(self.call.session_id, SESSION.session_id)
        self.assertEqual(self.hear(self.call.key(self.bob.says("STEP1"))), [("key:exchange 2", SESSION.session_id)])

    def test_a_stranger_hears_no_step_3_even_where_the_name_is_known_as_theirs_by_now(self) -> None:
        self.alice.accept("bob", self.stranger.identity.key.public)
        self.call.renew()
        self.hear(self.call.joined(LATER))
        self.assertEqual(self.hear(self.call.key(self.stranger.says("STEP2"))), [("notice stranger", None)])
        self.assertFalse(self.call.renewing)

    def test_one_that_took_too_long_leaves_its_session_too(self) -> None:
        self.later(self.bob.says("STEP1"))
        self.call.forget_renewal()
        self.assertEqual(self.hear(self.call.key(self.bob.says("STEP1"))), [("key:exchange 2", SESSION.session_id)])

    def test_when_both_begin_the_one_that_stands_runs_in_the_session_that_both_were_given(self) -> None:
        """alice has the smaller name, so this is the bob who begins before her session stands."""
        self.call.renew()
        self.assertEqual(self.hear(self.call.key(self.bob.says("STEP1"))), [("key:exchange 2", SESSION.session_id)])
        self.assertFalse(self.call.renewing)

    def test_its_keys_are_erased_when_the_call_ends_when_it_fails_and_when_another_takes_its_place(self) -> None:
        for end in (self.ends, self.fails, self.gives_way):
            with self.subTest(end.__name__):
                self.setUp()
                self.one = self.bob.says("STEP1")
                self.hear(self.call.key(self.one))
                secrets = self.random.secrets
                assert self.call._renewal is not None
                attempt = self.call._renewal._attempt
                self.assertTrue(secrets)
                self.assertLessEqual(secrets, held(attempt))
                end()
                self.assertEqual(secrets & (held(attempt) | held(self.call)), set())

    def ends(self) -> None:
        self.call.cancel()

    def fails(self) -> None:
        self.call.key({**self.one, "step": 3})

    def gives_way(self) -> None:
        self.call.key(self.stranger.says("STEP1"))
