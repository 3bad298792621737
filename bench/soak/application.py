"""What the servers of a soak run: the site as it is, with shorter leases, and `/remembered`, a window to look in.

What the matchmaker remembers of anybody is in the containers of a few objects, whose sizes the window shows; beside them,
how many objects there are of those that stand for a connection. When all have left and the leases are over, all are 0.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Sized
from typing import Any

from bench.soak.window import LEASE_SECONDS, PATH
from signaling import leases
from signaling.sessions import base, memory, redis

for _module in (base, memory, redis, leases):
    setattr(_module, "LEASE_SECONDS", LEASE_SECONDS)  # noqa: B010 - a constant, to everybody else

from lowkey_site.asgi import application as site  # noqa: E402 - after the leases are what they are to be
from signaling.consumer import SignalingConsumer  # noqa: E402
from signaling.hub import Client  # noqa: E402
from signaling.service import service  # noqa: E402

_STAND_FOR_CONNECTIONS = (SignalingConsumer, Client)


def remembered() -> dict[str, int]:
    """The sizes of all that is not empty."""
    hub = service.hub
    sizes: dict[str, int] = {}
    for part in (hub, hub._store, hub._post):
        for name, value in vars(part).items():
            if isinstance(value, Sized) and not isinstance(value, str):
                sizes[f"{type(part).__name__}.{name}"] = len(value)
    sizes["connections of addresses"] = sum(v.connections for v in hub._addresses._visitors.values())
    gc.collect()
    for thing in gc.get_objects():
        if type(thing) in _STAND_FOR_CONNECTIONS:  # isinstance would wake what is lazy
            sizes[type(thing).__name__] = sizes.get(type(thing).__name__, 0) + 1
    return {name: size for name, size in sizes.items() if size}


async def application(scope: Any, receive: Any, send: Any) -> None:
    """The site, and the window."""
    if scope["type"] != "http" or scope["path"] != PATH:
        await site(scope, receive, send)
        return
    body = json.dumps(remembered()).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
