"""Proving to the server that a name is one's own (docs/protocol.md, 1.2). Mirrors static/js/peer/ownership.js.

The proof says: who holds the private half of this key dialled this origin and wants this name, on the connection that the
server asked this question on. So a server elsewhere that passes the question on gets a proof that is good for itself alone.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Protocol
from urllib.parse import urlsplit

from signaling.messages import ChallengePayload, ProofPayload

from .primitives import KEY_BYTES, b64, hkdf, hmac, lp, unb64

LABEL = b"lowkey/2 name-auth"
NONCE_BYTES = 32

_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9_][a-z0-9._-]*", re.ASCII)


class NameKey(Protocol):
    """The key that a name belongs to, or will. `dh` raises ValueError for a public key that cannot be used."""

    @property
    def public(self) -> bytes: ...

    def dh(self, their_public: bytes, /) -> bytes: ...


def prove(key: NameKey, origin: str, name: str, challenge: ChallengePayload) -> ProofPayload:
    """The answer to a challenge. Raises ValueError for one that is malformed."""
    theirs, nonce = unb64(challenge.public_key), unb64(challenge.nonce)
    if len(theirs) != KEY_BYTES or len(nonce) != NONCE_BYTES:
        raise ValueError("a challenge has a public key and a nonce of 32 bytes each")
    info = LABEL + lp(origin.encode()) + lp(name.lower().encode()) + theirs + key.public
    proof_key = hkdf(nonce, key.dh(theirs), info, 32)
    return ProofPayload(origin=origin, mac=b64(hmac(proof_key, b"client")[:32]))


def origin_of(server: str) -> str:
    """The origin of an http(s) URL, serialised as browsers do. Raises ValueError, with a sentence, for any other."""
    try:
        parts = urlsplit(server.strip())
        host, port = _host(parts.hostname or ""), parts.port
        if parts.scheme not in _PORTS or port == 0:
            raise ValueError
    except ValueError:
        raise ValueError("The server has to be an address like https://chat.example") from None
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, _PORTS[parts.scheme]) else "")


def _host(host: str) -> str:
    """A host as it stands in an origin. Raises ValueError, of which UnicodeError is one kind, for none."""
    if ":" in host:
        address = ipaddress.IPv6Address(host)
        if address.scope_id is not None:
            raise ValueError
        return f"[{address.compressed}]"
    name = host.encode("idna").decode("ascii").lower() if not host.isascii() else host
    if not _HOST.fullmatch(name):
        raise ValueError
    return name
