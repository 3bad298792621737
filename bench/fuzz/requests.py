"""HTTP requests: valid ones, for pages, files, health and the socket, and spoiled ones."""

from __future__ import annotations

import random

from .mutations import spoiled_bytes
from .samples import MARK

PATHS = (
    "/",
    "/chat",
    "/health",
    "/metrics",
    "/ws",
    "/ws?username=",
    "/static/",
    "/favicon.ico",
    "/robots.txt",
    "/nowhere",
)
_ODD_PATHS = (
    *(
        "*",
        "//",
        "/../../etc/passwd",
        "/static/../manage.py",
        "/%00",
        "/%ff%fe",
        "/%",
        "/chat%0d%0aX:%20y",
        "/\xff",
        "/chat;a=b",
    ),
    *(
        f"/{MARK}",
        f"/chat?{MARK}=%ZZ",
        "/?" + "a=b&" * 3_000,
        "/" + "a" * 9_000,
        f"http://{MARK}.example/",
        "/static/js/peer/",
    ),
)
_METHODS = (
    "GET",
    "GET",
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PRI",
    "get",
    "G\xcbT",
    "",
)
_HEADERS = (
    *(
        "Accept-Encoding: br, gzip;q=0.5, *;q=0",
        "Range: bytes=0-1,5-,-9999999",
        "Range: bytes=9-1",
        "If-Modified-Since: yesterday",
    ),
    *(
        'If-None-Match: "x", W/"y", *',
        "Expect: 100-continue",
        "Content-Length: 5",
        "Content-Length: -1",
        "Content-Length: 5\r\nContent-Length: 6",
    ),
    *(
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: chunked, gzip",
        "Connection: close",
        "Connection: Upgrade",
        "Upgrade: h2c",
    ),
    *(
        f"Cookie: {MARK}={MARK}",
        f"X-Forwarded-For: {MARK}, 10.0.0.1",
        "X-Forwarded-Proto: https",
        f"Forwarded: for={MARK}",
    ),
    *(
        "Host: chat.example",
        f"Host: {MARK}",
        "Host:",
        "Host: localhost:99999",
        "Host: [::1",
        "Host: \xff",
        "Accept: \x00",
        ": nothing",
    ),
    *("X-Long: " + "x" * 20_000, " folded: yes", "No colon at all", "Origin: null", f"Authorization: Basic {MARK}"),
)
_BODIES = (
    b"",
    b"hello",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"ZZ\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"5\r\nhe",
    b"\x00" * 3_000,
)
_FOREIGN = (
    *(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)),
    *(
        b"*1\r\n$4\r\nPING\r\n",
        b"SSH-2.0-x\r\n",
        b"\r\n\r\n\r\n",
        b"GET /\r\n",
        b"\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
    ),
)
_KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
_ORIGINS = (
    "null",
    "http://localhost",
    "https://localhost:70000",
    "javascript:alert(1)",
    "http://[",
    "http://\xe9",
    "",
    "http://a b",
)


def upgrade(name: str, key: str = "", *, headers: tuple[str, ...] = ()) -> bytes:
    """The opening handshake, as a client does it."""
    claim = f"&key={key}" if key else ""
    lines = [
        *(f"GET /ws?username={name}{claim} HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade"),
        *("Sec-WebSocket-Version: 13", _KEY, *headers),
    ]
    return _joined(lines)


def spoiled_upgrade(chance: random.Random, name: str) -> bytes:
    """One with something missing, wrong, twice or too much."""
    odd_name = chance.choice(
        (name, "", "ab", "%00", "%ff%fe", "a" * 5_000, "%E2%80%AE", name + "&username=x", "<b>", MARK, "a b")
    )
    lines = (
        upgrade(odd_name, chance.choice(("", "", "AAAA", "=", MARK, "A" * 43, "A" * 4_000)))
        .decode("latin-1")
        .split("\r\n")[:-2]
    )
    for _ in range(chance.choice((1, 1, 2))):
        place = chance.randrange(1, len(lines))
        lines[place : place + chance.choice((0, 1))] = chance.choice((
            [], [lines[place]] * 2, ["Sec-WebSocket-Version: 12"], ["Sec-WebSocket-Key: short"], [f"Origin: {chance.choice(_ORIGINS)}"],
            [f"Sec-WebSocket-Protocol: {MARK}, x"], ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=99"],
            ["Sec-WebSocket-Extensions: x" + ", x" * 500], ["Upgrade: websocket, h2c"], [chance.choice(_HEADERS)],
        ))  # fmt: skip
    whole = _joined(lines)
    return spoiled_bytes(chance, whole) if chance.random() < 0.3 else whole


def http(chance: random.Random) -> bytes:
    """A request or several, one after the other."""
    return b"".join(_one(chance) for _ in range(chance.choice((1, 1, 1, 2, 5))))


def foreign(chance: random.Random) -> bytes:
    """Another protocol, or none."""
    return chance.choice((chance.choice(_FOREIGN), chance.randbytes(chance.choice((1, 40, 3_000)))))


def _one(chance: random.Random) -> bytes:
    path = chance.choice(PATHS if chance.random() < 0.5 else _ODD_PATHS)
    lines = [f"{chance.choice(_METHODS)} {path} HTTP/{chance.choice(('1.1', '1.1', '1.1', '1.0', '0.9', '2', 'x'))}"]
    lines += ["Host: localhost"] if chance.random() < 0.8 else []
    lines += chance.choices(_HEADERS, k=chance.choice((0, 1, 1, 3, 40)))
    whole = _joined(lines) + (chance.choice(_BODIES) if chance.random() < 0.4 else b"")
    return spoiled_bytes(chance, whole) if chance.random() < 0.3 else whole


def _joined(lines: list[str]) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
