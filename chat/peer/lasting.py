"""A chat that is open, and outlasts its path. Mirrors static/js/peer/lasting.js.

A chat whose suite acknowledges ends when one of the two ends it, and not with its path. While it has none, and only then, what
the server says of the other one counts: that they left, or do not want to go on. Said before, it counts from the moment that the
path is lost. How another path is found, restoring.py says.
"""

from __future__ import annotations

from collections.abc import Callable

from signaling import messages as wire

from .classic import Payload
from .conversation import Conversation
from .effects import Effect, Signal
from .flow import Flow
from .returning import OFFLINE, Returning
from .surroundings import Surroundings

LEFT_SECONDS = 2.0
"""How long what comes may still be on its way from who has left."""


class Lasting(Returning):
    """A call, or the conversation that it came to, over one path after the other."""

    def __init__(self, peer: str, around: Surroundings, identity: bytes | None = None) -> None:
        super().__init__(peer, around, identity)
        self._flow: Flow | None = None
        self._left_at: float | None = None
        """When the server said that the other one left, of whom nothing was heard since."""

    # The person

    def suspend(self) -> None:
        """Be gone without a word, and perhaps back later: an open chat waits for its path, and what is no such chat is over."""
        if self.renewable:
            self._line.close()
            self._lost()
        else:
            super().suspend()

    def wake(self) -> None:
        """The network may be another one, or back: look for a path where there is none, and whether the one there is answers."""
        super().wake()
        self._line.check(self._unanswering)

    # The server

    def joined(self, session: wire.JoinedPayload) -> None:
        if self._conversation is not None and self._restoring.active:
            self.away = False
            self._call.adopt(session)
            self._restoring.joined(caller=self._is_caller)
        super().joined(session)

    def declined(self, reason: str, session_id: str | None) -> None:
        if self._conversation is None:
            super().declined(reason, session_id)
        elif self._restoring.active and self._call.renewing and self._call.is_in(session_id) and reason != "busy":
            self._ended(Conversation.declined)

    def left(self, reason: str, session_id: str | None) -> None:
        if self._conversation is None:
            super().left(reason, session_id)
        elif not self._call.is_in(session_id):
            return
        elif reason == "left" and self._conversation.suite.acknowledges:
            self._left_at = self._around.clock()
            if self._restoring.active:
                self._ended(Conversation.left)
        elif self._restoring.active:
            self.away = True
            self._around.changed()

    def error(self, code: str, session_id: str | None) -> None:
        if self._conversation is not None and self._restoring.active:
            self.away = self.away or code in OFFLINE
            self._restoring.failed()
        super().error(code, session_id)

    def server_lost(self) -> None:
        """A chat goes on without the server."""
        if self._conversation is not None:
            self._restoring.failed()
        else:
            super().server_lost()

    # The transport (its listener)

    def interrupted(self) -> None:
        if self._conversation is None or self.over:
            return
        if self._conversation.suite.acknowledges:
            self._pacing.interrupted(self._lost)
        else:
            self._conversation.interrupted()
            self._settle()

    def recovered(self) -> None:
        """The path is back; one whose channel has yet to open tells of that itself."""
        self._pacing.recovered()
        if self._conversation is not None and self._line.is_open and not self.over:
            self._found()
            self._conversation.recovered()
            self._pump()

    def failed(self, reason: str | None = None) -> None:
        if self._conversation is None:
            super().failed(reason)
        else:
            self._gone(Conversation.failed)

    def closed(self) -> None:
        if self._conversation is None:
            super().closed()
        else:
            self._gone(Conversation.closed)

    # The path

    def _lost(self) -> None:
        """The path is lost: the chat waits for another one."""
        self._pacing.recovered()
        if self._conversation is None or self.over:
            return
        self._conversation.interrupted()
        if self._left_at is not None:
            self._ended(Conversation.left)
        else:
            self._restoring.begin()
            self._settle()

    def _unanswering(self) -> None:
        if self.renewable:
            self._lost()

    def _found(self) -> None:
        """There is a path."""
        self._pacing.recovered()
        self._pacing.came_back()
        self._restoring.done()
        self.away = False
        if self._call.renewing:
            self._call.forget_renewal()

    def _offer(self) -> None:
        if self._conversation is not None:
            self._replace_line(self._conversation)
            self._line.offer()

    def _offered(self) -> None:
        """The other side makes another path."""
        if self._conversation is not None:
            self._replace_line(self._conversation)
            self._restoring.offered()

    def _replace_line(self, conversation: Conversation) -> None:
        conversation.interrupted()
        self._line.replace(self._call.ice_servers)

    def _heard(self) -> None:
        """Something came of the other one. Who was said to have left has not, if it came a while later."""
        if self._left_at is not None and self._around.clock() - self._left_at > LEFT_SECONDS:
            self._left_at = None

    def _gone(self, event: Callable[[Conversation], None]) -> None:
        """The transport is no more: the chat waits for another path, where it can."""
        if self._conversation is None or self.over:
            return
        if not self._conversation.suite.acknowledges:
            self._ended(event)
            return
        was_open = self._line.is_open
        self._line.close()
        if not self._restoring.active:
            self._lost()
        elif not was_open:
            self._restoring.failed()

    def _ended(self, event: Callable[[Conversation], None]) -> None:
        """The chat is over."""
        if self._conversation is not None:
            event(self._conversation)
            self._do(self._call.cancel)

    # Inside

    @property
    def _is_caller(self) -> bool:
        """Whether this side called in the handshake whose keys stand."""
        return self.suite is not None and self.suite.offers(self.dialled)

    def _signalled(self, kind: str, payload: Payload, session: wire.JoinedPayload | None) -> list[Effect]:
        """Who made the signal has the keys, so the session is good."""
        effects = super()._signalled(kind, payload, session)
        if effects and self._conversation is not None:
            self._restoring.heard()
            if session is not None:
                self._call.adopt(session)
        return effects

    def _carry_out(self, effect: Effect) -> None:
        if isinstance(effect, Signal) and effect.kind == "offer":
            self._offered()
        super()._carry_out(effect)

    def _pump(self) -> None:
        if self._flow is not None:
            self._flow.pump()

    def _stop(self) -> None:
        super()._stop()
        if self._flow is not None:
            self._flow.stop()
