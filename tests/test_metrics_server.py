"""A life's worth of events on each real server: what `/metrics` and the log say of it, and what they never say."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from http.client import HTTPConnection
from typing import Any

from django.test import SimpleTestCase
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from chat.peer.ownership import prove
from signaling.messages import AuthChallenge, AuthResponse, dump, parse_from_server
from signaling.process import HEALED, NO_STORE
from tests.support.http import PATIENCE, Answer, request
from tests.support.name_keys import NameKey
from tests.support.redis import RedisServer
from tests.support.scrape import numbers
from tests.support.server import SERVERS, SiteServer

ORIGIN = "https://chat.example"
RECOVERY = 60.0
"""Seconds that a server may take to notice what has changed."""

MARKED = "Ornithorhynchus"
"""Stands in whatever a client sends beside its name."""

ENV = {
    **{"METRICS": "1", "LOG_FORMAT": "json", "LOG_LEVEL": "info", "CONNECTIONS_PER_ADDRESS": "2"},
    **{"TRUSTED_PROXIES": "127.0.0.1", "CORS_ORIGINS": ORIGIN, "PUBLIC_ORIGINS": ORIGIN, "SECRET_KEY": f"{MARKED}!"},
}

SENT_AND_REFUSED = {
    MARKED: "INVALID_MESSAGE",
    f'{{"type":"{MARKED}"}}': "UNKNOWN_TYPE",
    '{"type":"session:connect"}': "MISSING_TARGET",
    '{"type":"session:connect","target":"not a name"}': "INVALID_TARGET",
    '{"type":"session:connect","target":"Nobody_Here"}': "USER_OFFLINE",
    '{"type":"signal:offer","target":"Nobody_Here","payload":{}}': "NOT_IN_SESSION",
    '{"type":"session:join"}': "MISSING_SESSION_ID",
    f'{{"type":"session:join","sessionId":"{MARKED}"}}': "INVALID_SESSION_ID",
    '{"type":"session:join","sessionId":"12345678-0000-4000-8000-1234567890ab"}': "SESSION_JOIN_FAILED",
}

EXPECTED = {
    **{"lowkey_serving": 1, "lowkey_sockets": 1, "lowkey_clients": 1},
    **{"lowkey_sockets_opened_total": 11, "lowkey_clients_joined_total": 6},
    **{f'lowkey_refusals_total{{reason="{reason}"}}': 1 for reason in ("NO_USERNAME", "ORIGIN")},
    **{
        f'{family}_total{{{label}="{code}"}}': 1
        for family, label in (("lowkey_refusals", "reason"), ("lowkey_errors", "code"))
        for code in ("INVALID_USERNAME", "USERNAME_TAKEN", "AUTH_FAILED", "RATE_LIMITED", "MESSAGE_TOO_LARGE")
    },
    **{f'lowkey_errors_total{{code="{code}"}}': 1 for code in SENT_AND_REFUSED.values()},
    'lowkey_errors_total{code="MESSAGE_TOO_LARGE"}': 2,
    'lowkey_errors_total{code="INVALID_MESSAGE"}': 2,
    **{f'lowkey_closes_total{{code="{code}"}}': 1 for code in (4001, 4002, 4003, 4004, 4008)},
    'lowkey_closes_total{code="1009"}': 2,
    **{f'lowkey_session_events_total{{event="{event}"}}': 1 for event in ("opened", "resumed")},
    'lowkey_session_events_total{event="created"}': 2,
    'lowkey_session_events_total{event="gone"}': 3,
    'lowkey_relays_total{to="here",type="key:exchange"}': 2,
    **{f'lowkey_relays_total{{to="here",type="signal:{kind}"}}': 1 for kind in ("offer", "answer", "ice")},
    "lowkey_handling_seconds_count": 2 + 5 + len(SENT_AND_REFUSED) + 2 + 2,
}


class Life:
    """People who come from addresses of their own; `marks` is what must be found nowhere."""

    def __init__(self, server: SiteServer) -> None:
        self.server = server
        self.marks = {MARKED, "Nobody_Here", "12345678-0000", "127.0.0.1", "192.0.2."}

    async def socket(self, query: str, address: str, origin: Any = None) -> ClientConnection:
        self.marks |= {address, *(part.partition("=")[2] for part in query[1:].split("&"))}
        where = self.server.url.replace("http", "ws") + f"/ws{query}"
        return await connect(where, additional_headers={"X-Forwarded-For": address}, origin=origin, max_size=None)

    async def joins(self, name: str, address: str, key: NameKey) -> ClientConnection:
        """Come in with the proof that the name is one's own."""
        socket = await self.socket(f"?username={name}&key={key.text}", address)
        challenge = parse_from_server(str(await socket.recv()))
        assert isinstance(challenge, AuthChallenge)
        await socket.send(dump(AuthResponse(payload=prove(key, ORIGIN, name, challenge.payload))))
        assert (await self.heard(socket))["type"] == "auth:ok"
        return socket

    async def heard(self, socket: ClientConnection) -> dict[str, Any]:
        """The next message; the session that it names is a mark from now on."""
        message: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))
        self.marks |= {message.get("payload", {}).get("sessionId", MARKED)}
        return message

    async def says(self, socket: ClientConnection, kind: str, target: str) -> None:
        await socket.send(json.dumps({"type": kind, "target": target, "payload": {"sdp": MARKED}}))

    async def end_of(self, socket: ClientConnection) -> int | None:
        """The code that the server closes with, after whatever else it says."""
        with suppress(ConnectionClosed):
            while True:
                await self.heard(socket)
        return socket.close_code

    async def asks(self, path: str, **headers: str) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        return await asyncio.to_thread(request, connection, path, **headers)

    def marks_in(self, text: str) -> list[str]:
        return [mark for mark in self.marks if mark.lower() in text.lower()]

    async def metrics(self, **awaited: float) -> str:
        """What `/metrics` says once `lowkey_<name>` is as awaited; asking takes a moment, so there is none in between."""
        async with asyncio.timeout(RECOVERY):
            while True:
                text = (await self.asks("/metrics")).body.decode()
                shown = numbers(text)
                if all(shown[f"lowkey_{name}"] == value for name, value in awaited.items()):
                    return text


