"""chat/peer/link.py: a state that lasts too long ends, whatever the other side withholds, and says why; what is asked of the
person; and what a chat that is open takes of further handshakes. Channels with a network are in test_peer.py."""

from __future__ import annotations

import asyncio
import os

from django.test import SimpleTestCase

from chat.peer.classic import Classic
from chat.peer.effects import Send
from chat.peer.errors import PeerError, sentence
from chat.peer.history import History
from chat.peer.link import Link
from chat.peer.messages import Message as Said
from chat.peer.standing import SENTENCES
from chat.peer.suite import Suite
from chat.peer.surroundings import Surroundings
from signaling.messages import JoinedPayload, Message, Offer
from tests.support.call_scripts import SESSION, Bob, short
from tests.support.clock import FakeClock
from tests.support.conversations import new_id
from tests.support.devices import attempt, device
from tests.support.hourglass import Hourglasses

KEY = Classic(os.urandom).opening()
LATER = JoinedPayload("22222222-2222-4222-8222-222222222222", "bob", initiator=True)


class World:
    """The surroundings of alice's link with bob, what it did to them, and two devices that call themselves bob."""

    def __init__(self) -> None:
        self.identity = device()
        self.bob, self.stranger = Bob("alice", device()), Bob("alice", device())
        self.sent: list[Message] = []
        self.offered = asyncio.Event()
        self.notices: list[str] = []
        self.glasses = Hourglasses()
        self.clock = FakeClock(0)
        self.histories: dict[tuple[str, bytes | None], History] = {}
        self.missed: list[str] = []
        self.around = Surroundings(
            send=self._send,
            changed=lambda: None,
            received=lambda message, peer: None,
            notice=self.notices.append,
            history=lambda name, key: self.histories.setdefault((name, key), History()),
            now=lambda: 0,
            clock=self.clock,
            new_id=new_id,
            after=self.glasses.after,
            suites=self._suites,
            fraction=lambda: 0,
            missed=self.missed.append,
            blocked=lambda key: key == self.blocked,
        )
        self.blocked = b""
        self.link = Link("bob", self.around)

    def _suites(self, peer: str) -> list[Suite]:
        return [attempt("alice", peer, self.identity), Classic(os.urandom)]

    def _send(self, message: Message) -> bool:
        self.sent.append(message)
        if isinstance(message, Offer):
            self.offered.set()
        for bob in (self.bob, self.stranger):
            bob.hear(Send(message))
        return True

    def steps(self) -> list[str]:
        """What was sent since the last time, in short."""
        sent, self.sent = self.sent, []
        return [short(Send(message)) for message in sent]

    async def offers(self) -> None:
        """Until alice's transport has made an offer."""
        await self.offered.wait()
        self.offered.clear()
        self.sent.clear()

    def dials(self) -> None:
        self.link.dial()
        self.link.joined(SESSION)

    def rings(self, bob: Bob | None = None) -> None:
        self.link.ring(SESSION, (bob or self.bob).says("STEP1"))

    def chats(self) -> None:
        """bob has called, and the channel is open, though there is no network."""
        self.rings()
        self.link.accept()
        self.link.key(self.bob.says("STEP3"))
        self.link.opened()
        self.steps()

    async def ends(self) -> None:
        if not self.link.over:
            self.link.end()
        await self.link.wait_closed()


