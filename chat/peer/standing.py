"""How things stand with one other: what a link shows of its call and its conversation. Mirrors static/js/peer/standing.js."""

from __future__ import annotations

from typing import Literal

from signaling.messages import JoinedPayload

from .call import Call
from .call_table import State as Calling
from .conversation import Conversation
from .conversation_table import State as Talking
from .errors import ORDERLY, sentence
from .history import History
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
    "reconnecting": "Reconnecting to {peer}…",
    "away": "{peer} is offline. Messages wait until they are back.",
    "coming_back": "Coming back to the chat with {peer}…",
    "nobody_back": "{peer} is offline. The chat goes on when they are back.",
}


class Standing:
    """A call, and the conversation that it came to, if it did; `expected` are the messages to show before, and `identity`
    is that of the device that has been met under this name, if one has."""

    def __init__(self, call: Call, expected: History, began_at: int, identity: bytes | None) -> None:
        self.known = identity is not None
        self._identity = identity
        self._began_at = began_at
        self._call = call
        self._conversation: Conversation | None = None
        self._expected = expected
        self._returning = False
        """Whether the chat was open before this side was started anew, and is to go on."""
        self._gave_up: str | None = None
        """Why a chat that was to go on does not."""
        self.since: int | None = None
        """When it began to reconnect, in milliseconds since 1970."""
        self.away = False
        """Whether the other one is not online, as far as the server has said."""

    def _began(self, conversation: Conversation) -> None:
        """The call has come to a conversation."""
        self._conversation = conversation

    @property
    def peer(self) -> str:
        return self._call.peer

    @property
    def over(self) -> bool:
        """Whether there is neither a call nor a chat any more."""
        return self._call.state is Calling.ENDED and not self._returning

    @property
    def reason(self) -> str | None:
        """Why it is over; a key of `errors.SENTENCES`."""
        if self._returning:
            return None
        return self._gave_up or (self._conversation.reason if self._conversation else None) or self._call.reason

    @property
    def state(self) -> State:
        if self.over:
            return "ended" if self.reason in ORDERLY else "failed"
        if self._returning:
            return "reconnecting"
        if self._conversation is None:
            return _CALL_STATES[self._call.state]
        state = _CONVERSATION_STATES[self._conversation.state]
        return "reconnecting" if state == "connecting" and self.since is not None else state

    @property
    def sentence(self) -> str:
        if self.reason:
            return sentence(self.reason, self.peer)
        return SENTENCES[self._topic].format(peer=self.peer)

    @property
    def _topic(self) -> str:
        """What there is to say, a key of `SENTENCES`."""
        if self.warned:
            return "warned"
        if self._returning:
            return "nobody_back" if self.away else "coming_back"
        if self.state == "reconnecting" and self.away:
            return "away"
        return (self.trust or "unverified") if self.state == "secured" else self.state

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
    def is_call(self) -> bool:
        """Whether it is a call that is being made, or rings."""
        return self._conversation is None and not self.over and not self.outlived and not self._returning

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
    def history(self) -> History:
        return self._conversation.history if self._conversation else self._expected

    @property
    def messages(self) -> list[Message]:
        return self.history.messages

    # For the list

    @property
    def activity(self) -> int:
        """When anything last happened, in milliseconds since 1970."""
        return max(self._began_at, self.last.at if self.last else 0)

    @property
    def is_worth_listing(self) -> bool:
        """Whether it is still something when nobody looks at it: a call, a chat, or one that left messages."""
        return not self.over or len(self.messages) > 0

    @property
    def last(self) -> Message | None:
        return self.history.last

    @property
    def unread(self) -> int:
        return self.history.unread

    @property
    def timer(self) -> int:
        return self.history.timer.seconds

    @property
    def typing(self) -> bool:
        return self._conversation.typing if self._conversation and not self.over else False

    @property
    def features(self) -> list[str]:
        return list(self._conversation.features) if self._conversation else []

    @property
    def their_identity(self) -> bytes | None:
        """The identity key that the other one has shown."""
        return self.suite.their_identity if self.suite is not None else None

    # For the switchboard

    def beside(self, session: JoinedPayload) -> bool:
        """Whether a session is another call of the same name, beside the chat that is open; not the one that this side asked
        for, to renew the keys."""
        other = self._call.session_id != session.session_id
        waits = self.renewable and self.state == "reconnecting"
        return self._conversation is not None and other and not self._call.renewing and not waits

    @property
    def restorable(self) -> bytes | None:
        """The identity key of the other one, where a chat is open that could go on with it."""
        if self._returning:
            return self._identity
        return self.their_identity if self.renewable else None

    @property
    def renewable(self) -> bool:
        """Whether a chat is open that another handshake may go on with."""
        return self._conversation is not None and not self.over and self._conversation.suite.acknowledges