class MetricsServerTests(SimpleTestCase):
    async def test_every_number_is_right_and_neither_numbers_nor_log_say_who_it_was(self) -> None:
        for kind in SERVERS:
            with self.subTest(kind.launcher):
                server = kind(ENV)
                server.start()
                self.addCleanup(server.stop)
                life = Life(server)
                quagga = await self.a_life(life)
                shown = await life.metrics(sockets=1)
                self.assert_numbers(shown)
                await asyncio.to_thread(server.stop)
                self.assertEqual(await life.end_of(quagga), 1001)
                self.assert_log(server)
                self.assertEqual(life.marks_in(shown + server.log), [])

    async def a_life(self, life: Life) -> ClientConnection:
        """All that can happen, but for what takes a second process; at its end one person is still there."""
        quagga = await life.socket("?username=Quagga_1", "203.0.113.77")
        okapi = await life.socket("?username=Okapi_2", "2001:db8::6666")
        await self.a_call(life, quagga, okapi)
        for frame, code in SENT_AND_REFUSED.items():
            await quagga.send(frame)
            self.assertEqual((await life.heard(quagga))["payload"]["code"], code)
        await quagga.send(MARKED.encode())
        self.assertEqual((await life.heard(quagga))["payload"]["code"], "INVALID_MESSAGE")
        await okapi.send(MARKED * 5_000)
        self.assertEqual(await life.end_of(okapi), 1009)
        self.assertEqual((await life.heard(quagga))["payload"]["reason"], "gone")
        await self.refusals(life)
        await self.returns(life)
        await self.a_crowd(life)
        await self.visits_to_pages(life)
        return quagga

    async def a_call(self, life: Life, quagga: ClientConnection, okapi: ClientConnection) -> None:
        for caller, target in ((quagga, "Okapi_2"), (okapi, "Quagga_1")):
            await life.says(caller, "session:connect", target)
            await asyncio.gather(life.heard(quagga), life.heard(okapi))
        for sender, receiver, kind in (
            *((quagga, okapi, "key:exchange"), (okapi, quagga, "key:exchange")),
            *((quagga, okapi, "signal:offer"), (okapi, quagga, "signal:answer"), (okapi, quagga, "signal:ice")),
        ):
            await life.says(sender, kind, "Okapi_2" if sender is quagga else "Quagga_1")
            self.assertEqual((await life.heard(receiver))["type"], kind)

    async def refusals(self, life: Life) -> None:
        """Every one there is, without a store that fails: two of HTTP and five of the protocol."""
        for query, origin in ((f"?user={MARKED}", None), ("?username=Tarsier_3", f"https://{MARKED}.example")):
            with self.assertRaises(InvalidStatus) as raised:
                await life.socket(query, "192.0.2.33", origin)
            self.assertEqual(raised.exception.response.status_code, 403)
        self.assertEqual(await life.end_of(await life.socket("?username=Quagga-1", "192.0.2.34")), 4001)
        self.assertEqual(await life.end_of(await life.socket("?username=quagga_1", "192.0.2.35")), 4002)
        for answer, code in ((MARKED, 4003), (MARKED * 5_000, 1009)):
            unproven = await life.socket(f"?username=Dugong_4&key={NameKey().text}", "192.0.2.36")
            await unproven.send(answer)
            self.assertEqual(await life.end_of(unproven), code)

    async def returns(self, life: Life) -> None:
        """Somebody comes back while their older connection still stands, and then goes."""
        key = NameKey()
        older, newer = [await life.joins("Wombat_5", "192.0.2.37", key) for _ in range(2)]
        self.assertEqual(await life.end_of(older), 4004)
        await newer.close()

    async def a_crowd(self, life: Life) -> None:
        """Two may come from one address, and a third may not."""
        two = [await life.socket(f"?username=Numbat_{number}", "192.0.2.38") for number in (6, 7)]
        for socket in two:
            await life.says(socket, "session:create", "")
            self.assertEqual((await life.heard(socket))["type"], "session:created")
        self.assertEqual(await life.end_of(await life.socket("?username=Numbat_8", "192.0.2.38")), 4008)
        for socket in two:
            await socket.close()

    async def visits_to_pages(self, life: Life) -> None:
        """What is not there, also for who may not see it, and a name that is not this server's."""
        await life.asks(f"/{MARKED}?username=Quagga_1")
        await life.asks("/", Host=f"{MARKED}.example")
        hidden, unknown = [await life.asks(path, X_Forwarded_For="192.0.2.39") for path in ("/metrics", "/metricz")]
        self.assertEqual((hidden.status, hidden.body.replace(b"metrics", b"metricz")), (404, unknown.body))
        self.assertEqual(hidden.headers.keys(), unknown.headers.keys())

    def assert_numbers(self, shown: str) -> None:
        """What was counted, and that nothing else was."""
        counted = {
            name: value
            for name, value in numbers(shown).items()
            if value and name.startswith("lowkey_") and not re.search("_bucket|_sum|_lag_", name)
        }
        self.assertEqual(counted, EXPECTED)

    def assert_log(self, server: SiteServer) -> None:
        """One object a line, and no more than has to be told."""
        lines = [json.loads(line) for line in server.log.splitlines()]
        for line in lines:
            self.assertLessEqual({"time", "level", "logger", "message"}, line.keys())
        self.assertEqual([line["message"] for line in lines], ["The server starts.", "The server has stopped."])
        self.assertEqual((lines[0]["server"], lines[0]["store"]), (server.launcher.rpartition(".")[2], "memory"))
        self.assertEqual(lines[1]["sent_away"], 1)


