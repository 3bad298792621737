"""What is true of the store in Redis besides the contract: its places, its keys, and many who ask at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

from signaling.errors import Code, ProtocolError
from signaling.sessions.base import (
    LEASE_SECONDS,
    MAX_JOINED,
    PLACE_SECONDS,
    At,
    Claim,
    Lapse,
    NameLost,
    Session,
    StoreUnavailable,
)
from signaling.sessions.redis import BATCH, GRACE_SECONDS, KEEP_SECONDS, ROOM, STEPS, RedisStore, _Line
from tests.support.clock import FakeClock
from tests.support.redis import RedisTestCase, close_with_loop

TTL = 600.0
BEAT = PLACE_SECONDS / 4


class StoreTestCase(RedisTestCase):
    """With a fake clock, which the keys' expiry follows."""

    def setUp(self) -> None:
        super().setUp()
        self.clock = FakeClock()

    def open(self) -> RedisStore:
        store = RedisStore(self.server.url, ttl=TTL, patience=30, clock=self.clock)
        close_with_loop(store)
        return store

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.server.age(seconds)

    async def outlive(self, store: RedisStore, *living: str) -> None:
        """Let as much time pass as a silent place lives, and a little more, while others are heard."""
        for _ in range(5):
            self.pass_time(BEAT)
            for place in living:
                await store.beat(place)

    async def places(self, store: RedisStore, *names: str) -> list[str | None]:
        """Where each of them is."""
        return [at and at.place for at in await asyncio.gather(*map(store.where, names))]

    async def lapse(self, store: RedisStore) -> tuple[list[tuple[str, Session]], int]:
        """All that `end_leases` has to say, and how many calls it took."""
        gone: list[tuple[str, Session]] = []
        calls = 0
        while True:
            lapse = await store.end_leases()
            gone += lapse.gone
            calls += 1
            if lapse.next_in != 0:
                return gone, calls


