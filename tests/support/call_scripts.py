"""The stage for the scripts of tests/vectors/call.json: alice's call, and bob, who answers as his own device would."""

from __future__ import annotations

import os
import re
from typing import Any

from chat.peer.call import Call
from chat.peer.classic import Classic, Payload
from chat.peer.effects import Effect, Notice, Rekeyed, Send, Signal, Start
from chat.peer.errors import Unexpected
from chat.peer.identity import Identity
from chat.peer.lowkey2 import Lowkey2
from chat.peer.suite import Suite
from signaling.messages import Answer, Ice, JoinedPayload, KeyExchange, Offer, SessionDecline
from tests.support.clock import FakeClock
from tests.support.devices import attempt, device
from tests.support.vectors import drawn

SESSION = JoinedPayload("11111111-1111-4111-8111-111111111111", "bob", initiator=True)
STANDINS: dict[str, Any] = {
    "KEY": Classic(drawn(b"b" * 32)).opening(),
    "BARE": {"v": 2, "publicKey": "AAAA"},
    "SESSION": SESSION,
    "GLARE": JoinedPayload(SESSION.session_id, "bob", initiator=False),
    "LATER": JoinedPayload("22222222-2222-4222-8222-222222222222", "bob", initiator=True),
    "WRONG": JoinedPayload(SESSION.session_id, "mallory", initiator=True),
}
SAYINGS = frozenset({"STEP1", "STEP2", "STEP3", "ANOTHER", "BROKEN", "OFFER", "ANSWER", "ICE"})
SDP = {"type": "offer", "sdp": "v=0"}
DAY = 86_400.0


class Stage:
    """A call of alice's (or of whoever `me` is) with bob, when all of `given` is so."""

    def __init__(self, me: str, given: list[str]) -> None:
        self.me = me
        self.clock = FakeClock(0)
        self.identity = device(lambda: int(self.clock() * 1000))
        self.bob = Bob(me, device())
        self.stranger = Bob(me, device())
        for words in given:
            getattr(self, "_" + words.replace(" ", "_"))()
        self.call = Call("bob", self._suites)

    def play(self, event: str, *args: Any) -> list[str] | str:
        """Give the call an event, named as in JavaScript, and write down in short what is to be done."""
        method = getattr(self.call, re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", event))
        arguments = [self._argument(argument) for argument in args]
        try:
            effects: list[Effect] = method(*arguments) or []
        except Unexpected:
            return "unexpected"
        for effect in effects:
            self.bob.hear(effect)
            self.stranger.hear(effect)
        return [short(effect) for effect in effects]

    def pin(self) -> str:
        """What alice's device says of bob's in the end."""
        pin = self.identity.pin("bob")
        if pin is None:
            return "none"
        who = {self.bob.identity.key.public: "bob", self.stranger.identity.key.public: "stranger"}
        return f"{who[pin.identity]}, {'verified' if pin.verified else 'unverified'}"

    def _suites(self, peer: str) -> list[Suite]:
        invite = self.identity.opened_invite(peer)
        known = invite is not None or self.identity.pin(peer) is not None
        return [attempt(self.me, peer, self.identity, invite), Classic(drawn(b"a" * 32), refused=known)]

    def _argument(self, argument: Any) -> Any:
        if not isinstance(argument, str):
            return argument
        who, _, what = argument.rpartition(" ")
        if what in SAYINGS:
            return (self.stranger if who == "STRANGER" else self.bob).says(what)
        return STANDINS.get(argument, argument)

    # What may be given

    def _pinned(self) -> None:
        self.identity.meet("bob", self.bob.identity.key.public)

    def _pinned_to_a_stranger(self) -> None:
        self.identity.meet("bob", self.stranger.identity.key.public)
        self.identity.set_verified("bob", self.stranger.identity.key.public, True)

    def _invited_by_bob(self) -> None:
        self.identity.keep_opened(self.bob.identity.new_invite("bob"))

    def _bob_is_invited(self) -> None:
        self.bob.invite = self.identity.new_invite(self.me)

    def _bob_is_invited_with_a_used_one(self) -> None:
        self._bob_is_invited()
        assert self.bob.invite is not None
        self.identity.burn_made(self.bob.invite.uuid)

    def _bob_is_invited_with_an_expired_one(self) -> None:
        self._bob_is_invited()
        self.clock.advance(DAY)

    def _bob_is_invited_with_an_unknown_one(self) -> None:
        self.bob.invite = device().new_invite(self.me)

    def _bob_is_invited_with_a_wrong_secret(self) -> None:
        self._bob_is_invited()
        made = self.bob.invite
        assert made is not None
        self.bob.invite = type(made)(made.name, made.uuid, os.urandom(32))


class Bob:
    """Somebody called bob, with a device: what he says, and what he heard."""

    def __init__(self, to: str, identity: Identity) -> None:
        self.identity = identity
        self.invite: Any = None
        self._to = to
        self.attempt: Lowkey2 | None = None
        self._steps: dict[int, Payload] = {}

    def says(self, what: str) -> Payload:
        match what:
            case "STEP1":
                self.attempt = attempt("bob", self._to, self.identity, self.invite)
                return self.attempt.opening()
            case "STEP2":
                self.attempt = attempt("bob", self._to, self.identity)
                self.attempt.receive_key(self._steps[1])
                return self.attempt.answer()[0]
            case "STEP3":
                (three,) = self._standing().receive_key(self._steps[2])
                return three
            case "ANOTHER":
                return {**self._steps[1], "step": 2, "hs": "AAAAAAAAAAAAAAAAAAAAAA=="}
            case "BROKEN":
                return {**self.says("STEP2"), "m": "A" * 128}
            case _:
                return self._standing().seal_signal(what.lower(), {**SDP, "type": what.lower()})

    def hear(self, effect: Effect) -> None:
        """What alice sends to bob."""
        if not isinstance(effect, Send) or not isinstance(effect.message, KeyExchange | Offer | Answer | Ice):
            return
        payload = effect.message.body()
        if isinstance(effect.message, KeyExchange):
            self._steps[payload.get("step", 0)] = payload
            if payload.get("step") == 3 and self.attempt is not None:
                self.attempt.receive_key(payload)
        elif self.attempt is not None and self.attempt.agreed:
            self.attempt.open_signal(kind_of(effect.message), payload)

    def _standing(self) -> Lowkey2:
        assert self.attempt is not None, "bob has begun nothing"
        return self.attempt


def kind_of(message: Offer | Answer | Ice) -> str:
    return str(type(message).__struct_config__.tag).removeprefix("signal:")


def short(effect: Effect) -> str:
    """An effect as the scripts write it."""
    match effect:
        case Send(message):
            tag = str(type(message).__struct_config__.tag)
            if isinstance(message, SessionDecline) and message.payload:
                return f"{tag} {message.payload.reason}"
            step = message.body().get("step") if isinstance(message, KeyExchange) else None
            return f"{tag} {step}" if step else tag
        case Start(offering):
            return "start offering" if offering else "start"
        case Signal(kind):
            return f"signal {kind}"
        case Rekeyed():
            return "rekeyed"
        case Notice(reason):
            return f"notice {reason}"
