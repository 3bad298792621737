"""The signaling socket as a client meets it: every message type, every error and every close code of section 1."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network
from typing import Any

from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.test import SimpleTestCase, override_settings

from chat.peer.ownership import prove
from chat.peer.primitives import b64url
from signaling import routing
from signaling.consumer import PROOF_SECONDS, SignalingConsumer, origin_is_allowed
from signaling.errors import SENTENCES, Code
from signaling.ice import IceServers
from signaling.leases import Timer
from signaling.limits import Limits
from signaling.messages import ChallengePayload
from signaling.service import build_service
from signaling.sessions.base import At, Claim, StoreUnavailable
from signaling.sessions.memory import MemoryStore
from signaling.turns import TURNS
from tests.support.clock import FakeClock
from tests.support.matchmaker import ORIGIN, TTL, Matchmaker
from tests.support.name_keys import NameKey

NO_SESSION = "11111111-2222-4333-8444-555555555555"


class Socket(WebsocketCommunicator):
    """A client's end of a connection."""

    async def says(self, kind: str, **envelope: Any) -> None:
        await self.send_json_to({"type": kind, **envelope})

    async def hears(self) -> Any:
        return await self.receive_json_from()

    async def closing_code(self) -> int | None:
        """The close code, once the server has closed and is done with the connection."""
        event = await self.receive_output()
        assert event["type"] == "websocket.close", event
        await self.wait()
        return event.get("code")


class ConsumerTestCase(SimpleTestCase):
    def setUp(self) -> None:
        self.house = Matchmaker()
        self.sockets: list[Socket] = []  # one that nobody refers to any more cancels its consumer

    def socket(self, query: str, *, headers: Any = (), client: Any = None, **options: Any) -> Socket:
        application = SignalingConsumer.as_asgi(hub=self.house.hub, **options)
        socket = Socket(application, f"/ws{query}", headers=list(headers))
        socket.scope["client"] = client
        self.sockets.append(socket)
        return socket

    async def connected(self, name: str, **options: Any) -> Socket:
        socket = self.socket(f"?username={name}", **options)
        self.assertEqual(await socket.connect(), (True, None))
        return socket

    async def a_call(self) -> tuple[Socket, Socket, str]:
        alice, bob = await self.connected("Alice"), await self.connected("Bob")
        await alice.says("session:connect", target="Bob")
        await bob.hears()
        return alice, bob, (await alice.hears())["payload"]["sessionId"]

    async def assert_refused(self, socket: Socket) -> None:
        """Refused before it was accepted, which is an HTTP 403."""
        accepted, _ = await socket.connect()
        self.assertFalse(accepted)
        await socket.wait()

    async def assert_hears(
        self, socket: Socket, code: Code, target: str | None = None, session_id: str | None = None
    ) -> None:
        error: dict[str, Any] = {"type": "error", "payload": {"code": code, "message": SENTENCES[code]}}
        about = {"target": target, "sessionId": session_id}
        self.assertEqual(await socket.hears(), error | {field: value for field, value in about.items() if value})

    async def assert_alive(self, socket: Socket) -> None:
        await socket.says("session:create")
        self.assertEqual((await socket.hears())["type"], "session:created")

    async def assert_forgotten(self) -> None:
        await self.house.settles()
        self.assertEqual(self.house.remembered(), {})


