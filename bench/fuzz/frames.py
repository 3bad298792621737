"""WebSocket frames (RFC 6455, section 5), as a client sends them and as it must not; and those that a server sends, read."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

from .mutations import LARGE
from .samples import MARK

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_RESERVED = (0x3, 0x7, 0xB, 0xF)
_CODES = (0, 999, 1000, 1001, 1004, 1005, 1006, 1015, 1016, 2999, 3000, 4001, 4999, 5000, 65535)
_UNREADABLE = (b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xc0\xaf")


def frame(
    opcode: int, payload: bytes, *, last: bool = True, reserved: int = 0, masked: bool = True, claims: int | None = None
) -> bytes:
    """One frame. The mask is zero, so that what is sent can be read; `claims` is a length other than its own."""
    length = len(payload) if claims is None else claims
    bit = 0x80 if masked else 0
    head = bytes(((0x80 if last else 0) | reserved << 4 | opcode,))
    if length < 126:
        head += bytes((bit | length,))
    elif length < 1 << 16:
        head += bytes((bit | 126,)) + struct.pack("!H", length)
    else:
        head += bytes((bit | 127,)) + struct.pack("!Q", length)
    return head + (bytes(4) if masked else b"") + payload


def text(said: str) -> bytes:
    """A text frame; what has no UTF-8 is sent as if it had."""
    return frame(TEXT, said.encode("utf-8", "surrogatepass"))


def in_pieces(chance: random.Random, said: str) -> bytes:
    """The same, in several frames, perhaps with a ping in between, perhaps without an end."""
    data = said.encode("utf-8", "surrogatepass")
    cuts = sorted(chance.randint(0, len(data)) for _ in range(chance.choice((1, 2, 8))))
    parts = [data[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    frames = [
        frame(CONTINUATION if place else TEXT, part, last=place == len(parts) - 1) for place, part in enumerate(parts)
    ]
    if chance.random() < 0.5:
        frames.insert(chance.randint(0, len(frames)), frame(PING, MARK.encode()))
    return b"".join(frames[: -1 if chance.random() < 0.2 else None])


def broken(chance: random.Random) -> bytes:
    """A frame that the RFC forbids, or that is at its edge."""
    word = MARK.encode()
    return chance.choice((
        frame(TEXT, word, masked=False),
        frame(TEXT, word, reserved=chance.randint(1, 7)),
        frame(chance.choice(_RESERVED), word),
        frame(CONTINUATION, word),
        frame(TEXT, word, last=False) + frame(TEXT, word),
        frame(TEXT, word + chance.choice(_UNREADABLE)),
        frame(BINARY, chance.randbytes(chance.choice((0, 1, 100, 66_000)))),
        frame(PING, bytes(126)),
        frame(PING, word, last=False),
        frame(PONG, word),
        frame(TEXT, word, claims=len(word) + chance.choice((1, 100, 60_000))),
        frame(TEXT, word, claims=chance.choice((LARGE, 1 << 31, 1 << 62, (1 << 64) - 1))),
        frame(TEXT, b"x" * chance.choice((65_536, 65_537, LARGE))),
        frame(TEXT, b"", last=False) * chance.choice((1, 50, 2_000)),
        frame(PING, word) * chance.choice((1, 50)),
        frame(TEXT, b""),
        ending(chance),
    ))  # fmt: skip


def ending(chance: random.Random) -> bytes:
    """A close frame, of the kinds that there are and of those that are not."""
    code = struct.pack("!H", chance.choice(_CODES))
    return frame(CLOSE, chance.choice((b"", b"\x03", code, code + MARK.encode(), code + b"\xff", code + bytes(130))))


def read(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The frames that a server sent, (opcode, payload), as far as they are whole."""
    place = 0
    while len(data) - place >= 2:
        opcode, length = data[place] & 0x0F, data[place + 1] & 0x7F
        begin = place + 2
        if length >= 126:
            size = 2 if length == 126 else 8
            length = int.from_bytes(data[begin : begin + size], "big")
            begin += size
        if len(data) < begin + length:
            return
        yield opcode, data[begin : begin + length]
        place = begin + length
