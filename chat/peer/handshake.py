"""The handshake of lowkey/2: Noise XX, or XXpsk0 under an invite, on NaCl primitives (docs/protocol.md, section 3.1).
Mirrors static/js/peer/handshake.js.

Three messages, written in turn by the caller, the called one, and the caller again. After m2 the caller knows
`their_identity`, before it writes m3; the called one after m3. Then `keys` stand on both sides, and nothing else is left.

Each message is made or read on a copy of the state, which takes its place once all of it has verified: a message that
fails changes nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from . import primitives
from .errors import HandshakeFailed, Unexpected
from .noise import Noise
from .primitives import KEY_BYTES, MAC_BYTES, Random, is_canonical, lp

Role = Literal["caller", "called"]

VERSION = 2
"""The version in use, of those that a side speaks."""

TOKENS = (("e",), ("e", "ee", "s", "es"), ("s", "se"))
"""What each message holds before its payload; under an invite "psk" comes before all, and is not needed again."""


class Identity(Protocol):
    """The device's own key, IK. `dh` gives 32 bytes, or raises ValueError as `primitives.dh` does."""

    @property
    def public(self) -> bytes: ...

    def dh(self, their_public: bytes, /) -> bytes: ...


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """What a finished handshake leaves, 32 bytes each but the transcript hash, which has 64.

    `ephemeral` is the called one's own private `e`, with which it begins the ratchet; the caller's is erased, and
    None.
    """

    root: bytes
    chain: bytes
    seal_caller: bytes
    seal_called: bytes
    transcript: bytes
    ephemeral: bytes | None
    their_ephemeral: bytes


