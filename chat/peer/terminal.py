"""The terminal client: a peer whose person types lines. `manage.py peer` starts it.

Standard output has the conversation alone, a line a message, `name: text`; a message of several lines goes on in lines
indented by two spaces. All else (states, questions, errors) goes to standard error. What somebody else wrote is made
printable first.

A line is sent as a message; one that starts with `/` is a command of `HELP`, and `//` sends a line that starts with `/`.
The end of the input (Ctrl-D) sends what is queued and leaves. Piped lines, and the commands that are about a chat, wait for
one; typed ones are answered at once. With `connect`, or an invite, the client leaves when that chat is over; without, it
stays for the next call.

What a person decides at a terminal ends a run that nobody watches: a peer on another device than before, and, without
`--allow-classic`, one that cannot prove who it is. The exit code says which.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TextIO

from .awaiting import Peer, own_identity
from .errors import ORDERLY, CallEnded, PeerError, sentence
from .identity import Pin
from .invites import Invite
from .messages import Message
from .ownership import origin_of
from .printable import printable
from .snapshot import Listener, Snapshot
from .standing import SENTENCES


class Exit(IntEnum):
    """The exit codes."""

    OK = 0
    USAGE = 2
    SERVER_UNREACHABLE = 3
    NAME_REFUSED = 4
    CALL_FAILED = 5
    CONNECTION_LOST = 6
    KEY_CHANGED = 7
    NOT_PROVEN = 8
    INVITE_FAILED = 9
    IDENTITY_UNUSABLE = 10
    INTERRUPTED = 130
    TERMINATED = 143


_EXIT_BY_REASON = {
    "server_offline": Exit.SERVER_UNREACHABLE,
    "USERNAME_TAKEN": Exit.NAME_REFUSED,
    "INVALID_USERNAME": Exit.NAME_REFUSED,
    "AUTH_FAILED": Exit.NAME_REFUSED,
    "replaced": Exit.NAME_REFUSED,
    "bad_name": Exit.USAGE,
    "invite_damaged": Exit.USAGE,
    "own_name": Exit.USAGE,
    "lost": Exit.CONNECTION_LOST,
    "left": Exit.OK,
    "ended": Exit.OK,
    "you_left": Exit.OK,
    "key_changed": Exit.KEY_CHANGED,
    "you_refused_key": Exit.KEY_CHANGED,
    "bad_handshake": Exit.NOT_PROVEN,
    "wrong_peer": Exit.NOT_PROVEN,
    "classic_refused": Exit.NOT_PROVEN,
    "you_refused_classic": Exit.NOT_PROVEN,
    "invite_failed": Exit.INVITE_FAILED,
    "invite_used": Exit.INVITE_FAILED,
    "invite_expired": Exit.INVITE_FAILED,
    "invite_unknown": Exit.INVITE_FAILED,
}
_EXIT_BY_INVITATION: dict[str, Exit] = {
    "own": Exit.USAGE,
    "used": Exit.INVITE_FAILED,
    "expired": Exit.INVITE_FAILED,
}

HELP = """/call NAME   call somebody
/accept      accept the call that rings
/decline     decline it
/end         end the chat, or hang up
/retry       send again what could not be sent
/verify      compare emoji with the other one, over a call or in person
/safety      show the safety number, to compare instead
/match       what you compared is the same on both sides
/mismatch    it is not
/trust       go on with somebody who is on another device than before
/invite      make a link with which a friend can call you, once, within 24 hours
/help        this list
/quit        leave (so does Ctrl-D)
//text       send a line that starts with /"""

