"""A peer: a name, its socket to the server, and at most one call or chat at a time. Mirrors static/js/peer/peer.js.

What the person asks for goes to the link there is, and what the server says is the switchboard's. A session that the server
opens unasked does nothing until a `key:exchange` comes.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable

from signaling.messages import FromServer, is_name, same_name
from signaling.messages import Message as Signaling

from . import verification
from .classic import Classic
from .errors import PeerError
from .histories import Histories
from .identity import Identity
from .invitation import Invitation
from .kept_invites import LIFETIME_MS
from .link import Link
from .lowkey2 import Lowkey2
from .messages import Message
from .ownership import origin_of
from .primitives import Random, b64url
from .signaling_client import SignalingClient
from .signaling_client import State as ServerState
from .snapshot import Invited, Listener, Snapshot, snapshot_of
from .suite import Suite
from .surroundings import Surroundings
from .switchboard import Switchboard


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
        self._board = Switchboard(self._new_link, self._send, self._listener.notice)
        self._invitation: Invitation | None = None
        self._histories = Histories()

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
        link = self._board.live_with(peer)
        rings = link is not None and link.state == "ringing"
        if rings and self._identity.opened_invite(peer) is None:
            self.accept()
        elif rings or self._board.free:
            self._board.begin(peer).dial()
        else:
            raise PeerError("in_call")

    def accept(self) -> None:
        """Accept the call that rings. Raises PeerError."""
        self._board.ringing().accept()

    def decline(self) -> None:
        """Decline the call that rings. Raises PeerError."""
        self._board.ringing().decline()

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
        """Go on with another device than the one known by this name. Where the call that this person made is over
        meanwhile, it is made again. Raises PeerError."""
        link = self._asked(self._live("no_call").state == "blocked")
        again = link.outlived and link.dialled and self._signaling.state == "online"
        if again:
            link.forget()
        link.accept_key()
        if again:
            self._board.begin(link.peer).dial()

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
        return snapshot_of(
            self.name, self._signaling.state, self._signaling.refusal, self._board.link, self._invitation
        )

    # The server (SignalingClient's listener)

    def server_state(self, state: ServerState) -> None:
        if state != "online":
            self._board.server_lost()
        self._changed()

    def server_message(self, message: FromServer) -> None:
        self._board.take(message)

    # Inside

    def _new_link(self, peer: str) -> Link:
        pin = self._identity.pin(peer)
        return Link(peer, self._surroundings(), pin.identity if pin else None)

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            send=self._send,
            changed=self._changed,
            received=self._received,
            notice=self._listener.notice,
            history=self._histories.of,
            now=lambda: int(self._now() * 1000),
            clock=self._clock,
            new_id=lambda: b64url(self._random(16)),
            after=asyncio.get_running_loop().call_later,
            suites=self._suites,
        )

    def _suites(self, peer: str) -> list[Suite]:
        """What this side speaks with `peer`. Who is known by a key, or calls under an invite, is never classic."""
        invite = self._identity.opened_invite(peer)
        known = invite is not None or self._identity.pin(peer) is not None
        lowkey2 = Lowkey2(self.name, peer, self._identity, random=self._random, clock=self._clock, invite=invite)
        return [lowkey2, Classic(self._random, refused=known)]

    def _follow_invitation(self) -> None:
        """Call under the invite that was opened, once that is possible, and see what comes of it."""
        invitation, link = self._invitation, self._board.link
        if invitation is None:
            return
        invitation.held = not self._board.free
        if invitation.state == "waiting" and self._signaling.state == "online" and self._board.free:
            invitation.state = "calling"
            self.dial(invitation.peer)
        elif link is not None and same_name(link.peer, invitation.peer):
            if link.trust == "verified" and invitation.state in ("calling", "offline"):
                invitation.state = "done"
            elif link.over:
                verified = link.suite is not None and link.suite.trust == "verified"
                invitation.ended(link.reason, self._identity, verified=verified)

    @property
    def _link(self) -> Link | None:
        return self._board.link

    def _live(self, reason: str) -> Link:
        return self._board.live(reason)

    def _asked(self, about_it: bool) -> Link:
        """The link whose question the person answers. Raises PeerError when there is none."""
        if not about_it or self._link is None:
            raise PeerError("no_call")
        return self._link

    def _send(self, message: Signaling) -> bool:
        return self._signaling.send(message)

    def _received(self, message: Message) -> None:
        self._listener.received(message)

    def _changed(self) -> None:
        self._follow_invitation()
        self._listener.changed()
