"""Which WebSocket path is served by what, and the process's one hub, built from the settings."""

from __future__ import annotations

from typing import Any

from channels.routing import URLRouter
from django.conf import settings
from django.urls import path, re_path

from .consumer import LocalPost, SignalingConsumer
from .hub import Hub
from .ice import IceServers
from .leases import Timer
from .limits import Limits
from .names import Origins
from .sessions import open_store


def build_hub() -> Hub:
    """A hub with the limits, ICE servers, origins and session life of the settings.

    Without configured origins, names are proven for those of this machine: nobody else can reach such a server as it is.
    """
    public = settings.PUBLIC_ORIGINS
    return Hub(
        store=open_store(None, ttl=settings.SESSION_TTL),
        post=LocalPost(),
        ice=IceServers(stun_urls=settings.STUN_URLS, turn_urls=settings.TURN_URLS, turn_secret=settings.TURN_SECRET),
        origins=Origins(public, loopback=settings.DEBUG or not public),
        after=Timer().after,
        limits=Limits(
            message_rate=settings.MESSAGE_RATE,
            message_burst=settings.MESSAGE_BURST,
            call_rate=settings.CALL_RATE,
            call_burst=settings.CALL_BURST,
            connections_per_address=settings.CONNECTIONS_PER_ADDRESS,
        ),
    )


async def refuse(scope: Any, receive: Any, send: Any) -> None:
    """Turn away, as HTTP, a WebSocket on a path that serves none."""
    await receive()
    await send({"type": "websocket.close"})


def url_patterns(hub: Hub) -> list[Any]:
    """`/ws` for the matchmaker; the router has no answer of its own for other paths, so the last pattern takes them."""
    consumer: Any = SignalingConsumer.as_asgi(hub=hub, origins=settings.CORS_ORIGINS, proxies=settings.TRUSTED_PROXIES)
    elsewhere: Any = refuse
    return [path("ws", consumer), re_path("", elsewhere)]


hub = build_hub()
websocket_urlpatterns = url_patterns(hub)
websocket_application = URLRouter(websocket_urlpatterns)
