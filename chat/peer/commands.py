"""The commands that a person types: one table, which `/help` and the manual are made from.

`N` is a message's short number (numbers.py). What cannot be done raises PeerError or Misused, whose text is for the person.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from signaling.messages import is_name

from .awaiting import Peer
from .errors import PeerError
from .identity import Identity
from .messages import Ref
from .numbers import Numbers, Place
from .snapshot import Entry
from .telling import Telling, date, duration, way

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_TRUST = {"verified": "verified", "unverified": "not verified", "classic": "the server could read it"}
_NUMBERED = re.compile(r"\[?(\d{1,9})\]?(?:\s+(.*))?", re.DOTALL)


class Misused(Exception):
    """A command that does not fit what there is; the text says how it would."""


@dataclass(frozen=True, slots=True)
class Command:
    """`about_a_chat`: piped in, it waits for one."""

    word: str
    takes: str
    help: str
    do: Callable[[Commands, str], None]
    about_a_chat: bool = False


class Commands:
    """Carries them out for one person."""

    def __init__(
        self, peer: Peer, identity: Identity, numbers: Numbers, telling: Telling, leave: Callable[[], None]
    ) -> None:
        self._peer = peer
        self._identity = identity
        self._numbers = numbers
        self._telling = telling
        self._leave = leave

    def call(self, rest: str) -> None:
        self._peer.dial(rest)

    def accept(self, _: str) -> None:
        self._peer.accept()

    def decline(self, _: str) -> None:
        self._peer.decline()

    def end(self, _: str) -> None:
        self._peer.end()

    def switch(self, rest: str) -> None:
        self._peer.select(_name(rest))
        self._telling.say(f"You write to {self._peer.snapshot().peer}.")

    def close(self, rest: str) -> None:
        self._peer.close(_name(rest or self._selected()))

    def who(self, _: str) -> None:
        """Each conversation in a line, the selected one marked; then who is blocked."""
        entries = self._peer.snapshot().conversations
        for entry in entries:
            self._telling.say(self._described(entry))
        if not entries:
            self._telling.say("There is no conversation.")
        if blocked := self._identity.blocks.names:
            self._telling.say(f"Blocked: {', '.join(blocked)}")

    def reply(self, rest: str) -> None:
        place, text = self._place(rest)
        if not text:
            raise Misused("Type what to answer: /reply N TEXT")
        self._peer.send(text, Ref(place.mine, place.id), to=place.peer)

    def edit(self, rest: str) -> None:
        place, text = self._own(rest)
        if not text:
            raise Misused("Type what it is to say: /edit N TEXT")
        self._peer.edit(place.id, text, to=place.peer)

    def delete(self, rest: str) -> None:
        place, text = self._own(rest)
        if text:
            raise Misused("Type the number of a message alone: /delete N")
        self._peer.delete(place.id, to=place.peer)

    def react(self, rest: str) -> None:
        place, emoji = self._place(rest)
        self._peer.react(Ref(place.mine, place.id), emoji, to=place.peer)
        self._telling.reacted(place.peer, place.mine, place.id, emoji)

    def retry(self, _: str) -> None:
        for message in list(self._peer.snapshot().messages):
            if message.status == "failed":
                self._peer.retry(message.id)

    def timer(self, rest: str) -> None:
        self._peer.set_timer(seconds_of(rest))

    def mute(self, rest: str) -> None:
        name = _name(rest or self._selected())
        muted = any(entry.muted for entry in self._peer.snapshot().conversations if entry.peer.lower() == name.lower())
        self._peer.mute(name, not muted)
        self._telling.say(
            f"{name} is heard again." if muted else f"{name} is muted: what they write waits for /switch {name}."
        )

    def block(self, rest: str) -> None:
        self._peer.block(_name(rest))
        self._telling.say(f"{rest} is blocked: their calls go unanswered. /unblock {rest} takes it back.")

    def unblock(self, rest: str) -> None:
        self._peer.unblock(_name(rest))
        self._telling.say(f"{rest} can call you again.")

    def verify(self, _: str) -> None:
        self._peer.verify()

    def safety(self, _: str) -> None:
        number = self._peer.safety_number()
        self._telling.say(
            "The safety number of this chat. Compare it over a call or in person, then type /match or /mismatch:"
        )
        groups = [number[at : at + 5] for at in range(0, len(number), 5)]
        for at in range(0, len(groups), 4):
            self._telling.say("  " + " ".join(groups[at : at + 4]))

    def match(self, _: str) -> None:
        self._peer.confirm(True)

    def mismatch(self, _: str) -> None:
        self._peer.confirm(False)

    def trust(self, _: str) -> None:
        self._peer.accept_key()

    def invite(self, _: str) -> None:
        """The link goes to standard output: it is what a script wants."""
        self._telling.put(self._peer.create_invite().link)
        self._telling.say("Send this link to one person, in a way that you trust. It is good once, for 24 hours.")

    def help(self, _: str) -> None:
        self._telling.write(HELP)

    def quit(self, _: str) -> None:
        self._leave()

    # Inside

    def _selected(self) -> str:
        peer = self._peer.snapshot().peer
        if peer is None:
            raise PeerError("no_chat")
        return peer

    def _described(self, entry: Entry) -> str:
        """A conversation in a line."""
        link = next(link for link in self._peer.links if link.peer == entry.peer)
        pin = self._identity.pin(entry.peer)
        words = [entry.state, *([_TRUST[entry.trust]] if entry.trust else [])]
        words += [] if pin is None else [f"known since {date(pin.first_seen)}"]
        if link.path is not None:
            words.append(way(link.path.relayed, link.path.rtt))
        words += [f"messages vanish after {duration(link.timer)}"] if link.timer else []
        words += [f"{entry.unread} unread"] if entry.unread else []
        words += ["muted"] if entry.muted else []
        return f"{'*' if entry.selected else ' '} {entry.peer}: {', '.join(words)}"

    def _place(self, rest: str) -> tuple[Place, str]:
        """The message named first, and what follows."""
        found = _NUMBERED.fullmatch(rest)
        if found is None:
            raise Misused("Say which message: its number stands before it, as in [12].")
        place = self._numbers.place(int(found[1]))
        if place is None:
            raise Misused(f"There is no message [{found[1]}].")
        return place, found[2] or ""

    def _own(self, rest: str) -> tuple[Place, str]:
        """One's own message named first, or the newest, and what follows."""
        found = _NUMBERED.fullmatch(rest)
        if found is None:
            return self._last_own(), rest
        place, text = self._place(rest)
        if not place.mine:
            raise Misused(f"[{found[1]}] is not yours.")
        return place, text

    def _last_own(self) -> Place:
        peer = self._selected()
        for message in reversed(self._peer.snapshot().messages):
            if message.mine and message.kind == "text" and not message.deleted:
                return Place(peer, True, message.id)
        raise Misused("You have not written anything here yet.")


