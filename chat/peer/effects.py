"""What a call asks its owner to do, and the messages through the server among it. Mirrors static/js/peer/effects.js."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from signaling.messages import (
    Answer,
    Ice,
    IceServer,
    JoinedPayload,
    KeyExchange,
    Message,
    Offer,
    SessionConnect,
    SessionDecline,
    SessionLeave,
    SessionRef,
    raw,
)

from .classic import Payload
from .suite import Suite

_SIGNALS: dict[str, type[Offer | Answer | Ice]] = {"offer": Offer, "answer": Answer, "ice": Ice}


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message through the server."""

    message: Message


@dataclass(frozen=True, slots=True)
class Start:
    """Start a transport; the offering side makes the offer."""

    offering: bool
    ice_servers: list[IceServer]


@dataclass(frozen=True, slots=True)
class Signal:
    """Hand the transport an offer, an answer or a candidate of the other side."""

    kind: str
    body: Payload


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """The open conversation goes on under the keys of another handshake, and in its session."""

    suite: Suite
    session: JoinedPayload


@dataclass(frozen=True, slots=True)
class Notice:
    """Tell the person; `reason` is a key of `errors.SENTENCES`."""

    reason: str


Effect = Send | Start | Signal | Rekeyed | Notice


def connect(peer: str) -> Send:
    """Ask for a session with somebody."""
    return Send(SessionConnect(target=peer))


def keys(peer: str, session_id: str | None, payloads: Iterable[Payload]) -> list[Effect]:
    """Key messages, to go out under the session."""
    return [Send(KeyExchange(target=peer, session_id=session_id, payload=raw(payload))) for payload in payloads]


def signal(kind: str, peer: str, session_id: str | None, payload: Payload) -> Send:
    """A signal, sealed where the suite does that."""
    return Send(_SIGNALS[kind](target=peer, session_id=session_id, payload=raw(payload)))


def decline(session_id: str | None, reason: str) -> Send:
    """Refuse who calls; `reason` is a word of the protocol."""
    return Send(SessionDecline(session_id=session_id, payload=SessionRef(reason=reason)))


def leave(peer: str, session_id: str | None) -> Send:
    """By its id, so that an answer to it cannot be taken for one to a later call; by name while there is no id."""
    return Send(SessionLeave(session_id=session_id) if session_id else SessionLeave(target=peer))
