"""What the generator says and expects to hear: offers of 1.2 KB that carry a number, and nothing else.

The generator must cost less than any server it measures, so a frame is read in full only when it is not, byte for byte, the
last one with the next number in it.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

FRAME_BYTES = 1200

_SDP = (
    "v=0\\r\\no=- 4611731400430051336 2 IN IP4 127.0.0.1\\r\\ns=-\\r\\nt=0 0\\r\\na=group:BUNDLE 0\\r\\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\\r\\nc=IN IP4 0.0.0.0\\r\\na=setup:actpass\\r\\na=mid:0\\r\\n"
    "a=sctp-port:5000\\r\\na=max-message-size:262144\\r\\na=candidate:"
)


class WrongMessageError(Exception):
    """The server delivered what it should not have, or did not deliver what it should."""


class Heard(Struct, rename="camel"):
    """A message as it comes from the server."""

    type: str
    sender: str | None = None
    target: str | None = None
    session_id: str | None = None
    payload: Raw = Raw(b"{}")


_heard = msgspec.json.Decoder(Heard)


def heard(frame: bytes) -> Heard:
    """Read a frame. Raises `WrongMessageError`."""
    try:
        return _heard.decode(frame)
    except msgspec.MsgspecError:
        raise WrongMessageError(f"unreadable: {frame[:200]!r}") from None


def _numbered(number: int) -> bytes:
    return b'{"n":"%010d",' % number


class Offers:
    """The frames from `sender` to `target`. A server that stamps no sender is given it in the frame."""

    def __init__(self, sender: str, target: str, session_id: str | None, *, stamped: bool) -> None:
        session = f'"sessionId":"{session_id}",' if session_id else ""
        claimed = "" if stamped else f'"sender":"{sender}",'
        self._head = f'{{"type":"signal:offer",{session}"target":"{target}",{claimed}"payload":'.encode()
        room = FRAME_BYTES - len(self._head) - len(_numbered(0)) - len(_sdp("")) - 1
        self._tail = _sdp("7" * room) + b"}"

    def frame(self, number: int) -> bytes:
        return self._head + _numbered(number) + self._tail

    def payload(self, number: int) -> bytes:
        """Of that frame."""
        return _numbered(number) + self._tail[:-1]


def _sdp(padding: str) -> bytes:
    return f'"type":"offer","sdp":"{_SDP}{padding}\\r\\n"}}'.encode()


class Arrivals:
    """One end's view: each of `offers` comes once, in order, from `sender`, for `target`."""

    def __init__(self, offers: Offers, sender: str, target: str) -> None:
        self.count = 0
        self._offers = offers
        self._sender = sender
        self._target = target
        self._head = self._tail = b""

    def take(self, frame: bytes) -> int:
        """The number of the offer that came. Raises `WrongMessageError`."""
        number = self.count
        if frame != self._head + _numbered(number) + self._tail:
            self._read(frame, number)
        self.count = number + 1
        return number

    def _read(self, frame: bytes, number: int) -> None:
        message = heard(frame)
        if (message.type, message.sender, message.target) != ("signal:offer", self._sender, self._target):
            raise WrongMessageError(f"offer {number} of {self._sender} should have come, not {frame[:200]!r}")
        if bytes(message.payload) != self._offers.payload(number):
            raise WrongMessageError(f"offer {number} of {self._sender} came changed, or in place of another")
        self._head, _, self._tail = frame.partition(_numbered(number))
