"""Everything between this device and one other: the call, then the conversation, and the transport under both.

Mirrors static/js/peer/link.js. The link owns the clock and the I/O that the two state machines leave out: it does what a
call returns, ends a state that lasts too long, pulls frames while the channel has room, and closes the transport when it
is all over. No handler waits, so each event is handled whole and in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from signaling import messages as wire

from . import call as calls
from . import conversation as conversations
from .call import Call, Effect, Send, Signal, Start, Suites
from .classic import Payload
from .conversation import Conversation
from .errors import ORDERLY, PeerError, sentence
from .messages import Message
from .transport import Transport

State = Literal["idle", "calling", "ringing", "connecting", "secured", "reconnecting", "failed", "ended"]

_CALL_STATES: dict[calls.State, State] = {
    calls.State.IDLE: "idle",
    calls.State.DIALLING: "calling",
    calls.State.CALLING: "calling",
    calls.State.RINGING: "ringing",
    calls.State.KEYS: "connecting",
    calls.State.CONNECTING: "connecting",
    calls.State.CONNECTED: "connecting",
}

SENTENCES: dict[State, str] = {
    "idle": "You are not in a chat.",
    "calling": "Calling {peer}…",
    "ringing": "Someone is calling as {peer}.",
    "connecting": "Connecting to {peer}…",
    "secured": "Connected to {peer}. Encrypted, not verified.",
    "reconnecting": "The connection to {peer} is interrupted. Waiting for it to come back…",
}


class Timer(Protocol):
    """What `after` gives back."""

    def cancel(self) -> None:
        """Do not call back."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a link is given by its peer.

    `send` puts a message on the server's socket; `changed` and `received` are told of news; `now` gives milliseconds
    since 1970; `new_id` a fresh message id; `after` calls something back in so many seconds, unless cancelled.
    """

    send: Callable[[wire.Message], bool]
    changed: Callable[[], None]
    received: Callable[[Message], None]
    now: Callable[[], int]
    new_id: Callable[[], str]
    after: Callable[[float, Callable[[], None]], Timer]
    suites: Suites


class Link:
    """The link to the peer called `peer`; `messages` are those already exchanged under that name."""

    def __init__(self, peer: str, around: Surroundings, messages: list[Message]) -> None:
        self.messages = messages
        self._around = around
        self._call = Call(peer, around.suites)
        self._conversation: Conversation | None = None
        self._transport: Transport | None = None
        self._timer: Timer | None = None
        self._closing: asyncio.Task[None] | None = None

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
        return self._conversation.reason if self._conversation else self._call.reason

    @property
    def state(self) -> State:
        if self.over:
            return "ended" if self.reason in ORDERLY else "failed"
        if self._conversation is None:
            return _CALL_STATES[self._call.state]
        return "secured" if self._conversation.state is conversations.State.SECURED else "reconnecting"

    @property
    def sentence(self) -> str:
        return sentence(self.reason, self.peer) if self.reason else SENTENCES[self.state].format(peer=self.peer)

    @property
    def trust(self) -> str | None:
        return self._conversation.suite.trust if self._conversation else None

    @property
    def earlier(self) -> int:
        """How many of `messages` were exchanged under that name before."""
        return self._conversation.earlier if self._conversation else len(self.messages)

    def beside(self, session: wire.JoinedPayload) -> bool:
        """Whether a session is another call of the same name, beside the chat that is open."""
        return self._conversation is not None and self._call.session_id != session.session_id

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
            self._conversation.end()
        self._do(self._call.cancel)

    def send(self, body: str) -> Message:
        """Queue a message. Raises PeerError."""
        if self._conversation is None:
            raise PeerError("no_chat")
        message = self._conversation.send(body)
        self._pump()
        return message

    def retry(self, message_id: str) -> None:
        """Queue a failed message again. Raises PeerError."""
        if self._conversation is None:
            raise PeerError("no_chat")
        self._conversation.retry(message_id)
        self._pump()

    # The server

    def ring(self, session: wire.JoinedPayload, payload: Payload) -> None:
        self._do(self._call.ring, session, payload)

    def joined(self, session: wire.JoinedPayload) -> None:
        self._do(self._call.joined, session)

    def key(self, payload: Payload) -> None:
        self._do(self._call.key, payload)

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
        assert self._call.suite is not None, "a channel opens under a suite"
        self._conversation = Conversation(
            self.peer, self._call.suite, now=self._around.now, new_id=self._around.new_id, messages=self.messages
        )
        self._do(self._call.opened)

    def received(self, frame: str) -> None:
        message = self._conversation.receive(frame) if self._conversation else None
        if message is not None:
            self._around.changed()
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
        """Wait until the transport of a link that is over is closed."""
        if self._closing is not None:
            await self._closing

    # Inside

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
                self._transport = Transport(ice_servers, self)
                if offering:
                    self._transport.offer()
            case Signal(kind, body):
                if self._transport is not None:
                    self._transport.receive(kind, body)

    def _follow(self) -> None:
        """The call is in another state: it has another deadline, and with its end the transport goes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._call.deadline is not None:
            self._timer = self._around.after(self._call.deadline, self._time_is_up)
        if self.over and self._transport is not None:
            self._closing = asyncio.get_running_loop().create_task(self._transport.close())
            self._transport = None

    def _time_is_up(self) -> None:
        self._do(self._call.timeout)

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
        self._around.changed()
