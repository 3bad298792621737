"""Sockets without a WebSocket library: for what no library would do."""

from __future__ import annotations

import asyncio

HALF_OPEN_SECONDS = 45.0
"""Longer than a server lets a request take, and a connection that is over linger."""

SLOW_SECONDS = 0.02

_REQUEST = (
    "GET /ws?username={name} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
_MASK = b"soak"


def request(name: str) -> bytes:
    """The opening handshake of a keyless client."""
    return _REQUEST.format(name=name).encode()


def text_frame(text: bytes) -> bytes:
    """A masked frame (RFC 6455, section 5.2) of less than 126 bytes."""
    masked = bytes(byte ^ _MASK[place % 4] for place, byte in enumerate(text))
    return bytes((0x81, 0x80 | len(text))) + _MASK + masked


async def half_open(port: int, address: str) -> bool:
    """Send half a request and wait; whether the server has had enough at some time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    try:
        writer.write(request("half_open")[:-20])
        async with asyncio.timeout(HALF_OPEN_SECONDS):
            while await reader.read(1024):
                pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    finally:
        writer.close()
    return True


async def slow_answer(port: int, address: str, name: str, text: bytes) -> bytes:
    """Send a frame byte by byte; what comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    try:
        writer.write(request(name))
        await reader.readuntil(b"\r\n\r\n")
        for byte in text_frame(text):
            writer.write(bytes((byte,)))
            await asyncio.sleep(SLOW_SECONDS)
        async with asyncio.timeout(HALF_OPEN_SECONDS):
            return await reader.read(1024)
    except asyncio.IncompleteReadError:
        raise ConnectionError from None
    finally:
        writer.close()
