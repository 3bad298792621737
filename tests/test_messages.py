from __future__ import annotations

from typing import Any

import msgspec
from django.test import SimpleTestCase
from msgspec import Raw

from signaling import messages
from signaling.errors import Code, ProtocolError
from signaling.messages import parse_from_client, parse_from_server

SESSION = "11111111-2222-4333-8444-555555555555"

FROM_CLIENT: dict[str, messages.FromClient] = {
    '{"type":"auth:response","payload":{"origin":"https://chat.example","mac":"bWFj"}}': messages.AuthResponse(
        payload=messages.ProofPayload("https://chat.example", "bWFj")
    ),
    '{"type":"session:connect","target":"bob"}': messages.SessionConnect(target="bob"),
    '{"type":"session:create"}': messages.SessionCreate(),
    f'{{"type":"session:join","sessionId":"{SESSION}"}}': messages.SessionJoin(session_id=SESSION),
    '{"type":"session:join","payload":{"sessionId":"x"}}': messages.SessionJoin(payload=messages.SessionRef("x")),
    '{"type":"session:decline","payload":{"reason":"busy"}}': messages.SessionDecline(
        payload=messages.SessionRef(reason="busy")
    ),
    '{"type":"session:leave","target":"bob"}': messages.SessionLeave(target="bob"),
    '{"type":"key:exchange","payload":{ "a": 1 },"target":"bob"}': messages.KeyExchange(
        payload=Raw(b'{ "a": 1 }'), target="bob"
    ),
    '{"type":"signal:offer","payload":{}}': messages.Offer(payload=Raw(b"{}")),
    '{"type":"signal:answer","payload":{}}': messages.Answer(payload=Raw(b"{}")),
    '{"type":"signal:ice","payload":{}}': messages.Ice(payload=Raw(b"{}")),
}

FROM_SERVER: dict[str, messages.FromServer] = {
    '{"type":"auth:challenge","payload":{"publicKey":"UA==","nonce":"bg=="}}': messages.AuthChallenge(
        payload=messages.ChallengePayload("UA==", "bg==")
    ),
    '{"type":"auth:ok","payload":{"username":"Alice"}}': messages.AuthOk(payload=messages.WelcomePayload("Alice")),
    f'{{"type":"session:created","payload":{{"sessionId":"{SESSION}"}}}}': messages.SessionCreated(
        payload=messages.CreatedPayload(SESSION)
    ),
    f'{{"type":"session:joined","payload":{{"sessionId":"{SESSION}","peer":"Bob","initiator":true,"iceServers":'
    '[{"urls":["stun:s.example"]},{"urls":["turn:t.example"],"username":"1:a","credential":"c"}]}}': (
        messages.SessionJoined(
            payload=messages.JoinedPayload(
                SESSION,
                "Bob",
                True,
                [messages.IceServer(["stun:s.example"]), messages.IceServer(["turn:t.example"], "1:a", "c")],
            )
        )
    ),
    f'{{"type":"session:joined","payload":{{"sessionId":"{SESSION}","peer":"Bob","initiator":false,"iceServers":[]}}}}': (
        messages.SessionJoined(payload=messages.JoinedPayload(SESSION, "Bob", False))
    ),
    f'{{"type":"session:declined","payload":{{"sessionId":"{SESSION}","peer":"Bob","reason":"busy"}}}}': (
        messages.SessionDeclined(payload=messages.EndedPayload(SESSION, "Bob", "busy"))
    ),
    f'{{"type":"session:left","payload":{{"sessionId":"{SESSION}","peer":"Bob","reason":"gone"}}}}': (
        messages.SessionLeft(payload=messages.EndedPayload(SESSION, "Bob", "gone"))
    ),
    '{"type":"signal:ice","payload":{"a":1},"target":"bob","sender":"Alice"}': messages.Ice(
        payload=Raw(b'{"a":1}'), target="bob", sender="Alice"
    ),
    '{"type":"error","payload":{"code":"USER_OFFLINE","message":"No."},"target":"bob"}': messages.Error(
        payload=messages.ErrorPayload("USER_OFFLINE", "No."), target="bob"
    ),
}


class NameTests(SimpleTestCase):
    def test_names_that_differ_only_in_case_are_one(self) -> None:
        self.assertTrue(messages.same_name("aLiCe", "AlIcE"))
        self.assertFalse(messages.same_name("alice", "alice_"))

    def test_a_session_id_is_a_uuid(self) -> None:
        for good in (SESSION, SESSION.upper(), "AbCdEf00-0000-0000-0000-000000000000"):
            self.assertTrue(messages.is_session_id(good))
        for bad in ("", SESSION[1:], SESSION + "\n", SESSION.replace("-", ""), f"{{{SESSION}}}", SESSION[:-1] + "g"):
            self.assertFalse(messages.is_session_id(bad), bad)


