"""A suite: what a call and a conversation need of a cipher. Mirrors static/js/peer/suite.js.

`Classic` is one, `Lowkey2` the other; the first `key:exchange` of a call chooses, and nothing after that asks which it is.
Their shape, in the order of use:

    recognises(payload)     whether a first `key:exchange` belongs to this suite
    opening()               the caller's part of its first `key:exchange`
    receive_key(payload)    read one `key:exchange`, return those to send back; KeyRefused ends the attempt
    begun_anew(payload)     whether the other one has been answered, and begins another handshake
    needs_consent           whether the person is to be warned, and asked, before anything is answered or sent
    answer()                what the called one sends when the person accepts
    changed, accept_key()   the pin that the other's key differs from, and what to send when the person goes on with the key
    agreed                  whether the keys stand
    offers(initiator)       whether this side makes the offer; `initiator` is what the server says
    seal_signal, open_signal    the payload of a `signal:*` message, and back; None for one to drop
    acknowledges            whether messages are numbered and acknowledged, as section 3.4 says
    features                what this side's `hello` names; a suite without has no `hello`
    ready                   whether more than `hello` may be sent
    fits(content)           whether a message is not too long
    seal, open              a message to a frame of the DataChannel, and back; None for a frame to drop
    me                      this side's name, as the keys are bound to it; a classic one has none
    trust, known_as, their_identity    who the other one is, as far as that is known
    comparison(), safety_number(), verify(ok)    how the person makes sure; None, and nothing, where that is impossible
    renewal()               a fresh attempt for a conversation that is open, where the suite has that
    erase()                 drop the keys
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .classic import Classic
from .lowkey2 import Lowkey2

Suite = Classic | Lowkey2
Suites = Callable[[str], Sequence[Suite]]
"""The suites to offer to somebody, by name."""
