"""What there is to show of a peer, and who hears of it. Mirrors static/js/peer/snapshot.js."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import standing
from .errors import sentence
from .identity import Pin
from .invitation import Invitation
from .link import Link
from .messages import Message
from .signaling_client import State as ServerState
from .standing import State as ChatState
from .verifying import Verifying

SENTENCES: dict[str, str] = {
    "connecting": "Connecting to the server…",
    "online": "Online",
    "offline": "The server cannot be reached. Trying again…",
}
"""Of the server. The other states are refusals, which the server's code explains."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What there is to show. `messages` are those exchanged with the device called `peer`, oldest first.

    `invited`: the call that rings comes with an invite of this person's. `known`: before this call a device has been met under
    the name `peer`; whether it is theirs is checked when they are answered. `classic_warning`: the person is to say whether to go
    on with a peer that cannot be verified. `changed`: the pin that the other's key differs from, while nothing is decided.
    `known_as`: other names of the other's device. `verifying` is None while there is nothing to verify.
    """

    name: str
    server_state: ServerState
    server_sentence: str
    chat_state: ChatState
    chat_sentence: str
    peer: str | None = None
    trust: str | None = None
    invited: bool = False
    known: bool = False
    classic_warning: bool = False
    changed: Pin | None = None
    known_as: tuple[str, ...] = ()
    verifying: Verifying | None = None
    invitation: Invitation | None = None
    messages: list[Message] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Invited:
    """An invite to hand over: its link, and until when it is good, in milliseconds since 1970."""

    link: str
    expires: int


class Listener:
    """Hears what happens; override what is of interest."""

    def changed(self) -> None:
        """Something in the snapshot changed."""

    def received(self, message: Message) -> None:
        """A message came from the other side."""

    def notice(self, text: str) -> None:
        """A passing sentence for the person."""


def snapshot_of(
    name: str, server: ServerState, refusal: str, link: Link | None, invitation: Invitation | None
) -> Snapshot:
    """`refusal` is the server's code, where it has refused; `link` that with the other one."""
    at_the_server = (name, server, SENTENCES.get(server) or sentence(refusal))
    if link is None:
        return Snapshot(*at_the_server, "idle", standing.SENTENCES["idle"], invitation=invitation)
    suite = link.suite
    return Snapshot(
        *at_the_server,
        chat_state=link.state,
        chat_sentence=link.sentence,
        peer=link.peer,
        trust=link.trust,
        invited=suite is not None and suite.invited,
        known=link.known,
        classic_warning=link.warned,
        changed=suite.changed if suite else None,
        known_as=tuple(suite.known_as) if suite else (),
        verifying=link.verifying,
        invitation=invitation,
        messages=link.messages,
    )
