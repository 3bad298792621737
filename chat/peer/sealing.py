"""Sealed signaling: what the server relays without being able to read it (docs/protocol.md, section 3.2). Mirrors
static/js/peer/sealing.js.

The payload of each `signal:*` message is one box under the key of its sender's direction, so that none can be sent back to
its sender. Inside it says what kind it is and carries a counter that only grows, so that the server can neither repeat it,
nor reorder it, nor pass it off as another kind; the padding hides its length. What an answer or a candidate refers to (`re`)
is for the reader of the body to compare.
"""

from __future__ import annotations

import json
from typing import Any

from . import primitives
from .handshake import Keys, Role
from .primitives import NONCE_BYTES, Random, b64, pad, u32, unb64, unpad

KINDS = {"offer": 1, "answer": 2, "ice": 3}
MAX_JSON_BYTES = 40_000
BLOCK = 1024

_HEADER_BYTES = 5
_MAX_BOX_CHARS = 4 * -(-(NONCE_BYTES + primitives.MAC_BYTES + MAX_JSON_BYTES + _HEADER_BYTES + BLOCK) // 3)


class Sealing:
    """One side's two directions: what it seals, and what it opens."""

    def __init__(self, role: Role, keys: Keys, random: Random) -> None:
        self._random = random
        ours, theirs = keys.seal_caller, keys.seal_called
        self._ours, self._theirs = (ours, theirs) if role == "caller" else (theirs, ours)
        self._last = 0
        self.counter = 0
        """The counter of the signal last sealed; 0 before the first."""

    def seal(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        """The payload to send. Raises ValueError, using up no counter, when the body is too long or no Unicode."""
        text = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        if len(text) > MAX_JSON_BYTES:
            raise ValueError("the body is too long for a signal")
        content = bytes([KINDS[kind]]) + u32(self.counter + 1) + text
        nonce = self._random(NONCE_BYTES)
        box = primitives.seal(self._ours, nonce, pad(content, BLOCK))
        self.counter += 1
        return {"box": b64(nonce + box)}

    def open(self, kind: str, payload: object) -> tuple[int, dict[str, Any]] | None:
        """The counter and the body; None, changing nothing, for what is plain, forged, old, or of another kind."""
        try:
            counter, text = self._unseal(KINDS[kind], payload)
            body = json.loads(text.decode())
        except (ValueError, RecursionError):
            return None
        if counter <= self._last or not isinstance(body, dict):
            return None
        self._last = counter
        return counter, body

    def erase(self) -> None:
        """Drop the keys; nothing can be sealed or opened after it."""
        self._ours = self._theirs = b""

    def _unseal(self, kind: int, payload: object) -> tuple[int, bytes]:
        """The counter and the JSON. Raises ValueError."""
        box = payload.get("box") if isinstance(payload, dict) else None
        if not isinstance(box, str) or len(box) > _MAX_BOX_CHARS:
            raise ValueError("there is no box, or too large a one")
        data = unb64(box)
        padded = primitives.unseal(self._theirs, data[:NONCE_BYTES], data[NONCE_BYTES:])
        content = b"" if padded is None else unpad(padded, BLOCK)
        text = content[_HEADER_BYTES:]
        if content[:1] != bytes([kind]) or len(text) > MAX_JSON_BYTES:
            raise ValueError("the box is not authentic, or of another kind")
        return int.from_bytes(content[1:_HEADER_BYTES], "big"), text
