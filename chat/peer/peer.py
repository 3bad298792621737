"""A peer: a name, its socket to the server, any number of chats, and at most one call at a time. Mirrors
static/js/peer/peer.js.

What the person asks for goes to the selected link, and what the server says is the switchboard's. A session that the server
opens unasked does nothing until a `key:exchange` comes.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

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
from .messages import Message, Ref
from .ownership import origin_of
from .preferences import Preferences
from .primitives import Random, b64url
from .signaling_client import SignalingClient
from .signaling_client import State as ServerState
from .snapshot import Invited, Listener, Snapshot, snapshot_of
from .suite import Suite
from .surroundings import Surroundings
from .switchboard import Switchboard
from .talking import Talking
from .timers import Timer


@dataclass(frozen=True, slots=True)
class Open:
    """A chat that is open: with whom, and their identity key."""

    peer: str
    identity: bytes


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
        fraction: Callable[[], float] = random.random,
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
        self._fraction = fraction
        self._signaling = SignalingClient(server, name, self, key=identity.name_key(name))
        self._board = Switchboard(self._new_link, self._send, self._listener.notice, identity.blocks.name)
        self._invitation: Invitation | None = None
        self._preferences = Preferences()
        self._histories = Histories(_later, lambda: int(self._now() * 1000), self._changed)

    # The person

    def start(self) -> None:
        """Go online, and stay so until `stop`."""
        self._signaling.start()

    async def stop(self) -> None:
        """End the calls and chats, tell the other sides, and go offline."""
        for link in self._board.links:
            if not link.over:
                self._end(link)
        await self._closed()

    async def suspend(self) -> None:
        """The program goes away, and may come back: close all sockets and transports, without a word to those with whom a chat
        is open. `start` goes on with what there was."""
        links = [link for link in self._board.links if not link.over]
        for link in links:
            if link.restorable is None:
                link.suspend()
        await self._signaling.stop()
        for link in links:
            if link.restorable is not None:
                link.suspend()
        await self._closed()

    async def _closed(self) -> None:
        await asyncio.gather(*(link.wait_closed() for link in self._board.links))
        await self._signaling.stop()

    def restorable(self) -> list[Open]:
        """The chats that are open, to be restored when the program is back; names and identities alone."""
        open_with = [(link.peer, link.restorable) for link in self._board.links]
        return [Open(peer, identity) for peer, identity in open_with if identity is not None]

    def restore(self, chats: Iterable[Open]) -> None:
        """Go on with chats that were open before the program went away: each is called, and none is asked for but of the device
        that it was with. What is not that of a device that is known is left."""
        for chat in chats:
            pin = self._identity.pin(chat.peer)
            known = pin is not None and pin.identity == chat.identity and not self._identity.blocks.name(chat.peer)
            link = self._board.live_with(chat.peer)
            if known and link is None:
                self._board.begin(chat.peer).come_back()
            elif known and link is not None and link.state == "ringing":
                link.accept()

    def wake(self) -> None:
        """The network may be back: see to all that waits for it, now."""
        self._signaling.wake()
        self._board.wake()

    def dial(self, peer: str) -> None:
        """Call somebody; to call who is calling is to accept, and with whom a chat is open, it is shown. Raises PeerError."""
        if not is_name(peer):
            raise PeerError("bad_name")
        if same_name(peer, self.name):
            raise PeerError("own_name")
        if self._identity.blocks.name(peer):
            raise PeerError("you_blocked", peer)
        if self._signaling.state != "online":
            raise PeerError("not_online")
        link = self._board.live_with(peer)
        rings = link is not None and link.state == "ringing"
        if rings and self._identity.opened_invite(peer) is None:
            self.accept()
        elif link is not None and not rings and not link.is_call:
            self.select(peer)
        elif rings or self._board.free:
            self._begin(peer).dial()
        else:
            raise PeerError("in_call")

    def select(self, peer: str | None) -> None:
        """Look at the conversation with somebody, or at none. Raises PeerError."""
        self._board.select(None if peer is None else self._with(peer))
        self._changed()

    def close(self, peer: str) -> None:
        """Take a conversation that is over from the list. Raises PeerError."""
        link = self._with(peer)
        if not link.over:
            raise PeerError("in_call")
        self._board.close(link)
        self._changed()

    def mute(self, peer: str, on: bool) -> None:
        """Whether the conversation with somebody makes no sound."""
        self._identity.blocks.mute(peer, on)
        self._changed()

    def block(self, peer: str) -> None:
        """Hear nothing more of somebody: neither of the name, nor of the device that shows itself under it, or else is known
        by it. Chats with either end; a call that rings just goes unanswered."""
        link, pin = self._board.live_with(peer), self._identity.pin(peer)
        shown = link.their_identity if link is not None else None
        key = shown or (pin.identity if pin else None)
        self._identity.blocks.block(peer, key)
        for one in self._board.links:
            if one is link or (not one.over and key is not None and one.their_identity == key):
                self._part(one)
        self._changed()

    def _part(self, link: Link) -> None:
        """End it without a word to who rings."""
        if link.state == "ringing":
            self._board.close(link)
        else:
            link.end()

    def unblock(self, peer: str) -> None:
        self._identity.blocks.unblock(peer)
        self._changed()

    def prefer(self, **preferences: bool) -> None:
        """Change what this person prefers, fields of `Preferences`."""
        for name, value in preferences.items():
            setattr(self._preferences, name, value)
        self._board.preferred()
        self._changed()

    def accept(self) -> None:
        """Accept the call that rings. Raises PeerError."""
        link = self._board.ringing()
        self._board.select(link)
        link.accept()

    def decline(self) -> None:
        """Decline the call that rings. Raises PeerError."""
        self._board.ringing().decline()

    def cancel(self) -> None:
        """Hang up on an outgoing call. Raises PeerError."""
        self.end()

    def end(self) -> None:
        """End what is selected: a chat, a call being made, or one that rings. Raises PeerError."""
        self._end(self._live("no_call"))

    @staticmethod
    def _end(link: Link) -> None:
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
            self._begin(link.peer).dial()

    def refuse_key(self) -> None:
        """Do not. Raises PeerError."""
        self._asked(self._live("no_call").state == "blocked").refuse_key()

    def send(self, body: str, re: Ref | None = None, *, to: str | None = None) -> Message:
        """Queue a message, which may reply to another; its status tells the rest. Raises PeerError."""
        return self._chat(to).send(body, re)

    def retry(self, message_id: str, *, to: str | None = None) -> None:
        """Send a failed message again. Raises PeerError."""
        self._talk(to).retry(message_id)

    def edit(self, message_id: str, body: str, *, to: str | None = None) -> None:
        """Say one of one's own messages differently. Raises PeerError."""
        self._talk(to).edit(message_id, body)

    def delete(self, message_id: str, *, to: str | None = None) -> None:
        """Take back one of one's own messages, on both sides. Raises PeerError."""
        self._talk(to).delete(message_id)

    def react(self, ref: Ref, emoji: str, *, to: str | None = None) -> None:
        """React to a message; an empty emoji takes it back. Raises PeerError."""
        self._talk(to).react(ref, emoji)

    def read(self, *, to: str | None = None) -> None:
        """The person has seen all that is in the conversation. Raises PeerError."""
        self._talk(to).read()

    def typed(self, *, to: str | None = None) -> None:
        """The person typed. Raises PeerError."""
        self._talk(to).typed()

    def set_timer(self, seconds: int, *, to: str | None = None) -> None:
        """From now on messages vanish so many seconds after they were read; 0 for never. Raises PeerError."""
        self._talk(to).set_timer(seconds)

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
            self.name,
            self._signaling.state,
            self._signaling.refusal,
            self._board,
            invitation=self._invitation,
            preferences=self._preferences,
            muted=self._identity.blocks.muted,
        )

    # The server (SignalingClient's listener)

    def server_state(self, state: ServerState) -> None:
        if state == "online":
            self._board.server_back()
        else:
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
            after=_later,
            suites=self._suites,
            preferences=self._preferences,
            fraction=self._fraction,
            blocked=self._identity.blocks.identity,
            missed=self._listener.missed,
        )

    def _suites(self, peer: str) -> list[Suite]:
        """What this side speaks with `peer`. Who is known by a key, or calls under an invite, is never classic."""
        invite = self._identity.opened_invite(peer)
        known = invite is not None or self._identity.pin(peer) is not None
        lowkey2 = Lowkey2(self.name, peer, self._identity, random=self._random, clock=self._clock, invite=invite)
        return [lowkey2, Classic(self._random, refused=known)]

    def _follow_invitation(self) -> None:
        """Call under the invite that was opened, once that is possible, and see what comes of it."""
        invitation = self._invitation
        if invitation is None:
            return
        link = self._board.with_(invitation.peer)
        invitation.held = not self._board.free or (link is not None and not link.over)
        if invitation.state == "waiting" and self._signaling.state == "online" and not invitation.held:
            invitation.state = "calling"
            self.dial(invitation.peer)
        elif link is not None:
            if link.trust == "verified" and invitation.state in ("calling", "offline"):
                invitation.state = "done"
            elif link.over:
                verified = link.suite is not None and link.suite.trust == "verified"
                invitation.ended(link.reason, self._identity, verified=verified)

    def _begin(self, peer: str) -> Link:
        """A call to somebody begins, and is what the person looks at."""
        link = self._board.begin(peer)
        self._board.select(link)
        return link

    def _with(self, peer: str) -> Link:
        """Whatever there is with somebody. Raises PeerError."""
        link = self._board.with_(peer)
        if link is None:
            raise PeerError("no_chat")
        return link

    def _chat(self, to: str | None) -> Link:
        """The live link with somebody, or the selected one. Raises PeerError."""
        if to is None:
            return self._live("no_chat")
        link = self._board.live_with(to)
        if link is None:
            raise PeerError("no_chat", to)
        return link

    def _talk(self, to: str | None) -> Talking:
        """What is said to somebody, or in the selected conversation. Raises PeerError."""
        return self._chat(to).talk

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

    def _received(self, message: Message, peer: str) -> None:
        self._listener.received(message, peer)

    def _changed(self) -> None:
        self._follow_invitation()
        self._listener.changed()


def _later(seconds: float, action: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_later(seconds, action)
