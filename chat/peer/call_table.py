"""The states of a call, as two tables. Mirrors static/js/peer/call_table.js.

`TABLE` says where an event leads; `ENDINGS` which events end the call in a state, and for which reason (a key of
`errors.SENTENCES`; None where the event brings its own). An event with no row is a fault of whoever caused it.
docs/architecture.md draws both.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    IDLE = "idle"
    DIALLING = "dialling"
    CALLING = "calling"
    RINGING = "ringing"
    KEYS = "keys"
    WARNED = "warned"
    BLOCKED = "blocked"
    ASKED = "asked"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    ENDED = "ended"


_I, _D, _C, _R = State.IDLE, State.DIALLING, State.CALLING, State.RINGING
_K, _W, _B, _A = State.KEYS, State.WARNED, State.BLOCKED, State.ASKED
_N, _O, _E = State.CONNECTING, State.CONNECTED, State.ENDED

TABLE: dict[tuple[State, str], State] = {
    (_I, "dial"): _D,
    (_I, "ring"): _R,
    (_D, "joined"): _C,
    (_C, "joined"): _C,
    (_C, "key"): _K,
    (_R, "joined"): _R,
    (_R, "key"): _R,
    (_R, "accept"): _K,
    (_K, "joined"): _K,
    (_K, "key"): _K,
    (_K, "warn"): _W,
    (_K, "changed"): _B,
    (_K, "agreed"): _N,
    (_W, "joined"): _W,
    (_W, "key"): _W,
    (_W, "signal"): _W,
    (_W, "accept_classic"): _K,
    (_B, "joined"): _B,
    (_B, "key"): _B,
    (_B, "signal"): _B,
    (_B, "accept_key"): _K,
    (_B, "declined"): _A,
    (_B, "left"): _A,
    (_B, "error"): _A,
    (_B, "timeout"): _A,
    (_B, "server_lost"): _A,
    (_A, "server_lost"): _A,
    (_N, "joined"): _N,
    (_N, "key"): _N,
    (_N, "signal"): _N,
    (_N, "error"): _N,
    (_N, "opened"): _O,
    # With the channel open only the person, or the channel itself, ends the chat.
    (_O, "joined"): _O,
    (_O, "key"): _O,
    (_O, "signal"): _O,
    (_O, "error"): _O,
    (_O, "left"): _O,
    (_O, "declined"): _O,
    (_O, "server_lost"): _O,
}

ENDINGS: dict[tuple[State, str], str | None] = {
    (_I, "cancel"): "you_cancelled",
    (_D, "cancel"): "you_cancelled",
    (_D, "error"): None,
    (_D, "timeout"): "server_silent",
    (_D, "server_lost"): "server_lost",
    (_C, "cancel"): "you_cancelled",
    (_C, "declined"): None,
    (_C, "left"): None,
    (_C, "error"): None,
    (_C, "refused"): None,
    (_C, "timeout"): "no_answer",
    (_C, "server_lost"): "server_lost",
    (_R, "decline"): "you_declined",
    (_R, "left"): "cancelled",
    (_R, "refused"): None,
    (_R, "timeout"): "missed",
    (_R, "server_lost"): "server_lost",
    (_K, "cancel"): "you_left",
    (_K, "declined"): None,
    (_K, "left"): None,
    (_K, "error"): None,
    (_K, "refused"): None,
    (_K, "timeout"): "undecided",
    (_K, "server_lost"): "server_lost",
    (_W, "cancel"): "you_left",
    (_W, "refuse_classic"): "you_refused_classic",
    (_W, "declined"): None,
    (_W, "left"): None,
    (_W, "error"): None,
    (_W, "timeout"): "you_refused_classic",
    (_W, "server_lost"): "server_lost",
    (_B, "cancel"): "you_refused_key",
    (_B, "refuse_key"): "you_refused_key",
    (_A, "cancel"): "you_refused_key",
    (_A, "refuse_key"): "you_refused_key",
    (_A, "accept_key"): "key_accepted",
    (_N, "cancel"): "you_left",
    (_N, "declined"): None,
    (_N, "left"): None,
    (_N, "failed"): None,
    (_N, "timeout"): None,
    (_N, "server_lost"): "server_lost",
    (_O, "cancel"): "you_left",
}

DEADLINES: dict[State, float] = {_D: 10, _C: 60, _R: 60, _K: 20, _W: 60, _B: 60, _N: 30}
"""Seconds that a state may last."""
