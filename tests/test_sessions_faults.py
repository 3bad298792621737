"""Whatever Redis does wrong, a store says that it is unavailable, soon, and works again when Redis does."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Self

from signaling.errors import ProtocolError
from signaling.sessions.base import PLACE_SECONDS, At, Store, StoreUnavailable
from signaling.sessions.redis import BATCH, RedisStore
from tests.support.clock import FakeClock
from tests.support.redis import RedisServer, RedisTestCase, close_with_loop

TTL = 600.0
PATIENCE = 0.5
SOON = 10.0
"""What a noisy machine makes of `PATIENCE`; far less than for ever."""

AWAY = "The session store does not answer."


class Tardy:
    """A network between a store and the Redis at a port of this machine."""

    def __init__(self, redis_port: int) -> None:
        self._redis_port = redis_port
        self._late: list[tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]] = []
        self._carrying: list[asyncio.Task[None] | None] = []
        self._is_held = False

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for late in self._late:
            late[1].close()
        await asyncio.gather(*filter(None, self._carrying))

    def hold(self) -> None:
        """Keep what is said from now on, and wait for no more."""
        self._is_held = True

    def go_on(self) -> None:
        """Carry what is said from now on; what was kept stays so."""
        self._is_held = False

    async def hand_over(self) -> None:
        """Say to Redis what was kept, and wait for its answers."""
        assert self._late
        for answers, redis, said in self._late:
            redis.write(said)
            assert await answers.read(1 << 16)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._carrying.append(asyncio.current_task())
        answers, redis = await asyncio.open_connection("127.0.0.1", self._redis_port)
        with contextlib.closing(writer):
            while said := await reader.read(1 << 16):  # each is one command, or what begins a connection
                if self._is_held:
                    self._late.append((answers, redis, said))
                    return
                redis.write(said)
                writer.write(await answers.read(1 << 16))
        redis.close()


class FaultTestCase(RedisTestCase):
    patience = 30.0

    def open(self, url: str | None = None) -> RedisStore:
        store = RedisStore(url or self.server.url, ttl=TTL, patience=self.patience)
        close_with_loop(store)
        return store

    async def unavailable(self, asked: Awaitable[object]) -> str:
        """Why the store says that it is."""
        with self.assertRaises(StoreUnavailable) as raised:
            async with asyncio.timeout(SOON):
                await asked
        return str(raised.exception)

    async def beat_until_found(self, store: Store) -> bool:
        """What the first beat that is answered says."""
        async with asyncio.timeout(30):
            while True:
                with contextlib.suppress(StoreUnavailable):
                    return await store.beat("p1")
                await asyncio.sleep(0.01)


class AbsenceTests(FaultTestCase):
    """Each way for Redis to be away, and to come back."""

    patience = PATIENCE

    async def assert_heals(self, leave: Callable[[], None], come_back: Callable[[], None], *, remembers: bool) -> None:
        store = self.open()
        await store.beat("p1")
        await store.claim("Alice", "c1", None, "p1")
        leave()
        try:
            reasons = [await self.unavailable(store.where("Alice")), await self.unavailable(store.beat("p1"))]
            self.assertEqual(reasons, [AWAY, AWAY])
            started = time.monotonic()
            for _ in range(100):
                await self.unavailable(store.where("Alice"))
            self.assertLess(time.monotonic() - started, 100 * PATIENCE / 4)  # it does not try each time
        finally:
            come_back()
        self.assertEqual(await self.beat_until_found(store), remembers)
        self.assertEqual(await store.where("Alice"), At("p1", "c1") if remembers else None)
        self.assertTrue((await store.claim("Alice", "c1", None, "p1", again=True)).granted)

    async def test_a_redis_that_hangs(self) -> None:
        await self.assert_heals(self.server.pause, self.server.resume, remembers=True)

    async def test_a_redis_that_is_stopped(self) -> None:
        await self.assert_heals(self.server.stop, self.server.start, remembers=False)

    async def test_a_redis_that_is_killed(self) -> None:
        await self.assert_heals(self.server.kill, self.server.start, remembers=False)

    async def test_a_redis_whose_clients_are_paused(self) -> None:
        for kind in ("ALL", "WRITE"):
            with self.subTest(kind):
                self.server.ask("FLUSHALL")
                pause = functools.partial(self.server.ask, "CLIENT", "PAUSE", 2500, kind)
                await self.assert_heals(pause, lambda: None, remembers=True)

    async def test_a_redis_that_comes_back_with_what_it_had_saved(self) -> None:
        """Who came since is claimed again, and who left since goes with the former life of the place."""
        clock = FakeClock()
        store = RedisStore(self.server.url, ttl=TTL, patience=30, clock=clock)
        close_with_loop(store)
        await store.beat("p1")
        await store.claim("Alice", "c1", None, "p1")
        await store.claim("Bob", "c2", None, "p1")
        called = await store.connect("s1", "Alice", "c1", "Bob")
        self.server.ask("SAVE")
        await store.release("Alice", "c1")
        await store.claim("Carol", "c3", None, "p1")
        clock.advance(1)
        self.server.kill()
        self.server.start(saved=True)
        self.assertEqual([await self.beat_until_found(store), await store.beat("p1")], [False, True])
        for name, connection in (("Bob", "c2"), ("Carol", "c3")):
            self.assertTrue((await store.claim(name, connection, None, "p1", again=True)).granted)
        for _ in range(5):
            clock.advance(PLACE_SECONDS / 4)
            await store.beat("p1")
        self.assertEqual((await store.end_leases()).gone, (("Alice", called),))
        where = [await store.where(name) for name in ("Alice", "Bob", "Carol")]
        self.assertEqual(where, [None, At("p1", "c2"), At("p1", "c3")])

    async def test_a_redis_that_was_restarted_meanwhile_is_asked_nothing_before_a_beat(self) -> None:
        """Otherwise it would give names that are had, as long as nobody has noticed."""
        store = self.open()
        await store.beat("p1")
        await store.claim("Alice", "c1", None, "p1")
        self.server.kill()
        self.server.start()
        await asyncio.sleep(0)
        for _ in range(2):
            self.assertEqual(await self.unavailable(store.claim("Alice", "c9", None, "p1")), AWAY)
        self.assertEqual([await self.beat_until_found(store), await store.beat("p1")], [False, True])
        self.assertNotEqual(await self.unavailable(store.claim("Alice", "c9", None, "p1")), AWAY)
        self.assertTrue((await store.claim("Alice", "c1", None, "p1", again=True)).granted)

    async def test_what_arrives_late_does_nothing(self) -> None:
        """A network holds back what was said, and hands it over when all is well again on another connection."""
        with RedisServer(tcp=True) as server:
            async with (
                Tardy(server.port) as network,
                contextlib.aclosing(self.open(f"redis://127.0.0.1:{network.port}")) as store,
            ):
                await store.beat("p1")
                network.hold()
                await self.unavailable(store.claim("Alice", "c1", None, "p1"))
                network.go_on()
                self.assertTrue(await self.beat_until_found(store))
                await store.release("Alice", "c1")  # as is owed
                await network.hand_over()
                self.assertIsNone(await store.where("Alice"))
                self.assertTrue((await store.claim("Alice", "c2", None, "p1")).granted)

    async def test_a_beat_that_arrives_late_brings_no_era_back(self) -> None:
        with RedisServer(tcp=True) as server:
            async with (
                Tardy(server.port) as network,
                contextlib.aclosing(self.open(f"redis://127.0.0.1:{network.port}")) as store,
            ):
                await store.beat("p1")
                network.hold()
                await self.unavailable(store.beat("p1"))
                network.go_on()
                self.assertTrue(await self.beat_until_found(store))
                await network.hand_over()
                self.assertTrue((await store.claim("Alice", "c1", None, "p1")).granted)

    async def test_what_arrives_late_but_before_the_beat_is_undone_by_what_follows_it(self) -> None:
        store = self.open()
        await store.beat("p1")
        self.server.pause()
        await self.unavailable(store.claim("Alice", "c1", None, "p1"))
        self.server.resume()
        await self.beat_until_found(store)
        await store.release("Alice", "c1")
        self.assertTrue((await store.claim("Alice", "c2", None, "p1")).granted)

    async def test_a_connection_that_is_cut_is_made_anew(self) -> None:
        store = self.open()
        await store.claim("Alice", "c1", None, "p1")
        self.server.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        with contextlib.suppress(StoreUnavailable):
            await store.where("Alice")
        await self.beat_until_found(store)
        self.assertEqual(await store.where("Alice"), At("p1", "c1"))

    async def test_all_who_wait_are_told_and_not_each_after_another(self) -> None:
        store = self.open()
        await store.beat("p1")
        self.server.pause()
        try:
            started = time.monotonic()
            asked = (store.where("Alice") for _ in range(20 * BATCH))
            results = await asyncio.gather(*asked, return_exceptions=True)
            self.assertLess(time.monotonic() - started, SOON)
        finally:
            self.server.resume()
        self.assertEqual({str(result) for result in results}, {AWAY})
        self.assertTrue(all(isinstance(result, StoreUnavailable) for result in results))

    async def test_nothing_else_is_raised_whatever_happens(self) -> None:
        store = self.open()
        done = asyncio.Event()
        answered = asyncio.Event()

        async def somebody(number: int) -> None:
            while not done.is_set():
                try:
                    await store.claim(f"n{number}", "c1", None, "p1", again=True)
                    await store.connect(f"s{number}", f"n{number}", "c1", f"n{number - 1}")
                    answered.set()
                except StoreUnavailable:
                    await asyncio.sleep(0.01)
                except ProtocolError:
                    await asyncio.sleep(0)

        crowd = [asyncio.create_task(somebody(number)) for number in range(20)]
        faults = (self.server.kill, self.server.start, self.server.pause, self.server.resume, self.server.stop)
        for fault in (*faults, self.server.start):
            fault()
            with contextlib.suppress(StoreUnavailable):
                await store.beat("p1")
            await asyncio.sleep(0.1)
        await self.beat_until_found(store)
        answered.clear()
        async with asyncio.timeout(30):
            await answered.wait()
        done.set()
        await asyncio.gather(*crowd)


class RefusalTests(FaultTestCase):
    """Redis answers, but not what was asked: there is no need to wait for a beat."""

    async def test_a_redis_that_is_full_still_reads_and_heals(self) -> None:
        store = self.open()
        await store.claim("Alice", "c1", None, "p1")
        self.server.ask("CONFIG", "SET", "maxmemory", 1)
        try:
            refused = "The session store refuses: OOM."
            self.assertEqual(await self.unavailable(store.claim("Bob", "c2", None, "p1")), refused)
            self.assertEqual(await self.unavailable(store.beat("p1")), refused)
            self.assertEqual(await store.where("Alice"), At("p1", "c1"))
        finally:
            self.server.ask("CONFIG", "SET", "maxmemory", 0)
        self.assertTrue((await store.claim("Bob", "c2", None, "p1")).granted)

    async def test_a_redis_that_became_a_replica(self) -> None:
        store = self.open()
        await store.claim("Alice", "c1", None, "p1")
        self.server.ask("REPLICAOF", "127.0.0.1", 1)
        try:
            self.assertEqual(await self.unavailable(store.beat("p1")), "The session store refuses: READONLY.")
        finally:
            self.server.ask("REPLICAOF", "NO", "ONE")
        self.assertTrue((await store.claim("Bob", "c2", None, "p1")).granted)

    async def test_a_redis_that_forgot_the_script_is_given_it_again(self) -> None:
        store = self.open()
        await store.claim("Alice", "c1", None, "p1")
        self.server.ask("SCRIPT", "FLUSH")
        self.assertEqual(await store.where("Alice"), At("p1", "c1"))

    async def test_a_redis_that_does_not_exist(self) -> None:
        with RedisServer(tcp=True) as nobody:
            url = nobody.url
        for there in (url, "unix:///nowhere/redis.sock", "redis://nowhere.invalid"):
            with self.subTest(there):
                store = self.open(there)
                self.assertEqual(await self.unavailable(store.claim("Alice", "c1")), AWAY)
                self.assertEqual(await self.unavailable(store.beat("p1")), AWAY)

    async def test_a_redis_at_a_port(self) -> None:
        with RedisServer(tcp=True) as server:
            self.assertFalse(await self.open(server.url).beat("p1"))

    async def test_a_wrong_password_is_told_by_no_name_and_no_password(self) -> None:
        with RedisServer(password="p@ss/w:rd") as server, self.assertNoLogs():
            self.assertFalse(await self.open(server.url).beat("p1"))
            for password in ("wr:ng", ""):
                store = self.open(server.url_with(password))
                with self.assertRaises(StoreUnavailable) as raised:
                    await store.beat("p1")
                self.assertEqual(str(raised.exception), "The session store refuses the password.")
                told = "".join(traceback.format_exception(raised.exception))
                self.assertNotRegex(told, r"redis\.sock|wr:ng|wr%3Ang")


class StrangerTests(FaultTestCase):
    """Somebody else at the other end."""

    patience = PATIENCE

    async def reasons(self, answer: bytes | None) -> list[str]:
        """Why the store cannot be had from somebody who answers everything so, or closes."""

        speaking: list[asyncio.Task[None] | None] = []

        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            speaking.append(asyncio.current_task())
            with contextlib.closing(writer), contextlib.suppress(ConnectionError):
                while answer is not None and await reader.read(1 << 16):
                    writer.write(answer)

        stranger = await asyncio.start_server(speak, "127.0.0.1", 0)
        async with stranger:
            host, port = stranger.sockets[0].getsockname()
            store = self.open(f"redis://{host}:{port}")
            reasons = [await self.unavailable(store.where("Alice")), await self.unavailable(store.beat("p1"))]
            await store.aclose()
            await asyncio.gather(*filter(None, speaking))
        return reasons

    async def test_a_redis_that_is_loading(self) -> None:
        answer = b"-LOADING Redis is loading the dataset in memory\r\n"
        self.assertEqual(await self.reasons(answer), ["The session store is loading its data."] * 2)

    async def test_one_who_talks_nonsense(self) -> None:
        for answer in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"+OK\r\n", b"$3\r\nabc\r\n", b"*1\r\n:1\r\n", b"$-1\r\n"):
            with self.subTest(answer):
                self.assertEqual(await self.reasons(answer), [AWAY] * 2)

    async def test_one_who_closes(self) -> None:
        self.assertEqual(await self.reasons(None), [AWAY] * 2)


class ClosingTests(FaultTestCase):
    async def test_a_closed_store_fails_and_so_does_what_waited_for_it(self) -> None:
        store = self.open()
        await store.beat("p1")
        waiting = [asyncio.ensure_future(store.where("Alice")) for _ in range(2 * BATCH)]
        await asyncio.sleep(0)
        await store.aclose()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        self.assertTrue(any(isinstance(result, StoreUnavailable) for result in results))
        self.assertTrue(all(result is None or isinstance(result, StoreUnavailable) for result in results))
        for asked in (store.where("Alice"), store.beat("p1"), store.beat("p1")):
            self.assertEqual(await self.unavailable(asked), "The session store is closed.")
        await store.aclose()
