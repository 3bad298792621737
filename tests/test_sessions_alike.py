"""The store in Redis answers as the one in memory does, whatever is asked in whatever order, searched by hypothesis.

Times are whole seconds and never shorter than what a touch in Redis may leave unwritten, so the two must agree exactly.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from signaling.errors import ProtocolError
from signaling.sessions.base import LEASE_SECONDS, PLACE_SECONDS, At, Lapse, NameLost, Session, Store, StoreUnavailable
from signaling.sessions.memory import MemoryStore
from signaling.sessions.redis import KEEP_SECONDS, RedisStore
from tests.support.clock import FakeClock
from tests.support.redis import RedisServer, RedisTestCase

MACHINE = settings(derandomize=True, database=None, deadline=None, max_examples=50, stateful_step_count=40)

TTL = 600
PLACES = ("p1", "p2")
CONNECTIONS = ("c1", "c2", "c3", "c4", "c5")

names = st.sampled_from(["Alice", "aLICE", "Bob", "BOB", "Carol"])
connections = st.sampled_from(CONNECTIONS)
places = st.sampled_from(PLACES)
keys = st.sampled_from([None, "k1", "k2"])
numbers = st.integers(0, 30)
lateness = st.sampled_from([None] * 9 + [*CONNECTIONS])
"""Mostly the holder asks, and sometimes somebody who may have been."""


class Twins(RuleBasedStateMachine):
    """A store of each kind, with one clock. The one in memory knows of no places: what a lost one means is done by hand."""

    server: ClassVar[RedisServer]

    def __init__(self) -> None:
        super().__init__()
        self.server.ask("FLUSHALL")
        self.runner = asyncio.Runner()
        self.clock = FakeClock()
        self.memory = MemoryStore(ttl=TTL, clock=self.clock)
        self.redis = RedisStore(self.server.url, ttl=TTL, patience=30, clock=self.clock)
        self.ids: list[str] = []
        for place in PLACES:
            assert not self.run(self.redis.beat(place))
        for name, connection in zip(("Alice", "Bob", "Carol"), CONNECTIONS, strict=False):
            self.both("claim", name, connection, "k1" if name == "Alice" else None, "p1")

    # What is asked of both

    @rule(name=names, connection=connections, key=keys, place=places, again=st.booleans())
    def somebody_claims(self, name: str, connection: str, key: str | None, place: str, again: bool) -> None:
        self.both("claim", name, connection, key, place, again=again)

    @rule(name=names, connection=connections)
    def a_connection_is_released(self, name: str, connection: str) -> None:
        self.both("release", name, connection)

    @rule(caller=names, late=lateness, called=names)
    def somebody_calls(self, caller: str, late: str | None, called: str) -> None:
        if caller.lower() != called.lower():
            self.both("connect", self.new_id(), caller, self.asking(caller, late), called)

    @rule(initiator=names, late=lateness)
    def somebody_creates(self, initiator: str, late: str | None) -> None:
        self.both("create", self.new_id(), initiator, self.asking(initiator, late))

    @precondition(lambda self: self.ids)
    @rule(guest=names, late=lateness, number=numbers)
    def somebody_joins(self, guest: str, late: str | None, number: int) -> None:
        self.both("join", self.an_id(number), guest, self.asking(guest, late))

    @precondition(lambda self: self.ids)
    @rule(sender=names, late=lateness, other=names, number=st.none() | numbers)
    def somebody_relays(self, sender: str, late: str | None, other: str, number: int | None) -> None:
        self.both("touch", sender, self.asking(sender, late), other, None if number is None else self.an_id(number))

    @precondition(lambda self: self.ids)
    @rule(user=names, late=lateness, number=numbers)
    def somebody_ends(self, user: str, late: str | None, number: int) -> None:
        self.both("end", user, self.asking(user, late), self.an_id(number))

    @rule(user=names, late=lateness, other=names)
    def somebody_leaves(self, user: str, late: str | None, other: str) -> None:
        self.both("end_with", user, self.asking(user, late), other)

    @rule()
    def leases_are_ended(self) -> None:
        self.same_lapse([])

    # What happens

    @rule(seconds=st.sampled_from([10, 60, LEASE_SECONDS - 1, LEASE_SECONDS, TTL / 2, TTL - 10, TTL]))
    def time_passes(self, seconds: float) -> None:
        self.pass_time(seconds)
        for place in PLACES:
            assert self.run(self.redis.beat(place))

    @rule(place=places)
    def a_place_is_lost(self, place: str) -> None:
        for _ in range(5):
            self.pass_time(PLACE_SECONDS / 4)
            for other in PLACES:
                assert other == place or self.run(self.redis.beat(other))
        there = [holder for holder in self.memory._holders.values() if holder.at and holder.at.place == place]
        gone: list[Session] = []
        for holder in there:
            assert self.run(self.redis.where(holder.name)) is None
            assert holder.at is not None
            gone += self.run(self.memory.release(holder.name, holder.at.connection))
        self.same_lapse(gone)
        assert not self.run(self.redis.beat(place))

    @invariant()
    def names_are_where_they_are(self) -> None:
        assert self.run(self.everybody(self.memory)) == self.run(self.everybody(self.redis))

    def teardown(self) -> None:
        """What is left of a store that nobody uses: with time, what its places are, and then nothing."""
        try:
            assert all(0 <= seconds <= KEEP_SECONDS for seconds in self.server.lifetimes().values())
            for holder in tuple(self.memory._holders.values()):
                if holder.at:
                    self.both("release", holder.name, holder.at.connection)
            self.time_passes(LEASE_SECONDS)
            self.same_lapse([])
            self.time_passes(2 * TTL)
            left = {key.removeprefix("lowkey:").partition(":")[0] for key in self.server.lifetimes()}
            assert left == {"heard", "lives", "memory", "place", "voice"}, left
            self.pass_time(KEEP_SECONDS)
            assert not self.server.lifetimes()
        finally:
            self.run(self.redis.aclose())
            self.runner.close()

    # How the two are compared

    def asking(self, name: str, late: str | None) -> str:
        """The connection that asks under a name."""
        holder = self.memory._holders.get(name.lower())
        return late or (holder.at.connection if holder and holder.at else CONNECTIONS[0])

    async def everybody(self, store: Store) -> list[At | None]:
        return await asyncio.gather(*map(store.where, ("alice", "bob", "carol")))

    def run(self, doing: Any) -> Any:
        return self.runner.run(doing)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.server.age(seconds)

    def new_id(self) -> str:
        self.ids.append(f"s{len(self.ids)}")
        return self.ids[-1]

    def an_id(self, number: int) -> str:
        return self.ids[-1 - number % len(self.ids)]

    def both(self, method: str, *arguments: Any, **options: Any) -> None:
        expected = self.outcome(getattr(self.memory, method)(*arguments, **options))
        found = self.outcome(getattr(self.redis, method)(*arguments, **options))
        assert found == expected, f"{method}{arguments} {options}: {found} instead of {expected}"

    def outcome(self, doing: Any) -> Any:
        try:
            result = self.run(doing)
        except ProtocolError as refusal:
            return refusal.code
        except NameLost as lost:
            return lost.key, "has the name"
        except StoreUnavailable:
            return "nobody has the name"
        return sorted(result, key=lambda session: session.id) if isinstance(result, list) else result

    def same_lapse(self, gone: list[Session]) -> None:
        """The same sessions end, with `gone` in memory. Of two who go at once, either may be the one who has gone."""
        expected: Lapse = self.run(self.memory.end_leases())
        found: Lapse = self.run(self.redis.end_leases())
        assert found.next_in == expected.next_in
        ended = [session for _, session in found.gone]
        assert all(session.other(name) in {session.initiator, session.guest} for name, session in found.gone)
        assert {*ended} == {*gone, *(session for _, session in expected.gone)}
        assert len(ended) == len({*ended})


class AlikeTests(RedisTestCase):
    def test_the_store_in_redis_answers_as_the_one_in_memory_does(self) -> None:
        Twins.server = self.server
        run_state_machine_as_test(Twins, settings=MACHINE)
