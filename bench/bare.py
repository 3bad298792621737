"""The least that an ASGI relay can do, to compare with: a name is a socket, and a frame goes to the name it is for.

No rules at all: nobody is checked, nothing is stamped, and the frame goes on as it came.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import msgspec


class Envelope(msgspec.Struct):
    """Just enough of a message to know where it goes."""

    target: str


_envelope = msgspec.json.Decoder(Envelope)
_sends: dict[str, Any] = {}


async def application(scope: Any, receive: Any, send: Any) -> None:
    """One WebSocket; anything else is not for this application."""
    if scope["type"] != "websocket":
        raise ValueError("only WebSockets")
    name = parse_qs(scope["query_string"].decode())["username"][0]
    await receive()
    _sends[name] = send
    await send({"type": "websocket.accept"})
    try:
        while (event := await receive())["type"] == "websocket.receive":
            frame = event["text"]
            await _sends[_envelope.decode(frame).target]({"type": "websocket.send", "text": frame})
    finally:
        del _sends[name]