CLASSIC_WARNING = "WARNING: {peer} uses an app that cannot prove who it is. The server could read this chat, and you would not notice."
CLASSIC_REFUSED = "It was refused, and nothing was sent. Start with --allow-classic to allow such chats."
CHANGED_WARNING = (
    "WARNING: {peer} is on another device than the one first met on {date}{verified}. Either they have a new device or began "
    "anew, or somebody stands between you: ask them in another way. Nothing is sent."
)
_OUTCOMES = {
    "matched": "You have verified {peer}. This device remembers it.",
    "mismatched": "WARNING: it does not match, so somebody may read along. Say nothing more here; type /end.",
    "they_mismatched": "WARNING: {peer}’s side says that it does not match, so somebody may read along. Type /end.",
}
_KNOWN = "You know a {peer}. Whether this is their device is checked when you accept."
_ABOUT_A_CHAT = frozenset({"/verify", "/safety", "/match", "/mismatch"})
DEFAULT_SERVER = "http://127.0.0.1:8080"


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says. Without a `server` it is the one that the invite names, where there is one."""

    name: str
    server: str | None = None
    connect: str | None = None
    invite: str | None = None
    identity: str | None = None
    accept: bool = False
    echo: bool = False
    allow_classic: bool = False


class Terminal(Listener):
    """One run of the client on the given streams.

    Raises PeerError for a name or an invite that cannot be, ValueError, with a sentence, for a server, or two, IdentityDamaged
    and OSError for the identity's file.
    """

    def __init__(self, options: Options, stdin: TextIO, stdout: TextIO, stderr: TextIO) -> None:
        self._options = options
        self._stdin, self._stdout, self._stderr = stdin, stdout, stderr
        self._typed = stdin.isatty()
        if options.invite is not None:
            _check_invite(options.invite)
        file = Path(options.identity) if options.identity else None
        server = _server(options)
        identity = own_identity(options.name, server, file)
        self._peer = Peer(options.name, server, identity, allow_classic=options.allow_classic, listener=self)
        self._shown = ("", SENTENCES["idle"])
        self._emoji: list[tuple[str, str]] = []
        self._judged = ("idle", False)
        self._invitation = ""
        self._said = ""
        self._warned = False
        self._chatting = False
        self._online = False
        self._leaving = False
        self._input: asyncio.Queue[str | Exit | Callable[[], None] | None] = asyncio.Queue()
        self._commands: dict[str, Callable[[str], None]] = {
            "/call": self._peer.dial,
            "/accept": lambda _: self._peer.accept(),
            "/decline": lambda _: self._peer.decline(),
            "/end": lambda _: self._peer.end(),
            "/retry": lambda _: self._retry(),
            "/verify": lambda _: self._peer.verify(),
            "/safety": lambda _: self._safety(),
            "/match": lambda _: self._confirm(True),
            "/mismatch": lambda _: self._confirm(False),
            "/trust": lambda _: self._peer.accept_key(),
            "/invite": lambda _: self._invite(),
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
            if not isinstance(error, CallEnded) and str(error) != self._said:
                self._say(str(error))
            return _EXIT_BY_REASON.get(error.reason, Exit.CALL_FAILED)

    async def _talk(self) -> Exit:
        if self._options.connect:
            await self._call(self._options.connect)
        elif self._options.invite:
            self._peer.open_invite(_fragment(self._options.invite))
            invitation = self._peer.snapshot().invitation
            if invitation is not None and invitation.state in _EXIT_BY_INVITATION:
                return _EXIT_BY_INVITATION[invitation.state]
            await self._secured()
        if self._typed or not self._options.echo:
            threading.Thread(target=self._read, args=[asyncio.get_running_loop()], daemon=True).start()
        return await self._carry_lines()

    async def _call(self, peer: str) -> None:
        self._peer.dial(peer)
        await self._secured()

    async def _secured(self) -> None:
        """Wait for the chat. Who types can decide about another device; who does not, cannot."""
        try:
            await self._peer.secured()
        except CallEnded as ended:
            if ended.reason != "key_changed" or not self._typed:
                raise

    # What the peer tells

    def changed(self) -> None:
        now = self._peer.snapshot()
        was, self._shown = self._shown, (now.server_sentence, now.chat_sentence)
        self._online = self._online or now.server_state == "online"
        if self._shown[0] != was[0] and not self._is_going(now):
            self._say(now.server_sentence)
        if self._shown[1] != was[1] and not self._is_said_elsewhere(now):
            self._say(now.chat_sentence)
        if now.chat_state == "ringing":
            self._rung(now, asked=now.chat_sentence == was[1])
        self._warn(now)
        self._tell_verifying(now)
        if now.invitation is not None and now.invitation.sentence != self._invitation:
            self._invitation = now.invitation.sentence
            self._say(self._invitation)
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

    @staticmethod
    def _is_said_elsewhere(now: Snapshot) -> bool:
        """Whether the invite's sentence says it too, or the loud words about a classic peer, whom nobody here is asked about."""
        refused = sentence("you_refused_classic", now.peer or "")
        by_invite = now.invitation is not None and now.invitation.state == now.chat_state == "calling"
        return by_invite or now.classic_warning or now.chat_sentence == refused

    def _rung(self, now: Snapshot, *, asked: bool) -> None:
        if self._options.accept:
            self._peer.accept()
        elif not asked:
            known = _KNOWN.format(peer=now.peer) if now.known else "Nothing is known about them yet."
            self._say(f"{'They hold the link of your invite.' if now.invited else known} Type /accept or /decline.")

    def _warn(self, now: Snapshot) -> None:
        """Loud words about somebody who cannot prove who they are, or is on another device than before."""
        if self._warned != (now.classic_warning or now.changed is not None):
            self._warned = not self._warned
            if now.classic_warning:
                self._say(CLASSIC_WARNING.format(peer=now.peer))
                if not self._options.allow_classic:
                    self._say(CLASSIC_REFUSED)
            elif now.changed is not None:
                self._warn_of_key(now.peer or "", now.changed)

    def _warn_of_key(self, peer: str, pin: Pin) -> None:
        date = time.strftime("%Y-%m-%d", time.localtime(pin.first_seen / 1000))
        self._say(CHANGED_WARNING.format(peer=peer, date=date, verified=", and verified" if pin.verified else ""))
        if self._typed:
            self._say("Type /trust to go on with the new device, not verified, or /end.")
        elif not self._options.connect and not self._options.invite:
            self._input.put_nowait(self._refuse_key)

    def _tell_verifying(self, now: Snapshot) -> None:
        """Emoji to compare, once, and what came of it."""
        emoji = now.verifying.emoji if now.verifying and now.verifying.state == "compare" else []
        if emoji and emoji != self._emoji:
            self._say("Compare with " + (now.peer or "") + ", over a call or in person, not in this chat:")
            self._say("  " + "  ".join(f"{picture} {name}" for picture, name in emoji))
            self._say("Type /match if both of you see the same seven, or /mismatch.")
        self._emoji = emoji
        judged = (now.verifying.state, now.verifying.they_matched) if now.verifying else ("idle", False)
        was, self._judged = self._judged, judged
        if judged[0] != was[0] and judged[0] in _OUTCOMES:
            self._say(_OUTCOMES[judged[0]].format(peer=now.peer))
        if judged[1] and not was[1]:
            self._say(f"{now.peer} says that they match.")

    def _leave_when_over(self, now: Snapshot) -> None:
        if now.server_state in ("taken", "replaced", "refused"):
            self._input.put_nowait(Exit.NAME_REFUSED)
        if now.chat_state in ("secured", "blocked"):
            self._chatting = True
        elif self._chatting and now.chat_state in ("ended", "failed"):
            self._chatting = False
            if self._options.connect or self._options.invite:
                self._input.put_nowait(Exit.OK if now.chat_state == "ended" else Exit.CONNECTION_LOST)

    # What the person types

    async def _carry_lines(self) -> Exit:
        while True:
            line = await self._input.get()
            if isinstance(line, Exit):
                return line
            if callable(line):
                line()
                continue
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
                return
            if word in _ABOUT_A_CHAT and not self._typed:
                await self._peer.chatting()
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

    def _refuse_key(self) -> None:
        """Of a run that stays for the next call, and that nobody watches."""
        if self._peer.snapshot().chat_state == "blocked":
            self._peer.refuse_key()

    def _safety(self) -> None:
        number = self._peer.safety_number()
        self._say("The safety number of this chat. Compare it over a call or in person, then type /match or /mismatch:")
        groups = [number[at : at + 5] for at in range(0, len(number), 5)]
        for at in range(0, len(groups), 4):
            self._say("  " + " ".join(groups[at : at + 4]))

    def _confirm(self, matches: bool) -> None:
        self._peer.confirm(matches)

    def _invite(self) -> None:
        """The link goes to standard output: it is what a script wants."""
        invite = self._peer.create_invite()
        self._stdout.write(f"{invite.link}\n")
        self._stdout.flush()
        self._say("Send this link to one person, in a way that you trust. It is good once, for 24 hours.")

    def _say(self, text: str) -> None:
        self._said = text
        self._stderr.write(f"{printable(text)}\n" if text is not HELP else f"{text}\n")
        self._stderr.flush()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        """In a thread: the lines of the input, then None. Reads the descriptor, since a blocked `readline` cannot be left."""
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            for line in _lines(self._stdin.fileno()):
                loop.call_soon_threadsafe(self._input.put_nowait, line)
            loop.call_soon_threadsafe(self._input.put_nowait, None)


def _server(options: Options) -> str:
    """The server to go online at. Raises PeerError for an invite of no server, and ValueError where there are two."""
    page = (options.invite or "").partition("#")[0]
    if not page:
        return options.server or DEFAULT_SERVER
    try:
        invited = origin_of(page)
    except ValueError:
        raise PeerError("invite_damaged") from None
    if options.server is not None and origin_of(options.server) != invited:
        raise ValueError(f"This invite is for {invited.partition('://')[2]}, and --server names another.")
    return invited


def _fragment(link: str) -> str:
    return link.partition("#")[2]


def _check_invite(link: str) -> None:
    try:
        Invite.parse(_fragment(link))
    except ValueError:
        raise PeerError("invite_damaged") from None


def _lines(descriptor: int) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    rest = ""
    while chunk := os.read(descriptor, 65_536):
        *whole, rest = (rest + decoder.decode(chunk)).split("\n")
        yield from (line.removesuffix("\r") for line in whole)
    if rest:
        yield rest
