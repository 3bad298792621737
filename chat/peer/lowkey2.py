"""Encryption of lowkey/2 (docs/protocol.md, section 3). Mirrors static/js/peer/lowkey2.js.

One attempt: a Noise handshake that rides in `key:exchange`, and what it yields, the sealing of the signals and the ratchet
of the messages. suite.py describes the shape that a call and a conversation see.

- Whoever sends step 1 is the caller. When both did, the one under an invite stands, else the one of the smaller name.
- The other's identity key is compared with the pin of their name before anything leaves under the new keys: on a difference
  `changed` is that pin, and nothing goes on until the person says so (`accept_key`).
- A message that is not of this handshake is dropped; one that is, and fails, ends the attempt.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import verification
from .errors import HandshakeFailed, KeyRefused
from .handshake import Handshake, Role
from .invites import Invite
from .primitives import Random, b64, unb64
from .ratchet import MAX_PLAINTEXT_BYTES, Ratchet
from .sas import Sas
from .sealing import Sealing

if TYPE_CHECKING:
    from .identity import Identity, Pin

Payload = dict[str, Any]

VERSION = 2
MAX_MESSAGE_CHARS = 2_000
"""Of a handshake message in base64; the longest there is has some 200."""

_HS_BYTES = 16
_COLLISION_SECONDS = 5.0
"""An offer that was made sooner than this may be on its way."""


class Lowkey2:
    """One attempt of `me` with `peer`. `clock` counts seconds and never goes back; `invite` is one of theirs."""

    needs_consent = False
    acknowledges = True
    features = ("text", "sas", "edit", "delete", "react", "read", "typing", "timer")

    def __init__(
        self,
        me: str,
        peer: str,
        identity: Identity,
        *,
        random: Random,
        clock: Callable[[], float],
        invite: Invite | None = None,
    ) -> None:
        self.role: Role | None = None
        self.their_identity: bytes | None = None
        self.changed: Pin | None = None
        """The pin that the other's key differs from, while the person has not decided."""
        self.invited = invite is not None
        """Whether the handshake is, or will be, under an invite."""
        self.known_as: list[str] = []
        """Other names under which the other's device is known."""
        self.agreed = False
        self.me = me
        self._peer = peer
        self._identity = identity
        self._random = random
        self._clock = clock
        self._invite = invite
        self._handshake: Handshake | None = None
        self._opening: Payload | None = None
        self._hs = ""
        self._awaited = 1
        self._uuid: str | None = None
        self._transcript = b""
        self._ratchet: Ratchet | None = None
        self._sealing: Sealing | None = None
        self._offer = 0
        self._offered_at: float | None = None
        """When this side made an offer that is not answered."""

    def renewal(self) -> Lowkey2:
        """A fresh attempt with the same person, for a conversation that is open."""
        return Lowkey2(self.me, self._peer, self._identity, random=self._random, clock=self._clock)

    # The handshake

    @staticmethod
    def recognises(payload: Payload) -> bool:
        return "v" in payload

    def opening(self) -> Payload:
        """Step 1; the same one again when it is asked for again."""
        if self._opening is None:
            self._hs = b64(self._random(_HS_BYTES))
            self._begin("caller", self._invite)
            self._opening = self._step(1)
            self._awaited = 2
            if self._invite is not None:
                self._opening["invite"] = self._uuid = self._invite.uuid
        return self._opening

    def begun_anew(self, payload: Payload) -> bool:
        """Whether the other one begins another handshake than this one, which has been answered."""
        return step_of(payload) == 1 and payload.get("hs") != self._hs and self._awaited not in (1, 2)

    def answer(self) -> list[Payload]:
        """Step 2, when the person accepts. Raises KeyRefused where step 1 turns out to bring a key that cannot be used."""
        self._awaited = 3
        try:
            return [self._step(2)]
        except HandshakeFailed:
            raise self._refusal() from None

    def receive_key(self, payload: Payload) -> list[Payload]:
        """Take a step of the other side; the steps that answer it. Raises KeyRefused where it ends the attempt."""
        if "v" not in payload:
            return []
        if payload["v"] != VERSION or "m" not in payload:
            raise KeyRefused("version")
        try:
            return self._receive(payload)
        except (HandshakeFailed, ValueError):
            raise self._refusal() from None

    def accept_key(self) -> list[Payload]:
        """The person goes on with the other's new key: it takes the place of the pinned one, unverified."""
        assert self.their_identity is not None, "a changed key is a known one"
        self._identity.accept(self._peer, self.their_identity)
        self.changed = None
        return self._finish() if self._handshake is not None else []

    @property
    def trust(self) -> str:
        if self.changed is not None:
            return "changed"
        pin = self._identity.pin(self._peer)
        same = pin is not None and pin.identity == self.their_identity
        return "verified" if pin is not None and same and pin.verified else "unverified"

    def offers(self, initiator: bool) -> bool:
        """Whether this side makes the offer: the caller does."""
        return self.role == "caller"

    def erase(self) -> None:
        """Drop every key."""
        for part in (self._handshake, self._ratchet, self._sealing):
            if part is not None:
                part.erase()
        self._handshake = None
        self._transcript = b""

    # Signals

    def seal_signal(self, kind: str, body: Payload) -> Payload:
        """An answer, and a candidate, says which offer it belongs to."""
        assert self._sealing is not None, "signals follow the keys"
        payload = self._sealing.seal(kind, body if kind == "offer" else {**body, "re": self._offer})
        if kind == "offer":
            self._offer, self._offered_at = self._sealing.counter, self._clock()
        return payload

    def open_signal(self, kind: str, payload: Payload) -> Payload | None:
        """When offers collide the called one drops its own, so the caller does not look at that."""
        opened = self._sealing.open(kind, payload) if self._sealing else None
        if opened is None:
            return None
        counter, body = opened
        if kind == "offer":
            if self._collides:
                return None
            self._offer = counter
        elif not self._belongs(kind, body):
            return None
        if kind != "ice":
            self._offered_at = None
        return body

    @property
    def _collides(self) -> bool:
        """Whether this side's offer stands against one of the other's. One that was not answered for long did not arrive."""
        if self.role != "caller" or self._offered_at is None:
            return False
        return self._clock() - self._offered_at < _COLLISION_SECONDS

    # Messages

    @property
    def ready(self) -> bool:
        """Whether more than `hello` may be sent: the called one ratchets first."""
        return self._ratchet is not None and self._ratchet.stepped

    def fits(self, content: Payload) -> bool:
        """Whether a message is short enough, whatever its number will be."""
        return len(_encode({**content, "seq": 2**53 - 1})) <= MAX_PLAINTEXT_BYTES

    def seal(self, content: Payload) -> str:
        assert self._ratchet is not None, "no keys have been agreed"
        return self._ratchet.encrypt(_encode(content))

    def open(self, frame: str) -> Payload | None:
        """None for a frame that fails; an empty object for one that says nothing that can be read."""
        plaintext = self._ratchet.decrypt(frame, self._clock()) if self._ratchet else None
        if plaintext is None:
            return None
        try:
            content = json.loads(plaintext.decode(), parse_constant=_no_constant)
        except (ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}

    # Verifying

    def comparison(self) -> Sas | None:
        """The emoji of this handshake."""
        assert self.role is not None, "emoji follow the keys"
        return Sas(self.role, self._transcript, self._random)

    def safety_number(self) -> str:
        assert self.their_identity is not None, "there is nobody to compare with"
        return verification.safety_number(self._identity.key.public, self.their_identity)

    def verify(self, verified: bool) -> None:
        """The person has compared, or the other one says that it does not fit."""
        if self.their_identity is not None:
            self._identity.set_verified(self._peer, self.their_identity, verified)

    # Inside

    def _belongs(self, kind: str, body: Payload) -> bool:
        """Whether an answer, or a candidate that says so, is for the newest offer."""
        unsaid = kind == "ice" and "re" not in body
        return unsaid or (type(body.get("re")) is int and body["re"] == self._offer)

    def _begin(self, role: Role, invite: Invite | None) -> None:
        names = (self.me, self._peer) if role == "caller" else (self._peer, self.me)
        self.role = role
        self.invited = invite is not None
        psk = invite.psk if invite else None
        self._handshake = Handshake(role, *names, self._identity.key, self._random, psk)

    def _step(self, number: int) -> Payload:
        assert self._handshake is not None, "a step belongs to a handshake"
        return {"v": VERSION, "step": number, "hs": self._hs, "m": b64(self._handshake.write())}

    def _receive(self, payload: Payload) -> list[Payload]:
        """Raises HandshakeFailed, ValueError and KeyRefused."""
        hs, step = payload.get("hs"), step_of(payload)
        if step == 1 and self._takes_step_1(payload):
            return self._rung(payload, str(hs))
        if self.role is None:
            raise HandshakeFailed("a handshake begins with step 1")
        if hs != self._hs or step != self._awaited or step == 1 or self._handshake is None:
            return []
        self._handshake.read(_message(payload))
        self._awaited = 0
        return self._meet()

    def _refusal(self, under_an_invite: str = "invite_failed") -> KeyRefused:
        """What came does not fit, which ends the attempt."""
        self.erase()
        return KeyRefused(under_an_invite if self.invited else "bad_handshake")

    def _takes_step_1(self, payload: Payload) -> bool:
        """Whether the other's step 1 stands: nothing has begun here; nobody has answered yet, and they have begun anew; or
        both called at once and theirs has precedence."""
        if self.role is None or (self._awaited == 1 and payload.get("hs") != self._hs):
            return True
        if self._awaited != 2:
            return False
        if (self._invite is not None) != ("invite" in payload):
            return "invite" in payload
        return self._peer.lower() < self.me.lower()

    def _rung(self, payload: Payload, hs: str) -> list[Payload]:
        """The other one's step 1. Whose person called the same name has accepted by that, and answers at once."""
        crossed = self.role == "caller"
        self._begin("called", self._their_invite(payload))
        if len(unb64(hs)) != _HS_BYTES:
            raise HandshakeFailed("the handshake's id is malformed")
        self._hs = hs
        assert self._handshake is not None, "it has begun"
        try:
            self._handshake.read(_message(payload))
        except (HandshakeFailed, ValueError):
            raise self._refusal("invite_changed") from None
        return self.answer() if crossed else []

    def _their_invite(self, payload: Payload) -> Invite | None:
        """The invite of this device's that the caller names. Raises KeyRefused where it cannot be used."""
        if "invite" not in payload:
            return None
        found = self._identity.made_invite(str(payload["invite"]), self.me)
        if isinstance(found, str):
            raise KeyRefused(found)
        self._uuid = found.uuid
        return found

    def _meet(self) -> list[Payload]:
        """The other's identity has verified."""
        assert self._handshake is not None, "somebody was met in a handshake"
        theirs = self.their_identity = self._handshake.their_identity
        assert theirs is not None, "m2 and m3 bring an identity"
        if self._uuid is not None and self.invited:
            (self._identity.burn_opened if self.role == "caller" else self._identity.burn_made)(self._uuid)
        self.known_as = self._identity.other_names(self._peer, theirs)
        pin = self._identity.pin(self._peer)
        if pin is not None and pin.identity != theirs:
            self.changed = pin
            return []
        self._identity.meet(self._peer, theirs)
        return self._finish()

    def _finish(self) -> list[Payload]:
        """The keys stand. The caller says so with step 3."""
        assert self._handshake is not None and self.role is not None, "a handshake has a side"
        steps = [self._step(3)] if self.role == "caller" else []
        keys = self._handshake.keys
        assert keys is not None, "the last step has been made"
        self._ratchet = Ratchet(self.role, keys, self._random)
        self._sealing = Sealing(self.role, keys, self._random)
        self._transcript = keys.transcript
        self._handshake.erase()
        self._handshake = None
        self.agreed = True
        if self.invited:
            self.verify(True)
        return steps


def step_of(payload: Payload) -> int | None:
    """Which step of a handshake a `key:exchange` says that it is; None where it is none. True is not 1."""
    step = payload.get("step")
    return step if type(step) is int else None


def _message(payload: Payload) -> bytes:
    """Raises ValueError."""
    text = payload.get("m")
    if not isinstance(text, str) or len(text) > MAX_MESSAGE_CHARS:
        raise ValueError("there is no message of a handshake")
    return unb64(text)


def _no_constant(name: str) -> None:
    """NaN and the infinities, which Python reads and JSON does not have. Raises ValueError."""
    raise ValueError(f"{name} is no JSON")


def _encode(content: Payload) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
