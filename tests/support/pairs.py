"""Two people who chat, what they say to each other, and tests of many such pairs at once."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from django.test import SimpleTestCase

from tests.net.ends import End, until

PAIRS: Final = {
    "cc": "Chromium → Chromium",
    "cp": "Chromium → Python",
    "pc": "Python → Chromium",
    "pp": "Python → Python",
}
"""Who calls whom."""

_SAID = re.compile(r"\[\w+ \d+\]")


class Pair:
    """Two people, and what they said to each other since `begin`. They stand on the hosts `<kind>_a` and `<kind>_b`."""

    numbers = itertools.count(1)

    def __init__(self, kind: str, label: str = "") -> None:
        self.kind = kind
        self.label = label or PAIRS[kind]
        self.hosts = f"{kind}_a", f"{kind}_b"
        self.ends: tuple[End, End] | None = None
        self.begin()

    def __str__(self) -> str:
        return self.label

    @property
    def caller(self) -> End:
        assert self.ends is not None, "they are not there yet"
        return self.ends[0]

    @property
    def called(self) -> End:
        assert self.ends is not None, "they are not there yet"
        return self.ends[1]

    @property
    def both(self) -> tuple[End, End]:
        return self.caller, self.called

    @property
    def secured(self) -> bool:
        """Whether both say so."""
        return self.ends is not None and all(end.look().chat == "secured" for end in self.ends)

    @property
    def over(self) -> bool:
        """Whether the chat of either is."""
        return any(end.look().chat in ("ended", "failed", "idle") for end in self.both)

    def begin(self) -> None:
        """From here on it counts what is said."""
        self.began = self.back = time.time()
        """When the fault that they suffer began, and when it was over."""
        self.said: dict[str, list[str]] = {host: [] for host in self.hosts}
        self.unsaid: list[str] = []

    def talk(self, count: int) -> None:
        """Both say so much, by turns."""
        for _ in range(count):
            for end in self.both:
                self.say(end)

    def say(self, end: End) -> None:
        """One of the two says something."""
        host = self.hosts[end is self.called]
        text = f"[{host} {next(self.numbers)}]"
        self.said[host].append(text)
        if not end.say(text):
            self.unsaid.append(f"{end.name} could not write in a chat that was {end.look().chat}")

    def heard(self, end: End) -> list[str]:
        """What the other one said since `begin`, as it came to `end`."""
        others = self.said[self.hosts[end is self.caller]]
        heard = [text for _, arrived in end.look().arrived for text in _SAID.findall(arrived)]
        return [text for text in heard if others and _number(text) >= _number(others[0])]

    @property
    def arrived(self) -> bool:
        """Whether each has all that the other said, once and in order, and knows of it."""
        return self.problem() == ""

    def problem(self) -> str:
        """What is not so, in words."""
        if self.unsaid:
            return f"{self.unsaid[0]}; {state_of(self.caller)}"
        for end, other in (self.both, self.both[::-1]):
            said, heard = self.said[self.hosts[other is self.called]], self.heard(end)
            if said != heard:
                missing, twice = len(set(said) - set(heard)), len(heard) - len(set(heard))
                order = "" if sorted(heard, key=_number) == heard else ", out of order"
                return f"{end.name} lacks {missing} of {len(said)}, has {twice} twice{order}; {state_of(end)}"
            waiting = [
                status for mine, _, status in end.look().messages if mine and status not in ("delivered", "read")
            ]
            if waiting:
                return f"{end.name} has {len(waiting)} {waiting[0]}; {state_of(end)}"
        return ""

    @property
    def connecting_seconds(self) -> float:
        """From the answer until both were secured for the first time."""
        states = [{state: at for at, state in reversed(end.look().states)} for end in self.both]
        return max(first["secured"] for first in states) - states[1]["connecting"]

    def course(self) -> str:
        """How the fault went, by what they said of themselves."""
        states = [(at, state) for end in self.both for at, state in end.look().states if at >= self.began]
        secured = [at for at, state in states if state == "secured"]
        if not secured:
            return "stayed secured"
        noticed = min((at for at, state in states if state != "secured"), default=self.began) - self.began
        return f"noticed after {noticed:.1f} s, secured {max(0.0, max(secured) - self.back):.1f} s after the end"

    def close(self) -> None:
        """Both are gone, without a word."""
        for end in self.ends or ():
            end.close()
        self.ends = None


def _number(text: str) -> int:
    return int(text.strip("[]").split()[1])


def state_of(end: End) -> str:
    seen = end.look()
    return f"its chat is {seen.chat} ({' '.join(seen.sentence.split())}), its server {seen.server}"


class PairsTestCase(SimpleTestCase):
    """Something happens to pairs of people, and is waited for of all of them."""

    patience: ClassVar[float]
    """Seconds for what takes a second or two on a machine that is not busy."""

    def call(self, pairs: Sequence[Pair]) -> None:
        """Of each pair, the one calls and the other answers."""
        for pair in pairs:
            pair.caller.dial(pair.called.name)
        self.all_of(pairs, lambda pair: pair.called.look().chat == "ringing")
        for pair in pairs:
            pair.called.accept()

    def all_of(self, pairs: Sequence[Pair], true: Callable[[Pair], bool], seconds: float | None = None) -> None:
        """Wait until it is true of all these pairs; say of which it was not."""
        if not until(lambda: all(true(pair) for pair in pairs), self.patience if seconds is None else seconds):
            late = [f"{pair}: {state_of(pair.caller)}; {state_of(pair.called)}" for pair in pairs if not true(pair)]
            self.fail("\n".join(late))
