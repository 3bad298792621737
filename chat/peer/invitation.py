"""An invite that this person opened, and how far it has come. Mirrors static/js/peer/invitation.js.

What the server, or the other side through it, says of an invite is a hint for the person alone: the invite stays good until
the handshake under it has verified.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from signaling.messages import same_name

from .errors import sentence
from .invites import Invite

if TYPE_CHECKING:
    from .identity import Identity

State = Literal["waiting", "calling", "done", "used", "expired", "unknown", "own", "damaged", "offline"]

SENTENCES: dict[State, str] = {
    "waiting": "You have an invite from {peer}. They are called as soon as you are online.",
    "calling": "Calling {peer} with their invite.",
    "done": "The invite from {peer} is used, and you have verified each other.",
    "used": "This invite has been used already. Ask {peer} for a new one.",
    "expired": "This invite is older than 24 hours. Ask {peer} for a new one.",
    "unknown": "{peer} does not know this invite: its link may have been copied badly, or be from another server, or from before "
    "they began anew. Copy all of it again, or ask them for a new one.",
    "own": "This is your own invite. Send its link to the person whom you want to invite.",
    "damaged": sentence("invite_damaged"),
    "offline": "The invite is still good. Try again when {peer} can answer.",
}
_HELD = "You have an invite from {peer}. They are called when this chat is over."

_BY_REASON: dict[str | None, State] = {
    "invite_used": "used",
    "invite_expired": "expired",
    "invite_unknown": "unknown",
}


@dataclass(slots=True)
class Invitation:
    """`peer` is the inviter's name, empty where the link does not say; `uuid` the invite's, where it was kept; `held`: it waits
    for a chat or a call with somebody to be over."""

    peer: str
    state: State
    uuid: str = ""
    held: bool = False

    @classmethod
    def open(cls, fragment: str, me: str, identity: Identity) -> Invitation:
        """Read the fragment of a link, and keep the invite where it is good."""
        try:
            invite = Invite.parse(fragment)
        except ValueError:
            return cls("", "damaged")
        if same_name(invite.name, me):
            return cls(invite.name, "own")
        known = identity.opened_state(invite.uuid)
        if known in ("used", "expired"):
            return cls(invite.name, known)
        identity.keep_opened(invite)
        return cls(invite.name, "waiting", invite.uuid)

    @property
    def sentence(self) -> str:
        held = self.held and self.state == "waiting"
        return (_HELD if held else SENTENCES[self.state]).format(peer=self.peer)

    def ended(self, reason: str | None, identity: Identity, *, verified: bool) -> None:
        """A call to its maker is over, for this reason. Once the handshake under the invite has verified, `identity` has it as
        used; `verified` says whether the maker is on the device that was expected, or accepted."""
        if self.state not in ("calling", "offline"):
            return
        if identity.opened_state(self.uuid) == "used":
            self.state = "done" if verified else "used"
        else:
            self.state = _BY_REASON.get(reason, "offline")