class AdmissionTests(ConsumerTestCase):
    async def test_without_a_username_the_request_is_refused(self) -> None:
        for query in ("", "?", "?user=alice", "?Username=alice"):
            with self.subTest(query):
                await self.assert_refused(self.socket(query))

    async def test_an_invalid_name_is_closed_with_4001(self) -> None:
        for query in ("?username=", "?username=ab", "?username=a%20b%20c", "?username=%ff%fe%fd", "?username=%0aalice"):
            with self.subTest(query):
                socket = self.socket(query)
                await socket.connect()
                await self.assert_hears(socket, Code.INVALID_USERNAME)
                self.assertEqual(await socket.closing_code(), 4001)

    async def test_a_taken_name_is_closed_with_4002_and_its_owner_stays(self) -> None:
        alice = await self.connected("Alice")
        second = self.socket("?username=aLICE")
        await second.connect()
        await self.assert_hears(second, Code.USERNAME_TAKEN)
        self.assertEqual(await second.closing_code(), 4002)
        bob = await self.connected("Bob")
        await bob.says("session:connect", target="alice")
        self.assertEqual((await alice.hears())["payload"]["peer"], "Bob")

    async def test_a_name_is_free_when_its_socket_is_gone(self) -> None:
        alice = await self.connected("Alice")
        await alice.disconnect()
        await self.assert_alive(await self.connected("alice"))

    async def test_other_parameters_do_not_matter(self) -> None:
        socket = self.socket("?Key=AAAA&username=Alice&username=Bob")
        await socket.connect()
        bob = await self.connected("Bob")
        await bob.says("session:connect", target="Alice")
        self.assertEqual((await bob.hears())["type"], "session:joined")

    async def test_too_many_connections_of_an_address_are_closed_with_4008(self) -> None:
        self.house = Matchmaker(limits=Limits(connections_per_address=1))
        await self.connected("Alice", client=["192.0.2.1", 1])
        second = self.socket("?username=Bob", client=["192.0.2.1", 2])
        await second.connect()
        await self.assert_hears(second, Code.RATE_LIMITED)
        self.assertEqual(await second.closing_code(), 4008)
        await self.connected("Bob", client=["192.0.2.2", 1])

    async def test_behind_a_trusted_proxy_the_forwarded_address_counts(self) -> None:
        self.house = Matchmaker(limits=Limits(connections_per_address=1))
        behind: Any = {"client": ["10.0.0.1", 1], "proxies": (ip_network("10.0.0.0/8"),)}
        await self.connected("Alice", headers=[(b"x-forwarded-for", b"6.6.6.6, 192.0.2.1")], **behind)
        await self.connected("Bob", headers=[(b"X-Forwarded-For", b"6.6.6.6, 192.0.2.2")], **behind)
        third = self.socket("?username=Carol", headers=[(b"x-forwarded-for", b"7.7.7.7, 192.0.2.1")], **behind)
        await third.connect()
        await self.assert_hears(third, Code.RATE_LIMITED)
        self.assertEqual(await third.closing_code(), 4008)

    async def test_behind_a_trusted_unix_socket_the_forwarded_address_counts(self) -> None:
        self.house = Matchmaker(limits=Limits(connections_per_address=1))
        for name, address in (("Alice", b"192.0.2.1"), ("Bob", b"192.0.2.2")):
            await self.connected(name, headers=[(b"x-forwarded-for", address)], proxies=("unix",))

    async def test_an_origin_that_is_not_allowed_is_refused(self) -> None:
        ours = {"origins": ("https://chat.example",)}
        for origin in (b"https://evil.example", b"http://chat.example", b"https://chat.example:8443", b"null"):
            with self.subTest(origin):
                await self.assert_refused(self.socket("?username=Alice", headers=[(b"origin", origin)], **ours))
        await self.connected("Alice", headers=[(b"origin", b"https://chat.example")], **ours)
        await self.connected("Bob", **ours)

    async def test_a_malformed_origin_is_refused_though_all_are_allowed(self) -> None:
        for origin in (b"", b"http://[", b"https://chat.example/", b"\xff\xfe", b"chat.example"):
            with self.subTest(origin):
                await self.assert_refused(self.socket("?username=Alice", headers=[(b"origin", origin)]))

    async def test_a_busy_store_closes_the_connection_for_now(self) -> None:
        class Unavailable(MemoryStore):
            async def claim(self, *args: Any, **options: Any) -> Claim:
                raise StoreUnavailable

        self.house = Matchmaker(store=Unavailable(ttl=TTL, clock=FakeClock()))
        socket = self.socket("?username=Alice")
        await socket.connect()
        await self.assert_hears(socket, Code.SERVER_BUSY)
        self.assertEqual(await socket.closing_code(), 1001)
        await self.assert_forgotten_without_store()

    async def assert_forgotten_without_store(self) -> None:
        self.assertEqual(self.house.remembered(), {})


