"""The store in this process's memory: for one process, and for tests.

Sessions are kept in the order of their last touch. Since all live equally long, that is the order in which they expire:
each step first drops the ones at the front that are over, and nothing needs a timer. Leases are kept in their order likewise.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from signaling.errors import Code, ProtocolError

from .base import HERE, LEASE_SECONDS, MAX_INITIATED, Claim, Lapse, Session


@dataclass(frozen=True, slots=True)
class _Holder:
    """`connection` is None while the lease runs."""

    name: str
    connection: str | None
    key: str | None
    place: str


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
        other = None if holder is None or holder.connection == connection else holder.connection
        if holder is not None and (holder.key != key or (other is not None and (key is None or again))):
            return Claim(granted=False)
        self._leases.pop(user, None)
        self._holders[user] = _Holder(name, connection, key, place)
        return Claim(granted=True, replaced=None if holder is None or other is None else (holder.place, other))

    async def release(self, name: str, connection: str) -> list[Session]:
        self._drop_expired()
        user = name.lower()
        holder = self._holders.get(user)
        if holder is None or holder.connection != connection:
            return []
        if holder.key is None:
            return self._free(user)
        self._holders[user] = replace(holder, connection=None)
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

    async def where(self, name: str) -> str | None:
        return self._where(name)

    async def connect(self, session_id: str, caller: str, target: str) -> Session:
        self._drop_expired()
        if self._where(target) is None:
            raise ProtocolError(Code.USER_OFFLINE)
        standing = self._pairs.get((caller.lower(), target.lower()))
        if standing is not None:
            return standing.session
        self._check_room(caller)
        return self._add(Session(session_id, self._spelling(caller), self._spelling(target)))

    async def create(self, session_id: str, initiator: str) -> Session:
        self._drop_expired()
        self._check_room(initiator)
        return self._add(Session(session_id, self._spelling(initiator)))

    async def join(self, session_id: str, guest: str) -> Session:
        self._drop_expired()
        entry = self._entries.get(session_id)
        if entry is None or entry.session.guest is not None or entry.session.other(guest) is None:
            raise ProtocolError(Code.SESSION_JOIN_FAILED)
        created = self._remove(session_id)
        standing = self._pairs.get((created.initiator.lower(), guest.lower()))
        return standing.session if standing is not None else self._add(replace(created, guest=self._spelling(guest)))

    async def touch(self, sender: str, target: str, session_id: str | None = None) -> str | None:
        now, user = self._clock(), target.lower()
        entry = self._pairs.get((sender.lower(), user))
        if entry is None or entry.expires <= now or not (session_id is None or session_id == entry.session.id):
            self._drop_expired()
            raise ProtocolError(Code.NOT_IN_SESSION)
        entry.expires = now + self._ttl
        self._entries.move_to_end(entry.session.id)
        holder = self._holders.get(user)
        return None if holder is None or holder.connection is None else holder.place

    async def end(self, user: str, session_id: str) -> Session:
        self._drop_expired()
        if session_id not in self._sessions_of.get(user.lower(), ()):
            raise ProtocolError(Code.NOT_IN_SESSION)
        return self._remove(session_id)

    async def end_with(self, user: str, other: str) -> Session:
        self._drop_expired()
        entry = self._pairs.get((user.lower(), other.lower()))
        if entry is None:
            raise ProtocolError(Code.NOT_IN_SESSION)
        return self._remove(entry.session.id)

    def open_sessions(self) -> int | None:
        return len(self._entries)

    def _free(self, user: str) -> list[Session]:
        del self._holders[user]
        return [self._remove(session_id) for session_id in tuple(self._sessions_of.get(user, ()))]

    def _where(self, name: str) -> str | None:
        holder = self._holders.get(name.lower())
        return None if holder is None or holder.connection is None else holder.place

    def _spelling(self, name: str) -> str:
        holder = self._holders.get(name.lower())
        return name if holder is None else holder.name

    def _check_room(self, initiator: str) -> None:
        user = initiator.lower()
        sessions = (self._entries[session_id].session for session_id in self._sessions_of.get(user, ()))
        if sum(session.initiator.lower() == user for session in sessions) >= MAX_INITIATED:
            raise ProtocolError(Code.SESSION_CREATE_FAILED)

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
