"""ICE servers: what RTCPeerConnection is told to use (docs/protocol.md, section 1.1).

TURN credentials are those of coturn's `use-auth-secret`: the username is `expiry:random`, the credential the base64 of
HMAC-SHA1 of it under the shared secret. They are made for each session and are worth nothing an hour later.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Sequence

from .messages import IceServer

LIFETIME = 3600
"""How long TURN credentials last, in seconds."""


class IceServers:
    """Makes the `iceServers` of a session. `clock` counts seconds since 1970; `random` gives a fresh token.

    TURN without a secret is left out: a browser refuses a whole configuration for one TURN server without credentials.
    """

    def __init__(
        self,
        *,
        stun_urls: Sequence[str] = (),
        turn_urls: Sequence[str] = (),
        turn_secret: str = "",
        clock: Callable[[], float] = time.time,
        random: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self._stun = [IceServer(list(stun_urls))] if stun_urls else []
        self._turn_urls = list(turn_urls)
        self._turn_secret = turn_secret.encode()
        self._clock = clock
        self._random = random

    def fresh(self) -> list[IceServer]:
        """The list for one user of one session; empty when nothing is configured."""
        if not (self._turn_urls and self._turn_secret):
            return list(self._stun)
        username = f"{int(self._clock()) + LIFETIME}:{self._random()}"
        mac = hmac.digest(self._turn_secret, username.encode(), hashlib.sha1)
        return [*self._stun, IceServer(self._turn_urls, username, base64.b64encode(mac).decode())]
