"""Classic encryption, the original app's (docs/protocol.md, section 2). Mirrors static/js/peer/classic.js.

One throw-away X25519 key a side, exchanged through the server in the clear; each message is a NaCl box under a random
nonce. The server could put its own keys in the middle, so a classic chat is encrypted but never verified.

A suite is what a call and a conversation need of a cipher, and `Classic` is one. Its shape, in the order of use:

    recognises(payload)     whether a first `key:exchange` belongs to this suite
    opening()               the caller's part of its first `key:exchange`
    receive_key(payload)    read one `key:exchange`, return those to send back; KeyRefused ends the attempt
    answer()                what the called one sends when the person accepts
    agreed                  whether the keys stand
    seal_signal, open_signal    the payload of a `signal:*` message, and back; None for one to drop
    seal, open              a frame of the DataChannel, and back; None for one to drop
    trust, max_bytes        what the page says of it; the longest text, in bytes of UTF-8
"""

from __future__ import annotations

import json
from typing import Any

from . import primitives
from .errors import KeyRefused
from .primitives import KEY_BYTES, NONCE_BYTES, Random, b64, unb64

Payload = dict[str, Any]

MAX_FRAME_CHARS = 180_000
MAX_NONCES = 65_536


class Classic:
    """One side's throw-away key, and the box it makes with the other's."""

    trust = "classic"
    max_bytes = 48_000
    """Boxed and in base64 this stays under the 64 KiB that every WebRTC stack takes as one message."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._private = random(KEY_BYTES)
        self._public = primitives.public_key(self._private)
        self._theirs: bytes | None = None
        self._key: bytes | None = None
        self._wrapped = False
        self._nonces: dict[bytes, None] = {}

    @staticmethod
    def recognises(payload: Payload) -> bool:
        """A peer is classic by the absence of `v` alone."""
        return "v" not in payload

    @property
    def agreed(self) -> bool:
        return self._key is not None

    def opening(self) -> Payload:
        return {"publicKey": b64(self._public)}

    def answer(self) -> list[Payload]:
        return [self.opening()]

    def receive_key(self, payload: Payload) -> list[Payload]:
        """Take the other's public key. The first one stands; a later one changes nothing."""
        if self._key is not None:
            return []
        try:
            theirs = unb64(payload.get("publicKey"))
            if theirs == self._public:
                raise ValueError("one's own key came back")
            self._key = primitives.box_key(self._private, theirs)
        except ValueError:
            raise KeyRefused("bad_key") from None
        self._theirs = theirs
        return []

    def seal_signal(self, kind: str, body: Payload) -> Payload:
        """Classic signaling is not sealed: the server sees it."""
        return body

    def open_signal(self, kind: str, payload: Payload) -> Payload | None:
        return payload

    def seal(self, text: str) -> str:
        """A frame in the form in which the other side last wrote."""
        assert self._key is not None, "no key has been agreed"
        nonce = self._random(NONCE_BYTES)
        self._remember(nonce)
        box = b64(nonce + primitives.seal(self._key, nonce, text.encode()))
        return json.dumps({"rk": b64(self._public), "ct": box}) if self._wrapped else box

    def open(self, frame: str) -> str | None:
        """The text of a frame; None for a forged, repeated, reflected or unreadable one."""
        assert self._key is not None, "no key has been agreed"
        if len(frame) > MAX_FRAME_CHARS:
            return None
        try:
            wrapped, data = self._unwrap(frame)
            nonce, box = data[:NONCE_BYTES], data[NONCE_BYTES:]
            message = None if nonce in self._nonces else primitives.unseal(self._key, nonce, box)
            text = None if message is None else message.decode()
        except (ValueError, RecursionError):
            return None
        if text is None:
            return None
        self._remember(nonce)
        self._wrapped = wrapped
        return text

    def _unwrap(self, frame: str) -> tuple[bool, bytes]:
        """Whether the frame has the later form `{"rk", "ct"}`, and its bytes. Raises ValueError."""
        if not frame.startswith("{"):
            return False, unb64(frame)
        fields = json.loads(frame)
        if not isinstance(fields, dict) or unb64(fields.get("rk")) != self._theirs:
            raise ValueError("the frame names another key than the one agreed")
        return True, unb64(fields.get("ct"))

    def _remember(self, nonce: bytes) -> None:
        """Keep the newest nonces, sent and received; DTLS already stops what is older."""
        self._nonces[nonce] = None
        if len(self._nonces) > MAX_NONCES:
            del self._nonces[next(iter(self._nonces))]
