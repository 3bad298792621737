"""What flows between a conversation and its line: frames while the channel has room, and what pacing.py makes due. Mirrors
static/js/peer/flow.js.
"""

from __future__ import annotations

from collections.abc import Callable

from .conversation import Conversation
from .conversation_table import State
from .line import Line
from .pacing import Pacing


class Flow:
    """`settle` is called whenever something may have changed, `silent` when the other side has not said `hello` in all its
    time, over a channel that stands."""

    def __init__(
        self,
        conversation: Conversation,
        line: Line,
        pacing: Pacing,
        *,
        settle: Callable[[], None],
        silent: Callable[[], None],
    ) -> None:
        self._conversation = conversation
        self._line = line
        self._pacing = pacing
        self._settle = settle
        self._silent = silent
        self._stopped = False

    def pump(self) -> None:
        """Hand frames to the channel while it has room, and see what is due."""
        while self._line.has_room and (frame := self._conversation.next_frame()) is not None:
            if self._line.send(frame.text):
                self._conversation.taken(frame)
                continue
            self._conversation.refused(frame)
            if self._conversation.suite.acknowledges:
                break
        self._follow()
        self._settle()

    def stop(self) -> None:
        """It is over: nothing more is due."""
        self._stopped = True

    def _follow(self) -> None:
        if not self._stopped:
            self._pacing.follow_conversation(
                self._conversation,
                acknowledge=self._acknowledge,
                resend=self._resend,
                release=self._release,
                silent=self._unspoken,
            )

    # What is due

    def _acknowledge(self) -> None:
        self._conversation.acknowledge()
        self.pump()

    def _resend(self) -> None:
        """Send again what was not acknowledged in all this time, unless it has not even left."""
        progress = self._pacing.progress(self._conversation)
        if not progress and self._line.idle:
            self._conversation.resend()
        self.pump()

    def _release(self) -> None:
        self._conversation.release()
        self.pump()

    def _unspoken(self) -> None:
        """Nothing came in all this time; a channel that is interrupted has its own."""
        if self._conversation.state is State.GREETING:
            self._silent()
