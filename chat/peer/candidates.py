"""Reading the ICE candidates of an SDP and of `signal:ice`. Mirrors static/js/peer/candidates.js.

A candidate is a line `candidate:… typ host|srflx|prflx|relay …` (RFC 8839, section 5.1).
"""

from __future__ import annotations

import re

from .classic import Payload

_TYPE = re.compile(r"^(?:a=)?candidate:.* typ (host|srflx|prflx|relay)(?: |$)", re.IGNORECASE)
_INSIDE = ("a=candidate:", "a=end-of-candidates")


def type_of(line: str) -> str | None:
    """`host`, `srflx`, `prflx` or `relay`; None for what is no candidate."""
    match = _TYPE.match(line)
    return match[1].lower() if match else None


def types_in(sdp: str) -> set[str]:
    """The types of all candidates in an SDP."""
    return {kind for line in sdp.splitlines() if (kind := type_of(line)) is not None}


def only_relayed(sdp: str) -> str:
    """The SDP without those candidates that would show an address of this device."""
    kept = [line for line in sdp.splitlines() if not line.startswith("a=candidate:") or type_of(line) == "relay"]
    return "\r\n".join(kept) + "\r\n"


def without_candidates(sdp: str) -> tuple[str, list[Payload]]:
    """The SDP without its candidates, and the candidates as `signal:ice` would carry them (one media section: index 0)."""
    lines = sdp.splitlines()
    candidates = [
        {"candidate": line.removeprefix("a="), "sdpMLineIndex": 0} for line in lines if line.startswith("a=candidate:")
    ]
    kept = [line for line in lines if not line.startswith(_INSIDE)]
    return "\r\n".join(kept) + "\r\n", candidates
