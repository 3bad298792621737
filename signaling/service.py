"""The matchmaker of this process, built from the settings: its store, its post, its hub and what keeps them going.

Without `REDIS_URLS` all of it is in memory. With them the first Redis is the store, and all of them carry the channel
layer, over which the processes hand each other frames.
"""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from channels_redis.core import RedisChannelLayer
from django.conf import settings

from .hub import Hub
from .ice import IceServers
from .leases import Timer
from .limits import Limits
from .meter import Count, Meter
from .names import Origins
from .post import LayerPost, LocalPost
from .process import Alone, Member, Process
from .sessions import open_store

INBOX_MESSAGES = 1_000
"""How many messages the inbox of a process holds; one more is refused."""

INBOX_SECONDS = 30
"""How long a message for a process waits there."""

SILENCE_SECONDS = 8.0
"""How long Redis may say nothing on a connection: more than the 5 that the layer waits for a message at a time."""


@dataclass(frozen=True, slots=True)
class Service:
    """One hub, the process it is in, and what counts what both do."""

    hub: Hub
    process: Member
    meter: Meter


def build_service() -> Service:
    """The service of the settings.

    Without configured origins, names are proven for those of this machine: nobody else can reach such a server as it is.
    """
    urls = settings.REDIS_URLS
    store = open_store(urls[0] if urls else None, ttl=settings.SESSION_TTL)
    post = LayerPost(ShardedLayer(urls), f"lowkey.{uuid.uuid4().hex}") if urls else LocalPost()
    meter = Count() if settings.METRICS else Meter()
    public = settings.PUBLIC_ORIGINS
    hub = Hub(
        store=store,
        post=post,
        meter=meter,
        ice=IceServers(stun_urls=settings.STUN_URLS, turn_urls=settings.TURN_URLS, turn_secret=settings.TURN_SECRET),
        origins=Origins(public, loopback=settings.DEBUG or not public),
        after=None if urls else Timer().after,  # else the process looks after leases
        limits=Limits(
            message_rate=settings.MESSAGE_RATE,
            message_burst=settings.MESSAGE_BURST,
            call_rate=settings.CALL_RATE,
            call_burst=settings.CALL_BURST,
            connections_per_address=settings.CONNECTIONS_PER_ADDRESS,
        ),
    )
    return Service(hub, Process(hub, store, post) if isinstance(post, LayerPost) else Alone(), meter)


class ShardedLayer:
    """A channel layer over several Redis servers: each inbox lies in one of them, which its name decides.

    Channels' own layer over several does not serve: it sends to a named inbox by one hash and reads it by another, or from
    all of them in turn. Its inboxes refuse what is too much instead of dropping it.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        patience = {"socket_connect_timeout": 1.0, "socket_timeout": SILENCE_SECONDS}
        self._layers = [
            RedisChannelLayer(
                hosts=[{"address": url, **patience}],
                prefix="lowkey:layer:",
                capacity=INBOX_MESSAGES,
                expiry=INBOX_SECONDS,
            )
            for url in urls
        ]

    async def send(self, channel: str, message: Mapping[str, Any]) -> None:
        """See `ChannelLayer`."""
        await self._of(channel).send(channel, message)

    async def receive(self, channel: str) -> dict[str, Any]:
        """See `ChannelLayer`."""
        message: dict[str, Any] = await self._of(channel).receive(channel)
        return message

    def _of(self, channel: str) -> RedisChannelLayer:
        return self._layers[zlib.crc32(channel.encode()) % len(self._layers)]


service = build_service()
