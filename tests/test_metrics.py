"""`/metrics`: what it shows, and to whom. tests/test_metrics_server.py asks a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from io import BytesIO
from ipaddress import ip_network
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpResponse
from django.test import AsyncClient, SimpleTestCase, override_settings
from django.urls import URLPattern

from signaling.errors import Code
from signaling.limits import TrustedProxy
from signaling.messages import Offer
from signaling.meter import BOUNDS, Count
from signaling.metrics import LAG_SECONDS, LoopLag, metrics_view
from signaling.process import Alone
from signaling.service import build_service
from signaling.urls import url_patterns
from tests.support.clock import FakeClock
from tests.support.matchmaker import Matchmaker
from tests.support.scrape import numbers

LOOPBACK: tuple[TrustedProxy, ...] = (ip_network("127.0.0.1"), ip_network("::1"))


def request_of(peer: str | None, forwarded: Sequence[str] = (), method: str = "GET") -> ASGIRequest:
    """A request as it comes from there; None is a unix socket."""
    scope = {
        **{"type": "http", "method": method, "path": "/metrics", "query_string": b""},
        "client": [peer, 4711] if peer else None,
        "headers": [(b"x-forwarded-for", value.encode()) for value in forwarded],
    }
    return ASGIRequest(scope, BytesIO())


class MetricsTestCase(SimpleTestCase):
    def setUp(self) -> None:
        self.clock = FakeClock(0.0)
        self.count = Count(self.clock)
        self.house = Matchmaker()
        self.process = Alone()

    async def asks(
        self,
        peer: str | None = "127.0.0.1",
        forwarded: tuple[str, ...] = (),
        *,
        addresses: tuple[TrustedProxy, ...] = LOOPBACK,
        proxies: tuple[TrustedProxy, ...] = (),
        method: str = "GET",
    ) -> HttpResponse:
        view = metrics_view(self.count, self.house.hub, self.process, addresses=addresses, proxies=proxies)
        return await view(request_of(peer, forwarded, method))

    async def shown(self) -> dict[str, float]:
        return numbers((await self.asks()).content.decode())


class Numbers(MetricsTestCase):
    async def test_what_has_not_happened_is_there_as_a_zero(self) -> None:
        shown = await self.shown()
        for name in (
            *("lowkey_sockets", "lowkey_clients", "lowkey_sockets_opened_total", "lowkey_clients_joined_total"),
            *('lowkey_refusals_total{reason="ORIGIN"}', 'lowkey_closes_total{code="4008"}'),
            *(f'lowkey_errors_total{{code="{code}"}}' for code in Code),
            *('lowkey_session_events_total{event="gone"}', "lowkey_unexpected_errors_total"),
            *('lowkey_relays_total{to="elsewhere",type="signal:offer"}', "lowkey_handling_seconds_count"),
        ):
            with self.subTest(name):
                self.assertEqual(shown[name], 0)

    async def test_what_was_counted_is_shown(self) -> None:
        for _ in range(3):
            self.count.opened()
        self.count.ended()
        self.count.joined()
        self.count.refused("ORIGIN")
        self.count.error(Code.USER_OFFLINE)
        self.count.closed(1001)
        self.count.session("opened")
        self.count.relayed(Offer, here=False)
        shown = await self.shown()
        self.assertEqual((shown["lowkey_sockets"], shown["lowkey_sockets_opened_total"]), (2, 3))
        self.assertEqual(shown["lowkey_clients"], 1)
        self.assertEqual(shown['lowkey_refusals_total{reason="ORIGIN"}'], 1)
        self.assertEqual(shown['lowkey_errors_total{code="USER_OFFLINE"}'], 1)
        self.assertEqual(shown['lowkey_closes_total{code="1001"}'], 1)
        self.assertEqual(shown['lowkey_session_events_total{event="opened"}'], 1)
        self.assertEqual(shown['lowkey_relays_total{to="elsewhere",type="signal:offer"}'], 1)

    async def test_times_are_a_histogram_whose_buckets_add_up(self) -> None:
        for seconds in (0.000_01, 0.000_07, 0.3, 2.0):
            self.clock.now = seconds
            self.count.handling.since(0.0)
        shown = await self.shown()
        buckets = [shown[f'lowkey_handling_seconds_bucket{{le="{bound}"}}'] for bound in (*BOUNDS, "+Inf")]
        self.assertEqual(buckets, [1, *[2] * 11, 3, 3, 4])
        self.assertEqual(shown["lowkey_handling_seconds_count"], 4)
        self.assertAlmostEqual(shown["lowkey_handling_seconds_sum"], 2.300_08)

    async def test_sessions_are_shown_where_the_store_knows_how_many_there_are(self) -> None:
        self.assertEqual((await self.shown())["lowkey_sessions"], 0)
        alice = await self.house.join("alice")
        await alice.says("session:create")
        self.assertEqual((await self.shown())["lowkey_sessions"], 1)
        self.house.store.open_sessions = lambda: None  # type: ignore[method-assign]
        self.assertNotIn("lowkey_sessions", await self.shown())

    async def test_a_process_that_cannot_serve_says_so(self) -> None:
        self.assertEqual((await self.shown())["lowkey_serving"], 1)
        self.process.fault = "The session store does not answer."
        self.assertEqual((await self.shown())["lowkey_serving"], 0)

    async def test_the_process_itself_is_measured_too(self) -> None:
        shown = await self.shown()
        self.assertGreater(shown["process_resident_memory_bytes"], 1_000_000)
        self.assertGreater(shown["process_open_fds"], 0)
        self.assertIn('python_gc_collections_total{generation="2"}', shown)

    async def test_the_answer_is_prometheus_text_and_never_cached(self) -> None:
        response = await self.asks()
        self.assertEqual(response["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        self.assertEqual(response["Cache-Control"], "no-store")


class Askers(MetricsTestCase):
    async def test_only_the_configured_addresses_are_answered(self) -> None:
        office: tuple[TrustedProxy, ...] = (ip_network("192.0.2.0/24"), ip_network("2001:db8::7"))
        for local in ("127.0.0.1", "::1", "::ffff:127.0.0.1"):
            self.assertEqual((await self.asks(local)).status_code, 200)
        for known in ("192.0.2.9", "2001:db8::7"):
            self.assertEqual((await self.asks(known, addresses=office)).status_code, 200)
        for peer in ("127.0.0.1", "198.51.100.1", "2001:db8::8", None):
            with self.subTest(peer), self.assertRaises(Http404):
                await self.asks(peer, addresses=office)

    async def test_a_forwarded_address_counts_where_a_trusted_proxy_says_it(self) -> None:
        trusted: tuple[TrustedProxy, ...] = (ip_network("10.0.0.1"), "unix")
        for peer in ("10.0.0.1", None):
            self.assertEqual((await self.asks(peer, ("127.0.0.1",), proxies=trusted)).status_code, 200)
            with self.assertRaises(Http404):
                await self.asks(peer, ("127.0.0.1, 203.0.113.7",), proxies=trusted)

    async def test_nobody_forges_an_address_into_a_forwarded_one(self) -> None:
        for peer in ("203.0.113.7", "10.0.0.1", None):
            with self.subTest(peer), self.assertRaises(Http404):
                await self.asks(peer, ("127.0.0.1",))

    async def test_what_comes_through_a_proxy_that_is_not_trusted_is_from_nobody(self) -> None:
        unix: tuple[TrustedProxy, ...] = ("unix",)
        for peer, addresses in (("127.0.0.1", LOOPBACK), (None, unix)):
            with self.subTest(peer), self.assertRaises(Http404):
                await self.asks(peer, ("203.0.113.7",), addresses=addresses)

    async def test_a_unix_socket_is_an_address_that_can_be_configured(self) -> None:
        self.assertEqual((await self.asks(None, addresses=("unix",))).status_code, 200)
        with self.assertRaises(Http404):
            await self.asks(None)

    async def test_metrics_are_only_read(self) -> None:
        self.assertEqual((await self.asks(method="HEAD")).status_code, 200)
        with self.assertLogs("django.request", "WARNING"):
            self.assertEqual((await self.asks(method="POST")).status_code, 405)

    async def test_who_may_not_ask_does_not_learn_from_the_method_that_there_is_something(self) -> None:
        with self.assertRaises(Http404):
            await self.asks("203.0.113.7", method="POST")


class Paths(SimpleTestCase):
    def paths(self, **settings: Any) -> list[URLPattern]:
        with override_settings(**settings):
            return url_patterns(build_service())

    def test_without_metrics_there_is_no_such_path(self) -> None:
        self.assertEqual([pattern.name for pattern in self.paths()], ["health"])
        self.assertEqual([pattern.name for pattern in self.paths(METRICS=True)], ["health", "metrics"])

    async def test_they_are_off_unless_asked_for(self) -> None:
        with self.assertLogs("django.request", "WARNING"):
            self.assertEqual((await AsyncClient().get("/metrics")).status_code, 404)

    async def test_the_settings_say_who_may_ask(self) -> None:
        metrics = self.paths(METRICS=True, METRICS_ADDRESSES=(ip_network("192.0.2.0/24"),))[-1]
        self.assertEqual((await metrics.callback(request_of("192.0.2.1"))).status_code, 200)
        with self.assertRaises(Http404):
            await metrics.callback(request_of("127.0.0.1"))


class Lag(SimpleTestCase):
    async def test_a_loop_that_is_held_up_shows_it(self) -> None:
        clock = FakeClock(0.0)
        count = Count(clock)
        lag = LoopLag(count)
        lag.start()
        lag.start()
        clock.advance(LAG_SECONDS + 0.4)
        looked = asyncio.Event()
        asyncio.get_running_loop().call_later(LAG_SECONDS, looked.set)  # behind the look that was asked for first
        await looked.wait()
        self.assertEqual(count.lag.buckets[BOUNDS.index(0.5)], 1)
        self.assertAlmostEqual(count.lag.seconds, 0.4)
