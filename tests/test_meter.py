"""What is counted, and when: the hub by itself, and the consumer with sockets that a test holds."""

from __future__ import annotations

import time
import timeit
from typing import Any

from channels.testing import WebsocketCommunicator
from django.test import SimpleTestCase

from signaling.consumer import SignalingConsumer
from signaling.errors import Code, ProtocolError
from signaling.limits import Limits
from signaling.messages import Answer, Ice, KeyExchange, Offer
from signaling.meter import BOUNDS, Count, Handle, Histogram, Meter
from signaling.sessions.base import HERE, At, Claim, StoreUnavailable
from signaling.sessions.memory import MemoryStore
from tests.support.clock import FakeClock
from tests.support.matchmaker import TTL, Matchmaker, at_once, session_id
from tests.support.name_keys import NameKey


class Histograms(SimpleTestCase):
    def setUp(self) -> None:
        self.clock = FakeClock(0.0)
        self.histogram = Histogram(self.clock)

    def test_each_bucket_holds_what_took_as_long_as_its_bound_and_no_longer(self) -> None:
        for seconds in (0.0, *BOUNDS, 1.001, 1e9):
            self.clock.now = seconds
            self.histogram.since(0.0)
        self.assertEqual(self.histogram.buckets, [2, *[1] * (len(BOUNDS) - 1), 2])
        self.assertAlmostEqual(self.histogram.seconds, sum(BOUNDS) + 1.001 + 1e9, places=3)

    def test_bounds_rise_from_50_microseconds_to_a_second(self) -> None:
        self.assertEqual((BOUNDS[0], BOUNDS[-1], list(BOUNDS)), (0.000_05, 1.0, sorted(BOUNDS)))


class Uncounted(SimpleTestCase):
    def test_where_nothing_is_counted_everything_can_be_called(self) -> None:
        counted = {name for name in vars(Count) if not name.startswith("_")}
        self.assertEqual(counted, {name for name in vars(Meter) if not name.startswith("_")})
        handle = Matchmaker().hub.receive
        self.assertEqual(Meter().timed(handle), handle)

    def test_counting_a_relayed_message_costs_a_small_part_of_relaying_it(self) -> None:
        house, count = Matchmaker(), Count()
        alice = at_once(house.join("alice"))
        at_once(house.join("bob"))
        at_once(alice.says("session:connect", target="bob"))
        frame = '{"type":"signal:offer","target":"bob","payload":{"sdp":"%s"}}' % ("v=0 " * 300)

        counted, plain = count.timed(house.hub.receive), house.hub.receive

        def cost(handle: Handle) -> float:
            """Of the processor alone: others may be at work beside this."""
            return timeit.timeit(lambda: at_once(handle(alice.client, frame)), timer=time.thread_time, number=500)  # type: ignore[arg-type]

        rounds = [(cost(counted), cost(plain)) for _ in range(36)]
        self.assertLess(min(one for one, _ in rounds), min(other for _, other in rounds) * 1.5)


class HubTests(SimpleTestCase):
    def setUp(self) -> None:
        self.count = Count()
        self.house = Matchmaker(meter=self.count)

    async def test_sessions_are_counted_by_what_becomes_of_them(self) -> None:
        alice, bob = await self.house.join("alice"), await self.house.join("bob")
        await alice.says("session:connect", target="bob")
        await bob.says("session:connect", target="alice")
        self.assertEqual(self.count.sessions, {"opened": 1, "resumed": 1})
        await bob.says("session:decline", target="alice")
        await alice.says("session:create")
        await bob.says("session:join", sessionId=alice.heard[-1]["payload"]["sessionId"])
        self.assertEqual(self.count.sessions, {"opened": 2, "resumed": 1, "declined": 1, "created": 1})
        await alice.says("session:create")
        await bob.says("session:join", sessionId=alice.heard[-1]["payload"]["sessionId"])
        await bob.says("session:leave", target="alice")
        expected = {"opened": 2, "resumed": 2, "declined": 1, "created": 2, "left": 1}
        self.assertEqual(self.count.sessions, expected)
        await alice.says("session:connect", target="bob")
        await bob.leaves()
        self.assertEqual(self.count.sessions, expected | {"opened": 3, "gone": 1})

    async def test_a_session_is_gone_when_the_lease_is_over_and_not_before(self) -> None:
        alice, bob = await self.house.join("alice", key=NameKey()), await self.house.join("bob")
        await alice.says("session:connect", target="bob")
        await alice.leaves()
        self.assertNotIn("gone", self.count.sessions)
        await self.house.passes(121)
        self.assertEqual(self.count.sessions["gone"], 1)
        self.assertEqual(bob.heard[-1]["type"], "session:left")

    async def test_messages_are_counted_once_they_are_handed_over_by_type_and_whither(self) -> None:
        alice, bob = await self.house.join("alice"), await self.house.join("bob")
        await alice.says("session:connect", target="bob")
        for kind in ("key:exchange", "signal:offer", "signal:answer", "signal:ice", "signal:ice"):
            await alice.says(kind, target="bob", payload={})
        self.assertEqual(self.count.relays_here, {KeyExchange: 1, Offer: 1, Answer: 1, Ice: 2})
        bob.reachable = False
        with self.assertRaises(ProtocolError) as raised:
            await alice.says("signal:ice", target="bob", payload={})
        self.assertEqual(raised.exception.code, Code.RELAY_FAILED)
        self.assertEqual((self.count.relays_here[Ice], dict(self.count.relays_elsewhere)), (2, {}))

    async def test_a_message_that_goes_to_another_process_is_counted_apart(self) -> None:
        alice = await self.house.join("alice")
        await self.house.store.claim("bob", session_id(99), None, "elsewhere")
        await alice.says("session:connect", target="bob")
        sent: list[str] = []

        async def deliver(at: At, name: str, frame: str) -> bool:
            sent.append(at.place)
            return True

        self.house.post.deliver = deliver  # type: ignore[method-assign]
        await alice.says("signal:offer", target="bob", payload={})
        self.assertEqual(sent, ["elsewhere"])
        self.assertEqual((dict(self.count.relays_here), self.count.relays_elsewhere), ({}, {Offer: 1}))


