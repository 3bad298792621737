"""How much of what a socket sent is read at once, on either server."""

from __future__ import annotations

import asyncio
from typing import Any

from signaling.turns import TURNS

AT_ONCE_BYTES = 1 << 12
SLICE_BYTES = 1 << 10
"""Nearly all that clients send is read into frames at once. Of more than that, a slice is read in each turn, in which there
are thirty small frames at most."""

FRAMES_IN_A_TURN = 8
"""How many of the frames that are there the application gets in a turn."""


class Sliced:
    """Part of a WebSocket's protocol class: `take` is for data that came in, `next_of` for what the application receives.

    Much at once is read in turns (signaling/turns.py), and no further than the application takes it. Until all is read,
    the transport is not.
    """

    _unread = b""
    _in_line = False
    _in_a_row = 0

    async def next_of(self, events: asyncio.Queue[Any]) -> Any:
        """The next event for the application: one that is there or comes, or one of many when it is its turn."""
        if events.empty():
            self._in_a_row = 0
        else:
            self._in_a_row += 1
            if self._in_a_row % FRAMES_IN_A_TURN == 0:
                await TURNS.mine()
        event = await events.get()
        if self.is_deaf and events.empty():
            self.go_on()
        return event

    def take(self, data: bytes) -> None:
        """Read it, now or soon."""
        if len(data) <= AT_ONCE_BYTES and not self._unread:
            self.read(data)
        else:
            self._unread += data
            self.stop_listening()
            self.go_on()

    def go_on(self) -> None:
        """Read what has to be read yet, or listen again."""
        if not self._unread:
            self.listen_again()
        elif not self._in_line:
            self._in_line = True
            TURNS.take(self._read_some)

    def _read_some(self) -> None:
        self._in_line = False
        if self.is_over:
            self._unread = b""
        elif not self.is_full:
            some, self._unread = self._unread[:SLICE_BYTES], self._unread[SLICE_BYTES:]
            self.read(some)
            if not self.is_full:
                self.go_on()

    # What the class says of itself

    @property
    def is_over(self) -> bool:
        """Whether nothing that comes in matters any more."""
        raise NotImplementedError

    @property
    def is_full(self) -> bool:
        """Whether the application has enough to do."""
        raise NotImplementedError

    @property
    def is_deaf(self) -> bool:
        """Whether the transport is not listened to."""
        raise NotImplementedError

    def read(self, data: bytes) -> None:
        """Make frames of it."""
        raise NotImplementedError

    def stop_listening(self) -> None:
        """Let the transport be, if it is not let be yet."""
        raise NotImplementedError

    def listen_again(self) -> None:
        """Undo it, if there is anything to undo."""
        raise NotImplementedError