class DeadlinesTest(SimpleTestCase):
    def ends(self, world: World, state: str, reason: str) -> None:
        (seconds,) = world.glasses.running
        world.glasses.run_out(seconds)
        self.assertEqual((world.link.state, world.link.sentence), (state, sentence(reason, "bob")))
        self.assertEqual(world.steps()[-1], "session:leave")
        self.assertEqual(world.glasses.running, [])

    async def test_a_server_that_does_not_answer(self) -> None:
        world = World()
        world.link.dial()
        self.assertEqual(world.glasses.running, [10])
        self.ends(world, "failed", "server_silent")

    async def test_a_call_that_nobody_answers(self) -> None:
        world = World()
        world.dials()
        self.assertEqual(world.glasses.running, [60])
        self.ends(world, "ended", "no_answer")

    async def test_a_call_that_is_missed_here(self) -> None:
        world = World()
        world.rings()
        self.assertEqual(world.glasses.running, [60])
        self.ends(world, "ended", "missed")

    async def test_a_step_3_that_is_withheld(self) -> None:
        world = World()
        world.rings()
        world.link.accept()
        self.assertEqual((world.link.state, world.glasses.running), ("connecting", [20]))
        self.ends(world, "failed", "undecided")

    async def test_an_answer_that_is_withheld(self) -> None:
        world = World()
        world.dials()
        world.link.key(world.bob.says("STEP2"))
        self.assertEqual((world.link.state, world.glasses.running), ("connecting", [30]))
        self.ends(world, "failed", "undecided")
        await world.link.wait_closed()

    async def test_an_offer_that_is_withheld(self) -> None:
        world = World()
        world.rings()
        world.link.accept()
        world.link.key(world.bob.says("STEP3"))
        self.assertEqual((world.link.state, world.glasses.running), ("connecting", [30]))
        self.ends(world, "failed", "no_path")
        await world.link.wait_closed()

    async def test_a_hello_that_is_withheld(self) -> None:
        world = World()
        world.chats()
        self.assertEqual((world.link.state, world.glasses.running), ("connecting", [20]))
        self.ends(world, "failed", "no_hello")
        await world.link.wait_closed()

    async def test_a_warning_that_nobody_answers(self) -> None:
        world = World()
        world.dials()
        world.link.key(KEY)
        self.assertEqual(world.glasses.running, [60])
        self.ends(world, "ended", "you_refused_classic")

    async def test_a_question_about_a_key_stands_when_the_time_for_the_call_is_over(self) -> None:
        world = World()
        world.identity.meet("bob", world.stranger.identity.key.public)
        world.dials()
        world.link.key(world.bob.says("STEP2"))
        self.assertEqual(world.glasses.running, [60])
        world.glasses.run_out(60)
        self.assertEqual((world.link.state, world.glasses.running), ("blocked", []))
        world.link.accept_key()
        self.assertEqual((world.link.state, world.link.sentence), ("ended", sentence("key_accepted", "bob")))


class MissedTest(SimpleTestCase):
    async def test_a_call_that_was_not_answered_is_told_of(self) -> None:
        for unanswered in (True, False):
            world = World()
            world.rings()
            if unanswered:
                world.glasses.run_out(60)
            else:
                world.link.left("left", SESSION.session_id)
            self.assertEqual(world.missed, ["bob"])

    async def test_one_that_was_declined_or_made_here_is_not(self) -> None:
        world = World()
        world.rings()
        world.link.decline()
        self.assertEqual(world.missed, [])
        world = World()
        world.dials()
        world.glasses.run_out(60)
        self.assertEqual(world.missed, [])