class ClusterTests(SimpleTestCase):
    """Two processes and the Redis that they share, whose password is a mark like any other."""

    def setUp(self) -> None:
        self.redis = self.enterContext(RedisServer(password=MARKED))
        self.one, self.other = (Life(kind({**ENV, "REDIS_URL": self.redis.url})) for kind in SERVERS)
        for life in (self.one, self.other):
            life.server.start()
            self.addCleanup(life.server.stop)

    async def a_call(self) -> tuple[ClientConnection, ClientConnection]:
        """From one process to the other, with one offer; the sockets of the two."""
        quagga = await self.one.socket("?username=Quagga_1", "203.0.113.77")
        okapi = await self.other.socket("?username=Okapi_2", "2001:db8::6666")
        await asyncio.gather(*(life.metrics(clients=1) for life in (self.one, self.other)))
        await self.one.says(quagga, "session:connect", "Okapi_2")
        await asyncio.gather(self.one.heard(quagga), self.other.heard(okapi))
        await self.one.says(quagga, "signal:offer", "Okapi_2")
        self.assertEqual((await self.other.heard(okapi))["type"], "signal:offer")
        return quagga, okapi

    async def test_what_goes_to_another_process_is_counted_where_it_came_from(self) -> None:
        await self.a_call()
        for life, elsewhere in ((self.one, 1), (self.other, 0)):
            shown = numbers(await life.metrics(serving=1))
            self.assertEqual(shown['lowkey_relays_total{to="elsewhere",type="signal:offer"}'], elsewhere)
            self.assertEqual(shown['lowkey_relays_total{to="here",type="signal:offer"}'], 0)
            self.assertNotIn("lowkey_sessions", shown)

    async def test_a_store_that_is_lost_and_found_again_is_shown_and_told_once(self) -> None:
        quagga, _ = await self.a_call()
        await asyncio.to_thread(self.redis.stop)
        await self.one.says(quagga, "signal:offer", "Okapi_2")
        self.assertEqual((await self.one.heard(quagga))["payload"]["code"], "SERVER_BUSY")
        self.assertEqual(await self.one.end_of(await self.one.socket("?username=Dugong_4", "192.0.2.1")), 1001)
        shown = await self.one.metrics(serving=0, sockets=1)
        self.assertEqual(numbers(shown)['lowkey_refusals_total{reason="SERVER_BUSY"}'], 1)
        await self.other.metrics(serving=0)
        await asyncio.to_thread(self.redis.start)
        for life in (self.one, self.other):
            shown += await life.metrics(serving=1)
            await asyncio.to_thread(life.server.stop)
            told = [json.loads(line)["message"] for line in life.server.log.splitlines()]
            states = [sentence for sentence in told if sentence in {NO_STORE, HEALED}]
            self.assertEqual(states, [NO_STORE, HEALED])
            self.assertEqual(life.marks_in(shown + life.server.log), [])
