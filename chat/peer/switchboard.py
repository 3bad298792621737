"""Who is on the line: the one link there is, and to whom it belongs what the server says. Mirrors static/js/peer/switchboard.js.

A message goes to the link with the one it is about. Second callers hear `busy`. What does not fit is somebody else's fault and
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

_KINDS: dict[type, str] = {Offer: "offer", Answer: "answer", Ice: "ice"}


class Switchboard:
    """`new_link` makes a link with somebody; `send` puts a message on the server's socket; `notice` is for the person."""

    def __init__(
        self, new_link: Callable[[str], Link], send: Callable[[Message], bool], notice: Callable[[str], None]
    ) -> None:
        self.link: Link | None = None
        """With whom one is, or was last."""
        self._new_link = new_link
        self._send = send
        self._notice = notice
        self._unasked = Unasked()

    # The link

    def begin(self, name: str) -> Link:
        """Another link takes the place of the one there was."""
        self._unasked.take(name)
        if self.link is not None:
            self.link.forget()
        self.link = self._new_link(name)
        return self.link

    def live(self, reason: str) -> Link:
        """The link there is now. Raises PeerError for `reason`."""
        if self.link is None or self.link.over:
            raise PeerError(reason)
        return self.link

    def ringing(self) -> Link:
        """The link that rings. Raises PeerError."""
        link = self.live("no_call")
        if link.state != "ringing":
            raise PeerError("no_call")
        return link

    def live_with(self, name: str) -> Link | None:
        """The live link with `name`, if that is who it is with."""
        link = self.link
        return link if link is not None and not link.over and same_name(link.peer, name) else None

    @property
    def free(self) -> bool:
        """Whether there is neither a call nor a chat."""
        return self.link is None or self.link.over

    # The server

    def server_lost(self) -> None:
        """Without its socket a client has no sessions, so no call that is still being made."""
        self._unasked.clear()
        if self.link is not None and not self.link.over:
            self.link.server_lost()

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
        it takes the place of a chat that waits for its path."""
        link = self.live_with(session.peer)
        if link is not None and link.renewable:
            link.renewed(session, payload)
            return
        if link is not None and link.state == "reconnecting":
            link.failed()
        if self.free:
            self.begin(session.peer).ring(session, payload)
        else:
            self._refuse_busy(session)

    def _refuse_busy(self, session: JoinedPayload) -> None:
        self._send(SessionDecline(session_id=session.session_id, payload=SessionRef(reason="busy")))
        self._notice(f"{session.peer} tried to call you and was told that you are busy.")

    def _signal(self, message: Relayed) -> None:
        link = self.live_with(message.sender or "")
        if link is not None:
            link.remote_signal(_KINDS[type(message)], message.body())

    def _declined(self, message: SessionDeclined) -> None:
        link = self.live_with(message.payload.peer)
        if link is not None:
            link.declined(message.payload.reason, message.payload.session_id)

    def _left(self, message: SessionLeft) -> None:
        self._unasked.take(message.payload.peer)
        link = self.live_with(message.payload.peer)
        if link is not None:
            link.left(message.payload.reason, message.payload.session_id)

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
        return self.link if self.link is not None and self.link.dialling else None
