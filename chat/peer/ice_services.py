"""The ICE servers of a session as aiortc can use them: one STUN and one TURN server, chosen from those that answer.

Python alone: a browser takes the whole list.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from aiortc import RTCConfiguration, RTCIceServer, RTCIceTransportPolicy
from aiortc.rtcicetransport import parse_stun_turn_uri

from signaling.messages import IceServer

MAX_ICE_SERVERS = 8
"""URLs; a server that names more is not one to believe."""


@dataclass(frozen=True, slots=True)
class Service:
    """An ICE server's URL and what it says, and the credentials for it."""

    url: str
    scheme: Literal["stun", "turn", "turns"]
    host: str
    port: int
    transport: Literal["udp", "tcp"] = "udp"
    username: str | None = None
    credential: str | None = None

    @property
    def relays(self) -> bool:
        return self.scheme != "stun"


def services(ice_servers: list[IceServer]) -> list[Service]:
    """Those that aiortc can use; one that it cannot would cost the others."""
    urls = [
        (url, server)
        for server in ice_servers[:MAX_ICE_SERVERS]
        for url in ([server.urls] if isinstance(server.urls, str) else server.urls[:MAX_ICE_SERVERS])
    ]
    return [service for url, server in urls[:MAX_ICE_SERVERS] for service in _usable(url, server)]


def best(answering: dict[Service, float]) -> list[Service]:
    """One of a kind is all that aiortc takes: a relay over UDP where there is one, and where nobody else tells the device its
    address, the relay does."""
    relays = sorted((service for service in answering if service.relays), key=lambda relay: relay.transport != "udp")
    mirrors = [service for service in answering if not service.relays] or [
        Service(f"stun:{relay.host}:{relay.port}", "stun", relay.host, relay.port)
        for relay in relays
        if relay.transport == "udp"
    ]
    return [*mirrors[:1], *relays[:1]]


def configuration(chosen: list[Service], *, relay_only: bool) -> RTCConfiguration:
    return RTCConfiguration(
        iceServers=[RTCIceServer(service.url, service.username, service.credential) for service in chosen],
        iceTransportPolicy=RTCIceTransportPolicy.RELAY if relay_only else RTCIceTransportPolicy.ALL,
    )


def _usable(url: str, server: IceServer) -> Iterator[Service]:
    with suppress(ValueError):
        uri = parse_stun_turn_uri(url)
        wanted = {"stun": ("udp",), "turn": ("udp", "tcp"), "turns": ("tcp",)}.get(uri["scheme"], ())
        if uri.setdefault("transport", "udp") in wanted:
            yield Service(url, username=server.username, credential=server.credential, **uri)
