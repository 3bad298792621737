"""Everything between this device and one other: the call, then the conversation, and the transport under both.

Mirrors static/js/peer/link.js. The link does the I/O that the state machines leave out: it does what a call returns, pulls
frames while the channel has room, and closes the transport when it is all over. What is due when, pacing.py says; how a lost
path is replaced, restoring.py; what there is to show, standing.py. No handler waits, so each event is handled whole and in order.

A chat whose suite acknowledges ends when one of the two ends it, and not with its path. While it has none, and only then, what
the server says of the other one counts: that they left, or do not want to go on. Said before, it counts from the moment that the
path is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from signaling import messages as wire

from .call import Call
from .call_table import State as Calling
from .classic import Payload
from .conversation import Conversation
from .conversation_table import State
from .early import Early
from .effects import Effect, Notice, Rekeyed, Send, Signal, Start, connect
from .errors import PeerError, sentence
from .lowkey2 import step_of
from .messages import Message, Ref
from .pacing import Pacing
from .path_watch import Path
from .restoring import Restoring
from .standing import Standing
from .suite import Suite
from .surroundings import Surroundings
from .talking import Talking
from .transport import Transport

_OFFLINE = frozenset({"USER_OFFLINE", "RELAY_FAILED"})
"""Codes of the server that say that the other one is not there."""

_IN_VAIN = frozenset({"declined", "no_answer", "hung_up", "undecided"})
"""Why a call ends by which somebody is called back into a chat, where they do not want to, or know of it."""

_NO_MORE = frozenset({*_IN_VAIN, "bad_handshake", "bad_key", "wrong_peer", "classic_refused", "version"})
"""Why such a call ends that is not made again."""

LEFT_SECONDS = 2.0
"""How long what comes may still be on its way from who has left."""

UNANSWERED = 2
"""How many calls back may go unanswered before the last one."""

UNANSWERED_SECONDS = 22.0
"""How long after such a call the next one is made. It is not hung up meanwhile; and a minute, after which the other side answers
handshakes again, is over before the last."""

_OUTLIVE_THE_SERVER = frozenset({Calling.CALLING, Calling.RINGING, Calling.KEYS, Calling.CONNECTING})
"""Calls that may go on in their session when the server is back."""


class Link(Standing):
    """The link to the peer called `peer`, whose device is expected to be the one of `identity`."""

    def __init__(self, peer: str, around: Surroundings, identity: bytes | None = None) -> None:
        expected = around.history(peer, identity)
        super().__init__(Call(peer, around.suites), expected, around.now(), identity)
        self._around = around
        self._talking: Talking | None = None
        self._early = Early(expected, now=around.now, new_id=around.new_id)
        self._pacing = Pacing(around.after, around.clock)
        self._restoring = Restoring(
            ask=self._ask,
            offer=self._offer,
            rehandshake=self._rehandshake,
            after=around.after,
            clock=around.clock,
            fraction=around.fraction,
        )
        self._transport: Transport | None = None
        self._is_open = False
        """Whether the channel of this transport has opened."""
        self._unanswered = 0
        """How many calls back have gone unanswered."""
        self._left_at: float | None = None
        """When the server said that the other one left, of whom nothing was heard since."""
        self._closing: set[asyncio.Task[None]] = set()

    # The person

    def dial(self) -> None:
        self._do(self._call.dial)

    def come_back(self) -> None:
        """The chat was open before this side was started anew: call the other one, who is expected to go on with it."""
        self._returning = True
        self._restoring.begin()
        self._settle()

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
        elif self._returning:
            self._give_up("you_left")
        self._hang_up()
        self._settle()

    def abandon(self) -> None:
        """Be gone, without a word that it is for good."""
        if self._conversation is not None:
            self._conversation.failed()
        self._returning = False
        self._hang_up()

    def suspend(self) -> None:
        """Be gone without a word, and perhaps back later: an open chat waits for its path, and what is no such chat is over."""
        if self.renewable:
            self._close_transport()
            self._lost()
        elif not self._returning:
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
        if not self._returning:
            return self.talk.send(body, re)
        message = self._early.send(body, re)
        self._settle()
        return message

    def preferred(self) -> None:
        """The person prefers something else than before."""
        if self._talking is not None:
            self._talking.preferred()

    def wake(self) -> None:
        """The network may be another one, or back: look for a path where there is none, and whether the one there is answers."""
        self._restoring.hurry()
        if self._transport is not None and self._is_open:
            self._spawn(self._check(self._transport))

    # The server

    def ring(self, session: wire.JoinedPayload, payload: Payload) -> None:
        self._do(self._call.ring, session, payload)

    def joined(self, session: wire.JoinedPayload) -> None:
        if self._conversation is not None and self._restoring.active:
            self.away = False
            self._call.adopt(session)
            self._restoring.joined(caller=self._is_caller)
        elif self._returning:
            self.away = False
            if self._call.state is Calling.ENDED:
                self._renew_call()
                self._call.dial()
            self._restoring.joined(caller=True)
        self._do(self._call.joined, session)

    def key(self, payload: Payload) -> None:
        if not self._may_take(payload):
            return
        anew = self._call.begun_anew(payload) if self._returning else None
        if anew is not None:
            self._answer_anew(anew, payload)
            return
        before = self._call.state
        self._do(self._call.key, payload)
        if self._returning and self._call.state is not before:
            self._heard_of()

    def renewed(self, session: wire.JoinedPayload, payload: Payload) -> None:
        """The other one calls anew while the chat is open, as after a reload of its page."""
        if self._may_take(payload):
            self._do(self._call.renewed, session, payload)

    def remote_signal(self, kind: str, payload: Payload, session: wire.JoinedPayload | None = None) -> None:
        """A signal, and the session in which it may have come, where nobody here asked for that. Who made the signal has the
        keys, so the session is good."""
        self._do(self._signalled, kind, payload, session)

    def declined(self, reason: str, session_id: str | None) -> None:
        ours = session_id in (None, self._call.session_id)
        if self._conversation is None:
            self._do(self._call.declined, reason, session_id)
        elif self._restoring.active and self._call.renewing and ours and reason != "busy":
            self._over(Conversation.declined)

    def left(self, reason: str, session_id: str | None) -> None:
        if self._conversation is None:
            overdue = self._transport is not None and self._transport.overdue
            self._do(self._call.left, reason, session_id, self._fault if overdue else None)
        elif session_id not in (None, self._call.session_id):
            return
        elif reason == "left" and self._conversation.suite.acknowledges:
            self._left_at = self._around.clock()
            if self._restoring.active:
                self._over(Conversation.left)
        elif self._restoring.active:
            self.away = True
            self._around.changed()

    def error(self, code: str, session_id: str | None) -> None:
        if self._conversation is not None and self._restoring.active:
            self.away = self.away or code in _OFFLINE
            self._restoring.failed()
        self._do(self._call.error, code, session_id)

    def server_lost(self) -> None:
        """A call in a session may go on in it, if the server is back soon."""
        if self._conversation is not None or self._returning:
            self._restoring.failed()
        elif self._call.state in _OUTLIVE_THE_SERVER:
            self._pacing.server_lost(lambda: self._do(self._call.server_lost))
        else:
            self._do(self._call.server_lost)

    def server_back(self) -> None:
        self._pacing.server_back()
        self._restoring.hurry()
        if self._call.state is Calling.CALLING and not self._returning:
            self._around.send(connect(self.peer).message)

    @property
    def path(self) -> Path | None:
        """How the two are connected."""
        return self._transport.path if self._transport is not None and self._is_open else None

    # The transport (its listener)

    def signal(self, kind: str, body: Payload) -> None:
        self._do(self._call.local_signal, kind, body)

    def opened(self) -> None:
        self._is_open = True
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
        if self._left_at is not None and self._around.clock() - self._left_at > LEFT_SECONDS:
            self._left_at = None
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
        if self._conversation is not None and self._is_open and not self.over:
            self._found()
            self._conversation.recovered()
            self._pump()

    def failed(self, reason: str | None = None) -> None:
        self._gone(Conversation.failed, reason)

    def closed(self) -> None:
        self._gone(Conversation.closed)

    def path_changed(self) -> None:
        self._around.changed()

    async def wait_closed(self) -> None:
        """Wait until every transport that was given up is closed."""
        await asyncio.gather(*self._closing)

    # The path

    def _lost(self) -> None:
        """The path is lost: the chat waits for another one."""
        self._pacing.recovered()
        if self._conversation is None or self.over:
            return
        self._conversation.interrupted()
        if self._left_at is not None:
            self._over(Conversation.left)
        else:
            self._restoring.begin()
            self._settle()

    async def _check(self, transport: Transport) -> None:
        if not await transport.check() and transport is self._transport and self._is_open and self.renewable:
            self._lost()

    def _found(self) -> None:
        """There is a path."""
        self._pacing.recovered()
        self._pacing.came_back()
        self._restoring.done()
        self.away = False
        if self._call.renewing:
            self._call.forget_renewal()

    def _ask(self) -> bool:
        """Ask for the session of the two, and in it for another path."""
        if self._returning:
            self._renew_call()
            self._call.dial()
        return self._around.send(connect(self.peer).message)

    def _offer(self) -> None:
        if self._conversation is not None:
            self._replace_transport(self._call.ice_servers)
            if self._transport is not None:
                self._transport.offer()

    def _rehandshake(self) -> None:
        """The other side may have lost its keys; who is called back does not answer."""
        if not self._returning:
            if not self._call.renewing:
                self._renew()
        elif self._unanswered < UNANSWERED:
            self._unanswered += 1
            self._restoring.later(UNANSWERED_SECONDS)
        else:
            self._give_up("not_back")

    def _gone(self, event: Callable[[Conversation], None], reason: str | None = None) -> None:
        """The transport is no more: before the channel was open the call failed, after that the chat waits for another path,
        where it can."""
        if self.over:
            return
        if self._conversation is None:
            self._do(self._call.failed, reason)
        elif not self._conversation.suite.acknowledges or event is Conversation.silent:
            self._over(event)
        else:
            was_open = self._is_open
            self._close_transport()
            if not self._restoring.active:
                self._lost()
            elif not was_open:
                self._restoring.failed()

    def _over(self, event: Callable[[Conversation], None]) -> None:
        """The chat is over."""
        if self._conversation is not None:
            event(self._conversation)
            self._do(self._call.cancel)

    # Coming back

    def _renew_call(self) -> None:
        """Call once more; of the call before nobody hears anything."""
        self._close_transport()
        self._call.drop()
        self._call = Call(self.peer, self._around.suites)

    def _answer_anew(self, session: wire.JoinedPayload, payload: Payload) -> None:
        """Who was being called back has been started anew too, and calls: that is answered at once, though not all the time."""
        if self._pacing.may_answer(self._call.forget_renewal):
            self._renew_call()
            self._do(self._call.ring, session, payload)
            if self._call.state is Calling.RINGING:
                self._do(self._call.accept)
                self._heard_of()

    def _heard_of(self) -> None:
        """Who is called back answers: that has its time, and no other attempt is made meanwhile."""
        if self._call.state in (Calling.KEYS, Calling.CONNECTING):
            self._restoring.offered()

    def _came_to_nothing(self) -> bool:
        """A call back has ended; whether it is made again."""
        reason = self._call.reason or "lost"
        if reason in _NO_MORE:
            self._give_up("not_back" if reason in _IN_VAIN else None)
            return False
        self._close_transport()
        self.away = reason in _OFFLINE or reason == "gone"
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

    # Inside

    def _hang_up(self) -> None:
        if self._call.state is Calling.RINGING:
            self._do(self._call.decline)
        elif self._call.state is not Calling.ENDED:
            self._do(self._call.cancel)

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
        self._talking = Talking(conversation, after=around.after, changed=around.changed, pump=self._pump)
        if conversation.history is self._expected:
            self._early.say(self._talking)

    def _open(self) -> Conversation:
        if self._conversation is None:
            raise PeerError("no_chat")
        return self._conversation

    @property
    def _is_caller(self) -> bool:
        """Whether this side called in the handshake whose keys stand."""
        return self.suite is not None and self.suite.offers(self.dialled)

    def _may_take(self, payload: Payload) -> bool:
        """Whether a `key:exchange` is looked at: a chat that is open answers so many handshakes a minute, unasked. One that this
        side has begun as well is not unasked."""
        known = self._call.renewing or self._call.repeats(payload)
        if self._conversation is None or step_of(payload) != 1 or known:
            return True
        return self._pacing.may_answer(self._call.forget_renewal)

    def _renew(self) -> None:
        """The two have lost each other's keys: agree on new ones, though not all the time."""
        if self._pacing.may_begin(self._call.forget_renewal):
            self._do(self._call.renew)

    def _signalled(self, kind: str, payload: Payload, session: wire.JoinedPayload | None) -> list[Effect]:
        effects = self._call.signal(kind, payload)
        if effects and self._conversation is not None:
            self._restoring.heard()
            if session is not None:
                self._call.adopt(session)
        return effects

    def _do(self, event: Callable[..., list[Effect]], *args: Any) -> None:
        """Give the call an event, follow its state, and do what it returned."""
        before = self._call.state
        effects = self._considered(event(*args))
        if self._call.state is not before:
            self._follow()
        for effect in effects:
            self._carry_out(effect)
        self._settle()

    def _considered(self, effects: list[Effect]) -> list[Effect]:
        """What is to be done of it: nothing for who is blocked, nor for a call back that is made again."""
        if self._is_blocked:
            self._call.cancel()
            self._returning, self._gave_up = False, "you_blocked"
            return []
        if self._returning and self._call.state is Calling.BLOCKED:
            self._returning = False
            self._restoring.stop()
            self._early.fail()
        if self._returning and self._call.state is Calling.ENDED and self._came_to_nothing():
            return []
        return effects

    @property
    def _is_blocked(self) -> bool:
        """Whether a call turns out to be with a device that the person blocked."""
        identity = self.suite.their_identity if self.suite else None
        new = self._conversation is None and self._call.state is not Calling.ENDED
        return new and identity is not None and self._around.blocked(identity)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Send(message):
                self._around.send(message)
            case Start(offering, ice_servers):
                self._replace_transport(ice_servers)
                if offering and self._transport is not None:
                    self._transport.offer()
            case Signal(kind, body):
                self._take_signal(kind, body)
            case Rekeyed(suite):
                self._rekeyed(suite)
            case Notice(reason):
                self._around.notice(sentence(reason, self.peer))

    def _take_signal(self, kind: str, body: Payload) -> None:
        if kind == "offer" and self._conversation is not None:
            self._replace_transport(self._call.ice_servers)
            self._restoring.offered()
        if self._transport is not None:
            self._transport.receive(kind, body)

    def _rekeyed(self, suite: Suite) -> None:
        if self._conversation is not None:
            self._conversation.rekeyed(suite)
            self._pacing.rekeyed()
            self._restoring.rekeyed(caller=self._is_caller)
            self._pump()

    def _replace_transport(self, ice_servers: list[wire.IceServer]) -> None:
        """Another connection is made: the one that stood is given up."""
        self._close_transport()
        if self._conversation is not None:
            self._conversation.interrupted()
        self._transport = Transport(ice_servers, self, relay_only=self._around.preferences.relay_only)

    def _close_transport(self) -> None:
        self._is_open = False
        if self._transport is not None:
            self._spawn(self._transport.close())
            self._transport = None

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _timeout(self) -> None:
        self._do(self._call.timeout, self._fault)

    @property
    def _fault(self) -> str | None:
        """What the transport knows of why there is no path."""
        return self._transport.fault if self._transport is not None else None

    def _follow(self) -> None:
        """The call is in another state: it has another deadline, and with its end the transport goes."""
        self._pacing.follow_call(self._call.deadline, self._timeout)
        if self.over:
            self._stop()
            if self._conversation is None and self.reason in ("missed", "cancelled"):
                self._around.missed(self.peer)

    def _stop(self) -> None:
        """Nothing more is due."""
        self._pacing.stop()
        self._restoring.stop()
        self._early.fail()
        if self._talking is not None:
            self._talking.stop()
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
        if self._conversation is not None and not self.over:
            self._pacing.follow_conversation(
                self._conversation,
                acknowledge=self._acknowledge,
                resend=self._resend,
                release=self._release,
                silent=self._silent,
            )
        self._settle()

    def _settle(self) -> None:
        """Note since when there is no path, and say that something changed."""
        state = self._conversation.state if self._conversation else None
        if self._returning or state is State.RECONNECTING:
            self.since = self.since or self._around.now()
        elif state is not State.GREETING:
            self.since = None
        self._around.changed()

    def _acknowledge(self) -> None:
        if self._conversation is not None:
            self._conversation.acknowledge()
            self._pump()

    def _resend(self) -> None:
        """Send again what was not acknowledged in all this time, unless it has not even left."""
        if self._conversation is None:
            return
        progress = self._pacing.progress(self._conversation)
        if not progress and self._transport is not None and self._transport.idle:
            self._conversation.resend()
        self._pump()

    def _release(self) -> None:
        if self._conversation is not None and not self.over:
            self._conversation.release()
            self._pump()

    def _silent(self) -> None:
        """Nothing came over a channel that stands; one that is interrupted has its own time. A chat that was secured has lost
        its keys in a handshake that the other side did not finish: that ends no chat, another handshake mends it."""
        if self._conversation is None or self._conversation.state is not State.GREETING:
            return
        if self._conversation.once_secured:
            self._renew()
            self._pump()
        else:
            self._gone(Conversation.silent)
