"""Which WebSocket path is served by what."""

from __future__ import annotations

from typing import Any

from channels.routing import URLRouter
from django.conf import settings
from django.urls import path, re_path

from .consumer import SignalingConsumer
from .service import Service, service


async def refuse(scope: Any, receive: Any, send: Any) -> None:
    """Turn away, as HTTP, a WebSocket on a path that serves none."""
    await receive()
    await send({"type": "websocket.close"})


def url_patterns(service: Service) -> list[Any]:
    """`/ws` for the matchmaker; the router has no answer of its own for other paths, so the last pattern takes them."""
    consumer: Any = SignalingConsumer.as_asgi(
        hub=service.hub,
        process=service.process,
        meter=service.meter,
        origins=settings.CORS_ORIGINS,
        proxies=settings.TRUSTED_PROXIES,
    )
    elsewhere: Any = refuse
    return [path("ws", consumer), re_path("", elsewhere)]


websocket_urlpatterns = url_patterns(service)
websocket_application = URLRouter(websocket_urlpatterns)