class PlaceTests(StoreTestCase):
    async def test_a_place_is_known_from_its_first_beat_on(self) -> None:
        store = self.open()
        self.assertEqual([await store.beat("p1") for _ in range(3)], [False, True, True])
        self.assertFalse(await store.beat("p2"))

    async def test_a_name_is_at_its_place_before_the_first_beat_and_the_beat_still_says_so(self) -> None:
        """Otherwise a process that claims one name before it hears of a loss would not claim the others again."""
        store = self.open()
        await store.claim("Alice", "c1", None, "p1")
        self.assertEqual(await store.where("Alice"), At("p1", "c1"))
        self.assertEqual([await store.beat("p1"), await store.beat("p1")], [False, True])

    async def test_nobody_is_at_a_place_that_is_silent(self) -> None:
        store = self.open()
        await store.claim("Alice", "c1", "k1", "p1")
        await store.claim("Bob", "c2", None, "p2")
        await store.connect("s1", "Alice", "c1", "Bob")
        await self.outlive(store, "p2")
        self.assertIsNone(await store.where("Alice"))
        self.assertIsNone(await store.touch("Bob", "c2", "Alice"))
        with self.assertRaises(ProtocolError) as raised:
            await store.connect("s2", "Bob", "c2", "Alice")
        self.assertEqual(raised.exception.code, Code.USER_OFFLINE)

    async def test_at_a_silent_place_names_are_free_and_those_with_a_key_begin_their_lease(self) -> None:
        store = self.open()
        for name, key, place in (("Alice", "k1", "p1"), ("Bob", None, "p1"), ("Carol", None, "p2")):
            await store.claim(name, name, key, place)
        kept = await store.connect("s1", "Alice", "Alice", "Carol")
        ended = await store.connect("s2", "Carol", "Carol", "Bob")
        await self.outlive(store, "p2")
        self.assertFalse((await store.claim("Bob", "c9")).granted)  # it is over when end_leases says so
        self.assertEqual(await store.end_leases(), Lapse((("Bob", ended),), LEASE_SECONDS))
        self.assertTrue((await store.claim("Bob", "c9", None, "p2")).granted)
        self.assertFalse((await store.claim("Alice", "c9")).granted)
        self.assertEqual(await store.claim("Alice", "c9", "k1", "p2"), Claim(granted=True))
        self.assertEqual(await store.connect("s3", "Alice", "c9", "Carol"), kept)
        self.assertEqual(await store.end_leases(), Lapse())

    async def test_the_many_names_of_a_silent_place_are_gone_through_some_at_a_time(self) -> None:
        store = self.open()
        count = 2 * STEPS + STEPS // 2
        await asyncio.gather(*(store.claim(f"n{i}", f"c{i}", "k" if i % 2 else None, "p1") for i in range(count)))
        await store.claim("Carol", "c", None, "p2")
        sessions = await asyncio.gather(
            *(store.connect(f"s{i}", f"n{i}", f"c{i}", "Carol") for i in range(0, count, 10))
        )
        await self.outlive(store, "p2")
        gone, calls = await self.lapse(store)
        self.assertCountEqual(gone, [(session.initiator, session) for session in sessions])
        self.assertGreaterEqual(calls, 3)
        self.assertEqual(await store.where("Carol"), At("p2", "c"))
        claims = await asyncio.gather(*(store.claim(f"n{i}", f"d{i}", None, "p2") for i in range(count)))
        self.assertEqual([claim.granted for claim in claims], [i % 2 == 0 for i in range(count)])
        self.pass_time(LEASE_SECONDS)
        await store.beat("p2")
        self.assertEqual((await self.lapse(store))[0], [])
        self.assertTrue((await store.claim("n1", "d1")).granted)

    async def test_a_place_that_was_silent_too_long_begins_anew_and_its_names_do_not_come_back_by_themselves(
        self,
    ) -> None:
        """Who left while it could not say so would stay for ever."""
        store = self.open()
        await store.beat("p1")
        await store.claim("Alice", "c1", None, "p1")
        await store.claim("Bob", "c2", None, "p1")
        await self.outlive(store, "p2")
        self.assertEqual([await store.beat("p1"), await store.beat("p1")], [False, True])
        self.assertIsNone(await store.where("Alice"))
        self.assertTrue((await store.claim("Alice", "c1", None, "p1", again=True)).granted)
        self.assertEqual(await store.end_leases(), Lapse())
        self.assertEqual(await self.places(store, "Alice", "Bob"), ["p1", None])
        self.assertTrue((await store.claim("Bob", "c9", None, "p2")).granted)

    async def test_who_has_left_a_place_does_not_go_with_it(self) -> None:
        store = self.open()
        for name, key in (("Alice", None), ("Bob", "k2")):
            await store.claim(name, "c1", key, "p1")
            await store.release(name, "c1")
            await store.claim(name, "c2", key, "p2")
        await store.claim("Carol", "c1", "k3", "p1")
        await store.claim("Carol", "c2", "k3", "p2")
        await self.outlive(store, "p2")
        self.assertEqual(await store.end_leases(), Lapse())
        self.assertEqual(await self.places(store, "Alice", "Bob", "Carol"), ["p2"] * 3)
        self.assertEqual([key for key in self.server.lifetimes() if "p1" in key], [])

    async def test_what_is_claimed_again_is_had_from_a_place_that_is_silent(self) -> None:
        store = self.open()
        await store.claim("Alice", "c9", "k1", "p1")
        await self.outlive(store, "p2")
        self.assertEqual(await store.claim("Alice", "c1", "k1", "p2", again=True), Claim(granted=True))

    async def test_no_place_is_over_because_none_was_heard(self) -> None:
        """Redis was away, or its clock was set."""
        store = self.open()
        for place in ("p1", "p2", "p3"):
            await store.beat(place)
            await store.claim(f"At_{place}", place, None, place)
        self.pass_time(3600)
        self.assertEqual(await store.end_leases(), Lapse())
        self.assertTrue(await store.beat("p1"))
        self.pass_time(PLACE_SECONDS * 0.9)
        self.assertTrue(await store.beat("p2"))
        await self.outlive(store, "p1", "p2")
        await store.end_leases()
        self.assertEqual(await self.places(store, "At_p1", "At_p2", "At_p3"), ["p1", "p2", None])

    async def test_a_store_that_lost_its_memory_says_so_to_every_place(self) -> None:
        store = self.open()
        for place in ("p1", "p2"):
            await store.beat(place)
            await store.claim(f"At_{place}", place, None, place)
        self.server.ask("FLUSHALL")
        with self.assertRaises(StoreUnavailable):
            await store.where("At_p1")
        self.assertEqual([await store.beat("p1"), await store.beat("p2"), await store.beat("p1")], [False, False, True])
        self.assertEqual(await store.claim("At_p1", "p1", None, "p1", again=True), Claim(granted=True))
        self.assertEqual(await store.where("At_p1"), At("p1", "p1"))

    async def test_whoever_is_at_a_place_that_was_silent_asks_for_nothing_before_it_has_claimed_its_name_again(
        self,
    ) -> None:
        """It wakes up late: the name may become another's at any moment, or has."""
        store = self.open()
        for name, connection in (("Alice", "c1"), ("Bob", "c2")):
            await store.claim(name, connection, None, "p1")
        await store.claim("Carol", "c3", None, "p2")
        await store.connect("s1", "Alice", "c1", "Carol")
        await self.outlive(store, "p2")
        with self.assertRaises(StoreUnavailable):
            await store.touch("Alice", "c1", "Carol")
        self.assertFalse(await store.beat("p1"))
        with self.assertRaises(StoreUnavailable):
            await store.touch("Alice", "c1", "Carol")
        await store.claim("Alice", "c1", None, "p1", again=True)
        self.assertEqual(await store.touch("Alice", "c1", "Carol"), At("p2", "c3"))
        await store.end_leases()
        await store.claim("Bob", "c9", "k9", "p2")
        with self.assertRaises(NameLost) as raised:
            await store.create("s2", "Bob", "c2")
        self.assertEqual(raised.exception.key, "k9")

    async def test_a_claim_hides_from_no_beat_that_the_place_was_over(self) -> None:
        store = self.open()
        self.assertEqual([await store.beat("p1") for _ in range(2)], [False, True])
        await self.outlive(store, "p2")
        await store.claim("Newcomer", "c1", None, "p1")
        self.assertEqual([await store.beat("p1") for _ in range(2)], [False, True])
        self.assertEqual(await store.where("Newcomer"), At("p1", "c1"))


