"""Asking a connection that claims its name with a key to prove it (docs/protocol.md, 1.2): one question, one answer.

Whatever else the client says first, it is not served.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from .errors import Close, Code, ProtocolError
from .messages import AuthChallenge, AuthResponse, dump, is_too_large, parse_from_client
from .names import Challenge, Origins, unproven


class Line(NamedTuple):
    """One socket: `push` sends a frame down it, `end` has it closed with a code and comes back at once."""

    push: Callable[[str], Awaitable[None]]
    end: Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Keyed:
    """What a connection that claims its name with a key brings.

    `key` stands as in the query; `answer` waits for the client's next frame and raises when there is none in time.
    """

    key: str
    answer: Callable[[], Awaitable[str]]


async def proven_key(name: str, line: Line, keyed: Keyed, origins: Origins, random: Callable[[int], bytes]) -> str:
    """The hash of the key, once the proof is given. Raises AUTH_FAILED, or MESSAGE_TOO_LARGE."""
    challenge = Challenge(name, keyed.key, random)
    await line.push(dump(AuthChallenge(payload=challenge.payload)))
    challenge.check(_response(await keyed.answer()).payload, origins)
    return challenge.key


def _response(frame: str) -> AuthResponse:
    if is_too_large(frame):
        raise ProtocolError(Code.MESSAGE_TOO_LARGE, close=Close.TOO_LARGE)
    try:
        message = parse_from_client(frame)
    except ProtocolError:
        raise unproven() from None
    if not isinstance(message, AuthResponse):
        raise unproven()
    return message
