"""The relay as one writes it with Channels as it comes: an `AsyncWebsocketConsumer`, one task and one dispatch a frame.

It looks its target's consumer up in a dictionary, which is less than the channel layer's groups would cost. No rules.
"""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import parse_qs

import django
import msgspec
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from bench.bare import Envelope

if not settings.configured:
    settings.configure(DATABASES={}, LOGGING_CONFIG=None)
    django.setup()

_envelope = msgspec.json.Decoder(Envelope)


class Relay(AsyncWebsocketConsumer):
    """One connection."""

    consumers: ClassVar[dict[str, Relay]] = {}
    name: str

    async def connect(self) -> None:
        self.name = parse_qs(self.scope["query_string"].decode())["username"][0]
        self.consumers[self.name] = self
        await self.accept()

    async def disconnect(self, code: int) -> None:
        del self.consumers[self.name]

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data is not None:
            await self.consumers[_envelope.decode(text_data).target].send(text_data=text_data)


application: Any = Relay.as_asgi()
