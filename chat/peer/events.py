"""What a peer tells whoever sits at its terminal, person or program: one struct for each kind of news.

A program reads them as JSON (json_lines.py), a person as sentences (telling.py). `peer` is always the other one's name,
`sentence` is for a person, `text` is what somebody wrote. Times are milliseconds since 1970. A field that is None is left
out of the JSON.
"""

from __future__ import annotations

from msgspec import Struct


class Ref(Struct, frozen=True, forbid_unknown_fields=True):
    """A message of a conversation: ids are unique among the messages of one side only."""

    mine: bool
    id: str


class Event(Struct, kw_only=True, omit_defaults=True, rename="camel", tag_field="event", tag=lambda name: name.lower()):
    """Something happened."""


class Online(Event):
    """The server has let this peer in, under `name`."""

    name: str


class Offline(Event):
    """The server is not there. `state` is `connecting` or `offline` while the peer goes on trying; `taken`, `replaced` and `refused` are final."""

    state: str
    sentence: str


class Incoming(Event):
    """Somebody calls as `peer`. `known`: a device has been met under this name; whether this is the same one is checked when
    the call is accepted. `invited`: the call comes with an invite of this peer’s."""

    peer: str
    known: bool
    invited: bool


class Missed(Event):
    """A call went unanswered."""

    peer: str


class State(Event):
    """A call or conversation is in another state: `calling`, `ringing`, `connecting`, `secured`, `reconnecting` or `blocked`
    (then `changed` says why). `since`: when it began to reconnect. `away`: the other one is not online."""

    peer: str
    state: str
    sentence: str
    since: int | None = None
    away: bool = False


class Ended(Event):
    """The call or conversation is over. `reason` is a word for programs, such as `ended` (by the other one), `you_ended`, `declined` or `lost`."""

    peer: str
    reason: str
    sentence: str


class Trust(Event):
    """How far the other one is known: `unverified`, `verified` or `classic`."""

    peer: str
    trust: str


class Classic(Event):
    """The other one’s app cannot prove who it is; without `--allow-classic` the call ends here."""

    peer: str


class Changed(Event):
    """The other one is on another device than the one first met at `firstSeen`. Nothing is sent until the command `trust` decides."""

    peer: str
    first_seen: int
    verified: bool


class Path(Event):
    """How messages travel: through a relay, or straight; `rtt` in milliseconds, where it is known."""

    peer: str
    relayed: bool
    rtt: float | None = None


class Message(Event):
    """The other one wrote. `re` is what it answers, `expires` when it vanishes."""

    peer: str
    id: str
    at: int
    text: str
    re: Ref | None = None
    expires: int | None = None


class Edited(Event):
    """A message of either side has another text."""

    peer: str
    mine: bool
    id: str
    text: str


class Deleted(Event):
    """A message was deleted, on both sides, by who wrote it."""

    peer: str
    mine: bool
    id: str


class Expired(Event):
    """A message’s time is up: it has vanished here."""

    peer: str
    mine: bool
    id: str


class Reacted(Event):
    """The other one reacted to the message `re`; an empty `emoji` takes it back."""

    peer: str
    re: Ref
    emoji: str


class Status(Event):
    """A message of one’s own is `queued`, `sent`, `delivered`, `read` or `failed`."""

    peer: str
    id: str
    status: str


class Typing(Event):
    """The other one types, or does not any more."""

    peer: str
    on: bool


class Timer(Event):
    """Messages from now on vanish so many seconds after they are read; 0 is off."""

    peer: str
    seconds: int


class Emoji(Struct, frozen=True):
    """One of the seven."""

    emoji: str
    name: str


class Verifying(Event):
    """Comparing: `state` is `idle`, `waiting`, `compare` (with the seven emoji), `matched`, `mismatched` or
    `they_mismatched`. `theyMatched`: the other one says that they match."""

    peer: str
    state: str
    they_matched: bool
    emoji: tuple[Emoji, ...] | None = None


class Invite(Event):
    """How far the invite that this peer opened has come."""

    peer: str
    state: str
    sentence: str


class Notice(Event):
    """A passing sentence."""

    sentence: str
