from __future__ import annotations

from typing import Any

from django.test import SimpleTestCase

from signaling.errors import Close, Code, ProtocolError
from signaling.hub import DECLINE_REASONS
from signaling.ice import IceServers
from signaling.limits import Limits
from signaling.sessions.base import MAX_INITIATED, Session, StoreUnavailable
from signaling.sessions.memory import MemoryStore
from tests.support.clock import FakeClock
from tests.support.matchmaker import TTL, Matchmaker, Person

RELAYED = ("key:exchange", "signal:offer", "signal:answer", "signal:ice")
NO_SESSION = "11111111-2222-4333-8444-555555555555"


class HubTestCase(SimpleTestCase):
    async def people(self, *names: str, house: Matchmaker | None = None) -> list[Person]:
        self.house = house or Matchmaker()
        return [await self.house.join(name) for name in names]

    async def a_call(self) -> tuple[Person, Person, str]:
        """Alice has called Bob; both have heard of it."""
        alice, bob = await self.people("Alice", "Bob")
        await alice.says("session:connect", target="Bob")
        session_id = alice.takes()[0]["payload"]["sessionId"]
        bob.takes()
        return alice, bob, session_id

    async def refused(self, person: Person, code: Code, kind: str, **envelope: Any) -> ProtocolError:
        """The refusal of a request; nobody hears anything, and the connection lives on."""
        with self.assertRaises(ProtocolError) as raised:
            await person.says(kind, **envelope)
        error = raised.exception
        self.assertEqual((error.code, error.target, error.close), (code, envelope.get("target") or None, None))
        return error


class JoinTests(HubTestCase):
    async def test_what_is_no_name_is_not_let_in(self) -> None:
        with self.assertRaises(ProtocolError) as raised:
            await self.people("al ice")
        self.assertEqual((raised.exception.code, raised.exception.close), (Code.INVALID_USERNAME, 4001))
        self.assertEqual(self.house.remembered(), {})

    async def test_a_name_is_held_while_its_connection_lives(self) -> None:
        (alice,) = await self.people("Alice")
        with self.assertRaises(ProtocolError) as raised:
            await self.house.join("aLICE")
        self.assertEqual((raised.exception.code, raised.exception.close), (Code.USERNAME_TAKEN, 4002))
        await alice.leaves()
        await self.house.join("aLICE")

    async def test_who_was_refused_takes_nothing_from_the_owner(self) -> None:
        alice, bob = await self.people("Alice", "Bob")
        with self.assertRaises(ProtocolError):
            await self.house.join("alice")
        await bob.says("session:connect", target="alice")
        self.assertEqual(alice.takes()[0]["payload"]["peer"], "Bob")

    async def test_an_address_has_so_many_connections(self) -> None:
        house = Matchmaker(limits=Limits(connections_per_address=2))
        await self.people("Alice", "Bob", house=house)
        with self.assertRaises(ProtocolError) as raised:
            await house.join("Carol")
        self.assertEqual((raised.exception.code, raised.exception.close), (Code.RATE_LIMITED, Close.FLOOD))
        await house.join("Carol", "192.0.2.2")

    async def test_the_name_is_looked_at_before_the_address_and_that_before_who_has_the_name(self) -> None:
        house = Matchmaker(limits=Limits(connections_per_address=1))
        await self.people("Alice", house=house)
        for name, code in (("no name", Code.INVALID_USERNAME), ("Alice", Code.RATE_LIMITED)):
            with self.subTest(name), self.assertRaises(ProtocolError) as raised:
                await house.join(name)
            self.assertEqual(raised.exception.code, code)

    async def test_who_was_refused_does_not_count_for_the_address(self) -> None:
        house = Matchmaker(limits=Limits(connections_per_address=2))
        await self.people("Alice", house=house)
        for _ in range(3):
            with self.assertRaises(ProtocolError) as raised:
                await house.join("alice")
            self.assertEqual(raised.exception.code, Code.USERNAME_TAKEN)
        await house.join("Bob")


