"""A relay with a fault, for the bench to find: every tenth message comes twice."""

from __future__ import annotations

import itertools
from typing import Any

from bench.bare import application as bare

_count = itertools.count(1)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """The bare relay, and what is wrong with it."""

    async def send_some_twice(event: Any) -> None:
        await send(event)
        if event["type"] == "websocket.send" and next(_count) % 10 == 0:
            await send(event)

    await bare(scope, receive, send_some_twice)
