"""One end of lowkey/2 without a network, in Python and in a page, by the same methods: a device, its attempts and its
conversation. All randomness comes from the seed. The page's is tests/support/js/remote_peer.js."""

from __future__ import annotations

import hashlib
import itertools
import re
from contextlib import suppress
from typing import Any

from playwright.sync_api import Page

from chat.peer.classic import Payload
from chat.peer.conversation import Conversation
from chat.peer.errors import PeerError
from chat.peer.history import History
from chat.peer.identity import Identity, MemoryStorage
from chat.peer.invites import Invite
from chat.peer.lowkey2 import Lowkey2
from chat.peer.messages import Message
from chat.peer.preferences import Preferences
from chat.peer.primitives import Random, b64, b64url

LOAD = "() => import('/tests/support/js/remote_peer.js')"
NEW = "async (args) => { globalThis.ends ??= []; return globalThis.ends.push(await Remote.new(...args)) - 1; }"
DO = "async ([index, method, args]) => (await globalThis.ends[index][method](...args)) ?? null"


def seeded(seed: str) -> Random:
    """Randomness that is the same for the same seed."""
    draws = itertools.count(1)
    return lambda length: hashlib.sha512(f"{seed} {next(draws)}".encode()).digest()[:length]


class Remote:
    """The end in a page: any method is the one of that name there."""

    def __init__(self, page: Page, seed: str, me: str, peer: str) -> None:
        self._page = page
        page.evaluate(LOAD)
        self._index = page.evaluate(NEW, [seed, me, peer])

    def __getattr__(self, name: str) -> Any:
        method = re.sub("_(.)", lambda letter: letter[1].upper(), name)
        return lambda *args: self._page.evaluate(DO, [self._index, method, list(args)])


class Local:
    """The end in Python."""

    suite: Lowkey2
    conversation: Conversation

    def __init__(self, seed: str, me: str, peer: str) -> None:
        self.now = 1_000_000
        self._random = seeded(seed)
        self._me = me
        self._peer = peer
        self._identity = Identity.open(MemoryStorage(), self._random, lambda: self.now)

    # The handshake

    def begin(self, invite: str | None = None) -> None:
        opened = Invite.parse(invite) if invite else None
        clock = lambda: self.now / 1000  # noqa: E731
        self.suite = Lowkey2(self._me, self._peer, self._identity, random=self._random, clock=clock, invite=opened)

    def invite(self) -> str:
        return "#" + self._identity.new_invite(self._me).link("http://127.0.0.1").partition("#")[2]

    def opening(self) -> Payload:
        return self.suite.opening()

    def answer(self) -> list[Payload]:
        return self.suite.answer()

    def receive_key(self, payload: Payload) -> list[Payload]:
        return self.suite.receive_key(payload)

    def known(self) -> dict[str, Any]:
        assert self.suite.their_identity is not None
        theirs, mine = b64(self.suite.their_identity), b64(self._identity.key.public)
        agreed, trust, safety = self.suite.agreed, self.suite.trust, self.suite.safety_number()
        return {"agreed": agreed, "trust": trust, "theirs": theirs, "mine": mine, "safety": safety}

    def seal_signal(self, kind: str, body: Payload) -> Payload:
        return self.suite.seal_signal(kind, body)

    def open_signal(self, kind: str, payload: Payload) -> Payload | None:
        return self.suite.open_signal(kind, payload)

    # The conversation

    def converse(self) -> None:
        new_id = lambda: b64url(self._random(16))  # noqa: E731
        self.conversation = Conversation(
            self._peer,
            self.suite,
            now=lambda: self.now,
            new_id=new_id,
            history=History(),
            preferences=Preferences(),
        )

    def rekey(self) -> None:
        self.conversation.rekeyed(self.suite)

    def reconnect(self) -> None:
        self.conversation.interrupted()
        self.conversation.reopened()

    def say(self, body: str) -> None:
        self.conversation.send(body)

    def about(self, what: str, drawn: int) -> None:
        """Say something about a message, or how they are to be kept."""
        texts = [m for m in self.conversation.messages if m.mine == (what != "admire") and m.kind == "text"]
        message = texts[drawn % len(texts)] if texts else None
        with suppress(PeerError):
            match what, message:
                case "read", _:
                    self.conversation.read()
                case "time", _:
                    self.conversation.set_timer(drawn % 3 and 2_000_000 + drawn)
                case "edit", Message():
                    self.conversation.edit(message.id, f"{message.body}, said {drawn}")
                case "delete", Message():
                    self.conversation.delete(message.id)
                case _, Message():
                    self.conversation.react(message.ref, "🎉" * (drawn % 2))

    def told(self, mine: bool) -> dict[str, Any]:
        """What stands of the messages of one side: how they read, and the reactions, their author's first."""
        said = [m for m in self.conversation.messages if m.mine == mine and m.kind == "text" and not m.deleted]
        theirs = [[m.reactions.mine, m.reactions.theirs][:: 1 if mine else -1] for m in said]
        texts = [[m.id, m.body, m.edited, m.status == "read"] for m in said]
        timer = self.conversation.history.timer
        return {"texts": texts, "reactions": theirs, "timer": [timer.seconds, timer.at]}

    def verify(self) -> None:
        self.conversation.verify()

    def frames(self) -> list[str]:
        """All that there is to hand over now."""
        frames = []
        while frame := self.conversation.next_frame():
            self.conversation.taken(frame)
            frames.append(frame.text)
        return frames

    def receive(self, frames: list[str]) -> None:
        for frame in frames:
            self.conversation.receive(frame)

    def acknowledge(self) -> None:
        self.conversation.acknowledge()

    def resend(self) -> None:
        self.conversation.resend()

    def pass_ms(self, ms: int) -> None:
        self.now += ms

    def seen(self) -> dict[str, Any]:
        """What stands to be seen."""
        messages = self.conversation.messages
        return {
            "state": str(self.conversation.state),
            "heard": [message.body for message in messages if not message.mine],
            "statuses": [message.status for message in messages if message.mine],
            "emoji": [emoji for emoji, _ in self.conversation.verifying.emoji],
        }


End = Local | Remote


def shake_hands(caller: End, called: End, invite: str | None = None) -> None:
    """A whole handshake, in the midst of whatever else there is."""
    caller.begin(invite)
    called.begin()
    called.receive_key(caller.opening())
    (two,) = called.answer()
    (three,) = caller.receive_key(two)
    called.receive_key(three)
