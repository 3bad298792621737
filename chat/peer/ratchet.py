"""The Double Ratchet that encrypts messages (docs/protocol.md, section 3.3). Mirrors static/js/peer/ratchet.js.

A frame is `2.` ‖ b64(header) ‖ `.` ‖ b64(nonce ‖ box). Each has a key of its own, made from a chain that only goes forward
and erased once used; each change of turns mixes a fresh X25519 result into the chains. Keys of frames that are missing
are kept for a while, since they may still come.

A frame is read on the side, and the state changes only after its MAC has verified.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from . import primitives
from .handshake import Keys, Role
from .primitives import KEY_BYTES, NONCE_BYTES, Random, b64, hkdf, hmac, pad, u32, unb64, unpad

MAX_PLAINTEXT_BYTES = 131_072
MAX_FRAME_CHARS = 180_000
MAX_SKIPPED = 2_000
"""Frames that one frame may leave out, in both of its chains together."""
MAX_KEPT = 512
KEPT_SECONDS = 300
BLOCK = 64

_VERSION = b"\x02"
_HEADER_BYTES = 41

_Skipped = dict[tuple[bytes, int], bytes]
"""Keys of frames that have not come, by the sender's ratchet key and the number in its chain."""


class Ratchet:
    """One side's chains. The caller ratchets at once; the called one begins with its `e` and the handshake's chain."""

    def __init__(self, role: Role, keys: Keys, random: Random) -> None:
        self._random = random
        self._transcript = keys.transcript
        self._skipped: dict[tuple[bytes, int], tuple[bytes, float]] = {}
        if role == "called":
            assert keys.ephemeral is not None, "these keys are the caller's"
            public = primitives.public_key(keys.ephemeral)
            self._state = _State(keys.root, keys.ephemeral, public, sending=keys.chain)
        else:
            start = _State(keys.root, theirs=keys.their_ephemeral, receiving=keys.chain)
            self._state = start.turned(random(KEY_BYTES))
        self.stepped = role == "caller"
        """Whether what is sent rests on a ratchet step; until then the called one sends only `hello`."""

    def encrypt(self, plaintext: bytes) -> str:
        """The next frame. Raises ValueError, changing nothing, for more than MAX_PLAINTEXT_BYTES."""
        assert self._state.sending, "the ratchet has been erased"
        if len(plaintext) > MAX_PLAINTEXT_BYTES:
            raise ValueError("this is too long for one frame")
        state = self._state
        key, chain = _advance(state.sending)
        header = _VERSION + state.public + u32(state.previous) + u32(state.sent)
        nonce = self._random(NONCE_BYTES)
        box = primitives.seal(self._frame_key(key, header), nonce, pad(plaintext, BLOCK))
        self._state = replace(state, sending=chain, sent=state.sent + 1)
        return f"2.{b64(header)}.{b64(nonce + box)}"

    def decrypt(self, frame: str, now: float) -> bytes | None:
        """The plaintext; None for a forged, repeated, reflected or unreadable frame. `now` is in seconds, of a
        clock that only goes forward."""
        self.expire(now)
        try:
            parsed = _Frame.parse(frame)
            kept = self._skipped.get((parsed.public, parsed.n))
            return self._open_next(parsed, now) if kept is None else self._open_kept(parsed, kept[0])
        except ValueError:
            return None

    def expire(self, now: float) -> None:
        """Drop the keys that have waited too long for their frame."""
        old = [place for place, (_, since) in self._skipped.items() if now - since >= KEPT_SECONDS]
        for place in old:
            del self._skipped[place]

    def erase(self) -> None:
        """Drop every key; nothing can be sent or opened after it."""
        self._state = _State(b"")
        self._skipped.clear()

    def _open_kept(self, frame: _Frame, key: bytes) -> bytes:
        plaintext = self._open(frame, key)
        del self._skipped[frame.public, frame.n]
        return plaintext

    def _open_next(self, frame: _Frame, now: float) -> bytes:
        state, skipped, key = self._state.received_to(frame)
        plaintext = self._open(frame, key)
        if frame.public != self._state.theirs:
            state = state.turned(self._random(KEY_BYTES))
            self.stepped = True
        self._state = state
        self._keep(skipped, now)
        return plaintext

    def _open(self, frame: _Frame, key: bytes) -> bytes:
        """Raises ValueError when the MAC or the padding is wrong."""
        padded = primitives.unseal(self._frame_key(key, frame.header), frame.nonce, frame.box)
        if padded is None:
            raise ValueError("the frame is not authentic")
        return unpad(padded, BLOCK)

    def _frame_key(self, key: bytes, header: bytes) -> bytes:
        return hmac(key, b"lowkey/2 msg", self._transcript, header)[:KEY_BYTES]

    def _keep(self, skipped: _Skipped, now: float) -> None:
        self._skipped.update((place, (key, now)) for place, key in skipped.items())
        for place in list(self._skipped)[:-MAX_KEPT]:
            del self._skipped[place]


