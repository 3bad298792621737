"""Whether the channel layer of channels-redis, as it comes, lives through a while in which nobody says anything.

With redis-py 8 it did not: that gives up on a socket after 5 s, as long as the layer waits for a message at a time.
`make redis-next` asks again. What the site uses sets limits of its own (signaling/service.py).
"""

from __future__ import annotations

import asyncio
import sys

import redis
from channels_redis.core import RedisChannelLayer

from tests.support.redis import RedisServer

IDLE_SECONDS = 8.0
PATIENCE = 5.0


def main() -> int:
    """The exit code: whether it did."""
    with RedisServer() as server:
        ended = asyncio.run(idle(server.url))
    print(f"An idle channel layer with redis-py {redis.__version__}: {ended or 'lives on'}")
    return int(bool(ended))


async def idle(url: str) -> str:
    """What a reader of an inbox gets that nothing comes to for a while: the name of the error, or nothing."""
    layer = RedisChannelLayer(hosts=[url])
    reading = asyncio.ensure_future(layer.receive("inbox"))
    await asyncio.wait([reading], timeout=IDLE_SECONDS)
    await layer.send("inbox", {"type": "word"})
    try:
        await asyncio.wait_for(reading, PATIENCE)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return type(error).__name__
    return ""


if __name__ == "__main__":
    sys.exit(main())