class ConnectTests(HubTestCase):
    async def test_both_hear_of_the_session(self) -> None:
        alice, bob = await self.people("Alice", "Bob")
        await alice.says("session:connect", target="bOB")
        session_id = alice.heard[0]["payload"]["sessionId"]
        for person, peer, initiator in ((alice, "Bob", True), (bob, "Alice", False)):
            payload = {"sessionId": session_id, "peer": peer, "initiator": initiator, "iceServers": []}
            self.assertEqual(person.heard, [{"type": "session:joined", "payload": payload}])

    async def test_calling_again_repeats_the_standing_session(self) -> None:
        alice, bob, _ = await self.a_call()
        await alice.says("session:connect", target="Bob")
        first = alice.takes(), bob.takes()
        await bob.says("session:connect", target="Alice")
        self.assertEqual((alice.takes(), bob.takes()), first)
        self.assertIs(first[0][0]["payload"]["initiator"], True)

    async def test_nobody_is_called_under_a_name_that_is_not_online(self) -> None:
        (alice,) = await self.people("Alice")
        await self.refused(alice, Code.USER_OFFLINE, "session:connect", target="Bob")

    async def test_a_call_needs_a_target(self) -> None:
        (alice,) = await self.people("Alice")
        await self.refused(alice, Code.MISSING_TARGET, "session:connect")
        for nobody in ("", None):
            await self.refused(alice, Code.MISSING_TARGET, "session:connect", target=nobody)

    async def test_nobody_calls_themselves_or_what_is_no_name(self) -> None:
        (alice,) = await self.people("Alice")
        for target in ("alice", "ALICE", "b", "b b b", "Bob\n"):
            await self.refused(alice, Code.INVALID_TARGET, "session:connect", target=target)

    async def test_each_gets_turn_credentials_of_their_own(self) -> None:
        ice = IceServers(turn_urls=("turn:turn.example",), turn_secret="s3cret", clock=FakeClock(1000))
        alice, bob = await self.people("Alice", "Bob", house=Matchmaker(ice=ice))
        await alice.says("session:connect", target="Bob")
        hers, his = (person.heard[0]["payload"]["iceServers"][0] for person in (alice, bob))
        self.assertEqual(set(hers), {"urls", "username", "credential"})
        self.assertTrue(hers["username"].startswith("4600:"))
        self.assertNotEqual(hers, his)

    async def test_somebody_with_too_many_sessions_opens_no_more(self) -> None:
        alice, _ = await self.people("Alice", "Bob")
        for _ in range(MAX_INITIATED):
            await alice.says("session:create")
        await self.refused(alice, Code.SESSION_CREATE_FAILED, "session:create")
        await self.refused(alice, Code.SESSION_CREATE_FAILED, "session:connect", target="Bob")

    async def test_the_guest_hears_of_the_session_first(self) -> None:
        order: list[str] = []
        alice, bob = await self.people("Alice", "Bob")
        for person in (alice, bob):
            self.house.post.attach(person.client.name, self.noting(order, person.client.name))
        await alice.says("session:connect", target="Bob")
        await bob.says("session:connect", target="Alice")
        self.assertEqual(order, ["Bob", "Alice", "Bob", "Alice"])

    def noting(self, order: list[str], name: str) -> Any:
        async def inbox(frame: str) -> None:
            order.append(name)

        return inbox


