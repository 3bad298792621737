"""Invites: a link, handed over outside of lowkey, under which the first call is already verified (docs/protocol.md, section
3.6). Mirrors static/js/peer/invites.js.

The link's fragment, which browsers do not send, names who invites, which invite it is, and a secret. From the secret
comes the `psk` of the handshake: the server, which has never seen it, cannot take part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from uuid import UUID

from signaling.messages import is_name

from .primitives import HASH_BYTES, KEY_BYTES, Random, b64url, hkdf, lp, unb64url

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_KEY = "invite="


@dataclass(frozen=True, slots=True)
class Invite:
    """`name` is the inviter's, `uuid` is in lower case, `secret` has 32 bytes."""

    name: str
    uuid: str
    secret: bytes = field(repr=False)

    @classmethod
    def new(cls, name: str, random: Random) -> Invite:
        """An invite to call `name`; draws the UUID (16 bytes), then the secret (32)."""
        return cls(name, str(UUID(bytes=random(16), version=4)), random(KEY_BYTES))

    @classmethod
    def parse(cls, fragment: str) -> Invite:
        """The invite in the fragment of an address, with its `#` or without. Raises ValueError for any other text."""
        key, _, value = fragment.removeprefix("#").partition("=")
        parts = value.split(".")
        if f"{key}=" != _KEY or len(parts) != 3:
            raise ValueError("this is no invite")
        name, uuid, secret = parts[0], parts[1], unb64url(parts[2])
        if not is_name(name) or not _UUID.fullmatch(uuid) or len(secret) != KEY_BYTES:
            raise ValueError("this invite is incomplete or damaged")
        return cls(name, uuid.lower(), secret)

    def link(self, origin: str) -> str:
        """The address to hand over; `origin` as in `https://chat.example`."""
        return f"{origin}/chat#{_KEY}{self.name}.{self.uuid}.{b64url(self.secret)}"

    @property
    def psk(self) -> bytes:
        """The key that both sides bring into the handshake: 32 bytes."""
        info = b"lowkey/2 invite" + lp(self.uuid.lower().encode())
        return hkdf(bytes(HASH_BYTES), self.secret, info, KEY_BYTES)
