"""The cryptographic primitives, all from libsodium through PyNaCl. Mirrors static/js/peer/primitives.js.

Keys, nonces and shared secrets are `bytes`: 32, 24 and 32 long. Randomness is passed in as `random(n) -> bytes`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from nacl import bindings
from nacl.exceptions import CryptoError

Random = Callable[[int], bytes]

KEY_BYTES = 32
NONCE_BYTES = 24


def public_key(private: bytes) -> bytes:
    """The X25519 public key of a private key."""
    return bindings.crypto_scalarmult_base(private)


def box_key(private: bytes, public: bytes) -> bytes:
    """The key of a NaCl box between the two: HSalsa20 of their X25519 result.

    Raises ValueError for a public key that is not 32 bytes or gives the all-zero result.
    """
    if len(public) != KEY_BYTES:
        raise ValueError("an X25519 public key has 32 bytes")
    try:
        return bindings.crypto_box_beforenm(public, private)
    except (CryptoError, RuntimeError):
        raise ValueError("this public key gives an all-zero X25519 result") from None


def seal(key: bytes, nonce: bytes, message: bytes) -> bytes:
    """XSalsa20-Poly1305 (NaCl secretbox): 16 bytes of MAC, then the ciphertext."""
    return bindings.crypto_secretbox(message, nonce, key)


def unseal(key: bytes, nonce: bytes, box: bytes) -> bytes | None:
    """The message, or None when the MAC does not verify."""
    try:
        return bindings.crypto_secretbox_open(box, nonce, key)
    except (CryptoError, ValueError):
        return None


def b64(data: bytes) -> str:
    """Standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def unb64(text: object) -> bytes:
    """The inverse of `b64`; raises ValueError for anything that `b64` would not have written."""
    if not isinstance(text, str):
        raise ValueError("base64 is text")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("this is not base64") from None
    if b64(data) != text:
        raise ValueError("this base64 is not in its one strict form")
    return data