class CreateAndJoinTests(HubTestCase):
    async def created(self, person: Person) -> str:
        await person.says("session:create")
        (created,) = person.takes()
        session_id = created["payload"]["sessionId"]
        self.assertEqual(created, {"type": "session:created", "payload": {"sessionId": session_id}})
        return str(session_id)

    async def test_a_created_session_is_joined_by_its_id(self) -> None:
        alice, bob = await self.people("Alice", "Bob")
        session_id = await self.created(alice)
        await bob.says("session:join", sessionId=session_id)
        for person, peer, initiator in ((alice, "Bob", True), (bob, "Alice", False)):
            payload = {"sessionId": session_id, "peer": peer, "initiator": initiator, "iceServers": []}
            self.assertEqual(person.heard, [{"type": "session:joined", "payload": payload}])

    async def test_the_id_may_stand_in_the_payload_and_in_any_case(self) -> None:
        alice, bob = await self.people("Alice", "Bob")
        session_id = await self.created(alice)
        await bob.says("session:join", sessionId="", payload={"sessionId": session_id.upper()})
        self.assertEqual(bob.heard[0]["payload"]["sessionId"], session_id)

    async def test_the_id_in_the_envelope_goes_first(self) -> None:
        alice, bob = await self.people("Alice", "Bob")
        one, other = await self.created(alice), await self.created(alice)
        await bob.says("session:join", sessionId=one, payload={"sessionId": other})
        self.assertEqual(bob.heard[0]["payload"]["sessionId"], one)

    async def test_joining_needs_an_id(self) -> None:
        (alice,) = await self.people("Alice")
        envelopes: list[dict[str, Any]] = [
            *({}, {"sessionId": ""}, {"sessionId": None}),
            *({"payload": None}, {"payload": {}}, {"payload": {"sessionId": ""}}),
        ]
        for envelope in envelopes:
            await self.refused(alice, Code.MISSING_SESSION_ID, "session:join", **envelope)

    async def test_an_id_is_a_uuid(self) -> None:
        (alice,) = await self.people("Alice")
        for session_id in ("1", NO_SESSION[:-1], NO_SESSION + "0", NO_SESSION.replace("-", "")):
            await self.refused(alice, Code.INVALID_SESSION_ID, "session:join", sessionId=session_id)
            await self.refused(alice, Code.INVALID_SESSION_ID, "session:join", payload={"sessionId": session_id})

    async def test_what_cannot_be_joined(self) -> None:
        _, _, full = await self.a_call()
        carol = await self.house.join("Carol")
        own = await self.created(carol)
        for session_id in (NO_SESSION, full, own):
            await self.refused(carol, Code.SESSION_JOIN_FAILED, "session:join", sessionId=session_id)

    async def test_a_session_that_expired_cannot_be_joined(self) -> None:
        alice, bob = await self.people("Alice", "Bob")
        session_id = await self.created(alice)
        self.house.clock.advance(TTL)
        await self.refused(bob, Code.SESSION_JOIN_FAILED, "session:join", sessionId=session_id)

    async def test_two_who_have_a_session_both_hear_of_that_one(self) -> None:
        alice, bob, standing = await self.a_call()
        created = await self.created(bob)
        await alice.says("session:join", sessionId=created)
        for person, initiator in ((alice, True), (bob, False)):
            payload = person.takes()[0]["payload"]
            self.assertEqual((payload["sessionId"], payload["initiator"]), (standing, initiator))
        await self.refused(alice, Code.NOT_IN_SESSION, "session:leave", sessionId=created)


class RelayTests(HubTestCase):
    async def test_a_message_is_relayed_with_its_sender_and_its_payload_as_it_came(self) -> None:
        alice, _, _ = await self.a_call()
        frames: list[str] = []
        self.house.post.attach("Bob", self.keeping(frames))
        for kind in RELAYED:
            await alice.sends(
                f'{{"sender":"Bob","type":"{kind}","target":"bob","x":1,"payload":{{ "a" : 1.50, "a":"\\u00e9\\/" }}}}'
            )
            head = f'{{"type":"{kind}","payload":{{ "a" : 1.50, "a":"\\u00e9\\/" }},'
            self.assertEqual(frames.pop(), head + '"target":"bob","sender":"Alice"}')
        self.assertEqual(alice.heard, [])

    def keeping(self, frames: list[str]) -> Any:
        async def inbox(frame: str) -> None:
            frames.append(frame)

        return inbox

    async def test_both_sides_relay_and_the_order_is_kept(self) -> None:
        alice, bob, _ = await self.a_call()
        for number in range(5):
            await alice.says("signal:ice", target="Bob", payload={"n": number})
            await bob.says("signal:ice", target="ALICE", payload={"n": -number})
        self.assertEqual([message["payload"]["n"] for message in bob.takes()], [0, 1, 2, 3, 4])
        self.assertEqual([message["payload"]["n"] for message in alice.takes()], [0, -1, -2, -3, -4])

    async def test_a_session_id_is_passed_on_and_an_empty_one_is_none(self) -> None:
        alice, bob, session_id = await self.a_call()
        for given in (session_id, session_id.upper(), "", None):
            await alice.says("signal:ice", target="Bob", sessionId=given, payload={})
        self.assertEqual([message.get("sessionId") for message in bob.takes()], [session_id, session_id, None, None])

    async def test_the_session_id_must_be_that_of_the_pair(self) -> None:
        alice, bob, _ = await self.a_call()
        await self.refused(alice, Code.NOT_IN_SESSION, "signal:ice", target="Bob", sessionId=NO_SESSION)
        await self.refused(alice, Code.INVALID_SESSION_ID, "signal:ice", target="Bob", sessionId="nonsense")
        self.assertEqual(bob.heard, [])

    async def test_relaying_needs_a_target(self) -> None:
        alice, _, _ = await self.a_call()
        for kind in RELAYED:
            await self.refused(alice, Code.MISSING_TARGET, kind, payload={})
            for target in ("alice", "x", "Bob "):
                await self.refused(alice, Code.INVALID_TARGET, kind, target=target)

    async def test_only_the_two_of_a_session_relay_to_each_other(self) -> None:
        alice, bob, session_id = await self.a_call()
        carol = await self.house.join("Carol")
        await self.refused(carol, Code.NOT_IN_SESSION, "signal:offer", target="Bob", sessionId=session_id)
        await self.refused(alice, Code.NOT_IN_SESSION, "signal:offer", target="Carol", sessionId=session_id)
        await self.refused(alice, Code.NOT_IN_SESSION, "signal:offer", target="Nobody")
        self.assertEqual([alice.heard, bob.heard, carol.heard], [[], [], []])

    async def test_a_session_lives_its_time_after_the_last_relayed_message(self) -> None:
        alice, bob, _ = await self.a_call()
        self.house.clock.advance(TTL * 0.9)
        await bob.says("signal:ice", target="Alice", payload={})
        self.house.clock.advance(TTL * 0.9)
        await alice.says("signal:ice", target="Bob", payload={})
        self.house.clock.advance(TTL)
        await self.refused(alice, Code.NOT_IN_SESSION, "signal:ice", target="Bob", payload={})

    async def test_a_target_that_cannot_be_reached_is_said_to_be(self) -> None:
        alice, bob, _ = await self.a_call()
        bob.reachable = False
        await self.refused(alice, Code.RELAY_FAILED, "signal:offer", target="Bob", payload={})
        bob.reachable = True
        await alice.says("signal:offer", target="Bob", payload={})
        self.assertEqual(len(bob.heard), 1)


