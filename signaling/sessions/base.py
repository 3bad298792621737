"""What the matchmaker remembers: who holds which name, and who is in a session with whom.

`Store` is the interface; each method is one atomic step, so that two who call each other at once get one session, and a
newer connection of a name never loses anything to an older one. Its rules:

- Names that differ only in case are one name. A `Session` shows the spelling of whoever held the name when it was opened.
- A name is held by one connection. With a key it stays the key's for `LEASE_SECONDS` after its connection went, and so do
  its sessions: a newer connection with that key takes both over, at any time. Without a key all ends with the connection.
- A lease that ran out is over when `end_leases` says so, and who then left is told nowhere else.
- Whoever asks for something says with which connection; one that does not hold the name that it speaks under is refused
  (`NameLost`), however late it wakes up. A store that knows of no holder has forgotten, and cannot say (`StoreUnavailable`).
- A connection is at a place: one of the processes that share the store. A place lives as long as it says so (`beat`);
  when it no longer does, its connections are gone as if each had been released.
- A pair has at most one live session. A session that was created and not yet joined has an empty seat and no pair.
- A session lives for the store's TTL after it was opened, joined or last relayed through, and then was never there.
- Refusals are `ProtocolError`s without a target: the hub knows whom the request was for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from signaling.messages import same_name

MAX_INITIATED = 64
"""How many open sessions one user may have connected or created."""

MAX_JOINED = 256
"""How many one user may be the guest of."""

LEASE_SECONDS = 120.0
"""How long a name stays its key's, and its sessions stand, after its connection went."""

PLACE_SECONDS = 12.0
"""How long a place lives after it last said so."""

HERE = "here"
"""The place of a process that shares its store with none."""


class StoreUnavailable(Exception):
    """The store cannot be reached now; what was asked of it may or may not have happened."""


class NameLost(Exception):
    """The name is another connection's by now, or nobody's but `key`'s; None for one without a key."""

    def __init__(self, key: str | None) -> None:
        super().__init__("the name is another connection's")
        self.key = key


class At(NamedTuple):
    """A connection, and the place it is at."""

    place: str
    connection: str


@dataclass(frozen=True, slots=True)
class Session:
    """Two seats; `guest` is None until somebody joins. When it ends is the store's affair and stays there."""

    id: str
    initiator: str
    guest: str | None = None

    def other(self, name: str) -> str | None:
        """Who sits opposite `name`; None while nobody does."""
        return self.guest if same_name(name, self.initiator) else self.initiator


@dataclass(frozen=True, slots=True)
class Claim:
    """What became of a claim. `replaced` is the connection that the name was taken over from, `key` whose the name is where
    it was not granted."""

    granted: bool
    replaced: At | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Lapse:
    """The leases that ended: `gone` has who is gone from which session, `next_in` the seconds until the next one may end."""

    gone: tuple[tuple[str, Session], ...] = ()
    next_in: float | None = None


class Store(Protocol):
    """Names and sessions. Every method may raise `StoreUnavailable`; those that take the `connection` of whoever asks,
    `claim` and `release` apart, also `NameLost`."""

    async def claim(
        self, name: str, connection: str, key: str | None = None, place: str = HERE, *, again: bool = False
    ) -> Claim:
        """Hold `name` for `connection`, which is at `place`.

        Not granted, and nothing changed, while it is another's: of any other key, or of none. With `again`, which is for
        a connection that held it before, neither while any other connection does: that one is newer.
        """

    async def release(self, name: str, connection: str) -> list[Session]:
        """The connection is gone. Nothing, unless `connection` is the holder.

        With a key the lease begins. Without one the name is free, and its sessions end and are returned.
        """

    async def end_leases(self) -> Lapse:
        """Free the names whose lease is over, and end their sessions; begin the leases of places that are gone."""

    async def beat(self, place: str) -> bool:
        """`place` lives. False when the store did not know that, and so knows nothing of who is there."""

    async def where(self, name: str) -> At | None:
        """The connection that holds `name`; None while none does."""

    async def connect(self, session_id: str, caller: str, connection: str, target: str) -> Session:
        """The pair's session: the standing one, or a new one as `session_id`.

        Raises USER_OFFLINE when no connection holds `target`, SESSION_CREATE_FAILED when `caller` has `MAX_INITIATED` open
        or `target` is the guest of `MAX_JOINED`.
        """

    async def create(self, session_id: str, initiator: str, connection: str) -> Session:
        """Open a session with an empty seat. Raises SESSION_CREATE_FAILED when `initiator` has `MAX_INITIATED` open."""

    async def join(self, session_id: str, guest: str, connection: str) -> Session:
        """Take the empty seat; when the two have a standing session, end the created one and return that.

        Raises SESSION_JOIN_FAILED when it is unknown, full, over or the guest's own, or would be one more than `MAX_JOINED`.
        """

    async def touch(self, sender: str, connection: str, target: str, session_id: str | None = None) -> At | None:
        """Renew the pair's live session, and say where `target` is, as `where` does.

        Raises NOT_IN_SESSION when there is no session, or it is not `session_id`.
        """

    async def end(self, user: str, connection: str, session_id: str) -> Session:
        """End the user's session of that id. Raises NOT_IN_SESSION when it is none of theirs."""

    async def end_with(self, user: str, connection: str, other: str) -> Session:
        """End the pair's session. Raises NOT_IN_SESSION when there is none."""

    def open_sessions(self) -> int | None:
        """How many sessions there are, those included that are over and not yet dropped; None where nobody counts them."""
