"""Several real servers that share a real Redis: people at different ones find each other, and what breaks heals."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from typing import ClassVar

from django.test import SimpleTestCase

from chat.peer import Peer
from signaling.process import NO_STORE
from tests.support.callers import PATIENCE, Caller, call
from tests.support.name_keys import NameKey
from tests.support.redis import RedisServer
from tests.support.server import DaphneServer, SiteServer, UvicornServer

QUICKLY = 10.0
"""Seconds within which a request is answered while Redis is away; it takes about one on a quiet machine."""


def health(server: SiteServer) -> tuple[int, dict[str, str]]:
    """What /health says."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    try:
        connection.request("GET", "/health", headers={"Host": "localhost"})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


async def until(truth: Callable[[], Awaitable[bool]]) -> None:
    """Ask again and again, for another process's state has no event to wait for."""
    async with asyncio.timeout(PATIENCE):
        while not await truth():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


class ClusterTestCase(SimpleTestCase):
    """Two servers and the Redis that they share, for each test anew. Names are new in each test, for where they are not."""

    server_class: ClassVar[type[SiteServer]] = DaphneServer
    shards = 1
    numbers: ClassVar[itertools.count[int]] = itertools.count()

    def setUp(self) -> None:
        super().setUp()
        self.number = next(self.numbers)
        stack = ExitStack()
        self.addCleanup(stack.close)
        self.redis, self.one, self.other = self.cluster(stack)

    @classmethod
    def cluster(cls, stack: ExitStack) -> tuple[list[RedisServer], SiteServer, SiteServer]:
        """All servers, which end with the stack."""
        redis = [stack.enter_context(RedisServer()) for _ in range(cls.shards)]
        env = {"REDIS_URL": ",".join(server.url for server in redis), "CALL_BURST": "1000"}
        one, other = (stack.enter_context(cls.server_class(env)) for _ in range(2))
        return redis, one, other

    def person(self, server: SiteServer, who: str, key: NameKey | None = None) -> Caller:
        return Caller(server.url, f"{who}_{self.number}", key)

    async def pair(self, stack: AsyncExitStack, key: NameKey | None = None) -> tuple[Caller, Caller]:
        """Alice at one server, Bob at the other."""
        alice = await stack.enter_async_context(self.person(self.one, "alice", key))
        bob = await stack.enter_async_context(self.person(self.other, "bob"))
        return alice, bob

    async def relays(self, sender: Caller, receiver: Caller, number: int = 1) -> None:
        """What one says arrives at the other, in order."""
        for count in range(number):
            await sender.says("signal:ice", target=receiver.name, payload={"count": count})
        for count in range(number):
            heard = await receiver.hears("signal:ice")
            self.assertEqual((heard["sender"], heard["payload"]), (sender.name, {"count": count}))

    async def is_healthy(self, server: SiteServer) -> bool:
        return (await asyncio.to_thread(health, server))[0] == http.client.OK

    async def is_unwell(self, server: SiteServer) -> bool:
        return not await self.is_healthy(server)

    async def assert_busy(self, person: Caller, target: str) -> None:
        """A request is refused, and soon."""
        began = time.monotonic()
        await person.says("signal:ice", target=target, payload={})
        self.assertEqual(await person.error(), "SERVER_BUSY")
        self.assertLess(time.monotonic() - began, QUICKLY)


