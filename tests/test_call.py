"""chat/peer/call.py: the tables, and the scripts that both languages play."""

from __future__ import annotations

import re
from typing import Any

from django.test import SimpleTestCase

from chat.peer.call import DEADLINES, ENDINGS, TABLE, Call, Effect, Send, Start, State
from chat.peer.classic import Classic
from chat.peer.errors import SENTENCES, Unexpected
from signaling.messages import JoinedPayload, SessionDecline
from tests.support.vectors import drawn, vectors

BOB = Classic(drawn(b"b" * 32))
SESSION = JoinedPayload("11111111-1111-4111-8111-111111111111", "bob", initiator=True)
STANDINS = {
    "KEY": BOB.opening(),
    "SESSION": SESSION,
    "GLARE": JoinedPayload("11111111-1111-4111-8111-111111111111", "bob", initiator=False),
}


def argument(value: Any) -> Any:
    return STANDINS[value] if isinstance(value, str) and value in STANDINS else value


def short(effect: Effect) -> str:
    """An effect as the scripts write it."""
    if isinstance(effect, Send):
        tag = str(type(effect.message).__struct_config__.tag)
        refusal = effect.message.payload if isinstance(effect.message, SessionDecline) else None
        return f"{tag} {refusal.reason}" if refusal else tag
    if isinstance(effect, Start):
        return "start offering" if effect.offering else "start"
    return f"signal {effect.kind}"


def play(call: Call, event: str, *args: Any) -> list[str] | str:
    """Give the call an event, named as in JavaScript."""
    method = getattr(call, re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", event))
    try:
        return [short(effect) for effect in method(*map(argument, args))]
    except Unexpected:
        return "unexpected"


class ScriptsTest(SimpleTestCase):
    def test_a_call_follows_the_scripts(self) -> None:
        for script in vectors("call")["scripts"]:
            with self.subTest(script["name"]):
                call = Call("bob", [lambda: Classic(drawn(b"a" * 32))])
                for (event, *args), state, effects in script["steps"]:
                    self.assertEqual(play(call, event, *args), effects, event)
                    self.assertEqual(call.state, state, event)
                self.assertEqual(call.reason, script.get("reason"))


class TablesTest(SimpleTestCase):
    def test_every_state_is_reached_and_all_but_one_are_left(self) -> None:
        rows = [*TABLE, *ENDINGS]
        self.assertEqual({state for state, _ in rows}, set(State) - {State.ENDED})
        self.assertEqual({*TABLE.values(), State.ENDED, State.IDLE}, set(State))

    def test_no_row_stands_in_both_tables(self) -> None:
        self.assertFalse(TABLE.keys() & ENDINGS.keys())

    def test_every_reason_has_a_sentence(self) -> None:
        self.assertLessEqual({reason for reason in ENDINGS.values() if reason}, SENTENCES.keys())

    def test_every_state_on_the_way_has_a_deadline_and_an_ending_for_it(self) -> None:
        on_the_way = set(State) - {State.IDLE, State.CONNECTED, State.ENDED}
        self.assertEqual(set(DEADLINES), on_the_way)
        self.assertLessEqual({(state, "timeout") for state in on_the_way}, ENDINGS.keys())

    def test_an_unanswered_call_ends_after_a_minute_on_both_sides(self) -> None:
        self.assertEqual((DEADLINES[State.CALLING], DEADLINES[State.RINGING]), (60, 60))


class MessagesTest(SimpleTestCase):
    def test_messages_name_the_session_and_the_peer_as_its_owner_writes_it(self) -> None:
        call = Call("BOB", [lambda: Classic(drawn(b"a" * 32))])
        call.dial()
        sent = call.joined(SESSION)[0]
        assert isinstance(sent, Send)
        self.assertEqual(sent.message.target, "bob")
        self.assertEqual(sent.message.session_id, SESSION.session_id)

    def test_the_first_key_stands(self) -> None:
        alice, bob = Classic(drawn(b"a" * 32)), Classic(drawn(b"b" * 32, b"n" * 24))
        bob.receive_key(alice.opening())
        call = Call("bob", [lambda: alice])
        call.dial()
        call.joined(SESSION)
        call.key(bob.opening())
        self.assertEqual(call.key(Classic(drawn(b"c" * 32)).opening()), [])
        self.assertEqual(alice.open(bob.seal("still bob")), "still bob")
