"""A call: from dialling a name, or ringing, to an open channel. Mirrors static/js/peer/call.js.

call_table.py says what may happen in which state, and effects.py what comes of it. A `Call` does no I/O and holds no clock.
Each method is one event and returns what is to be done about it, in order: `Send` a signaling message, `Start` a transport,
hand the transport a `Signal`. `deadline` is how long the state may last; when that is over the owner calls `timeout()`.

Nothing that tells about this network leaves before the person accepts: the called side starts its transport when it has
accepted, the calling side when the other's key shows that it has. Two things are asked besides, and nothing leaves before
they are answered: a classic peer (WARNED), and a key that is not the pinned one (BLOCKED; ASKED when the call itself is over
meanwhile, and only the question stands).

The first `key:exchange` read chooses the suite (suite.py describes the shape), and nothing after that asks which it is. With
the channel open, a new handshake runs beside it (renewal.py), and the call goes on under its keys when they stand (`Rekeyed`).
"""

from __future__ import annotations

from collections.abc import Sequence

from signaling.messages import IceServer, JoinedPayload, same_name

from . import effects
from .call_table import DEADLINES, ENDINGS, TABLE, State
from .classic import Payload
from .effects import Effect, Rekeyed, Signal, Start
from .errors import KeyRefused, Unexpected
from .renewal import Renewal
from .suite import Suite, Suites

MAX_WAITING = 64
"""Signals kept while the person is asked about a key."""

_TELLS_THE_OTHER = frozenset({"cancel", "timeout", "refused", "failed", "refuse_classic", "refuse_key"})
_TELLS_IN_A_SESSION = frozenset({"error"})
_REASONS_TO_DECLINE = frozenset({"declined", "busy"})
_FAULTS_OF_INVITES = {
    "invite_used": "invite_used",
    "invite_expired": "invite_expired",
    "invite_unknown": "invite_unknown",
    "invite_changed": "invite_unknown",
}
"""What is wrong with a caller's invite, and the protocol's word for it."""


