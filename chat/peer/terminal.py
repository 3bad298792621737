"""The terminal client: a peer whose person types lines. `manage.py peer` starts it.

Standard output has the conversation alone, a line a message, `name: text`; a message of several lines goes on in lines
indented by two spaces. All else (states, questions, errors) goes to standard error. What somebody else wrote is made
printable first.

A line is sent as a message; one that starts with `/` is a command of `HELP`, and `//` sends a line that starts with `/`.
The end of the input (Ctrl-D) sends what is queued and leaves. Piped lines wait for a chat, typed ones are answered at once.
With `connect` the client leaves when that chat is over; without, it stays for the next call.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import TextIO

from .awaiting import Peer
from .errors import ORDERLY, CallEnded, PeerError
from .link import SENTENCES
from .messages import Message
from .peer import Listener, Snapshot
from .printable import printable


class Exit(IntEnum):
    """The exit codes."""

    OK = 0
    USAGE = 2
    SERVER_UNREACHABLE = 3
    NAME_REFUSED = 4
    CALL_FAILED = 5
    CONNECTION_LOST = 6
    INTERRUPTED = 130
    TERMINATED = 143


_EXIT_BY_REASON = {
    "server_offline": Exit.SERVER_UNREACHABLE,
    "USERNAME_TAKEN": Exit.NAME_REFUSED,
    "INVALID_USERNAME": Exit.NAME_REFUSED,
    "replaced": Exit.NAME_REFUSED,
    "bad_name": Exit.USAGE,
    "own_name": Exit.USAGE,
    "lost": Exit.CONNECTION_LOST,
    "left": Exit.OK,
    "you_left": Exit.OK,
}

HELP = """/call NAME   call somebody
/accept      accept the call that rings
/decline     decline it
/end         end the chat, or hang up
/retry       send again what could not be sent
/help        this list
/quit        leave (so does Ctrl-D)
//text       send a line that starts with /"""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    name: str
    server: str
    connect: str | None = None
    accept: bool = False
    echo: bool = False


