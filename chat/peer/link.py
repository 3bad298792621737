"""Everything between this device and one other: the call, then the conversation, and the transport under both.

Mirrors static/js/peer/link.js. The link owns the clock and the I/O that the state machines leave out: it does what a call
returns, ends a state that lasts too long, pulls frames while the channel has room, acknowledges and sends again in time, and
closes the transport when it is all over. No handler waits, so each event is handled whole and in order.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from signaling import messages as wire

from . import call as calls
from . import conversation as conversations
from .call import Call, Effect, Notice, Rekeyed, Send, Signal, Start, Suites
from .classic import Payload
from .conversation import Conversation
from .errors import ORDERLY, PeerError, sentence
from .messages import Message
from .suite import Suite
from .timers import After, Timers
from .transport import Transport
from .verifying import Verifying

State = Literal["idle", "calling", "ringing", "connecting", "secured", "reconnecting", "blocked", "failed", "ended"]

_CALL_STATES: dict[calls.State, State] = {
    calls.State.IDLE: "idle",
    calls.State.DIALLING: "calling",
    calls.State.CALLING: "calling",
    calls.State.RINGING: "ringing",
    calls.State.KEYS: "connecting",
    calls.State.WARNED: "connecting",
    calls.State.BLOCKED: "blocked",
    calls.State.ASKED: "blocked",
    calls.State.CONNECTING: "connecting",
    calls.State.CONNECTED: "connecting",
}
_CONVERSATION_STATES: dict[conversations.State, State] = {
    conversations.State.GREETING: "connecting",
    conversations.State.SECURED: "secured",
    conversations.State.RECONNECTING: "reconnecting",
}

SENTENCES: dict[str, str] = {
    "idle": "You are not in a chat.",
    "calling": "Calling {peer}…",
    "ringing": "Someone is calling as {peer}.",
    "connecting": "Connecting to {peer}…",
    "warned": "{peer} uses an app that cannot prove who they are. Nothing has been sent yet.",
    "blocked": "{peer} is on another device than before. Nothing is sent until you decide.",
    "unverified": "Connected to {peer}. Encrypted, not verified yet.",
    "verified": "Connected to {peer}. Encrypted and verified.",
    "classic": "Connected to {peer}. Encrypted, but the server could read it.",
    "reconnecting": "The connection to {peer} is interrupted. Waiting for it to come back…",
}

ACK_SECONDS = 0.05
RESEND_SECONDS = 3.0
"""What is not acknowledged for so long, with nothing on its way, is sent again; then after twice as long, and so on."""
HELLO_SECONDS = 20.0
HANDSHAKE_SECONDS = 60.0
RENEW_SECONDS = 10.0
"""How often a new handshake may be begun."""
RENEWALS_A_MINUTE = 3


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a link is given by its peer.

    `send` puts a message on the server's socket; `changed` and `received` are told of news, `notice` of a sentence for the
    person; `history` gives the messages exchanged under a name with a device, by its identity key, or None for one that
    proved nothing; `now` gives milliseconds since 1970; `new_id` a fresh message id.
    """

    send: Callable[[wire.Message], bool]
    changed: Callable[[], None]
    received: Callable[[Message], None]
    notice: Callable[[str], None]
    history: Callable[[str, bytes | None], list[Message]]
    now: Callable[[], int]
    new_id: Callable[[], str]
    after: After
    suites: Suites


