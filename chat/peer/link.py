"""Everything between this device and one other: the call, then the conversation, and the transport under both.

Mirrors static/js/peer/link.js. The link does the I/O that the state machines leave out: it does what a call returns, pulls
frames while the channel has room, and closes the transport when it is all over. What is due when, pacing.py says; what
there is to show, standing.py. No handler waits, so each event is handled whole and in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from signaling import messages as wire

from .call import Call
from .classic import Payload
from .conversation import Conversation
from .conversation_table import State
from .effects import Effect, Notice, Rekeyed, Send, Signal, Start
from .errors import PeerError, sentence
from .lowkey2 import step_of
from .messages import Message
from .pacing import Pacing
from .standing import Standing
from .suite import Suite
from .surroundings import Surroundings
from .transport import Transport


class Link(Standing):
    """The link to the peer called `peer`, whose device is expected to be the one of `identity`."""

    def __init__(self, peer: str, around: Surroundings, identity: bytes | None = None) -> None:
        super().__init__(Call(peer, around.suites), around.history(peer, identity), known=identity is not None)
        self._around = around
        self._pacing = Pacing(around.after, around.clock)
        self._transport: Transport | None = None
        self._closing: set[asyncio.Task[None]] = set()

    # The person

    def dial(self) -> None:
        self._do(self._call.dial)

    def accept(self) -> None:
        self._do(self._call.accept)

    def decline(self) -> None:
        self._do(self._call.decline)

    def end(self) -> None:
        """Leave the chat, or hang up."""
        if self._conversation is not None:
            self._conversation.leave()
            self._pump()
            self._conversation.end()
        self._do(self._call.cancel)

    def abandon(self) -> None:
        """Be gone, without a word that it is for good."""
        if self._conversation is not None:
            self._conversation.failed()
        self._do(self._call.cancel)

    def forget(self) -> None:
        """Another call takes the place of this one: nothing more is heard of it."""
        self._pacing.stop()
        self._around = replace(self._around, changed=lambda: None)

    def accept_classic(self) -> None:
        self._do(self._call.accept_classic)

    def refuse_classic(self) -> None:
        self._do(self._call.refuse_classic)

    def accept_key(self) -> None:
        self._do(self._call.accept_key)

    def refuse_key(self) -> None:
        self._do(self._call.refuse_key)

    def verify(self) -> None:
        """Compare emoji with the other one. Raises PeerError."""
        self._open().verify()
        self._pump()

    def confirm(self, matches: bool) -> None:
        """What the person saw when comparing. Raises PeerError."""
        self._open().confirm(matches)
        self._pump()

    def send(self, body: str) -> Message:
        """Queue a message. Raises PeerError."""
        message = self._open().send(body)
        self._pump()
        return message

    def retry(self, message_id: str) -> None:
        """Queue a failed message again. Raises PeerError."""
        self._open().retry(message_id)
        self._pump()

    # The server

    def ring(self, session: wire.JoinedPayload, payload: Payload) -> None:
        self._do(self._call.ring, session, payload)

    def joined(self, session: wire.JoinedPayload) -> None:
        self._do(self._call.joined, session)

    def key(self, payload: Payload) -> None:
        if self._may_take(payload):
            self._do(self._call.key, payload)

    def renewed(self, session: wire.JoinedPayload, payload: Payload) -> None:
        """The other one calls anew while the chat is open, as after a reload of its page."""
        if self._may_take(payload):
            self._do(self._call.renewed, session, payload)

    def remote_signal(self, kind: str, payload: Payload) -> None:
        self._do(self._call.signal, kind, payload)

    def declined(self, reason: str, session_id: str | None) -> None:
        self._do(self._call.declined, reason, session_id)

    def left(self, reason: str, session_id: str | None) -> None:
        self._do(self._call.left, reason, session_id)

    def error(self, code: str, session_id: str | None) -> None:
        self._do(self._call.error, code, session_id)

    def server_lost(self) -> None:
        self._do(self._call.server_lost)

    # The transport (its listener)

    def signal(self, kind: str, body: Payload) -> None:
        self._do(self._call.local_signal, kind, body)

    def opened(self) -> None:
        if self._conversation is not None:
            self._conversation.reopened()
        else:
            self._began(self._new_conversation())
            self._do(self._call.opened)
        self._pump()

    def received(self, frame: str) -> None:
        if self._conversation is None or self.over:
            return
        message = self._conversation.receive(frame)
        if self._conversation.state is State.ENDED:
            self._do(self._call.cancel)
        elif self._conversation.lost_keys:
            self._renew()
        self._pump()
        if message is not None:
            self._around.received(message)

    def writable(self) -> None:
        self._pump()

    def interrupted(self) -> None:
        if self._conversation is not None:
            self._conversation.interrupted()
            self._around.changed()

    def recovered(self) -> None:
        if self._conversation is not None:
            self._conversation.recovered()
            self._pump()

    def failed(self) -> None:
        self._gone(Conversation.failed)

    def closed(self) -> None:
        self._gone(Conversation.closed)

    async def wait_closed(self) -> None:
        """Wait until every transport that was given up is closed."""
        await asyncio.gather(*self._closing)

    # Inside

    def _new_conversation(self) -> Conversation:
        suite = self._call.suite
        assert suite is not None, "a channel opens under a suite"
        messages = self._around.history(self.peer, suite.their_identity)
        for name in suite.known_as:
            self._around.notice(f"{self.peer} is on a device that you know as {name}.")
        return Conversation(self.peer, suite, now=self._around.now, new_id=self._around.new_id, messages=messages)

    def _open(self) -> Conversation:
        if self._conversation is None:
            raise PeerError("no_chat")
        return self._conversation

    def _may_take(self, payload: Payload) -> bool:
        """Whether a `key:exchange` is looked at: a chat that is open answers so many handshakes a minute, unasked."""
        if self._conversation is None or step_of(payload) != 1:
            return True
        return self._pacing.may_answer(self._call.forget_renewal)

    def _renew(self) -> None:
        """The two have lost each other's keys: agree on new ones, though not all the time."""
        if self._pacing.may_begin(self._call.forget_renewal):
            self._do(self._call.renew)

    def _gone(self, event: Callable[[Conversation], None]) -> None:
        """The transport is no more: before the channel was open the call failed, after that the chat is over."""
        if self.over:
            return
        if self._conversation is None:
            self._do(self._call.failed)
        else:
            event(self._conversation)
            self._do(self._call.cancel)

    def _do(self, event: Callable[..., list[Effect]], *args: Any) -> None:
        """Give the call an event, follow its state, and do what it returned."""
        before = self._call.state
        effects = event(*args)
        if self._call.state is not before:
            self._follow()
        for effect in effects:
            self._carry_out(effect)
        self._around.changed()

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Send(message):
                self._around.send(message)
            case Start(offering, ice_servers):
                self._replace_transport(ice_servers)
                if offering and self._transport is not None:
                    self._transport.offer()
            case Signal(kind, body):
                self._signalled(kind, body)
            case Rekeyed(suite):
                self._rekeyed(suite)
            case Notice(reason):
                self._around.notice(sentence(reason, self.peer))

    def _signalled(self, kind: str, body: Payload) -> None:
        if kind == "offer" and self._conversation is not None:
            self._replace_transport(self._call.ice_servers)
        if self._transport is not None:
            self._transport.receive(kind, body)

    def _rekeyed(self, suite: Suite) -> None:
        if self._conversation is not None:
            self._conversation.rekeyed(suite)
            self._pacing.rekeyed()
            self._pump()

    def _replace_transport(self, ice_servers: list[wire.IceServer]) -> None:
        """The other side makes another connection: the one that stood is given up."""
        self._close_transport()
        if self._conversation is not None:
            self._conversation.interrupted()
        self._transport = Transport(ice_servers, self)

    def _close_transport(self) -> None:
        if self._transport is not None:
            closing = asyncio.get_running_loop().create_task(self._transport.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            self._transport = None

    def _follow(self) -> None:
        """The call is in another state: it has another deadline, and with its end the transport goes."""
        self._pacing.follow_call(self._call.deadline, lambda: self._do(self._call.timeout))
        if self.over:
            self._pacing.stop()
            self._close_transport()

    def _pump(self) -> None:
        """Hand frames to the channel while it has room."""
        while (
            self._conversation is not None
            and self._transport is not None
            and self._transport.has_room
            and (frame := self._conversation.next_frame()) is not None
        ):
            if self._transport.send(frame.text):
                self._conversation.taken(frame)
            else:
                self._conversation.refused(frame)
                if self._conversation.suite.acknowledges:
                    break
        if self._conversation is not None and not self.over:
            self._pacing.follow_conversation(
                self._conversation,
                acknowledge=self._acknowledge,
                resend=self._resend,
                release=self._release,
                silent=self._silent,
            )
        self._around.changed()

    def _acknowledge(self) -> None:
        if self._conversation is not None:
            self._conversation.acknowledge()
            self._pump()

    def _resend(self) -> None:
        """Send again what was not acknowledged in all this time, unless it has not even left."""
        if self._conversation is None:
            return
        progress = self._pacing.progress(self._conversation)
        if not progress and self._transport is not None and self._transport.idle:
            self._conversation.resend()
        self._pump()

    def _release(self) -> None:
        if self._conversation is not None and not self.over:
            self._conversation.release()
            self._pump()

    def _silent(self) -> None:
        """Nothing came over a channel that stands; one that is interrupted has its own time. A chat that was secured has lost
        its keys in a handshake that the other side did not finish: that ends no chat, another handshake mends it."""
        if self._conversation is None or self._conversation.state is not State.GREETING:
            return
        if self._conversation.once_secured:
            self._renew()
            self._pump()
        else:
            self._gone(Conversation.silent)