class EndTests(HubTestCase):
    async def test_who_leaves_is_missed_by_the_other(self) -> None:
        alice, bob, session_id = await self.a_call()
        await bob.says("session:leave", sessionId=session_id)
        payload = {"sessionId": session_id, "peer": "Bob", "reason": "left"}
        self.assertEqual((alice.heard, bob.heard), ([{"type": "session:left", "payload": payload}], []))
        await self.refused(alice, Code.NOT_IN_SESSION, "signal:ice", target="Bob", payload={})

    async def test_who_declines_says_why(self) -> None:
        for reason in (*sorted(DECLINE_REASONS), None, "", "<script>", "LEFT"):
            alice, bob, session_id = await self.a_call()
            await bob.says("session:decline", sessionId=session_id, payload={"reason": reason})
            told = reason if reason in DECLINE_REASONS else "declined"
            payload = {"sessionId": session_id, "peer": "Bob", "reason": told}
            self.assertEqual(alice.heard, [{"type": "session:declined", "payload": payload}])
            await self.refused(bob, Code.NOT_IN_SESSION, "signal:ice", target="Alice", payload={})

    async def test_five_reasons_pass(self) -> None:
        self.assertEqual(DECLINE_REASONS, {"declined", "busy", "invite_used", "invite_expired", "invite_unknown"})

    async def test_the_session_is_known_by_its_id_or_by_the_other(self) -> None:
        for kind in ("session:leave", "session:decline"):
            for how in ("envelope", "payload", "target"):
                alice, bob, session_id = await self.a_call()
                means: dict[str, dict[str, Any]] = {
                    "envelope": {"sessionId": session_id.upper()},
                    "payload": {"payload": {"sessionId": session_id}},
                    "target": {"target": "aLICE", "sessionId": "", "payload": {"sessionId": None}},
                }
                await bob.says(kind, **means[how])
                self.assertEqual(alice.heard[0]["payload"]["sessionId"], session_id, (kind, how))

    async def test_an_end_without_a_session_is_refused(self) -> None:
        for kind in ("session:leave", "session:decline"):
            alice, bob, session_id = await self.a_call()
            carol = await self.house.join("Carol")
            await self.refused(carol, Code.MISSING_SESSION_ID, kind)
            await self.refused(carol, Code.MISSING_SESSION_ID, kind, payload={"reason": "busy"})
            await self.refused(carol, Code.INVALID_SESSION_ID, kind, sessionId="1", target="Alice")
            await self.refused(carol, Code.NOT_IN_SESSION, kind, sessionId=session_id)
            await self.refused(carol, Code.NOT_IN_SESSION, kind, sessionId=NO_SESSION, target="Alice")
            await self.refused(carol, Code.NOT_IN_SESSION, kind, target="Alice")
            self.assertEqual((alice.heard, bob.heard), ([], []))
            await alice.says("signal:ice", target="Bob", payload={})

    async def test_leaving_a_session_nobody_joined_tells_nobody(self) -> None:
        alice, bob = await self.people("Alice", "Bob")
        await alice.says("session:create")
        session_id = alice.takes()[0]["payload"]["sessionId"]
        await alice.says("session:leave", sessionId=session_id)
        await self.refused(bob, Code.SESSION_JOIN_FAILED, "session:join", sessionId=session_id)
        self.assertEqual((alice.heard, bob.heard), ([], []))