class Link:
    """The link to the peer called `peer`, whose device is expected to be the one of `identity`."""

    def __init__(self, peer: str, around: Surroundings, identity: bytes | None = None) -> None:
        self._around = around
        self._call = Call(peer, around.suites)
        self._conversation: Conversation | None = None
        self._transport: Transport | None = None
        self._timers = Timers(around.after)
        self._closing: set[asyncio.Task[None]] = set()
        self._expected = around.history(peer, identity)
        self._patience = RESEND_SECONDS
        self._acknowledged = 0
        self._answered: list[float] = []

    # What there is to know

    @property
    def peer(self) -> str:
        return self._call.peer

    @property
    def over(self) -> bool:
        """Whether there is neither a call nor a chat any more."""
        return self._call.state is calls.State.ENDED

    @property
    def reason(self) -> str | None:
        """Why it is over; a key of `errors.SENTENCES`."""
        return (self._conversation.reason if self._conversation else None) or self._call.reason

    @property
    def state(self) -> State:
        if self.over:
            return "ended" if self.reason in ORDERLY else "failed"
        if self._conversation is None:
            return _CALL_STATES[self._call.state]
        return _CONVERSATION_STATES[self._conversation.state]

    @property
    def sentence(self) -> str:
        if self.reason:
            return sentence(self.reason, self.peer)
        key = "warned" if self.warned else self.trust if self.state == "secured" else self.state
        return SENTENCES[key or "unverified"].format(peer=self.peer)

    @property
    def warned(self) -> bool:
        """Whether the person is asked about a classic peer."""
        return self._call.state is calls.State.WARNED

    @property
    def dialling(self) -> bool:
        """Whether the server has not answered yet."""
        return self._call.state is calls.State.DIALLING

    @property
    def suite(self) -> Suite | None:
        return self._call.suite

    @property
    def trust(self) -> str | None:
        shown = self._conversation is not None or self.state == "blocked"
        return self.suite.trust if self.suite and shown else None

    @property
    def verifying(self) -> Verifying | None:
        return self._conversation.verifying if self._conversation and not self.over else None

    @property
    def messages(self) -> list[Message]:
        return self._conversation.messages if self._conversation else self._expected

    @property
    def earlier(self) -> int:
        """How many of `messages` were exchanged before."""
        return self._conversation.earlier if self._conversation else len(self.messages)

    def beside(self, session: wire.JoinedPayload) -> bool:
        """Whether a session is another call of the same name, beside the chat that is open; not the one that this side asked
        for, to renew the keys."""
        other = self._call.session_id != session.session_id
        return self._conversation is not None and other and not self._call.renewing

    @property
    def renewable(self) -> bool:
        """Whether a chat is open that another handshake may go on with."""
        return self._conversation is not None and not self.over and self._conversation.suite.acknowledges

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
        """Another call takes the place of the one that rings."""
        self._timers.cancel()

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
            self._conversation = self._begin()
            self._do(self._call.opened)
        self._pump()

    def received(self, frame: str) -> None:
        if self._conversation is None or self.over:
            return
        message = self._conversation.receive(frame)
        if self._conversation.state is conversations.State.ENDED:
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

    def _begin(self) -> Conversation:
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
        if self._conversation is None or payload.get("step") != 1:
            return True
        now = time.monotonic()
        self._answered = [at for at in self._answered if now - at < 60]
        if len(self._answered) >= RENEWALS_A_MINUTE:
            return False
        self._answered.append(now)
        self._timers.start("handshake", HANDSHAKE_SECONDS, self._call.forget_renewal)
        return True

    def _renew(self) -> None:
        """The two have lost each other's keys: agree on new ones, though not all the time."""
        if not self._timers.runs("renew"):
            self._timers.start("renew", RENEW_SECONDS, lambda: None)
            self._timers.start("handshake", HANDSHAKE_SECONDS, self._call.forget_renewal)
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
            self._timers.cancel("hello", "handshake")
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
        self._timers.cancel("call")
        if self._call.deadline is not None:
            self._timers.start("call", self._call.deadline, lambda: self._do(self._call.timeout))
        if self.over:
            self._timers.cancel()
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
        self._keep_time()
        self._around.changed()

    def _keep_time(self) -> None:
        """What the conversation needs a clock for."""
        conversation = self._conversation
        if conversation is None or self.over:
            return
        if conversation.owes:
            self._timers.start("ack", ACK_SECONDS, self._acknowledge)
        if conversation.outstanding:
            self._timers.start("resend", self._patience, self._resend)
        if conversation.state is conversations.State.GREETING:
            self._timers.start("hello", HELLO_SECONDS, self._silent)
        else:
            self._timers.cancel("hello")

    def _acknowledge(self) -> None:
        if self._conversation is not None:
            self._conversation.acknowledge()
            self._pump()

    def _resend(self) -> None:
        """Send again what was not acknowledged in all this time, unless it has not even left."""
        if self._conversation is None:
            return
        progress = self._conversation.acknowledged != self._acknowledged
        self._acknowledged = self._conversation.acknowledged
        self._patience = RESEND_SECONDS if progress else self._patience * 2
        if not progress and self._transport is not None and self._transport.idle:
            self._conversation.resend()
        self._pump()

    def _silent(self) -> None:
        """Nothing came over a channel that stands; one that is interrupted has its own time."""
        if self._conversation is not None and self._conversation.state is conversations.State.GREETING:
            self._gone(Conversation.silent)
