"""What is new since the last look, as events: the difference between what there was and what there is.

A peer says only that something changed. Each *fact* of a conversation is the event that would describe it now; where that
differs from the one before, it is news. What is told of messages costs what changed, not what is there: a history hands
out what was changed since a revision.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from . import events
from .events import Event
from .history import History
from .link import Link
from .messages import Message
from .snapshot import Snapshot


class Watch:
    """Tells the news in the order in which they happened, never one inside another."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._news: deque[Event] = deque()
        self._telling = False
        self._server = events.Offline(state="", sentence="")
        self._invite: Event | None = None
        self._chats: dict[str, _Chat] = {}

    def look(self, now: Snapshot, links: Sequence[Link]) -> None:
        """Tell what is new; `links` are all conversations and calls that there are."""
        self._look_at_server(now)
        calling = now.invitation is not None and now.invitation.state in ("waiting", "calling")
        if calling:  # the invite first, since it says more than the call that it comes to
            self._look_at_invite(now)
        for link in links:
            self._chats.setdefault(link.peer.lower(), _Chat(self._news.append)).look(link)
        for name in self._chats.keys() - {link.peer.lower() for link in links}:
            del self._chats[name]
        self._look_at_invite(now)
        self._tell_all()

    def happened(self, event: Event) -> None:
        """Tell something that no look could find, after what is still to be told."""
        self._news.append(event)
        self._tell_all()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Whatever is new meanwhile is told at the end."""
        before, self._telling = self._telling, True
        try:
            yield
        finally:
            self._telling = before
            self._tell_all()

    def _tell_all(self) -> None:
        if self._telling:
            return
        self._telling = True
        try:
            while self._news:
                self._tell(self._news.popleft())
        finally:
            self._telling = False

    def _look_at_server(self, now: Snapshot) -> None:
        server = events.Offline(state=now.server_state, sentence=now.server_sentence)
        if server != self._server:
            self._server = server
            self._news.append(events.Online(name=now.name) if now.server_state == "online" else server)

    def _look_at_invite(self, now: Snapshot) -> None:
        opened = now.invitation
        if opened is None:
            self._invite = None
            return
        invite = events.Invite(peer=opened.peer, state=opened.state, sentence=opened.sentence)
        if invite != self._invite:
            self._invite = invite
            self._news.append(invite)


class _Chat:
    """What was last told of a call or conversation."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._facts: dict[Callable[[Link], Event | None], Event | None] = {}
        self._messages: _Messages | None = None

    def look(self, link: Link) -> None:
        for fact in _FACTS:
            event, before = fact(link), self._facts.get(fact)
            if not _same(event, before):
                self._facts[fact] = event
                if event is not None:
                    self._tell(event)
        if self._messages is None or self._messages.history is not link.history:
            self._messages = _Messages(link.history)
        else:
            self._messages.look(link, self._tell)


def _state(link: Link) -> Event | None:
    if link.over:
        return events.Ended(peer=link.peer, reason=link.reason or "lost", sentence=link.sentence)
    if link.state == "idle":
        return None
    return events.State(peer=link.peer, state=link.state, sentence=link.sentence, since=link.since, away=link.away)


def _incoming(link: Link) -> Event | None:
    if link.state != "ringing":
        return None
    invited = link.suite is not None and link.suite.invited
    return events.Incoming(peer=link.peer, known=link.known, invited=invited)


def _classic(link: Link) -> Event | None:
    return events.Classic(peer=link.peer) if link.warned else None


def _changed(link: Link) -> Event | None:
    pin = link.suite.changed if link.suite and link.state == "blocked" else None
    return events.Changed(peer=link.peer, first_seen=pin.first_seen, verified=pin.verified) if pin else None


def _trust(link: Link) -> Event | None:
    return events.Trust(peer=link.peer, trust=link.trust) if link.trust and not link.over else None


def _verifying(link: Link) -> Event | None:
    now = link.verifying
    if now is None or (now.state == "idle" and not now.they_matched):
        return None
    emoji = tuple(events.Emoji(*one) for one in now.emoji) if now.state == "compare" else None
    return events.Verifying(peer=link.peer, state=now.state, they_matched=now.they_matched, emoji=emoji)


def _path(link: Link) -> Event | None:
    path = link.path
    return events.Path(peer=link.peer, relayed=path.relayed, rtt=path.rtt) if path else None


def _timer(link: Link) -> Event | None:
    return None if link.over else events.Timer(peer=link.peer, seconds=link.timer)


def _typing(link: Link) -> Event | None:
    return events.Typing(peer=link.peer, on=link.typing)


_FACTS = (_state, _incoming, _classic, _changed, _trust, _verifying, _path, _timer, _typing)


def _same(event: Event | None, before: Event | None) -> bool:
    """Whether there is nothing to tell. How long a way takes is worth no news, nor is what begins as nothing."""
    match event, before:
        case events.Path(relayed=now), events.Path(relayed=then):
            return now == then
        case events.Timer(seconds=0) | events.Typing(on=False), None:
            return True
    return event == before


@dataclass(slots=True)
class _Told:
    """What was told of a message."""

    body: str
    deleted: bool
    reaction: str
    status: str


class _Messages:
    """Those of one history. What is there at first was told before, or is nobody's news."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._revision = history.revision
        self._told = {(message.mine, message.id): _now(message) for message in history.messages}

    def look(self, link: Link, tell: Callable[[Event], None]) -> None:
        if self.history.revision == self._revision:
            return
        changed = self.history.since(self._revision)
        self._revision = self.history.revision
        if changed is None:
            self._forget(link, tell)
            changed = self.history.messages
        for message in changed:
            if message.kind == "text":
                self._look_at(link.peer, message, tell)

    def _forget(self, link: Link, tell: Callable[[Event], None]) -> None:
        """Those that are no longer there: their time was up, unless all is cleared with the end of the chat."""
        for mine, message_id in self._told.keys() - {(one.mine, one.id) for one in self.history.messages}:
            del self._told[mine, message_id]
            if not link.over:
                tell(events.Expired(peer=link.peer, mine=mine, id=message_id))

    def _look_at(self, peer: str, message: Message, tell: Callable[[Event], None]) -> None:
        now, was = _now(message), self._told.get((message.mine, message.id))
        self._told[message.mine, message.id] = now
        if message.mine and (was is None or now.status != was.status):
            tell(events.Status(peer=peer, id=message.id, status=now.status))
        if was is None:
            return
        if now.deleted and not was.deleted:
            tell(events.Deleted(peer=peer, mine=message.mine, id=message.id))
        elif now.body != was.body:
            tell(events.Edited(peer=peer, mine=message.mine, id=message.id, text=now.body))
        if now.reaction != was.reaction and not now.deleted:
            tell(events.Reacted(peer=peer, re=events.Ref(message.mine, message.id), emoji=now.reaction))


def _now(message: Message) -> _Told:
    return _Told(message.body, message.deleted, message.reactions.theirs, message.status)
