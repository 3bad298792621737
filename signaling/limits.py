"""How much one connection, and one address, may ask of the server.

Everything here is arithmetic on a `now` in seconds that is passed in, from a clock that does not go back. Rates and
bursts are above zero.

- `TokenBucket` is the one mechanism.
- `Allowance` is what a connection has: messages, patience with those it sends in spite of a refusal, and calls.
- `Addresses` counts the connections of each address and holds the call bucket they share; it forgets an address that
  has none once its bucket must be full again, so what it holds is bounded by what happened lately.
- `client_host` says who a connection is from, `client_address` which address it counts for.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Literal, TypeAlias

from .errors import Close, Code, ProtocolError

ADDRESS_SHARE = 6
"""How many times a connection's calls all connections of its address may make together."""

TrustedProxy: TypeAlias = IPv4Network | IPv6Network | Literal["unix"]
Address: TypeAlias = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers. Messages are counted by the second, calls by the minute."""

    message_rate: float = 20
    message_burst: int = 100
    call_rate: float = 10
    call_burst: int = 10
    connections_per_address: int = 50


class TokenBucket:
    """Starts full with `burst` tokens and gains `rate` of them a second."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = 0.0

    def take(self, now: float) -> bool:
        """Take a token; False when there is none."""
        tokens = self._tokens + (now - self._at) * self._rate
        tokens = min(tokens, self._burst)
        self._at = now
        if tokens < 1:
            self._tokens = tokens
            return False
        self._tokens = tokens - 1
        return True

    def refilled(self, now: float) -> bool:
        """Whether it is full again."""
        return self._tokens + (now - self._at) * self._rate >= self._burst


class Allowance:
    """What one connection may still do; `address_calls` is shared with the others of its address."""

    __slots__ = ("_address_calls", "_calls", "_messages", "_patience", "address")

    def __init__(self, limits: Limits, address: str, address_calls: TokenBucket) -> None:
        self.address = address
        self._messages = TokenBucket(limits.message_rate, limits.message_burst)
        self._patience = TokenBucket(limits.message_rate, limits.message_burst)
        self._calls = TokenBucket(limits.call_rate / 60, limits.call_burst)
        self._address_calls = address_calls

    def message(self, now: float) -> None:
        """Count a frame. Raises RATE_LIMITED; with a close code for somebody who was told so often enough."""
        if not self._messages.take(now):
            raise ProtocolError(Code.RATE_LIMITED, close=None if self._patience.take(now) else Close.FLOOD)

    def call(self, now: float) -> None:
        """Count a request for a session. Raises RATE_LIMITED."""
        if not (self._calls.take(now) and self._address_calls.take(now)):
            raise ProtocolError(Code.RATE_LIMITED)


@dataclass(slots=True)
class _Visitors:
    calls: TokenBucket
    connections: int = field(default=0)


class Addresses:
    """The connections and calls of each address."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._rate = ADDRESS_SHARE * limits.call_rate / 60
        self._burst = ADDRESS_SHARE * limits.call_burst
        self._visitors: dict[str, _Visitors] = {}
        self._idle_since: OrderedDict[str, float] = OrderedDict()

    def admit(self, address: str, now: float) -> Allowance:
        """Count a connection. Raises RATE_LIMITED, with its close code, when the address has enough of them."""
        self._forget(now)
        visitors = self._visitors.get(address) or _Visitors(TokenBucket(self._rate, self._burst))
        if visitors.connections >= self._limits.connections_per_address:
            raise ProtocolError(Code.RATE_LIMITED, close=Close.FLOOD)
        visitors.connections += 1
        self._visitors[address] = visitors
        self._idle_since.pop(address, None)
        return Allowance(self._limits, address, visitors.calls)

    def leave(self, address: str, now: float) -> None:
        """A connection that was admitted is gone."""
        self._forget(now)
        visitors = self._visitors[address]
        visitors.connections -= 1
        if visitors.connections:
            return
        if visitors.calls.refilled(now):
            del self._visitors[address]
        else:
            self._idle_since[address] = now

    def _forget(self, now: float) -> None:
        """Drop the addresses that have been idle for as long as an empty bucket takes to fill."""
        while self._idle_since:
            address, since = next(iter(self._idle_since.items()))
            if (now - since) * self._rate < self._burst:
                return
            del self._idle_since[address], self._visitors[address]


def client_address(peer: str | None, forwarded: Sequence[str], trusted: Sequence[TrustedProxy]) -> str:
    """The address a connection counts for: an IPv4 address, an IPv6 /64, or "unix". See `client_host`."""
    host = client_host(peer, forwarded, trusted)
    return host if isinstance(host, str) else _key(host)


def client_host(peer: str | None, forwarded: Sequence[str], trusted: Sequence[TrustedProxy]) -> Address | str:
    """The address a connection is from, or "unix", or a peer that is no address, as it is.

    `peer` is the host that connected, None for a unix socket; `forwarded` the values of its X-Forwarded-For headers.
    Hops are read from the right, for as long as whoever wrote them is trusted; one that is no address ends the walk.
    """
    hops = [hop.strip() for value in forwarded for hop in value.split(",")]
    address = _parse(peer) if peer is not None else None
    if address is None and (peer is not None or "unix" not in trusted):
        return peer or "unix"
    while hops and (address is None or is_within(address, trusted)):
        hop = _parse(hops.pop())
        if hop is None:
            break
        address = hop
    return "unix" if address is None else address


def is_believed(peer: str | None, trusted: Sequence[TrustedProxy]) -> bool:
    """Whether what `peer` forwards counts; None is a unix socket."""
    return is_within("unix" if peer is None else _parse(peer) or peer, trusted)


def is_within(host: Address | str, networks: Sequence[TrustedProxy]) -> bool:
    """Whether a `client_host` is one of those."""
    if isinstance(host, str):
        return host == "unix" and "unix" in networks
    return any(not isinstance(network, str) and host in network for network in networks)


def _parse(hop: str) -> Address | None:
    """An address as proxies write it: bare, in brackets, with a port. IPv4-mapped IPv6 is IPv4."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        address = ip_address(hop)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _key(address: Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((int(address) >> 64 << 64, 64)))
