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
from dataclasses import dataclass, field
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
from . import verification
from .classic import Classic, Payload
from .errors import PeerError, Unexpected, sentence
from .identity import Identity, Pin
from .invitation import Invitation
from .kept_invites import LIFETIME_MS
from .link import Link, Surroundings
from .lowkey2 import Lowkey2
from .messages import Message
from .ownership import origin_of
from .primitives import Random, b64url
from .signaling_client import SignalingClient
from .signaling_client import State as ServerState
from .suite import Suite
from .verifying import Verifying

MAX_UNASKED = 64
"""Sessions remembered that nobody here asked for."""

MAX_HISTORIES = 32
"""Names whose earlier messages are kept while the peer lives."""

SERVER_SENTENCES: dict[str, str] = {
    "connecting": "Connecting to the server…",
    "online": "Online",
    "offline": "The server cannot be reached. Trying again…",
}

_KINDS: dict[type, str] = {Offer: "offer", Answer: "answer", Ice: "ice"}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What there is to show. `messages` are those exchanged with the device called `peer`, oldest first.

    `invited`: the call that rings comes with an invite of this person's. `classic_warning`: the person is to say whether to go
    on with a peer that cannot be verified. `changed`: the pin that the other's key differs from, while nothing is decided.
    `known_as`: other names of the other's device. `verifying` is None while there is nothing to verify.
    """

    name: str
    server_state: ServerState
    server_sentence: str
    chat_state: links.State
    chat_sentence: str
    peer: str | None = None
    trust: str | None = None
    invited: bool = False
    classic_warning: bool = False
    changed: Pin | None = None
    known_as: tuple[str, ...] = ()
    verifying: Verifying | None = None
    invitation: Invitation | None = None
    messages: list[Message] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Invited:
    """An invite to hand over: its link, and until when it is good, in milliseconds since 1970."""

    link: str
    expires: int


class Listener:
    """Hears what happens; override what is of interest."""

    def changed(self) -> None:
        """Something in the snapshot changed."""

    def received(self, message: Message) -> None:
        """A message came from the other side."""

    def notice(self, text: str) -> None:
        """A passing sentence for the person."""


class Peer:
    """One person's end, on the device of `identity`.

    Raises PeerError for a name that cannot be one, ValueError for a server that cannot.
    """

    def __init__(
        self,
        name: str,
        server: str,
        identity: Identity,
        *,
        listener: Listener | None = None,
        rng: Random = os.urandom,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not is_name(name):
            raise PeerError("bad_name")
        self.name = name
        self._origin = origin_of(server)
        self._identity = identity
        self._listener = listener or Listener()
        self._random = rng
        self._now = now
        self._clock = clock
        self._signaling = SignalingClient(server, name, self, key=identity.name_key(name))
        self._link: Link | None = None
        self._invitation: Invitation | None = None
        self._unasked: dict[str, JoinedPayload] = {}
        self._histories: dict[tuple[str, bytes | None], list[Message]] = {}

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
        if self._rings(peer) and self._identity.opened_invite(peer) is None:
            self.accept()
            return
        if self._link is not None and not self._link.over and not self._rings(peer):
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

    def accept_classic(self) -> None:
        """Go on with a peer that cannot be verified. Raises PeerError."""
        self._asked(self._live("no_call").warned).accept_classic()

    def refuse_classic(self) -> None:
        """Do not. Raises PeerError."""
        self._asked(self._live("no_call").warned).refuse_classic()

    def accept_key(self) -> None:
        """Go on with another device than the one known by this name. Raises PeerError."""
        self._asked(self._live("no_call").state == "blocked").accept_key()

    def refuse_key(self) -> None:
        """Do not. Raises PeerError."""
        self._asked(self._live("no_call").state == "blocked").refuse_key()

    def send(self, body: str) -> Message:
        """Queue a message; its status tells the rest. Raises PeerError."""
        return self._live("no_chat").send(body)

    def retry(self, message_id: str) -> None:
        """Send a failed message again. Raises PeerError."""
        self._live("no_chat").retry(message_id)

    def verify(self) -> None:
        """Compare emoji with the other one, whose side shows them too. Raises PeerError."""
        self._live("no_chat").verify()

    def confirm(self, matches: bool) -> None:
        """What was compared, emoji or safety numbers, matches, or does not. Raises PeerError."""
        self._live("no_chat").confirm(matches)

    def safety_number(self) -> str:
        """60 digits to compare; takes some 50 ms. Raises PeerError."""
        suite = self._live("no_chat").suite
        if suite is None or suite.their_identity is None:
            raise PeerError("not_verifiable")
        return suite.safety_number()

    def qr_text(self) -> str:
        """What the QR code of the safety number holds. Raises PeerError."""
        return verification.qr_text(self.safety_number())

    def create_invite(self) -> Invited:
        """A new invite to call this person: it is good once, for a day."""
        invite = self._identity.new_invite(self.name)
        return Invited(invite.link(self._origin), int(self._now() * 1000) + LIFETIME_MS)

    def open_invite(self, fragment: str) -> None:
        """Take the fragment of an invite's link, and call who made it as soon as this peer is online."""
        self._invitation = Invitation.open(fragment, self.name, self._identity)
        self._follow_invitation()
        self._listener.changed()

    def dismiss_invite(self) -> None:
        """Speak no more of the invite that was opened."""
        self._invitation = None
        self._listener.changed()

    def snapshot(self) -> Snapshot:
        """What there is to show now."""
        link, server = self._link, self._signaling.state
        told = SERVER_SENTENCES.get(server) or sentence(self._signaling.refusal)
        at_the_server = (self.name, server, told)
        if link is None:
            return Snapshot(*at_the_server, "idle", links.SENTENCES["idle"], invitation=self._invitation)
        suite = link.suite
        return Snapshot(
            *at_the_server,
            chat_state=link.state,
            chat_sentence=link.sentence,
            peer=link.peer,
            trust=link.trust,
            invited=suite is not None and suite.invited,
            classic_warning=link.warned,
            changed=suite.changed if suite else None,
            known_as=tuple(suite.known_as) if suite else (),
            verifying=link.verifying,
            invitation=self._invitation,
            messages=link.messages,
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
        link = self._link_with(session.peer) or (self._dialling if session.initiator else None)
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
            self._rung(session, message.body())
        elif link is not None:
            link.key(message.body())

    def _rung(self, session: JoinedPayload, payload: Payload) -> None:
        """A call came in. From whom a chat is open with, it is a handshake for that chat, where there is such a thing; else
        it takes the place of a chat that waits for its path."""
        link = self._link_with(session.peer)
        if link is not None and link.renewable:
            link.renewed(session, payload)
            return
        if link is not None and link.state == "reconnecting":
            link.failed()
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
            received=self._received,
            notice=self._listener.notice,
            history=self._history,
            now=lambda: int(self._now() * 1000),
            new_id=lambda: b64url(self._random(16)),
            after=asyncio.get_running_loop().call_later,
            suites=self._suites,
        )
        self._unasked.pop(peer.lower(), None)
        if self._link is not None:
            self._link.forget()
        pin = self._identity.pin(peer)
        self._link = Link(peer, around, pin.identity if pin else None)
        return self._link

    def _suites(self, peer: str) -> list[Suite]:
        """What this side speaks with `peer`. Who is known by a key, or calls under an invite, is never classic."""
        invite = self._identity.opened_invite(peer)
        known = invite is not None or self._identity.pin(peer) is not None
        lowkey2 = Lowkey2(self.name, peer, self._identity, random=self._random, clock=self._clock, invite=invite)
        return [lowkey2, Classic(self._random, refused=known)]

    def _history(self, name: str, identity: bytes | None) -> list[Message]:
        """The messages with somebody, who becomes the newest; the oldest are forgotten when there are too many."""
        key = (name.lower(), identity)
        messages = self._histories.pop(key, [])
        self._histories[key] = messages
        if len(self._histories) > MAX_HISTORIES:
            del self._histories[next(iter(self._histories))]
        return messages

    def _follow_invitation(self) -> None:
        """Call under the invite that was opened, once that is possible, and see what comes of it."""
        invitation, link = self._invitation, self._link
        if invitation is None:
            return
        if invitation.state == "waiting" and self._signaling.state == "online" and (link is None or link.over):
            invitation.state = "calling"
            self.dial(invitation.peer)
        elif link is not None and same_name(link.peer, invitation.peer):
            if link.trust == "verified" and invitation.state in ("calling", "offline"):
                invitation.state = "done"
            elif link.over:
                invitation.ended(link.reason)

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

    @property
    def _dialling(self) -> Link | None:
        """The link that waits for the server's answer to its call."""
        return self._link if self._link is not None and self._link.dialling else None

    def _rings(self, name: str) -> bool:
        link = self._link_with(name)
        return link is not None and link.state == "ringing"

    def _asked(self, about_it: bool) -> Link:
        """The link whose question the person answers. Raises PeerError when there is none."""
        if not about_it or self._link is None:
            raise PeerError("no_call")
        return self._link

    def _received(self, message: Message) -> None:
        self._listener.received(message)

    def _changed(self) -> None:
        self._follow_invitation()
        self._listener.changed()
