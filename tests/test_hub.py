from __future__ import annotations

import json
from typing import Any

from django.test import SimpleTestCase

from chat.peer.ownership import prove
from signaling.errors import Close, Code, ProtocolError
from signaling.hub import DECLINE_REASONS
from signaling.ice import IceServers
from signaling.limits import Limits
from signaling.messages import AuthResponse, ChallengePayload, dump, parse_from_server
from signaling.proof import Line
from signaling.sessions.base import LEASE_SECONDS, MAX_INITIATED, At, Claim, Lapse, Session, StoreUnavailable
from signaling.sessions.memory import MemoryStore
from tests.support.clock import FakeClock
from tests.support.matchmaker import ORIGIN, TTL, Matchmaker, Person
from tests.support.name_keys import NameKey

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
            owner = person.client.owner
            self.house.post.attach(owner.name, owner.connection, Line(self.noting(order, owner.name), person.ends))
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
        alice, bob, _ = await self.a_call()
        frames: list[str] = []
        self.house.post.attach("Bob", bob.client.owner.connection, Line(self.keeping(frames), bob.ends))
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
        self.house.post.detach("Alice", stale.owner.connection)
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


class OwnershipTests(HubTestCase):
    """Names that belong to keys. Bob has none: he is what the original app is."""

    async def call(self, store: Any = None) -> tuple[Person, Person]:
        """Alice, with a key, has called Bob; both have heard of it."""
        self.key = NameKey()
        self.house = Matchmaker(store=store)
        alice, bob = await self.house.join("Alice", key=self.key), await self.house.join("Bob")
        await alice.says("session:connect", target="Bob")
        self.session_id = alice.takes()[0]["payload"]["sessionId"]
        bob.takes()
        return alice, bob

    async def turned_away(self, code: Code, close: int, name: str = "alice", key: NameKey | None = None) -> None:
        with self.assertRaises(ProtocolError) as raised:
            await self.house.join(name, key=key)
        self.assertEqual((raised.exception.code, raised.exception.close), (code, close))

    async def assert_taken(self) -> None:
        """The name is another's, for a thief with a key and for whoever has none."""
        await self.turned_away(Code.USERNAME_TAKEN, 4002, key=NameKey())
        await self.turned_away(Code.USERNAME_TAKEN, 4002)

    async def test_a_live_name_is_taken_for_any_other_key_and_for_none(self) -> None:
        alice, bob = await self.call()
        await self.assert_taken()
        await bob.says("signal:ice", target="Alice", payload={})
        self.assertEqual((len(alice.takes()), alice.replaced), (1, False))

    async def test_a_name_without_a_key_is_taken_for_any_key(self) -> None:
        _, bob = await self.call()
        await self.turned_away(Code.USERNAME_TAKEN, 4002, "Bob", NameKey())
        await bob.leaves()
        await self.house.join("BOB", key=NameKey())

    async def test_a_name_is_its_keys_for_two_minutes_after_its_socket_went(self) -> None:
        alice, bob = await self.call()
        await alice.leaves()
        for _ in range(2):
            await self.house.passes(LEASE_SECONDS / 2 - 0.1)
            await self.assert_taken()
        self.assertEqual(bob.heard, [])
        await self.house.passes(0.2)
        await self.house.join("alice", key=NameKey())

    async def test_after_the_lease_the_others_hear_that_its_owner_is_gone(self) -> None:
        alice, bob = await self.call()
        await alice.leaves()
        await self.house.passes(LEASE_SECONDS - 0.1)
        self.assertEqual(bob.heard, [])
        await self.house.passes(0.1)
        payload = {"sessionId": self.session_id, "peer": "Alice", "reason": "gone"}
        self.assertEqual(bob.takes(), [{"type": "session:left", "payload": payload}])
        await self.refused(bob, Code.NOT_IN_SESSION, "signal:ice", target="Alice", payload={})
        self.assertEqual(self.house.jobs, [])

    async def test_whoever_comes_next_finds_no_lease_that_is_over_though_nobody_looked(self) -> None:
        alice, bob = await self.call()
        await alice.leaves()
        self.house.clock.advance(LEASE_SECONDS)
        await self.house.join("alice")
        self.assertEqual([message["payload"]["reason"] for message in bob.heard], ["gone"])

    async def test_leases_end_one_after_the_other_with_one_job_for_all(self) -> None:
        self.house = Matchmaker()
        people = [await self.house.join(f"user{number}", key=NameKey()) for number in range(3)]
        watcher = await self.house.join("watcher")
        for person in people:
            await watcher.says("session:connect", target=person.name)
        watcher.takes()
        for person in people:
            await person.leaves()
            self.house.clock.advance(30)
            self.assertEqual(len(self.house.jobs), 1)
        await self.house.passes(LEASE_SECONDS - 90)
        for person in people:
            self.assertEqual([message["payload"]["peer"] for message in watcher.takes()], [person.name])
            await self.house.passes(30)
        self.assertEqual((watcher.heard, self.house.jobs), ([], []))

    async def test_within_the_lease_its_owner_cannot_be_reached_and_not_be_called(self) -> None:
        alice, bob = await self.call()
        await alice.leaves()
        await self.refused(bob, Code.RELAY_FAILED, "signal:ice", target="Alice", payload={})
        await self.refused(bob, Code.USER_OFFLINE, "session:connect", target="Alice")

    async def test_who_comes_back_within_the_lease_finds_the_sessions_as_they_were(self) -> None:
        alice, bob = await self.call()
        await alice.leaves()
        await self.house.passes(LEASE_SECONDS - 1)
        again = await self.house.join("aLICE", key=self.key)
        await again.says("signal:ice", target="Bob", sessionId=self.session_id, payload={})
        await bob.says("signal:ice", target="Alice", sessionId=self.session_id, payload={})
        self.assertEqual((bob.takes()[0]["sender"], again.takes()[0]["sender"]), ("aLICE", "Bob"))
        await self.house.passes(LEASE_SECONDS * 2)
        self.assertEqual(bob.heard, [])
        await again.leaves()
        await self.assert_taken()

    async def test_a_newer_connection_of_the_same_key_replaces_the_older_and_keeps_its_sessions(self) -> None:
        alice, bob = await self.call()
        again = await self.house.join("alice", key=self.key)
        self.assertEqual((alice.replaced, again.replaced), (True, False))
        await bob.says("signal:ice", target="Alice", payload={})
        self.assertEqual((len(alice.heard), len(again.takes())), (0, 1))
        await alice.leaves()
        await again.says("signal:ice", target="Bob", payload={})
        await bob.says("signal:ice", target="Alice", payload={})
        self.assertEqual([len(person.heard) for person in (alice, again, bob)], [0, 1, 1])
        await self.house.passes(LEASE_SECONDS * 2)
        await self.assert_taken()

    async def test_a_reload_has_its_name_back_at_once(self) -> None:
        alice, _ = await self.call()
        for _ in range(3):
            await alice.leaves()
            alice = await self.house.join("Alice", key=self.key)

    async def test_who_owns_another_name_owns_this_one_no_more_than_anybody(self) -> None:
        await self.call()
        mallory = NameKey()
        await self.house.join("mallory", key=mallory)
        await self.turned_away(Code.USERNAME_TAKEN, 4002, "alice", mallory)

    async def test_sessions_of_two_who_both_went_end_with_the_first_lease(self) -> None:
        self.house = Matchmaker()
        alice, carol = await self.house.join("Alice", key=NameKey()), await self.house.join("Carol", key=NameKey())
        await alice.says("session:connect", target="Carol")
        for person in (alice, carol):
            await person.leaves()
        await self.house.settles()
        self.assertEqual(self.house.remembered(), {})

    async def test_what_was_created_can_be_joined_by_its_id_until_the_lease_ends(self) -> None:
        alice, bob = await self.call()
        await alice.says("session:create")
        session_id = alice.takes()[0]["payload"]["sessionId"]
        await alice.leaves()
        await self.house.passes(LEASE_SECONDS)
        await self.refused(bob, Code.SESSION_JOIN_FAILED, "session:join", sessionId=session_id)

    # Proving it

    async def let_in(self, person: Person) -> None:
        person.client = await self.house.hub.join(person.name, "192.0.2.1", person.line(), person.keyed())

    async def assert_unproven(self, person: Person, code: Code = Code.AUTH_FAILED, close: int = 4003) -> None:
        with self.assertRaises(ProtocolError) as raised:
            await self.let_in(person)
        self.assertEqual((raised.exception.code, raised.exception.close), (code, close))

    def saying(self, frame: str, name: str = "alice") -> Person:
        """Somebody with a key whose first words are these."""

        async def answer() -> str:
            return frame

        person = Person(self.house.hub, name, NameKey())
        person.answer = answer  # type: ignore[method-assign]
        return person

    async def test_nothing_is_served_before_the_proof(self) -> None:
        self.house = Matchmaker()
        for frame in (
            *("", "x", "{}", '{"type":"session:leave"}', '{"type":"session:create"}', '{"type":"auth:response"}'),
            *('{"type":"auth:response","payload":{}}', '{"type":"auth:response","payload":{"origin":1,"mac":""}}'),
            *('{"type":"session:connect","target":"Bob"}', '{"type":"auth:ok","payload":{"username":"alice"}}'),
        ):
            with self.subTest(frame):
                person = self.saying(frame)
                await self.assert_unproven(person)
                self.assertEqual(person.heard, [])
        await self.assert_unproven(self.saying("x" * 65_537), Code.MESSAGE_TOO_LARGE, 1009)
        self.assertEqual(self.house.remembered(), {})

    async def test_a_recorded_proof_is_worth_nothing_on_another_connection(self) -> None:
        alice, _ = await self.call()
        recorded = await alice.answer()
        replay = self.saying(recorded)
        replay.key = self.key
        await self.assert_unproven(replay)
        await alice.leaves()
        await self.assert_unproven(replay)

    async def test_a_proof_for_another_origin_is_worth_nothing(self) -> None:
        await self.call()
        for origin in ("https://evil.example", "http://chat.example", "http://localhost", "http://127.0.0.1:8080", ""):
            with self.subTest(origin):
                await self.assert_unproven(Person(self.house.hub, "alice", self.key, origin))

    async def test_a_proof_for_another_name_is_worth_nothing(self) -> None:
        await self.call()
        person = Person(self.house.hub, "alice", self.key)
        person.proof = lambda: prove(self.key, ORIGIN, "mallory", asked(person))  # type: ignore[method-assign]
        await self.assert_unproven(person)

    async def test_the_public_key_of_another_is_not_theirs_to_use(self) -> None:
        alice, _ = await self.call()
        thief = NameKey()
        person = Person(self.house.hub, "alice", self.key)
        person.proof = lambda: prove(thief, ORIGIN, "alice", asked(person))  # type: ignore[method-assign]
        await self.assert_unproven(person)
        self.assertFalse(alice.replaced)

    async def test_a_name_is_claimed_only_once_it_is_proven(self) -> None:
        self.house = Matchmaker()
        half_open = Person(self.house.hub, "alice", NameKey())

        async def answer() -> str:
            self.assertEqual(self.house.store._holders, {})  # type: ignore[attr-defined]
            await self.house.join("alice")
            return dump(AuthResponse(payload=half_open.proof()))

        half_open.answer = answer  # type: ignore[method-assign]
        await self.assert_unproven(half_open, Code.USERNAME_TAKEN, 4002)

    async def test_a_connection_without_a_proof_counts_for_its_address_and_only_while_it_lasts(self) -> None:
        self.house = Matchmaker(limits=Limits(connections_per_address=1))
        half_open = Person(self.house.hub, "alice", NameKey())

        async def answer() -> str:
            with self.assertRaises(ProtocolError) as raised:
                await self.house.join("bob")
            self.assertEqual((raised.exception.code, raised.exception.close), (Code.RATE_LIMITED, 4008))
            return ""

        half_open.answer = answer  # type: ignore[method-assign]
        await self.assert_unproven(half_open)
        await self.house.join("bob")

    async def test_the_owner_hears_that_the_name_is_theirs_before_anything_else(self) -> None:
        await self.call()
        order: list[str] = []

        async def inbox(frame: str) -> None:
            order.append(json.loads(frame)["type"])
            if order[-1] == "auth:challenge":
                person.challenged = parse_from_server(frame)  # type: ignore[assignment]

        person = Person(self.house.hub, "Carol", NameKey())
        await self.house.hub.join("Carol", "192.0.2.1", Line(inbox, person.ends), person.keyed())
        bob = await self.house.join("bob2")
        await bob.says("session:connect", target="carol")
        self.assertEqual(order, ["auth:challenge", "auth:ok", "session:joined"])

    async def test_a_socket_that_takes_no_welcome_leaves_as_any_other(self) -> None:
        alice, _ = await self.call()
        await alice.leaves()
        deaf = Person(self.house.hub, "alice", self.key)

        async def inbox(frame: str) -> None:
            if "auth:ok" in frame:
                raise ConnectionError
            await deaf.inbox(frame)

        with self.assertRaises(ConnectionError):
            await self.house.hub.join("alice", "192.0.2.1", Line(inbox, deaf.ends), deaf.keyed())
        await self.assert_taken()
        await self.house.settles()
        await self.house.join("alice")

    async def test_a_proof_nobody_asked_for_is_refused_and_the_connection_lives(self) -> None:
        alice, bob = await self.call()
        for person in (alice, bob):
            await self.refused(person, Code.INVALID_MESSAGE, "auth:response", payload={"origin": "", "mac": ""})

    async def test_a_connection_that_has_lost_its_name_says_nothing_more_under_it(self) -> None:
        alice, bob = await self.call()
        bob.takes()
        requests: tuple[tuple[str, dict[str, Any]], ...] = (
            *((kind, {"target": "bob", "payload": {}}) for kind in RELAYED),
            *((kind, {"target": "bob"}) for kind in ("session:connect", "session:leave", "session:decline")),
            ("session:create", {}),
            ("session:join", {"sessionId": NO_SESSION}),
        )
        store, key = self.house.store, alice.client.owner.key
        for holder, code in ((key, Close.REPLACED), ("another's", Close.GOING_DOWN)):
            if holder != key:
                await store.release("alice", "newer")
                self.house.clock.advance(LEASE_SECONDS)
                await self.house.hub.catch_up()
            self.assertTrue((await store.claim("alice", "newer", holder)).granted)
            for kind, envelope in requests:
                with self.subTest(kind, code=code):
                    alice.ended_with = None
                    await alice.says(kind, **envelope)
                    self.assertEqual((alice.ended_with, alice.takes()), (code, []))
            self.assertEqual([message["type"] for message in bob.takes()], ["session:left"] if holder != key else [])

    async def test_a_store_that_is_away_when_leases_end_is_asked_again(self) -> None:
        store = FailingStore(ttl=TTL, clock=(clock := FakeClock()))
        alice, bob = await self.call(store)
        self.house.clock = clock
        await alice.leaves()
        store.broken = True
        await self.house.passes(LEASE_SECONDS)
        self.assertEqual((bob.heard, len(self.house.jobs)), ([], 1))
        store.broken = False
        await self.house.passes(LEASE_SECONDS)
        self.assertEqual([message["payload"]["reason"] for message in bob.heard], ["gone"])


def asked(person: Person) -> ChallengePayload:
    assert person.challenged is not None
    return person.challenged.payload


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

    async def claim(self, *args: Any, **options: Any) -> Claim:
        self._check()
        return await super().claim(*args, **options)

    async def touch(self, *args: Any, **options: Any) -> At | None:
        self._check()
        return await super().touch(*args, **options)

    async def release(self, name: str, connection: str) -> list[Session]:
        self._check()
        return await super().release(name, connection)

    async def end_leases(self) -> Lapse:
        self._check()
        return await super().end_leases()

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
        self.assertEqual(set(self.house.remembered()), {"FailingStore._holders", "Hub._owed"})
        store.broken = False
        await self.house.hub.catch_up()
        self.assertEqual(self.house.remembered(), {})
