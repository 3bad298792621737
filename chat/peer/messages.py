"""A message of a conversation, as both sides of the program hold it. Mirrors static/js/peer/messages.js."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Status = Literal["queued", "sent", "delivered", "read", "failed"]
Kind = Literal["text", "timer"]


@dataclass(frozen=True, slots=True)
class Ref:
    """Names a message: the ids of the two sides may be the same."""

    mine: bool
    id: str


@dataclass(slots=True)
class Reactions:
    """An emoji of each side, or nothing."""

    mine: str = ""
    theirs: str = ""


@dataclass(slots=True)
class Message:
    """`at` is milliseconds since 1970, by the clock of this device. The status of one's own says how far it has come; another's
    is `delivered`, and `read` when this person has seen it.

    `new_call` marks the first of a later chat under the same name: nothing says that it is with the same person. `re` is what it
    replies to, which may be gone. One that is `deleted` has no text any more. `seconds` is how long it stays after it was
    read, 0 for good, and `expires` when it vanishes, once that is known, in milliseconds since 1970. Of kind `timer` it is no
    message but says that from there on messages stay for `seconds`; `mine` tells who said so.
    """

    id: str
    mine: bool
    body: str
    at: int
    status: Status
    new_call: bool = False
    re: Ref | None = None
    edited: bool = False
    deleted: bool = False
    reactions: Reactions = field(default_factory=Reactions)
    expires: int | None = None
    kind: Kind = "text"
    seconds: int = 0

    @property
    def ref(self) -> Ref:
        return Ref(self.mine, self.id)

    def blank(self) -> None:
        """Keep nothing of what it said."""
        self.body, self.re, self.reactions = "", None, Reactions()
        self.edited, self.deleted = False, True
