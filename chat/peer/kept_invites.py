"""The invites that a device has made and opened (docs/protocol.md, section 3.6). Mirrors static/js/peer/kept_invites.js.

An invite serves once, within 24 hours. Its secret is forgotten when it is used, and when it has expired; that there was
such an invite is remembered longer, so that whoever comes with it learns why it does not work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from .errors import IdentityDamaged
from .invites import Invite
from .primitives import KEY_BYTES, Random, b64
from .records import Record, take, take_bytes
from .storage import Storage, Table

LIFETIME_MS = 24 * 3_600_000
MAX_MADE = 256
MAX_OPENED = 32

State = Literal["fresh", "used", "expired"]


@dataclass(frozen=True, slots=True)
class Kept:
    """An invite and what became of it; `at` is when it was made or opened. Without a secret it serves no more."""

    uuid: str
    name: str
    at: int
    used: bool
    secret: bytes = field(repr=False)

    @classmethod
    def parse(cls, uuid: str, record: Record) -> Kept:
        """Raises IdentityDamaged."""
        secret = take_bytes(record, "secret", KEY_BYTES) if take(record, "secret", str) else b""
        kept = cls(uuid, take(record, "name", str), take(record, "at", int), take(record, "used", bool), secret)
        if kept.used and secret:
            raise IdentityDamaged
        return kept

    def dump(self) -> Record:
        return {"name": self.name, "at": self.at, "used": self.used, "secret": b64(self.secret)}

    def state(self, now: int) -> State:
        """A time to come, of a clock since set back, is now."""
        if self.used:
            return "used"
        return "fresh" if self.secret and now - self.at < LIFETIME_MS else "expired"

    @property
    def invite(self) -> Invite:
        return Invite(self.name, self.uuid, self.secret)


class KeptInvites:
    """`now` gives milliseconds since 1970. Checks all that is in the storage; raises IdentityDamaged."""

    def __init__(self, storage: Storage, random: Random, now: Callable[[], int]) -> None:
        self._storage = storage
        self._random = random
        self._now = now
        self._all("made")
        self._all("opened")

    def make(self, name: str) -> Invite:
        """A new invite to call `name`, which is one's own."""
        invite = Invite.new(name, self._random)
        self._keep("made", invite, MAX_MADE)
        return invite

    def made(self, uuid: str, name: str) -> Invite | Literal["invite_unknown", "invite_used", "invite_expired"]:
        """The invite with which somebody calls `name`, or why it does not serve."""
        kept = self._find("made", uuid)
        if kept is None or kept.name.lower() != name.lower():
            return "invite_unknown"
        match kept.state(self._now()):
            case "used":
                return "invite_used"
            case "expired":
                return "invite_expired"
            case "fresh":
                return kept.invite

    def burn_made(self, uuid: str) -> None:
        self._burn("made", uuid)

    def open(self, invite: Invite) -> None:
        """Keep an invite from somebody. One that is known already keeps its time, and stays used when it was."""
        self._keep("opened", invite, MAX_OPENED)

    def opened(self, name: str) -> Invite | None:
        """The newest invite that serves for calling `name`."""
        theirs = [kept for kept in self._all("opened") if kept.name.lower() == name.lower()]
        return next((kept.invite for kept in reversed(theirs) if kept.state(self._now()) == "fresh"), None)

    def opened_state(self, uuid: str) -> State | None:
        kept = self._find("opened", uuid)
        return kept.state(self._now()) if kept else None

    def burn_opened(self, uuid: str) -> None:
        self._burn("opened", uuid)

    def _all(self, table: Table) -> list[Kept]:
        """The newest last."""
        parsed = (Kept.parse(uuid, record) for uuid, record in self._storage.table(table).items())
        return sorted(parsed, key=lambda kept: kept.at)

    def _find(self, table: Table, uuid: str) -> Kept | None:
        record = self._storage.table(table).get(uuid.lower())
        return Kept.parse(uuid.lower(), record) if record else None

    def _keep(self, table: Table, invite: Invite, most: int) -> None:
        fresh = Kept(invite.uuid.lower(), invite.name, self._now(), False, invite.secret)
        self._storage.change(table, fresh.uuid, lambda standing: standing or fresh.dump())
        self._forget_expired(table)
        for kept in self._all(table)[:-most]:
            self._storage.change(table, kept.uuid, lambda _: None)

    def _forget_expired(self, table: Table) -> None:
        """The secrets, not the invites."""
        for kept in self._all(table):
            if kept.secret and kept.state(self._now()) == "expired":
                self._storage.change(table, kept.uuid, lambda record: record and {**record, "secret": ""})

    def _burn(self, table: Table, uuid: str) -> None:
        self._storage.change(table, uuid.lower(), lambda record: record and {**record, "used": True, "secret": ""})
