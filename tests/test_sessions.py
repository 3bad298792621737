"""The store's contract: every store passes `StoreContract`, in memory and in a real Redis."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from django.test import SimpleTestCase

from signaling.errors import Code, ProtocolError
from signaling.sessions import open_store
from signaling.sessions.base import (
    HERE,
    LEASE_SECONDS,
    MAX_INITIATED,
    MAX_JOINED,
    At,
    Claim,
    Lapse,
    NameLost,
    Session,
    Store,
    StoreUnavailable,
)
from signaling.sessions.memory import MemoryStore
from signaling.sessions.redis import RedisStore
from tests.support.clock import FakeClock
from tests.support.redis import RedisTestCase, close_with_loop

TTL = 600.0

if TYPE_CHECKING:
    _Base = SimpleTestCase
else:
    _Base = object  # the contract is no test by itself


class SessionTests(SimpleTestCase):
    def test_the_other_seat_is_found_by_name_in_any_case(self) -> None:
        session = Session("id", "Alice", "Bob")
        self.assertEqual((session.other("aLICE"), session.other("BOB")), ("Bob", "Alice"))

    def test_nobody_sits_opposite_while_a_seat_is_empty(self) -> None:
        self.assertIsNone(Session("id", "Alice").other("alice"))


class StoreContract(_Base):
    """What is true of any store. The names Alice, Bob and Carol are held by connections c1, c2 and c3."""

    async def open(self) -> Store:
        """An empty store whose sessions live `TTL` seconds."""
        raise NotImplementedError

    async def wait(self, seconds: float) -> None:
        """Let time pass for the store. All places live on."""
        raise NotImplementedError

    async def people(self) -> Store:
        store = await self.open()
        for name, connection in (("Alice", "c1"), ("Bob", "c2"), ("Carol", "c3")):
            self.assertTrue((await store.claim(name, connection)).granted)
        return store

    def refuses(self, code: Code) -> _Refuses:
        return _Refuses(self, code)

    # Names

    async def test_a_live_name_is_not_claimed_twice_in_any_case(self) -> None:
        store = await self.people()
        self.assertFalse((await store.claim("aLICE", "c9")).granted)
        self.assertFalse((await store.claim("Alice", "c9")).granted)
        self.assertEqual(await store.release("Alice", "c9"), [])
        self.assertFalse((await store.claim("Alice", "c9")).granted)

    async def test_a_released_name_can_be_claimed(self) -> None:
        store = await self.people()
        await store.release("alice", "c1")
        self.assertTrue((await store.claim("ALICE", "c9")).granted)

    async def test_releasing_a_name_takes_nothing_from_its_newer_holder(self) -> None:
        store = await self.people()
        await store.release("Alice", "c1")
        await store.claim("Alice", "c9")
        standing = await store.connect("s1", "Alice", "c9", "Bob")
        self.assertEqual(await store.release("Alice", "c1"), [])
        self.assertEqual(await store.connect("s2", "Bob", "c2", "Alice"), standing)
        self.assertFalse((await store.claim("Alice", "c10")).granted)

    async def test_releasing_a_name_nobody_holds_is_nothing(self) -> None:
        self.assertEqual(await (await self.open()).release("Nobody", "c1"), [])

    # Names that belong to keys

    async def owned(self) -> tuple[Store, Session]:
        """Alice's name belongs to the key `k1`; she has called Bob."""
        store = await self.open()
        self.assertTrue((await store.claim("Alice", "c1", "k1")).granted)
        self.assertTrue((await store.claim("Bob", "c2")).granted)
        return store, await store.connect("s1", "Alice", "c1", "Bob")

    async def assert_lapsed(self, store: Store, *gone: tuple[str, Session]) -> None:
        lapse = await store.end_leases()
        self.assertCountEqual(lapse.gone, gone)
        self.assertIsNone(lapse.next_in)

    async def test_a_name_with_a_key_is_claimed_by_no_other_key_and_by_none(self) -> None:
        store, standing = await self.owned()
        for connection, key in (("c8", "k2"), ("c9", None)):
            self.assertFalse((await store.claim("aLICE", connection, key)).granted)
            self.assertEqual(await store.release("Alice", connection), [])
        self.assertFalse((await store.claim("Bob", "c8", "k1")).granted)
        self.assertEqual(await store.connect("s2", "Bob", "c2", "Alice"), standing)

    async def test_the_same_key_takes_its_name_over_with_the_sessions(self) -> None:
        store, standing = await self.owned()
        self.assertTrue((await store.claim("ALICE", "c9", "k1")).granted)
        self.assertEqual(await store.release("Alice", "c1"), [])
        self.assertEqual(await store.connect("s2", "Bob", "c2", "Alice"), standing)
        self.assertEqual(await store.touch("Alice", "c9", "Bob", "s1"), At(HERE, "c2"))
        self.assertEqual(await store.end_leases(), Lapse())

    async def test_a_lease_keeps_the_name_and_the_sessions(self) -> None:
        store, _ = await self.owned()
        self.assertEqual(await store.release("Alice", "c1"), [])
        await self.wait(LEASE_SECONDS * 0.9)
        lapse = await store.end_leases()
        self.assertEqual(lapse.gone, ())
        assert lapse.next_in is not None
        self.assertAlmostEqual(lapse.next_in, LEASE_SECONDS * 0.1, delta=1)
        for connection, key in (("c8", "k2"), ("c9", None)):
            self.assertFalse((await store.claim("Alice", connection, key)).granted)
        self.assertIsNone(await store.touch("Bob", "c2", "Alice", "s1"))
        self.assertTrue((await store.claim("Alice", "c9", "k1")).granted)
        await self.wait(LEASE_SECONDS)
        self.assertEqual(await store.end_leases(), Lapse())
        self.assertEqual(await store.touch("Alice", "c9", "Bob", "s1"), At(HERE, "c2"))

    async def test_nobody_who_is_away_can_be_called(self) -> None:
        store, _ = await self.owned()
        await store.release("Alice", "c1")
        with self.refuses(Code.USER_OFFLINE):
            await store.connect("s2", "Bob", "c2", "Alice")

    async def test_a_lease_that_is_over_frees_the_name_and_ends_the_sessions(self) -> None:
        store, called = await self.owned()
        created = await store.create("s2", "Alice", "c1")
        await store.release("Alice", "c1")
        await self.wait(LEASE_SECONDS * 1.01)
        await self.assert_lapsed(store, ("Alice", called), ("Alice", created))
        await self.assert_lapsed(store)
        with self.refuses(Code.NOT_IN_SESSION):
            await store.touch("Bob", "c2", "Alice")
        self.assertTrue((await store.claim("Alice", "c9")).granted)

    async def test_a_lease_ends_when_it_is_said_to_and_not_before(self) -> None:
        store, called = await self.owned()
        await store.release("Alice", "c1")
        await self.wait(LEASE_SECONDS * 1.01)
        self.assertFalse((await store.claim("Alice", "c9")).granted)
        self.assertTrue((await store.claim("Alice", "c10", "k1")).granted)
        await self.assert_lapsed(store)
        self.assertEqual(await store.touch("Bob", "c2", "Alice", called.id), At(HERE, "c10"))

    async def test_leases_end_each_in_its_time(self) -> None:
        store = await self.open()
        for name in ("Alice", "Bob", "Carol"):
            await store.claim(name, name, f"key of {name}")
            await store.release(name, name)
            await self.wait(LEASE_SECONDS * 0.3)
        lapse = await store.end_leases()
        assert lapse.next_in is not None
        self.assertAlmostEqual(lapse.next_in, LEASE_SECONDS * 0.1, delta=1)
        await self.wait(LEASE_SECONDS * 0.2)
        await store.end_leases()
        self.assertTrue((await store.claim("Alice", "c9")).granted)
        self.assertFalse((await store.claim("Bob", "c9")).granted)
        await self.wait(LEASE_SECONDS)
        await self.assert_lapsed(store)

    async def test_a_session_that_expired_meanwhile_is_left_by_nobody(self) -> None:
        store, _ = await self.owned()
        await self.wait(TTL * 0.95)
        await store.release("Alice", "c1")
        await self.wait(LEASE_SECONDS * 1.01)
        await self.assert_lapsed(store)

    async def test_a_lease_that_nobody_has_begun_is_none(self) -> None:
        self.assertEqual(await (await self.people()).end_leases(), Lapse())

    # Where a name is

    async def test_a_claim_says_which_connection_it_replaced_and_where_that_is(self) -> None:
        store = await self.open()
        self.assertEqual(await store.claim("Alice", "c1", "k1", "p1"), Claim(granted=True))
        self.assertEqual(await store.claim("ALICE", "c2", "k1", "p2"), Claim(granted=True, replaced=At("p1", "c1")))
        self.assertEqual(await store.claim("Alice", "c3", "k2", "p1"), Claim(granted=False, key="k1"))
        self.assertEqual(await store.where("alice"), At("p2", "c2"))

    async def test_a_claim_that_ends_a_lease_replaces_nobody(self) -> None:
        store, _ = await self.owned()
        await store.release("Alice", "c1")
        self.assertEqual(await store.claim("Alice", "c9", "k1"), Claim(granted=True))

    async def test_a_connection_may_claim_its_name_once_more(self) -> None:
        store, standing = await self.owned()
        for name, connection, key in (("Alice", "c1", "k1"), ("Bob", "c2", None)):
            self.assertEqual(await store.claim(name, connection, key), Claim(granted=True))
            self.assertEqual(await store.claim(name, connection, key, again=True), Claim(granted=True))
        self.assertEqual(await store.connect("s2", "Bob", "c2", "Alice"), standing)
        self.assertEqual(await store.claim("Bob", "c2", "k2"), Claim(granted=False))

    async def test_what_is_claimed_again_is_not_taken_from_a_newer_connection(self) -> None:
        store, _ = await self.owned()
        await store.claim("Alice", "c9", "k1", "p2")
        self.assertEqual(await store.claim("Alice", "c1", "k1", "p1", again=True), Claim(granted=False, key="k1"))
        self.assertEqual(await store.where("Alice"), At("p2", "c9"))
        await store.release("Alice", "c9")
        self.assertEqual(await store.claim("Alice", "c1", "k1", "p1", again=True), Claim(granted=True))
        self.assertEqual(await store.claim("Dave", "c4", again=True), Claim(granted=True))

    async def test_a_name_is_where_its_connection_is(self) -> None:
        store = await self.open()
        await store.claim("Alice", "c1", "k1", "specific.1!2@3:4")
        self.assertEqual(await store.where("aLICE"), At("specific.1!2@3:4", "c1"))
        await store.release("Alice", "c1")
        self.assertIsNone(await store.where("Alice"))
        self.assertIsNone(await store.where("Nobody"))

    async def test_a_touch_says_where_the_other_is(self) -> None:
        store = await self.open()
        await store.claim("Alice", "c1", "k1", "p1")
        await store.claim("Bob", "c2", None, "p2")
        await store.connect("s1", "Alice", "c1", "Bob")
        self.assertEqual(await store.touch("Alice", "c1", "Bob"), At("p2", "c2"))
        self.assertEqual(await store.touch("Bob", "c2", "Alice", "s1"), At("p1", "c1"))
        await store.release("Alice", "c1")
        self.assertIsNone(await store.touch("Bob", "c2", "Alice", "s1"))

    # Who may ask

    def asked_by(self, store: Store, name: str, connection: str) -> list[Awaitable[object]]:
        """All that is asked under a name."""
        return [
            store.connect("s7", name, connection, "Carol"),
            store.create("s8", name, connection),
            store.join("s9", name, connection),
            store.touch(name, connection, "Bob", "s1"),
            store.touch(name, connection, "Bob"),
            store.end(name, connection, "s1"),
            store.end_with(name, connection, "Bob"),
        ]

    async def assert_lost(self, store: Store, name: str, connection: str, key: str | None) -> None:
        for asked in self.asked_by(store, name, connection):
            with self.assertRaises(NameLost) as raised:
                await asked
            self.assertEqual(raised.exception.key, key)

    async def test_whoever_lost_its_name_asks_for_nothing_under_it_and_hears_whose_it_is(self) -> None:
        store, standing = await self.owned()
        await store.claim("Carol", "c3")
        created = await store.create("s9", "Carol", "c3")
        await self.assert_lost(store, "Carol", "c9", None)
        await store.claim("Alice", "c8", "k1", "p2")
        await self.assert_lost(store, "aLICE", "c1", "k1")
        await store.release("Alice", "c8")
        for connection in ("c1", "c8"):
            await self.assert_lost(store, "Alice", connection, "k1")
        self.assertIsNone(await store.touch("Bob", "c2", "Alice", standing.id))
        self.assertCountEqual(await store.release("Carol", "c3"), [created])

    async def test_a_name_that_is_somebody_elses_by_now_is_lost(self) -> None:
        store = await self.people()
        await store.release("Alice", "c1")
        await store.claim("Alice", "c9", "k9")
        await self.assert_lost(store, "Alice", "c1", "k9")

    async def test_a_store_that_knows_of_no_holder_cannot_say(self) -> None:
        store = await self.people()
        await store.release("Alice", "c1")
        for name in ("Alice", "Dave"):
            for asked in self.asked_by(store, name, "c1"):
                with self.assertRaises(StoreUnavailable):
                    await asked

    async def test_a_claim_that_is_not_granted_says_whose_the_name_is(self) -> None:
        store, _ = await self.owned()
        self.assertEqual(await store.claim("Alice", "c9"), Claim(granted=False, key="k1"))
        self.assertEqual(await store.claim("Bob", "c9", "k1"), Claim(granted=False))
        await store.release("Alice", "c1")
        self.assertEqual(await store.claim("Alice", "c9", "k2"), Claim(granted=False, key="k1"))

    # Calling by name

    async def test_connect_opens_a_session_with_the_owners_spelling(self) -> None:
        store = await self.people()
        self.assertEqual(await store.connect("s1", "aliCE", "c1", "bOB"), Session("s1", "Alice", "Bob"))

    async def test_connect_to_nobody_is_refused(self) -> None:
        store = await self.people()
        with self.refuses(Code.USER_OFFLINE):
            await store.connect("s1", "Alice", "c1", "Dave")

    async def test_a_pair_has_one_session_whoever_calls(self) -> None:
        store = await self.people()
        first = await store.connect("s1", "Alice", "c1", "Bob")
        self.assertEqual(await store.connect("s2", "bob", "c2", "ALICE"), first)
        self.assertEqual(await store.connect("s3", "Alice", "c1", "Bob"), first)

    async def test_connecting_again_does_not_renew_the_session(self) -> None:
        store = await self.people()
        await store.connect("s1", "Alice", "c1", "Bob")
        await self.wait(TTL * 0.6)
        await store.connect("s2", "Alice", "c1", "Bob")
        await self.wait(TTL * 0.6)
        with self.refuses(Code.NOT_IN_SESSION):
            await store.touch("Alice", "c1", "Bob")

    async def test_a_user_initiates_so_many_sessions_and_no_more(self) -> None:
        store = await self.people()
        standing = await store.connect("s0", "Alice", "c1", "Bob")
        for number in range(1, MAX_INITIATED):
            await store.create(f"s{number}", "Alice", "c1")
        for opening in (store.create("more", "aLICE", "c1"), store.connect("more", "Alice", "c1", "Carol")):
            with self.refuses(Code.SESSION_CREATE_FAILED):
                await opening
        self.assertEqual(await store.connect("more", "Alice", "c1", "Bob"), standing)
        await store.connect("s99", "Carol", "c3", "Alice")
        await store.end("Alice", "c1", "s5")
        await store.create("again", "Alice", "c1")

    async def test_a_user_is_the_guest_of_so_many_and_no_more(self) -> None:
        store = await self.people()
        for number in range(MAX_JOINED):
            await store.claim(f"n{number}", f"d{number}")
            await store.connect(f"s{number}", f"n{number}", f"d{number}", "Bob")
        with self.refuses(Code.SESSION_CREATE_FAILED):
            await store.connect("more", "Alice", "c1", "Bob")
        created = await store.create("s", "Alice", "c1")
        with self.refuses(Code.SESSION_JOIN_FAILED):
            await store.join("s", "Bob", "c2")
        standing = await store.connect("again", "n5", "d5", "Bob")
        self.assertEqual(standing.id, "s5")
        await store.create("other", "n5", "d5")
        self.assertEqual(await store.join("other", "Bob", "c2"), standing)
        await store.connect("opened", "Bob", "c2", "Carol")
        await store.end("Bob", "c2", "s7")
        self.assertEqual((await store.join("s", "Bob", "c2")).id, created.id)
        with self.refuses(Code.SESSION_CREATE_FAILED):
            await store.connect("more", "n7", "d7", "Bob")
        await self.wait(TTL * 1.1)
        await store.connect("later", "n7", "d7", "Bob")

    async def test_expired_sessions_do_not_count(self) -> None:
        store = await self.people()
        for number in range(MAX_INITIATED):
            await store.create(f"s{number}", "Alice", "c1")
        await self.wait(TTL * 1.1)
        await store.create("again", "Alice", "c1")

    # Joining by id

    async def test_a_created_session_is_joined_by_its_id(self) -> None:
        store = await self.people()
        self.assertEqual(await store.create("s1", "ALICE", "c1"), Session("s1", "Alice"))
        with self.refuses(Code.NOT_IN_SESSION):
            await store.touch("Alice", "c1", "Bob")
        self.assertEqual(await store.join("s1", "BOB", "c2"), Session("s1", "Alice", "Bob"))
        self.assertEqual(await store.touch("Bob", "c2", "Alice", "s1"), At(HERE, "c1"))

    async def test_what_cannot_be_joined(self) -> None:
        store = await self.people()
        await store.create("own", "Alice", "c1")
        await store.create("full", "Bob", "c2")
        await store.join("full", "Carol", "c3")
        for session_id in ("unknown", "own", "full"):
            with self.subTest(session_id), self.refuses(Code.SESSION_JOIN_FAILED):
                await store.join(session_id, "aLICE", "c1")
        with self.refuses(Code.SESSION_JOIN_FAILED):
            await store.join("full", "Carol", "c3")

    async def test_an_expired_session_cannot_be_joined(self) -> None:
        store = await self.people()
        await store.create("s1", "Alice", "c1")
        await self.wait(TTL * 1.1)
        with self.refuses(Code.SESSION_JOIN_FAILED):
            await store.join("s1", "Bob", "c2")

    async def test_joining_renews_the_session(self) -> None:
        store = await self.people()
        await store.create("s1", "Alice", "c1")
        await self.wait(TTL * 0.6)
        await store.join("s1", "Bob", "c2")
        await self.wait(TTL * 0.6)
        self.assertEqual(await store.touch("Alice", "c1", "Bob"), At(HERE, "c2"))

    async def test_joining_somebody_one_has_a_session_with_ends_the_created_one(self) -> None:
        store = await self.people()
        standing = await store.connect("s1", "Bob", "c2", "Alice")
        await store.create("s2", "Alice", "c1")
        self.assertEqual(await store.join("s2", "Bob", "c2"), standing)
        with self.refuses(Code.SESSION_JOIN_FAILED):
            await store.join("s2", "Carol", "c3")
        with self.refuses(Code.NOT_IN_SESSION):
            await store.end("Alice", "c1", "s2")

    # Relaying

    async def test_only_a_pair_with_a_session_is_touched(self) -> None:
        store = await self.people()
        await store.connect("s1", "Alice", "c1", "Bob")
        self.assertEqual(await store.touch("alice", "c1", "BOB"), At(HERE, "c2"))
        self.assertEqual(await store.touch("Bob", "c2", "Alice"), At(HERE, "c1"))
        for asked in (
            ("Alice", "c1", "Carol"),
            ("Carol", "c3", "Bob"),
            ("Alice", "c1", "Alice"),
            ("Alice", "c1", "Dave"),
        ):
            with self.refuses(Code.NOT_IN_SESSION):
                await store.touch(*asked)

    async def test_a_touch_means_the_session_it_names(self) -> None:
        store = await self.people()
        await store.connect("s1", "Alice", "c1", "Bob")
        await store.connect("s2", "Alice", "c1", "Carol")
        await store.create("s3", "Alice", "c1")
        self.assertEqual(await store.touch("Alice", "c1", "Bob", "s1"), At(HERE, "c2"))
        for session_id in ("s2", "s3", "unknown"):
            with self.refuses(Code.NOT_IN_SESSION):
                await store.touch("Alice", "c1", "Bob", session_id)

    async def test_a_session_lives_on_while_it_is_touched(self) -> None:
        store = await self.people()
        await store.connect("s1", "Alice", "c1", "Bob")
        await store.connect("s2", "Alice", "c1", "Carol")
        for _ in range(3):
            await self.wait(TTL * 0.6)
            self.assertEqual(await store.touch("Bob", "c2", "Alice"), At(HERE, "c1"))
        with self.refuses(Code.NOT_IN_SESSION):
            await store.touch("Carol", "c3", "Alice")
        await self.wait(TTL * 1.1)
        with self.refuses(Code.NOT_IN_SESSION):
            await store.touch("Alice", "c1", "Bob")

    async def test_a_touch_that_names_another_session_renews_nothing(self) -> None:
        store = await self.people()
        await store.connect("s1", "Alice", "c1", "Bob")
        await self.wait(TTL * 0.6)
        with self.refuses(Code.NOT_IN_SESSION):
            await store.touch("Alice", "c1", "Bob", "s2")
        await self.wait(TTL * 0.6)
        with self.refuses(Code.NOT_IN_SESSION):
            await store.touch("Alice", "c1", "Bob")

    async def test_after_an_expiry_the_pair_gets_a_new_session(self) -> None:
        store = await self.people()
        await store.connect("s1", "Alice", "c1", "Bob")
        await self.wait(TTL * 1.1)
        self.assertEqual(await store.connect("s2", "Bob", "c2", "Alice"), Session("s2", "Bob", "Alice"))

    # Ending

    async def test_either_user_ends_a_session(self) -> None:
        store = await self.people()
        for user, connection in (("aLICE", "c1"), ("bOB", "c2")):
            session = await store.connect(f"of_{user}", "Alice", "c1", "Bob")
            self.assertEqual(await store.end(user, connection, session.id), session)
            with self.refuses(Code.NOT_IN_SESSION):
                await store.touch("Alice", "c1", "Bob")

    async def test_a_session_is_ended_by_the_name_of_the_other(self) -> None:
        store = await self.people()
        session = await store.connect("s1", "Alice", "c1", "Bob")
        self.assertEqual(await store.end_with("BOB", "c2", "ALICE"), session)
        with self.refuses(Code.NOT_IN_SESSION):
            await store.end_with("Bob", "c2", "Alice")

    async def test_nobody_ends_the_session_of_others(self) -> None:
        store = await self.people()
        await store.connect("s1", "Alice", "c1", "Bob")
        await store.create("s2", "Alice", "c1")
        for session_id in ("s1", "s2", "unknown"):
            with self.subTest(session_id), self.refuses(Code.NOT_IN_SESSION):
                await store.end("Carol", "c3", session_id)
        self.assertEqual(await store.touch("Alice", "c1", "Bob"), At(HERE, "c2"))

    async def test_an_expired_session_cannot_be_ended(self) -> None:
        store = await self.people()
        await store.connect("s1", "Alice", "c1", "Bob")
        await self.wait(TTL * 1.1)
        with self.refuses(Code.NOT_IN_SESSION):
            await store.end("Alice", "c1", "s1")
        with self.refuses(Code.NOT_IN_SESSION):
            await store.end_with("Alice", "c1", "Bob")

    async def test_releasing_a_name_ends_its_sessions_and_no_other(self) -> None:
        store = await self.people()
        called = await store.connect("s1", "Alice", "c1", "Bob")
        answered = await store.connect("s2", "Carol", "c3", "Alice")
        created = await store.create("s3", "Alice", "c1")
        await store.connect("s4", "Bob", "c2", "Carol")
        self.assertCountEqual(await store.release("aLICE", "c1"), [called, answered, created])
        self.assertEqual(await store.release("Alice", "c1"), [])
        self.assertEqual(await store.touch("Carol", "c3", "Bob"), At(HERE, "c2"))
        with self.refuses(Code.NOT_IN_SESSION):
            await store.touch("Bob", "c2", "Alice")
        with self.refuses(Code.SESSION_JOIN_FAILED):
            await store.join("s3", "Bob", "c2")

    async def test_an_expired_session_is_not_returned_by_a_release(self) -> None:
        store = await self.people()
        await store.connect("s1", "Alice", "c1", "Bob")
        await self.wait(TTL * 1.1)
        self.assertEqual(await store.release("Alice", "c1"), [])


