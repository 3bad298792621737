"""A person at the terminal, or a pipe that stands for one: lines in, lines out.

A line is sent as a message to the selected conversation; one that starts with `/` is a command (commands.py), `//` sends a
line that starts with `/`, and `@NAME text` goes to another open conversation. Piped lines, and the commands that are about a
chat, wait for one; typed ones are carried out at once.

What is printed counts as read. What a muted one writes waits for `/switch`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

from signaling.messages import same_name

from . import events
from .awaiting import Peer
from .commands import COMMANDS, Commands, Misused
from .errors import CallEnded, PeerError
from .events import Event
from .identity import Identity
from .numbers import Numbers
from .telling import Telling

_TO_ANOTHER = re.compile(r"@(\w{3,20})[ \t]+(.*)", re.DOTALL | re.ASCII)


class Person:
    """Speaks for one run. `typed`: a person decides at once; otherwise lines come from a pipe."""

    def __init__(
        self,
        peer: Peer,
        identity: Identity,
        telling: Telling,
        numbers: Numbers,
        *,
        typed: bool,
        leave: Callable[[], None],
    ) -> None:
        self._peer = peer
        self._telling = telling
        self._typed = typed
        self._commands = Commands(peer, identity, numbers, telling, leave)
        self._kept: dict[str, list[events.Message]] = {}
        """Of those who are muted: what is not printed yet."""

    @property
    def decides(self) -> bool:
        """Whether somebody is there to answer a question."""
        return self._typed

    def tell(self, event: Event) -> None:
        if isinstance(event, events.Message):
            self._message(event)
        else:
            self._telling.tell(event)
        if isinstance(event, events.State | events.Ended):
            self._print_kept()

    def fault(self, error: PeerError) -> None:
        """The run ends with this; what is said already is not said again."""
        if not isinstance(error, CallEnded) and str(error) != self._telling.said:
            self._telling.say(str(error))

    def leaving(self) -> None:
        self._telling.leaving = True

    def finished(self) -> None:
        """The input has ended."""
        self._telling.say("End of the input: leaving.")

    async def line(self, line: bytes) -> None:
        """What was typed. Raises CallEnded when it could not be sent."""
        try:
            await self._line(line.decode(errors="replace"))
        except CallEnded:
            raise
        except (PeerError, Misused) as error:
            self._telling.say(str(error))

    async def _line(self, line: str) -> None:
        if line.startswith("/") and not line.startswith("//"):
            await self._command(line)
        elif aside := _TO_ANOTHER.fullmatch(line):
            await self._send(aside[2], aside[1])
        elif line.strip():
            await self._send(line.removeprefix("/") if line.startswith("//") else line)

    async def _command(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        command = COMMANDS.get(word)
        if command is None:
            raise Misused(f"There is no command {word}. /help lists them.")
        if command.about_a_chat and not self._typed:
            await self._peer.chatting()
        command.do(self._commands, rest.strip())
        self._print_kept()

    async def _send(self, text: str, to: str | None = None) -> None:
        if self._typed:
            self._peer.send(text, to=to)
            return
        if to is None:
            await self._peer.chatting()
        message = await self._peer.settled(self._peer.send(text, to=to))
        if message.status == "failed":
            raise CallEnded("lost", to or self._peer.snapshot().peer or "")

    def _message(self, message: events.Message) -> None:
        entries = self._peer.snapshot().conversations
        entry = next((entry for entry in entries if same_name(entry.peer, message.peer)), None)
        if entry is not None and entry.muted and not entry.selected:
            self._kept.setdefault(entry.peer, []).append(message)
        else:
            self._print(message)

    def _print_kept(self) -> None:
        """What a muted one wrote, now that their conversation is looked at or they are heard again."""
        for entry in self._peer.snapshot().conversations:
            if entry.peer in self._kept and (entry.selected or not entry.muted):
                for message in self._kept.pop(entry.peer):
                    self._print(message)

    def _print(self, message: events.Message) -> None:
        self._telling.tell(message)
        with suppress(PeerError):  # the chat may be over by now
            self._peer.read(to=message.peer)
