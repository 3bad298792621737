"""Keys that names belong to, held in memory, and the proofs that go with them."""

from __future__ import annotations

import os

from chat.peer import primitives
from signaling.messages import ChallengePayload


class NameKey:
    """One key; without a private half it is a new one."""

    def __init__(self, private: bytes | None = None) -> None:
        self._private = private or os.urandom(32)
        self.public = primitives.public_key(self._private)

    @property
    def text(self) -> str:
        """As it stands in the query of the socket's address."""
        return primitives.b64url(self.public)

    def dh(self, their_public: bytes, /) -> bytes:
        return primitives.dh(self._private, their_public)


def challenge(public: bytes, nonce: bytes) -> ChallengePayload:
    """A challenge of these bytes."""
    return ChallengePayload(primitives.b64(public), primitives.b64(nonce))
