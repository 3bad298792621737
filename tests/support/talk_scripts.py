"""The stage for the scripts of tests/vectors/talk.json: alice's conversation, and bob, who says what the script says. Mirrors
tests/browser/modules/talk_scripts.js."""

from __future__ import annotations

import itertools
import json
from copy import deepcopy
from dataclasses import asdict
from typing import Any

from chat.peer.conversation import Conversation
from chat.peer.errors import PeerError
from chat.peer.history import History
from chat.peer.lowkey2 import Lowkey2
from chat.peer.messages import Message, Ref
from chat.peer.preferences import Preferences
from chat.peer.primitives import b64url
from tests.support.devices import Pair, agreed
from tests.support.vectors import vectors

SCRIPTS: list[dict[str, Any]] = vectors("talk")["scripts"]

Content = dict[str, Any]


def id_of(name: str) -> str:
    """The id that a script calls '#1', or '@1'."""
    side, number = name[0], int(name[1:])
    return b64url(bytes([side == "@"]) * 8 + number.to_bytes(8, "big"))


NAMES = {id_of(f"{side}{number}"): f"{side}{number}" for side in "#@" for number in range(100)}


def spoken(value: Any, words: dict[str, str]) -> Any:
    """The value with other words for some of its texts."""
    if isinstance(value, dict):
        return {key: spoken(each, words) for key, each in value.items()}
    if isinstance(value, list):
        return [spoken(each, words) for each in value]
    return words.get(value, value) if isinstance(value, str) else value


WORDS = {**{name: message_id for message_id, name in NAMES.items()}, "LONG": "x" * 131_072}


class Stage:
    """alice's end, when all of `given` is so."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.now = 1_000_000
        self.preferences = Preferences(given.get("receipts", True), given.get("typing", True))
        self.features = given.get("features", list(Lowkey2.features))
        self.history = History()
        self.drawn = itertools.count(1)
        self.drawn_messages: dict[Ref, Message] = {}
        self.revision = 0
        self.pair: Pair | None = None
        self.begin()

    def begin(self) -> None:
        """A chat of the two devices, of which both have said hello."""
        before = self.pair
        self.pair = Pair(before.alice_device, before.bob_device) if before else agreed()
        if before:
            self.pair.call()
        self.bob = self.pair.bob
        self.number = 0
        self.room = True
        self.end = Conversation(
            "bob",
            self.pair.alice,
            now=lambda: self.now,
            new_id=lambda: id_of(f"#{next(self.drawn)}"),
            history=self.history,
            preferences=self.preferences,
        )
        self.greeting = self.says()
        self.hear({"t": "hello", "features": self.features})
        self.answer = self.says()
        self.acked()

    def play(self, event: str, *args: Any) -> Any:
        """What comes of an event, in the words of the script."""
        if event in SEEN:
            self.draws()
            return SEEN[event](self)
        try:
            HEARD[event](self, *spoken(list(args), WORDS))
        except PeerError as error:
            return error.reason
        said = spoken(self.says(), NAMES)
        self.draws()
        return {"hello": self.greeting, "answer": self.answer}.get(event, said)

    def draws(self) -> None:
        """Who draws what changed since they last did sees what is there."""
        news = self.history.since(self.revision)
        if news is None:
            self.drawn_messages, news = {}, self.history.messages
        self.drawn_messages |= {message.ref: deepcopy(message) for message in news}
        self.revision = self.history.revision
        assert list(self.drawn_messages.values()) == self.history.messages, "a change was not told"

    def says(self) -> list[Content]:
        """What alice has to say, where the channel has room."""
        contents = []
        while self.room and (frame := self.end.next_frame()) is not None:
            self.end.taken(frame)
            content = self.bob.open(frame.text)
            assert content is not None, "bob can open it"
            self.said = content.pop("seq", None) or getattr(self, "said", 0)
            contents.append(content)
        return [content for content in contents if content["t"] != "ack"]

    def hear(self, content: Content) -> None:
        self.number += 1
        self.receive({**content, "seq": self.number})

    def receive(self, content: Content) -> None:
        """JSON can hold half a surrogate, escaped."""
        assert self.bob._ratchet is not None
        self.end.receive(self.bob._ratchet.encrypt(json.dumps(content).encode()))

    def acked(self) -> None:
        self.receive({"t": "ack", "upto": self.said})

    def react(self, ref: dict[str, Any], emoji: str) -> None:
        self.end.react(Ref(**ref), emoji)

    def send(self, body: str, re: dict[str, Any] | None = None) -> None:
        self.end.send(body, Ref(**re) if re else None)

    def prefer(self, preferences: dict[str, bool]) -> None:
        for name, value in preferences.items():
            setattr(self.preferences, name, value)
        self.end.preferred()

    def pass_(self, ms: int) -> None:
        self.now += ms
        self.history.expire(self.now)

    def deaf(self, deaf: bool) -> None:
        self.room = not deaf


HEARD: dict[str, Any] = {
    "send": Stage.send,
    "edit": lambda stage, *args: stage.end.edit(*args),
    "delete": lambda stage, *args: stage.end.delete(*args),
    "react": Stage.react,
    "read": lambda stage: stage.end.read(),
    "timer": lambda stage, *args: stage.end.set_timer(*args),
    "types": lambda stage, *args: stage.end.types(*args),
    "retry": lambda stage, *args: stage.end.retry(*args),
    "prefer": Stage.prefer,
    "hear": Stage.hear,
    "hear unnumbered": Stage.receive,
    "acked": Stage.acked,
    "interrupted": lambda stage: stage.end.interrupted(),
    "recovered": lambda stage: stage.end.recovered(),
    "reopened": lambda stage: stage.end.reopened(),
    "failed": lambda stage: stage.end.failed(),
    "another chat": Stage.begin,
    "deaf": lambda stage: stage.deaf(True),
    "hearing": lambda stage: stage.deaf(False),
    "pass": Stage.pass_,
    "hello": lambda stage: None,
    "answer": lambda stage: None,
}
SEEN: dict[str, Any] = {
    "shown": lambda stage: [short(message) for message in stage.history.messages],
    "unread": lambda stage: stage.history.unread,
    "typing": lambda stage: stage.end.typing,
    "how long": lambda stage: stage.history.timer.seconds,
    "features": lambda stage: list(stage.end.features),
}
USUAL = asdict(Message("", True, "", 0, "sent"))


def short(message: Message) -> dict[str, Any]:
    """A message as the scripts write it."""
    fields = {name: value for name, value in asdict(message).items() if value != USUAL[name]}
    fields |= {"body": message.body, "status": message.status}
    if "reactions" in fields:
        fields["reactions"] = list(fields["reactions"].values())
    if "new_call" in fields:
        fields["newCall"] = fields.pop("new_call")
    for name in ("id", "mine", "at"):
        fields.pop(name, None)
    spoken_fields: dict[str, Any] = spoken(fields, NAMES)
    return {"me" if message.mine else "them": NAMES[message.id], **spoken_fields}
