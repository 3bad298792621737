"""A message of a conversation, as both sides of the program hold it. Mirrors static/js/peer/messages.js."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["queued", "sent", "delivered", "read", "failed"]


@dataclass(slots=True)
class Message:
    """`id` is unique in its conversation; `at` is milliseconds since 1970, by the clock of this device.

    `new_call` marks the first of a later chat under the same name: nothing says that it is with the same person.
    """

    id: str
    mine: bool
    body: str
    at: int
    status: Status
    new_call: bool = False
