"""Attacks of an evil server (evil.py): what it does with frames on their way to a client.

Drop(step(2))
Rewrite(step(1), without("v"))
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from chat.peer.lowkey2 import Lowkey2
from tests.support.evil import Attack, Frame

Matches = Callable[[Frame], bool]
Edit = Callable[[Frame], list[Frame]]
Payload = dict[str, Any]


def step(number: int) -> Matches:
    """A step of the handshake."""
    return lambda frame: frame["type"] == "key:exchange" and frame.get("payload", {}).get("step") == number


def of_type(*types: str) -> Matches:
    return lambda frame: frame["type"] in types


class Rewrite(Attack):
    """Puts what `edit` makes of a frame in its place, on its way to the client; at most `times` times."""

    def __init__(self, matches: Matches, edit: Edit, times: int = 1_000_000) -> None:
        super().__init__()
        self._matches = matches
        self._edit = edit
        self._times = times

    def tamper(self, frame: Frame, client: str, to_server: bool) -> list[Frame]:
        if to_server or self.fired >= self._times or not self._matches(frame):
            return [frame]
        self.fire()
        return self._edit(frame)


class Drop(Rewrite):
    """Withholds frames; what it has is `held`."""

    def __init__(self, matches: Matches) -> None:
        super().__init__(matches, self._hold)
        self.held: list[Frame] = []

    def _hold(self, frame: Frame) -> list[Frame]:
        self.held.append(frame)
        return []


class Both(Attack):
    """One attack after the other, on the same frames."""

    def __init__(self, *attacks: Attack) -> None:
        super().__init__()
        self.attacks = attacks

    def tamper(self, frame: Frame, client: str, to_server: bool) -> list[Frame]:
        frames = [frame]
        for attack in self.attacks:
            frames = [out for each in frames for out in attack.tamper(each, client, to_server)]
        if self.fired < min(attack.fired for attack in self.attacks):
            self.fire()
        return frames


def payload(change: Callable[[Payload], Payload]) -> Edit:
    """Change the payload alone."""
    return lambda frame: [{**frame, "payload": change(frame["payload"])}]


def without(*fields: str) -> Edit:
    """Take fields out of the payload."""
    return payload(lambda body: {name: value for name, value in body.items() if name not in fields})


def with_fields(**fields: Any) -> Edit:
    """Put fields into the payload."""
    return payload(lambda body: {**body, **fields})


def flipped(place: float, field: str = "m") -> Edit:
    """Change one bit of the bytes in a field of the payload: of the first at 0, of the last at 1."""

    def change(body: Payload) -> Payload:
        data = bytearray(base64.b64decode(body[field]))
        data[round(place * (len(data) - 1))] ^= 1
        return {**body, field: base64.b64encode(data).decode()}

    return payload(change)


class Strip(Attack):
    """Makes every step of lowkey/2 a message of the original app, whoever it comes from."""

    def tamper(self, frame: Frame, client: str, to_server: bool) -> list[Frame]:
        body = frame.get("payload") or {}
        if "v" not in body:
            return [frame]
        self.fire()
        return without("v", "step", "hs", "m", "invite")(frame)


class Answered(Attack):
    """Keeps what the attacker's own handshake answers to the victim's steps, which go no further."""

    def __init__(self, suite: Lowkey2, target: str) -> None:
        super().__init__()
        self._suite = suite
        self._target = target
        self.steps: list[dict[str, object]] = []

    def tamper(self, frame: Frame, client: str, to_server: bool) -> list[Frame]:
        if not to_server or frame["type"] != "key:exchange" or frame.get("target") != self._target:
            return [frame]
        self.steps += self._suite.receive_key(frame["payload"])
        self.fire()
        return []


MALFORMED: tuple[Payload, ...] = ({"hs": 5}, {"m": [1]}, {"v": 3}, {"invite": {}}, {"hs": "Zg=="})
"""Fields with which no step 1 can be one."""

# What it makes up

SESSION = "00000000-0000-4000-8000-000000000001"


def joined(peer: str, *, initiator: bool = False, session: str = SESSION) -> Frame:
    body = {"sessionId": session, "peer": peer, "initiator": initiator, "iceServers": []}
    return {"type": "session:joined", "sessionId": session, "payload": body}


def ended(kind: str, session: str, peer: str, reason: str) -> Frame:
    return {"type": kind, "sessionId": session, "payload": {"sessionId": session, "peer": peer, "reason": reason}}


def key(sender: str, body: dict[str, Any], session: str = SESSION) -> Frame:
    return {"type": "key:exchange", "sessionId": session, "sender": sender, "payload": body}


def plain(kind: str, sender: str) -> Frame:
    """A signal as the original app has it."""
    sdp = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
    candidate = {"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0}
    return {
        "type": f"signal:{kind}",
        "sender": sender,
        "payload": candidate if kind == "ice" else {"type": kind, "sdp": sdp},
    }
