"""chat/peer/peer.py and switchboard.py: to whom it belongs what the server says, and what the person can do about it. The server
is this test."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from unittest import mock

from django.test import SimpleTestCase
from msgspec import Raw

from chat.peer import Peer
from chat.peer.classic import Classic, Payload
from chat.peer.effects import Send
from chat.peer.errors import PeerError, sentence
from chat.peer.link import Link
from chat.peer.switchboard import MAX_LINKS
from chat.peer.unasked import MAX_UNASKED
from signaling import messages as wire
from tests.support.call_scripts import Bob, short
from tests.support.devices import attempt
from tests.support.outbound import Outbound
from tests.support.peers import Notes
from tests.support.people import new_identity


def joined(peer: str, session_id: str = "one", *, initiator: bool = False) -> wire.SessionJoined:
    return wire.SessionJoined(payload=wire.JoinedPayload(session_id, peer, initiator))


def key(sender: str, payload: Payload | None = None) -> wire.KeyExchange:
    """Somebody's step 1, unless there is another payload."""
    payload = payload or attempt(sender, "alice", new_identity()).opening()
    return wire.KeyExchange(sender=sender, payload=wire.raw(payload))


class World:
    """alice, whose server says what the test says; `chat` opens a channel with bob without any network."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.states: list[str] = []
        self.notes.changed = lambda: self.states.append(self.peer.snapshot().chat_state)  # type: ignore[method-assign]
        self.identity, self.bob = new_identity(), Bob("alice", new_identity())
        self.peer = Peer("alice", identity=self.identity, listener=self.notes, allow_classic=True)
        self.server = Outbound()
        self.peer._signaling = self.server  # type: ignore[assignment]

    def bobs(self, what: str) -> wire.KeyExchange:
        """A step of bob's device, who has heard what alice sent him."""
        for message in self.server.sent:
            self.bob.hear(Send(message))
        return key("bob", self.bob.says(what))

    def says(self, *messages: wire.FromServer) -> None:
        for message in messages:
            self.peer.server_message(message)

    def chat(self) -> None:
        self.says(joined("bob"), self.bobs("STEP1"))
        self.peer.accept()
        self.says(self.bobs("STEP3"))
        self.open()

    def answers(self, session_id: str) -> None:
        """bob accepts the call that alice makes."""
        self.says(joined("bob", session_id, initiator=True))
        self.says(self.bobs("STEP2"))

    def classic_chat(self) -> None:
        self.says(joined("bob"), key("bob", Classic(os.urandom).opening()))
        self.peer.accept()
        self.open()

    def open(self) -> None:
        """The channel is open, and bob has said hello where that is a word."""
        link = self.peer._live("no_chat")
        link.opened()
        if self.bob.attempt is not None:
            link.received(self.bob.attempt.seal({"t": "hello", "seq": 1, "features": []}))
        self.server.sent.clear()

    @property
    def steps(self) -> list[str]:
        return [short(Send(message)) for message in self.server.sent]

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

    def test_in_a_classic_chat_another_call_of_the_same_name_is_busy_and_changes_nothing(self) -> None:
        def act(world: World) -> None:
            world.classic_chat()
            world.says(joined("bob", "two"), key("bob"))
            (refusal,) = world.server.sent
            assert isinstance(refusal, wire.SessionDecline)
            self.assertEqual((refusal.session_id, refusal.payload), ("two", wire.SessionRef(reason="busy")))
            self.assertEqual(world.state, ("secured", "bob"))
            self.assertEqual(world.notes.notices, ["bob tried to call you and was told that you are busy."])

        self.in_a_world(act)

    def test_a_call_from_whom_a_classic_path_was_lost_takes_its_place(self) -> None:
        def act(world: World) -> None:
            world.classic_chat()
            world.peer._live("no_chat").interrupted()
            self.assertEqual(world.state, ("reconnecting", "bob"))
            world.says(joined("bob", "two"), key("bob"))
            self.assertEqual(world.state, ("ringing", "bob"))

        self.in_a_world(act)

    def test_another_call_of_the_same_name_in_mid_chat_is_a_handshake_for_the_chat(self) -> None:
        def act(world: World) -> None:
            world.chat()
            world.says(joined("bob", "two"), world.bobs("STEP1"))
            self.assertEqual((world.steps, world.state), (["key:exchange 2"], ("secured", "bob")))
            world.says(world.bobs("STEP3"))
            self.assertEqual(world.state, ("connecting", "bob"))
            self.assertEqual((world.notes.notices, world.peer.snapshot().trust), ([], "unverified"))

        self.in_a_world(act)

    def test_a_strangers_call_of_the_same_name_in_mid_chat_changes_nothing(self) -> None:
        def act(world: World) -> None:
            world.chat()
            before = world.peer._live("no_chat").suite
            world.bob = Bob("alice", new_identity())
            world.says(joined("bob", "two"), world.bobs("STEP1"))
            world.says(world.bobs("STEP3"))
            self.assertIs(world.peer._live("no_chat").suite, before)
            self.assertEqual((world.state, world.notes.notices), (("secured", "bob"), [sentence("stranger", "bob")]))

        self.in_a_world(act)

    def test_a_session_nobody_asked_for_draws_nothing_of_the_handshake(self) -> None:
        def act(world: World) -> None:
            world.says(joined("bob", initiator=True), joined("bob"), world.bobs("STEP1"))
            self.assertEqual((world.state, world.server.sent), (("ringing", "bob"), []))
            world.peer.decline()
            world.server.sent.clear()
            world.says(joined("bob", initiator=True), joined("bob"))
            self.assertEqual((world.state[0], world.server.sent), ("ended", []))

        self.in_a_world(act)

    def test_somebody_who_rings_and_whose_invite_is_opened_meanwhile_is_called_under_it(self) -> None:
        def act(world: World) -> None:
            world.says(joined("bob"), world.bobs("STEP1"))
            world.peer.open_invite(world.bob.identity.new_invite("bob").link("").partition("#")[2])
            self.assertEqual(world.state, ("ringing", "bob"))
            world.peer.dial("bob")
            world.says(joined("bob", initiator=True))
            self.assertEqual(world.steps, ["session:connect", "key:exchange 1"])
            self.assertIn("invite", world.server.sent[-1].body())  # type: ignore[attr-defined]

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

    def test_who_is_known_by_a_key_or_has_given_an_invite_is_not_classic(self) -> None:
        def act(world: World) -> None:
            world.identity.meet("bob", world.bob.identity.key.public)
            world.says(joined("bob"), key("bob", Classic(os.urandom).opening()))
            self.assertEqual((world.state, world.steps), (("failed", "bob"), ["session:leave"]))
            self.assertEqual(world.peer.snapshot().chat_sentence, sentence("classic_refused", "bob"))
            world.identity.keep_opened(new_identity().new_invite("carol"))
            world.says(joined("carol"), key("carol", Classic(os.urandom).opening()))
            self.assertEqual(world.state, ("failed", "carol"))

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
            self.assertEqual(world.steps, ["session:connect", "session:leave"])
            self.assertEqual(world.peer.snapshot().chat_sentence, sentence("wrong_peer", "bob"))

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
            world.says(world.bobs("STEP2"))
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
            world.says(joined("bob", "two"), wire.KeyExchange(sender="bob", payload=Raw(b"[]")))
            self.assertEqual((world.state, world.server.sent), (("secured", "bob"), []))

        self.in_a_world(act)


