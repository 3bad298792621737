"""The store in this process's memory: for one process, and for tests.

Sessions are kept in the order of their last touch. Since all live equally long, that is the order in which they expire:
each step first drops the ones at the front that are over, and nothing needs a timer. Leases are kept in their order likewise.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from signaling.errors import Code, ProtocolError
from signaling.messages import same_name

from .base import (
    HERE,
    LEASE_SECONDS,
    MAX_INITIATED,
    MAX_JOINED,
    At,
    Claim,
    Lapse,
    NameLost,
    Session,
    StoreUnavailable,
)


@dataclass(frozen=True, slots=True)
class _Holder:
    """`at` is None while the lease runs."""

    name: str
    at: At | None
    key: str | None

    def is_at(self, connection: str) -> bool:
        return self.at is not None and self.at.connection == connection


@dataclass(slots=True)
class _Entry:
    session: Session
    expires: float


class MemoryStore:
    """See `Store`. `ttl` is in seconds, of the same clock."""

    def __init__(self, *, ttl: float, clock: Callable[[], float]) -> None:
        self._ttl = ttl
        self._clock = clock
        self._holders: dict[str, _Holder] = {}
        self._leases: OrderedDict[str, float] = OrderedDict()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._pairs: dict[tuple[str, str], _Entry] = {}
        self._sessions_of: dict[str, set[str]] = {}

    async def claim(
        self, name: str, connection: str, key: str | None = None, place: str = HERE, *, again: bool = False
    ) -> Claim:
        user = name.lower()
        holder = self._holders.get(user)
        other = None if holder is None or holder.is_at(connection) else holder.at
        if holder is not None and (holder.key != key or (other is not None and (key is None or again))):
            return Claim(granted=False, key=holder.key)
        self._leases.pop(user, None)
        self._holders[user] = _Holder(name, At(place, connection), key)
        return Claim(granted=True, replaced=other)

    async def release(self, name: str, connection: str) -> list[Session]:
        self._drop_expired()
        user = name.lower()
        holder = self._holders.get(user)
        if holder is None or not holder.is_at(connection):
            return []
        if holder.key is None:
            return self._free(user)
        self._holders[user] = replace(holder, at=None)
        self._leases[user] = self._clock() + LEASE_SECONDS
        return []

    async def end_leases(self) -> Lapse:
        self._drop_expired()
        now = self._clock()
        gone: list[tuple[str, Session]] = []
        while self._leases:
            user, ends = next(iter(self._leases.items()))
            if ends > now:
                return Lapse(tuple(gone), ends - now)
            del self._leases[user]
            name = self._holders[user].name
            gone += [(name, session) for session in self._free(user)]
        return Lapse(tuple(gone))

    async def beat(self, place: str) -> bool:
        return True  # whoever asks is the process whose memory this is

    async def where(self, name: str) -> At | None:
        return self._where(name.lower())

    async def connect(self, session_id: str, caller: str, connection: str, target: str) -> Session:
        self._drop_expired()
        self._check_holder(caller.lower(), connection)
        if self._where(target.lower()) is None:
            raise ProtocolError(Code.USER_OFFLINE)
        standing = self._pairs.get((caller.lower(), target.lower()))
        if standing is not None:
            return standing.session
        if not (self._may_open(caller) and self._may_join(target)):
            raise ProtocolError(Code.SESSION_CREATE_FAILED)
        return self._add(Session(session_id, self._spelling(caller), self._spelling(target)))

    async def create(self, session_id: str, initiator: str, connection: str) -> Session:
        self._drop_expired()
        self._check_holder(initiator.lower(), connection)
        if not self._may_open(initiator):
            raise ProtocolError(Code.SESSION_CREATE_FAILED)
        return self._add(Session(session_id, self._spelling(initiator)))

    async def join(self, session_id: str, guest: str, connection: str) -> Session:
        self._drop_expired()
        self._check_holder(guest.lower(), connection)
        entry = self._entries.get(session_id)
        if entry is None or entry.session.guest is not None or entry.session.other(guest) is None:
            raise ProtocolError(Code.SESSION_JOIN_FAILED)
        standing = self._pairs.get((entry.session.initiator.lower(), guest.lower()))
        if standing is None and not self._may_join(guest):
            raise ProtocolError(Code.SESSION_JOIN_FAILED)
        created = self._remove(session_id)
        return standing.session if standing is not None else self._add(replace(created, guest=self._spelling(guest)))

    async def touch(self, sender: str, connection: str, target: str, session_id: str | None = None) -> At | None:
        # Every relayed message comes by here, so it calls nothing that it can do without.
        now, user, other = self._clock(), sender.lower(), target.lower()
        holder = self._holders.get(user)
        if holder is None or holder.at is None or holder.at.connection != connection:
            self._check_holder(user, connection)
        entry = self._pairs.get((user, other))
        if entry is None or entry.expires <= now or not (session_id is None or session_id == entry.session.id):
            self._drop_expired()
            raise ProtocolError(Code.NOT_IN_SESSION)
        entry.expires = now + self._ttl
        self._entries.move_to_end(entry.session.id)
        holder = self._holders.get(other)
        return None if holder is None else holder.at

    async def end(self, user: str, connection: str, session_id: str) -> Session:
        self._drop_expired()
        self._check_holder(user.lower(), connection)
        if session_id not in self._sessions_of.get(user.lower(), ()):
            raise ProtocolError(Code.NOT_IN_SESSION)
        return self._remove(session_id)

    async def end_with(self, user: str, connection: str, other: str) -> Session:
        self._drop_expired()
        self._check_holder(user.lower(), connection)
        entry = self._pairs.get((user.lower(), other.lower()))
        if entry is None:
            raise ProtocolError(Code.NOT_IN_SESSION)
        return self._remove(entry.session.id)

    def open_sessions(self) -> int | None:
        return len(self._entries)

    def _free(self, user: str) -> list[Session]:
        del self._holders[user]
        return [self._remove(session_id) for session_id in tuple(self._sessions_of.get(user, ()))]

    def _check_holder(self, user: str, connection: str) -> None:
        holder = self._holders.get(user)
        if holder is None:
            raise StoreUnavailable("The session store does not know who asks.")
        if not holder.is_at(connection):
            raise NameLost(holder.key)

    def _where(self, user: str) -> At | None:
        holder = self._holders.get(user)
        return None if holder is None else holder.at

    def _spelling(self, name: str) -> str:
        holder = self._holders.get(name.lower())
        return name if holder is None else holder.name

    def _may_open(self, initiator: str) -> bool:
        return sum(same_name(session.initiator, initiator) for session in self._sessions(initiator)) < MAX_INITIATED

    def _may_join(self, guest: str) -> bool:
        return sum(not same_name(session.initiator, guest) for session in self._sessions(guest)) < MAX_JOINED

    def _sessions(self, user: str) -> Iterator[Session]:
        return (self._entries[session_id].session for session_id in self._sessions_of.get(user.lower(), ()))

    def _add(self, session: Session) -> Session:
        entry = _Entry(session, self._clock() + self._ttl)
        self._entries[session.id] = entry
        seats = _seats(session)
        for user in seats:
            self._sessions_of.setdefault(user, set()).add(session.id)
        if len(seats) == 2:
            self._pairs[seats[0], seats[1]] = self._pairs[seats[1], seats[0]] = entry
        return session

    def _remove(self, session_id: str) -> Session:
        session = self._entries.pop(session_id).session
        seats = _seats(session)
        for user in seats:
            ids = self._sessions_of[user]
            ids.remove(session_id)
            if not ids:
                del self._sessions_of[user]
        if len(seats) == 2:
            del self._pairs[seats[0], seats[1]], self._pairs[seats[1], seats[0]]
        return session

    def _drop_expired(self) -> None:
        now = self._clock()
        while self._entries:
            session_id = next(iter(self._entries))
            if self._entries[session_id].expires > now:
                return
            self._remove(session_id)


def _seats(session: Session) -> list[str]:
    return [name.lower() for name in (session.initiator, session.guest) if name is not None]
