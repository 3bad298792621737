"""What a link needs a clock for: how long things may last, when to acknowledge and to send again, and how often new keys are
agreed on. Mirrors static/js/peer/pacing.js.
"""

from __future__ import annotations

from collections.abc import Callable

from .conversation import Conversation
from .conversation_table import State
from .timers import After, Timers

ACK_SECONDS = 0.05
RESEND_SECONDS = 3.0
"""What is not acknowledged for so long, with nothing on its way, is sent again; then after twice as long, and so on."""
HELLO_SECONDS = 20.0
HOLD_SECONDS = 1.0
"""How long the caller of a handshake beside the channel waits to be spoken to under the new keys."""
INTERRUPTED_SECONDS = 3.0
"""How long a path may not answer before it is taken for lost."""
SERVER_SECONDS = 10.0
"""How long a call that is being made outlives the socket to the server."""
COMEBACK_SECONDS = 150.0
"""How long somebody who is offline is waited for, in a chat that was open before this side was started anew; names are kept for
their owners nearly as long."""
HANDSHAKE_SECONDS = 60.0
RENEW_SECONDS = 10.0
"""How often a new handshake may be begun."""
RENEWALS_A_MINUTE = 3
"""How many of the other side's are answered."""

Action = Callable[[], None]


class Pacing:
    """The timers of one link. `clock` counts seconds and never goes back."""

    def __init__(self, after: After, clock: Callable[[], float]) -> None:
        self._timers = Timers(after)
        self._clock = clock
        self._patience = RESEND_SECONDS
        self._acknowledged = 0
        self._answered: list[float] = []

    def follow_call(self, deadline: float | None, timeout: Action) -> None:
        """The call is in another state, which may last so long."""
        self._timers.cancel("call")
        if deadline is not None:
            self._timers.start("call", deadline, timeout)

    def follow_conversation(
        self, conversation: Conversation, *, acknowledge: Action, resend: Action, release: Action, silent: Action
    ) -> None:
        """Call back when something is due, as things stand now."""
        if conversation.owes:
            self._timers.start("ack", ACK_SECONDS, acknowledge)
        if conversation.outstanding:
            self._timers.start("resend", self._patience, resend)
        if conversation.held:
            self._timers.start("hold", HOLD_SECONDS, release)
        if conversation.state is State.GREETING:
            self._timers.start("hello", HELLO_SECONDS, silent)
        else:
            self._timers.cancel("hello")

    def interrupted(self, lost: Action) -> None:
        """The path does not answer."""
        self._timers.start("interrupted", INTERRUPTED_SECONDS, lost)

    def recovered(self) -> None:
        """It does again, or there is another one."""
        self._timers.cancel("interrupted")

    def server_lost(self, ended: Action) -> None:
        """The socket to the server is gone."""
        self._timers.start("server", SERVER_SECONDS, ended)

    def server_back(self) -> None:
        self._timers.cancel("server")

    def comes_back(self, in_vain: Action) -> None:
        """Somebody is called back into the chat that was open."""
        self._timers.start("comeback", COMEBACK_SECONDS, in_vain)

    def came_back(self) -> None:
        self._timers.cancel("comeback")

    def progress(self, conversation: Conversation) -> bool:
        """Whether anything was acknowledged since this was last asked; without, patience grows."""
        progress = conversation.acknowledged != self._acknowledged
        self._acknowledged = conversation.acknowledged
        self._patience = RESEND_SECONDS if progress else self._patience * 2
        return progress

    def may_answer(self, forget: Action) -> bool:
        """Whether a handshake that the other side begins may be answered unasked. It has its time, and then `forget`."""
        now = self._clock()
        self._answered = [at for at in self._answered if now - at < 60]
        if len(self._answered) >= RENEWALS_A_MINUTE:
            return False
        self._answered.append(now)
        self._timers.start("handshake", HANDSHAKE_SECONDS, forget)
        return True

    def may_begin(self, forget: Action) -> bool:
        """Whether this side may begin one now. It has its time, and then `forget`."""
        if self._timers.runs("renew"):
            return False
        self._timers.start("renew", RENEW_SECONDS, lambda: None)
        self._timers.start("handshake", HANDSHAKE_SECONDS, forget)
        return True

    def rekeyed(self) -> None:
        """The handshake has finished, and `hello` is awaited anew."""
        self._timers.cancel("hello", "hold", "handshake")

    def stop(self) -> None:
        self._timers.cancel()
