"""The rules of the matchmaker (docs/protocol.md, section 1): who may ask what, and who then hears what.

A `Client` joins, is received from frame by frame, and leaves. One that claims its name with a key first proves that the
key is its own, and until then it is served nothing; when it goes, its name and sessions stay for their lease. Where names and sessions are kept is the store's affair,
how a frame reaches a socket the post's. The hub itself remembers who is here, and how much each address has asked of it.

- What is wrong with a request is raised as `ProtocolError`; `receive` adds whom the request was for.
- The guest of a session hears `session:joined` before its initiator, so nothing of the initiator's can overtake it.
- A relayed message is one decode, one touch of the session, one encode, one delivery.
"""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from . import names
from .errors import Close, Code, ProtocolError
from .ice import IceServers
from .leases import After, Gone, Leases
from .limits import Addresses, Allowance, Limits
from .messages import (
    AuthOk,
    AuthResponse,
    CreatedPayload,
    EndedPayload,
    FromClient,
    JoinedPayload,
    Message,
    Relayed,
    SessionConnect,
    SessionCreate,
    SessionCreated,
    SessionDecline,
    SessionDeclined,
    SessionJoin,
    SessionJoined,
    SessionLeave,
    SessionLeft,
    SessionRef,
    WelcomePayload,
    dump,
    is_name,
    is_session_id,
    is_too_large,
    parse_from_client,
    same_name,
)
from .meter import UNCOUNTED, Meter
from .proof import Keyed, Line, proven_key
from .sessions.base import At, Claim, NameLost, Session, Store, StoreUnavailable

CLAIMED_AT_ONCE = 200
"""How many names are asked for at once when all are."""

DECLINED = "declined"
DECLINE_REASONS = frozenset({DECLINED, "busy", "invite_used", "invite_expired", "invite_unknown"})


class Post(Protocol):
    """Takes frames to whoever is online. Names that differ only in case are one name."""

    @property
    def place(self) -> str:
        """Where the sockets that are attached here are."""

    def attach(self, name: str, connection: str, line: Line) -> None:
        """From now on, frames for `name` go down `line`. One that they went down before is ended."""

    def detach(self, name: str, connection: str) -> None:
        """Undo `attach`; nothing when `name` is another connection's by now."""

    async def deliver(self, at: At, name: str, frame: str) -> bool:
        """Hand `frame` to the connection that has `name`; False when that is not possible now. Never raises."""

    async def together(self, deliveries: Sequence[Coroutine[Any, Any, None]]) -> None:
        """Wait for several deliveries, of which one that takes long holds up no other."""

    async def replace(self, at: At, name: str) -> None:
        """The connection has lost its name to a newer one of the same owner. Never raises."""


@dataclass(slots=True, eq=False)
class Client:
    """A connection that owns a name. `checked` is the target and the session of its last relayed message."""

    owner: names.Owner
    allowance: Allowance
    line: Line
    name: str = field(init=False)
    checked: tuple[str, str | None] | None = None

    def __post_init__(self) -> None:
        self.name = self.owner.name