class GoneTests(HubTestCase):
    async def test_a_socket_that_goes_ends_its_sessions(self) -> None:
        alice, bob, session_id = await self.a_call()
        carol = await self.house.join("Carol")
        await carol.says("session:connect", target="Alice")
        carol.takes()
        await alice.leaves()
        payload = {"sessionId": session_id, "peer": "Alice", "reason": "gone"}
        self.assertEqual(bob.heard, [{"type": "session:left", "payload": payload}])
        self.assertEqual([message["payload"]["reason"] for message in carol.heard], ["gone"])
        await self.refused(bob, Code.NOT_IN_SESSION, "signal:ice", target="Alice", payload={})
        await self.refused(bob, Code.USER_OFFLINE, "session:connect", target="Alice")

    async def test_what_it_created_cannot_be_joined_any_more(self) -> None:
        alice, bob = await self.people("Alice", "Bob")
        await alice.says("session:create")
        await alice.leaves()
        session_id = alice.heard[0]["payload"]["sessionId"]
        await self.refused(bob, Code.SESSION_JOIN_FAILED, "session:join", sessionId=session_id)
        self.assertEqual(bob.heard, [])

    async def test_one_peer_that_cannot_be_told_keeps_nobody_else_from_hearing(self) -> None:
        alice, bob, _ = await self.a_call()
        carol = await self.house.join("Carol")
        await alice.says("session:connect", target="Carol")
        bob.reachable = carol.reachable = False
        await alice.leaves()
        await self.house.join("Alice")

    async def test_leaving_twice_takes_nothing_from_the_next_owner(self) -> None:
        alice, bob, _ = await self.a_call()
        stale = alice.client
        await alice.leaves()
        newer = await self.house.join("alice", "192.0.2.2")
        await newer.says("session:connect", target="Bob")
        await self.house.store.release(stale.owner.name, stale.owner.connection)
        self.house.post.detach("Alice", stale.inbox)
        await bob.says("signal:ice", target="Alice", payload={})
        self.assertEqual(newer.takes()[-1]["type"], "signal:ice")

    async def test_when_everybody_left_nothing_is_remembered(self) -> None:
        alice, bob, _ = await self.a_call()
        await bob.says("session:create")
        self.assertNotEqual(self.house.remembered(), {})
        await alice.leaves()
        await bob.leaves()
        await self.house.settles()
        self.assertEqual(self.house.remembered(), {})