class MemoryTests(StoreTestCase):
    """A Redis that has forgotten, or whose clock is set."""

    def forget(self) -> None:
        self.server.ask("FLUSHALL")
        self.pass_time(0.1)

    async def refuses_newcomers(self, store: RedisStore) -> bool:
        try:
            await store.claim("Newcomer", "c9")
        except StoreUnavailable:
            return True
        await store.release("Newcomer", "c9")
        return False

    async def test_nobody_new_is_given_a_name_before_those_who_were_there(self) -> None:
        here, there, new = self.open(), self.open(), self.open()
        await here.beat("p1")
        await there.beat("p2")
        await there.claim("Alice", "c1", None, "p2")
        self.forget()
        for store in (here, there):
            self.assertTrue(await self.refuses_newcomers(store))  # it was not heard in this memory
        self.assertFalse(await here.beat("p1"))
        for store in (here, new):
            with self.assertRaises(StoreUnavailable):
                await store.claim("Alice", "c9", "k9", "p1")
        self.pass_time(GRACE_SECONDS * 0.9)
        self.assertFalse(await there.beat("p2"))
        self.assertTrue((await there.claim("Alice", "c1", None, "p2", again=True)).granted)
        for seconds in (GRACE_SECONDS * 0.3, GRACE_SECONDS * 0.3):
            self.assertTrue(await self.refuses_newcomers(here))
            self.pass_time(seconds)
        self.assertFalse(await self.refuses_newcomers(here))
        self.assertFalse((await here.claim("Alice", "c9", "k9", "p1")).granted)

    async def test_the_first_ever_makes_nobody_wait(self) -> None:
        first = self.open()
        await first.beat("p1")
        self.assertFalse(await self.refuses_newcomers(first))
        second = self.open()
        await second.beat("p2")
        self.assertFalse(await self.refuses_newcomers(first))

    async def test_who_beats_first_of_all_hides_the_loss_from_nobody(self) -> None:
        old, new = self.open(), self.open()
        await old.beat("p1")
        self.forget()
        await new.beat("p2")
        self.assertFalse(await old.beat("p1"))
        self.assertTrue(await self.refuses_newcomers(new))
        self.pass_time(GRACE_SECONDS)
        self.assertFalse(await self.refuses_newcomers(new))

    async def test_a_process_that_comes_late_makes_nobody_wait_once_more(self) -> None:
        stores = [self.open() for _ in range(3)]
        for number, store in enumerate(stores):
            await store.beat(f"p{number}")
        self.forget()
        await stores[0].beat("p0")
        self.pass_time(GRACE_SECONDS - 1)
        await stores[1].beat("p1")
        self.pass_time(1)
        await stores[2].beat("p2")
        self.assertFalse(await self.refuses_newcomers(stores[0]))

    async def test_a_clock_that_is_set_back_lets_nothing_live_longer(self) -> None:
        store = self.open()
        for place in ("p1", "p2"):
            await store.beat(place)
        await store.claim("Alice", "c1", None, "p1")
        await store.claim("Bob", "c2", "k2", "p2")
        await store.claim("Carol", "c3", None, "p2")
        await store.create("s1", "Carol", "c3")
        await store.release("Bob", "c2")
        self.clock.advance(-24 * 3600)
        self.assertEqual((await store.end_leases()).next_in, LEASE_SECONDS)
        await self.outlive(store, "p2")
        await store.end_leases()
        self.assertIsNone(await store.where("Alice"))
        self.assertTrue((await store.claim("Alice", "c9", None, "p2")).granted)
        await store.join("s1", "Alice", "c9")
        self.pass_time(LEASE_SECONDS)
        await store.beat("p2")
        await store.end_leases()
        self.assertTrue((await store.claim("Bob", "c9", None, "p2")).granted)
        self.pass_time(TTL)
        await store.beat("p2")
        with self.assertRaises(ProtocolError):
            await store.touch("Alice", "c9", "Carol")

    async def test_sessions_of_before_the_clock_was_set_back_count_no_longer_than_they_live(self) -> None:
        store = self.open()
        await store.claim("Bob", "c2", None, "p1")
        for number in range(MAX_JOINED):
            await store.claim(f"n{number}", "c", None, "p1")
            await store.connect(f"s{number}", f"n{number}", "c", "Bob")
        self.clock.advance(-24 * 3600)
        await store.beat("p1")
        await store.claim("Alice", "c1", None, "p1")
        with self.assertRaises(ProtocolError):
            await store.connect("more", "Alice", "c1", "Bob")
        self.pass_time(TTL)
        await store.beat("p1")
        await store.connect("more", "Alice", "c1", "Bob")


