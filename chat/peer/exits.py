"""The exit codes of the terminal client, and which of them a reason comes to."""

from __future__ import annotations

from enum import IntEnum

from .errors import PeerError


class Exit(IntEnum):
    """The exit codes."""

    OK = 0
    USAGE = 2
    SERVER_UNREACHABLE = 3
    NAME_REFUSED = 4
    CALL_FAILED = 5
    CONNECTION_LOST = 6
    KEY_CHANGED = 7
    NOT_PROVEN = 8
    INVITE_FAILED = 9
    IDENTITY_UNUSABLE = 10
    INTERRUPTED = 130
    TERMINATED = 143


_BY_REASON = {
    "server_offline": Exit.SERVER_UNREACHABLE,
    "USERNAME_TAKEN": Exit.NAME_REFUSED,
    "INVALID_USERNAME": Exit.NAME_REFUSED,
    "AUTH_FAILED": Exit.NAME_REFUSED,
    "replaced": Exit.NAME_REFUSED,
    "bad_name": Exit.USAGE,
    "invite_damaged": Exit.USAGE,
    "own_name": Exit.USAGE,
    "lost": Exit.CONNECTION_LOST,
    "left": Exit.OK,
    "ended": Exit.OK,
    "you_ended": Exit.OK,
    "you_left": Exit.OK,
    "key_changed": Exit.KEY_CHANGED,
    "you_refused_key": Exit.KEY_CHANGED,
    "bad_handshake": Exit.NOT_PROVEN,
    "wrong_peer": Exit.NOT_PROVEN,
    "classic_refused": Exit.NOT_PROVEN,
    "you_refused_classic": Exit.NOT_PROVEN,
    "invite_failed": Exit.INVITE_FAILED,
    "invite_used": Exit.INVITE_FAILED,
    "invite_expired": Exit.INVITE_FAILED,
    "invite_unknown": Exit.INVITE_FAILED,
}
_BY_INVITATION = {"own": Exit.USAGE, "used": Exit.INVITE_FAILED, "expired": Exit.INVITE_FAILED}


def exit_for(error: PeerError) -> Exit:
    """Of a run that ends with this."""
    return _BY_REASON.get(error.reason, Exit.CALL_FAILED)


def exit_for_invitation(state: str) -> Exit | None:
    """Of a run whose invite is in this state: None for one that may still serve."""
    return _BY_INVITATION.get(state)
