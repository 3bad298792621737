"""Asks a TURN server for this and that, message by message (RFC 8656), and says what it answers.

    with TurnClient("198.51.100.10", 3478, username, password) as client:
        client.allocate()                   # 0, or the error's code: 401, 486 …
        client.permit("198.51.100.7")       # 0, or 403 for an address that it relays to nobody

A library would hide the codes, and refuses by itself what is to be refused by the server.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from typing import Any, Final, Literal, Self

from aioice import stun
from aioice.turn import make_integrity_key

PATIENCE: Final = 10.0
UDP: Final = 17 << 24
IPV6: Final = 2 << 24
PORT: Final = 9
"""Of every peer; nothing is ever sent to it."""

# RFC 8656, section 18.6: with which kind of address the server is to relay. The library lacks it.
_FAMILY: Final = (0x0017, "REQUESTED-ADDRESS-FAMILY", stun.pack_unsigned, stun.unpack_unsigned)
stun.ATTRIBUTES_BY_TYPE.setdefault(_FAMILY[0], _FAMILY)
stun.ATTRIBUTES_BY_NAME.setdefault(_FAMILY[1], _FAMILY)


class TurnClient:
    """One client of the server at `address`, over UDP, or over TLS where a context is given."""

    def __init__(
        self,
        address: str,
        port: int,
        username: str,
        password: str,
        *,
        tls: ssl.SSLContext | None = None,
        name: str = "",
    ) -> None:
        self._username, self._password = username, password
        self._signed: dict[str, Any] = {}
        self._key = b""
        self._channel = 0x4000
        self.relayed = ""
        """The address under which others reach this client, once it has an allocation."""
        self.heard: set[str] = set()
        """The names of all attributes of all answers."""
        if tls is None:
            self._socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.connect((address, port))
        else:
            plain = socket.create_connection((address, port), timeout=PATIENCE)
            self._socket = tls.wrap_socket(plain, server_hostname=name)
        self._socket.settimeout(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._key:
            self._ask(stun.Method.REFRESH, {"LIFETIME": 0})
        self._socket.close()

    def allocate(self, family: Literal[4, 6] = 4) -> int:
        """Ask for an address of this family to be reached under."""
        wanted: dict[str, Any] = {"REQUESTED-TRANSPORT": UDP}
        if family == 6:
            wanted["REQUESTED-ADDRESS-FAMILY"] = IPV6
        asked = self._exchange(stun.Message(stun.Method.ALLOCATE, stun.Class.REQUEST, attributes=dict(wanted)))
        realm, nonce = asked.attributes["REALM"], asked.attributes["NONCE"]
        self._signed = {"USERNAME": self._username, "REALM": realm, "NONCE": nonce}
        self._key = make_integrity_key(self._username, realm, self._password)
        answer = self._ask(stun.Method.ALLOCATE, wanted)
        if answer.message_class == stun.Class.ERROR:
            self._key = b""
        else:
            self.relayed = answer.attributes["XOR-RELAYED-ADDRESS"][0]
        return answer.error_code or 0

    def permit(self, peer: str) -> int:
        """Ask that what comes from this address is passed on."""
        return self._ask(stun.Method.CREATE_PERMISSION, {"XOR-PEER-ADDRESS": (peer, PORT)}).error_code or 0

    def bind(self, peer: str) -> int:
        """Ask for a channel to this address."""
        channel = {"CHANNEL-NUMBER": self._channel, "XOR-PEER-ADDRESS": (peer, PORT)}
        self._channel += 1
        return self._ask(stun.Method.CHANNEL_BIND, channel).error_code or 0

    def _ask(self, method: stun.Method, attributes: dict[str, Any]) -> stun.Message:
        request = stun.Message(method, stun.Class.REQUEST, attributes={**attributes, **self._signed})
        request.add_message_integrity(self._key)
        return self._exchange(request)

    def _exchange(self, request: stun.Message) -> stun.Message:
        self._socket.send(bytes(request))
        while True:
            answer = stun.parse_message(self._socket.recv(2048))
            self.heard.update(answer.attributes)
            if answer.transaction_id == request.transaction_id:
                return answer


def mapped(address: str) -> str:
    """An IPv4 address, written as the IPv6 address that stands for it."""
    return str(ipaddress.IPv6Address(b"\0" * 10 + b"\xff\xff" + ipaddress.IPv4Address(address).packed))
