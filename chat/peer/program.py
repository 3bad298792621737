"""A program at the terminal: commands in, events out, one JSON object a line (json_lines.py).

Every command is answered by `done` or `error`, before any event that it brings about, and is carried out at once: nothing
waits, so that no command holds up another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import singledispatchmethod
from typing import Any, TextIO

from signaling.messages import is_name, same_name

from . import json_lines as lines
from .awaiting import Peer
from .errors import CallEnded, PeerError
from .events import Event
from .events import Ref as Named
from .json_lines import Command
from .messages import Ref
from .snapshot import Entry
from .streams import put_line

Answer = dict[str, Any]


class Program:
    """Speaks for one run. `held` keeps events back meanwhile; `leave` ends the run."""

    def __init__(
        self, peer: Peer, out: TextIO, *, held: Callable[[], AbstractContextManager[None]], leave: Callable[[], None]
    ) -> None:
        self._peer = peer
        self._out = out
        self._held = held
        self._leave = leave

    decides = True
    """Whether somebody is there to answer a question."""

    def tell(self, event: Event) -> None:
        """A line for the program. Without a reader the run is over."""
        if not put_line(self._out, lines.dump(event)):
            self._leave()

    def fault(self, error: PeerError) -> None:
        """The run ends with this; the end of a call is an event already."""
        if not isinstance(error, CallEnded):
            self.tell(lines.Error(reason=error.reason, sentence=str(error)))

    def leaving(self) -> None:
        """Nothing to say."""

    def finished(self) -> None:
        """The input has ended."""

    async def line(self, line: bytes) -> None:
        """A command. A line that is none is answered with an error, and an empty one is nothing."""
        if not line.strip():
            return
        try:
            command = lines.parse(line)
        except lines.BadLine as error:
            self.tell(lines.Error(reason="bad_line", sentence=str(error), tag=error.tag))
            return
        with self._held():
            try:
                if (to := getattr(command, "to", None)) is not None and not is_name(to):
                    raise PeerError("bad_name")
                self.tell(lines.Done(do=lines.name_of(command), tag=command.tag, **self._do(command)))
            except PeerError as error:
                self.tell(lines.Error(reason=error.reason, sentence=str(error), tag=command.tag))

    @singledispatchmethod
    def _do(self, command: Command) -> Answer:
        """Carry a command out; what `done` is to say of it. Raises PeerError."""
        raise NotImplementedError(command)

    @_do.register
    def _(self, command: lines.Call) -> Answer:
        self._peer.dial(command.to)
        return {}

    @_do.register
    def _(self, command: lines.Accept) -> Answer:
        self._rings(command.to)
        self._peer.accept()
        return {}

    @_do.register
    def _(self, command: lines.Decline) -> Answer:
        self._rings(command.to)
        self._peer.decline()
        return {}

    @_do.register
    def _(self, command: lines.End) -> Answer:
        with self._selected(command.to):
            self._peer.end()
        return {}

    @_do.register
    def _(self, command: lines.Close) -> Answer:
        self._peer.close(command.to)
        return {}

    @_do.register
    def _(self, command: lines.Send) -> Answer:
        return {"id": self._peer.send(command.text, _ref(command.re) if command.re else None, to=command.to).id}

    @_do.register
    def _(self, command: lines.Edit) -> Answer:
        self._peer.edit(command.id, command.text, to=command.to)
        return {}

    @_do.register
    def _(self, command: lines.Delete) -> Answer:
        self._peer.delete(command.id, to=command.to)
        return {}

    @_do.register
    def _(self, command: lines.React) -> Answer:
        self._peer.react(_ref(command.re), command.emoji, to=command.to)
        return {}

    @_do.register
    def _(self, command: lines.Retry) -> Answer:
        self._peer.retry(command.id, to=command.to)
        return {}

    @_do.register
    def _(self, command: lines.Read) -> Answer:
        self._peer.read(to=command.to)
        return {}

    @_do.register
    def _(self, command: lines.Typing) -> Answer:
        self._peer.typed(to=command.to)
        return {}

    @_do.register
    def _(self, command: lines.Timer) -> Answer:
        self._peer.set_timer(command.seconds, to=command.to)
        return {}

    @_do.register
    def _(self, command: lines.Verify) -> Answer:
        with self._selected(command.to):
            self._peer.verify()
        return {}

    @_do.register
    def _(self, command: lines.Confirm) -> Answer:
        with self._selected(command.to):
            self._peer.confirm(command.matches)
        return {}

    @_do.register
    def _(self, command: lines.Safety) -> Answer:
        with self._selected(command.to):
            return {"number": self._peer.safety_number()}

    @_do.register
    def _(self, command: lines.Trust) -> Answer:
        with self._selected(command.to):
            self._peer.accept_key() if command.accept else self._peer.refuse_key()
        return {}

    @_do.register
    def _(self, _: lines.Invite) -> Answer:
        invite = self._peer.create_invite()
        return {"link": invite.link, "expires": invite.expires}

    @_do.register
    def _(self, command: lines.Mute) -> Answer:
        self._peer.mute(command.to, command.on)
        return {}

    @_do.register
    def _(self, command: lines.Block) -> Answer:
        self._peer.block(command.to)
        return {}

    @_do.register
    def _(self, command: lines.Unblock) -> Answer:
        self._peer.unblock(command.to)
        return {}

    @_do.register
    def _(self, command: lines.Prefer) -> Answer:
        wanted = {name: getattr(command, name) for name in ("receipts", "typing", "relay_only")}
        self._peer.prefer(**{name: value for name, value in wanted.items() if value is not None})
        return {}

    @_do.register
    def _(self, _: lines.List) -> Answer:
        entries = self._peer.snapshot().conversations
        return {"conversations": tuple(map(_conversation, entries))}

    @_do.register
    def _(self, _: lines.Quit) -> Answer:
        self._leave()
        return {}

    def _rings(self, to: str | None) -> None:
        """Raises PeerError where it is not `to` who calls."""
        incoming = self._peer.snapshot().incoming
        if incoming is None or (to is not None and not same_name(to, incoming.peer)):
            raise PeerError("no_call")

    @contextmanager
    def _selected(self, to: str | None) -> Iterator[None]:
        """Whatever is done in there is about the conversation with `to`. Raises PeerError where there is none."""
        before = self._peer.snapshot().peer
        if to is None or (before is not None and same_name(to, before)):
            yield
            return
        self._peer.select(to)
        try:
            yield
        finally:
            self._peer.select(before)


def _conversation(entry: Entry) -> lines.Conversation:
    return lines.Conversation(
        peer=entry.peer, state=entry.state, trust=entry.trust, unread=entry.unread, muted=entry.muted
    )


def _ref(named: Named) -> Ref:
    return Ref(named.mine, named.id)
