"""A peer that speaks as the original app does: it connects without a key, knows no `v`, and warns nobody."""

from __future__ import annotations

from typing import Any

from chat.peer import Peer
from chat.peer.classic import Classic, Payload
from chat.peer.signaling_client import SignalingClient
from chat.peer.suite import Suite
from tests.support.devices import device


class Original(Classic):
    """Takes any public key, whatever stands beside it."""

    needs_consent = False

    @staticmethod
    def recognises(payload: Payload) -> bool:
        return True


class ClassicPeer(Peer):
    def __init__(self, name: str, server: str, **options: Any) -> None:
        super().__init__(name, server, device(), **options)
        self._signaling = SignalingClient(server, name, self)

    def _suites(self, peer: str) -> list[Suite]:
        return [Original(self._random)]
