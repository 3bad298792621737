"""How things stand with one other: what a link shows of its call and its conversation. Mirrors static/js/peer/standing.js."""

from __future__ import annotations

from typing import Literal

from signaling.messages import JoinedPayload

from .call import Call
from .call_table import State as Calling
from .conversation import Conversation
from .conversation_table import State as Talking
from .errors import ORDERLY, sentence
from .messages import Message
from .suite import Suite
from .verifying import Verifying

State = Literal["idle", "calling", "ringing", "connecting", "secured", "reconnecting", "blocked", "failed", "ended"]

_CALL_STATES: dict[Calling, State] = {
    Calling.IDLE: "idle",
    Calling.DIALLING: "calling",
    Calling.CALLING: "calling",
    Calling.RINGING: "ringing",
    Calling.KEYS: "connecting",
    Calling.WARNED: "connecting",
    Calling.BLOCKED: "blocked",
    Calling.ASKED: "blocked",
    Calling.CONNECTING: "connecting",
    Calling.CONNECTED: "connecting",
}
_CONVERSATION_STATES: dict[Talking, State] = {
    Talking.GREETING: "connecting",
    Talking.SECURED: "secured",
    Talking.RECONNECTING: "reconnecting",
}

SENTENCES: dict[str, str] = {
    "idle": "You are not in a chat.",
    "calling": "Calling {peer}…",
    "ringing": "Someone is calling as {peer}.",
    "connecting": "Connecting to {peer}…",
    "warned": "{peer} uses an app that cannot prove who they are. Nothing has been sent yet.",
    "blocked": "{peer} is on another device than before. Nothing is sent until you decide.",
    "unverified": "Connected to {peer}. Encrypted, not verified yet.",
    "verified": "Connected to {peer}. Encrypted and verified.",
    "classic": "Connected to {peer}. Encrypted, but the server could read it.",
    "reconnecting": "The connection to {peer} is interrupted. Waiting for it to come back…",
}


class Standing:
    """A call, and the conversation that it came to, if it did; `expected` are the messages to show before, and `known` says
    whether a device has been met under this name."""

    def __init__(self, call: Call, expected: list[Message], *, known: bool) -> None:
        self.known = known
        self._call = call
        self._conversation: Conversation | None = None
        self._expected = expected

    def _began(self, conversation: Conversation) -> None:
        """The call has come to a conversation."""
        self._conversation = conversation

    @property
    def peer(self) -> str:
        return self._call.peer

    @property
    def over(self) -> bool:
        """Whether there is neither a call nor a chat any more."""
        return self._call.state is Calling.ENDED

    @property
    def reason(self) -> str | None:
        """Why it is over; a key of `errors.SENTENCES`."""
        return (self._conversation.reason if self._conversation else None) or self._call.reason

    @property
    def state(self) -> State:
        if self.over:
            return "ended" if self.reason in ORDERLY else "failed"
        if self._conversation is None:
            return _CALL_STATES[self._call.state]
        return _CONVERSATION_STATES[self._conversation.state]

    @property
    def sentence(self) -> str:
        if self.reason:
            return sentence(self.reason, self.peer)
        key = "warned" if self.warned else self.trust if self.state == "secured" else self.state
        return SENTENCES[key or "unverified"].format(peer=self.peer)

    @property
    def warned(self) -> bool:
        """Whether the person is asked about a classic peer."""
        return self._call.state is Calling.WARNED

    @property
    def dialling(self) -> bool:
        """Whether the server has not answered yet."""
        return self._call.state is Calling.DIALLING

    @property
    def outlived(self) -> bool:
        """Whether the call is over, and only the question about a key stands."""
        return self._call.state is Calling.ASKED

    @property
    def dialled(self) -> bool:
        """Whether it is this side's person who called."""
        return self._call.dialled

    @property
    def suite(self) -> Suite | None:
        return self._call.suite

    @property
    def trust(self) -> str | None:
        shown = self._conversation is not None or self.state == "blocked"
        return self.suite.trust if self.suite and shown else None

    @property
    def verifying(self) -> Verifying | None:
        return self._conversation.verifying if self._conversation and not self.over else None

    @property
    def messages(self) -> list[Message]:
        return self._conversation.messages if self._conversation else self._expected

    @property
    def earlier(self) -> int:
        """How many of `messages` were exchanged before."""
        return self._conversation.earlier if self._conversation else len(self.messages)

    def beside(self, session: JoinedPayload) -> bool:
        """Whether a session is another call of the same name, beside the chat that is open; not the one that this side asked
        for, to renew the keys."""
        other = self._call.session_id != session.session_id
        return self._conversation is not None and other and not self._call.renewing

    @property
    def renewable(self) -> bool:
        """Whether a chat is open that another handshake may go on with."""
        return self._conversation is not None and not self.over and self._conversation.suite.acknowledges
