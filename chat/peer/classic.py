"""Classic encryption, the original app's (docs/protocol.md, section 2). Mirrors static/js/peer/classic.js.

One throw-away X25519 key a side, exchanged through the server in the clear; each message is a NaCl box under a random
nonce. The server could put its own keys in the middle, so a classic chat is encrypted but never verified.
"""

from __future__ import annotations

import json
from typing import Any

from . import primitives
from .errors import KeyRefused
from .primitives import KEY_BYTES, NONCE_BYTES, Random, b64, unb64

Payload = dict[str, Any]

MAX_FRAME_CHARS = 180_000
MAX_TEXT_BYTES = 48_000
"""Boxed and in base64 this stays under the 64 KiB that every WebRTC stack takes as one message."""
MAX_NONCES = 65_536


class Classic:
    """One side's throw-away key, and the box it makes with the other's."""

    me = ""
    trust = "classic"
    needs_consent = True
    acknowledges = False
    features = ()
    ready = True
    changed = None
    invited = False
    their_identity = None
    known_as: tuple[str, ...] = ()

    def __init__(self, random: Random, *, refused: bool = False) -> None:
        """`refused`: the other one is known to speak lowkey/2, so that this can only be somebody's doing."""
        self._random = random
        self._refused = refused
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

    @staticmethod
    def begun_anew(payload: Payload) -> bool:
        """There is no telling."""
        return False

    @property
    def agreed(self) -> bool:
        return self._key is not None

    def opening(self) -> Payload:
        return {"publicKey": b64(self._public)}

    def answer(self) -> list[Payload]:
        return [self.opening()]

    def receive_key(self, payload: Payload) -> list[Payload]:
        """Take the other's public key. The first one stands; a later one changes nothing."""
        if self._refused:
            raise KeyRefused("classic_refused")
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

    def accept_key(self) -> list[Payload]:
        return []

    def offers(self, initiator: bool) -> bool:
        """When both called at once, the server's first initiator does."""
        return initiator

    def seal_signal(self, kind: str, body: Payload) -> Payload:
        """Classic signaling is not sealed: the server sees it."""
        return body

    def open_signal(self, kind: str, payload: Payload) -> Payload | None:
        return payload

    def fits(self, content: Payload) -> bool:
        return len(content["body"].encode()) <= MAX_TEXT_BYTES

    def seal(self, content: Payload) -> str:
        """A frame in the form in which the other side last wrote. A classic chat carries texts alone."""
        assert self._key, "no key has been agreed"
        nonce = self._random(NONCE_BYTES)
        self._remember(nonce)
        box = b64(nonce + primitives.seal(self._key, nonce, content["body"].encode()))
        return json.dumps({"rk": b64(self._public), "ct": box}) if self._wrapped else box

    def open(self, frame: str) -> Payload | None:
        """The message of a frame; None for a forged, repeated, reflected or unreadable one."""
        assert self._key, "no key has been agreed"
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
        return {"t": "text", "body": text}

    def comparison(self) -> None:
        return None

    def safety_number(self) -> str:
        return ""

    def verify(self, verified: bool) -> None:
        """Nothing proves who the other one is."""

    def renewal(self) -> None:
        return None

    def erase(self) -> None:
        self._private, self._key = b"", None

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