def seconds_of(text: str) -> int:
    """Of `30s`, `5m`, `1h`, `1d`, `1w` or `off`. Raises Misused."""
    if text == "off":
        return 0
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdigit() and len(number) < 8 and unit in _SECONDS):
        raise Misused("Say how long, as in /timer 30s, 5m, 1h, 1d or 1w, or /timer off.")
    return int(number) * _SECONDS[unit]


def _name(text: str) -> str:
    """A username. Raises PeerError."""
    if not is_name(text):
        raise PeerError("bad_name")
    return text


COMMANDS = {
    command.word: command
    for command in (
        Command("/call", "NAME", "call somebody", Commands.call),
        Command("/accept", "", "accept the call that rings", Commands.accept),
        Command("/decline", "", "decline it", Commands.decline),
        Command("/end", "", "end the chat, or hang up", Commands.end),
        Command("/who", "", "list the conversations", Commands.who),
        Command("/switch", "NAME", "write to somebody else whose chat is open", Commands.switch),
        Command("/close", "[NAME]", "take a conversation that is over from the list", Commands.close),
        Command("/reply", "N TEXT", "answer the message with this number", Commands.reply, about_a_chat=True),
        Command(
            "/edit", "[N] TEXT", "give your message another text; without N your last", Commands.edit, about_a_chat=True
        ),
        Command("/delete", "[N]", "delete your message, on both sides", Commands.delete, about_a_chat=True),
        Command(
            "/react", "N EMOJI", "react to a message; without an emoji take it back", Commands.react, about_a_chat=True
        ),
        Command("/retry", "", "send again what could not be sent", Commands.retry),
        Command(
            "/timer",
            "TIME",
            "let messages vanish after 30s, 5m, 1h, 1d or 1w, or off",
            Commands.timer,
            about_a_chat=True,
        ),
        Command("/mute", "[NAME]", "keep what they write until /switch, or no longer", Commands.mute),
        Command("/block", "NAME", "let calls from somebody go unanswered", Commands.block),
        Command("/unblock", "NAME", "let them ring again", Commands.unblock),
        Command(
            "/verify",
            "",
            "compare emoji with the other one, over a call or in person",
            Commands.verify,
            about_a_chat=True,
        ),
        Command("/safety", "", "show the safety number, to compare instead", Commands.safety, about_a_chat=True),
        Command("/match", "", "what you compared is the same on both sides", Commands.match, about_a_chat=True),
        Command("/mismatch", "", "it is not", Commands.mismatch, about_a_chat=True),
        Command("/trust", "", "go on with somebody who is on another device than before", Commands.trust),
        Command("/invite", "", "make a link with which a friend can call you, once, within 24 hours", Commands.invite),
        Command("/help", "", "this list", Commands.help),
        Command("/quit", "", "leave (so does Ctrl-D)", Commands.quit),
    )
}
_OTHERS = {"//TEXT": "send a line that starts with /", "@NAME TEXT": "send to somebody else whose chat is open"}
_LINES = {f"{command.word} {command.takes}".strip(): command.help for command in COMMANDS.values()} | _OTHERS
HELP = "\n".join(f"{usage:<16} {text}" for usage, text in _LINES.items())