class TwoServersTest(ClusterTestCase):
    """All tests share the cluster, for its Redis never fails; a server that a test ended is started again."""

    shared: ClassVar[tuple[list[RedisServer], SiteServer, SiteServer]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.shared = super().cluster(cls.enterClassContext(ExitStack()))

    @classmethod
    def cluster(cls, stack: ExitStack) -> tuple[list[RedisServer], SiteServer, SiteServer]:
        for server in cls.shared[1:]:
            if not server.runs:
                server.start()
        return cls.shared

    async def test_people_at_different_servers_call_talk_and_leave(self) -> None:
        async with AsyncExitStack() as stack:
            alice, bob = await self.pair(stack)
            session_id = await call(alice, bob)
            await self.relays(alice, bob, 50)
            await self.relays(bob, alice, 50)
            await bob.says("session:leave", sessionId=session_id)
            left = await alice.hears("session:left")
            self.assertEqual(left["payload"], {"sessionId": session_id, "peer": bob.name, "reason": "left"})
            await alice.says("signal:ice", target=bob.name, payload={})
            self.assertEqual(await alice.error(), "NOT_IN_SESSION")

    async def test_a_name_is_one_persons_at_all_servers(self) -> None:
        async with AsyncExitStack() as stack:
            await self.pair(stack, NameKey())
            for key in (None, NameKey()):
                thief = self.person(self.other, "ALICE", key)
                with self.assertRaises(AssertionError) as raised:
                    await thief.comes()
                self.assertIn("USERNAME_TAKEN", str(raised.exception))
                self.assertEqual(await thief.closed(), 4002)

    async def test_who_comes_back_at_another_server_replaces_the_older_connection_and_keeps_the_session(self) -> None:
        key = NameKey()
        async with AsyncExitStack() as stack:
            alice, bob = await self.pair(stack, key)
            await call(alice, bob)
            again = await stack.enter_async_context(self.person(self.other, "Alice", key))
            self.assertEqual(await alice.closed(), 4004)
            await bob.says("signal:ice", target=alice.name, payload={})
            self.assertEqual((await again.hears("signal:ice"))["sender"], bob.name)

    async def test_who_goes_without_a_key_is_missed_at_the_other_server(self) -> None:
        async with AsyncExitStack() as stack:
            alice, bob = await self.pair(stack)
            await call(alice, bob)
            await bob.socket.close()
            self.assertEqual((await alice.hears("session:left"))["payload"]["reason"], "gone")

    async def test_a_server_that_is_killed_in_mid_call_frees_its_names_and_its_people_go_on_at_the_other(self) -> None:
        key = NameKey()
        async with AsyncExitStack() as stack:
            alice, bob = await self.pair(stack, key)
            carol = await stack.enter_async_context(self.person(self.one, "carol"))
            await call(alice, bob)
            await call(carol, bob)
            began = time.monotonic()
            self.one.kill()
            again = await stack.enter_async_context(self.person(self.other, "alice", key))
            await self.relays(bob, again)
            await self.relays(again, bob)
            gone = await bob.hears("session:left")
            self.assertEqual((gone["payload"]["peer"], gone["payload"]["reason"]), (carol.name, "gone"))
            await stack.enter_async_context(self.person(self.other, "carol"))
            self.assertLess(time.monotonic() - began, 30)
            await bob.says("session:connect", target=carol.name)
            await bob.hears("session:joined")

    async def test_a_server_that_is_told_to_stop_sends_its_people_to_the_other(self) -> None:
        before = self.one.log
        key = NameKey()
        async with AsyncExitStack() as stack:
            alice, bob = await self.pair(stack, key)
            await call(alice, bob)
            carol = await stack.enter_async_context(self.person(self.one, "carol"))
            await asyncio.to_thread(self.one.stop)
            self.assertEqual((await alice.closed(), await carol.closed()), (1001, 1001))
            again = await stack.enter_async_context(self.person(self.other, "alice", key))
            await stack.enter_async_context(self.person(self.other, "carol"))
            await self.relays(again, bob)
            self.assertEqual(self.one.log, before)


class TwoUvicornsTest(TwoServersTest):
    server_class = UvicornServer


class SeveralRedisTest(ClusterTestCase):
    shards = 3

    async def test_the_channel_layer_uses_all_of_them(self) -> None:
        async with AsyncExitStack() as stack:
            alice, bob = await self.pair(stack)
            await call(alice, bob)
            await self.relays(alice, bob, 20)
            await self.relays(bob, alice, 20)


class RedisFaultsTest(ClusterTestCase):
    async def test_a_redis_that_hangs_makes_the_servers_busy_and_when_it_goes_on_all_goes_on(self) -> None:
        async with AsyncExitStack() as stack:
            alice, bob = await self.pair(stack, NameKey())
            await call(alice, bob)
            self.redis[0].pause()
            await self.assert_busy(alice, bob.name)
            await until(lambda: self.is_unwell(self.one))
            self.assertEqual(health(self.one), (503, {"status": "unavailable", "reason": NO_STORE}))
            began = time.monotonic()
            await self.assert_busy(bob, alice.name)
            self.redis[0].resume()
            self.assertLess(time.monotonic() - began, QUICKLY)
            await self.both_are_healthy()
            await self.relays(alice, bob, 5)
            await self.relays(bob, alice, 5)

    async def test_a_redis_that_comes_back_without_its_memory_is_told_again_who_is_online(self) -> None:
        async with AsyncExitStack() as stack:
            alice, bob = await self.pair(stack, NameKey())
            await call(alice, bob)
            self.redis[0].kill()
            await self.assert_busy(alice, bob.name)
            await until(lambda: self.is_unwell(self.one))
            newcomer = self.person(self.one, "newcomer")
            with self.assertRaises(AssertionError):
                await newcomer.comes()
            self.assertEqual(await newcomer.closed(), 1001)
            self.redis[0].start()
            await self.both_are_healthy()
            await until(lambda: self.can_call(alice, bob))
            await self.relays(alice, bob, 5)
            await self.relays(bob, alice, 5)

    async def both_are_healthy(self) -> None:
        for server in (self.one, self.other):
            await until(lambda server=server: self.is_healthy(server))  # type: ignore[misc]

    async def can_call(self, alice: Caller, bob: Caller) -> bool:
        """The other server may take a moment longer to say who is there."""
        await alice.says("session:connect", target=bob.name)
        message = json.loads(await asyncio.wait_for(alice.socket.recv(), PATIENCE))
        if message["type"] == "error":
            self.assertIn(message["payload"]["code"], ("USER_OFFLINE", "SERVER_BUSY"))
            return False
        await bob.hears("session:joined")
        return True

    async def test_a_chat_that_is_up_does_not_notice(self) -> None:
        async with Peer("alice", self.one.url) as alice, Peer("bob", self.other.url) as bob:
            calling = asyncio.create_task(alice.call("bob"))
            await bob.ringing()
            bob.accept()
            await asyncio.gather(calling, bob.secured())
            await alice.deliver("before")
            self.redis[0].kill()
            self.other.kill()
            await alice.deliver("meanwhile")
            await bob.deliver("and back")
            self.redis[0].start()
            await alice.deliver("after")