class FrameTests(HubTestCase):
    async def outcome(self, person: Person, frame: str) -> tuple[Code, str | None, int | None] | None:
        try:
            await person.sends(frame)
        except ProtocolError as error:
            return error.code, error.target, error.close
        return None

    async def test_what_cannot_be_read_is_refused_and_the_connection_lives(self) -> None:
        (alice,) = await self.people("Alice")
        for frame in ("", "x", "[]", "null", "{}", '{"type":1}', "{" * 9000, '{"type":"signal:ice","payload":[]}'):
            self.assertEqual(await self.outcome(alice, frame), (Code.INVALID_MESSAGE, None, None), frame[:40])

    async def test_an_unknown_type_is_said_to_be(self) -> None:
        (alice,) = await self.people("Alice")
        frame = '{"type":"session:joined","target":"Bob"}'
        self.assertEqual(await self.outcome(alice, frame), (Code.UNKNOWN_TYPE, "Bob", None))

    async def test_a_frame_over_64_kib_closes_the_connection(self) -> None:
        (alice,) = await self.people("Alice")
        for letter, count in (("x", 65_536), ("é", 32_768), ("😀", 16_384)):
            fits, too_large = letter * count, letter * count + "x"
            self.assertEqual(await self.outcome(alice, fits), (Code.INVALID_MESSAGE, None, None))
            self.assertEqual(await self.outcome(alice, too_large), (Code.MESSAGE_TOO_LARGE, None, Close.TOO_LARGE))

    async def test_too_many_frames_are_refused_and_in_the_end_close(self) -> None:
        limits = Limits(message_rate=1, message_burst=2)
        (alice,) = await self.people("Alice", house=Matchmaker(limits=limits))
        frame = '{"type":"session:leave","target":"Bob"}'
        met = [await self.outcome(alice, frame) for _ in range(5)]
        heard = (Code.NOT_IN_SESSION, "Bob", None)
        dropped = (Code.RATE_LIMITED, "Bob", None)
        self.assertEqual(met, [heard, heard, dropped, dropped, (Code.RATE_LIMITED, "Bob", Close.FLOOD)])
        self.house.clock.advance(1)
        self.assertEqual(await self.outcome(alice, frame), heard)

    async def test_a_frame_that_cannot_be_read_counts_too(self) -> None:
        (alice,) = await self.people("Alice", house=Matchmaker(limits=Limits(message_burst=1)))
        met = [await self.outcome(alice, "x") for _ in range(2)]
        self.assertEqual(met, [(Code.INVALID_MESSAGE, None, None), (Code.RATE_LIMITED, None, None)])

    async def test_calls_are_limited_and_name_whom_they_were_for(self) -> None:
        house = Matchmaker(limits=Limits(call_burst=3))
        alice, _ = await self.people("Alice", "Bob", house=house)
        await alice.says("session:connect", target="Bob")
        await alice.says("session:create")
        await self.refused(alice, Code.SESSION_JOIN_FAILED, "session:join", sessionId=NO_SESSION)
        await self.refused(alice, Code.RATE_LIMITED, "session:connect", target="Bob")
        await self.refused(alice, Code.RATE_LIMITED, "session:create")
        await self.refused(alice, Code.RATE_LIMITED, "session:join", sessionId=NO_SESSION)
        await alice.says("signal:ice", target="Bob", payload={})
        house.clock.advance(6)
        await alice.says("session:connect", target="Bob")

    async def test_one_address_shares_its_calls_among_its_names(self) -> None:
        house = Matchmaker(limits=Limits(call_burst=1))
        people = await self.people(*(f"user{number}" for number in range(8)), house=house)
        for person in people[:6]:
            await person.says("session:connect", target="user7")
        await self.refused(people[6], Code.RATE_LIMITED, "session:connect", target="user7")
        await (await house.join("elsewhere", "192.0.2.2")).says("session:connect", target="user7")


class FailingStore(MemoryStore):
    """A store whose connection can break."""

    broken = False

    async def claim(self, name: str, connection: str) -> bool:
        self._check()
        return await super().claim(name, connection)

    async def touch(self, sender: str, target: str, session_id: str | None = None) -> bool:
        self._check()
        return await super().touch(sender, target, session_id)

    async def release(self, name: str, connection: str) -> list[Session]:
        self._check()
        return await super().release(name, connection)

    def _check(self) -> None:
        if self.broken:
            raise StoreUnavailable


class UnavailableStoreTests(HubTestCase):
    async def test_without_its_store_the_server_is_busy(self) -> None:
        store = FailingStore(ttl=TTL, clock=FakeClock())
        (alice,) = await self.people("Alice", house=Matchmaker(store=store))
        store.broken = True
        await self.refused(alice, Code.SERVER_BUSY, "signal:ice", target="Bob", payload={})
        with self.assertRaises(ProtocolError) as raised:
            await self.house.join("Bob")
        self.assertEqual((raised.exception.code, raised.exception.close), (Code.SERVER_BUSY, Close.GOING_DOWN))
        await alice.leaves()
        self.assertEqual(set(self.house.remembered()), {"FailingStore._holders"})
