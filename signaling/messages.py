"""The messages of the signaling socket (docs/protocol.md, section 1), one struct for each type.

Server and Python peer read and write them here and nowhere else. `parse_from_client` and `parse_from_server` turn a text
frame into a struct; `dump` is their inverse. The payload of a relayed message stays raw bytes: the server never looks in.

Both parsers take one pass for a good frame; only a bad one is read a second time, to say what is wrong with it.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from .errors import Code, ProtocolError

MAX_FRAME_BYTES = 65_536
"""The largest text frame, in bytes of UTF-8."""

_NAME = re.compile(r"[A-Za-z0-9_]{3,20}", re.ASCII)
_SESSION_ID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}", re.ASCII)


def is_name(text: str) -> bool:
    """Whether `text` is a username: 3 to 20 ASCII letters, digits or underscores."""
    return _NAME.fullmatch(text) is not None


def is_too_large(frame: str) -> bool:
    """Whether it is over the limit as UTF-8; a text of ASCII is as long as it looks, and is not encoded to find out."""
    if len(frame) <= MAX_FRAME_BYTES // 4:  # a character is four bytes at most
        return False
    if len(frame) > MAX_FRAME_BYTES or frame.isascii():
        return len(frame) > MAX_FRAME_BYTES
    return len(frame.encode("utf-8", "surrogatepass")) > MAX_FRAME_BYTES


def is_session_id(text: str) -> bool:
    """Whether `text` has the form of a UUID."""
    return _SESSION_ID.fullmatch(text) is not None


def same_name(one: str, other: str) -> bool:
    """Names that differ only in case are one name."""
    return one.lower() == other.lower()


class Message(Struct, kw_only=True, rename="camel", tag_field="type", omit_defaults=True):
    """The envelope. Fields it does not name are dropped on reading."""

    session_id: str | None = None
    target: str | None = None
    sender: str | None = None


class SessionRef(Struct, rename="camel", omit_defaults=True):
    """The payload of a request about a session; its `sessionId` may stand here or in the envelope."""

    session_id: str | None = None
    reason: str | None = None


# From a client


class SessionConnect(Message, tag="session:connect"):
    """Open a session with `target`."""


class SessionCreate(Message, tag="session:create"):
    """Open a session that a second user joins by its id."""


class SessionJoin(Message, tag="session:join"):
    """Join the session `session_id`."""

    payload: SessionRef | None = None


class SessionDecline(Message, tag="session:decline"):
    """The called user refuses."""

    payload: SessionRef | None = None


class SessionLeave(Message, tag="session:leave"):
    """The user ends the session."""

    payload: SessionRef | None = None


class ProofPayload(Struct):
    """`origin` is what the client dialled; `mac` is b64."""

    origin: str
    mac: str


class AuthResponse(Message, tag="auth:response"):
    """The proof that the name is the client's own, the first thing that a client with a key says."""

    payload: ProofPayload


# Relayed from client to client


class Relayed(Message):
    """A message that the server passes on; `payload` is a JSON object, as raw bytes."""

    payload: Raw = Raw(b"{}")

    def body(self) -> dict[str, Any]:
        """The payload, decoded. Raises `ProtocolError` when it is not an object."""
        try:
            body = msgspec.json.decode(self.payload)
        except (msgspec.MsgspecError, RecursionError, UnicodeError):
            raise ProtocolError(Code.INVALID_MESSAGE) from None
        if not isinstance(body, dict):
            raise ProtocolError(Code.INVALID_MESSAGE)
        return body


class KeyExchange(Relayed, tag="key:exchange"):
    """Public keys (classic) or a step of the handshake (lowkey/2)."""


class Offer(Relayed, tag="signal:offer"):
    """An SDP offer."""


class Answer(Relayed, tag="signal:answer"):
    """An SDP answer."""


class Ice(Relayed, tag="signal:ice"):
    """An ICE candidate."""


# From the server


class ChallengePayload(Struct, rename="camel"):
    """The server's public key for this connection, and a nonce of 32 bytes; both b64."""

    public_key: str
    nonce: str


class WelcomePayload(Struct):
    username: str


class CreatedPayload(Struct, rename="camel"):
    session_id: str