class OwnershipTests(ConsumerTestCase):
    """Connections that claim their name with a key."""

    def setUp(self) -> None:
        super().setUp()
        self.key = NameKey()

    async def asked(self, name: str = "Alice", key: str | None = None, **options: Any) -> tuple[Socket, Any]:
        """A connection that has been asked for its proof, and what it was asked."""
        socket = self.socket(f"?username={name}&key={key or self.key.text}", **options)
        self.assertEqual(await socket.connect(), (True, None))
        heard = await socket.hears()
        self.assertEqual((heard["type"], set(heard["payload"])), ("auth:challenge", {"publicKey", "nonce"}))
        return socket, heard["payload"]

    def proof(self, challenge: Any, name: str = "Alice") -> dict[str, str]:
        asked = ChallengePayload(challenge["publicKey"], challenge["nonce"])
        answer = prove(self.key, ORIGIN, name, asked)
        return {"origin": answer.origin, "mac": answer.mac}

    async def owner(self) -> Socket:
        socket, challenge = await self.asked()
        await socket.says("auth:response", payload=self.proof(challenge))
        self.assertEqual(await socket.hears(), {"type": "auth:ok", "payload": {"username": "Alice"}})
        return socket

    async def assert_closed(self, socket: Socket, code: Code = Code.AUTH_FAILED, close: int = 4003) -> None:
        await self.assert_hears(socket, code)
        self.assertEqual(await socket.closing_code(), close)

    async def test_who_proves_the_key_has_the_name_and_is_served(self) -> None:
        await self.assert_alive(await self.owner())

    async def test_a_key_that_is_none_is_closed_with_4003_without_a_question(self) -> None:
        low_order = b64url(bytes(32))
        for key in ("", "AAAA", self.key.text[:-1], f"{self.key.text}%3D", "%ff%fe", "%2B" * 43, low_order):
            with self.subTest(key):
                socket = self.socket(f"?username=Alice&key={key}")
                await socket.connect()
                await self.assert_closed(socket)

    async def test_the_first_key_of_the_query_counts(self) -> None:
        socket = self.socket(f"?username=Alice&key=&key={self.key.text}")
        await socket.connect()
        await self.assert_closed(socket)

    async def test_the_name_is_looked_at_before_the_key(self) -> None:
        socket = self.socket("?username=no&key=no")
        await socket.connect()
        await self.assert_closed(socket, Code.INVALID_USERNAME, 4001)

    async def test_a_wrong_proof_is_closed_with_4003_and_nothing_is_remembered(self) -> None:
        socket, challenge = await self.asked()
        await socket.says("auth:response", payload={**self.proof(challenge), "origin": "https://evil.example"})
        await self.assert_closed(socket)
        self.assertEqual(self.house.remembered(), {})

    async def test_anything_else_in_the_place_of_the_proof_is_closed_with_4003(self) -> None:
        for frame in ('{"type":"session:create"}', "x", '{"type":"auth:response"}'):
            with self.subTest(frame):
                socket, _ = await self.asked()
                await socket.send_to(text_data=frame)
                await self.assert_closed(socket)
        socket, _ = await self.asked()
        await socket.send_to(bytes_data=b"x")
        await self.assert_closed(socket)

    async def test_who_says_nothing_is_closed_with_4003_when_the_time_is_over(self) -> None:
        socket, _ = await self.asked(patience=0.01)
        await self.assert_closed(socket)
        self.assertEqual(self.house.remembered(), {})

    async def test_who_has_proven_it_in_time_may_be_silent_for_longer(self) -> None:
        socket, challenge = await self.asked(patience=0.2)
        await socket.says("auth:response", payload=self.proof(challenge))
        await socket.hears()
        self.assertTrue(await socket.receive_nothing(0.4))
        await self.assert_alive(socket)

    async def test_the_time_for_a_proof_is_ten_seconds(self) -> None:
        self.assertEqual(PROOF_SECONDS, 10)

    async def test_who_goes_before_the_proof_leaves_nothing(self) -> None:
        socket, _ = await self.asked()
        await socket.disconnect()
        self.assertTrue(socket.output_queue.empty(), "something was sent after the end")
        self.assertEqual(self.house.remembered(), {})

    async def test_who_is_cancelled_before_the_proof_leaves_nothing(self) -> None:
        socket, _ = await self.asked()
        socket.future.cancel()
        self.assertEqual((await socket.receive_output())["code"], 1001)
        with self.assertRaises(asyncio.CancelledError):
            await socket.future
        self.assertEqual(self.house.remembered(), {})

    async def test_connections_without_a_proof_are_bounded_for_an_address(self) -> None:
        self.house = Matchmaker(limits=Limits(connections_per_address=2))
        for _ in range(2):
            await self.asked(client=["192.0.2.1", 1])
        third = self.socket(f"?username=Bob&key={self.key.text}", client=["192.0.2.1", 2])
        await third.connect()
        await self.assert_closed(third, Code.RATE_LIMITED, 4008)

    async def test_a_newer_connection_of_the_owner_closes_the_older_with_4004(self) -> None:
        older, bob = await self.owner(), await self.connected("Bob")
        await older.says("session:connect", target="Bob")
        await older.hears()
        await bob.hears()
        newer = await self.owner()
        self.assertEqual(await older.closing_code(), 4004)
        await bob.says("signal:ice", target="Alice", payload={})
        self.assertEqual((await newer.hears())["type"], "signal:ice")
        self.assertTrue(await bob.receive_nothing())

    async def test_a_thief_closes_nobody(self) -> None:
        alice, owner = await self.owner(), self.key
        self.key = NameKey()
        thief, challenge = await self.asked("aLICE")
        await thief.says("auth:response", payload=self.proof(challenge, "alice"))
        await self.assert_closed(thief, Code.USERNAME_TAKEN, 4002)
        self.key = owner
        await self.assert_alive(alice)

    async def test_a_page_that_is_reloaded_has_its_name_and_its_sessions_again(self) -> None:
        alice, bob = await self.owner(), await self.connected("Bob")
        await alice.says("session:connect", target="Bob")
        await bob.hears()
        await alice.disconnect(1001)
        await bob.says("signal:ice", target="Alice", payload={})
        await self.assert_hears(bob, Code.RELAY_FAILED, "Alice")
        alice = await self.owner()
        await alice.says("signal:ice", target="Bob", payload={})
        self.assertEqual((await bob.hears())["type"], "signal:ice")

    async def test_neither_key_nor_name_is_logged(self) -> None:
        with self.assertNoLogs(level="DEBUG"):
            socket, _ = await self.asked()
            await socket.send_to(text_data="x")
            await self.assert_closed(socket)


