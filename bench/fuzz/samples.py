"""What is valid, to begin with: the messages of the signaling socket, with the marks by which a log would give them away."""

from __future__ import annotations

import base64
import json
import random
from functools import cache
from pathlib import Path
from typing import Any

MARK = "fuzzword"
"""In every text that is sent: no log may have it."""

NAME = "Fz_"
"""How every name here begins: no log may have that either."""

SESSION = "00000000-0000-4000-8000-00000000f022"
"""Stands for the session that the connection was last told of, and is replaced when it is sent."""

_VECTORS = Path(__file__).resolve().parent.parent.parent / "tests" / "vectors"
_SDP = (
    f"v=0\r\no=- 46117 2 IN IP4 127.0.0.1\r\ns={MARK}\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
)
_CANDIDATE = {"candidate": f"candidate:1 1 udp 2 {MARK}.local 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0}


@cache
def recorded() -> tuple[str, ...]:
    """What real handshakes and chats carried: the hex and the text of the vectors, as strings."""
    found: list[str] = []
    for name in ("lowkey2", "classic"):
        _strings(json.loads((_VECTORS / f"{name}.json").read_text()), found)
    return tuple(dict.fromkeys(text for text in found if len(text) > 8))


def message(chance: random.Random, names: tuple[str, ...]) -> dict[str, Any]:
    """A message that a client may send, to one of these names."""
    kind = chance.choice(tuple(_PAYLOADS))
    said: dict[str, Any] = {"type": kind, "target": chance.choice(names), "payload": _PAYLOADS[kind](chance)}
    if chance.random() < 0.5:
        said["sessionId"] = SESSION
    return said


def _word(chance: random.Random) -> str:
    """Something that was once encoded, so that its form is right."""
    return base64.b64encode(f"{MARK} {chance.choice(recorded())}".encode()).decode()


def _strings(value: Any, found: list[str]) -> None:
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            _strings(part, found)


_PAYLOADS: dict[str, Any] = {
    "session:connect": lambda chance: {},
    "session:create": lambda chance: {},
    "session:join": lambda chance: {"sessionId": SESSION},
    "session:decline": lambda chance: {
        "sessionId": SESSION,
        "reason": chance.choice(("declined", "busy", "invite_used", MARK)),
    },
    "session:leave": lambda chance: {"sessionId": SESSION},
    "key:exchange": lambda chance: {
        "v": 2,
        "step": chance.randint(1, 3),
        "hs": _word(chance)[:24],
        "m": _word(chance),
        "publicKey": _word(chance)[:44],
    },
    "signal:offer": lambda chance: chance.choice(({"type": "offer", "sdp": _SDP}, {"box": _word(chance)})),
    "signal:answer": lambda chance: chance.choice(({"type": "answer", "sdp": _SDP}, {"box": _word(chance)})),
    "signal:ice": lambda chance: chance.choice((_CANDIDATE, {"box": _word(chance)})),
    "auth:response": lambda chance: {"origin": "http://localhost", "mac": _word(chance)[:44]},
}