class _Refuses:
    """`assertRaises` for a refusal with this code; a store's refusals name nobody and close nothing."""

    def __init__(self, test: SimpleTestCase, code: Code) -> None:
        self._test = test
        self._code = code
        self._raises = test.assertRaises(ProtocolError)

    def __enter__(self) -> None:
        self._raises.__enter__()

    def __exit__(self, *raised: object) -> bool:
        swallowed = bool(self._raises.__exit__(*raised))  # type: ignore[arg-type]
        if swallowed:
            error = self._raises.exception
            self._test.assertEqual((error.code, error.target, error.close), (self._code, None, None))
        return swallowed


class MemoryStoreTests(StoreContract, SimpleTestCase):
    async def open(self) -> MemoryStore:
        self.clock = FakeClock()
        return MemoryStore(ttl=TTL, clock=self.clock)

    async def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    async def test_a_session_ends_exactly_at_its_expiry(self) -> None:
        store = await self.people()
        await store.connect("s1", "Alice", "c1", "Bob")
        self.clock.advance(TTL - 0.001)
        self.assertEqual(await store.touch("Alice", "c1", "Bob"), At(HERE, "c2"))
        self.clock.advance(TTL)
        with self.refuses(Code.NOT_IN_SESSION):
            await store.touch("Alice", "c1", "Bob")

    async def test_nothing_is_kept_of_what_expired(self) -> None:
        store = await self.people()
        await store.connect("s1", "Alice", "c1", "Bob")
        await store.create("s2", "Carol", "c3")
        self.clock.advance(TTL)
        with self.refuses(Code.NOT_IN_SESSION):
            await store.touch("Alice", "c1", "Carol")
        assert isinstance(store, MemoryStore)
        self.assertEqual([store._entries, store._pairs, store._sessions_of], [{}, {}, {}])