class OriginTests(SimpleTestCase):
    def test_no_origin_is_allowed(self) -> None:
        self.assertTrue(origin_is_allowed([], ("https://chat.example",)))

    def test_a_star_allows_whatever_is_well_formed(self) -> None:
        for origin in (
            *("https://chat.example", "http://127.0.0.1:8080", "http://[::1]:80", "HTTP://Chat.Example", "null"),
            *("moz-extension://0f-1a", "capacitor://localhost", "app://-"),
        ):
            self.assertTrue(origin_is_allowed([origin], ("*",)), origin)

    def test_a_star_allows_nothing_malformed(self) -> None:
        for origin in (
            *("", " ", "*", "http://", "//a", "http:a", "http://a/", "http://a?b", "http://a b", "http://a:b@c"),
            *("http://[::1", "http://a:", "http://a:123456", "http://a\n", "1http://a", "http://ä", "null,null"),
        ):
            self.assertFalse(origin_is_allowed([origin], ("*",)), origin)

    def test_two_origins_are_none(self) -> None:
        self.assertFalse(origin_is_allowed(["https://a.example", "https://a.example"], ("*",)))

    def test_case_does_not_matter(self) -> None:
        self.assertTrue(origin_is_allowed(["HTTPS://Chat.Example"], ("https://chat.example",)))


