"""What a person at a terminal reads of the news.

Standard output has what the other ones write, `name: text`, and nothing else; on a terminal a number stands before it.
All else goes to standard error. What somebody else wrote is made printable first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

from . import events
from .events import Event
from .numbers import Numbers
from .printable import printable
from .snapshot import SENTENCES as SERVER
from .standing import SENTENCES as CHAT
from .streams import put_line

CLASSIC_WARNING = "WARNING: {peer} uses an app that cannot prove who it is. The server could read this chat, and you would not notice."
CLASSIC_REFUSED = "It was refused, and nothing was sent. Start with --allow-classic to allow such chats."
CHANGED_WARNING = (
    "WARNING: {peer} is on another device than the one first met on {date}{verified}. Either they have a new device or began "
    "anew, or somebody stands between you: ask them in another way. Nothing is sent."
)
CHANGED_QUESTION = "Type /trust to go on with the new device, not verified, or /end."
KNOWN = "You know somebody called {peer}. Whether this is their device is checked when you accept."
UNKNOWN = "Nothing is known about them yet."
INVITED = "They hold the link of your invite."
OUTCOMES = {
    "matched": "You have verified {peer}. This device remembers it.",
    "mismatched": "WARNING: it does not match, so somebody may read along. Say nothing more here; type /end.",
    "they_mismatched": "WARNING: {peer}’s side says that it does not match, so somebody may read along. Type /end.",
}
_STATUS = {
    "queued": "waits",
    "sent": "sent ✓",
    "delivered": "delivered ✓✓",
    "read": "read ✓✓",
    "failed": "could not be sent; /retry sends it again",
}
_UNITS = ((604_800, "week"), (86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def duration(seconds: int) -> str:
    """In words: the largest unit that fits."""
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds % size == 0), _UNITS[-1])
    return f"{seconds // size} {unit}{'s' if seconds != size else ''}"


def date(at: int) -> str:
    """The day of a time in milliseconds since 1970, here."""
    return time.strftime("%Y-%m-%d", time.localtime(at / 1000))


def way(relayed: bool, rtt: float | None) -> str:
    """How somebody is reached."""
    return ("through a relay" if relayed else "directly") + (f" in {rtt:.0f} ms" if rtt is not None else "")


class Telling:
    """Writes to the two outputs. `typed`: a person decides; `numbered`: messages have numbers before them; `detailed`: how
    messages fare is told too."""

    def __init__(
        self,
        out: TextIO,
        err: TextIO,
        numbers: Numbers,
        *,
        leave: Callable[[], None],
        typed: bool,
        detailed: bool,
        accepts: bool = False,
        allows_classic: bool = False,
    ) -> None:
        self._out, self._err = out, err
        self._numbers = numbers
        self._leave = leave
        self._numbered = out.isatty()
        self._typed = typed
        self._detailed = detailed or err.isatty()
        self._accepts = accepts
        self._allows_classic = allows_classic
        self._verifying: dict[str, events.Verifying] = {}
        self._invited = ""
        self._online = False
        self.leaving = False
        self.said = ""
        """What was said last."""

    def say(self, text: str) -> None:
        """Text of one's own, or somebody else's, to standard error."""
        self.said = text
        self.write(printable(text))

    def write(self, text: str) -> None:
        """Lines as they are, to standard error."""
        put_line(self._err, text)

    def put(self, line: str) -> None:
        """A line to standard output. Without a reader the run is over."""
        if not put_line(self._out, line):
            self._leave()

    def name(self, peer: str, mine: bool, message_id: str) -> str:
        """How a message is named to the person."""
        if self._numbered:
            return f"[{self._numbers.of(peer, mine, message_id)}]"
        return "a message of yours" if mine else "a message"

    def tell(self, event: Event) -> None:
        """One piece of news."""
        match event:
            case events.Message():
                self._message(event)
            case events.Status():
                self._status(event)
            case events.Typing() | events.Path():
                self._detail(event)
            case events.Edited() | events.Deleted() | events.Reacted():
                self._afterthought(event)
            case events.Online() | events.Offline() | events.Notice() | events.Invite():
                self._outside(event)
            case events.Classic() | events.Changed() | events.Incoming():
                self._question(event)
            case events.Verifying():
                self._compare(event)
            case _:
                self._standing(event)

    def reacted(self, peer: str, mine: bool, message_id: str, emoji: str) -> None:
        """The person has reacted to a message, or taken that back: of that there is no event."""
        self._done(peer, mine, message_id, emoji or "reaction taken back")

    def _done(self, peer: str, mine: bool, message_id: str, words: str) -> None:
        """What the person did to a message, where one reads along."""
        if self._detailed or self._typed:
            self.say(f"[{self._numbers.of(peer, mine, message_id)}] {words}")

    def _message(self, event: events.Message) -> None:
        number = f"[{self._numbers.of(event.peer, False, event.id)}] "
        answers = f" (to {self.name(event.peer, event.re.mine, event.re.id)})" if event.re and self._numbered else ""
        self.put(f"{number if self._numbered else ''}{event.peer}{answers}: {printable(event.text)}")

    def _detail(self, event: Event) -> None:
        match event:
            case events.Typing(on=True) if self._detailed:
                self.say(f"{event.peer} is typing…")
            case events.Path() if self._detailed:
                self.say(f"{event.peer} is reached {way(event.relayed, event.rtt)}.")

    def _status(self, event: events.Status) -> None:
        number = self._numbers.of(event.peer, True, event.id)
        if self._detailed or (self._typed and event.status == "failed"):
            self.say(f"[{number}] {_STATUS[event.status]}")

    def _afterthought(self, event: Event) -> None:
        match event:
            case events.Edited(mine=True):
                self._done(event.peer, True, event.id, "edited")
            case events.Deleted(mine=True):
                self._done(event.peer, True, event.id, "deleted")
            case events.Edited():
                self.say(f"{event.peer} edited {self.name(event.peer, False, event.id)}: {event.text}")
            case events.Deleted():
                self.say(f"{event.peer} deleted {self.name(event.peer, False, event.id)}.")
            case events.Reacted():
                which = self.name(event.peer, event.re.mine, event.re.id)
                with_it = (
                    f"reacted to {which} with {event.emoji}" if event.emoji else f"took back what they said to {which}"
                )
                self.say(f"{event.peer} {with_it}")

    def _outside(self, event: Event) -> None:
        match event:
            case events.Online():
                self._online = True
                self.say(SERVER["online"])
            case events.Offline() if event.state != "offline" or (self._online and not self.leaving):
                self.say(event.sentence)
            case events.Notice():
                self.say(event.sentence)
            case events.Invite():
                self._invited = event.peer if event.state == "calling" else ""
                self.say(event.sentence)

    def _standing(self, event: Event) -> None:
        match event:
            case events.State() if not self._is_said_elsewhere(event):
                self.say(event.sentence)
            case events.Ended():
                self._verifying.pop(event.peer, None)
                if event.reason != "you_refused_classic":  # which is said loudly
                    self.say(event.sentence)
            case events.Timer(seconds=0):
                self.say(f"Messages with {event.peer} do not vanish any more.")
            case events.Timer():
                self.say(
                    f"Messages with {event.peer} vanish {duration(event.seconds)} after they are read, from now on."
                )

    def _is_said_elsewhere(self, event: events.State) -> bool:
        """Whether the invite's sentence says it too, or the loud words about a classic peer."""
        by_invite = event.state == "calling" and event.peer == self._invited
        return by_invite or event.sentence == CHAT["warned"].format(peer=event.peer)

    def _question(self, event: Event) -> None:
        match event:
            case events.Incoming() if not self._accepts:
                known = KNOWN.format(peer=event.peer) if event.known else UNKNOWN
                self.say(f"{INVITED if event.invited else known} Type /accept or /decline.")
            case events.Classic():
                self.say(CLASSIC_WARNING.format(peer=event.peer))
                if not self._allows_classic:
                    self.say(CLASSIC_REFUSED)
            case events.Changed():
                since, verified = date(event.first_seen), ", and verified" if event.verified else ""
                self.say(CHANGED_WARNING.format(peer=event.peer, date=since, verified=verified))
                if self._typed:
                    self.say(CHANGED_QUESTION)

    def _compare(self, event: events.Verifying) -> None:
        """Emoji to compare, once, and what came of it."""
        was = self._verifying.get(event.peer)
        self._verifying[event.peer] = event
        if event.emoji and (was is None or was.emoji != event.emoji):
            self.say(f"Compare with {event.peer}, over a call or in person, not in this chat:")
            self.say("  " + "  ".join(f"{one.emoji} {one.name}" for one in event.emoji))
            self.say("Type /match if both of you see the same seven, or /mismatch.")
        if event.state in OUTCOMES and (was is None or was.state != event.state):
            self.say(OUTCOMES[event.state].format(peer=event.peer))
        if event.they_matched and not (was and was.they_matched):
            self.say(f"{event.peer} says that they match.")
