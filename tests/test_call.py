"""chat/peer/call.py: the tables, and the scripts that both languages play."""

from __future__ import annotations

import re

from django.test import SimpleTestCase

from chat.peer.call import MAX_WAITING, Call
from chat.peer.call_table import DEADLINES, ENDINGS, TABLE, State
from chat.peer.classic import Classic
from chat.peer.effects import Send
from chat.peer.errors import SENTENCES
from tests.support.call_scripts import SESSION, Stage
from tests.support.devices import Recorder
from tests.support.handshakes import held
from tests.support.vectors import drawn, vectors

SCRIPTS = vectors("call")["scripts"]
FOLLOWING = frozenset({"agreed", "warn", "changed", "refused"})
"""Events that follow from another at once, and have no method."""


class ScriptsTest(SimpleTestCase):
    def test_a_call_follows_the_scripts(self) -> None:
        for script in SCRIPTS:
            with self.subTest(script["name"]):
                stage = Stage(script.get("me", "alice"), script.get("given", []))
                for (event, *args), state, effects in script["steps"]:
                    self.assertEqual(stage.play(event, *args), effects, event)
                    self.assertEqual(stage.call.state, state, event)
                self.assertEqual(stage.call.reason, script.get("reason"))
                self.assertEqual(stage.pin(), script.get("pin", stage.pin()))

    def test_the_scripts_go_through_every_row_of_both_tables(self) -> None:
        rows = set()
        for script in SCRIPTS:
            states = ["idle", *(state for _, state, _ in script["steps"])]
            events = (re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", step[0][0]) for step in script["steps"])
            rows |= set(zip(states, events, strict=False))
        every = {(str(state), event) for state, event in (*TABLE, *ENDINGS)}
        self.assertEqual({row for row in every - rows if row[1] not in FOLLOWING}, set())


class TablesTest(SimpleTestCase):
    def test_every_state_is_reached_and_all_but_one_are_left(self) -> None:
        rows = [*TABLE, *ENDINGS]
        self.assertEqual({state for state, _ in rows}, set(State) - {State.ENDED})
        self.assertEqual({*TABLE.values(), State.ENDED, State.IDLE}, set(State))

    def test_no_row_stands_in_both_tables(self) -> None:
        self.assertFalse(TABLE.keys() & ENDINGS.keys())

    def test_every_reason_has_a_sentence(self) -> None:
        self.assertLessEqual({reason for reason in ENDINGS.values() if reason}, SENTENCES.keys())

    def test_every_state_on_the_way_has_a_deadline_and_a_row_for_it(self) -> None:
        on_the_way = set(State) - {State.IDLE, State.ASKED, State.CONNECTED, State.ENDED}
        self.assertEqual(set(DEADLINES), on_the_way)
        self.assertLessEqual({(state, "timeout") for state in on_the_way}, TABLE.keys() | ENDINGS.keys())

    def test_an_unanswered_call_ends_after_a_minute_on_both_sides(self) -> None:
        self.assertEqual((DEADLINES[State.CALLING], DEADLINES[State.RINGING]), (60, 60))


class WaitingTest(SimpleTestCase):
    def test_so_many_signals_wait_for_the_persons_word_and_no_more(self) -> None:
        stage = Stage("alice", ["pinned to a stranger"])
        for step in (["ring", "SESSION", "STEP1"], ["accept"], ["key", "STEP3"]):
            stage.play(*step)
        for _ in range(MAX_WAITING + 10):
            stage.play("signal", "ice", "ICE")
        self.assertEqual(stage.play("acceptKey"), ["start", *["signal ice"] * MAX_WAITING])


class BesideTest(SimpleTestCase):
    def test_a_conversation_belongs_to_one_key_though_the_device_has_pinned_another_meanwhile(self) -> None:
        stage = Stage("alice", [])
        for step in (["ring", "SESSION", "STEP1"], ["accept"], ["key", "STEP3"], ["opened"]):
            stage.play(*step)
        stage.identity.accept("bob", stage.stranger.identity.key.public)
        suite = stage.call.suite
        stage.play("key", "STRANGER STEP1")
        self.assertEqual(stage.play("key", "STRANGER STEP3"), ["notice stranger"])
        self.assertIs(stage.call.suite, suite)


class ErasingTest(SimpleTestCase):
    def test_an_attempt_that_is_over_keeps_no_keys(self) -> None:
        for ending in ("cancel", "timeout", "server_lost"):
            with self.subTest(ending):
                random = Recorder()
                call = Call("bob", random.suites)
                call.dial()
                call.joined(SESSION)
                self.assertEqual(random.secrets - held(call), set())
                getattr(call, ending)()
                self.assertEqual(random.secrets & held(call), set())


class MessagesTest(SimpleTestCase):
    def test_messages_name_the_session_and_the_peer_as_its_owner_writes_it(self) -> None:
        call = Call("BOB", lambda peer: [Classic(drawn(b"a" * 32))])
        call.dial()
        sent = call.joined(SESSION)[0]
        assert isinstance(sent, Send)
        self.assertEqual((sent.message.target, sent.message.session_id), ("bob", SESSION.session_id))