class Call:
    """One attempt with one peer, whose name is `peer`; over when `state` is ENDED, for `reason`."""

    def __init__(self, peer: str, suites: Suites) -> None:
        self.peer = peer
        self.state = State.IDLE
        self.reason: str | None = None
        self.suite: Suite | None = None
        self._suites = suites(peer)
        self._session: JoinedPayload | None = None
        self.dialled = False
        """Whether this side's person called."""
        self._consented = False
        self._undecided = False
        """Whether the other side, which has shown its key, may still be asked about this one's."""
        self._waiting: list[tuple[str, Payload]] = []
        self._renewal: Renewal | None = None

    @property
    def deadline(self) -> float | None:
        """Seconds that the present state may last; None for ever."""
        return DEADLINES.get(self.state)

    def repeats(self, payload: Payload) -> bool:
        """Whether this step of a handshake beside the open channel came before, and was answered."""
        return self._renewal is not None and self._renewal.repeats(payload)

    @property
    def renewing(self) -> bool:
        """Whether this side has begun a handshake beside the open channel, and waits for the server or for the other side."""
        return self._renewal is not None and self._renewal.begun

    @property
    def session_id(self) -> str | None:
        return self._session.session_id if self._session else None

    def is_in(self, session_id: str | None) -> bool:
        """Whether the session is the one that the call is in, or is not named."""
        return session_id in (None, self.session_id)

    @property
    def ice_servers(self) -> list[IceServer]:
        return self._session.ice_servers if self._session else []

    def begun_anew(self, payload: Payload) -> JoinedPayload | None:
        """The session, where the other one has been answered and begins another handshake: nothing will come of this one."""
        return self._session if self.suite is not None and self.suite.begun_anew(payload) else None

    # The person

    def dial(self) -> list[Effect]:
        self._step("dial")
        self.dialled = True
        return [effects.connect(self.peer)]

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
        return [*([] if self.dialled else self._answer(self.suite)), *self._agreed()]

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
        return [effects.decline(self.session_id, reason)]

    def cancel(self) -> list[Effect]:
        """The caller hangs up, or either of them leaves before or after the channel is open."""
        return self._step("cancel")

    # The server

    def joined(self, session: JoinedPayload) -> list[Effect]:
        """The session stands. Said again, it tells a caller that the other may not have its key."""
        self._step("joined")
        if self._renewal is not None and self._renewal.begun:
            return self._renewal.joined(session)
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
        known = reason in _REASONS_TO_DECLINE or (self._invited and reason in _FAULTS_OF_INVITES.values())
        return self._told("declined", reason if known else "declined", session_id)

    def left(self, reason: str, session_id: str | None = None, fault: str | None = None) -> list[Effect]:
        """The session is over: the other one left it (`left`) or is gone (`gone`). With a `fault` in the path it left for that."""
        unanswered = self.state is State.CALLING
        why = "gone" if reason == "gone" else fault or ("no_answer" if unanswered else "hung_up")
        return self._told("left", why, session_id)

    def error(self, code: str, session_id: str | None = None) -> list[Effect]:
        inviter = code == "USER_OFFLINE" and self._invited
        return self._told("error", "inviter_offline" if inviter else code, session_id)

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
        if self._renewal is not None:
            return self._beside(self._renewal.receive(payload))
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
        if body is None:
            return []
        self._undecided = False
        return [Signal(kind, body)]

    def renewed(self, session: JoinedPayload, payload: Payload) -> list[Effect]:
        """The other one's handshake came in a session of its own, as after a reload of its page."""
        self._step("key")
        return self._beside(self._renewal.receive(payload, session)) if self._renewal is not None else []

    def renew(self) -> list[Effect]:
        """The two have lost each other's keys: begin a new handshake beside the open channel."""
        return self._renewal.begin() if self._renewal is not None else []

    def adopt(self, session: JoinedPayload) -> None:
        """The session that stands for the two now: the open conversation goes on in it."""
        self._session = session
        if self._renewal is not None:
            self._renewal.adopt(session)

    def drop(self) -> None:
        """Another attempt takes the place of this one, of which nobody hears anything more."""
        self.state = State.ENDED
        self._forget()

    def forget_renewal(self) -> None:
        """The handshake beside the conversation has taken too long."""
        if self._renewal is not None:
            self._renewal.forget()

    # The transport and the clock

    def local_signal(self, kind: str, body: Payload) -> list[Effect]:
        """An offer, answer or candidate of this side, sealed for the other."""
        assert self.suite is not None, "signals follow the keys"
        return [effects.signal(kind, self.peer, self.session_id, self.suite.seal_signal(kind, body))]

    def opened(self) -> list[Effect]:
        self._step("opened")
        assert self.suite is not None and self._session is not None, "a channel opens under keys that came in a session"
        self._renewal = Renewal(self.peer, self.suite, self._session)
        return []

    def failed(self, reason: str | None = None) -> list[Effect]:
        """The transport gave up, for a reason that it may know."""
        return self._step("failed", reason or "no_path")

    def timeout(self, fault: str | None = None) -> list[Effect]:
        """The state lasted too long; `fault` is what the transport knows of why there is no path."""
        return self._step("timeout", "undecided" if self._undecided else fault or "no_path")

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
        tells = tells and row[0] is not State.IDLE
        return [effects.leave(self.peer, self.session_id)] if tells else []

    def _told(self, event: str, reason: str, session_id: str | None) -> list[Effect]:
        """What the server says of a session. Of another one, as one that this side has left already, it changes nothing."""
        return self._step(event, reason) if self.is_in(session_id) else []

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
        return [effects.decline(self.session_id, _FAULTS_OF_INVITES[reason])]

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
        offering = self.suite.offers(self.dialled and self._session.initiator)
        self._undecided = offering and not self.suite.needs_consent
        waiting, self._waiting = self._waiting, []
        opened = [effect for kind, payload in waiting for effect in self.signal(kind, payload)]
        return [Start(offering, self._session.ice_servers), *opened]

    def _beside(self, done: list[Effect]) -> list[Effect]:
        """What a handshake beside the channel has come to; with new keys the call goes on in their session."""
        for effect in done:
            if isinstance(effect, Rekeyed):
                self.suite, self._session = effect.suite, effect.session
        return done

    def _forget(self) -> None:
        """Drop the keys of an attempt that is over."""
        for suite in self._suites:
            suite.erase()
        if self.suite is not None:
            self.suite.erase()
        self.forget_renewal()
        self._renewal = None

    def _keys(self, payloads: Sequence[Payload]) -> list[Effect]:
        return effects.keys(self.peer, self.session_id, payloads)
