"""The site with a fault, for the fuzz to find: whoever asks for a page gets a 500."""

from __future__ import annotations

from typing import Any

from bench.soak.application import application as site
from bench.soak.window import PATH


async def application(scope: Any, receive: Any, send: Any) -> None:
    """See the module."""
    if scope["type"] == "http" and scope["path"] not in {"/health", "/metrics", PATH}:
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body", "body": b""})
    else:
        await site(scope, receive, send)