class KeyTests(StoreTestCase):
    async def test_a_connection_keeps_its_name_for_days(self) -> None:
        store = self.open()
        count = STEPS + STEPS // 2
        await asyncio.gather(*(store.claim(f"n{i}", f"c{i}", "k", "p1") for i in range(count)))
        for _ in range(3 * 24):
            self.pass_time(3600)
            await store.beat("p1")
        self.assertEqual({*await self.places(store, *(f"n{i}" for i in range(count)))}, {"p1"})
        self.assertTrue(await store.beat("p1"))

    async def test_a_beat_keeps_no_more_names_than_it_may(self) -> None:
        store = self.open()
        count = STEPS + STEPS // 2
        await asyncio.gather(*(store.claim(f"n{i}", f"c{i}", None, "p1") for i in range(count)))
        self.pass_time(KEEP_SECONDS / 2)
        for expected in (STEPS, count, count):
            await store.beat("p1")
            kept = [key for key, left in self.server.lifetimes().items() if ":name:" in key and left > KEEP_SECONDS / 2]
            self.assertEqual(len(kept), expected)

    async def test_nothing_is_left_of_processes_that_are_all_gone(self) -> None:
        store = self.open()
        await store.beat("p1")
        await store.claim("Alice", "c1", "k1", "p1")
        await store.claim("Bob", "c2", None, "p1")
        await store.release("Bob", "c2")
        await store.claim("Bob", "c2", "k2", "p1")
        await store.connect("s1", "Alice", "c1", "Bob")
        await store.create("s2", "Bob", "c2")
        await store.release("Bob", "c2")
        self.assertTrue(all(0 < left <= KEEP_SECONDS for left in self.server.lifetimes().values()))
        self.pass_time(KEEP_SECONDS)
        self.assertEqual(self.server.lifetimes(), {})

    async def test_sessions_that_are_over_leave_nothing_behind(self) -> None:
        store = self.open()
        for name in ("Alice", "Bob"):
            await store.claim(name, name, None, "p1")
        await store.beat("p1")
        before = {*self.server.lifetimes()}
        for round_ in range(3):
            await store.beat("p1")
            await store.connect(f"s{round_}", "Alice", "Alice", "Bob")
            self.pass_time(TTL / 2)
            await store.beat("p1")
            await store.touch("Bob", "Bob", "Alice")
            self.pass_time(TTL)
        self.pass_time(TTL)
        self.assertEqual({*self.server.lifetimes()}, before)

    async def test_what_a_user_was_called_into_is_forgotten_while_calls_go_on(self) -> None:
        store = self.open()
        await store.claim("Bob", "c", None, "p1")
        for round_ in range(5):
            await store.beat("p1")
            for number in range(20):
                await store.claim(f"n{round_}_{number}", "d", None, "p1")
                await store.connect(f"s{round_}.{number}", f"n{round_}_{number}", "d", "Bob")
            self.pass_time(TTL * 0.6)
        self.assertLessEqual(self.server.ask("ZCARD", "lowkey:joined:bob"), 40)

    async def test_sessions_that_end_leave_nothing_behind(self) -> None:
        store = self.open()
        for name in ("Alice", "Bob"):
            await store.claim(name, name, None, "p1")
        await store.beat("p1")
        before = {*self.server.lifetimes()}
        await store.connect("s1", "Alice", "Alice", "Bob")
        await store.end("Bob", "Bob", "s1")
        await store.create("s2", "Alice", "Alice")
        await store.join("s2", "Bob", "Bob")
        await store.end_with("Alice", "Alice", "Bob")
        self.assertEqual({*self.server.lifetimes()}, before)

    async def test_a_session_that_was_renewed_is_not_forgotten_for_its_first_time(self) -> None:
        store = self.open()
        for name in ("Alice", "Bob", "Carol"):
            await store.claim(name, name, None, "p1")
        renewed = await store.connect("s1", "Alice", "Alice", "Bob")
        self.pass_time(TTL / 2)
        await store.beat("p1")
        await store.touch("Alice", "Alice", "Bob")
        self.pass_time(TTL * 0.6)
        await store.beat("p1")
        others = [
            await store.connect("s2", "Carol", "Carol", "Bob"),
            await store.connect("s3", "Alice", "Alice", "Carol"),
        ]
        self.assertCountEqual(await store.release("Alice", "Alice"), [renewed, others[1]])
        self.assertEqual(await store.release("Bob", "Bob"), [others[0]])

    async def test_a_touch_leaves_no_more_than_a_64th_unwritten(self) -> None:
        store = self.open()
        await store.claim("Alice", "c1", None, "p1")
        await store.claim("Bob", "c2", None, "p1")
        await store.connect("s1", "Alice", "c1", "Bob")
        for seconds in (TTL / 32, TTL * 0.99):
            self.pass_time(seconds)
            await store.beat("p1")
            await store.touch("Alice", "c1", "Bob")

    async def test_redis_own_clock_is_used_where_none_is_given(self) -> None:
        store = RedisStore(self.server.url, ttl=TTL, patience=30)
        close_with_loop(store)
        await store.claim("Alice", "c1", "k1", "p1")
        await store.release("Alice", "c1")
        await store.claim("Bob", "c2", None, "p1")
        lapse = await store.end_leases()
        assert lapse.next_in is not None
        self.assertTrue(LEASE_SECONDS / 2 < lapse.next_in <= LEASE_SECONDS)
        await store.create("s1", "Bob", "c2")
        self.assertAlmostEqual(
            float(self.server.ask("HGET", "lowkey:session:s1", "ends")) / 1000 - TTL,
            float(self.server.ask("TIME")[0]),
            delta=60,
        )


