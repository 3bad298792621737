"""What holds for any frame and any order of events, searched by hypothesis.

The search is the same on each run, so that a failure is one of the code and not of the day.
"""

from __future__ import annotations

import json
from typing import Any

from django.test import SimpleTestCase
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from signaling.errors import Code, ProtocolError
from signaling.limits import Limits, TokenBucket, client_address
from signaling.messages import Error, ErrorPayload, FromClient, dump, is_name, parse_from_client, parse_from_server
from signaling.sessions.base import LEASE_SECONDS
from tests.support.matchmaker import TTL, Matchmaker, Person, at_once, session_id
from tests.support.name_keys import NameKey

THOROUGH = settings(derandomize=True, database=None, deadline=None, max_examples=300)
MACHINE = settings(THOROUGH, max_examples=120, stateful_step_count=40)

TYPES = [kind.__struct_config__.tag for kind in FromClient.__args__]
NAMES = ["alice", "Alice", "bob", "BOB", "carol", "dave"]
KEYS = [None, NameKey(b"1" * 32), NameKey(b"2" * 32)]

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
session_ids = st.sampled_from(["", "x", *map(session_id, range(6))])
names = st.sampled_from(NAMES) | st.text(max_size=6)
people = st.integers(0, len(NAMES) - 1)
near_messages = st.fixed_dictionaries(
    {"type": st.sampled_from([*TYPES, "error", "session:joined", ""]) | anything},
    optional={
        "target": names | anything,
        "sender": names | anything,
        "sessionId": session_ids | anything,
        "payload": st.fixed_dictionaries(
            {}, optional={"sessionId": session_ids | anything, "reason": st.text(max_size=8) | anything}
        )
        | anything,
        "more": anything,
    },
)
frames = st.text() | near_messages.map(json.dumps) | anything.map(json.dumps)


def damaged(frame: str, at: int, piece: str) -> str:
    """The frame with a piece put in, in place of what was there."""
    return frame[: at % (len(frame) + 1)] + piece + frame[at % (len(frame) + 1) + len(piece) :]


class ParserProperties(SimpleTestCase):
    @THOROUGH
    @given(frames)
    def test_any_frame_is_a_message_or_a_protocol_error(self, frame: str) -> None:
        self.check(frame)

    @THOROUGH
    @given(near_messages.map(json.dumps), st.integers(min_value=0), st.text(max_size=3))
    def test_any_damaged_frame_is_a_message_or_a_protocol_error(self, frame: str, at: int, piece: str) -> None:
        self.check(damaged(frame, at, piece))

    @THOROUGH
    @given(st.text(st.characters(), max_size=20))
    def test_half_surrogates_do_no_harm(self, text: str) -> None:
        self.check(f'{{"type":"session:connect","target":"{text}"}}')

    def check(self, frame: str) -> None:
        try:
            message = parse_from_client(frame)
        except ProtocolError as error:
            self.assertIn(error.code, (Code.INVALID_MESSAGE, Code.UNKNOWN_TYPE))
            self.assertIsNone(error.close)
            told = Error(target=error.target, payload=ErrorPayload(error.code, str(error)))
            self.assertEqual(parse_from_server(dump(told)), told)
        else:
            self.assertEqual(parse_from_client(dump(message)), message)


class LimitProperties(SimpleTestCase):
    @THOROUGH
    @given(
        st.floats(0.01, 100),
        st.integers(1, 50),
        st.lists(st.floats(0, 10), min_size=1, max_size=100),
    )
    def test_a_bucket_never_gives_more_than_its_burst_and_rate(
        self, rate: float, burst: int, waits: list[float]
    ) -> None:
        bucket, now, given_out = TokenBucket(rate, burst), 0.0, 0
        for wait in waits:
            now += wait
            given_out += bucket.take(now)
            self.assertLessEqual(given_out, burst + now * rate + 1e-6)

    @THOROUGH
    @given(st.none() | st.text(max_size=20), st.lists(st.text(max_size=30), max_size=4))
    def test_any_header_gives_an_address(self, peer: str | None, forwarded: list[str]) -> None:
        self.assertIsInstance(client_address(peer, forwarded, ("unix",)), str)