@dataclass(frozen=True, slots=True)
class _Frame:
    """A frame taken apart: the other's ratchet key, the length of its previous chain, the number in this one."""

    header: bytes
    public: bytes
    previous: int
    n: int
    nonce: bytes
    box: bytes

    @classmethod
    def parse(cls, frame: str) -> _Frame:
        """Raises ValueError for what is no frame."""
        if len(frame) > MAX_FRAME_CHARS or frame.count(".") != 2 or not frame.startswith("2."):
            raise ValueError("this is no frame")
        header, body = (unb64(part) for part in frame.split(".")[1:])
        if len(header) != _HEADER_BYTES or header[:1] != _VERSION:
            raise ValueError("this is no header of a frame")
        previous, n = int.from_bytes(header[33:37], "big"), int.from_bytes(header[37:], "big")
        return cls(header, header[1:33], previous, n, body[:NONCE_BYTES], body[NONCE_BYTES:])


@dataclass(frozen=True, slots=True, repr=False)
class _State:
    """The root key, both sides' ratchet keys, both chains, and how far each has come. Empty is: not there yet."""

    root: bytes
    private: bytes = b""
    public: bytes = b""
    theirs: bytes = b""
    sending: bytes = b""
    receiving: bytes = b""
    sent: int = 0
    received: int = 0
    previous: int = 0

    def turned(self, private: bytes) -> _State:
        """With a ratchet key of one's own, and the sending chain that comes of it."""
        root, sending = _ratchet(self.root, private, self.theirs)
        public = primitives.public_key(private)
        return replace(self, root=root, private=private, public=public, sending=sending, sent=0, previous=self.sent)

    def received_to(self, frame: _Frame) -> tuple[_State, _Skipped, bytes]:
        """The state behind this frame, the keys that it skips, and its own. Raises ValueError for one that cannot be.

        Numbers are compared before anything is derived, so that a large one costs nothing.
        """
        same = frame.public == self.theirs
        behind = 0 if same or not self.receiving else max(0, frame.previous - self.received)
        ahead = frame.n - (self.received if same else 0)
        if ahead < 0 or behind + ahead > MAX_SKIPPED:
            raise ValueError("the frame is used up, or too far ahead")
        state = self
        _, skipped = self._skip(self.received + behind)
        if not same:
            root, receiving = _ratchet(self.root, self.private, frame.public)
            state = replace(self, root=root, theirs=frame.public, receiving=receiving, received=0)
        chain, more = state._skip(frame.n)
        key, chain = _advance(chain)
        return replace(state, receiving=chain, received=frame.n + 1), skipped | more, key

    def _skip(self, to: int) -> tuple[bytes, _Skipped]:
        """The receiving chain at `to`, and the keys before it."""
        chain = self.receiving
        skipped: _Skipped = {}
        for n in range(self.received, to):
            skipped[self.theirs, n], chain = _advance(chain)
        return chain, skipped


def _ratchet(root: bytes, private: bytes, public: bytes) -> tuple[bytes, bytes]:
    """The next root key and a new chain. Raises ValueError for a public key that gives an all-zero result."""
    output = hkdf(root, primitives.dh(private, public), b"lowkey/2 ratchet", 64)
    return output[:32], output[32:]


def _advance(chain: bytes) -> tuple[bytes, bytes]:
    """A message key and the next chain key."""
    return hmac(chain, b"\x01")[:KEY_BYTES], hmac(chain, b"\x02")[:KEY_BYTES]
