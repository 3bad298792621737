"""How a chat that has lost its path finds another one, and one that was left finds back. Mirrors static/js/peer/restoring.js.

An attempt asks the server for the session of the two, and when it stands (`joined`, whoever of them asked) another path is made:
whoever called in the handshake offers it, and the other one does so itself where no offer comes. Where nothing that the other
side seals is heard, it may have lost its keys, and a handshake is begun beside it. An attempt that comes to nothing is made again
after a while, longer each time, and at once when there is reason to hope.

It holds no path and sends nothing: its owner does what it asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from .timers import After, Timers

DELAYS = (2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between attempts; the last one holds on."""
STEADY_SECONDS = 10.0
"""A path that did not last so long is no reason to hope."""
JOINED_SECONDS = 10.0
OFFER_SECONDS = 3.0
"""How long the called one waits for the caller's offer."""
HEARD_SECONDS = 8.0
"""How long nothing may be heard of the other side before its keys are taken for lost."""
PATH_SECONDS = 20.0
AGAIN_SECONDS = 1.0
FRESH_SECONDS = 3.0
"""What is younger than this is not begun anew, whatever happens."""

Phase = Literal["resting", "asking", "making", "waiting"]


class Restoring:
    """The attempts of one chat.

    `ask` asks the server for the session, and says whether the server was there to be asked; `offer` makes another path and offers
    it; `rehandshake` agrees on new keys, since the other side may have lost the old ones. `clock` counts seconds and never goes
    back; `fraction` is drawn from [0, 1).
    """

    def __init__(
        self,
        *,
        ask: Callable[[], bool],
        offer: Callable[[], None],
        rehandshake: Callable[[], None],
        after: After,
        clock: Callable[[], float],
        fraction: Callable[[], float],
    ) -> None:
        self._ask = ask
        self._offer = offer
        self._rehandshake = rehandshake
        self._timers = Timers(after)
        self._clock = clock
        self._fraction = fraction
        self._phase: Phase = "resting"
        self._tries = 0
        self._heard = False
        self._since = clock()
        """When this phase began."""

    @property
    def active(self) -> bool:
        """Whether the path is lost."""
        return self._phase != "resting"

    def begin(self) -> None:
        """The path is lost."""
        if self.active:
            return
        if self._age >= STEADY_SECONDS:
            self._tries = 0
        if self._tries == 0:
            self._attempt()
        else:
            self._wait()

    def done(self) -> None:
        """There is a path again."""
        self._enter("resting")

    def stop(self) -> None:
        """Nobody waits for one any more."""
        self._enter("resting")

    def hurry(self) -> None:
        """There is reason to hope: do not wait for the next attempt."""
        if self.active and (self._phase == "waiting" or self._age >= FRESH_SECONDS):
            self._tries = 0
            self._attempt()

    def joined(self, *, caller: bool) -> None:
        """The session stands; `caller` is whether this side called in the handshake. Said again by one of whom nothing was
        heard, it means that what was offered got lost."""
        again = self._phase == "making" and not self._heard and self._age >= AGAIN_SECONDS
        if self._phase in ("asking", "waiting") or again:
            self._make(caller=caller)
            self._heard = False
            self._timers.start("heard", HEARD_SECONDS, self._unheard)

    def rekeyed(self, *, caller: bool) -> None:
        """There are new keys, known to both."""
        if self.active:
            self._make(caller=caller)
            self._heard = True

    def heard(self) -> None:
        """The other side has the keys."""
        self._heard = True

    def offered(self) -> None:
        """The other side makes another path."""
        self._enter("making")
        self._heard = True

    def failed(self) -> None:
        """This attempt has come to nothing."""
        if self._phase in ("asking", "making"):
            self._wait()

    def later(self, seconds: float) -> None:
        """Make another attempt after so long, unless something comes of this one till then."""
        self._enter("waiting")
        self._timers.start("again", seconds, self._attempt)

    def _attempt(self) -> None:
        self._enter("asking")
        if self._ask():
            self._tries += 1
        else:
            self._enter("waiting")

    def _make(self, *, caller: bool) -> None:
        self._enter("making")
        if caller:
            self._offer()
        else:
            self._timers.start("offer", OFFER_SECONDS, self._offer)

    def _wait(self) -> None:
        delay = DELAYS[min(max(self._tries, 1), len(DELAYS)) - 1]
        self._enter("waiting")
        self._timers.start("again", delay * (1 + self._fraction()) / 2, self._attempt)

    def _unheard(self) -> None:
        if not self._heard:
            self._rehandshake()

    @property
    def _age(self) -> float:
        """Seconds since this phase began."""
        return self._clock() - self._since

    def _enter(self, phase: Phase) -> None:
        self._timers.cancel()
        self._phase = phase
        self._since = self._clock()
        limits = {"asking": JOINED_SECONDS, "making": PATH_SECONDS}
        if phase in limits:
            self._timers.start("limit", limits[phase], self.failed)
