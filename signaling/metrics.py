"""`/metrics`, for Prometheus: what this process has counted (signaling/meter.py), and how the process itself is.

Numbers only, by kinds that are known beforehand: no name, no address, no session. Each process answers for itself, so each
is to be scraped by itself. Whoever asks from an address that is not among the configured ones finds nothing here, as on a
path that does not exist; so does everybody who comes through a proxy that is not trusted to say for whom.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, get_args

from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import GC_COLLECTOR, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from .errors import Close, Code
from .hub import Hub
from .limits import TrustedProxy, client_host, is_believed, is_within
from .messages import Answer, Ice, KeyExchange, Offer
from .meter import BOUNDS, Count, Histogram, Refused, SessionEvent
from .process import Member

LAG_SECONDS = 0.25
"""How often the event loop's lag is looked at."""

_RELAYED = (KeyExchange, Offer, Answer, Ice)
_CLOSE_CODES = sorted(code for name, code in vars(Close).items() if isinstance(code, int))
_REFUSED = (
    *get_args(Refused),
    *(Code.INVALID_USERNAME, Code.USERNAME_TAKEN, Code.AUTH_FAILED, Code.RATE_LIMITED),
    *(Code.MESSAGE_TOO_LARGE, Code.SERVER_BUSY),
)


class MeterCollector(Collector):
    """The families of a `Count`, made when they are asked for. What has not happened yet is there as a zero."""

    def __init__(self, count: Count, hub: Hub, process: Member) -> None:
        self._count = count
        self._hub = hub
        self._process = process

    def collect(self) -> Iterator[Metric]:
        """See `Collector`."""
        yield from self._connections()
        yield from self._requests()
        yield _histogram("lowkey_handling_seconds", "Time to act on a frame and answer it.", self._count.handling)
        yield _histogram("lowkey_loop_lag_seconds", "How late the event loop wakes a timer.", self._count.lag)

    def _connections(self) -> Iterator[Metric]:
        count = self._count
        serving = float(self._process.fault is None)
        yield GaugeMetricFamily(
            "lowkey_serving", "1 while requests can be served, 0 while /health says why not.", serving
        )
        opened, joined = count.sockets_opened, count.clients_joined
        yield GaugeMetricFamily("lowkey_sockets", "Open WebSockets.", opened - count.sockets_ended)
        yield CounterMetricFamily("lowkey_sockets_opened", "WebSockets that were opened.", opened)
        yield GaugeMetricFamily(
            "lowkey_clients", "Connections that were let in under a name.", joined - count.clients_left
        )
        yield CounterMetricFamily("lowkey_clients_joined", "Connections that were let in.", joined)
        yield _counter("lowkey_refusals", "Connections that were not let in.", "reason", _REFUSED, count.refusals)
        yield _counter("lowkey_closes", "Sockets that the server closed.", "code", _CLOSE_CODES, count.closes)
        yield CounterMetricFamily("lowkey_unexpected_errors", "Faults of the server itself.", count.unexpected_errors)

    def _requests(self) -> Iterator[Metric]:
        count, sessions = self._count, self._hub.open_sessions
        yield _counter("lowkey_errors", "Errors that clients were told of.", "code", Code, count.errors)
        if sessions is not None:
            yield GaugeMetricFamily("lowkey_sessions", "Open sessions; not known where they are in Redis.", sessions)
        events = get_args(SessionEvent)
        yield _counter("lowkey_session_events", "What became of sessions.", "event", events, count.sessions)
        relays = CounterMetricFamily("lowkey_relays", "Messages that were handed on.", labels=("type", "to"))
        for to, counted in (("here", count.relays_here), ("elsewhere", count.relays_elsewhere)):
            for kind in _RELAYED:
                relays.add_metric((str(kind.__struct_config__.tag), to), counted.get(kind, 0))
        yield relays


class LoopLag:
    """Watches how late timers are on the event loop in which it was last started."""

    def __init__(self, count: Count) -> None:
        self._count = count
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Watch the running loop from now on, unless it is watched already."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop = loop
            self._wait(loop)

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_later(LAG_SECONDS, self._look, loop, self._count.clock() + LAG_SECONDS)

    def _look(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._count.lag.since(due)
        if loop is self._loop:
            self._wait(loop)


def metrics_view(
    count: Count, hub: Hub, process: Member, *, addresses: Sequence[TrustedProxy], proxies: Sequence[TrustedProxy]
) -> Callable[[ASGIRequest], Coroutine[Any, Any, HttpResponse]]:
    """The view, with a registry of its own."""
    registry = CollectorRegistry()
    for collector in (MeterCollector(count, hub, process), ProcessCollector(registry=None), GC_COLLECTOR):
        registry.register(collector)
    lag = LoopLag(count)

    @require_safe
    async def numbers(request: ASGIRequest) -> HttpResponse:
        lag.start()
        text = await asyncio.to_thread(generate_latest, registry)  # which reads files of /proc
        return HttpResponse(text, content_type=CONTENT_TYPE_PLAIN_0_0_4, headers={"Cache-Control": "no-store"})

    async def metrics(request: ASGIRequest) -> HttpResponse:
        if not _may_ask(request, addresses, proxies):
            raise Http404
        await process.start()
        return await numbers(request)

    return metrics


def _may_ask(request: ASGIRequest, addresses: Sequence[TrustedProxy], proxies: Sequence[TrustedProxy]) -> bool:
    """Whether the client is at one of these addresses; nobody is who comes through a proxy that is not believed."""
    client = request.scope.get("client")
    peer = client[0] if client else None
    forwarded = [value.decode("latin-1") for name, value in request.scope["headers"] if name == b"x-forwarded-for"]
    if forwarded and not is_believed(peer, proxies):
        return False
    return is_within(client_host(peer, forwarded, proxies), addresses)


def _counter(name: str, says: str, label: str, known: Iterable[Any], counted: Mapping[Any, int]) -> Metric:
    """Counts by one label: those that are known, be they zero, and whatever else there is."""
    family = CounterMetricFamily(name, says, labels=(label,))
    for value, times in (dict.fromkeys(known, 0) | dict(counted)).items():
        family.add_metric((str(value),), times)
    return family


def _histogram(name: str, says: str, histogram: Histogram) -> Metric:
    buckets = zip((*map(str, BOUNDS), "+Inf"), accumulate(histogram.buckets), strict=True)
    return HistogramMetricFamily(name, says, tuple(buckets), histogram.seconds)
