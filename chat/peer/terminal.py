"""The terminal client: a peer that a person, a pipe or a program speaks through. `manage.py peer` starts it.

This is one run: it goes online, calls whom the options name, carries lines both ways, and ends with an exit code (exits.py).
Whoever is there is a *face*: `person` (lines of text, the default) or `program` (`--json`). `watching` finds out what is new,
and both faces are told of it in the same events.

With `connect`, or an invite, the client leaves when that chat is over; without, it stays for the next call. The end of the
input (Ctrl-D) sends what is queued and leaves. What a person decides at a terminal ends a run that nobody watches: a peer
on another device than before, and, without `--allow-classic`, one that cannot prove who it is.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

from signaling.messages import same_name

from . import events
from .awaiting import Peer, own_identity
from .errors import ORDERLY, CallEnded, PeerError
from .events import Event
from .exits import Exit, exit_for, exit_for_invitation
from .invites import Invite
from .messages import Message
from .numbers import Numbers
from .ownership import origin_of
from .person import Person
from .program import Program
from .snapshot import Listener
from .streams import read_lines
from .telling import Telling
from .watching import Watch

DEFAULT_SERVER = "http://127.0.0.1:8080"
FLUSH_SECONDS = 30.0
"""How long the end of the input waits for what is queued."""


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
    relay_only: bool = False
    no_receipts: bool = False
    no_typing: bool = False
    json: bool = False
    verbose: bool = False


class Face(Protocol):
    """Whoever the run is for. `decides`: somebody is there to answer a question."""

    @property
    def decides(self) -> bool: ...

    def tell(self, event: Event) -> None:
        """News."""

    def fault(self, error: PeerError) -> None:
        """The run ends with this."""

    def leaving(self) -> None:
        """The run ends, and the server is left."""

    def finished(self) -> None:
        """The input has ended, and all of it is sent."""

    async def line(self, line: bytes) -> None:
        """A line came in. Raises CallEnded when it could not be sent."""


class Terminal(Listener):
    """One run of the client on the given streams.

    Raises PeerError for a name or an invite that cannot be, ValueError, with a sentence, for a server, or two, IdentityDamaged
    and OSError for the identity's file.
    """

    def __init__(self, options: Options, stdin: TextIO, stdout: TextIO, stderr: TextIO) -> None:
        self._options = options
        self._invite = _parsed(options.invite)
        server = _server(options)
        identity = own_identity(options.name, server, Path(options.identity) if options.identity else None)
        self._peer = Peer(
            options.name, server, identity, allow_classic=options.allow_classic, keep=False, listener=self
        )
        self._stdin = stdin
        self._typed = stdin.isatty() and not options.json
        self._chatting = False
        self._input: asyncio.Queue[bytes | Exit | events.Changed | None] = asyncio.Queue()
        self._watch = Watch(self._told)
        self._face: Face
        if options.json:
            self._face = Program(self._peer, stdout, held=self._watch.held, leave=self._leave)
        else:
            numbers = Numbers()
            telling = Telling(
                stdout,
                stderr,
                numbers,
                leave=self._leave,
                typed=self._typed,
                detailed=options.verbose,
                accepts=options.accept,
                allows_classic=options.allow_classic,
            )
            self._face = Person(self._peer, identity, telling, numbers, typed=self._typed, leave=self._leave)

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
        says = self._options
        self._peer.prefer(receipts=not says.no_receipts, typing=not says.no_typing, relay_only=says.relay_only)
        try:
            async with self._peer:
                try:
                    return await self._talk()
                finally:
                    self._face.leaving()
        except PeerError as error:
            self._face.fault(error)
            return exit_for(error)

    async def _talk(self) -> Exit:
        if self._options.connect:
            self._peer.dial(self._options.connect)
            await self._secured()
        elif self._options.invite:
            self._peer.open_invite(_fragment(self._options.invite))
            invitation = self._peer.snapshot().invitation
            if invitation is not None and (code := exit_for_invitation(invitation.state)) is not None:
                return code
            await self._secured()
        if self._face.decides or not self._options.echo:
            read_lines(self._stdin.fileno(), self._input.put_nowait)
        return await self._carry_lines()

    async def _secured(self) -> None:
        """Wait for the chat. Who decides can decide about another device; a pipe cannot."""
        try:
            await self._peer.secured()
        except CallEnded as ended:
            if ended.reason != "key_changed" or not self._face.decides:
                raise

    async def _carry_lines(self) -> Exit:
        while True:
            given = await self._input.get()
            if isinstance(given, Exit):
                return given
            if isinstance(given, events.Changed):
                self._refuse_key(given.peer)
                continue
            try:
                if given is None:
                    return await self._finish()
                await self._face.line(given)
            except CallEnded as error:
                return Exit.OK if error.reason in ORDERLY else Exit.CONNECTION_LOST

    async def _finish(self) -> Exit:
        """The input has ended: leave, though not before what was typed is on its way, unless nobody comes to take it."""
        try:
            await asyncio.wait_for(self._flush(), FLUSH_SECONDS)
        except TimeoutError:
            self._face.fault(PeerError("lost", self._peer.snapshot().peer or ""))
            return Exit.CONNECTION_LOST
        self._face.finished()
        return Exit.OK

    async def _flush(self) -> None:
        """Wait until the channels took what was typed, or the chats are over."""
        for link in self._peer.links:
            for message in list(link.messages):
                if message.mine and message.status == "queued":
                    await self._peer.settled(message)

    def _leave(self) -> None:
        self._input.put_nowait(Exit.OK)

    # What the peer tells

    def changed(self) -> None:
        self._watch.look(self._peer.snapshot(), self._peer.links)

    def received(self, message: Message, peer: str) -> None:
        re = events.Ref(message.re.mine, message.re.id) if message.re else None
        self._watch.happened(
            events.Message(peer=peer, id=message.id, at=message.at, text=message.body, re=re, expires=message.expires)
        )

    def missed(self, peer: str) -> None:
        self._watch.happened(events.Missed(peer=peer))

    def notice(self, text: str) -> None:
        self._watch.happened(events.Notice(sentence=text))

    def _told(self, event: Event) -> None:
        """Pass the news on, and do what the options say about it."""
        self._face.tell(event)
        match event:
            case events.Incoming() if self._options.accept:
                self._accept()
            case events.Message() if self._options.echo:
                with suppress(PeerError):
                    self._peer.send(event.text, to=event.peer)
            case events.Changed() if not self._face.decides and self._callee is None:
                self._input.put_nowait(event)
            case events.Offline() | events.State() | events.Ended():
                self._leave_when_over(event)

    def _accept(self) -> None:
        """Whoever calls, without taking the lines away from a chat that is open."""
        now = self._peer.snapshot()
        self._peer.accept()
        if now.peer is not None and now.chat_state in ("secured", "reconnecting"):
            self._peer.select(now.peer)

    def _leave_when_over(self, event: Event) -> None:
        match event:
            case events.Offline(state="taken" | "replaced" | "refused"):
                self._input.put_nowait(Exit.NAME_REFUSED)
            case events.State(state="secured" | "blocked") if self._is_callee(event.peer):
                self._chatting = True
            case events.Ended() if self._chatting and self._is_callee(event.peer):
                self._chatting = False
                self._input.put_nowait(Exit.OK if event.reason in ORDERLY else Exit.CONNECTION_LOST)

    @property
    def _callee(self) -> str | None:
        """Whom this run is for, where it is for one."""
        return self._options.connect or (self._invite.name if self._invite else None)

    def _is_callee(self, peer: str) -> bool:
        return self._callee is not None and same_name(self._callee, peer)

    def _refuse_key(self, peer: str) -> None:
        """Of a run that stays for the next call, and that nobody watches."""
        before = self._peer.snapshot().peer
        with suppress(PeerError):
            self._peer.select(peer)
            self._peer.refuse_key()
            self._peer.select(before)


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


def _parsed(link: str | None) -> Invite | None:
    """The invite of a link. Raises PeerError for one that is damaged."""
    if link is None:
        return None
    try:
        return Invite.parse(_fragment(link))
    except ValueError:
        raise PeerError("invite_damaged") from None