class QuestionsTest(SimpleTestCase):
    async def test_a_classic_peer_is_announced_and_asked_about(self) -> None:
        world = World()
        world.dials()
        self.assertFalse(world.link.warned)
        world.link.key(KEY)
        self.assertEqual((world.link.warned, world.link.trust), (True, None))
        self.assertEqual(world.link.sentence, SENTENCES["warned"].format(peer="bob"))
        world.link.accept_classic()
        world.link.opened()
        self.assertEqual((world.link.state, world.link.trust, world.link.renewable), ("secured", "classic", False))
        self.assertEqual(world.link.sentence, SENTENCES["classic"].format(peer="bob"))
        await world.ends()

    async def test_another_key_is_announced_and_asked_about(self) -> None:
        world = World()
        world.identity.meet("bob", world.stranger.identity.key.public)
        world.dials()
        world.link.key(world.bob.says("STEP2"))
        self.assertEqual((world.link.state, world.link.trust, world.link._line.transport), ("blocked", "changed", None))
        self.assertEqual(world.link.sentence, SENTENCES["blocked"].format(peer="bob"))
        world.link.accept_key()
        self.assertEqual((world.link.state, world.link.trust), ("connecting", None))
        await world.ends()

    async def test_before_the_channel_is_open_nothing_can_be_said_or_compared(self) -> None:
        world = World()
        world.dials()
        link = world.link
        for act in (
            lambda: link.talk.send("hello"),
            lambda: link.talk.retry("0"),
            link.verify,
            lambda: link.confirm(True),
        ):
            with self.assertRaises(PeerError) as caught:
                act()
            self.assertEqual(caught.exception.reason, "no_chat")

    async def test_a_device_known_by_another_name_is_announced(self) -> None:
        world = World()
        world.identity.meet("Robert", world.bob.identity.key.public)
        world.chats()
        self.assertEqual(world.notices, ["bob is on a device that you know as Robert."])
        await world.ends()

    async def test_another_device_of_the_same_name_gets_nothing_of_the_history(self) -> None:
        world = World()
        old = Said(new_id(), mine=True, body="for the other one", at=1, status="delivered")
        world.histories["bob", world.stranger.identity.key.public] = History()
        world.histories["bob", world.stranger.identity.key.public].add(old)
        world.chats()
        self.assertEqual(world.link.messages, [])
        await world.ends()


class BesideTest(SimpleTestCase):
    """Further handshakes while the chat is open."""

    async def test_at_most_three_in_a_minute_are_answered(self) -> None:
        world = World()
        world.chats()
        for _ in range(3):
            world.link.renewed(LATER, world.bob.says("STEP1"))
        self.assertEqual(world.steps(), ["key:exchange 2"] * 3)
        world.link.renewed(LATER, world.bob.says("STEP1"))
        world.link.key(world.bob.says("STEP1"))
        self.assertEqual(world.steps(), [])
        await world.ends()

    async def test_after_a_minute_they_are_answered_again(self) -> None:
        world = World()
        world.chats()
        for _ in range(3):
            world.link.key(world.bob.says("STEP1"))
        world.clock.advance(59)
        world.link.key(world.bob.says("STEP1"))
        self.assertEqual(world.steps(), ["key:exchange 2"] * 3)
        world.clock.advance(1)
        world.link.key(world.bob.says("STEP1"))
        self.assertEqual(world.steps(), ["key:exchange 2"])
        await world.ends()

    async def test_one_that_does_not_finish_in_a_minute_is_forgotten(self) -> None:
        world = World()
        world.chats()
        world.link.key(world.bob.says("STEP1"))
        three = world.bob.says("STEP3")
        world.glasses.run_out(60)
        suite = world.link.suite
        world.link.key(three)
        self.assertIs(world.link.suite, suite)
        await world.ends()

    async def test_a_strangers_changes_nothing_and_is_told_of(self) -> None:
        world = World()
        world.chats()
        suite = world.link.suite
        world.link.key(world.stranger.says("STEP1"))
        world.link.key(world.stranger.says("STEP3"))
        self.assertEqual(world.notices, [sentence("stranger", "bob")])
        self.assertIs(world.link.suite, suite)
        await world.ends()

    async def test_three_frames_that_fail_begin_one_and_not_another_for_some_seconds(self) -> None:
        world = World()
        world.chats()
        assert world.bob.attempt is not None
        world.link.received(world.bob.attempt.seal({"t": "hello", "seq": 1, "features": []}))
        for _ in range(10):
            world.link.received("2.AAAA.AAAA")
        self.assertEqual(world.steps(), ["session:connect"])
        world.link.joined(LATER)
        world.link.key(world.bob.says("STEP2"))
        self.assertEqual(world.steps(), ["key:exchange 1", "key:exchange 3"])
        await world.ends()

    async def test_one_that_the_other_side_does_not_finish_ends_no_chat_and_is_begun_again(self) -> None:
        world = World()
        world.chats()
        assert world.bob.attempt is not None
        world.link.received(world.bob.attempt.seal({"t": "hello", "seq": 1, "features": []}))
        world.link.key(world.bob.says("STEP1"))
        world.link.key(world.bob.says("STEP3"))
        self.assertEqual((world.link.state, world.steps()), ("connecting", ["key:exchange 2"]))
        world.glasses.run_out(20)
        self.assertEqual((world.link.over, world.steps()), (False, ["session:connect"]))
        await world.ends()

    async def test_its_caller_speaks_first_when_it_is_not_spoken_to(self) -> None:
        world = World()
        world.chats()
        assert world.bob.attempt is not None
        world.link.received(world.bob.attempt.seal({"t": "hello", "seq": 1, "features": []}))
        world.link._renew()
        world.link.joined(LATER)
        world.link.key(world.bob.says("STEP2"))
        self.assertEqual(world.link.state, "connecting")
        world.glasses.run_out(1)
        self.assertEqual(world.link.state, "secured")
        await world.ends()

    async def test_the_session_that_a_renewal_asked_for_is_not_another_call(self) -> None:
        world = World()
        world.chats()
        self.assertTrue(world.link.beside(LATER))
        world.link._renew()
        self.assertFalse(world.link.beside(LATER))
        await world.ends()

    async def test_of_a_call_whose_place_was_taken_nothing_is_heard(self) -> None:
        world = World()
        world.rings()
        world.link.forget()
        self.assertEqual((world.glasses.running, world.steps()), ([], []))


