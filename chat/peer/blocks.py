"""Whom the person does not want to hear from, or not loudly. Mirrors static/js/peer/blocks.js.

A block holds a name and the identity keys that were met under it. Before a call is accepted only the caller's name is known,
so a call from a blocked name just goes unanswered; once the key is known, a blocked key is turned away under whatever name it
comes. Nobody is told that they are blocked. Muting is by name alone, and keeps notifications and sounds away.

Each of them is a person's own decision, so nothing here is ever forgotten to make room.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .errors import IdentityDamaged
from .primitives import KEY_BYTES, b64, unb64
from .records import Record, take
from .storage import Storage

MAX_KEYS = 8
"""Of one name; the newest."""


class Blocks:
    """Checks all that is in the storage; raises IdentityDamaged."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._all()

    @property
    def names(self) -> list[str]:
        """The names that are blocked, as they were spelt."""
        return sorted((each.name for each in self._all() if each.blocked), key=str.lower)

    def name(self, name: str) -> bool:
        """Whether this name is blocked."""
        return self._of(name).blocked

    def identity(self, identity: bytes) -> bool:
        """Whether this key is blocked, under whatever name."""
        return any(identity in each.identities for each in self._all() if each.blocked)

    def muted(self, name: str) -> bool:
        return self._of(name).muted

    def block(self, name: str, identity: bytes | None = None) -> None:
        """The name, and the key that is known to be behind it."""
        self._change(name, lambda manner: manner.blocking(identity))

    def unblock(self, name: str) -> None:
        """The name, and every key that was blocked with it."""
        self._change(name, lambda manner: replace(manner, blocked=False, identities=()))

    def mute(self, name: str, on: bool) -> None:
        self._change(name, lambda manner: replace(manner, muted=on))

    def _all(self) -> list[_Manner]:
        return [_Manner.parse(record) for record in self._storage.table("blocks").values()]

    def _of(self, name: str) -> _Manner:
        record = self._storage.table("blocks").get(name.lower())
        return _Manner.parse(record) if record else _Manner(name)

    def _change(self, name: str, change: Callable[[_Manner], _Manner]) -> None:
        def changed(record: Record | None) -> Record | None:
            manner = change(_Manner.parse(record) if record else _Manner(name))
            return manner.dump() if manner.blocked or manner.muted else None

        self._storage.change("blocks", name.lower(), changed)


@dataclass(frozen=True, slots=True)
class _Manner:
    """How a name is treated."""

    name: str
    blocked: bool = False
    muted: bool = False
    identities: tuple[bytes, ...] = ()

    @classmethod
    def parse(cls, record: Record) -> _Manner:
        """Raises IdentityDamaged."""
        keys: list[Any] = take(record, "identities", list)
        if len(keys) > MAX_KEYS:
            raise IdentityDamaged
        blocked, muted = take(record, "blocked", bool), take(record, "muted", bool)
        return cls(take(record, "name", str), blocked, muted, tuple(map(_key, keys)))

    def dump(self) -> Record:
        keys = [b64(identity) for identity in self.identities]
        return {"name": self.name, "blocked": self.blocked, "muted": self.muted, "identities": keys}

    def blocking(self, identity: bytes | None) -> _Manner:
        others = tuple(each for each in self.identities if each != identity)
        keys = others if identity is None else (*others, identity)
        return replace(self, blocked=True, identities=keys[-MAX_KEYS:])


def _key(value: object) -> bytes:
    try:
        key = unb64(value) if isinstance(value, str) else b""
    except ValueError:
        raise IdentityDamaged from None
    if len(key) != KEY_BYTES:
        raise IdentityDamaged
    return key