class SeveralTest(SimpleTestCase):
    """Chats side by side, and calls while there are some."""

    def rings_beside(self, world: World, name: str) -> None:
        world.says(joined(name, f"session of {name}"), key(name))

    def conversations(self, world: World) -> list[tuple[str, str, bool]]:
        return [(entry.peer, entry.state, entry.selected) for entry in world.peer.snapshot().conversations]

    async def test_a_call_that_comes_in_leaves_the_chat_as_it_is_until_it_is_accepted(self) -> None:
        world = World()
        world.chat()
        self.rings_beside(world, "carol")
        now = world.peer.snapshot()
        assert now.incoming is not None
        self.assertEqual((world.state, now.incoming.peer), (("secured", "bob"), "carol"))
        world.peer.accept()
        self.assertEqual(world.state, ("connecting", "carol"))
        world.peer.select("BOB")
        self.assertEqual(world.state, ("secured", "bob"))
        world.peer.select(None)
        self.assertEqual(world.state, ("idle", None))
        self.assertEqual({entry[0] for entry in self.conversations(world)}, {"bob", "carol"})
        await world.peer.stop()

    async def test_one_that_is_declined_leaves_no_trace_in_the_list(self) -> None:
        world = World()
        world.chat()
        self.rings_beside(world, "carol")
        world.peer.decline()
        self.assertEqual(self.conversations(world), [("bob", "secured", True)])
        await world.peer.stop()

    async def test_a_further_caller_hears_busy_while_one_rings(self) -> None:
        world = World()
        world.chat()
        self.rings_beside(world, "carol")
        self.rings_beside(world, "dave")
        self.assertEqual(world.steps, ["session:decline busy"])
        with self.assertRaises(PeerError) as caught:
            world.peer.dial("dave")
        self.assertEqual(caught.exception.reason, "in_call")
        await world.peer.stop()

    async def test_to_call_with_whom_a_chat_is_open_is_to_look_at_it(self) -> None:
        world = World()
        world.chat()
        world.peer.dial("carol")
        self.assertEqual(world.state, ("calling", "carol"))
        world.peer.dial("bob")
        self.assertEqual((world.state, world.steps), (("secured", "bob"), ["session:connect"]))
        await world.peer.stop()

    async def test_what_the_server_says_reaches_the_link_that_it_is_about(self) -> None:
        world = World()
        world.chat()
        world.peer.dial("carol")
        world.says(wire.Error(target="carol", payload=wire.ErrorPayload("USER_OFFLINE", "x")))
        self.assertEqual(world.state, ("failed", "carol"))
        world.peer.select("bob")
        self.assertEqual((world.state, self.conversations(world)), (("secured", "bob"), [("bob", "secured", True)]))
        await world.peer.stop()

    async def test_a_chat_that_is_over_stays_until_it_is_closed(self) -> None:
        world = World()
        world.classic_chat()
        world.peer.send("hello")
        with self.assertRaises(PeerError):
            world.peer.close("bob")
        world.peer.end()
        world.peer.select(None)
        self.assertEqual(self.conversations(world), [("bob", "ended", False)])
        world.peer.close("bob")
        self.assertEqual(self.conversations(world), [])
        await world.peer.stop()

    async def test_there_are_at_most_so_many_and_those_that_are_over_make_room(self) -> None:
        world = World()
        world.chat()
        for number in range(2 * MAX_LINKS):
            world.peer.dial(f"nobody_{number}")
            world.says(wire.Error(target=f"nobody_{number}", payload=wire.ErrorPayload("USER_OFFLINE", "x")))
        self.assertEqual(len(world.peer._board.links), MAX_LINKS)
        world.peer.select("bob")
        self.assertEqual(world.state, ("secured", "bob"))
        await world.peer.stop()

    async def test_a_call_of_a_blocked_name_goes_unanswered(self) -> None:
        world = World()
        world.peer.block("carol")
        self.rings_beside(world, "carol")
        self.assertEqual((world.state, world.server.sent), (("idle", None), []))
        with self.assertRaises(PeerError) as caught:
            world.peer.dial("carol")
        self.assertEqual(caught.exception.reason, "you_blocked")
        world.peer.unblock("carol")
        self.rings_beside(world, "carol")
        self.assertEqual(world.state, ("ringing", "carol"))
        await world.peer.stop()

    async def test_to_block_somebody_ends_the_chat_with_them(self) -> None:
        world = World()
        world.chat()
        world.peer.block("bob")
        self.assertEqual((world.state, world.steps), (("ended", "bob"), ["session:leave"]))
        self.assertTrue(world.identity.blocks.identity(world.bob.identity.key.public))
        await world.peer.stop()

    async def test_to_block_somebody_blocks_the_device_that_shows_itself_under_the_name(self) -> None:
        world = World()
        world.chat()
        known = os.urandom(32)
        world.identity.accept("bob", known)
        world.peer.block("bob")
        blocks = world.identity.blocks
        self.assertTrue(blocks.identity(world.bob.identity.key.public))
        self.assertFalse(blocks.identity(known))
        await world.peer.stop()

    async def test_to_block_somebody_ends_every_chat_with_their_device(self) -> None:
        world = World()
        world.chat()
        world.identity.meet("carol", world.bob.identity.key.public)
        world.peer.block("carol")
        self.assertEqual(world.state, ("ended", "bob"))
        await world.peer.stop()

    async def test_a_session_that_nobody_asked_for_draws_something_only_with_whom_the_path_is_lost(self) -> None:
        world = World()
        world.chat()
        world.peer._live("no_chat").failed()
        self.assertEqual((world.state, world.steps), (("reconnecting", "bob"), ["session:connect"]))
        world.says(joined("carol", "two"), joined("mallory", "three", initiator=True))
        self.assertEqual(len(world.server.sent), 1)
        self.assertEqual(world.peer._live("no_chat")._call.session_id, "one")
        world.says(joined("bob", "four"))
        self.assertEqual(world.peer._live("no_chat")._call.session_id, "four")
        await world.peer.stop()


