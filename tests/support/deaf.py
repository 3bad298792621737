"""An application that accepts every socket and never listens again, for tests of what a server does then."""

from __future__ import annotations

import asyncio
from typing import Any


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Says 200 to every request."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await asyncio.Event().wait()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})