class HubMachine(RuleBasedStateMachine):
    """Four names that people with and without keys come under, go and say anything, and the sessions they believe in.

    A model of the rules is kept beside the hub: `sessions` is the pairs that must be live, with the time they end, and
    `leases` the names of those who went with a key, with that key and the time their lease ends.
    """

    def __init__(self) -> None:
        super().__init__()
        limits = Limits(message_burst=30, call_burst=12, connections_per_address=3)
        self.house = Matchmaker(limits=limits)
        self.online: dict[str, Person] = {}
        self.sessions: dict[frozenset[str], tuple[str, float]] = {}
        self.leases: dict[str, tuple[NameKey, float]] = {}
        for name in ("alice", "bob", "carol"):
            self.somebody_comes(name, "192.0.2.1", KEYS[name == "alice"])

    # What happens

    @rule(
        name=st.sampled_from(NAMES),
        address=st.sampled_from(["192.0.2.1", "192.0.2.2"]),
        key=st.sampled_from(KEYS),
    )
    def somebody_comes(self, name: str, address: str, key: NameKey | None) -> None:
        older, free = self.online.get(name.lower()), self.may_have(name.lower(), key)
        try:
            person = at_once(self.house.join(name, address, key))
        except ProtocolError as error:
            assert error.close is not None
            assert (error.code is Code.USERNAME_TAKEN) <= (not free)
            self.hear()
            return
        assert free
        self.online[name.lower()] = person
        self.leases.pop(name.lower(), None)
        self.hear()
        if older is not None:
            assert older.replaced
            at_once(older.leaves())
            assert older.takes() == [], "the older connection heard something"

    def may_have(self, user: str, key: NameKey | None) -> bool:
        """Whether a name is free, or this key's."""
        holder = self.online[user].key if user in self.online else None
        leased, ends = self.leases.get(user, (None, 0.0))
        owner = holder or (leased if ends > self.house.clock() else None)
        return owner is key if owner else user not in self.online

    @precondition(lambda self: self.online)
    @rule(who=people)
    def somebody_goes(self, who: int) -> None:
        self.goes(self.named(who))

    @precondition(lambda self: self.online)
    @rule(who=people, other=people)
    def somebody_calls(self, who: int, other: int) -> None:
        self.say(self.named(who), {"type": "session:connect", "target": NAMES[other]})

    @precondition(lambda self: self.online)
    @rule(who=people)
    def somebody_creates_a_session(self, who: int) -> None:
        self.say(self.named(who), {"type": "session:create"})

    @precondition(lambda self: self.online)
    @rule(who=people, number=st.integers(0, 30))
    def somebody_joins_a_session(self, who: int, number: int) -> None:
        self.say(self.named(who), {"type": "session:join", "sessionId": session_id(number)})

    @precondition(lambda self: self.online)
    @rule(who=people, other=people, how=st.sampled_from(["leave", "decline"]))
    def somebody_ends_a_session(self, who: int, other: int, how: str) -> None:
        self.say(self.named(who), {"type": f"session:{how}", "target": NAMES[other]})

    @precondition(lambda self: self.online)
    @rule(who=people, other=people)
    def somebody_relays(self, who: int, other: int) -> None:
        self.relay(self.named(who), NAMES[other])

    @precondition(lambda self: self.sessions)
    @rule(which=people)
    def two_who_had_a_session_relay(self, which: int) -> None:
        name, target = sorted(map(sorted, self.sessions))[which % len(self.sessions)]
        if name in self.online:
            self.relay(name, target)

    def relay(self, name: str, target: str) -> None:
        pair = frozenset((name, target.lower()))
        live = pair in self.sessions and self.sessions[pair][1] > self.house.clock()
        error = self.say(name, {"type": "signal:ice", "target": target, "payload": {}})
        there = target.lower() in self.online
        assert (live and there) or error is not None, "relayed without a live session, or to nobody"
        fine = None if there else Code.RELAY_FAILED
        assert not live or error in (fine, Code.RATE_LIMITED), "a live session was denied"

    @precondition(lambda self: self.online)
    @rule(who=people, frame=frames)
    def somebody_says_anything(self, who: int, frame: str) -> None:
        self.send(self.named(who), frame)

    @rule(seconds=st.sampled_from([1.0, 60.0, LEASE_SECONDS, TTL / 2, TTL]))
    def time_goes_by(self, seconds: float) -> None:
        at_once(self.house.passes(seconds))
        self.hear()
        for name, (_, ends) in tuple(self.leases.items()):
            if ends <= self.house.clock():
                del self.leases[name]
                self.forget(name)

    # What must be

    @invariant()
    def no_pair_has_two_live_sessions(self) -> None:
        store: Any = self.house.store
        pairs = [
            frozenset((entry.session.initiator.lower(), entry.session.guest.lower()))
            for entry in store._entries.values()
            if entry.session.guest is not None
        ]
        assert len(pairs) == len(set(pairs))

    @invariant()
    def who_is_looked_after_has_one_job_at_most(self) -> None:
        assert len(self.house.jobs) <= 1

    def teardown(self) -> None:
        for name in tuple(self.online):
            self.goes(name)
        at_once(self.house.settles())
        assert self.house.remembered() == {}, self.house.remembered()

    # How it is told

    def named(self, who: int) -> str:
        """One of those who are there."""
        return sorted(self.online)[who % len(self.online)]

    def goes(self, name: str) -> None:
        person = self.online.pop(name)
        if person.key is not None:
            self.leases[name] = person.key, self.house.clock() + LEASE_SECONDS
        at_once(person.leaves())
        self.hear()
        if person.key is None:
            self.forget(name)

    def forget(self, name: str) -> None:
        """The sessions of somebody who is gone are over, also those with somebody who is not there to hear of it."""
        for pair in [pair for pair in self.sessions if name in pair]:
            del self.sessions[pair]

    def say(self, name: str, message: dict[str, Any]) -> Code | None:
        return self.send(name, json.dumps(message))

    def send(self, name: str, frame: str) -> Code | None:
        """Let `name` send a frame and read what everybody hears; the error's code, if any."""
        try:
            at_once(self.online[name].sends(frame))
        except ProtocolError as error:
            self.hear()
            if error.close is not None:
                self.goes(name)
            return error.code
        self.hear(sender=name)
        return None

    def hear(self, sender: str | None = None) -> None:
        """Follow what everybody hears; a third party hears nothing."""
        for name, person in self.online.items():
            for message in person.takes():
                self.follow(name, message, sender)

    def follow(self, name: str, message: dict[str, Any], sender: str | None) -> None:
        kind, payload = message["type"], message["payload"]
        if kind == "session:created":
            assert name == sender
        elif kind == "session:joined":
            self.follow_joined(frozenset((name, payload["peer"].lower())), payload["sessionId"])
        elif kind in ("session:left", "session:declined"):
            peer = payload["peer"].lower()
            assert self.sessions.pop(frozenset((name, peer)))[0] == payload["sessionId"]
            if payload["reason"] == "gone":
                assert peer not in self.online or sender is None
                assert self.leases.get(peer, (None, 0.0))[1] <= self.house.clock(), "gone before the lease was over"
        else:
            assert message["sender"].lower() == sender
            assert message["target"].lower() == name
            pair = frozenset((name, str(sender)))
            self.sessions[pair] = self.sessions[pair][0], self.house.clock() + TTL

    def follow_joined(self, pair: frozenset[str], session_id: str) -> None:
        standing, expires = self.sessions.get(pair, ("", 0.0))
        if expires > self.house.clock():
            assert session_id == standing, "a second session for a pair"
        else:
            self.sessions[pair] = session_id, self.house.clock() + TTL


class HubProperties(SimpleTestCase):
    def test_whatever_people_do_the_rules_hold_and_nothing_is_left_of_them(self) -> None:
        run_state_machine_as_test(HubMachine, settings=MACHINE)

    def test_names_of_the_machine_are_names(self) -> None:
        self.assertTrue(all(map(is_name, NAMES)))
