"""A peer: a name, its socket to the server, and at most one call or chat at a time. Mirrors static/js/peer/peer.js.

The peer routes: what the server says goes to the link with the one it is about, and what the person asks for to the link
there is. Second callers hear `busy`. A session that the server opens unasked does nothing until a `key:exchange` comes.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from signaling.errors import ProtocolError
from signaling.messages import (
    Answer,
    Error,
    FromServer,
    Ice,
    JoinedPayload,
    KeyExchange,
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

from . import link as links
from .classic import Classic
from .errors import PeerError, Unexpected, sentence
from .link import Link, Surroundings
from .messages import Message
from .primitives import Random, b64url
from .signaling_client import SignalingClient
from .signaling_client import State as ServerState

MAX_UNASKED = 64
"""Sessions remembered that nobody here asked for."""

MAX_HISTORIES = 32
"""Names whose earlier messages are kept while the peer lives."""

SERVER_SENTENCES: dict[ServerState, str] = {
    "connecting": "Connecting to the server…",
    "online": "Online",
    "offline": "The server cannot be reached. Trying again…",
    "taken": sentence("USERNAME_TAKEN"),
    "replaced": sentence("replaced"),
    "refused": sentence("INVALID_USERNAME"),
}

_KINDS: dict[type, str] = {Offer: "offer", Answer: "answer", Ice: "ice"}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What there is to show. `messages` are those exchanged under the name `peer`, oldest first."""

    name: str
    server_state: ServerState
    server_sentence: str
    chat_state: links.State
    chat_sentence: str
    peer: str | None
    trust: str | None
    messages: list[Message]


class Listener:
    """Hears what happens; override what is of interest."""

    def changed(self) -> None:
        """Something in the snapshot changed."""

    def received(self, message: Message) -> None:
        """A message came from the other side."""

    def notice(self, text: str) -> None:
        """A passing sentence for the person."""


