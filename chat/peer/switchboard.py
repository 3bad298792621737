"""Who is on the line: one link for each name, and to whom it belongs what the server says. Mirrors static/js/peer/switchboard.js.

A message goes to the link with the one it is about. Any number of chats may be open, but one call at a time is being made or
rings: a further caller hears `busy` then. One link is selected, which is what the person looks at. A link that is over stays in
the list until it is closed, or another call with that name takes its place. What does not fit is somebody else's fault and
changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from signaling.errors import ProtocolError
from signaling.messages import (
    Answer,
    Error,
    FromServer,
    Ice,
    JoinedPayload,
    KeyExchange,
    Message,
    Offer,
    Relayed,
    SessionDecline,
    SessionDeclined,
    SessionJoined,
    SessionLeft,
    SessionRef,
    is_name,
    same_name,
)

from .classic import Payload
from .errors import PeerError, Unexpected, sentence
from .link import Link
from .unasked import Unasked

MAX_LINKS = 32
"""How many links there may be; of those that are over the oldest makes room."""

_KINDS: dict[type, str] = {Offer: "offer", Answer: "answer", Ice: "ice"}


class Switchboard:
    """`new_link` makes a link with somebody; `send` puts a message on the server's socket; `notice` is for the person, and
    `blocked` says whether they want nothing of a name."""

    def __init__(
        self,
        new_link: Callable[[str], Link],
        send: Callable[[Message], bool],
        notice: Callable[[str], None],
        blocked: Callable[[str], bool],
    ) -> None:
        self.link: Link | None = None
        """The one that the person looks at."""
        self._links: dict[str, Link] = {}
        """By lower-case name, in the order in which they began."""
        self._new_link = new_link
        self._send = send
        self._notice = notice
        self._blocked = blocked
        self._unasked = Unasked()

    # The links

    @property
    def links(self) -> list[Link]:
        """All of them, in the order in which they began."""
        return list(self._links.values())

    def begin(self, name: str) -> Link:
        """Another link takes the place of the one there was with `name`, and of what the person looked at if that is over."""
        self._unasked.take(name)
        before = self.with_(name)
        shown = self.link is None or self.link.over or self.link is before
        self._drop(before)
        self._make_room()
        link = self._links[name.lower()] = self._new_link(name)
        if shown:
            self.link = link
        return link

    def select(self, link: Link | None) -> None:
        """Look at this one, or at none."""
        self.link = link

    def close(self, link: Link) -> None:
        """Take a link that is over from the list."""
        self._drop(link)
        if self.link is link:
            self.link = None

    def with_(self, name: str) -> Link | None:
        """Whatever there is or was with `name`."""
        link = self._links.get(name.lower())
        return link if link is not None and same_name(link.peer, name) else None

    def live_with(self, name: str) -> Link | None:
        """The live link with `name`."""
        link = self.with_(name)
        return link if link is not None and not link.over else None

    def live(self, reason: str) -> Link:
        """The selected link, if it lives. Raises PeerError for `reason`."""
        if self.link is None or self.link.over:
            raise PeerError(reason)
        return self.link

    @property
    def rings(self) -> Link | None:
        """The link that rings."""
        return next((link for link in self.links if link.state == "ringing"), None)

    def ringing(self) -> Link:
        """The link that rings. Raises PeerError."""
        if self.rings is None:
            raise PeerError("no_call")
        return self.rings

    @property
    def calling(self) -> Link | None:
        """The call that is being made, or rings."""
        return next((link for link in self.links if link.is_call), None)

    @property
    def free(self) -> bool:
        """Whether a call could begin."""
        return self.calling is None and (len(self._links) < MAX_LINKS or any(link.over for link in self.links))

    # The server

    def server_lost(self) -> None:
        """Without its socket a client has no sessions, so no call that is still being made."""
        self._unasked.clear()
        for link in self.links:
            if not link.over:
                link.server_lost()

    def server_back(self) -> None:
        """Calls that outlived the socket go on, and what waits for the server waits no more."""
        for link in self.links:
            if not link.over:
                link.server_back()

    def preferred(self) -> None:
        """The person prefers something else than before."""
        for link in self.links:
            if not link.over:
                link.preferred()

    def wake(self) -> None:
        """The network may be another one, or back."""
        for link in self.links:
            if not link.over:
                link.wake()

    def take(self, message: FromServer) -> None:
        """Hand a message on."""
        handler = self._handlers.get(type(message))
        if handler is not None:
            try:
                handler(self, message)
            except (Unexpected, ProtocolError):
                pass
            except Exception as fault:  # noqa: BLE001 - a fault of ours; it must not cost the socket to the server
                context = {"message": "a message of the server could not be handled", "exception": fault}
                asyncio.get_running_loop().call_exception_handler(context)

    def _joined(self, message: SessionJoined) -> None:
        session = message.payload
        link = self.live_with(session.peer) or (self._dialling if session.initiator else None)
        if not is_name(session.peer):
            return
        if link is not None and not link.beside(session):
            link.joined(session)
        else:
            self._unasked.keep(session)

    def _key_exchange(self, message: KeyExchange) -> None:
        sender = message.sender or ""
        session = self._unasked.take(sender)
        link = self.live_with(sender)
        if session is not None:
            self._rung(session, message.body())
        elif link is not None:
            link.key(message.body())

    def _rung(self, session: JoinedPayload, payload: Payload) -> None:
        """A call came in. From whom a chat is open with, it is a handshake for that chat, where there is such a thing; else
        it takes the place of a chat that waits for its path. One of somebody who is blocked goes unanswered."""
        link = self.live_with(session.peer)
        if link is not None and link.renewable:
            link.renewed(session, payload)
            return
        if self._blocked(session.peer):
            return
        if link is not None and link.state == "reconnecting":
            link.failed()
        if self.live_with(session.peer) is None and self.free:
            self.begin(session.peer).ring(session, payload)
        else:
            self._refuse_busy(session)

    def _refuse_busy(self, session: JoinedPayload) -> None:
        self._send(SessionDecline(session_id=session.session_id, payload=SessionRef(reason="busy")))
        self._notice(f"{session.peer} tried to call you and was told that you are busy.")

    def _signal(self, message: Relayed) -> None:
        link = self.live_with(message.sender or "")
        if link is not None:
            session = self._unasked.peek(link.peer)
            link.remote_signal(_KINDS[type(message)], message.body(), session)

    def _declined(self, message: SessionDeclined) -> None:
        link = self.live_with(message.payload.peer)
        if link is not None:
            link.declined(message.payload.reason, message.payload.session_id)

    def _left(self, message: SessionLeft) -> None:
        ended = message.payload
        beside = self._unasked.take(ended.peer)
        link = self.live_with(ended.peer)
        if link is not None:
            was_beside = beside is not None and beside.session_id == ended.session_id
            link.left(ended.reason, None if was_beside else ended.session_id)

    def _error(self, message: Error) -> None:
        """Without a target it is about the socket, or about a session that was over before it was left."""
        if not message.target:
            if message.payload.code != "NOT_IN_SESSION":
                self._notice(sentence(message.payload.code))
            return
        link = self.live_with(message.target)
        if link is not None:
            link.error(message.payload.code, message.session_id)

    _handlers: dict[type, Callable[[Switchboard, Any], None]] = {  # noqa: RUF012 - a table, never changed
        SessionJoined: _joined,
        KeyExchange: _key_exchange,
        Offer: _signal,
        Answer: _signal,
        Ice: _signal,
        SessionDeclined: _declined,
        SessionLeft: _left,
        Error: _error,
    }

    @property
    def _dialling(self) -> Link | None:
        """The link that waits for the server's answer to its call."""
        return next((link for link in self.links if link.dialling), None)

    def _drop(self, link: Link | None) -> None:
        if link is not None:
            link.forget()
            del self._links[link.peer.lower()]

    def _make_room(self) -> None:
        over = (link for link in self.links if link.over and link is not self.link)
        if len(self._links) >= MAX_LINKS:
            self._drop(next(over, None))
