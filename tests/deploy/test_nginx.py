from __future__ import annotations

import asyncio
import json
import socket
import uuid
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from http.client import HTTPConnection, HTTPSConnection
from typing import Any

from django.test import SimpleTestCase
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from chat.peer.ownership import prove
from signaling.messages import ChallengePayload
from tests.deploy.site_case import ENV, ORIGIN, SiteCase
from tests.support.http import PATIENCE, request
from tests.support.name_keys import NameKey
from tests.support.nginx import NAME, Nginx


class Configuration(SimpleTestCase):
    def test_nginx_finds_no_fault_in_it(self) -> None:
        nginx = Nginx()
        self.addCleanup(nginx.stop)
        result = nginx.test()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("[warn]", result.stderr)


class Away(SimpleTestCase):
    def test_while_the_server_is_away_nobody_who_comes_is_named_in_a_log(self) -> None:
        with Nginx() as nginx:
            plain = socket.create_connection(("127.0.0.1", nginx.https_port), timeout=PATIENCE)
            connection = HTTPSConnection(NAME, timeout=PATIENCE)
            connection.sock = nginx.client_context().wrap_socket(plain, server_hostname=NAME)
            self.assertEqual(request(connection, "/ws?username=somebody").status, 502)
            self.assertEqual(nginx.log, "")


class Chain(SiteCase):
    """Clients, nginx with TLS, daphne on a unix socket."""

    def socket(self, name: str, **headers: str) -> AbstractAsyncContextManager[ClientConnection]:
        return connect(
            f"wss://{NAME}/ws?username={name}",
            host="127.0.0.1",
            port=self.nginx.https_port,
            ssl=self.nginx.client_context(),
            origin=headers.pop("Origin", ORIGIN),  # type: ignore[arg-type]  # a NewType of str
            additional_headers=headers,
            open_timeout=PATIENCE,
            proxy=None,
        )

    def test_plain_http_is_sent_to_https(self) -> None:
        connection = HTTPConnection("127.0.0.1", self.nginx.http_port, timeout=PATIENCE)
        answer = request(connection, "/chat", Host=NAME)
        self.assertEqual((answer.status, answer.headers["Location"]), (301, f"{ORIGIN}/chat"))

    def test_pages_health_and_files_come_through(self) -> None:
        page = self.get("/")
        self.assertEqual(page.status, 200)
        self.assertIn(b"<!doctype html>", page.body[:20].lower())
        self.assertEqual(self.get("/health").body, b'{"status":"ok"}')
        self.assertEqual(self.get("/static/vendor/noble.js").status, 200)
        self.assertEqual(self.get("/nowhere").status, 404)

    def test_the_security_headers_come_through_and_https_is_to_be_kept(self) -> None:
        for path in ("/", "/health", "/static/vendor/noble.js", "/nowhere"):
            headers = self.get(path).headers
            with self.subTest(path):
                self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
                self.assertEqual(headers["Strict-Transport-Security"], "max-age=31536000")
                self.assertEqual(headers["Server"], "nginx")

    async def test_two_clients_are_introduced_and_relayed_over_wss(self) -> None:
        async with self.socket("alice") as alice, self.socket("bob") as bob:
            await send(alice, type="session:connect", target="bob")
            joined = [await receive(peer, "session:joined") for peer in (alice, bob)]
            self.assertEqual([message["payload"]["peer"] for message in joined], ["bob", "alice"])
            key = {"publicKey": "A" * 43 + "="}
            await send(alice, type="key:exchange", target="bob", payload=key)
            relayed = await receive(bob, "key:exchange")
            self.assertEqual((relayed["sender"], relayed["payload"]), ("alice", key))

    async def test_a_name_is_proven_over_wss_for_the_origin_that_people_type_and_for_no_other(self) -> None:
        table = ((f"{ORIGIN}:8443", "error"), ("http://127.0.0.1:8080", "error"), (ORIGIN, "auth:ok"))
        for origin, answer in table:
            key = NameKey()
            async with self.socket(f"dora&key={key.text}") as dora:
                asked = (await receive(dora, "auth:challenge"))["payload"]
                proof = prove(key, origin, "dora", ChallengePayload(asked["publicKey"], asked["nonce"]))
                await send(dora, type="auth:response", payload={"origin": proof.origin, "mac": proof.mac})
                await receive(dora, answer)

    async def test_a_page_of_another_origin_gets_no_socket(self) -> None:
        with self.assertRaises(InvalidStatus):
            async with self.socket("mallory", Origin="https://elsewhere.example"):
                pass

    async def test_a_client_cannot_choose_its_address(self) -> None:
        refused: list[Any] = []
        async with AsyncExitStack() as stack:
            for number in range(int(ENV["CONNECTIONS_PER_ADDRESS"]) + 1):
                forged = {"X-Forwarded-For": f"203.0.113.{number}"}
                peer = await stack.enter_async_context(self.socket(f"u_{uuid.uuid4().hex[:8]}", **forged))
                if number == int(ENV["CONNECTIONS_PER_ADDRESS"]):
                    refused.append(await receive(peer, "error"))
        self.assertEqual([error["payload"]["code"] for error in refused], ["RATE_LIMITED"])

    async def test_no_log_says_who_was_here(self) -> None:
        async with self.socket("carol_was_here"):
            self.get("/static/vendor/noble.js")
        self.assertEqual(self.nginx.log, "")
        self.assertEqual(self.server.log, "")


async def send(peer: ClientConnection, **message: Any) -> None:
    await peer.send(json.dumps(message))


async def receive(peer: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message, which has to be of this type."""
    message: dict[str, Any] = json.loads(await asyncio.wait_for(peer.recv(), PATIENCE))
    if message["type"] != kind:
        raise AssertionError(f"{kind} was expected, and came {message}")
    return message
