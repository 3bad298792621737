"""The cryptographic primitives: libsodium's through PyNaCl, SHA-512 and HMAC from the standard library. Mirrors
static/js/peer/primitives.js.

Keys, nonces and shared secrets are `bytes`: 32, 24 and 32 long. Randomness is passed in as `random(n) -> bytes`.
Integers are big-endian.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac as _hmac
from collections.abc import Callable
from typing import TypeGuard

from nacl import bindings
from nacl.exceptions import CryptoError

Random = Callable[[int], bytes]

_FROM_URL = str.maketrans("-_", "+/")

KEY_BYTES = 32
NONCE_BYTES = 24
MAC_BYTES = 16
HASH_BYTES = 64
ID_BYTES = 16

FIELD = 2**255 - 19
"""X25519's numbers are taken modulo this."""


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


def dh(private: bytes, public: bytes) -> bytes:
    """X25519. Raises ValueError for a key that is not 32 bytes, and for the all-zero result of a low-order public key."""
    if len(private) != KEY_BYTES or len(public) != KEY_BYTES:
        raise ValueError("an X25519 key has 32 bytes")
    try:
        return bindings.crypto_scalarmult(private, public)
    except (CryptoError, RuntimeError):
        raise ValueError("this public key gives an all-zero X25519 result") from None


def is_canonical(public: bytes) -> bool:
    """Whether an X25519 public key is the shortest name of its point: a number below 2^255 - 19, little-endian. X25519
    itself takes every 32 bytes, and drops the top bit."""
    return len(public) == KEY_BYTES and int.from_bytes(public, "little") < FIELD


def sha512(*parts: bytes) -> bytes:
    """SHA-512 of the parts, joined."""
    return hashlib.sha512(b"".join(parts)).digest()


def hmac(key: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA-512 of the parts, joined: 64 bytes."""
    return _hmac.digest(key, b"".join(parts), "sha512")


def hkdf(salt: bytes, ikm: bytes, info: bytes, length: int) -> bytes:
    """HKDF of RFC 5869 with SHA-512; at most 255 × 64 bytes."""
    if not 0 < length <= 255 * HASH_BYTES:
        raise ValueError("HKDF gives 1 to 16,320 bytes")
    key = hmac(salt, ikm)
    block, output = b"", b""
    for number in range(1, -(-length // HASH_BYTES) + 1):
        block = hmac(key, block, info, bytes([number]))
        output += block
    return output[:length]


def seal(key: bytes, nonce: bytes, message: bytes) -> bytes:
    """XSalsa20-Poly1305 (NaCl secretbox): 16 bytes of MAC, then the ciphertext."""
    return bindings.crypto_secretbox(message, nonce, key)


def unseal(key: bytes, nonce: bytes, box: bytes) -> bytes | None:
    """The message, or None when the MAC does not verify."""
    try:
        return bindings.crypto_secretbox_open(box, nonce, key)
    except (CryptoError, ValueError):
        return None


def pad(data: bytes, block: int) -> bytes:
    """The data, 0x80, and zeros up to a multiple of `block`."""
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


def unpad(padded: bytes, block: int) -> bytes:
    """The inverse of `pad`; raises ValueError for anything that `pad` would not have written."""
    data, _, _ = padded.rpartition(b"\x80")
    if pad(data, block) != padded:
        raise ValueError("this padding is not in its one strict form")
    return data


def u32(number: int) -> bytes:
    return number.to_bytes(4, "big")


def u64(number: int) -> bytes:
    return number.to_bytes(8, "big")


def lp(data: bytes) -> bytes:
    """The data behind its length, a u16."""
    return len(data).to_bytes(2, "big") + data


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


def b64url(data: bytes) -> str:
    """URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def unb64url(text: object) -> bytes:
    """The inverse of `b64url`; raises ValueError for anything that `b64url` would not have written."""
    if not isinstance(text, str) or any(character in text for character in "+/="):
        raise ValueError("URL-safe base64 is text of its own alphabet, without padding")
    return unb64(text.translate(_FROM_URL) + "=" * (-len(text) % 4))


def is_id(text: object) -> TypeGuard[str]:
    """Whether `text` is an id as a message has one: the URL-safe base64 of 16 bytes."""
    try:
        return len(unb64url(text)) == ID_BYTES
    except ValueError:
        return False