class CrowdTests(StoreTestCase):
    async def test_two_who_call_each_other_at_once_get_one_session(self) -> None:
        here, there = self.open(), self.open()
        for number in range(100):
            await here.claim(f"a{number}", "c1", None, "p1")
            await there.claim(f"b{number}", "c2", None, "p2")
        ours = [here.connect(f"s{number}", f"a{number}", "c1", f"b{number}") for number in range(100)]
        theirs = [there.connect(f"t{number}", f"b{number}", "c2", f"a{number}") for number in range(100)]
        sessions = await asyncio.gather(*ours, *theirs)
        self.assertEqual(sessions[:100], sessions[100:])

    async def test_of_two_who_claim_a_name_at_once_one_has_it(self) -> None:
        here, there = self.open(), self.open()
        ours = [here.claim(f"n{number}", "c1", None, "p1") for number in range(100)]
        theirs = [there.claim(f"n{number}", "c2", None, "p2") for number in range(100)]
        claims = await asyncio.gather(*ours, *theirs)
        for one, other in zip(claims[:100], claims[100:], strict=True):
            self.assertNotEqual(one.granted, other.granted)

    async def test_one_of_many_joins(self) -> None:
        stores = [self.open() for _ in range(4)]
        for name in ("Alice", *(f"guest{number}" for number in range(4))):
            await stores[0].claim(name, "c", None, "p1")
        await stores[0].create("s1", "Alice", "c")
        joins = (store.join("s1", f"guest{number}", "c") for number, store in enumerate(stores))
        results = await asyncio.gather(*joins, return_exceptions=True)
        self.assertEqual(sum(isinstance(result, Session) for result in results), 1)

    async def test_what_is_asked_at_once_goes_out_together(self) -> None:
        store = self.open()
        await store.claim("Alice", "c1", None, "p1")
        self.server.ask("CONFIG", "RESETSTAT")
        found = await asyncio.gather(*(store.where("Alice" if number % 2 else "Bob") for number in range(10 * BATCH)))
        self.assertEqual(found, [None, At("p1", "c1")] * (5 * BATCH))
        self.assertEqual(self.server.ask("INFO", "commandstats")["cmdstat_evalsha"]["calls"], 10)

    async def test_answers_of_one_caller_keep_their_order(self) -> None:
        store = self.open()
        asked = [
            store.claim("Alice", "c1"),
            store.release("Alice", "c1"),
            store.claim("Alice", "c2"),
            store.where("Alice"),
        ]
        self.assertEqual(await asyncio.gather(*asked), [Claim(granted=True), [], Claim(granted=True), At("here", "c2")])

    async def test_more_than_may_wait_is_refused_at_once_and_the_rest_is_answered(self) -> None:
        store = self.open()
        asked = (store.where("Nobody") for _ in range(ROOM + 5))
        results = await asyncio.gather(*asked, return_exceptions=True)
        self.assertEqual(results[:ROOM], [None] * ROOM)
        self.assertEqual([str(result) for result in results[ROOM:]], ["The session store has too much to do."] * 5)
        self.assertIsNone(await store.where("Nobody"))

    async def test_a_beat_goes_before_all_others_and_finds_room(self) -> None:
        store = self.open()
        order: list[str] = []

        async def ask(who: str, asked: Awaitable[object]) -> None:
            await asked
            order.append(who)

        asked = [asyncio.create_task(ask("other", store.where("Nobody"))) for _ in range(ROOM)]
        await asyncio.sleep(0)
        await ask("beat", store.beat("p1"))
        await asyncio.gather(*asked)
        self.assertLess(order.index("beat"), 3 * BATCH)

    async def test_a_redis_that_is_slow_lets_nobody_wait_for_all_who_came_before(self) -> None:
        """Each run takes most of the time that it may, so that no run is given up."""

        async def slowly(calls: Sequence[object]) -> list[list[object]]:
            runs.append(len(calls))
            await asyncio.sleep(0.06)
            return [[False, None]] * len(calls)

        runs: list[int] = []
        line = _Line(slowly, 0.1)
        results = await asyncio.gather(*(line.ask("where", "Alice") for _ in range(50 * BATCH)), return_exceptions=True)
        given_up = [str(result) for result in results if result is not None]
        self.assertLess(len(runs), 25)
        self.assertEqual(len(results) - len(given_up), sum(runs))
        self.assertEqual({*given_up}, {"The session store has too much to do."})

    async def test_who_no_longer_waits_disturbs_nobody(self) -> None:
        store = self.open()
        await store.claim("Alice", "c1", None, "p1")
        asked = [asyncio.create_task(store.where("Alice")) for _ in range(3 * BATCH)]
        await asyncio.sleep(0)
        for task in asked[::2]:
            task.cancel()
        self.assertEqual({*await asyncio.gather(*asked[1::2])}, {At("p1", "c1")})

    async def test_a_call_that_redis_refuses_leaves_the_others_alone(self) -> None:
        store = self.open()
        await store.claim("Alice", "c1", None, "p1")
        self.server.ask("SADD", "lowkey:name:bob", "of another kind")
        self.server.ask("EXPIRE", "lowkey:name:bob", 60)
        asked = (store.where("Alice"), store.where("Bob"), store.where("Alice"))
        here, refused, still = await asyncio.gather(*asked, return_exceptions=True)
        self.assertEqual((here, still), (At("p1", "c1"),) * 2)
        self.assertIsInstance(refused, StoreUnavailable)
        self.assertEqual(str(refused), "The session store refuses: WRONGTYPE.")
        self.assertEqual(await store.where("Alice"), At("p1", "c1"))
