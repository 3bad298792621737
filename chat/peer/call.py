"""A call: from dialling a name, or ringing, to an open channel. Mirrors static/js/peer/call.js.

The two tables below are the call. `TABLE` says where an event leads; `ENDINGS` which events end the call in a state, and
for which reason (a key of `errors.SENTENCES`; None where the event brings its own). An event with no row is a fault of
whoever caused it: `Unexpected`. docs/architecture.md draws both.

A `Call` does no I/O and holds no clock. Each method is one event and returns what is to be done about it, in order:
`Send` a signaling message, `Start` a transport, hand the transport a `Signal`. `deadline` is how long the state may last;
when that is over the owner calls `timeout()`.

Nothing that tells about this network leaves before the person accepts: the called side starts its transport when it has
accepted, the calling side when the other's key shows that it has.

The first `key:exchange` read chooses the suite (classic.py describes the shape), and nothing after that asks which it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from signaling.messages import (
    Answer,
    Ice,
    IceServer,
    JoinedPayload,
    KeyExchange,
    Message,
    Offer,
    SessionConnect,
    SessionDecline,
    SessionLeave,
    SessionRef,
    raw,
)

from .classic import Classic, Payload
from .errors import KeyRefused, Unexpected


class State(StrEnum):
    IDLE = "idle"
    DIALLING = "dialling"
    CALLING = "calling"
    RINGING = "ringing"
    KEYS = "keys"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    ENDED = "ended"


_I, _D, _C, _R = State.IDLE, State.DIALLING, State.CALLING, State.RINGING
_K, _N, _O, _E = State.KEYS, State.CONNECTING, State.CONNECTED, State.ENDED

TABLE: dict[tuple[State, str], State] = {
    (_I, "dial"): _D,
    (_I, "ring"): _R,
    (_D, "joined"): _C,
    (_C, "joined"): _C,
    (_C, "key"): _K,
    (_R, "joined"): _R,
    (_R, "key"): _R,
    (_R, "accept"): _K,
    (_K, "joined"): _K,
    (_K, "key"): _K,
    (_K, "agreed"): _N,
    (_N, "joined"): _N,
    (_N, "key"): _N,
    (_N, "signal"): _N,
    (_N, "error"): _N,
    (_N, "opened"): _O,
    # With the channel open only the person, or the channel itself, ends the chat.
    (_O, "joined"): _O,
    (_O, "key"): _O,
    (_O, "signal"): _O,
    (_O, "error"): _O,
    (_O, "left"): _O,
    (_O, "declined"): _O,
    (_O, "server_lost"): _O,
}

ENDINGS: dict[tuple[State, str], str | None] = {
    (_D, "cancel"): "you_cancelled",
    (_D, "error"): None,
    (_D, "timeout"): "server_silent",
    (_D, "server_lost"): "server_lost",
    (_C, "cancel"): "you_cancelled",
    (_C, "declined"): None,
    (_C, "left"): None,
    (_C, "error"): None,
    (_C, "refused"): None,
    (_C, "timeout"): "no_answer",
    (_C, "server_lost"): "server_lost",
    (_R, "decline"): "you_declined",
    (_R, "left"): "cancelled",
    (_R, "refused"): None,
    (_R, "timeout"): "missed",
    (_R, "server_lost"): "server_lost",
    (_K, "cancel"): "you_left",
    (_K, "declined"): None,
    (_K, "left"): "left",
    (_K, "error"): None,
    (_K, "refused"): None,
    (_K, "timeout"): "no_key",
    (_K, "server_lost"): "server_lost",
    (_N, "cancel"): "you_left",
    (_N, "declined"): None,
    (_N, "left"): "left",
    (_N, "failed"): "no_path",
    (_N, "timeout"): "no_path",
    (_N, "server_lost"): "server_lost",
    (_O, "cancel"): "you_left",
}

DEADLINES: dict[State, float] = {_D: 10, _C: 60, _R: 60, _K: 20, _N: 30}
"""Seconds that a state may last."""

_TELLS_THE_OTHER = frozenset({"cancel", "timeout", "refused", "failed"})
_TELLS_IN_A_SESSION = frozenset({"error"})
_SIGNALS: dict[str, type[Offer | Answer | Ice]] = {"offer": Offer, "answer": Answer, "ice": Ice}
_REASONS_TO_DECLINE = frozenset({"declined", "busy"})


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message through the server."""

    message: Message


@dataclass(frozen=True, slots=True)
class Start:
    """Start a transport; the offering side makes the offer."""

    offering: bool
    ice_servers: list[IceServer]


@dataclass(frozen=True, slots=True)
class Signal:
    """Hand the transport an offer, an answer or a candidate of the other side."""

    kind: str
    body: Payload


Effect = Send | Start | Signal
Suites = Sequence[Callable[[], Classic]]