class AcknowledgingTest(SimpleTestCase):
    async def test_what_came_is_acknowledged_within_a_twentieth_of_a_second(self) -> None:
        world = World()
        world.chats()
        assert world.bob.attempt is not None
        self.assertNotIn(0.05, world.glasses.running)
        world.link.received(world.bob.attempt.seal({"t": "hello", "seq": 1, "features": []}))
        self.assertIn(0.05, world.glasses.running)
        self.assertNotIn(20, world.glasses.running)
        await world.ends()

    async def test_bye_ends_the_chat(self) -> None:
        world = World()
        world.chats()
        assert world.bob.attempt is not None
        world.link.received(world.bob.attempt.seal({"t": "hello", "seq": 1, "features": []}))
        self.assertEqual((world.link.state, world.link.trust), ("secured", "unverified"))
        world.link.received(world.bob.attempt.seal({"t": "bye", "seq": 2}))
        self.assertEqual((world.link.state, world.link.reason, world.glasses.running), ("ended", "ended", []))
        self.assertEqual(world.steps(), ["session:leave"])
        await world.link.wait_closed()


class LostPathTest(SimpleTestCase):
    """A chat whose path is lost, with a server that may lie."""

    def chatting(self) -> World:
        world = World()
        world.chats()
        assert world.bob.attempt is not None
        world.link.received(world.bob.attempt.seal({"t": "hello", "seq": 1, "features": []}))
        self.assertEqual(world.link.state, "secured")
        world.steps()
        return world

    def lost(self) -> World:
        world = self.chatting()
        world.link.failed()
        self.assertEqual((world.link.state, world.link.since, world.steps()), ("reconnecting", 0, ["session:connect"]))
        return world

    async def test_with_an_open_channel_nothing_that_the_server_says_changes_anything(self) -> None:
        world = self.chatting()
        suite, transport = world.link.suite, world.link._line.transport
        self.assertTrue(world.link.beside(LATER))
        world.link.left("gone", SESSION.session_id)
        world.link.left("left", SESSION.session_id)
        world.link.declined("declined", SESSION.session_id)
        world.link.error("USER_OFFLINE", None)
        world.link.error("NOT_IN_SESSION", SESSION.session_id)
        world.link.joined(LATER)
        world.link.remote_signal("offer", {"type": "offer", "sdp": "v=0"})
        world.link.server_lost()
        world.link.server_back()
        self.assertEqual((world.link.state, world.link.away, world.steps()), ("secured", False, []))
        self.assertEqual((world.link.suite, world.link._line.transport), (suite, transport))
        await world.ends()

    async def test_a_session_is_taken_for_another_path_while_there_is_none(self) -> None:
        world = self.lost()
        self.assertFalse(world.link.beside(LATER))
        world.link.joined(LATER)
        self.assertEqual((world.link._call.session_id, world.steps()), (LATER.session_id, []))
        world.glasses.run_out(3)  # bob called, so alice waits for his offer
        await world.offers()
        await world.ends()

    async def test_an_offer_of_theirs_counts_whatever_session_it_came_in(self) -> None:
        world = self.chatting()
        transport = world.link._line.transport
        world.link.remote_signal("offer", world.bob.says("OFFER"), LATER)
        self.assertIsNot(world.link._line.transport, transport)
        self.assertEqual((world.link._call.session_id, world.link.state), (LATER.session_id, "reconnecting"))
        await world.ends()

    async def test_who_left_ends_the_chat_when_there_is_no_path(self) -> None:
        world = self.lost()
        world.link.left("left", LATER.session_id)
        world.link.left("gone", SESSION.session_id)
        self.assertEqual((world.link.state, world.link.away), ("reconnecting", True))
        self.assertEqual(world.link.sentence, SENTENCES["away"].format(peer="bob"))
        world.link.left("left", SESSION.session_id)
        self.assertEqual((world.link.state, world.link.reason, world.glasses.running), ("ended", "left", []))
        await world.link.wait_closed()

    async def test_who_left_with_the_path_is_not_called_back(self) -> None:
        world = self.chatting()
        world.link.left("left", SESSION.session_id)
        self.assertEqual(world.link.state, "secured")
        world.link.failed()
        self.assertEqual((world.link.state, world.link.reason), ("ended", "left"))
        self.assertEqual(world.steps(), ["session:leave"])
        await world.link.wait_closed()

    async def test_what_was_still_on_its_way_from_who_left_changes_nothing(self) -> None:
        world = self.chatting()
        assert world.bob.attempt is not None
        world.link.left("left", SESSION.session_id)
        world.link.received(world.bob.attempt.seal({"t": "ack", "upto": 1}))
        world.link.closed()
        self.assertEqual((world.link.state, world.link.reason), ("ended", "left"))
        await world.link.wait_closed()

    async def test_who_is_heard_after_the_server_said_that_they_left_is_there(self) -> None:
        world = self.chatting()
        assert world.bob.attempt is not None
        world.link.left("left", SESSION.session_id)
        world.clock.advance(3)
        world.link.received(world.bob.attempt.seal({"t": "ack", "upto": 1}))
        world.link.closed()
        self.assertEqual(world.link.state, "reconnecting")
        await world.ends()

    async def test_who_does_not_want_to_go_on_ends_the_chat_when_asked_by_a_handshake(self) -> None:
        world = self.lost()
        world.link.joined(LATER)
        world.link.declined("declined", LATER.session_id)
        self.assertEqual(world.link.state, "reconnecting")
        world.glasses.run_out(8)
        world.link.joined(LATER)
        self.assertEqual(world.steps(), ["session:connect", "key:exchange 1"])
        world.link.declined("busy", LATER.session_id)
        self.assertEqual(world.link.state, "reconnecting")
        world.link.declined("declined", LATER.session_id)
        self.assertEqual((world.link.state, world.link.reason), ("ended", "not_back"))
        await world.link.wait_closed()

    async def test_who_lost_their_keys_gets_new_ones_and_an_offer(self) -> None:
        world = self.lost()
        world.link.joined(LATER)
        world.glasses.run_out(8)
        world.link.joined(LATER)
        world.steps()
        world.link.key(world.bob.says("STEP2"))
        self.assertEqual(world.steps(), ["key:exchange 3"])
        await world.offers()
        world.link.opened()
        assert world.bob.attempt is not None
        world.link.received(world.bob.attempt.seal({"t": "hello", "seq": 1, "features": []}))
        self.assertEqual((world.link.state, world.link.since), ("secured", None))
        await world.ends()

    async def test_who_is_offline_is_asked_for_again_and_messages_wait(self) -> None:
        world = self.lost()
        world.link.error("USER_OFFLINE", None)
        message = world.link.talk.send("later")
        self.assertEqual((world.link.away, message.status, world.steps()), (True, "queued", []))
        world.link.wake()
        self.assertEqual(world.steps(), ["session:connect"])
        world.link.joined(LATER)
        self.assertFalse(world.link.away)
        await world.ends()

    async def test_a_path_that_does_not_answer_for_a_moment_is_not_lost(self) -> None:
        world = self.chatting()
        world.link.interrupted()
        self.assertEqual(world.link.state, "secured")
        world.link.recovered()
        self.assertEqual((world.link.state, world.steps()), ("secured", []))
        world.link.interrupted()
        world.link._pacing._timers._running["interrupted"].run_out()  # type: ignore[attr-defined]
        self.assertEqual((world.link.state, world.steps()), ("reconnecting", ["session:connect"]))
        world.link.recovered()
        self.assertEqual((world.link.state, world.link.since), ("secured", None))
        await world.ends()

    async def test_a_call_outlives_the_servers_socket_for_ten_seconds(self) -> None:
        for back in (True, False):
            world = World()
            world.dials()
            world.steps()
            world.link.server_lost()
            self.assertEqual(world.link.state, "calling")
            if back:
                world.link.server_back()
                self.assertEqual((world.link.state, world.steps()), ("calling", ["session:connect"]))
                world.link.joined(SESSION)
                self.assertEqual(world.steps(), ["key:exchange 1"])
            else:
                world.glasses.run_out(10)
                self.assertEqual((world.link.state, world.link.reason), ("failed", "server_lost"))

    async def test_a_device_that_is_blocked_by_its_key_learns_nothing_more(self) -> None:
        world = World()
        world.blocked = world.bob.identity.key.public
        world.dials()
        world.steps()
        world.link.key(world.bob.says("STEP2"))
        self.assertEqual((world.steps(), world.link._line.transport), ([], None))
        self.assertEqual((world.link.state, world.link.reason), ("ended", "you_blocked"))