class AcceptingTest(SimpleTestCase):
    """Another device under a known name, which is accepted when the call itself is over."""

    def blocked(self, world: World, *, calling: bool) -> None:
        """alice is asked about bob's device, and he has left."""
        world.identity.meet("bob", new_identity().key.public)
        if calling:
            world.peer.dial("bob")
            world.answers("one")
        else:
            world.says(joined("bob"), world.bobs("STEP1"))
            world.peer.accept()
            world.says(world.bobs("STEP3"))
        self.assertEqual(world.state, ("blocked", "bob"))
        world.says(wire.SessionLeft(payload=wire.EndedPayload("one", "bob", "left")))
        self.assertEqual(world.state, ("blocked", "bob"))
        world.server.sent.clear()
        world.states.clear()

    async def test_what_begins_with_another_step_than_the_first_never_rings(self) -> None:
        for step in (2, 3, "1", None):
            world = World()
            world.says(
                joined("mallory"), key("mallory", {"v": 2, "step": step, "hs": "AAAAAAAAAAAAAAAAAAAAAA==", "m": "AAAA"})
            )
            self.assertNotIn("ringing", world.states, step)
            world.says(joined("bob"), key("bob"))
            self.assertEqual(world.peer.snapshot().chat_state, "ringing")

    async def test_a_fault_of_ones_own_is_told_of_and_costs_no_more_than_the_message(self) -> None:
        told: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))
        world = World()
        with mock.patch.object(Link, "ring", side_effect=ZeroDivisionError):
            world.says(joined("bob"), key("bob"))
        self.assertIsInstance(told[0], ZeroDivisionError)

    async def test_who_called_calls_again_at_once_and_is_asked_no_more(self) -> None:
        world = World()
        self.blocked(world, calling=True)
        world.peer.accept_key()
        self.assertEqual((world.steps, world.state), (["session:connect"], ("calling", "bob")))
        world.answers("two")
        self.assertEqual(world.steps, ["session:connect", "key:exchange 1", "key:exchange 3"])
        self.assertEqual(set(world.states), {"calling", "connecting"})
        await world.peer.stop()

    async def test_who_was_called_does_not_call(self) -> None:
        world = World()
        self.blocked(world, calling=False)
        world.peer.accept_key()
        self.assertEqual((world.steps, world.state), ([], ("ended", "bob")))
        self.assertEqual(world.peer.snapshot().chat_sentence, sentence("key_accepted", "bob"))

    async def test_who_is_offline_does_not_call(self) -> None:
        world = World()
        self.blocked(world, calling=True)
        world.server.state = "offline"
        world.peer.accept_key()
        self.assertEqual((world.steps, world.state), ([], ("ended", "bob")))


class InvitationTest(SimpleTestCase):
    """What becomes of an invite whose handshake has verified, when the call comes to nothing all the same."""

    def ends(self, world: World) -> str:
        invite = world.bob.identity.new_invite("bob")
        world.peer.open_invite(invite.link("").partition("#")[2])
        world.answers("one")
        world.peer.end()
        invitation = world.peer.snapshot().invitation
        assert invitation is not None
        return invitation.state

    async def test_it_is_done(self) -> None:
        world = World()
        self.assertEqual(self.ends(world), "done")
        self.assertEqual(world.state, ("ended", "bob"))
        await world.peer.stop()

    async def test_it_is_used_where_the_device_is_another_one_and_refused(self) -> None:
        world = World()
        world.identity.meet("bob", new_identity().key.public)
        self.assertEqual(self.ends(world), "used")
        await world.peer.stop()