class Call:
    """One attempt with one peer, whose name is `peer`; over when `state` is ENDED, for `reason`."""

    def __init__(self, peer: str, suites: Suites) -> None:
        self.peer = peer
        self.state = State.IDLE
        self.reason: str | None = None
        self.suite: Classic | None = None
        self._suites = [make() for make in suites]
        self._session: JoinedPayload | None = None
        self._dialled = False

    @property
    def deadline(self) -> float | None:
        """Seconds that the present state may last; None for ever."""
        return DEADLINES.get(self.state)

    @property
    def session_id(self) -> str | None:
        return self._session.session_id if self._session else None

    # The person

    def dial(self) -> list[Effect]:
        self._step("dial")
        self._dialled = True
        return [Send(SessionConnect(target=self.peer))]

    def accept(self) -> list[Effect]:
        self._step("accept")
        assert self.suite is not None, "a call rings with a key"
        return [*self._keys(self.suite.answer()), *self._agreed()]

    def decline(self, reason: str = "declined") -> list[Effect]:
        """Refuse; `reason` is a word of the protocol: `declined` or `busy`."""
        self._step("decline")
        return [Send(SessionDecline(session_id=self.session_id, payload=SessionRef(reason=reason)))]

    def cancel(self) -> list[Effect]:
        """The caller hangs up, or either of them leaves before or after the channel is open."""
        return self._step("cancel")

    # The server

    def joined(self, session: JoinedPayload) -> list[Effect]:
        """The session stands. Said again, it tells a caller that the other may not have its key."""
        self._step("joined")
        if self.state is not State.CALLING:
            return []
        self._session = session
        self.peer = session.peer
        opening: Payload = {}
        for suite in self._suites:
            opening |= suite.opening()
        return self._keys([opening])

    def declined(self, reason: str, session_id: str | None = None) -> list[Effect]:
        return self._told("declined", reason if reason in _REASONS_TO_DECLINE else "declined", session_id)

    def left(self, reason: str, session_id: str | None = None) -> list[Effect]:
        """The session is over: the other one left it (`left`) or is gone (`gone`)."""
        return self._told("left", "gone" if reason == "gone" else "no_answer", session_id)

    def error(self, code: str, session_id: str | None = None) -> list[Effect]:
        return self._told("error", code, session_id)

    def server_lost(self) -> list[Effect]:
        return self._step("server_lost")

    # The other peer

    def ring(self, session: JoinedPayload, payload: Payload) -> list[Effect]:
        """Somebody calls: their session, and the first `key:exchange` of it."""
        self._step("ring")
        self._session = session
        return self._receive_key(payload)

    def key(self, payload: Payload) -> list[Effect]:
        was = self.state
        self._step("key")
        if was not in (State.CALLING, State.KEYS):
            return []
        return [*self._receive_key(payload), *self._agreed()]

    def signal(self, kind: str, payload: Payload) -> list[Effect]:
        """An offer, answer or candidate; one that cannot be opened is dropped, and so is a new description of an open channel."""
        self._step("signal")
        if self.state is State.CONNECTED and kind != "ice":
            return []
        assert self.suite is not None, "signals follow the keys"
        body = self.suite.open_signal(kind, payload)
        return [] if body is None else [Signal(kind, body)]

    # The transport and the clock

    def local_signal(self, kind: str, body: Payload) -> list[Effect]:
        """An offer, answer or candidate of this side, sealed for the other."""
        assert self.suite is not None, "signals follow the keys"
        payload = raw(self.suite.seal_signal(kind, body))
        return [Send(_SIGNALS[kind](target=self.peer, session_id=self.session_id, payload=payload))]

    def opened(self) -> list[Effect]:
        return self._step("opened")

    def failed(self) -> list[Effect]:
        """The transport gave up."""
        return self._step("failed")

    def timeout(self) -> list[Effect]:
        return self._step("timeout")

    # Inside

    def _step(self, event: str, reason: str | None = None) -> list[Effect]:
        """Follow the tables. On an ending of this side's making the other one is told."""
        row = (self.state, event)
        if row in TABLE:
            self.state = TABLE[row]
            return []
        if row not in ENDINGS:
            raise Unexpected(f"{event} in state {self.state}")
        self.state = State.ENDED
        self.reason = ENDINGS[row] or reason
        tells = event in _TELLS_THE_OTHER or (event in _TELLS_IN_A_SESSION and self._session is not None)
        return [Send(self._leave())] if tells else []

    def _told(self, event: str, reason: str, session_id: str | None) -> list[Effect]:
        """What the server says of a session. Of another one, as one that this side has left already, it changes nothing."""
        return self._step(event, reason) if session_id in (None, self.session_id) else []

    def _leave(self) -> SessionLeave:
        """By its id, so that an answer to it cannot be taken for one to a later call; by name while there is no id."""
        return SessionLeave(session_id=self.session_id) if self._session else SessionLeave(target=self.peer)

    def _receive_key(self, payload: Payload) -> list[Effect]:
        try:
            if self.suite is None:
                self.suite = self._choose(payload)
            return self._keys(self.suite.receive_key(payload))
        except KeyRefused as refusal:
            return self._step("refused", refusal.reason)

    def _choose(self, payload: Payload) -> Classic:
        for suite in self._suites:
            if suite.recognises(payload):
                return suite
        raise KeyRefused("version")

    def _agreed(self) -> list[Effect]:
        """Once the keys stand, connect. When both called at once, the server's first initiator makes the offer."""
        if self.state is not State.KEYS or self.suite is None or not self.suite.agreed:
            return []
        self._step("agreed")
        assert self._session is not None, "keys come in a session"
        return [Start(self._dialled and self._session.initiator, self._session.ice_servers)]

    def _keys(self, payloads: Sequence[Payload]) -> list[Effect]:
        """Key messages, to go out under the session."""
        return [
            Send(KeyExchange(target=self.peer, session_id=self.session_id, payload=raw(payload)))
            for payload in payloads
        ]