class Handshake:
    """One side of one handshake. `psk` is the invite's key, 32 bytes."""

    versions: tuple[int, ...] = (VERSION,)
    """All that this side speaks."""

    def __init__(  # noqa: PLR0917
        self, role: Role, caller: str, called: str, identity: Identity, random: Random, psk: bytes | None = None
    ) -> None:
        if psk is not None and len(psk) != KEY_BYTES:
            raise ValueError("the key of an invite has 32 bytes")
        self._role = role
        self._identity = identity
        self._random = random
        self._psk = psk
        self._step = 0
        self._state: _State | None = _State.start(caller, called, psk is not None)
        self.keys: Keys | None = None

    @property
    def their_identity(self) -> bytes | None:
        """The other's IK, once the message that brings it has verified."""
        return self._state.their_identity if self._state else None

    def write(self) -> bytes:
        """This side's next message. Raises Unexpected when it is the other's turn, HandshakeFailed for a key of theirs
        that gives an all-zero result."""
        state = self._draft("write")
        try:
            message = b"".join(self._write(state, token) for token in self._tokens())
        except ValueError:
            raise HandshakeFailed("a public key cannot be used") from None
        message += state.noise.encrypt(self._payload() if self._step else b"")
        self._commit(state)
        return message

    def read(self, message: bytes) -> None:
        """Take the other's next message. Raises Unexpected when it is this side's turn, and HandshakeFailed."""
        state = self._draft("read")
        rest = message
        try:
            for token in self._tokens():
                rest = self._read(state, token, rest)
        except ValueError:
            raise HandshakeFailed("a public key cannot be used") from None
        payload = state.noise.decrypt(rest)
        if self._step:
            self._check_versions(payload)
        elif payload:
            raise HandshakeFailed("there is something behind the end of the message")
        self._commit(state)

    def erase(self) -> None:
        """Drop everything; nothing can be written or read after it."""
        self._state = self._psk = self.keys = None

    def _draft(self, event: Literal["write", "read"]) -> _State:
        """A copy of the state to work on. The caller writes the messages of even number."""
        writes = (self._step % 2 == 0) == (self._role == "caller")
        if self._state is None or self.keys or writes != (event == "write"):
            raise Unexpected(f"{event} at step {self._step} of a handshake")
        return self._state.copy()

    def _commit(self, state: _State) -> None:
        self._step += 1
        self._psk = None
        if self._step == len(TOKENS):
            self.keys = state.split(self._role)
            state = _State(their_identity=state.their_identity)
        self._state = state

    def _tokens(self) -> tuple[str, ...]:
        return ("psk", *TOKENS[0]) if self._psk and self._step == 0 else TOKENS[self._step]

    def _write(self, state: _State, token: str) -> bytes:
        """What this token puts on the wire."""
        match token:
            case "e":
                state.e = self._random(KEY_BYTES)
                public = primitives.public_key(state.e)
                state.mix_ephemeral(public)
                return public
            case "s":
                return state.noise.encrypt(self._identity.public)
            case _:
                self._mix(state, token)
                return b""

    def _read(self, state: _State, token: str, rest: bytes) -> bytes:
        """What is left of the message behind this token."""
        match token:
            case "e":
                state.their_e, rest = _cut(rest, KEY_BYTES)
                state.mix_ephemeral(state.their_e)
            case "s":
                sealed, rest = _cut(rest, KEY_BYTES + MAC_BYTES)
                state.their_identity = self._checked(state.noise.decrypt(sealed))
            case _:
                self._mix(state, token)
        return rest

    def _checked(self, identity: bytes) -> bytes:
        """The other's IK in its one form: a device that could write its key in two ways would be two devices."""
        if not is_canonical(identity):
            raise HandshakeFailed("an identity is not in its one form")
        if identity == self._identity.public:
            raise HandshakeFailed("one's own identity came back")
        return identity

    def _mix(self, state: _State, token: str) -> None:
        """The tokens that put nothing on the wire; each DH is named by the caller's key, then the called one's."""
        match token, self._role:
            case "psk", _:
                assert self._psk is not None, "only a handshake under an invite has this token"
                state.noise.mix_key_and_hash(self._psk)
            case "ee", _:
                state.noise.mix_key(primitives.dh(state.e, state.their_e))
            case ("es", "caller") | ("se", "called"):
                state.noise.mix_key(primitives.dh(state.e, state.their_identity or b""))
            case _:
                state.noise.mix_key(self._identity.dh(state.their_e))

    def _payload(self) -> bytes:
        return json.dumps({"versions": self.versions}, separators=(",", ":")).encode()

    def _check_versions(self, payload: bytes) -> None:
        """The version in use must be the highest that both speak: nobody can talk the two down to a lower one."""
        try:
            fields = json.loads(payload.decode())
        except (ValueError, RecursionError):
            raise HandshakeFailed("the payload is malformed") from None
        theirs = fields.get("versions") if isinstance(fields, dict) else None
        if not isinstance(theirs, list) or not all(type(version) is int for version in theirs):
            raise HandshakeFailed("the payload is malformed")
        if max(set(theirs) & set(self.versions), default=0) != VERSION:
            raise HandshakeFailed("the version in use is not the highest that both speak")


@dataclass(slots=True, repr=False)
class _State:
    """What a message works on, and what stands once it has verified: Noise's state beside the keys that came and went."""

    noise: Noise = field(default_factory=Noise)
    e: bytes = b""
    their_e: bytes = b""
    their_identity: bytes | None = None
    invited: bool = False

    @classmethod
    def start(cls, caller: str, called: str, invited: bool) -> _State:
        noise = Noise.named(f"Noise_XX{'psk0' if invited else ''}_25519_XSalsaPoly_SHA512+lowkey/2")
        noise.mix_hash(lp(b"lowkey/2") + lp(caller.lower().encode()) + lp(called.lower().encode()))
        return cls(noise, invited=invited)

    def copy(self) -> _State:
        return replace(self, noise=self.noise.copy())

    def mix_ephemeral(self, public: bytes) -> None:
        """With a psk the ephemeral key is mixed into the key as well."""
        self.noise.mix_hash(public)
        if self.invited:
            self.noise.mix_key(public)

    def split(self, role: Role) -> Keys:
        keys = self.noise.split(b"lowkey/2 split")
        return Keys(*keys, self.noise.h, self.e if role == "called" else None, self.their_e)


def _cut(message: bytes, length: int) -> tuple[bytes, bytes]:
    if len(message) < length:
        raise HandshakeFailed("the message is too short")
    return message[:length], message[length:]