class Terminal(Listener):
    """One run of the client on the given streams. Raises PeerError for a name that cannot be, ValueError for a server."""

    def __init__(self, options: Options, stdin: TextIO, stdout: TextIO, stderr: TextIO) -> None:
        self._options = options
        self._stdin, self._stdout, self._stderr = stdin, stdout, stderr
        self._typed = stdin.isatty()
        self._peer = Peer(options.name, options.server, listener=self)
        self._shown = ("", SENTENCES["idle"])
        self._chatting = False
        self._online = False
        self._leaving = False
        self._input: asyncio.Queue[str | Exit | None] = asyncio.Queue()
        self._commands: dict[str, Callable[[str], None]] = {
            "/call": self._peer.dial,
            "/accept": lambda _: self._peer.accept(),
            "/decline": lambda _: self._peer.decline(),
            "/end": lambda _: self._peer.end(),
            "/retry": lambda _: self._retry(),
            "/help": lambda _: self._say(HELP),
            "/quit": lambda _: self._input.put_nowait(Exit.OK),
        }

    async def run(self) -> Exit:
        """Go online, call whom the options name, and carry lines both ways until the end, or until SIGTERM."""
        loop = asyncio.get_running_loop()
        work = loop.create_task(self._work())
        loop.add_signal_handler(signal.SIGTERM, work.cancel, Exit.TERMINATED.name)
        try:
            return await work
        except asyncio.CancelledError as cancelled:
            if cancelled.args == (Exit.TERMINATED.name,):
                return Exit.TERMINATED
            raise
        finally:
            loop.remove_signal_handler(signal.SIGTERM)

    async def _work(self) -> Exit:
        try:
            async with self._peer:
                try:
                    return await self._talk()
                finally:
                    self._leaving = True
        except PeerError as error:
            if not isinstance(error, CallEnded):
                self._say(str(error))
            return _EXIT_BY_REASON.get(error.reason, Exit.CALL_FAILED)

    async def _talk(self) -> Exit:
        if self._options.connect:
            await self._peer.call(self._options.connect)
        if self._typed or not self._options.echo:
            threading.Thread(target=self._read, args=[asyncio.get_running_loop()], daemon=True).start()
        return await self._carry_lines()

    # What the peer tells

    def changed(self) -> None:
        now = self._peer.snapshot()
        was, self._shown = self._shown, (now.server_sentence, now.chat_sentence)
        self._online = self._online or now.server_state == "online"
        if self._shown[0] != was[0] and not self._is_going(now):
            self._say(now.server_sentence)
        if self._shown[1] != was[1]:
            self._say(now.chat_sentence)
        if now.chat_state == "ringing":
            self._rung(asked=now.chat_sentence == was[1])
        self._leave_when_over(now)

    def received(self, message: Message) -> None:
        self._stdout.write(f"{self._peer.snapshot().peer}: {printable(message.body)}\n")
        self._stdout.flush()
        if self._options.echo:
            with suppress(PeerError):
                self._peer.send(message.body)

    def notice(self, text: str) -> None:
        self._say(text)

    def _is_going(self, now: Snapshot) -> bool:
        """Whether the client is offline because it leaves, or never came online and gives up."""
        return now.server_state == "offline" and (self._leaving or not self._online)

    def _rung(self, asked: bool) -> None:
        if self._options.accept:
            self._peer.accept()
        elif not asked:
            self._say("Nothing is known about them yet. Type /accept or /decline.")

    def _leave_when_over(self, now: Snapshot) -> None:
        if now.server_state in ("taken", "replaced", "refused"):
            self._input.put_nowait(Exit.NAME_REFUSED)
        if now.chat_state == "secured":
            self._chatting = True
        elif self._chatting and now.chat_state in ("ended", "failed"):
            self._chatting = False
            if self._options.connect:
                self._input.put_nowait(Exit.OK if now.chat_state == "ended" else Exit.CONNECTION_LOST)

    # What the person types

    async def _carry_lines(self) -> Exit:
        while True:
            line = await self._input.get()
            if isinstance(line, Exit):
                return line
            if line is None:
                await self._flush()
                self._say("End of the input: leaving.")
                return Exit.OK
            try:
                await self._line(line)
            except CallEnded as error:
                return Exit.OK if error.reason in ORDERLY else Exit.CONNECTION_LOST
            except PeerError as error:
                self._say(str(error))

    async def _line(self, line: str) -> None:
        if line.startswith("/") and not line.startswith("//"):
            word, _, rest = line.partition(" ")
            command = self._commands.get(word)
            if command is None:
                self._say(f"There is no command {word}. /help lists them.")
            else:
                command(rest.strip())
        elif line.strip():
            await self._message(line.removeprefix("/") if line.startswith("//") else line)

    async def _message(self, text: str) -> None:
        if self._typed:
            self._peer.send(text)
        else:
            await self._peer.chatting()
            await self._peer.deliver(text)

    async def _flush(self) -> None:
        """Wait until the channel took what was typed, or the chat is over."""
        for message in self._peer.snapshot().messages:
            if message.status == "queued":
                await self._peer.settled(message)

    def _retry(self) -> None:
        for message in list(self._peer.snapshot().messages):
            if message.status == "failed":
                self._peer.retry(message.id)

    def _say(self, text: str) -> None:
        self._stderr.write(f"{printable(text)}\n" if text is not HELP else f"{text}\n")
        self._stderr.flush()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        """In a thread: the lines of the input, then None. Reads the descriptor, since a blocked `readline` cannot be left."""
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            for line in _lines(self._stdin.fileno()):
                loop.call_soon_threadsafe(self._input.put_nowait, line)
            loop.call_soon_threadsafe(self._input.put_nowait, None)


def _lines(descriptor: int) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    rest = ""
    while chunk := os.read(descriptor, 65_536):
        *whole, rest = (rest + decoder.decode(chunk)).split("\n")
        yield from (line.removesuffix("\r") for line in whole)
    if rest:
        yield rest