class RedisStoreTests(StoreContract, RedisTestCase):
    """With a fake clock, which the keys' expiry follows."""

    def tearDown(self) -> None:
        self.assertNotIn(-1, self.server.lifetimes().values())

    async def open(self) -> RedisStore:
        self.clock = FakeClock()
        self.store = RedisStore(self.server.url, ttl=TTL, patience=30, clock=self.clock)
        close_with_loop(self.store)
        return self.store

    async def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.server.age(seconds)
        await self.store.beat(HERE)


class OpenStoreTests(SimpleTestCase):
    def test_without_a_url_sessions_are_kept_in_memory(self) -> None:
        for url in (None, ""):
            self.assertIsInstance(open_store(url, ttl=TTL), MemoryStore)

    def test_the_url_of_a_redis_opens_the_store_in_it(self) -> None:
        for url in ("redis://localhost", "rediss://:secret@localhost:6379/1", "unix:///run/redis.sock"):
            self.assertIsInstance(open_store(url, ttl=TTL), RedisStore)

    def test_a_url_of_no_known_kind_is_refused(self) -> None:
        with self.assertRaisesMessage(ValueError, "there is no session store for that kind of URL"):
            open_store("gopher://localhost", ttl=TTL)

    def test_a_url_that_cannot_be_read_is_refused_and_not_quoted(self) -> None:
        for url in (
            "redis://:pass/word@localhost",
            "redis://localhost:secret",
            "redis://localhost?db=1&socket_timeout=x",
        ):
            with self.subTest(url), self.assertRaises(ValueError) as raised:
                open_store(url, ttl=TTL)
            self.assertEqual(str(raised.exception), "the URL of the session store cannot be read")
            self.assertTrue(raised.exception.__suppress_context__)