class WireTests(SimpleTestCase):
    def test_every_message_of_a_client_is_read_and_written(self) -> None:
        for frame, message in FROM_CLIENT.items():
            with self.subTest(frame):
                self.assertEqual(parse_from_client(frame), message)
                self.assertEqual(messages.dump(message), frame)

    def test_every_message_of_the_server_is_read_and_written(self) -> None:
        for frame, message in FROM_SERVER.items():
            with self.subTest(frame):
                self.assertEqual(parse_from_server(frame), message)
                self.assertEqual(messages.dump(message), frame)

    def test_the_tables_above_are_complete(self) -> None:
        self.assertEqual({type(message) for message in FROM_CLIENT.values()}, set(messages.FromClient.__args__))
        relayed = {messages.KeyExchange, messages.Offer, messages.Answer}
        self.assertEqual(
            {type(message) for message in FROM_SERVER.values()} | relayed, set(messages.FromServer.__args__)
        )

    def test_unknown_fields_are_dropped(self) -> None:
        frame = '{"x":{"y":[1]},"type":"session:connect","target":"bob","type2":3}'
        self.assertEqual(messages.dump(parse_from_client(frame)), '{"type":"session:connect","target":"bob"}')

    def test_null_is_absent(self) -> None:
        frame = '{"type":"session:join","sessionId":null,"target":null,"sender":null,"payload":null}'
        self.assertEqual(parse_from_client(frame), messages.SessionJoin())

    def test_a_relayed_payload_stays_as_it_came(self) -> None:
        payload = '{ "b" : [1.0, 1e2], "b": "\\u00e9\\/é😀" , "a":null}'
        message = parse_from_client(f'{{"payload":{payload},"type":"signal:offer"}}')
        assert isinstance(message, messages.Offer)
        self.assertEqual(bytes(message.payload), payload.encode())
        self.assertIn(payload, messages.dump(message))

    def test_a_payload_is_decoded_and_made(self) -> None:
        body: dict[str, Any] = {"type": "offer", "sdp": "v=0\r\n", "n": [1, None, True]}
        self.assertEqual(messages.Offer(payload=messages.raw(body)).body(), body)

    def test_a_payload_that_is_no_object_has_no_body(self) -> None:
        for payload in (b"[]", b"1", b"", b"{", b'{"a":"\xff"}', b"[" * 100_000):
            with self.subTest(payload[:10]), self.assertRaises(ProtocolError) as raised:
                messages.Offer(payload=Raw(payload)).body()
            self.assertEqual(raised.exception.code, Code.INVALID_MESSAGE)


class FaultTests(SimpleTestCase):
    def fault(self, frame: str) -> tuple[Code, str | None]:
        with self.assertRaises(ProtocolError) as raised:
            parse_from_client(frame)
        return raised.exception.code, raised.exception.target

    def test_what_is_no_message(self) -> None:
        for frame in ("", " ", "x", "1", '"a"', "[]", "null", "{}", '{"target":"bob"}', '{"type":null}', "{" * 70_000):
            with self.subTest(frame[:20]):
                self.assertEqual(self.fault(frame), (Code.INVALID_MESSAGE, None))

    def test_fields_of_the_wrong_type(self) -> None:
        for field in ('"sessionId":1', '"sender":{}', '"payload":[]', '"payload":{"sessionId":5}', '"payload":"x"'):
            with self.subTest(field):
                frame = f'{{"type":"session:leave","target":"bob",{field}}}'
                self.assertEqual(self.fault(frame), (Code.INVALID_MESSAGE, "bob"))
        self.assertEqual(self.fault('{"type":"session:connect","target":5}'), (Code.INVALID_MESSAGE, None))

    def test_a_relayed_payload_is_an_object(self) -> None:
        for payload in ("[]", "null", "1", '"{}"'):
            frame = f'{{"type":"signal:ice","target":"bob","payload":{payload}}}'
            self.assertEqual(self.fault(frame), (Code.INVALID_MESSAGE, "bob"))

    def test_types_that_are_not_a_clients(self) -> None:
        for kind in ("error", "session:joined", "session:left", "auth:ok", "SESSION:CONNECT", "", "é"):
            frame = f'{{"type":"{kind}","target":"bob"}}'
            self.assertEqual(self.fault(frame), (Code.UNKNOWN_TYPE, "bob"))

    def test_what_the_server_never_says(self) -> None:
        for frame, code in (('{"type":"session:connect"}', Code.UNKNOWN_TYPE), ("{}", Code.INVALID_MESSAGE)):
            with self.assertRaises(ProtocolError) as raised:
                parse_from_server(frame)
            self.assertEqual(raised.exception.code, code)

    def test_half_a_surrogate_pair_is_refused(self) -> None:
        self.assertEqual(self.fault('{"type":"session:connect","target":"\ud800"}')[0], Code.INVALID_MESSAGE)

    def test_every_frame_that_was_read_can_be_written(self) -> None:
        frame = '{"type":"session:connect","target":"\\ud83d\\ude00 \\u0000 \\\\"}'
        written = messages.dump(parse_from_client(frame))
        self.assertEqual(msgspec.json.decode(written)["target"], "😀 \0 \\")
