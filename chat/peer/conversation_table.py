"""The states of a conversation's channel, as two tables in the manner of call_table.py. Mirrors
static/js/peer/conversation_table.js.

The person's own end has the sentence that fits what the other one reads: `end` is one that says `bye`, where there is a
channel, and `quit` one that cannot: a classic chat has no such word, and whoever is called says nothing under keys that the
other one has not used yet.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    GREETING = "greeting"
    SECURED = "secured"
    RECONNECTING = "reconnecting"
    ENDED = "ended"


_G, _S, _R, _E = State.GREETING, State.SECURED, State.RECONNECTING, State.ENDED

TABLE: dict[tuple[State, str], State] = {
    (_G, "ready"): _S,
    (_G, "interrupted"): _R,
    (_G, "recovered"): _G,
    (_G, "reopened"): _G,
    (_G, "rekeyed"): _G,
    (_S, "interrupted"): _R,
    (_S, "recovered"): _S,
    (_S, "reopened"): _G,
    (_S, "rekeyed"): _G,
    (_R, "interrupted"): _R,
    (_R, "recovered"): _G,
    (_R, "reopened"): _G,
    (_R, "rekeyed"): _R,
}

ENDINGS: dict[tuple[State, str], str] = {
    (_G, "closed"): "left",
    (_G, "failed"): "lost",
    (_G, "silent"): "no_hello",
    (_G, "end"): "you_ended",
    (_G, "quit"): "you_left",
    (_G, "bye"): "ended",
    (_S, "closed"): "left",
    (_S, "failed"): "lost",
    (_S, "end"): "you_ended",
    (_S, "quit"): "you_left",
    (_S, "bye"): "ended",
    (_R, "closed"): "left",
    (_R, "failed"): "lost",
    (_R, "left"): "left",
    (_R, "declined"): "not_back",
    (_R, "end"): "you_left",
    (_R, "quit"): "you_left",
    (_R, "bye"): "ended",
}
