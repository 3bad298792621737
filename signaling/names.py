"""Who owns a name.

A name belongs to the connection that claimed it, for as long as its socket lives. Names that differ only in case are
one name: the store and the post fold them, and everybody is shown the owner's spelling. A live name is not taken over.
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import Close, Code, ProtocolError
from .messages import is_name


@dataclass(frozen=True, slots=True)
class Owner:
    """A connection and the name it claims; `connection` tells it from a later owner of the same name."""

    name: str
    connection: str


def claimant(name: str, connection: str) -> Owner:
    """Who `connection` would be as `name`. Raises `ProtocolError` where that is no name."""
    if not is_name(name):
        raise ProtocolError(Code.INVALID_USERNAME, close=Close.INVALID_USERNAME)
    return Owner(name, connection)


def taken() -> ProtocolError:
    """What somebody hears who claims a name that lives."""
    return ProtocolError(Code.USERNAME_TAKEN, close=Close.USERNAME_TAKEN)