class Peer:
    """One person's end. Raises PeerError for a name that cannot be one, ValueError for a server that cannot."""

    def __init__(
        self,
        name: str,
        server: str = "http://127.0.0.1:8080",
        *,
        listener: Listener | None = None,
        rng: Random = os.urandom,
        now: Callable[[], float] = time.time,
    ) -> None:
        if not is_name(name):
            raise PeerError("bad_name")
        self.name = name
        self._listener = listener or Listener()
        self._random = rng
        self._now = now
        self._signaling = SignalingClient(server, name, self)
        self._link: Link | None = None
        self._unasked: dict[str, JoinedPayload] = {}
        self._history: dict[str, list[Message]] = {}

    # The person

    def start(self) -> None:
        """Go online, and stay so until `stop`."""
        self._signaling.start()

    async def stop(self) -> None:
        """End the call or chat, tell the other side, and go offline."""
        if self._link is not None:
            if not self._link.over:
                self.end()
            await self._link.wait_closed()
        await self._signaling.stop()

    def wake(self) -> None:
        """The network may be back: try the server now."""
        self._signaling.wake()

    def dial(self, peer: str) -> None:
        """Call somebody; to call who is calling is to accept. Raises PeerError."""
        if not is_name(peer):
            raise PeerError("bad_name")
        if same_name(peer, self.name):
            raise PeerError("own_name")
        if self._signaling.state != "online":
            raise PeerError("not_online")
        if self._link is not None and self._link.state == "ringing" and same_name(peer, self._link.peer):
            self.accept()
            return
        if self._link is not None and not self._link.over:
            raise PeerError("in_call")
        self._begin(peer).dial()

    def accept(self) -> None:
        """Accept the call that rings. Raises PeerError."""
        self._ringing().accept()

    def decline(self) -> None:
        """Decline the call that rings. Raises PeerError."""
        self._ringing().decline()

    def cancel(self) -> None:
        """Hang up on an outgoing call. Raises PeerError."""
        self.end()

    def end(self) -> None:
        """End whatever there is: a chat, a call being made, or one that rings. Raises PeerError."""
        link = self._live("no_call")
        if link.state == "ringing":
            link.decline()
        else:
            link.end()

    def send(self, body: str) -> Message:
        """Queue a message; its status tells the rest. Raises PeerError."""
        return self._live("no_chat").send(body)

    def retry(self, message_id: str) -> None:
        """Send a failed message again. Raises PeerError."""
        self._live("no_chat").retry(message_id)

    def snapshot(self) -> Snapshot:
        """What there is to show now."""
        link, server = self._link, self._signaling.state
        return Snapshot(
            name=self.name,
            server_state=server,
            server_sentence=SERVER_SENTENCES[server],
            chat_state=link.state if link else "idle",
            chat_sentence=link.sentence if link else links.SENTENCES["idle"],
            peer=link.peer if link else None,
            trust=link.trust if link else None,
            messages=link.messages if link else [],
        )

    # The server (SignalingClient's listener)

    def server_state(self, state: ServerState) -> None:
        """Without its socket a client has no sessions, so no call that is still being made."""
        if state != "online":
            self._unasked.clear()
            if self._link is not None and not self._link.over:
                self._link.server_lost()
        self._changed()

    def server_message(self, message: FromServer) -> None:
        """Hand a message on. One that does not fit is somebody else's fault and changes nothing here."""
        handler = self._handlers.get(type(message))
        if handler is not None:
            with suppress(Unexpected, ProtocolError):
                handler(self, message)

    def _joined(self, message: SessionJoined) -> None:
        session = message.payload
        link = self._link_with(session.peer)
        if not is_name(session.peer):
            return
        if link is not None and not link.beside(session):
            link.joined(session)
        else:
            self._unasked[session.peer.lower()] = session
            if len(self._unasked) > MAX_UNASKED:
                del self._unasked[next(iter(self._unasked))]

    def _key_exchange(self, message: KeyExchange) -> None:
        sender = message.sender or ""
        session = self._unasked.pop(sender.lower(), None)
        link = self._link_with(sender)
        if session is not None:
            self._rung(session, message)
        elif link is not None:
            link.key(message.body())

    def _rung(self, session: JoinedPayload, message: KeyExchange) -> None:
        """A call came in. One from whom the path was lost takes the place of the chat that waits for it."""
        payload = message.body()
        lost = self._link_with(session.peer)
        if lost is not None and lost.state == "reconnecting":
            lost.failed()
        if self._link is not None and not self._link.over:
            self._signaling.send(SessionDecline(session_id=session.session_id, payload=SessionRef(reason="busy")))
            self._listener.notice(f"{session.peer} tried to call you and was told that you are busy.")
            return
        self._begin(session.peer).ring(session, payload)

    def _signal(self, message: Relayed) -> None:
        link = self._link_with(message.sender or "")
        if link is not None:
            link.remote_signal(_KINDS[type(message)], message.body())

    def _declined(self, message: SessionDeclined) -> None:
        link = self._link_with(message.payload.peer)
        if link is not None:
            link.declined(message.payload.reason, message.payload.session_id)

    def _left(self, message: SessionLeft) -> None:
        self._unasked.pop(message.payload.peer.lower(), None)
        link = self._link_with(message.payload.peer)
        if link is not None:
            link.left(message.payload.reason, message.payload.session_id)

    def _error(self, message: Error) -> None:
        """Without a target it is about the socket, or about a session that was over before it was left."""
        if not message.target:
            if message.payload.code != "NOT_IN_SESSION":
                self._listener.notice(sentence(message.payload.code))
            return
        link = self._link_with(message.target)
        if link is not None:
            link.error(message.payload.code, message.session_id)

    _handlers: dict[type, Callable[[Peer, Any], None]] = {  # noqa: RUF012 - a table, never changed
        SessionJoined: _joined,
        KeyExchange: _key_exchange,
        Offer: _signal,
        Answer: _signal,
        Ice: _signal,
        SessionDeclined: _declined,
        SessionLeft: _left,
        Error: _error,
    }

    # Inside

    def _begin(self, peer: str) -> Link:
        around = Surroundings(
            send=self._signaling.send,
            changed=self._changed,
            received=self._listener.received,
            now=lambda: int(self._now() * 1000),
            new_id=self._new_id,
            after=asyncio.get_running_loop().call_later,
            suites=[lambda: Classic(self._random)],
        )
        self._unasked.pop(peer.lower(), None)
        self._link = Link(peer, around, self._messages_with(peer.lower()))
        return self._link

    def _messages_with(self, name: str) -> list[Message]:
        """The messages under a name, which becomes the newest; the oldest is forgotten when there are too many."""
        messages = self._history.pop(name, [])
        self._history[name] = messages
        if len(self._history) > MAX_HISTORIES:
            del self._history[next(iter(self._history))]
        return messages

    def _live(self, reason: str) -> Link:
        if self._link is None or self._link.over:
            raise PeerError(reason)
        return self._link

    def _ringing(self) -> Link:
        link = self._live("no_call")
        if link.state != "ringing":
            raise PeerError("no_call")
        return link

    def _link_with(self, name: str) -> Link | None:
        """The live link with `name`, if that is who it is with."""
        link = self._link
        return link if link is not None and not link.over and same_name(link.peer, name) else None

    def _new_id(self) -> str:
        return b64url(self._random(16))

    def _changed(self) -> None:
        self._listener.changed()