class MessageTests(ConsumerTestCase):
    async def test_connect_joins_both(self) -> None:
        self.house = Matchmaker(ice=IceServers(stun_urls=("stun:stun.example",)))
        alice, bob = await self.connected("Alice"), await self.connected("Bob")
        await alice.says("session:connect", target="BOB")
        hers, his = await alice.hears(), await bob.hears()
        session_id = hers["payload"]["sessionId"]
        for heard, peer, initiator in ((hers, "Bob", True), (his, "Alice", False)):
            payload = {"sessionId": session_id, "peer": peer, "initiator": initiator}
            payload["iceServers"] = [{"urls": ["stun:stun.example"]}]
            self.assertEqual(heard, {"type": "session:joined", "payload": payload})

    async def test_both_calling_at_once_get_one_session(self) -> None:
        alice, bob = await self.connected("Alice"), await self.connected("Bob")
        await asyncio.gather(alice.says("session:connect", target="Bob"), bob.says("session:connect", target="Alice"))
        heard = [await socket.hears() for socket in (alice, bob) for _ in range(2)]
        self.assertEqual(len({message["payload"]["sessionId"] for message in heard}), 1)
        self.assertEqual([message["payload"]["initiator"] for message in heard], [True, True, False, False])

    async def test_create_and_join(self) -> None:
        alice, bob = await self.connected("Alice"), await self.connected("Bob")
        await alice.says("session:create")
        session_id = (await alice.hears())["payload"]["sessionId"]
        await bob.says("session:join", sessionId=session_id)
        for socket, peer, initiator in ((alice, "Bob", True), (bob, "Alice", False)):
            heard = await socket.hears()
            payload = {"sessionId": session_id, "peer": peer, "initiator": initiator, "iceServers": []}
            self.assertEqual(heard, {"type": "session:joined", "payload": payload})

    async def test_decline(self) -> None:
        alice, bob, session_id = await self.a_call()
        await bob.says("session:decline", sessionId=session_id, payload={"reason": "busy"})
        payload = {"sessionId": session_id, "peer": "Bob", "reason": "busy"}
        self.assertEqual(await alice.hears(), {"type": "session:declined", "payload": payload})

    async def test_leave(self) -> None:
        alice, bob, session_id = await self.a_call()
        await alice.says("session:leave", sessionId=session_id)
        payload = {"sessionId": session_id, "peer": "Alice", "reason": "left"}
        self.assertEqual(await bob.hears(), {"type": "session:left", "payload": payload})

    async def test_every_relayed_type_reaches_the_other_and_nobody_else(self) -> None:
        alice, bob, session_id = await self.a_call()
        carol = await self.connected("Carol")
        for kind in ("key:exchange", "signal:offer", "signal:answer", "signal:ice"):
            for sender, receiver, name in ((alice, bob, "Alice"), (bob, alice, "Bob")):
                target = "bob" if sender is alice else "alice"
                envelope = {"target": target, "sessionId": session_id, "payload": {"text": 'é 😀 "<b>"'}}
                await sender.says(kind, sender="Carol", extra=1, **envelope)
                self.assertEqual(await receiver.hears(), {"type": kind, "sender": name, **envelope})
        self.assertTrue(await carol.receive_nothing())

    async def test_the_largest_message_is_relayed(self) -> None:
        alice, bob, _ = await self.a_call()
        head, tail = '{"type":"signal:offer","target":"Bob","payload":{"sdp":"', '"}}'
        sdp = "é" * ((65_536 - len(head) - len(tail)) // 2)
        await alice.send_to(text_data=head + sdp + tail)
        self.assertEqual((await bob.hears())["payload"]["sdp"], sdp)


class ErrorTests(ConsumerTestCase):
    """Each code that does not close: the error names whom and which session it was for, and the connection lives on."""

    async def refused(self, socket: Socket, code: Code, kind: str, **envelope: Any) -> None:
        await socket.says(kind, **envelope)
        session_id = envelope.get("sessionId")
        known = session_id if session_id and code is not Code.INVALID_SESSION_ID else None
        await self.assert_hears(socket, code, envelope.get("target"), known)
        await self.assert_alive(socket)

    async def test_invalid_message(self) -> None:
        alice = await self.connected("Alice")
        for frame in ("x", "[]", '{"type":"signal:ice","target":"Bob","payload":1}'):
            await alice.send_to(text_data=frame)
            await self.assert_hears(alice, Code.INVALID_MESSAGE, "Bob" if "Bob" in frame else None)
            await self.assert_alive(alice)

    async def test_a_binary_or_empty_frame_is_an_invalid_message(self) -> None:
        alice = await self.connected("Alice")
        for event in ({"bytes": b'{"type":"session:create"}'}, {"bytes": b"\xff", "text": None}, {"text": ""}):
            await alice.send_input({"type": "websocket.receive", **event})
            await self.assert_hears(alice, Code.INVALID_MESSAGE)
        await self.assert_alive(alice)

    async def test_unknown_type(self) -> None:
        await self.refused(await self.connected("Alice"), Code.UNKNOWN_TYPE, "session:joined", target="Bob")

    async def test_missing_target(self) -> None:
        await self.refused(await self.connected("Alice"), Code.MISSING_TARGET, "session:connect")

    async def test_invalid_target(self) -> None:
        await self.refused(await self.connected("Alice"), Code.INVALID_TARGET, "session:connect", target="aLICE")

    async def test_user_offline(self) -> None:
        await self.refused(await self.connected("Alice"), Code.USER_OFFLINE, "session:connect", target="Bob")

    async def test_not_in_session(self) -> None:
        alice, _ = await self.connected("Alice"), await self.connected("Bob")
        await self.refused(alice, Code.NOT_IN_SESSION, "key:exchange", target="Bob", payload={})

    async def test_relay_failed(self) -> None:
        alice, _, _ = await self.a_call()
        (bob,) = (client for client in self.house.hub._clients if client.name == "Bob")
        self.house.post.detach("Bob", bob.owner.connection)
        await self.refused(alice, Code.RELAY_FAILED, "signal:offer", target="Bob", payload={})

    async def test_missing_session_id(self) -> None:
        await self.refused(await self.connected("Alice"), Code.MISSING_SESSION_ID, "session:join")

    async def test_invalid_session_id(self) -> None:
        await self.refused(await self.connected("Alice"), Code.INVALID_SESSION_ID, "session:leave", sessionId="1")

    async def test_session_create_failed(self) -> None:
        alice = await self.connected("Alice")
        for _ in range(64):
            await self.assert_alive(alice)
        await alice.says("session:create")
        await self.assert_hears(alice, Code.SESSION_CREATE_FAILED)

    async def test_session_join_failed(self) -> None:
        alice = await self.connected("Alice")
        await self.refused(alice, Code.SESSION_JOIN_FAILED, "session:join", sessionId=NO_SESSION)

    async def test_rate_limited(self) -> None:
        self.house = Matchmaker(limits=Limits(call_burst=1))
        alice = await self.connected("Alice")
        await self.assert_alive(alice)
        await alice.says("session:connect", target="Bob")
        await self.assert_hears(alice, Code.RATE_LIMITED, "Bob")

    async def test_server_busy(self) -> None:
        class Unavailable(MemoryStore):
            async def touch(self, *args: Any, **options: Any) -> At | None:
                raise StoreUnavailable

        self.house = Matchmaker(store=Unavailable(ttl=TTL, clock=FakeClock()))
        alice = await self.connected("Alice")
        await self.refused(alice, Code.SERVER_BUSY, "signal:ice", target="Bob", payload={})


class EndTests(ConsumerTestCase):
    async def test_a_frame_over_64_kib_is_closed_with_1009(self) -> None:
        for frame in ("x" * 65_537, "é" * 32_769):
            alice = await self.connected("Alice")
            await alice.send_to(text_data=frame)
            await self.assert_hears(alice, Code.MESSAGE_TOO_LARGE)
            self.assertEqual(await alice.closing_code(), 1009)
            await self.assert_forgotten()

    async def test_a_flood_is_closed_with_4008(self) -> None:
        self.house = Matchmaker(limits=Limits(message_burst=2))
        alice = await self.connected("Alice")
        for _ in range(5):
            await alice.says("session:leave", target="Bob")
        for code in (*(Code.NOT_IN_SESSION,) * 2, *(Code.RATE_LIMITED,) * 3):
            await self.assert_hears(alice, code, "Bob")
        self.assertEqual(await alice.closing_code(), 4008)
        await self.assert_forgotten()

    async def test_a_socket_that_goes_is_missed_and_forgotten(self) -> None:
        alice, bob, session_id = await self.a_call()
        await alice.disconnect()
        payload = {"sessionId": session_id, "peer": "Alice", "reason": "gone"}
        self.assertEqual(await bob.hears(), {"type": "session:left", "payload": payload})
        await bob.says("session:connect", target="Alice")
        await self.assert_hears(bob, Code.USER_OFFLINE, "Alice")
        await bob.disconnect()
        await self.assert_forgotten()

    async def test_who_is_closed_by_the_server_is_missed_too(self) -> None:
        alice, bob, _ = await self.a_call()
        await alice.send_to(text_data="x" * 65_537)
        self.assertEqual((await bob.hears())["payload"]["reason"], "gone")

    async def test_a_socket_that_goes_before_it_was_accepted_leaves_nothing(self) -> None:
        socket = self.socket("?username=Alice")
        await socket.send_input({"type": "websocket.disconnect", "code": 1006})
        await socket.wait()
        self.assertTrue(await socket.receive_nothing())
        self.assertEqual(self.house.remembered(), {})

    async def test_who_is_cancelled_while_waiting_to_leave_has_left(self) -> None:
        alice = await self.connected("Alice")
        for _ in range(1_000):
            TURNS.take(lambda: None)
        await alice.send_input({"type": "websocket.disconnect", "code": 1001})
        for _ in range(20):
            await asyncio.sleep(0)
        self.assertFalse(alice.future.done())
        alice.future.cancel()
        await asyncio.wait([alice.future])
        await self.assert_forgotten()

    async def test_a_cancelled_connection_is_closed_with_1001_and_missed(self) -> None:
        alice, bob, _ = await self.a_call()
        alice.future.cancel()
        self.assertEqual((await alice.receive_output())["code"], 1001)
        self.assertEqual((await bob.hears())["payload"]["reason"], "gone")
        await self.assert_cancelled(alice)
        await bob.disconnect()
        await self.assert_forgotten()

    async def test_when_all_are_cancelled_together_nobody_is_told_that_the_other_left(self) -> None:
        alice, bob, _ = await self.a_call()
        for socket in (alice, bob):
            socket.future.cancel()
        for socket in (alice, bob):
            await self.assert_cancelled(socket)
            self.assertEqual(socket.output_queue.get_nowait(), {"type": "websocket.close", "code": 1001})
            self.assertTrue(socket.output_queue.empty())
        await self.assert_forgotten()

    async def assert_cancelled(self, socket: Socket) -> None:
        with self.assertRaises(asyncio.CancelledError):
            await socket.future

    async def test_an_unexpected_exception_is_logged_without_what_it_says(self) -> None:
        class Broken(MemoryStore):
            async def touch(self, *args: Any, **options: Any) -> At | None:
                raise KeyError(args[0])

        self.house = Matchmaker(store=Broken(ttl=TTL, clock=self.house.clock))
        alice, bob, _ = await self.a_call()
        with self.assertLogs("signaling", "ERROR") as logged:
            await alice.says("signal:ice", target="Bob", payload={})
            self.assertEqual(await alice.closing_code(), 1011)
        self.assertEqual(logged.output, ["ERROR:signaling.consumer:A connection ended with an unexpected KeyError"])
        self.assertEqual((await bob.hears())["payload"]["reason"], "gone")

    async def test_an_unexpected_exception_while_leaving_is_logged_without_what_it_says(self) -> None:
        class Broken(MemoryStore):
            async def release(self, name: str, connection: str) -> Any:
                raise KeyError(name)

        self.house = Matchmaker(store=Broken(ttl=TTL, clock=FakeClock()))
        alice = await self.connected("Alice")
        with self.assertLogs("signaling", "ERROR") as logged:
            await alice.disconnect()
        self.assertEqual(logged.output, ["ERROR:signaling.consumer:Leaving ended with an unexpected KeyError"])

    async def test_a_socket_that_takes_nothing_ends_like_one_that_went(self) -> None:
        scope = {"type": "websocket", "query_string": b"username=Alice", "headers": []}
        events = iter([{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "x"}])

        async def receive() -> Any:
            return next(events)

        async def send(event: Any) -> None:
            if event["type"] == "websocket.send":
                raise ConnectionResetError

        with self.assertNoLogs("signaling"):
            await SignalingConsumer(hub=self.house.hub)(scope, receive, send)  # type: ignore[arg-type]
        self.assertEqual(self.house.remembered(), {})


class TimerTests(SimpleTestCase):
    async def test_a_job_is_done_once_and_not_before_its_time(self) -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Queue[float] = asyncio.Queue()

        async def job() -> None:
            done.put_nowait(loop.time())

        began = loop.time()
        Timer().after(0.02, job)
        self.assertGreaterEqual(await asyncio.wait_for(done.get(), 10) - began, 0.019)
        self.assertTrue(done.empty())


class RoutingTests(SimpleTestCase):
    def application(self) -> Any:
        return URLRouter(routing.url_patterns(build_service()))

    async def test_the_socket_is_at_ws(self) -> None:
        socket = Socket(self.application(), "/ws?username=Alice")
        self.assertEqual(await socket.connect(), (True, None))
        await socket.disconnect()

    async def test_other_paths_are_refused_without_an_exception(self) -> None:
        for path in ("/", "/ws/", "/wss", "/ws/ws", "/socket", "/%0a", "//ws/x"):
            with self.subTest(path):
                socket = Socket(routing.websocket_application, f"{path}?username=Alice")
                self.assertFalse((await socket.connect())[0])
                await socket.wait()

    async def admitted(self, origin: str, **changed: Any) -> bool:
        """Whether somebody who dialled `origin` can prove their name."""
        with override_settings(**changed):
            application = self.application()
        key = NameKey()
        socket = Socket(application, f"/ws?username=Alice&key={key.text}")
        await socket.connect()
        asked = (await socket.hears())["payload"]
        proof = prove(key, origin, "Alice", ChallengePayload(asked["publicKey"], asked["nonce"]))
        await socket.says("auth:response", payload={"origin": proof.origin, "mac": proof.mac})
        answer: str = (await socket.hears())["type"]
        await socket.disconnect()
        return answer == "auth:ok"

    async def test_which_origins_are_ours_is_configured(self) -> None:
        ours, here = "https://chat.example", "http://127.0.0.1:8080"
        table: list[tuple[dict[str, Any], tuple[bool, bool]]] = [
            ({"PUBLIC_ORIGINS": (ours,), "DEBUG": False}, (True, False)),
            ({"PUBLIC_ORIGINS": (ours,), "DEBUG": True}, (True, True)),
            ({"PUBLIC_ORIGINS": (), "DEBUG": False}, (False, True)),
            ({"PUBLIC_ORIGINS": (), "DEBUG": True}, (False, True)),
            ({"PUBLIC_ORIGINS": (here,), "DEBUG": False}, (False, True)),
        ]
        for changed, expected in table:
            with self.subTest(changed):
                self.assertEqual((await self.admitted(ours, **changed), await self.admitted(here, **changed)), expected)

    @override_settings(
        SESSION_TTL=600.0,
        MESSAGE_RATE=1,
        MESSAGE_BURST=1,
        CALL_RATE=1,
        CALL_BURST=1,
        CONNECTIONS_PER_ADDRESS=1,
        STUN_URLS=("stun:stun.example",),
        TURN_URLS=("turn:turn.example",),
        TURN_SECRET="s3cret",
        CORS_ORIGINS=("https://chat.example",),
        TRUSTED_PROXIES=("unix",),
    )
    async def test_the_settings_reach_the_hub(self) -> None:
        application = self.application()
        refused = Socket(application, "/ws?username=Alice", headers=[(b"origin", b"https://evil.example")])
        self.assertFalse((await refused.connect())[0])
        alice, bob = (
            Socket(application, f"/ws?username={name}", headers=[(b"x-forwarded-for", address)])
            for name, address in (("Alice", b"192.0.2.1"), ("Bob", b"192.0.2.2"))
        )
        await alice.connect()
        await bob.connect()
        await alice.says("session:connect", target="Bob")
        urls = [server["urls"] for server in (await alice.hears())["payload"]["iceServers"]]
        self.assertEqual(urls, [["stun:stun.example"], ["turn:turn.example"]])
        await alice.says("session:create")
        self.assertEqual((await alice.hears())["payload"]["code"], Code.RATE_LIMITED)
        for socket in (alice, bob):
            await socket.disconnect()
