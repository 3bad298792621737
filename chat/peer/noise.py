"""Noise's symmetric state on NaCl primitives (docs/protocol.md, section 3.1). Mirrors static/js/peer/noise.js.

`h` is the hash of all that was said, `ck` the chaining key, `k` the key once there is one, `n` how often it has served.
`h` goes into the key of each ciphertext, since secretbox takes no associated data; such a key serves once, so its nonce
can be zero.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from . import primitives
from .errors import HandshakeFailed
from .primitives import HASH_BYTES, KEY_BYTES, NONCE_BYTES, hkdf, hmac, sha512, u64


@dataclass(slots=True, repr=False)
class Noise:
    """Changes in place; work on a `copy`, and keep it once all has verified."""

    h: bytes = b""
    ck: bytes = b""
    k: bytes | None = None
    n: int = 0

    @classmethod
    def named(cls, protocol: str) -> Noise:
        """The state at the start of the protocol of this name, which has at most 64 bytes."""
        name = protocol.encode().ljust(HASH_BYTES, b"\0")
        return cls(h=name, ck=name)

    def copy(self) -> Noise:
        return replace(self)

    def mix_hash(self, data: bytes) -> None:
        self.h = sha512(self.h, data)

    def mix_key(self, secret: bytes) -> None:
        output = hkdf(self.ck, secret, b"", 128)
        self.ck, self.k, self.n = output[:64], output[64:96], 0

    def mix_key_and_hash(self, psk: bytes) -> None:
        output = hkdf(self.ck, psk, b"", 192)
        self.ck, self.k, self.n = output[:64], output[128:160], 0
        self.mix_hash(output[64:128])

    def encrypt(self, plaintext: bytes) -> bytes:
        """The ciphertext; without a key that is the plaintext."""
        sealed = plaintext if self.k is None else primitives.seal(self._next_key(self.k), bytes(NONCE_BYTES), plaintext)
        self.mix_hash(sealed)
        return sealed

    def decrypt(self, sealed: bytes) -> bytes:
        """The inverse of `encrypt`. Raises HandshakeFailed when the MAC does not verify."""
        opened = sealed if self.k is None else primitives.unseal(self._next_key(self.k), bytes(NONCE_BYTES), sealed)
        if opened is None:
            raise HandshakeFailed("the message is not authentic")
        self.mix_hash(sealed)
        return opened

    def split(self, info: bytes) -> tuple[bytes, bytes, bytes, bytes]:
        """The four keys that come of it all."""
        output = hkdf(self.ck, self.h, info, 128)
        first, second, third, fourth = (output[at : at + KEY_BYTES] for at in range(0, 128, KEY_BYTES))
        return first, second, third, fourth

    def _next_key(self, k: bytes) -> bytes:
        """A key for one ciphertext, bound to all that came before it."""
        key = hmac(k, b"lk2 hs", u64(self.n), self.h)[:KEY_BYTES]
        self.n += 1
        return key
