"""The format in which a program speaks to the terminal client: one JSON object a line, UTF-8 (docs/bots.md).

What comes in are commands, told apart by `do`; what goes out are the events of events.py, and for each command `done` or
`error` with the `tag` that it carried. Both sides are described by structs, and commands are read strictly: a field of
another type, or one that is not known, is an error and changes nothing.

What goes out is printable as it stands: control characters, and those that turn text around or cannot be seen, are
written as JSON escapes, so that a line shown on a terminal is harmless and still means the same.
"""

from __future__ import annotations

import json
from typing import TypeAlias

import msgspec
from msgspec import Struct

from .events import Event, Ref

Tag = str | int
MAX_LINE_BYTES = 1024 * 1024


class BadLine(ValueError):
    """A line that is no command; `str()` says why, `tag` is what it carried where that can be read."""

    def __init__(self, why: str, tag: Tag | None) -> None:
        super().__init__(why)
        self.tag = tag


class Command(
    Struct,
    kw_only=True,
    forbid_unknown_fields=True,
    rename="camel",
    tag_field="do",
    tag=lambda name: name.lower(),
):
    """Something to do. `to` is with whom; without it, with whoever was called or accepted last."""

    tag: Tag | None = None


class Call(Command):
    """Call somebody."""

    to: str


class Accept(Command):
    """Accept the call that rings; with `to`, only if it is theirs."""

    to: str | None = None


class Decline(Command):
    """Decline the call that rings."""

    to: str | None = None


class End(Command):
    """End the chat, or hang up."""

    to: str | None = None


class Close(Command):
    """Forget a conversation that is over."""

    to: str


class Send(Command):
    """Send a message; `re` is the message that it answers. `done` has its `id`."""

    text: str
    to: str | None = None
    re: Ref | None = None


class Edit(Command):
    """Give one’s own message another text."""

    id: str
    text: str
    to: str | None = None


class Delete(Command):
    """Delete one’s own message, on both sides."""

    id: str
    to: str | None = None


class React(Command):
    """React to a message; an empty `emoji` takes it back."""

    re: Ref
    emoji: str
    to: str | None = None


class Retry(Command):
    """Send again a message that failed."""

    id: str
    to: str | None = None


class Read(Command):
    """All messages so far are read."""

    to: str | None = None


class Typing(Command):
    """Show the other one that an answer is being written; it ends with the answer, or after some seconds."""

    to: str | None = None


class Timer(Command):
    """Messages from now on vanish so many seconds after they are read, on both sides; 0 is off."""

    seconds: int
    to: str | None = None


class Verify(Command):
    """Compare emoji; the event `verifying` brings them."""

    to: str | None = None


class Confirm(Command):
    """What was compared is the same on both sides, or is not."""

    matches: bool
    to: str | None = None


class Safety(Command):
    """`done` has the safety `number`, to compare instead."""

    to: str | None = None


class Trust(Command):
    """Go on with somebody who is on another device than before, or do not."""

    accept: bool
    to: str | None = None


class Invite(Command):
    """Make a link for one call; `done` has the `link`, and until when it is good (`expires`)."""


class Mute(Command):
    """Mark a conversation as muted, or not; nothing else changes."""

    to: str
    on: bool


class Block(Command):
    """Calls from this name, and from the device known by it, go unanswered from now on."""

    to: str


class Unblock(Command):
    """Calls from this name ring again."""

    to: str


class Prefer(Command):
    """Change what holds for all chats; what is not named stays."""

    receipts: bool | None = None
    typing: bool | None = None
    relay_only: bool | None = None


class List(Command):
    """`done` has the `conversations`."""


class Quit(Command):
    """Leave at once: what is still queued is lost."""


AnyCommand: TypeAlias = (
    Call
    | Accept
    | Decline
    | End
    | Close
    | Send
    | Edit
    | Delete
    | React
    | Retry
    | Read
    | Typing
    | Timer
    | Verify
    | Confirm
    | Safety
    | Trust
    | Invite
    | Mute
    | Block
    | Unblock
    | Prefer
    | List
    | Quit
)


class Conversation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry of the list."""

    peer: str
    state: str
    unread: int
    muted: bool
    trust: str | None = None


class Done(Event):
    """A command was carried out. `id` is that of the message sent; the rest is what the command was to bring."""

    do: str
    tag: Tag | None = None
    id: str | None = None
    number: str | None = None
    link: str | None = None
    expires: int | None = None
    conversations: tuple[Conversation, ...] | None = None


class Error(Event):
    """A command was not carried out, or, without a command before it, the client ends. `reason` is a word for programs."""

    reason: str
    sentence: str
    tag: Tag | None = None


class _Tagged(Struct):
    tag: Tag | None = None


_commands: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(AnyCommand)
_tagged = msgspec.json.Decoder(_Tagged)
_unreadable = (msgspec.MsgspecError, RecursionError, UnicodeError)


def parse(line: bytes) -> AnyCommand:
    """Raises BadLine."""
    if len(line) > MAX_LINE_BYTES:
        raise BadLine(f"A line has at most {MAX_LINE_BYTES:,} bytes", None)
    try:
        return _commands.decode(line)
    except msgspec.ValidationError as error:
        raise BadLine(str(error), _tag_of(line)) from None
    except _unreadable:
        raise BadLine("This is not one JSON object in UTF-8", None) from None


def dump(event: Event) -> str:
    """The event as a line, without its end."""
    text = json.dumps(msgspec.to_builtins(event), ensure_ascii=False, separators=(",", ":"))
    return text if text.isprintable() else "".join(map(_escaped, text))


def name_of(command: Command) -> str:
    """What stands in its `do`."""
    return str(command.__struct_config__.tag)


def _tag_of(line: bytes) -> Tag | None:
    try:
        return _tagged.decode(line).tag
    except _unreadable:
        return None


def _escaped(character: str) -> str:
    """Escaped where it would be printed as something else than itself, or as nothing. Such characters stand only inside
    JSON strings, where an escape means the same."""
    if character.isprintable():
        return character
    return json.dumps(character)[1:-1]
