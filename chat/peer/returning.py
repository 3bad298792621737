"""A chat that was open before this side was started anew: the other one is called back into it. Mirrors
static/js/peer/returning.js.

Nobody here is asked, and the other side answers without asking. restoring.py says when a call back is made; each is a call of its own
that takes the place of the one before, until one comes to a channel, or the person is known not to come back.
"""

from __future__ import annotations

from signaling import messages as wire

from .call import Call
from .call_table import State
from .calling import Calling
from .classic import Payload
from .early import Early
from .effects import Effect
from .errors import sentence
from .messages import Message, Ref
from .restoring import Restoring
from .surroundings import Surroundings

OFFLINE = frozenset({"USER_OFFLINE", "RELAY_FAILED"})
"""Codes of the server that say that the other one is not there."""

_IN_VAIN = frozenset({"declined", "no_answer", "hung_up", "undecided"})
"""Why a call ends by which somebody is called back into a chat, where they do not want to, or know of it."""

_NO_MORE = frozenset({*_IN_VAIN, "bad_handshake", "bad_key", "wrong_peer", "classic_refused", "version"})
"""Why such a call ends that is not made again."""

UNANSWERED = 2
"""How many calls back may go unanswered before the last one."""

UNANSWERED_SECONDS = 22.0
"""How long after such a call the next one is made. It is not hung up meanwhile; and a minute, after which the other side answers
handshakes again, is over before the last."""


class Returning(Calling):
    """A call, or calls back into the chat that was open."""

    def __init__(self, peer: str, around: Surroundings, identity: bytes | None = None) -> None:
        super().__init__(peer, around, identity)
        self._early = Early(self._expected, now=around.now, new_id=around.new_id)
        self._restoring = Restoring(
            ask=self._ask,
            offer=self._offer,
            rehandshake=self._rehandshake,
            after=around.after,
            clock=around.clock,
            fraction=around.fraction,
        )
        self._unanswered = 0
        """How many calls back have gone unanswered."""

    # The person

    def come_back(self) -> None:
        """The chat was open before this side was started anew: call the other one, who is expected to go on with it."""
        self._returning = True
        self._restoring.begin()
        self._settle()

    def end(self) -> None:
        """Leave the chat, or hang up."""
        if self._returning:
            self._give_up("you_left")
        super().end()

    def abandon(self) -> None:
        self._returning = False
        super().abandon()

    def suspend(self) -> None:
        """Be gone without a word, and perhaps back later: who is on the way back stays so, and what is no such chat is over."""
        if not self._returning:
            super().suspend()

    def send(self, body: str, re: Ref | None = None) -> Message:
        """Queue a message for when the chat goes on. Raises PeerError."""
        message = self._early.send(body, re)
        self._settle()
        return message

    def wake(self) -> None:
        """The network may be another one, or back: look for a path where there is none."""
        self._restoring.hurry()

    # The server

    def joined(self, session: wire.JoinedPayload) -> None:
        if self._returning:
            self.away = False
            if self._call.state is State.ENDED:
                self._renew_call()
                self._call.dial()
            self._restoring.joined(caller=True)
        super().joined(session)

    def key(self, payload: Payload) -> None:
        anew = self._call.begun_anew(payload) if self._returning else None
        if anew is not None:
            self._answer_anew(anew, payload)
            return
        before = self._call.state
        super().key(payload)
        if self._returning and self._call.state is not before:
            self._heard_of()

    def server_lost(self) -> None:
        if self._returning:
            self._restoring.failed()
        else:
            super().server_lost()

    def server_back(self) -> None:
        self._restoring.hurry()
        super().server_back()

    # What an attempt takes (see Restoring)

    def _ask(self) -> bool:
        """Ask for the session of the two, and in it for another path."""
        if self._returning:
            self._renew_call()
            self._call.dial()
        return self._connect()

    def _offer(self) -> None:
        """A call back makes its path itself, when it is agreed on."""

    def _rehandshake(self) -> None:
        """Who is called back does not answer."""
        if self._unanswered < UNANSWERED:
            self._unanswered += 1
            self._restoring.later(UNANSWERED_SECONDS)
        else:
            self._give_up("not_back")

    # Inside

    def _renew_call(self) -> None:
        """Call once more; of the call before nobody hears anything."""
        self._line.close()
        self._call.drop()
        self._call = Call(self.peer, self._around.suites)

    def _answer_anew(self, session: wire.JoinedPayload, payload: Payload) -> None:
        """Who was being called back has been started anew too, and calls: that is answered at once, though not all the time."""
        if self._pacing.may_answer(self._call.forget_renewal):
            self._renew_call()
            self._do(self._call.ring, session, payload)
            if self._call.state is State.RINGING:
                self._do(self._call.accept)
                self._heard_of()

    def _heard_of(self) -> None:
        """Who is called back answers: that has its time, and no other attempt is made meanwhile."""
        if self._call.state in (State.KEYS, State.CONNECTING):
            self._restoring.offered()

    def _considered(self, effects: list[Effect]) -> list[Effect]:
        """Nothing is to be done of a call back that is made again; one about which the person is asked is a call like others."""
        effects = super()._considered(effects)
        if self._returning and self._call.state is State.BLOCKED:
            self._returning = False
            self._restoring.stop()
            self._early.fail()
        again = self._returning and self._call.state is State.ENDED and self._came_to_nothing()
        return [] if again else effects

    def _came_to_nothing(self) -> bool:
        """A call back has ended; whether it is made again."""
        reason = self._call.reason or "lost"
        if reason in _NO_MORE:
            self._give_up("not_back" if reason in _IN_VAIN else None)
            return False
        self._line.close()
        self.away = reason in OFFLINE or reason == "gone"
        if self.away:
            self._pacing.comes_back(lambda: self._give_up("not_back"))
        self._restoring.failed()
        return True

    def _give_up(self, reason: str | None) -> None:
        """The chat does not go on."""
        self._returning = False
        self._gave_up = reason
        self._stop()
        self._hang_up()
        if reason == "not_back":
            self._around.notice(sentence(reason, self.peer))
        self._around.changed()

    def _stop(self) -> None:
        super()._stop()
        self._restoring.stop()
        self._early.fail()
