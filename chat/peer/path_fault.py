"""Why no path was found: from what a device saw while it looked for one, the reason to tell. Mirrors
static/js/peer/path_fault.js.

Seen from one side it is a judgement and not a proof, so the rows go from what is certain (a refusal, an own setting) to what
is likely, and where nothing speaks for one cause the reason is `no_path`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

UNREACHABLE = 701
"""The code of a server that did not answer (W3C WebRTC, RTCPeerConnectionIceErrorEvent); lower ones are its own answer."""


@dataclass(frozen=True, slots=True)
class ServerError:
    """An ICE server that gave nothing, by its URL, and the STUN error code it answered with, or `UNREACHABLE`."""

    url: str
    code: int


@dataclass(slots=True)
class Seen:
    """`servers` are the configured URLs; `own` and `theirs` the types of the candidates on either side; `gathered`, whether
    there are no more own ones to come; `described`, whether both descriptions are there."""

    servers: list[str]
    relay_only: bool = False
    own: set[str] = field(default_factory=set)
    theirs: set[str] = field(default_factory=set)
    errors: list[ServerError] = field(default_factory=list)
    gathered: bool = False
    described: bool = False


def path_fault(seen: Seen) -> str:
    """The reason, a key of `errors.SENTENCES`."""
    if seen.relay_only and not _has(seen, "turn"):
        return "no_relay"
    if _relay_refused(seen):
        return "turn_refused"
    if not seen.own:
        return _nothing_found(seen)
    if _reflects(seen):
        return "other_network" if _other_is_hidden(seen) else "no_path"
    if _has(seen, "turn"):
        return "udp_blocked" if _silent(seen, "stun") or not _has(seen, "stun") else "no_path"
    return "stun_unreachable" if _has(seen, "stun") and _silent(seen, "stun") else "no_path"


def no_way(seen: Seen) -> bool:
    """Whether no path can be found any more, whatever the other side sends: there is nothing to find one from."""
    return seen.relay_only and not seen.own and (seen.gathered or not _has(seen, "turn"))


def _has(seen: Seen, scheme: str) -> bool:
    return any(url.startswith(scheme) for url in seen.servers)


def _relay_refused(seen: Seen) -> bool:
    """A relay answered, and would not serve this device."""
    return "relay" not in seen.own and any(
        error.url.startswith("turn") and error.code < UNREACHABLE for error in seen.errors
    )


def _nothing_found(seen: Seen) -> str:
    if not seen.gathered:
        return "no_path"
    return "udp_blocked" if seen.relay_only else "no_candidates"


def _reflects(seen: Seen) -> bool:
    """A server answered, so what is behind this device's network is known."""
    return not {"srflx", "relay"}.isdisjoint(seen.own)


def _other_is_hidden(seen: Seen) -> bool:
    return seen.described and {"srflx", "relay", "prflx"}.isdisjoint(seen.theirs)


def _silent(seen: Seen, scheme: str) -> bool:
    """A server did not answer, or has not yet. One that told the device what it knew already leaves no candidate either, so
    that there is none does not say it."""
    lost = any(error.url.startswith(scheme) and error.code == UNREACHABLE for error in seen.errors)
    return lost or not seen.gathered
