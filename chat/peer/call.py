"""A call: from dialling a name, or ringing, to an open channel. Mirrors static/js/peer/call.js.

The two tables below are the call. `TABLE` says where an event leads; `ENDINGS` which events end the call in a state, and
for which reason (a key of `errors.SENTENCES`; None where the event brings its own). An event with no row is a fault of
whoever caused it: `Unexpected`. docs/architecture.md draws both.

A `Call` does no I/O and holds no clock. Each method is one event and returns what is to be done about it, in order:
`Send` a signaling message, `Start` a transport, hand the transport a `Signal`. `deadline` is how long the state may last;
when that is over the owner calls `timeout()`.

Nothing that tells about this network leaves before the person accepts: the called side starts its transport when it has
accepted, the calling side when the other's key shows that it has. Two things are asked besides, and nothing leaves before
they are answered: a classic peer (WARNED), and a key that is not the pinned one (BLOCKED; ASKED when the call itself is over
meanwhile, and only the question stands).

The first `key:exchange` read chooses the suite (suite.py describes the shape), and nothing after that asks which it is. With
the channel open, a new handshake runs beside it and changes nothing before it has verified with the same identity (`Rekeyed`).
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
    same_name,
)

from .classic import Payload
from .errors import KeyRefused, Unexpected
from .lowkey2 import Lowkey2
from .suite import Suite


class State(StrEnum):
    IDLE = "idle"
    DIALLING = "dialling"
    CALLING = "calling"
    RINGING = "ringing"
    KEYS = "keys"
    WARNED = "warned"
    BLOCKED = "blocked"
    ASKED = "asked"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    ENDED = "ended"


_I, _D, _C, _R = State.IDLE, State.DIALLING, State.CALLING, State.RINGING
_K, _W, _B, _A = State.KEYS, State.WARNED, State.BLOCKED, State.ASKED
_N, _O, _E = State.CONNECTING, State.CONNECTED, State.ENDED

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
    (_K, "warn"): _W,
    (_K, "changed"): _B,
    (_K, "agreed"): _N,
    (_W, "joined"): _W,
    (_W, "key"): _W,
    (_W, "signal"): _W,
    (_W, "accept_classic"): _K,
    (_B, "joined"): _B,
    (_B, "key"): _B,
    (_B, "signal"): _B,
    (_B, "accept_key"): _K,
    (_B, "declined"): _A,
    (_B, "left"): _A,
    (_B, "error"): _A,
    (_B, "timeout"): _A,
    (_B, "server_lost"): _A,
    (_A, "server_lost"): _A,
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
    (_W, "cancel"): "you_left",
    (_W, "refuse_classic"): "you_refused_classic",
    (_W, "declined"): None,
    (_W, "left"): "left",
    (_W, "error"): None,
    (_W, "timeout"): "you_refused_classic",
    (_W, "server_lost"): "server_lost",
    (_B, "cancel"): "you_refused_key",
    (_B, "refuse_key"): "you_refused_key",
    (_A, "cancel"): "you_refused_key",
    (_A, "refuse_key"): "you_refused_key",
    (_A, "accept_key"): "key_accepted",
    (_N, "cancel"): "you_left",
    (_N, "declined"): None,
    (_N, "left"): "left",
    (_N, "failed"): "no_path",
    (_N, "timeout"): "no_path",
    (_N, "server_lost"): "server_lost",
    (_O, "cancel"): "you_left",
}

DEADLINES: dict[State, float] = {_D: 10, _C: 60, _R: 60, _K: 20, _W: 60, _B: 60, _N: 30}
"""Seconds that a state may last."""

MAX_WAITING = 64
"""Signals kept while the person is asked about a key."""

_TELLS_THE_OTHER = frozenset({"cancel", "timeout", "refused", "failed", "refuse_classic", "refuse_key"})
_TELLS_IN_A_SESSION = frozenset({"error"})
_SIGNALS: dict[str, type[Offer | Answer | Ice]] = {"offer": Offer, "answer": Answer, "ice": Ice}
_REASONS_TO_DECLINE = frozenset({"declined", "busy"})
_FAULTS_OF_INVITES = frozenset({"invite_used", "invite_expired", "invite_unknown"})


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


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """The open conversation goes on under the keys of another handshake."""

    suite: Suite


@dataclass(frozen=True, slots=True)
class Notice:
    """Tell the person; `reason` is a key of `errors.SENTENCES`."""

    reason: str


Effect = Send | Start | Signal | Rekeyed | Notice
Suites = Callable[[str], Sequence[Suite]]
"""The suites to offer to somebody, by name."""


class Call:
    """One attempt with one peer, whose name is `peer`; over when `state` is ENDED, for `reason`."""

    def __init__(self, peer: str, suites: Suites) -> None:
        self.peer = peer
        self.state = State.IDLE
        self.reason: str | None = None
        self.suite: Suite | None = None
        self._suites = suites(peer)
        self._session: JoinedPayload | None = None
        self._dialled = False
        self._consented = False
        self._waiting: list[tuple[str, Payload]] = []
        self._renewal: Lowkey2 | None = None

    @property
    def deadline(self) -> float | None:
        """Seconds that the present state may last; None for ever."""
        return DEADLINES.get(self.state)

    @property
    def renewing(self) -> bool:
        """Whether this side has begun a handshake beside the open channel, and waits for the server or for the other side."""
        return self.state is State.CONNECTED and self._renewal is not None and self._renewal.role != "called"

    @property
    def session_id(self) -> str | None:
        return self._session.session_id if self._session else None

    @property
    def ice_servers(self) -> list[IceServer]:
        return self._session.ice_servers if self._session else []

    # The person

    def dial(self) -> list[Effect]:
        self._step("dial")
        self._dialled = True
        return [Send(SessionConnect(target=self.peer))]

    def accept(self) -> list[Effect]:
        self._step("accept")
        assert self.suite is not None, "a call rings with a key"
        if self.suite.needs_consent:
            return self._step("warn")
        return [*self._answer(self.suite), *self._agreed()]

    def accept_classic(self) -> list[Effect]:
        """The person was warned, and goes on with a peer that cannot be verified."""
        self._step("accept_classic")
        assert self.suite is not None, "a peer that is warned of has shown its key"
        self._consented = True
        return [*([] if self._dialled else self._answer(self.suite)), *self._agreed()]

    def refuse_classic(self) -> list[Effect]:
        return self._step("refuse_classic")

    def accept_key(self) -> list[Effect]:
        """The person goes on with another key than the one pinned."""
        self._step("accept_key")
        assert self.suite is not None, "a key that is asked about has been shown"
        return [*self._keys(self.suite.accept_key()), *self._agreed()]

    def refuse_key(self) -> list[Effect]:
        return self._step("refuse_key")

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
        if self.renewing and self._renewal is not None:
            self._session = session
            return self._keys([self._renewal.opening()])
        if self.state is not State.CALLING:
            return []
        if not same_name(session.peer, self.peer):
            return self._step("refused", "wrong_peer")
        self._session = session
        self.peer = session.peer
        opening: Payload = {}
        for suite in self._suites:
            opening |= suite.opening()
        return self._keys([opening])

    def declined(self, reason: str, session_id: str | None = None) -> list[Effect]:
        known = reason in _REASONS_TO_DECLINE or (self._invited and reason in _FAULTS_OF_INVITES)
        return self._told("declined", reason if known else "declined", session_id)

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
        if was is State.CONNECTED:
            return self._beside(payload)
        if was not in (State.CALLING, State.RINGING, State.KEYS):
            return []
        return [*self._receive_key(payload), *self._agreed()]

    def signal(self, kind: str, payload: Payload) -> list[Effect]:
        """An offer, answer or candidate. One that cannot be opened is dropped; while the person is asked it waits."""
        self._step("signal")
        if self.state is State.BLOCKED:
            self._waiting = [*self._waiting, (kind, payload)][:MAX_WAITING]
        if self.suite is None or not self.suite.agreed or self.state in (State.WARNED, State.BLOCKED):
            return []
        if self.state is State.CONNECTED and kind != "ice" and not self.suite.acknowledges:
            return []
        body = self.suite.open_signal(kind, payload)
        return [] if body is None else [Signal(kind, body)]

    def renew(self) -> list[Effect]:
        """The two have lost each other's keys: begin a new handshake beside the open channel."""
        if self.state is not State.CONNECTED or self.suite is None or (fresh := self.suite.renewal()) is None:
            return []
        self._renewal = fresh
        return [Send(SessionConnect(target=self.peer))]

    def forget_renewal(self) -> None:
        """The handshake beside the conversation has taken too long."""
        if self._renewal is not None:
            self._renewal.erase()
            self._renewal = None

    def renewed(self, session: JoinedPayload, payload: Payload) -> list[Effect]:
        """The other one's handshake came in a session of its own, as after a reload of its page."""
        self._session = session
        return self.key(payload)

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
            if self.state is State.ASKED:
                self._forget()
            return []
        if row not in ENDINGS:
            raise Unexpected(f"{event} in state {self.state}")
        self.state = State.ENDED
        self.reason = ENDINGS[row] or reason
        self._forget()
        tells = event in _TELLS_THE_OTHER or (event in _TELLS_IN_A_SESSION and self._session is not None)
        return [Send(self._leave())] if tells else []

    def _told(self, event: str, reason: str, session_id: str | None) -> list[Effect]:
        """What the server says of a session. Of another one, as one that this side has left already, it changes nothing."""
        return self._step(event, reason) if session_id in (None, self.session_id) else []

    def _leave(self) -> SessionLeave:
        """By its id, so that an answer to it cannot be taken for one to a later call; by name while there is no id."""
        return SessionLeave(session_id=self.session_id) if self._session else SessionLeave(target=self.peer)

    @property
    def _invited(self) -> bool:
        """Whether this side calls under an invite."""
        return any(suite.invited for suite in self._suites)

    def _receive_key(self, payload: Payload) -> list[Effect]:
        try:
            if self.suite is None:
                self.suite = self._choose(payload)
            return self._keys(self.suite.receive_key(payload))
        except KeyRefused as refusal:
            return self._refuse(refusal.reason)

    def _answer(self, suite: Suite) -> list[Effect]:
        try:
            return self._keys(suite.answer())
        except KeyRefused as refusal:
            return self._refuse(refusal.reason)

    def _choose(self, payload: Payload) -> Suite:
        for suite in self._suites:
            if suite.recognises(payload):
                return suite
        raise KeyRefused("version")

    def _refuse(self, reason: str) -> list[Effect]:
        """The other's key material ends the attempt; who comes with a bad invite hears what is wrong with it."""
        if reason not in _FAULTS_OF_INVITES:
            return self._step("refused", reason)
        self._step("refused", f"their_{reason}")
        return [Send(SessionDecline(session_id=self.session_id, payload=SessionRef(reason=reason)))]

    def _agreed(self) -> list[Effect]:
        """Once the keys stand, and the person has been asked what there is to ask, connect."""
        if self.state is not State.KEYS or self.suite is None:
            return []
        if self.suite.changed is not None:
            return self._step("changed")
        if not self.suite.agreed:
            return []
        if self.suite.needs_consent and not self._consented:
            return self._step("warn")
        self._step("agreed")
        assert self._session is not None, "keys come in a session"
        offering = self.suite.offers(self._dialled and self._session.initiator)
        waiting, self._waiting = self._waiting, []
        opened = [effect for kind, payload in waiting for effect in self.signal(kind, payload)]
        return [Start(offering, self._session.ice_servers), *opened]

    def _beside(self, payload: Payload) -> list[Effect]:
        """A handshake during the conversation. A failing one, or one of somebody else, changes nothing."""
        assert self.suite is not None, "a channel opens under a suite"
        renewal = self._renewal
        if payload.get("step") == 1 and (renewal is None or renewal.role == "called"):
            renewal = self.suite.renewal()
        if renewal is None:
            return []
        rings = renewal.role is None
        try:
            steps = renewal.receive_key(payload)
            if rings and renewal.role == "called":
                steps = renewal.answer()
        except KeyRefused:
            self._renewal = None
            return []
        self._renewal = renewal
        return [*self._keys(steps), *self._rekeyed(renewal)]

    def _rekeyed(self, renewal: Lowkey2) -> list[Effect]:
        """The keys of a new handshake stand: they take the place of the old ones, if the identity is the same."""
        if renewal.their_identity is None:
            return []
        self._renewal = None
        if not renewal.agreed or renewal.their_identity != self._identity:
            renewal.erase()
            return [Notice("stranger")]
        self.suite = renewal
        return [Rekeyed(renewal)]

    @property
    def _identity(self) -> bytes | None:
        return self.suite.their_identity if self.suite else None

    def _forget(self) -> None:
        """Drop the keys of an attempt that is over."""
        for suite in self._suites:
            suite.erase()
        if self.suite is not None:
            self.suite.erase()

    def _keys(self, payloads: Sequence[Payload]) -> list[Effect]:
        """Key messages, to go out under the session."""
        return [
            Send(KeyExchange(target=self.peer, session_id=self.session_id, payload=raw(payload)))
            for payload in payloads
        ]
