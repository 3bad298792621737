"""What of a conversation needs a clock besides pacing.py: who types, and until when that is shown. Mirrors
static/js/peer/talking.js.

It stands between the person and the conversation: whatever is said is handed to the channel at once, where that is open.
"""

from __future__ import annotations

from collections.abc import Callable

from .conversation import TYPING_MS, Conversation
from .history import History
from .messages import Message, Ref
from .timers import After, Timers

TYPING_EVERY_SECONDS = 2.0
QUIET_SECONDS = 5.0
"""Who has not typed for so long does not type any more."""


class Talking:
    """`changed` is told of news, `pump` hands to the channel what waits. The methods raise PeerError for what cannot be said."""

    def __init__(
        self, conversation: Conversation, *, after: After, changed: Callable[[], None], pump: Callable[[], None]
    ) -> None:
        self._conversation = conversation
        self._timers = Timers(after)
        self._changed = changed
        self._pump = pump
        self._types = False
        """Whether the other one was told that this person types."""

    # To be seen

    @property
    def history(self) -> History:
        return self._conversation.history

    @property
    def typing(self) -> bool:
        """Whether the other one types."""
        return self._conversation.typing

    @property
    def features(self) -> tuple[str, ...]:
        """What the other one's app knows of."""
        return self._conversation.features

    # The person

    def send(self, body: str, re: Ref | None = None) -> Message:
        """Queue a message, which may reply to another."""
        message = self._conversation.send(body, re)
        self._rest()
        self._pump()
        return message

    def retry(self, message_id: str) -> None:
        """Queue a failed message once more."""
        self._conversation.retry(message_id)
        self._pump()

    def edit(self, message_id: str, body: str) -> None:
        """Say one of one's own messages differently."""
        self._conversation.edit(message_id, body)
        self._rest()
        self._pump()

    def delete(self, message_id: str) -> None:
        """Take one of one's own messages back, on both sides."""
        self._conversation.delete(message_id)
        self._pump()

    def react(self, ref: Ref, emoji: str) -> None:
        """Give a message an emoji; without one, take it back."""
        self._conversation.react(ref, emoji)
        self._pump()

    def set_timer(self, seconds: int) -> None:
        """From now on messages vanish so long after they were read, on both sides; 0 is never."""
        self._conversation.set_timer(seconds)
        self._pump()

    def read(self) -> None:
        """The person has seen all there is."""
        if self.history.unread:
            self._conversation.read()
            self._pump()

    def typed(self) -> None:
        """The person typed."""
        self._timers.cancel("quiet")
        self._timers.start("quiet", QUIET_SECONDS, self._quiet)
        if not self._timers.runs("typed"):
            self._timers.start("typed", TYPING_EVERY_SECONDS, lambda: None)
            self._types = True
            self._conversation.types(True)
            self._pump()

    def preferred(self) -> None:
        """The person prefers something else than before."""
        self._conversation.preferred()
        self._pump()

    # The other one

    def receive(self, frame: str) -> Message | None:
        """Read a frame. The message that it brings, if it does."""
        before = self._conversation.typing_until
        message = self._conversation.receive(frame)
        if self._conversation.typing_until != before:
            self._timers.cancel("typing")
            self._timers.start("typing", TYPING_MS / 1000, self._fell_silent)
        return message

    def stop(self) -> None:
        """It is over: nothing more is due."""
        self._timers.cancel()

    # Inside

    def _quiet(self) -> None:
        self._rest()
        self._pump()

    def _rest(self) -> None:
        """The person does not type any more."""
        self._timers.cancel("quiet")
        if self._types:
            self._types = False
            self._conversation.types(False)

    def _fell_silent(self) -> None:
        self._conversation.typing_until = 0
        self._changed()