class IceServer(Struct, omit_defaults=True):
    """A STUN or TURN server, as RTCPeerConnection takes it."""

    urls: str | list[str]
    username: str | None = None
    credential: str | None = None


class JoinedPayload(Struct, rename="camel"):
    """`initiator` is true for the one who connected or created; the ICE servers are for this session alone."""

    session_id: str
    peer: str
    initiator: bool
    ice_servers: list[IceServer] = []


class EndedPayload(Struct, rename="camel"):
    session_id: str
    peer: str
    reason: str


class ErrorPayload(Struct):
    code: str
    message: str


class AuthChallenge(Message, tag="auth:challenge"):
    """The question to a client that claims its name with a key."""

    payload: ChallengePayload


class AuthOk(Message, tag="auth:ok"):
    """The name is the client's; from now on it is served."""

    payload: WelcomePayload


class SessionCreated(Message, tag="session:created"):
    """The session that `session:create` asked for."""

    payload: CreatedPayload


class SessionJoined(Message, tag="session:joined"):
    """A session with `peer` stands."""

    payload: JoinedPayload


class SessionDeclined(Message, tag="session:declined"):
    """The called user refused; the session is over."""

    payload: EndedPayload


class SessionLeft(Message, tag="session:left"):
    """The other user ended the session (`left`) or is gone (`gone`)."""

    payload: EndedPayload


class Error(Message, tag="error"):
    """A request failed; `target` names whom it was for."""

    payload: ErrorPayload


FromClient: TypeAlias = (
    AuthResponse
    | SessionConnect
    | SessionCreate
    | SessionJoin
    | SessionDecline
    | SessionLeave
    | KeyExchange
    | Offer
    | Answer
    | Ice
)
FromServer: TypeAlias = (
    AuthChallenge
    | AuthOk
    | SessionCreated
    | SessionJoined
    | SessionDeclined
    | SessionLeft
    | KeyExchange
    | Offer
    | Answer
    | Ice
    | Error
)


class _Envelope(Struct):
    type: str
    target: str | UnsetType | None = UNSET


_from_client: msgspec.json.Decoder[FromClient] = msgspec.json.Decoder(FromClient)
_from_server: msgspec.json.Decoder[FromServer] = msgspec.json.Decoder(FromServer)
_envelope = msgspec.json.Decoder(_Envelope)
_encoder = msgspec.json.Encoder()
_client_types = frozenset(t.__struct_config__.tag for t in FromClient.__args__)
_server_types = frozenset(t.__struct_config__.tag for t in FromServer.__args__)
_OBJECT = ord("{")
_unreadable = (msgspec.MsgspecError, RecursionError, UnicodeError)


def parse_from_client(frame: str) -> FromClient:
    """Read a client's text frame. Raises `ProtocolError` with INVALID_MESSAGE or UNKNOWN_TYPE."""
    try:
        message = _from_client.decode(frame)
    except _unreadable:
        raise _fault(frame, _client_types) from None
    if isinstance(message, Relayed) and memoryview(message.payload)[0] != _OBJECT:
        raise ProtocolError(Code.INVALID_MESSAGE, target=message.target or None)
    return message


def parse_from_server(frame: str) -> FromServer:
    """Read the server's text frame. Raises `ProtocolError` with INVALID_MESSAGE or UNKNOWN_TYPE."""
    try:
        return _from_server.decode(frame)
    except _unreadable:
        raise _fault(frame, _server_types) from None


def _fault(frame: str, known: frozenset[Any]) -> ProtocolError:
    """What is wrong with a frame that could not be read."""
    try:
        envelope = _envelope.decode(frame)
    except _unreadable:
        return ProtocolError(Code.INVALID_MESSAGE)
    code = Code.INVALID_MESSAGE if envelope.type in known else Code.UNKNOWN_TYPE
    return ProtocolError(code, target=envelope.target or None)


def dump(message: Message) -> str:
    """Write a message as the text frame that the parsers read."""
    return _encoder.encode(message).decode()


def raw(body: dict[str, Any]) -> Raw:
    """A relayed message's payload from its decoded form; the inverse of `Relayed.body`."""
    return Raw(_encoder.encode(body))
