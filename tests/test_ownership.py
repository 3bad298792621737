"""Names that belong to keys: the client's half on the vectors, and what a thief can do against a real daphne."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator
from typing import Any, ClassVar

from django.test import SimpleTestCase
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from chat.peer.ownership import origin_of, prove
from chat.peer.primitives import b64, b64url
from chat.peer.signaling_client import socket_url
from signaling.messages import ChallengePayload
from tests.support.name_keys import NameKey, challenge
from tests.support.server import ServerTestCase
from tests.support.vectors import vectors

CASES = vectors("lowkey2")["name_auth"]
LOW_ORDER = [bytes.fromhex(key) for key in vectors("classic")["lowOrderPublicKeys"]]


class ProveTest(SimpleTestCase):
    def test_proofs_are_those_of_the_vectors_in_any_case_of_the_name(self) -> None:
        for case in CASES:
            key = NameKey(bytes.fromhex(case["UK_private"]))
            self.assertEqual(key.public.hex(), case["UK"])
            asked = challenge(bytes.fromhex(case["S"]), bytes.fromhex(case["nonce"]))
            for name in (case["name"], case["name"].upper()):
                proof = prove(key, case["origin"], name, asked)
                self.assertEqual((proof.origin, proof.mac), (case["origin"], b64(bytes.fromhex(case["mac"]))))

    def test_a_malformed_challenge_is_refused(self) -> None:
        good, nonce = b64(NameKey().public), b64(bytes(32))
        for asked in (
            *(
                ("", nonce),
                (good[:-1], nonce),
                (b64(bytes(31)), nonce),
                (b64(b"\x09" * 33), nonce),
                (f"{good}\n", nonce),
            ),
            *((good, ""), (good, b64(bytes(31))), (good, b64(bytes(33))), (good, nonce[:-1]), (good, nonce + "=")),
        ):
            with self.subTest(asked), self.assertRaises(ValueError):
                prove(NameKey(), "https://chat.example", "alice", ChallengePayload(*asked))

    def test_a_servers_key_of_low_order_is_refused(self) -> None:
        for public in LOW_ORDER:
            with self.subTest(public.hex()), self.assertRaises(ValueError):
                prove(NameKey(), "https://chat.example", "alice", challenge(public, bytes(32)))


class OriginTest(SimpleTestCase):
    def test_an_origin_is_written_as_browsers_write_it(self) -> None:
        for server, origin in {
            "https://chat.example": "https://chat.example",
            "HTTPS://Chat.Example:443/chat?a#b": "https://chat.example",
            "http://chat.example:80/": "http://chat.example",
            "http://chat.example:443": "http://chat.example:443",
            "https://me:secret@chat.example:8443": "https://chat.example:8443",
            "http://127.0.0.1:8080": "http://127.0.0.1:8080",
            "http://[::1]:8080/": "http://[::1]:8080",
            "http://[0:0:0:0:0:0:0:1]": "http://[::1]",
            "https://xn--bcher-kva.example": "https://xn--bcher-kva.example",
            "https://bücher.example": "https://xn--bcher-kva.example",
        }.items():
            with self.subTest(server):
                self.assertEqual(origin_of(server), origin)

    def test_what_is_no_site_is_refused(self) -> None:
        for server in (
            *("", "chat.example", "ftp://chat.example", "http://", "http://:80", "http://a:99999", "http://a:0"),
            *(
                "http://[::1",
                "http://a b",
                "http://[1::2::3]",
                "http://[::1%25eth0]",
                f"http://{'ü' * 70}.example",
            ),
        ):
            with self.subTest(server), self.assertRaisesMessage(ValueError, "like https://chat.example"):
                origin_of(server)


class ThiefTest(ServerTestCase):
    """Mallory wants the name of somebody else, at a real server that is told of no origins, so at one of loopback."""

    owners: ClassVar[Iterator[int]] = itertools.count()

    def setUp(self) -> None:
        self.name = f"owner_{next(self.owners)}"
        self.key = NameKey()

    async def dialled(self, key: str | None = None) -> tuple[ClientConnection, ChallengePayload]:
        """A connection that says it has the key, and the question it was asked."""
        url = f"{socket_url(self.server.url, self.name)}&key={self.key.text if key is None else key}"
        socket = await connect(url, proxy=None)
        heard = await self.hears(socket)
        self.assertEqual(heard["type"], "auth:challenge", heard)
        return socket, ChallengePayload(heard["payload"]["publicKey"], heard["payload"]["nonce"])

    async def hears(self, socket: ClientConnection) -> Any:
        return json.loads(await asyncio.wait_for(socket.recv(), 10))

    def response(self, asked: ChallengePayload, key: NameKey | None = None, origin: str | None = None) -> str:
        proof = prove(key or self.key, origin or self.server.url, self.name, asked)
        return json.dumps({"type": "auth:response", "payload": {"origin": proof.origin, "mac": proof.mac}})

    async def owner(self) -> tuple[ClientConnection, str]:
        """The owner's connection, and the proof that somebody recorded."""
        socket, asked = await self.dialled()
        said = self.response(asked)
        await socket.send(said)
        self.assertEqual((await self.hears(socket))["payload"], {"username": self.name})
        return socket, said

    async def assert_closed(self, socket: ClientConnection, code: str = "AUTH_FAILED", close: int = 4003) -> None:
        self.assertEqual((await self.hears(socket))["payload"]["code"], code)
        with self.assertRaises(ConnectionClosed):
            await asyncio.wait_for(socket.recv(), 10)
        self.assertEqual(socket.close_code, close)

    async def assert_served(self, socket: ClientConnection) -> None:
        await socket.send('{"type":"session:create"}')
        self.assertEqual((await self.hears(socket))["type"], "session:created")

    async def assert_taken(self) -> None:
        """With a key of one's own, and with none, as the original app."""
        mallory = NameKey()
        thief, asked = await self.dialled(mallory.text)
        await thief.send(self.response(asked, mallory))
        await self.assert_closed(thief, "USERNAME_TAKEN", 4002)
        await self.assert_closed(
            await connect(socket_url(self.server.url, self.name.upper()), proxy=None), "USERNAME_TAKEN", 4002
        )

    async def test_a_live_name_is_taken(self) -> None:
        alice, _ = await self.owner()
        await self.assert_taken()
        await self.assert_served(alice)

    async def test_a_name_whose_owner_just_went_is_taken_and_theirs_when_they_come_back(self) -> None:
        for leave in (lambda socket: socket.close(), lambda socket: socket.close(1001), abort):
            alice, _ = await self.owner()
            await leave(alice)
            await self.assert_taken()
        await self.owner()

    async def test_a_recorded_proof_opens_nothing(self) -> None:
        alice, recorded = await self.owner()
        thief, _ = await self.dialled()
        await thief.send(recorded)
        await self.assert_closed(thief)
        await self.assert_served(alice)

    async def test_a_proof_given_to_another_site_opens_nothing(self) -> None:
        """The thief's site passes our question on to the owner, who dialled the thief's site and says so in the proof."""
        alice, _ = await self.owner()
        for origin in ("https://evil.example", self.server.url.replace("http", "https"), "http://chat.example"):
            thief, asked = await self.dialled()
            await thief.send(self.response(asked, origin=origin))
            await self.assert_closed(thief)
        thief, asked = await self.dialled()
        passed_on = json.loads(self.response(asked, origin="https://evil.example"))
        passed_on["payload"]["origin"] = self.server.url
        await thief.send(json.dumps(passed_on))
        await self.assert_closed(thief)
        await self.assert_served(alice)

    async def test_the_owners_public_key_is_not_enough(self) -> None:
        alice, _ = await self.owner()
        thief, asked = await self.dialled()
        await thief.send(self.response(asked, NameKey()))
        await self.assert_closed(thief)
        await self.assert_served(alice)

    async def test_a_key_of_low_order_is_refused_at_once(self) -> None:
        for public in LOW_ORDER:
            url = f"{socket_url(self.server.url, self.name)}&key={b64url(public)}"
            await self.assert_closed(await connect(url, proxy=None))

    async def test_the_owner_on_a_new_connection_replaces_the_old_one(self) -> None:
        older, _ = await self.owner()
        newer, _ = await self.owner()
        with self.assertRaises(ConnectionClosed):
            await asyncio.wait_for(older.recv(), 10)
        self.assertEqual(older.close_code, 4004)
        await self.assert_served(newer)

    async def test_the_server_logs_nothing_of_it(self) -> None:
        self.assertEqual(self.server.log, "")


async def abort(socket: ClientConnection) -> None:
    """Go as a device does whose battery is empty, but for the kernel's farewell."""
    socket.transport.abort()
    await socket.wait_closed()