class ComingBackTest(SimpleTestCase):
    """A chat that was open before this side was started anew."""

    def comes_back(self) -> World:
        world = World()
        world.link.come_back()
        self.assertEqual((world.link.state, world.link.is_call, world.link.over), ("reconnecting", False, False))
        return world

    async def test_it_calls_and_needs_nobody_to_be_asked(self) -> None:
        world = self.comes_back()
        world.link.joined(SESSION)
        self.assertEqual(world.steps(), ["session:connect", "key:exchange 1"])
        world.link.key(world.bob.says("STEP2"))
        self.assertEqual(world.steps(), ["key:exchange 3"])
        await world.offers()
        world.link.opened()
        assert world.bob.attempt is not None
        world.link.received(world.bob.attempt.seal({"t": "hello", "seq": 1, "features": []}))
        self.assertEqual((world.link.state, world.link._returning, world.link.since), ("secured", False, None))
        await world.ends()

    async def test_who_is_offline_is_called_again_and_nothing_tells_them_that_it_is_over(self) -> None:
        world = self.comes_back()
        world.link.error("USER_OFFLINE", None)
        self.assertEqual(world.link.sentence, SENTENCES["nobody_back"].format(peer="bob"))
        world.link.wake()
        self.assertEqual(world.steps(), ["session:connect", "session:connect"])
        world.glasses.run_out(150)
        self.assertEqual((world.link.state, world.link.reason), ("ended", "not_back"))
        self.assertEqual((world.notices, world.glasses.running), ([sentence("not_back", "bob")], []))

    async def test_who_asks_meanwhile_is_called_at_once(self) -> None:
        world = self.comes_back()
        world.link.error("USER_OFFLINE", None)
        world.steps()
        world.link.joined(LATER)
        self.assertEqual(world.steps(), ["key:exchange 1"])
        await world.ends()

    async def test_what_is_typed_meanwhile_is_said_when_the_chat_goes_on(self) -> None:
        world = World()
        world.identity.meet("bob", world.bob.identity.key.public)
        history = world.histories["bob", world.bob.identity.key.public] = History()
        world.link = Link("bob", world.around, world.bob.identity.key.public)
        world.link.come_back()
        message = world.link.send("here again")
        self.assertEqual((message.status, world.link.messages), ("queued", [message]))
        for text, reason in (("  ", "empty"), ("x" * 130_000, "too_long")):
            with self.assertRaises(PeerError) as caught:
                world.link.send(text)
            self.assertEqual(caught.exception.reason, reason)
        world.link.joined(SESSION)
        world.link.key(world.bob.says("STEP2"))
        world.link.opened()
        self.assertEqual((message.status, history.messages), ("queued", [message]))
        self.assertIs(world.link.talk.history, history)
        await world.ends()

    async def test_what_was_typed_for_one_device_is_not_said_to_another(self) -> None:
        world = self.comes_back()
        message = world.link.send("for bob alone")
        world.identity.meet("bob", world.stranger.identity.key.public)
        world.link.joined(SESSION)
        world.link.key(world.bob.says("STEP2"))
        self.assertEqual((world.link.state, message.status), ("blocked", "failed"))
        world.link.accept_key()
        world.link.opened()
        self.assertEqual(world.link.messages, [])
        await world.ends()

    async def test_what_was_typed_in_vain_has_failed(self) -> None:
        world = self.comes_back()
        message = world.link.send("anybody?")
        world.link.end()
        self.assertEqual(message.status, "failed")

    async def test_who_is_started_anew_too_and_calls_is_answered_at_once_though_not_all_the_time(self) -> None:
        world = self.comes_back()
        world.link.joined(SESSION)
        world.link.key(world.bob.says("STEP2"))
        world.steps()
        for _ in range(3):
            world.link.key(world.bob.says("STEP1"))
            self.assertEqual((world.steps(), world.link.state), (["key:exchange 2"], "reconnecting"))
        world.link.key(Bob("alice", device()).says("STEP1"))
        self.assertEqual(world.steps(), [])
        world.link.key(world.bob.says("STEP3"))
        self.assertEqual((world.link.state, world.link._line.transport is None), ("reconnecting", False))
        await world.ends()

    async def test_another_device_is_asked_about(self) -> None:
        world = self.comes_back()
        world.identity.meet("bob", world.stranger.identity.key.public)
        world.link.joined(SESSION)
        world.link.key(world.bob.says("STEP2"))
        self.assertEqual((world.link.state, world.link._line.transport), ("blocked", None))
        self.assertNotIn("key:exchange 3", world.steps())
        await world.ends()

    async def test_who_does_not_answer_is_given_up_and_told(self) -> None:
        world = self.comes_back()
        for _ in range(2):
            world.link.joined(SESSION)
            world.steps()
            world.glasses.run_out(8)
            self.assertEqual((world.link.state, world.steps()), ("reconnecting", []))
            world.glasses.run_out(22)
            self.assertEqual(world.steps(), ["session:connect"])
        world.link.joined(SESSION)
        world.steps()
        world.glasses.run_out(8)
        self.assertEqual((world.link.state, world.link.reason, world.steps()), ("ended", "not_back", ["session:leave"]))

    async def test_who_answers_late_is_back(self) -> None:
        world = self.comes_back()
        world.link.joined(SESSION)
        world.steps()
        world.glasses.run_out(8)
        world.link.key(world.bob.says("STEP2"))
        self.assertEqual((world.steps(), world.link._line.transport is None), (["key:exchange 3"], False))
        self.assertNotIn(22, world.glasses.running)
        await world.ends()

    async def test_who_declines_is_given_up(self) -> None:
        world = self.comes_back()
        world.link.joined(SESSION)
        world.link.declined("declined", SESSION.session_id)
        self.assertEqual((world.link.state, world.link.reason), ("ended", "not_back"))

    async def test_the_person_may_give_up(self) -> None:
        world = self.comes_back()
        world.link.end()
        self.assertEqual((world.link.state, world.link.reason, world.glasses.running), ("ended", "you_left", []))
