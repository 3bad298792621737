"""Who owns a name, and how that is proven (docs/protocol.md, 1.2).

A name belongs to whoever claims it first: to a key, which the client proves to have, or to a single connection that has
none. The store keeps names and how long they are held; here is what makes a claim a good one.

- A proof is for one connection, one origin and one name: a recorded one is worth nothing, and neither is one that a
  server elsewhere was given for a question it passed on.
- Which origins are ours comes from the configuration, never from a header.
- Whatever is wrong with a key or a proof, the refusal is the same one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nacl import bindings
from nacl.exceptions import CryptoError

from .errors import Close, Code, ProtocolError
from .messages import ChallengePayload, ProofPayload, is_name

KEY_BYTES = 32
LABEL = b"lowkey/2 name-auth"

_OCTET = r"(?:0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])"
_LOOPBACK = re.compile(rf"http://(?:localhost|127(?:\.{_OCTET}){{3}}|\[::1\])(?::[1-9]\d{{0,4}})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Owner:
    """A connection and the name it claims; `connection` tells it from a later owner of the same name.

    `key` is the hash of the key that the name is to belong to; None for a claim that ends with its connection.
    """

    name: str
    connection: str
    key: str | None = None


def claimant(name: str, connection: str, key: str | None = None) -> Owner:
    """Who `connection` would be as `name`. Raises `ProtocolError` where that is no name."""
    if not is_name(name):
        raise ProtocolError(Code.INVALID_USERNAME, close=Close.INVALID_USERNAME)
    return Owner(name, connection, key)


def taken() -> ProtocolError:
    """What somebody hears who claims a name that is another's."""
    return ProtocolError(Code.USERNAME_TAKEN, close=Close.USERNAME_TAKEN)


def unproven() -> ProtocolError:
    """What somebody hears whose key or proof is no good, or who gave none in time."""
    return ProtocolError(Code.AUTH_FAILED, close=Close.AUTH_FAILED)


@dataclass(frozen=True, slots=True)
class Origins:
    """The origins that a client may have dialled to reach this server, as the WHATWG serialises them.

    With `loopback` also those of one's own machine: http, at any port.
    """

    public: Sequence[str] = ()
    loopback: bool = False

    def __contains__(self, origin: object) -> bool:
        return origin in self.public or (self.loopback and _LOOPBACK.fullmatch(str(origin)) is not None)


class Challenge:
    """The question to one connection that claims `name` with `key`, b64url as it stands in the query.

    Draws the 32 bytes of the server's private key, then the 32 of the nonce. Raises `unproven()` for a key that cannot be one.
    """

    def __init__(self, name: str, key: str, random: Callable[[int], bytes]) -> None:
        theirs = _public_key(key)
        private = random(KEY_BYTES)
        ours = bindings.crypto_scalarmult_base(private)
        self._nonce = random(32)
        try:
            self._shared = bindings.crypto_scalarmult(private, theirs)
        except (CryptoError, RuntimeError):
            raise unproven() from None  # of low order: everybody would share this secret
        self._name = name.lower().encode()
        self._keys = ours + theirs
        self.key = hashlib.sha256(theirs).hexdigest()
        self.payload = ChallengePayload(public_key=_b64(ours), nonce=_b64(self._nonce))

    def check(self, proof: ProofPayload, origins: Origins) -> None:
        """Raises `unproven()` for anything but the proof, made for one of these origins, that the key is theirs."""
        if proof.origin not in origins:
            raise unproven()
        info = LABEL + _lp(proof.origin.encode()) + _lp(self._name) + self._keys
        mac = _hmac(_hkdf(self._nonce, self._shared, info), b"client")[:32]
        if not hmac.compare_digest(_b64(mac).encode(), proof.mac.encode("utf-8", "surrogatepass")):
            raise unproven()


def _public_key(text: str) -> bytes:
    """The bytes of a key in its one strict form."""
    try:
        key = base64.urlsafe_b64decode(f"{text}=")
    except ValueError:
        raise unproven() from None
    if len(key) != KEY_BYTES or base64.urlsafe_b64encode(key) != f"{text}=".encode():
        raise unproven()
    return key


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _lp(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha512")


def _hkdf(salt: bytes, ikm: bytes, info: bytes) -> bytes:
    """HKDF of RFC 5869 with SHA-512: the 32 bytes of its first block."""
    return _hmac(_hmac(salt, ikm), info + b"\x01")[:32]
