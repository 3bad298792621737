"""Identities, and finished handshakes, for the tests of lowkey/2."""

from __future__ import annotations

import gc
import os
from types import FunctionType, ModuleType
from typing import Any

from chat.peer import primitives
from chat.peer.handshake import Handshake, Keys
from chat.peer.primitives import Random
from tests.support.vectors import LOW_ORDER, drawn, vectors

__all__ = ["LOWKEY2", "LOW_ORDER", "Device", "finish", "held", "pair", "pair_of"]

LOWKEY2 = vectors("lowkey2")


class Device:
    """A device's identity key, held in memory."""

    def __init__(self, private: bytes | None = None) -> None:
        self._private = private or os.urandom(32)
        self.public = primitives.public_key(self._private)

    def dh(self, their_public: bytes) -> bytes:
        return primitives.dh(self._private, their_public)


def pair(psk: bytes | None = None, random: Random = os.urandom) -> tuple[Handshake, Handshake]:
    """Both sides of a handshake that has not begun."""
    caller = Handshake("caller", "alice", "bob", Device(), random, psk)
    return caller, Handshake("called", "alice", "bob", Device(), random, psk)


def pair_of(case: dict[str, Any]) -> tuple[Handshake, Handshake]:
    """Both sides of a handshake of the vectors."""
    private = {name: bytes.fromhex(key) for name, key in case["private"].items()}
    psk = bytes.fromhex(case["psk"]) if case["psk"] else None
    names = case["caller"], case["called"]
    caller = Handshake("caller", *names, Device(private["IKa"]), drawn(private["ea"]), psk)
    return caller, Handshake("called", *names, Device(private["IKb"]), drawn(private["eb"]), psk)


def finish(caller: Handshake, called: Handshake) -> tuple[Keys, Keys]:
    """Hand the three messages over, and return both sides' keys."""
    called.read(caller.write())
    caller.read(called.write())
    called.read(caller.write())
    assert caller.keys is not None, "the caller has not finished"
    assert called.keys is not None, "the called one has not finished"
    return caller.keys, called.keys


def held(thing: object) -> set[bytes]:
    """Every bytes object that can be reached from this one: what is erased is not among them."""
    seen: dict[int, object] = {}
    waiting = [thing]
    while waiting:
        found = waiting.pop()
        if id(found) not in seen and not isinstance(found, type | FunctionType | ModuleType):
            seen[id(found)] = found
            waiting += gc.get_referents(found)
    return {found for found in seen.values() if isinstance(found, bytes)}
