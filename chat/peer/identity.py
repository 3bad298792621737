"""What a device keeps for one server: its own keys, the keys of those it met, its invites, its blocks (docs/protocol.md,
sections 1.2, 3.1 and 3.6). Mirrors static/js/peer/identity.js.

A pin is an identity key met under a name. It says "the same device as before", never "the owner of the name". A name has
one that counts, the newest; those before it are kept as they were. Names are one whatever their case.

    identity = Identity.open(MemoryStorage(), os.urandom, lambda: time.time_ns() // 1_000_000)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from . import primitives
from .blocks import Blocks
from .errors import IdentityDamaged
from .invites import Invite
from .kept_invites import KeptInvites, State
from .primitives import KEY_BYTES, Random, b64
from .records import Record, take, take_bytes
from .storage import NAME, MemoryStorage, Storage

__all__ = ["Identity", "KeyPair", "MemoryStorage", "Pin", "Storage"]

MAX_NAMES = 4_096
MAX_PINS = 8
"""Of one name."""


class KeyPair(Protocol):
    """A private key that stays where it is. `dh` raises ValueError as `primitives.dh` does."""

    @property
    def public(self) -> bytes: ...

    def dh(self, their_public: bytes, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Pin:
    """`first_seen` is in milliseconds since 1970; `verified` is the person's own word, or an invite's."""

    identity: bytes
    first_seen: int
    verified: bool

    @classmethod
    def parse(cls, record: Record) -> Pin:
        """Raises IdentityDamaged."""
        identity = take_bytes(record, "identity", KEY_BYTES)
        return cls(identity, take(record, "firstSeen", int), take(record, "verified", bool))

    def dump(self) -> Record:
        return {"identity": b64(self.identity), "firstSeen": self.first_seen, "verified": self.verified}


class Identity:
    """This device, to one server. `now` gives milliseconds since 1970."""

    @classmethod
    def open(cls, storage: Storage, random: Random, now: Callable[[], int]) -> Identity:
        """The one in the storage, or a new one in an empty storage. Raises IdentityDamaged for what cannot have been
        written here, and changes nothing then."""
        return cls(storage, random, now)

    def __init__(self, storage: Storage, random: Random, now: Callable[[], int]) -> None:
        self._storage = storage
        self._random = random
        self._now = now
        self._invites = KeptInvites(storage, random, now)
        self.blocks = Blocks(storage)
        """Whom the person has blocked or muted."""
        for record in storage.table("pins").values():
            _Known.parse(record)
        for record in storage.table("keys").values():
            _PrivateKey.parse(record)
        self.key: KeyPair = self._own_key("identity")
        """IK."""

    def name_key(self, name: str) -> KeyPair:
        """UK, the key that owns this name on the server; made on first use."""
        return self._own_key(f"{NAME}{name.lower()}")

    def pin(self, name: str) -> Pin | None:
        """The newest of this name."""
        return next(reversed(self.pins(name)), None)

    def pins(self, name: str) -> list[Pin]:
        """All that are kept of this name, the newest last."""
        record = self._storage.table("pins").get(name.lower())
        return list(_Known.parse(record).pins) if record else []

    def meet(self, name: str, identity: bytes) -> None:
        """A first contact: pinned as not verified. Does nothing for a name that has a pin."""
        self._change(name, lambda known: known if known.pins else known.accepting(identity, self._now()))
        self._forget_oldest(name)

    def accept(self, name: str, identity: bytes) -> None:
        """The person takes this key for the one of this name: it becomes the newest, and is not verified. Does nothing
        for the one that is the newest already."""
        self._change(name, lambda known: known.accepting(identity, self._now()))
        self._forget_oldest(name)

    def set_verified(self, name: str, identity: bytes, verified: bool) -> None:
        """Does nothing unless this is the newest key of this name."""
        self._change(name, lambda known: known.judged(identity, verified))

    def other_names(self, name: str, identity: bytes) -> list[str]:
        """The other names under which this key was ever met, as they were spelt first."""
        others = (record for place, record in self._storage.table("pins").items() if place != name.lower())
        known = map(_Known.parse, others)
        return [other.name for other in known if any(pin.identity == identity for pin in other.pins)]

    def new_invite(self, name: str) -> Invite:
        """An invite to call this device under this name of its own."""
        return self._invites.make(name)

    def made_invite(self, uuid: str, name: str) -> Invite | Literal["invite_unknown", "invite_used", "invite_expired"]:
        """The invite with which somebody calls this name of ours, or why it does not serve."""
        return self._invites.made(uuid, name)

    def burn_made(self, uuid: str) -> None:
        """It has been used."""
        self._invites.burn_made(uuid)

    def keep_opened(self, invite: Invite) -> None:
        """An invite from somebody, kept until it is used or has expired."""
        self._invites.open(invite)

    def opened_invite(self, name: str) -> Invite | None:
        """The newest opened invite that serves for calling this name."""
        return self._invites.opened(name)

    def opened_state(self, uuid: str) -> State | None:
        """None for one that was never opened here, or long ago."""
        return self._invites.opened_state(uuid)

    def burn_opened(self, uuid: str) -> None:
        """It has been used."""
        self._invites.burn_opened(uuid)

    def wipe(self) -> None:
        """Delete everything but the name keys, for a new identity. This one keeps nothing from now on: open another."""
        self._storage.wipe()
        self._storage = MemoryStorage()
        self._invites = KeptInvites(self._storage, self._random, self._now)
        self.blocks = Blocks(self._storage)

    def _own_key(self, place: str) -> KeyPair:
        record: Record = self._storage.table("keys").get(place) or {}
        if not record:
            self._storage.change("keys", place, lambda standing: standing or {"private": b64(self._random(KEY_BYTES))})
            record = self._storage.table("keys")[place]
        return _PrivateKey.parse(record)

    def _change(self, name: str, change: Callable[[_Known], _Known]) -> None:
        def changed(record: Record | None) -> Record | None:
            known = change(_Known.parse(record) if record else _Known(name))
            return known.dump() if known.pins else record

        self._storage.change("pins", name.lower(), changed)

    def _forget_oldest(self, name: str) -> None:
        """Keep the storage bounded: names never verified go first, then those that were met first; not this name."""
        table = self._storage.table("pins")
        if len(table) <= MAX_NAMES:
            return
        others = (place for place in table if place != name.lower())
        order = sorted(others, key=lambda place: _Known.parse(table[place]).worth)
        for place in order[: len(table) - MAX_NAMES]:
            self._storage.change("pins", place, lambda _: None)


@dataclass(frozen=True, slots=True)
class _Known:
    """A name as it was spelt first, and its pins, the newest last."""

    name: str
    pins: tuple[Pin, ...] = ()

    @classmethod
    def parse(cls, record: Record) -> _Known:
        """Raises IdentityDamaged."""
        pins: list[Any] = take(record, "pins", list)
        if not 0 < len(pins) <= MAX_PINS:
            raise IdentityDamaged
        return cls(take(record, "name", str), tuple(map(Pin.parse, pins)))

    def dump(self) -> Record:
        return {"name": self.name, "pins": [pin.dump() for pin in self.pins]}

    def accepting(self, identity: bytes, now: int) -> _Known:
        if self.pins and self.pins[-1].identity == identity:
            return self
        since = next((pin.first_seen for pin in self.pins if pin.identity == identity), now)
        others = [pin for pin in self.pins if pin.identity != identity]
        return replace(self, pins=(*others, Pin(identity, since, False))[-MAX_PINS:])

    def judged(self, identity: bytes, verified: bool) -> _Known:
        if not self.pins or self.pins[-1].identity != identity:
            return self
        return replace(self, pins=(*self.pins[:-1], replace(self.pins[-1], verified=verified)))

    @property
    def worth(self) -> tuple[bool, int]:
        """What is least goes first when there are too many."""
        return any(pin.verified for pin in self.pins), max(pin.first_seen for pin in self.pins)


class _PrivateKey:
    """A key pair of a private key held in memory."""

    def __init__(self, private: bytes) -> None:
        self._private = private
        self.public = primitives.public_key(private)

    @classmethod
    def parse(cls, record: Record) -> _PrivateKey:
        """Raises IdentityDamaged."""
        return cls(take_bytes(record, "private", KEY_BYTES))

    def dh(self, their_public: bytes, /) -> bytes:
        return primitives.dh(self._private, their_public)
