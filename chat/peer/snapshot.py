"""What there is to show of a peer, and who hears of it. Mirrors static/js/peer/snapshot.js."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from . import standing
from .errors import sentence
from .history import History
from .identity import Pin
from .invitation import Invitation
from .link import Link
from .messages import Message
from .path_watch import Path
from .preferences import Preferences
from .signaling_client import State as ServerState
from .standing import State as ChatState
from .switchboard import Switchboard
from .verifying import Verifying

SENTENCES: dict[str, str] = {
    "connecting": "Connecting to the server…",
    "online": "Online",
    "offline": "The server cannot be reached. Trying again…",
}
"""Of the server. The other states are refusals, which the server's code explains."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A call that rings."""

    peer: str
    invited: bool
    known: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A conversation of the list."""

    peer: str
    state: ChatState
    trust: str | None
    unread: int
    last: Message | None
    muted: bool
    typing: bool
    away: bool
    doubted: bool
    """One of the two has said that what they compared differs."""
    selected: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What there is to show. `messages` are those exchanged with the device called `peer`, oldest first.

    `invited`: the call that rings comes with an invite of this person's. `known`: before this call a device has been met under
    the name `peer`; whether it is theirs is checked when they are answered. `classic_warning`: the person is to say whether to go
    on with a peer that cannot be verified. `changed`: the pin that the other's key differs from, while nothing is decided.
    `known_as`: other names of the other's device. `verifying` is None while there is nothing to verify. `since`: when it began to
    reconnect, in milliseconds since 1970; `away`: the other one is not online; `timer`: seconds after which what was read
    vanishes, 0 for never; `features`: what the other one's app knows of. `incoming` is the call that rings, selected or not;
    `conversations` are those with the latest activity first.
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
    history: History = field(default_factory=History)
    since: int | None = None
    away: bool = False
    path: Path | None = None
    typing: bool = False
    timer: int = 0
    unread: int = 0
    muted: bool = False
    features: list[str] = field(default_factory=list)
    incoming: Incoming | None = None
    conversations: list[Entry] = field(default_factory=list)
    preferences: Preferences = field(default_factory=Preferences)


@dataclass(frozen=True, slots=True)
class Invited:
    """An invite to hand over: its link, and until when it is good, in milliseconds since 1970."""

    link: str
    expires: int


class Listener:
    """Hears what happens; override what is of interest."""

    def changed(self) -> None:
        """Something in the snapshot changed."""

    def received(self, message: Message, peer: str) -> None:
        """A message came from somebody."""

    def missed(self, peer: str) -> None:
        """Somebody called, and was not answered."""

    def notice(self, text: str) -> None:
        """A passing sentence for the person."""


def snapshot_of(
    name: str,
    server: ServerState,
    refusal: str,
    board: Switchboard,
    *,
    invitation: Invitation | None,
    preferences: Preferences,
    muted: Callable[[str], bool],
) -> Snapshot:
    """`refusal` is the server's code, where it has refused; `board` has the links."""
    shown = Snapshot(
        name,
        server,
        SENTENCES.get(server) or sentence(refusal),
        "idle",
        standing.SENTENCES["idle"],
        invitation=invitation,
        incoming=_incoming(board.rings) if board.rings else None,
        conversations=_entries(board, muted),
        preferences=replace(preferences),
    )
    return _with_chat(shown, board.link, muted) if board.link else shown


def _incoming(link: Link) -> Incoming:
    return Incoming(link.peer, link.suite is not None and link.suite.invited, link.known)


def _entries(board: Switchboard, muted: Callable[[str], bool]) -> list[Entry]:
    listed = [link for link in reversed(board.links) if link is board.link or link.is_worth_listing]
    return [
        Entry(
            peer=link.peer,
            state=link.state,
            trust=link.trust,
            unread=link.unread,
            last=link.last,
            muted=muted(link.peer),
            typing=link.typing,
            away=link.away,
            doubted=link.verifying is not None and link.verifying.doubted,
            selected=link is board.link,
        )
        for link in sorted(listed, key=lambda link: -link.activity)
    ]


def _with_chat(shown: Snapshot, link: Link, muted: Callable[[str], bool]) -> Snapshot:
    suite = link.suite
    return replace(
        shown,
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
        messages=link.messages,
        history=link.history,
        since=link.since,
        away=link.away,
        path=link.path,
        typing=link.typing,
        timer=link.timer,
        unread=link.unread,
        muted=muted(link.peer),
        features=link.features,
    )
