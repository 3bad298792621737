"""Everything between this device and one other: the call, then the conversation, and the transport under both.

Mirrors static/js/peer/link.js. The link does the I/O that the state machines leave out. It stands in layers, each of which takes
the events of the person, the server and the transport, and leaves to the one below what is not its own: here is what the two say
and under which keys, in lasting.py the path of an open chat, in returning.py a chat that is to be open again, in calling.py the
call, in standing.py what there is to show. Frames are flow.py's, the transport line.py's, and what is due when, pacing.py says. No
handler waits, so each event is handled whole and in order.
"""

from __future__ import annotations

from signaling import messages as wire

from .classic import Payload
from .conversation import Conversation
from .conversation_table import State
from .effects import Effect, Rekeyed
from .errors import PeerError
from .flow import Flow
from .lasting import Lasting
from .lowkey2 import step_of
from .messages import Message, Ref
from .suite import Suite
from .surroundings import Surroundings
from .talking import Talking


class Link(Lasting):
    """The link to the peer called `peer`, whose device is expected to be the one of `identity`."""

    def __init__(self, peer: str, around: Surroundings, identity: bytes | None = None) -> None:
        super().__init__(peer, around, identity)
        self._talking: Talking | None = None

    # The person

    def end(self) -> None:
        """Leave the chat, or hang up."""
        if self._conversation is not None:
            self._conversation.leave()
            self._pump()
            self._conversation.end()
        super().end()

    def abandon(self) -> None:
        """Be gone, without a word that it is for good."""
        if self._conversation is not None:
            self._conversation.failed()
        super().abandon()

    def verify(self) -> None:
        """Compare emoji with the other one. Raises PeerError."""
        self._open().verify()
        self._pump()

    def confirm(self, matches: bool) -> None:
        """What the person saw when comparing. Raises PeerError."""
        self._open().confirm(matches)
        self._pump()

    @property
    def talk(self) -> Talking:
        """What is said in the open conversation. Raises PeerError."""
        if self._talking is None:
            raise PeerError("no_chat", self.peer)
        return self._talking

    def send(self, body: str, re: Ref | None = None) -> Message:
        """Queue a message, which may reply to another. Raises PeerError."""
        return super().send(body, re) if self._returning else self.talk.send(body, re)

    def preferred(self) -> None:
        """The person prefers something else than before."""
        if self._talking is not None:
            self._talking.preferred()

    # The server

    def key(self, payload: Payload) -> None:
        if self._may_take(payload):
            super().key(payload)

    def renewed(self, session: wire.JoinedPayload, payload: Payload) -> None:
        """The other one calls anew while the chat is open, as after a reload of its page."""
        if self._may_take(payload):
            self._do(self._call.renewed, session, payload)

    # The transport (its listener)

    def opened(self) -> None:
        self._line.opened()
        self._found()
        if self._conversation is not None:
            self._conversation.reopened()
        else:
            self._returning = False
            self._begin_conversation()
            self._do(self._call.opened)
        self._pump()

    def received(self, frame: str) -> None:
        if self._conversation is None or self._talking is None or self.over:
            return
        self._heard()
        message = self._talking.receive(frame)
        if self._conversation.state is State.ENDED:
            self._do(self._call.cancel)
        elif self._conversation.lost_keys:
            self._renew()
        self._pump()
        if message is not None:
            self._around.received(message, self.peer)

    def writable(self) -> None:
        self._pump()

    # New keys

    def _may_take(self, payload: Payload) -> bool:
        """Whether a `key:exchange` is looked at: a chat that is open answers so many handshakes a minute, unasked. One that this
        side has begun as well is not unasked."""
        known = self._call.renewing or self._call.repeats(payload)
        if self._conversation is None or step_of(payload) != 1 or known:
            return True
        return self._pacing.may_answer(self._call.forget_renewal)

    def _rehandshake(self) -> None:
        """The other side may have lost its keys; who is called back does not answer."""
        if self._returning:
            super()._rehandshake()
        elif not self._call.renewing:
            self._renew()

    def _renew(self) -> None:
        """The two have lost each other's keys: agree on new ones, though not all the time."""
        if self._pacing.may_begin(self._call.forget_renewal):
            self._do(self._call.renew)

    def _rekeyed(self, suite: Suite) -> None:
        if self._conversation is not None:
            self._conversation.rekeyed(suite)
            self._pacing.rekeyed()
            self._restoring.rekeyed(caller=self._is_caller)
            self._pump()

    def _silent(self) -> None:
        """Nothing came over a channel that stands. A chat that was secured has lost its keys in a handshake that the other side
        did not finish: that ends no chat, another handshake mends it."""
        if self._conversation is not None and self._conversation.once_secured:
            self._renew()
            self._pump()
        elif not self.over:
            self._ended(Conversation.silent)

    # Inside

    def _begin_conversation(self) -> None:
        suite = self._call.suite
        assert suite is not None, "a channel opens under a suite"
        around = self._around
        for name in suite.known_as:
            around.notice(f"{self.peer} is on a device that you know as {name}.")
        conversation = Conversation(
            self.peer,
            suite,
            now=around.now,
            new_id=around.new_id,
            history=around.history(self.peer, suite.their_identity),
            preferences=around.preferences,
        )
        self._began(conversation)
        self._flow = Flow(conversation, self._line, self._pacing, settle=self._settle, silent=self._silent)
        self._talking = Talking(conversation, after=around.after, changed=around.changed, pump=self._pump)
        if conversation.history is self._expected:
            self._early.say(self._talking)

    def _open(self) -> Conversation:
        if self._conversation is None:
            raise PeerError("no_chat")
        return self._conversation

    def _carry_out(self, effect: Effect) -> None:
        if isinstance(effect, Rekeyed):
            self._rekeyed(effect.suite)
        else:
            super()._carry_out(effect)

    def _stop(self) -> None:
        super()._stop()
        if self._talking is not None:
            self._talking.stop()
