"""What a link is given by its peer. Mirrors static/js/peer/surroundings.js."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import random

from signaling import messages as wire

from .history import History
from .messages import Message
from .preferences import Preferences
from .suite import Suites
from .timers import After


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a link is given by its peer.

    `send` puts a message on the server's socket; `changed` and `received` are told of news, `notice` of a sentence for the
    person; `history` gives the messages exchanged under a name with a device, by its identity key, or None for one that
    proved nothing; `now` gives milliseconds since 1970, `clock` seconds that never go back; `new_id` a fresh message id; `fraction`
    is drawn from [0, 1); `blocked` says whether the person wants nothing of a device, by its identity key;
    `missed` is told of a call that nobody answered.
    """

    send: Callable[[wire.Message], bool]
    changed: Callable[[], None]
    received: Callable[[Message, str], None]
    notice: Callable[[str], None]
    history: Callable[[str, bytes | None], History]
    now: Callable[[], int]
    clock: Callable[[], float]
    new_id: Callable[[], str]
    after: After
    suites: Suites
    preferences: Preferences = field(default_factory=Preferences)
    fraction: Callable[[], float] = random
    blocked: Callable[[bytes], bool] = lambda _: False
    missed: Callable[[str], None] = lambda _: None
