"""chat/peer/peer.py: to whom it belongs what the server says. The server is this test."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from django.test import SimpleTestCase
from msgspec import Raw

from chat.peer import Listener, Peer
from chat.peer.classic import Classic
from chat.peer.peer import MAX_UNASKED
from signaling import messages as wire
from tests.support.outbound import Outbound


class Notes(Listener):
    """Keeps what the person is told in passing."""

    def __init__(self) -> None:
        self.notices: list[str] = []

    def notice(self, text: str) -> None:
        self.notices.append(text)


def joined(peer: str, session_id: str = "one", *, initiator: bool = False) -> wire.SessionJoined:
    return wire.SessionJoined(payload=wire.JoinedPayload(session_id, peer, initiator))


def key(sender: str) -> wire.KeyExchange:
    return wire.KeyExchange(sender=sender, payload=wire.raw(Classic(os.urandom).opening()))


class World:
    """alice, whose server says what the test says; `chat` opens a channel with bob without any network."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.peer = Peer("alice", listener=self.notes)
        self.server = Outbound()
        self.peer._signaling = self.server  # type: ignore[assignment]

    def says(self, *messages: wire.FromServer) -> None:
        for message in messages:
            self.peer.server_message(message)

    def chat(self) -> None:
        self.says(joined("bob"), key("bob"))
        self.peer.accept()
        assert self.peer._link is not None
        self.peer._link.opened()
        self.server.sent.clear()

    @property
    def state(self) -> tuple[str, str | None]:
        now = self.peer.snapshot()
        return now.chat_state, now.peer


class RoutingTest(SimpleTestCase):
    def in_a_world(self, act: Callable[[World], None]) -> None:
        async def run() -> None:
            world = World()
            act(world)
            await world.peer.stop()

        asyncio.run(run())

    def test_another_call_of_the_same_name_in_mid_chat_is_busy_and_changes_nothing(self) -> None:
        def act(world: World) -> None:
            world.chat()
            world.says(joined("bob", "two"), key("bob"))
            (refusal,) = world.server.sent
            assert isinstance(refusal, wire.SessionDecline)
            self.assertEqual((refusal.session_id, refusal.payload), ("two", wire.SessionRef(reason="busy")))
            self.assertEqual(world.state, ("secured", "bob"))
            self.assertEqual(world.notes.notices, ["bob tried to call you and was told that you are busy."])

        self.in_a_world(act)

    def test_a_call_from_whom_the_path_was_lost_takes_its_place(self) -> None:
        def act(world: World) -> None:
            world.chat()
            assert world.peer._link is not None
            world.peer._link.interrupted()
            self.assertEqual(world.state, ("reconnecting", "bob"))
            world.says(joined("carol", "two"), key("carol"))
            self.assertEqual(world.state, ("reconnecting", "bob"))
            world.says(joined("bob", "three"), key("bob"))
            self.assertEqual(world.state, ("ringing", "bob"))

        self.in_a_world(act)

    def test_a_session_without_a_key_does_not_ring(self) -> None:
        def act(world: World) -> None:
            world.says(joined("bob"))
            self.assertEqual((world.state, world.server.sent), (("idle", None), []))

        self.in_a_world(act)

    def test_a_key_without_a_session_does_not_ring(self) -> None:
        def act(world: World) -> None:
            world.says(key("bob"))
            self.assertEqual((world.state, world.server.sent), (("idle", None), []))

        self.in_a_world(act)

    def test_only_the_newest_sessions_that_nobody_asked_for_are_kept(self) -> None:
        def act(world: World) -> None:
            for number in range(MAX_UNASKED + 1):
                world.says(joined(f"caller_{number}"))
            world.says(key("caller_0"))
            self.assertEqual(world.state, ("idle", None))
            world.says(key("caller_1"))
            self.assertEqual(world.state, ("ringing", "caller_1"))

        self.in_a_world(act)

    def test_an_answer_for_somebody_else_than_the_one_dialled_is_none(self) -> None:
        def act(world: World) -> None:
            world.peer.dial("bob")
            world.says(joined("mallory", initiator=True), key("mallory"))
            self.assertEqual(world.state, ("calling", "bob"))

        self.in_a_world(act)

    def test_a_name_that_only_folds_to_the_one_dialled_is_none(self) -> None:
        def act(world: World) -> None:
            world.peer.dial("kob")
            world.says(joined("\u212aob", initiator=True))
            self.assertEqual(world.state, ("calling", "kob"))
            self.assertEqual(len(world.server.sent), 1)

        self.in_a_world(act)

    def test_what_comes_of_an_earlier_call_does_not_end_the_next(self) -> None:
        def act(world: World) -> None:
            world.peer.dial("bob")
            world.peer.end()
            world.peer.dial("bob")
            world.says(joined("bob", "one", initiator=True), joined("bob", "two", initiator=True))
            over = wire.ErrorPayload("NOT_IN_SESSION", "x")
            world.says(wire.Error(target="bob", session_id="one", payload=over))
            world.says(wire.SessionLeft(payload=wire.EndedPayload("one", "bob", "left")))
            self.assertEqual(world.state, ("calling", "bob"))
            world.says(key("bob"))
            self.assertEqual(world.state, ("connecting", "bob"))

        self.in_a_world(act)

    def test_leaving_a_session_that_is_over_already_is_nothing_to_tell(self) -> None:
        def act(world: World) -> None:
            world.says(wire.Error(payload=wire.ErrorPayload("NOT_IN_SESSION", "x")))
            self.assertEqual(world.notes.notices, [])
            world.says(wire.Error(payload=wire.ErrorPayload("RATE_LIMITED", "x")))
            self.assertEqual(world.notes.notices, ["That was too much at once. Wait a moment and try again."])

        self.in_a_world(act)

    def test_a_payload_that_is_no_object_changes_nothing(self) -> None:
        def act(world: World) -> None:
            world.chat()
            assert world.peer._link is not None
            world.peer._link.interrupted()
            world.says(joined("bob", "two"), wire.KeyExchange(sender="bob", payload=Raw(b"[]")))
            self.assertEqual((world.state, world.server.sent), (("reconnecting", "bob"), []))

        self.in_a_world(act)
