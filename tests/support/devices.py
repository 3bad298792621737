"""Devices that keep their identity in memory, and attempts of lowkey/2 between two of them."""

from __future__ import annotations

import os
from collections.abc import Callable

from chat.peer.classic import Classic, Payload
from chat.peer.identity import Identity, MemoryStorage
from chat.peer.invites import Invite
from chat.peer.lowkey2 import Lowkey2
from chat.peer.primitives import KEY_BYTES
from chat.peer.suite import Suite
from tests.support.clock import FakeClock

NOW_MS = 1_700_000_000_000


def device(now: Callable[[], int] = lambda: NOW_MS) -> Identity:
    """A new device, that knows nobody."""
    return Identity.open(MemoryStorage(), os.urandom, now)


def attempt(me: str, peer: str, identity: Identity, invite: Invite | None = None) -> Lowkey2:
    """One side, before anything has been said; its clock stands still."""
    return Lowkey2(me, peer, identity, random=os.urandom, clock=FakeClock(), invite=invite)


class Recorder:
    """Randomness that remembers what it gave; who is given `random` does not hold the memory."""

    def __init__(self) -> None:
        draws: list[bytes] = []

        def random(length: int) -> bytes:
            draws.append(os.urandom(length))
            return draws[-1]

        self.draws = draws
        self.random = random

    @property
    def secrets(self) -> set[bytes]:
        """What has the length of a key."""
        return {draw for draw in self.draws if len(draw) == KEY_BYTES}

    def suites(self, peer: str) -> list[Suite]:
        """alice's suites for a call with somebody she does not know."""
        return [self.attempt("alice", peer, device()), Classic(self.random)]

    def attempt(self, me: str, peer: str, identity: Identity) -> Lowkey2:
        return Lowkey2(me, peer, identity, random=self.random, clock=FakeClock())


class Pair:
    """alice's attempt and bob's, each with a device; what one side returns is handed to the other with `carry`."""

    def __init__(
        self, alice: Identity | None = None, bob: Identity | None = None, invite: Invite | None = None
    ) -> None:
        self.alice_device = alice or device()
        self.bob_device = bob or device()
        self.alice = attempt("alice", "bob", self.alice_device, invite)
        self.bob = attempt("bob", "alice", self.bob_device)

    def call(self) -> tuple[Payload, Payload, Payload]:
        """alice calls, and bob accepts; the three steps."""
        one = self.alice.opening()
        assert self.bob.receive_key(one) == []
        (two,) = self.bob.answer()
        (three,) = self.alice.receive_key(two)
        assert self.bob.receive_key(three) == []
        return one, two, three


def agreed() -> Pair:
    """A pair whose keys stand."""
    pair = Pair()
    pair.call()
    return pair