class Hub:
    """See the module. `clock` counts seconds and never goes back; `new_id` makes UUIDs, `random` so many bytes."""

    def __init__(
        self,
        *,
        store: Store,
        post: Post,
        ice: IceServers,
        limits: Limits,
        origins: names.Origins,
        after: After | None,
        meter: Meter = UNCOUNTED,
        clock: Callable[[], float] = time.monotonic,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._store = store
        self._post = post
        self._ice = ice
        self._addresses = Addresses(limits)
        self._origins = origins
        self._leases = Leases(store, after, self._tell_gone)
        self._clients: set[Client] = set()
        self._meter = meter
        self._owed: list[names.Owner] = []
        self._clock = clock
        self._new_id = new_id
        self._random = random

    async def join(self, name: str, address: str, line: Line, keyed: Keyed | None = None) -> Client:
        """Let a connection in under `name`. Raises `ProtocolError` with a close code when it cannot be."""
        owner = names.claimant(name, self._new_id())
        allowance = self._addresses.admit(address, self._clock())
        try:
            if keyed is not None:
                owner = replace(owner, key=await proven_key(name, line, keyed, self._origins, self._random))
        except BaseException:
            self._addresses.leave(address, self._clock())
            raise
        client = Client(owner, allowance, line)
        try:
            await self._let_in(client, keyed)
        except StoreUnavailable:
            await self.leave(client)
            raise ProtocolError(Code.SERVER_BUSY, close=Close.GOING_DOWN) from None
        except BaseException:
            await self.leave(client)
            raise
        return client

    async def _let_in(self, client: Client, keyed: Keyed | None) -> None:
        """Give the name to a client, unless it is another's. Of what its socket is sent, `auth:ok` is the first."""
        await self._leases.end_before_a_claim()
        claim = await self._claim(client)
        if not claim.granted:
            raise names.taken()
        self._clients.add(client)
        self._post.attach(client.name, client.owner.connection, client.line)
        await self._replace(client, claim)
        if keyed:
            await client.line.push(dump(AuthOk(payload=WelcomePayload(client.name))))

    async def _claim(self, client: Client, *, again: bool = False) -> Claim:
        owner = client.owner
        return await self._store.claim(owner.name, owner.connection, owner.key, self._post.place, again=again)

    async def _replace(self, client: Client, claim: Claim) -> None:
        """A connection of the same owner, which had the name before, has to go."""
        if claim.replaced is not None:
            await self._post.replace(claim.replaced, client.name)

    @property
    def open_sessions(self) -> int | None:
        """How many sessions there are, where the store knows it without asking anybody."""
        return self._store.open_sessions()

    async def claim_again(self) -> int:
        """Claim the names of all who are here, from a store that has forgotten them; how many. Raises `StoreUnavailable`.

        Who has lost the name meanwhile is sent away, to ask for it anew.
        """
        clients = tuple(self._clients)
        for start in range(0, len(clients), CLAIMED_AT_ONCE):
            await asyncio.gather(*map(self._renew, clients[start : start + CLAIMED_AT_ONCE]))
        return len(clients)

    async def _renew(self, client: Client) -> None:
        claim = await self._claim(client, again=True)
        if not claim.granted:
            self._send_away(client, claim.key)
        elif client not in self._clients:
            await self._release(client.owner)  # it left meanwhile

    def _send_away(self, client: Client, key: str | None) -> None:
        """A client's name belongs to `key` now, and to another connection."""
        is_owners = key is not None and key == client.owner.key
        client.line.end(Close.REPLACED if is_owners else Close.GOING_DOWN)

    async def catch_up(self) -> None:
        """Tell the store who left while it was away, and end the leases that are over. Raises `StoreUnavailable`."""
        while self._owed:
            some, self._owed = self._owed[:CLAIMED_AT_ONCE], self._owed[CLAIMED_AT_ONCE:]
            try:
                await asyncio.gather(*map(self._release, some))
            except StoreUnavailable:
                self._owed += some
                raise
        while await self._leases.end() == 0:
            pass  # there is more

    async def leave(self, client: Client) -> None:
        """A connection is gone. With it go its name and its sessions, or their lease begins."""
        self._clients.discard(client)
        self._post.detach(client.name, client.owner.connection)
        self._addresses.leave(client.allowance.address, self._clock())
        if client.owner.key is not None:
            self._leases.begun()
        try:
            await self._release(client.owner)
        except StoreUnavailable:
            self._owed.append(client.owner)

    async def _release(self, owner: names.Owner) -> None:
        ended = await self._store.release(owner.name, owner.connection)
        await self._tell_gone([(owner.name, session) for session in ended])

    async def receive(self, client: Client, frame: str) -> None:
        """Act on a client's text frame. Raises `ProtocolError`, with a close code where the socket must not live on."""
        message = self._read(client, frame)
        try:
            if isinstance(message, Relayed):  # nearly always, and so without a step of its own
                checked = client.checked
                if checked is None or checked != (message.target, message.session_id):
                    checked = client.checked = self._check(client, message)
                target, session_id = checked
                at = await self._store.touch(client.name, client.owner.connection, target, session_id)
                message.sender = client.name
                if at is None or not await self._post.deliver(at, target, dump(message)):
                    raise ProtocolError(Code.RELAY_FAILED)
                self._meter.relayed(type(message), here=at.place == self._post.place)
            else:
                await _HANDLERS[type(message)](self, client, message)
        except ProtocolError as error:
            error.target = message.target or None
            error.session_id = message.session_id if is_session_id(message.session_id or "") else None
            raise
        except StoreUnavailable:
            raise ProtocolError(Code.SERVER_BUSY, target=message.target or None) from None
        except NameLost as lost:
            self._send_away(client, lost.key)

    def _read(self, client: Client, frame: str) -> FromClient:
        if is_too_large(frame):
            raise ProtocolError(Code.MESSAGE_TOO_LARGE, close=Close.TOO_LARGE)
        try:
            client.allowance.message(self._clock())
        except ProtocolError as refusal:
            refusal.target = _target_of(frame)
            raise
        return parse_from_client(frame)

    async def _connect(self, client: Client, message: SessionConnect) -> None:
        target = _target(client, message)
        client.allowance.call(self._clock())
        new_id = self._new_id()
        session = await self._store.connect(new_id, client.name, client.owner.connection, target)
        self._meter.session("opened" if session.id == new_id else "resumed")
        await self._tell_joined(session)

    async def _create(self, client: Client, message: SessionCreate) -> None:
        client.allowance.call(self._clock())
        session = await self._store.create(self._new_id(), client.name, client.owner.connection)
        self._meter.session("created")
        await self._send(client.name, SessionCreated(payload=CreatedPayload(session.id)))

    async def _join(self, client: Client, message: SessionJoin) -> None:
        session_id = _session_id(message, message.payload)
        if session_id is None:
            raise ProtocolError(Code.MISSING_SESSION_ID)
        client.allowance.call(self._clock())
        session = await self._store.join(session_id, client.name, client.owner.connection)
        self._meter.session("opened" if session.id == session_id else "resumed")
        await self._tell_joined(session)

    async def _decline(self, client: Client, message: SessionDecline) -> None:
        session = await self._end(client, message)
        self._meter.session("declined")
        reason = message.payload and message.payload.reason
        reason = reason if reason in DECLINE_REASONS else DECLINED
        if peer := session.other(client.name):
            await self._send(peer, SessionDeclined(payload=EndedPayload(session.id, client.name, reason)))

    async def _leave(self, client: Client, message: SessionLeave) -> None:
        session = await self._end(client, message)
        self._meter.session("left")
        await self._tell_left(client.name, session, "left")

    async def _authenticate(self, client: Client, message: AuthResponse) -> None:
        raise ProtocolError(Code.INVALID_MESSAGE)  # nobody asked

    def _check(self, client: Client, message: Relayed) -> tuple[str, str | None]:
        """Whom a relayed message is for, and in which session; what was good once is not looked at again."""
        target = _target(client, message)
        message.session_id = _session_id(message)
        return target, message.session_id

    async def _end(self, client: Client, message: SessionDecline | SessionLeave) -> Session:
        """End the session that the message means: by its id, else the one with its target."""
        session_id = _session_id(message, message.payload)
        if session_id is not None:
            return await self._store.end(client.name, client.owner.connection, session_id)
        if not message.target:
            raise ProtocolError(Code.MISSING_SESSION_ID)
        return await self._store.end_with(client.name, client.owner.connection, message.target)

    async def _tell_joined(self, session: Session) -> None:
        for name, initiator in ((session.guest, False), (session.initiator, True)):
            if name and (peer := session.other(name)):
                joined = JoinedPayload(session.id, peer, initiator, self._ice.fresh())
                await self._send(name, SessionJoined(payload=joined))

    async def _tell_gone(self, gone: Gone) -> None:
        await self._post.together([self._tell_one_gone(name, session) for name, session in gone])

    async def _tell_one_gone(self, name: str, session: Session) -> None:
        self._meter.session("gone")
        await self._tell_left(name, session, "gone")

    async def _tell_left(self, name: str, session: Session, reason: str) -> None:
        if peer := session.other(name):
            await self._send(peer, SessionLeft(payload=EndedPayload(session.id, name, reason)))

    async def _send(self, name: str, message: Message) -> None:
        at = await self._store.where(name)
        if at is not None:
            await self._post.deliver(at, name, dump(message))


_HANDLERS: Mapping[type[FromClient], Callable[[Hub, Client, Any], Awaitable[None]]] = {
    AuthResponse: Hub._authenticate,
    SessionConnect: Hub._connect,
    SessionCreate: Hub._create,
    SessionJoin: Hub._join,
    SessionDecline: Hub._decline,
    SessionLeave: Hub._leave,
}


def _target(client: Client, message: Message) -> str:
    if not message.target:
        raise ProtocolError(Code.MISSING_TARGET)
    if not is_name(message.target) or same_name(message.target, client.name):
        raise ProtocolError(Code.INVALID_TARGET)
    return message.target


def _session_id(message: Message, payload: SessionRef | None = None) -> str | None:
    """The id that a message names, in its envelope first, as the store writes ids; an empty one is none."""
    session_id = message.session_id or (payload and payload.session_id) or None
    if session_id is not None and not is_session_id(session_id):
        raise ProtocolError(Code.INVALID_SESSION_ID)
    return session_id and session_id.lower()


def _target_of(frame: str) -> str | None:
    """Whom a frame that is not acted upon was for."""
    try:
        return parse_from_client(frame).target or None
    except ProtocolError as error:
        return error.target
