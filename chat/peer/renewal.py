"""A handshake beside the open channel, for new keys. Mirrors static/js/peer/renewal.js.

It changes nothing before it has verified with the identity that the conversation began with: until then its steps go out
under the session in which it runs, and the call keeps its own. A failing one, or one of somebody else, is forgotten.

A step 1 may come more than once, since its sender cannot know that it arrived: it gets the same answer again, and begins
nothing.
"""

from __future__ import annotations

from signaling.messages import JoinedPayload

from . import effects
from .classic import Payload
from .effects import Effect, Notice, Rekeyed
from .errors import KeyRefused
from .lowkey2 import Lowkey2, step_of
from .suite import Suite


class Renewal:
    """For the conversation with `peer` that began under `suite` in `session`; one handshake at a time, or none."""

    def __init__(self, peer: str, suite: Suite, session: JoinedPayload) -> None:
        self._peer = peer
        self._suite = suite
        self._attempt: Lowkey2 | None = None
        self._session = self._standing = session
        self._answered: tuple[object, list[Payload]] = (None, [])
        """The `hs` of the last step 1 that was answered, and the answer."""

    @property
    def begun(self) -> bool:
        """Whether this side has begun one, and waits for the server or for the other side."""
        return self._attempt is not None and self._attempt.role != "called"

    def repeats(self, payload: Payload) -> bool:
        """Whether it is a step 1 that was answered before."""
        return step_of(payload) == 1 and "hs" in payload and payload["hs"] == self._answered[0]

    def begin(self) -> list[Effect]:
        """The two have lost each other's keys. Nothing but a session is asked for before that session stands."""
        fresh = self._suite.renewal()
        if fresh is None:
            return []
        self._take(fresh)
        return [effects.connect(self._peer)]

    def joined(self, session: JoinedPayload) -> list[Effect]:
        """The session that this side asked for stands."""
        assert self._attempt is not None, "a session is asked for by an attempt"
        self._session = session
        return self._keys([self._attempt.opening()])

    def adopt(self, session: JoinedPayload) -> None:
        """The conversation goes on in this session, and so does the next handshake."""
        self._standing = session
        if self._attempt is None:
            self._session = session

    def receive(self, payload: Payload, session: JoinedPayload | None = None) -> list[Effect]:
        """Take a step of the other side's, which may have come in a session of its own."""
        attempt = self._attempt
        if self.repeats(payload):
            stands = attempt is not None and attempt.role == "called"
            return self._keys(self._answered[1]) if stands else []
        if step_of(payload) == 1 and not self.begun:
            attempt = self._suite.renewal()
            self._take(attempt)
        if attempt is None:
            return []
        try:
            steps = self._answers(attempt, payload, session)
        except KeyRefused:
            self.forget()
            return []
        said = self._keys(steps)
        if attempt.changed is not None or attempt.their_identity not in (None, self._suite.their_identity):
            return self._stranger()
        return [*said, *self._met(attempt)]

    def forget(self) -> None:
        """Drop the keys of one that has failed, has taken too long, or is over with the call."""
        self._take(None)

    def _take(self, attempt: Lowkey2 | None) -> None:
        if self._attempt is not None:
            self._attempt.erase()
        self._attempt = attempt
        self._session = self._standing

    def _answers(self, attempt: Lowkey2, payload: Payload, session: JoinedPayload | None) -> list[Payload]:
        """The steps to send back. Whose step 1 stands is answered without asking, in the session that it came in."""
        rings = attempt.role is None
        steps = attempt.receive_key(payload)
        if attempt.role != "called" or step_of(payload) != 1:
            return steps
        self._session = session or self._session
        steps = attempt.answer() if rings else steps
        self._answered = payload["hs"], steps
        return steps

    def _met(self, attempt: Lowkey2) -> list[Effect]:
        """The keys stand: they take the place of the old ones."""
        if not attempt.agreed:
            return []
        self._attempt, self._standing = None, self._session
        return [Rekeyed(attempt, self._session)]

    def _stranger(self) -> list[Effect]:
        """Another device: it hears nothing more, not even that this one took it for the other side."""
        self.forget()
        return [Notice("stranger")]

    def _keys(self, payloads: list[Payload]) -> list[Effect]:
        return effects.keys(self._peer, self._session.session_id, payloads)
