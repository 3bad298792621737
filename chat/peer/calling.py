"""The call of a link: it is given its events, and what it returns is done. Mirrors static/js/peer/calling.js.

The events come from the person, from the server, and from the transport that a call makes when it is agreed on. A state that lasts
too long ends, and with the call's end nothing more is due. returning.py and link.py add what becomes of these events when there is
more than a call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from signaling import messages as wire

from .call import Call
from .call_table import State
from .classic import Payload
from .conversation_table import State as Talking
from .effects import Effect, Notice, Send, Signal, Start, connect
from .errors import sentence
from .line import Line
from .pacing import Pacing
from .path_watch import Path
from .standing import Standing
from .surroundings import Surroundings

_OUTLIVE_THE_SERVER = frozenset({State.CALLING, State.RINGING, State.KEYS, State.CONNECTING})
"""Calls that may go on in their session when the server is back."""


class Calling(Standing):
    """The call with the peer called `peer`, whose device is expected to be the one of `identity`."""

    def __init__(self, peer: str, around: Surroundings, identity: bytes | None = None) -> None:
        super().__init__(Call(peer, around.suites), around.history(peer, identity), around.now(), identity)
        self._around = around
        self._pacing = Pacing(around.after, around.clock)
        self._line = Line(self, around.preferences)

    # The person

    def dial(self) -> None:
        self._do(self._call.dial)

    def accept(self) -> None:
        self._do(self._call.accept)

    def decline(self) -> None:
        self._do(self._call.decline)

    def end(self) -> None:
        """Hang up."""
        self._hang_up()
        self._settle()

    def abandon(self) -> None:
        """Be gone, without a word that it is for good."""
        self._hang_up()

    def suspend(self) -> None:
        """Be gone without a word, and perhaps back later: a call is not."""
        self.abandon()

    def forget(self) -> None:
        """Another call takes the place of this one: nothing more is heard of it."""
        self._stop()
        self._around = replace(self._around, changed=lambda: None)

    def accept_classic(self) -> None:
        self._do(self._call.accept_classic)

    def refuse_classic(self) -> None:
        self._do(self._call.refuse_classic)

    def accept_key(self) -> None:
        self._do(self._call.accept_key)

    def refuse_key(self) -> None:
        self._do(self._call.refuse_key)

    @property
    def path(self) -> Path | None:
        """How the two are connected."""
        return self._line.path

    async def wait_closed(self) -> None:
        """Wait until every transport that was given up is closed."""
        await self._line.wait_closed()

    # The server

    def ring(self, session: wire.JoinedPayload, payload: Payload) -> None:
        self._do(self._call.ring, session, payload)

    def joined(self, session: wire.JoinedPayload) -> None:
        self._do(self._call.joined, session)

    def key(self, payload: Payload) -> None:
        self._do(self._call.key, payload)

    def remote_signal(self, kind: str, payload: Payload, session: wire.JoinedPayload | None = None) -> None:
        """A signal, and the session in which it may have come, where nobody here asked for that."""
        self._do(self._signalled, kind, payload, session)

    def declined(self, reason: str, session_id: str | None) -> None:
        self._do(self._call.declined, reason, session_id)

    def left(self, reason: str, session_id: str | None) -> None:
        self._do(self._call.left, reason, session_id, self._line.overdue_fault)

    def error(self, code: str, session_id: str | None) -> None:
        self._do(self._call.error, code, session_id)

    def server_lost(self) -> None:
        """A call in a session may go on in it, if the server is back soon."""
        if self._call.state in _OUTLIVE_THE_SERVER:
            self._pacing.server_lost(lambda: self._do(self._call.server_lost))
        else:
            self._do(self._call.server_lost)

    def server_back(self) -> None:
        self._pacing.server_back()
        if self._call.state is State.CALLING and not self._returning:
            self._connect()

    # The transport (its listener)

    def signal(self, kind: str, body: Payload) -> None:
        self._do(self._call.local_signal, kind, body)

    def failed(self, reason: str | None = None) -> None:
        """Before the channel was open the call failed."""
        if not self.over:
            self._do(self._call.failed, reason)

    def closed(self) -> None:
        self.failed()

    def path_changed(self) -> None:
        self._around.changed()

    # What else the transport tells is for a chat

    def opened(self) -> None:
        pass

    def received(self, frame: str) -> None:
        pass

    def writable(self) -> None:
        pass

    def interrupted(self) -> None:
        pass

    def recovered(self) -> None:
        pass

    # Inside

    def _do(self, event: Callable[..., list[Effect]], *args: Any) -> None:
        """Give the call an event, follow its state, and do what it returned."""
        before = self._call.state
        effects = self._considered(event(*args))
        if self._call.state is not before:
            self._follow()
        for effect in effects:
            self._carry_out(effect)
        self._settle()

    def _signalled(self, kind: str, payload: Payload, session: wire.JoinedPayload | None) -> list[Effect]:
        return self._call.signal(kind, payload)

    def _considered(self, effects: list[Effect]) -> list[Effect]:
        """What is to be done of it: nothing for who is blocked."""
        if not self._is_blocked:
            return effects
        self._call.cancel()
        self._returning, self._gave_up = False, "you_blocked"
        return []

    @property
    def _is_blocked(self) -> bool:
        """Whether a call turns out to be with a device that the person blocked."""
        identity = self.their_identity
        new = self._conversation is None and self._call.state is not State.ENDED
        return new and identity is not None and self._around.blocked(identity)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Send(message):
                self._around.send(message)
            case Start(offering, ice_servers):
                self._line.replace(ice_servers)
                if offering:
                    self._line.offer()
            case Signal(kind, body):
                self._line.receive(kind, body)
            case Notice(reason):
                self._around.notice(sentence(reason, self.peer))

    def _connect(self) -> bool:
        """Ask the server for the session of the two; whether it was there to be asked."""
        return self._around.send(connect(self.peer).message)

    def _hang_up(self) -> None:
        if self._call.state is State.RINGING:
            self._do(self._call.decline)
        elif self._call.state is not State.ENDED:
            self._do(self._call.cancel)

    def _follow(self) -> None:
        """The call is in another state: it has another deadline, and with its end the transport goes."""
        self._pacing.follow_call(self._call.deadline, self._timeout)
        if self.over:
            self._stop()
            if self._conversation is None and self.reason in ("missed", "cancelled"):
                self._around.missed(self.peer)

    def _timeout(self) -> None:
        self._do(self._call.timeout, self._line.fault)

    def _stop(self) -> None:
        """Nothing more is due."""
        self._pacing.stop()
        self._line.close()

    def _settle(self) -> None:
        """Note since when there is no path, and say that something changed."""
        state = self._conversation.state if self._conversation else None
        if self._returning or state is Talking.RECONNECTING:
            self.since = self.since or self._around.now()
        elif state is not Talking.GREETING:
            self.since = None
        self._around.changed()