class Unavailable(MemoryStore):
    async def claim(
        self, name: str, connection: str, key: str | None = None, place: str = HERE, **options: Any
    ) -> Claim:
        raise StoreUnavailable


class ConsumerTests(SimpleTestCase):
    def setUp(self) -> None:
        self.count = Count()
        self.house = Matchmaker(meter=self.count)
        self.sockets: list[WebsocketCommunicator] = []  # one that nobody refers to any more cancels its consumer

    async def socket(self, query: str, **headers: str) -> WebsocketCommunicator:
        application = SignalingConsumer.as_asgi(hub=self.house.hub, meter=self.count, origins=("https://chat.example",))
        named = [(name.encode(), value.encode()) for name, value in headers.items()]
        socket = WebsocketCommunicator(application, f"/ws{query}", headers=named)
        self.sockets.append(socket)
        await socket.connect()
        return socket

    async def refused(self, query: str) -> None:
        """Tries to come in, hears why not, and is gone."""
        socket = await self.socket(query)
        await socket.receive_output()
        await socket.receive_output()
        await socket.wait()

    async def test_a_socket_is_open_and_its_client_in_until_it_goes(self) -> None:
        socket = await self.socket("?username=Alice")
        await socket.send_to(text_data='{"type":"session:create"}')
        await socket.receive_from()
        self.assertEqual((self.count.sockets_opened, self.count.sockets_ended), (1, 0))
        self.assertEqual((self.count.clients_joined, self.count.clients_left), (1, 0))
        await socket.disconnect()
        self.assertEqual((self.count.sockets_ended, self.count.clients_left), (1, 1))
        self.assertEqual(dict(self.count.closes), {})

    async def test_a_request_that_is_refused_never_was_a_socket(self) -> None:
        await self.socket("?user=Alice")
        await self.socket("?username=Alice", origin="https://evil.example")
        self.assertEqual(self.count.refusals, {"NO_USERNAME": 1, "ORIGIN": 1})
        self.assertEqual(self.count.sockets_opened, 0)

    async def test_a_refusal_is_counted_by_its_code_beside_the_error_and_the_close(self) -> None:
        self.house = Matchmaker(meter=self.count, limits=Limits(connections_per_address=2))
        await self.socket("?username=Alice")
        await self.refused("?username=a")
        await self.refused("?username=alice")
        await self.socket("?username=Bob")
        await self.refused("?username=Carol")
        self.assertEqual(self.count.refusals, {Code.INVALID_USERNAME: 1, Code.USERNAME_TAKEN: 1, Code.RATE_LIMITED: 1})
        self.assertEqual(self.count.errors, self.count.refusals)
        self.assertEqual(self.count.closes, {4001: 1, 4002: 1, 4008: 1})
        self.assertEqual((self.count.sockets_opened, self.count.sockets_ended), (5, 3))
        self.assertEqual((self.count.clients_joined, self.count.clients_left), (2, 0))

    async def test_a_proof_that_fails_is_a_refusal(self) -> None:
        socket = await self.socket(f"?username=Alice&key={NameKey().text}")
        await socket.receive_from()
        await socket.send_to(text_data='{"type":"auth:response","payload":{"origin":"x","mac":"x"}}')
        await socket.receive_output()
        await socket.receive_output()
        await socket.wait()
        self.assertEqual((self.count.refusals, self.count.closes), ({Code.AUTH_FAILED: 1}, {4003: 1}))

    async def test_a_store_that_does_not_answer_is_a_refusal(self) -> None:
        self.house = Matchmaker(meter=self.count, store=Unavailable(ttl=TTL, clock=FakeClock()))
        await self.refused("?username=Alice")
        self.assertEqual((self.count.refusals, self.count.closes), ({Code.SERVER_BUSY: 1}, {1001: 1}))

    async def test_every_frame_is_timed_whatever_becomes_of_it(self) -> None:
        socket = await self.socket("?username=Alice")
        for frame in ("{}", '{"type":"session:create"}', "x" * 65_537):
            await socket.send_to(text_data=frame)
            await socket.receive_output()
        await socket.receive_output()
        await socket.wait()
        self.assertEqual(sum(self.count.handling.buckets), 3)
        self.assertEqual(self.count.errors, {Code.INVALID_MESSAGE: 1, Code.MESSAGE_TOO_LARGE: 1})
        self.assertEqual((self.count.closes, dict(self.count.refusals)), ({1009: 1}, {}))

    async def test_what_nobody_expects_is_counted_and_logged_by_its_class(self) -> None:
        async def fails(*_: object) -> None:
            raise KeyError("alice")

        self.house.store.create = fails  # type: ignore[method-assign,assignment]
        socket = await self.socket("?username=Alice")
        with self.assertLogs("signaling.consumer", "ERROR") as logged:
            await socket.send_to(text_data='{"type":"session:create"}')
            await socket.receive_output()
            await socket.wait()
        self.assertEqual((self.count.unexpected_errors, self.count.closes), (1, {1011: 1}))
        self.assertEqual(vars(logged.records[0])["fields"], {"exception": "KeyError"})
        self.assertNotIn("alice", logged.output[0])
