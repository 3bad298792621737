"""What a link is given by its peer. Mirrors static/js/peer/surroundings.js."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from signaling import messages as wire

from .messages import Message
from .suite import Suites
from .timers import After


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a link is given by its peer.

    `send` puts a message on the server's socket; `changed` and `received` are told of news, `notice` of a sentence for the
    person; `history` gives the messages exchanged under a name with a device, by its identity key, or None for one that
    proved nothing; `now` gives milliseconds since 1970, `clock` seconds that never go back; `new_id` a fresh message id.
    """

    send: Callable[[wire.Message], bool]
    changed: Callable[[], None]
    received: Callable[[Message], None]
    notice: Callable[[str], None]
    history: Callable[[str, bytes | None], list[Message]]
    now: Callable[[], int]
    clock: Callable[[], float]
    new_id: Callable[[], str]
    after: After
    suites: Suites
