"""coturn with deploy/turnserver.conf: for whom it relays, and to whom it never does."""

from __future__ import annotations

import re
import signal
import ssl
import subprocess
from typing import ClassVar, Literal
from unittest import SkipTest

from django.test import SimpleTestCase

from chat.peer.errors import SENTENCES, sentence
from tests.deploy.case import PATIENCE, ChainTestCase
from tests.deploy.programs import STUN_PORT, TLS_PORT, Turn
from tests.deploy.town import HOME, HOME6, HOST, HOST6, NAME, Town
from tests.net.ends import End, until
from tests.net.namespaces import unavailable
from tests.support.nginx import Nginx
from tests.support.pairs import Pair
from tests.support.turn_client import TurnClient, mapped

GRANTED, UNAUTHORIZED, FORBIDDEN, OTHER_FAMILY, QUOTA = 0, 401, 403, 443, 486

NEVER: dict[Literal[4, 6], tuple[str, ...]] = {
    4: (
        *("127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "172.16.0.1"),  # noqa: S104 - nobody listens there
        *("172.31.255.255", "192.168.0.1", "192.168.255.255", "169.254.169.254", "100.64.0.1", "100.127.255.255"),
        *("192.0.0.1", "192.88.99.1", "198.18.0.1", "198.19.255.255", "224.0.0.1", "239.255.255.255", "240.0.0.1"),
        "255.255.255.255",
    ),
    6: (
        *("::1", "::", "fe80::1", "febf::1", "fec0::1", "fc00::1", "fdff::1", "ff02::1", "100::1", "2001::1"),
        *map(mapped, ("127.0.0.1", "0.0.0.0", "10.0.0.1", "169.254.169.254", "192.168.1.1", HOST)),  # noqa: S104 - nobody listens there
        *("::127.0.0.1", "::10.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b:1::10.0.0.1"),
        *("2002:7f00:1::1", "2002:a00:1::1"),
    ),
}
"""This host, its neighbours, its provider's insides; and the same, written otherwise."""

WELCOME: dict[Literal[4, 6], tuple[str, ...]] = {
    4: (HOST, HOME, "1.1.1.1", "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255"),
    6: (HOST6, HOME6, "2606:4700::1111", "2a00:1450::1", "2003::1"),
}
"""The server itself, where two meet who both come by way of it; and people on the internet."""


class TurnTest(SimpleTestCase):
    """coturn on the host, asked by somebody at home, message by message."""

    town: ClassVar[Town]
    nginx: ClassVar[Nginx]
    turn: ClassVar[Turn]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        if reason := unavailable():
            raise SkipTest(reason)
        cls.town = cls.enterClassContext(Town())
        cls.nginx = Nginx()
        cls.addClassCleanup(cls.nginx.stop)
        cls.turn = cls.enterClassContext(Turn(cls.town, cls.nginx.dir))
        cls.enterClassContext(cls.town.home.inside())

    def asker(self, credentials: tuple[str, str] | None = None, *, address: str = HOST) -> TurnClient:
        return self.enterContext(TurnClient(address, STUN_PORT, *(credentials or self.turn.credentials())))

    def test_it_relays_to_people_and_never_to_what_is_behind_it(self) -> None:
        for family in (4, 6):
            client = self.asker()
            self.assertEqual(client.allocate(family), GRANTED)
            for peers, expected in ((WELCOME[family], GRANTED), (NEVER[family], FORBIDDEN)):
                for peer in peers:
                    with self.subTest(peer):
                        self.assertEqual((client.permit(peer), client.bind(peer)), (expected, expected))

    def test_it_relays_into_the_family_that_was_asked_for(self) -> None:
        for family, peer in ((4, "::1"), (4, mapped("127.0.0.1")), (6, "127.0.0.1")):
            client = self.asker()
            self.assertEqual(client.allocate(family), GRANTED)  # type: ignore[arg-type]  # 4 or 6
            self.assertEqual((client.permit(peer), client.bind(peer)), (OTHER_FAMILY, OTHER_FAMILY))

    def test_what_the_server_hands_out_is_accepted_on_every_way_in(self) -> None:
        for address in (HOST, HOST6):
            client = self.asker(address=address)
            self.assertEqual((client.allocate(), client.relayed), (GRANTED, HOST))
        self.assertEqual(self.over_tls().allocate(), GRANTED)

    def test_credentials_that_expired_or_were_altered_are_refused(self) -> None:
        username, credential = self.turn.credentials()
        expiry, _, token = username.partition(":")
        self.assertEqual(self.asker(self.turn.credentials(age=3500)).allocate(), GRANTED)
        for refused in (
            self.turn.credentials(age=3700),
            self.turn.credentials("another secret"),
            (f"{int(expiry) + 1}:{token}", credential),
            (f"{expiry}:x{token}", credential),
            (username, credential.swapcase()),
            (username, ""),
            (token, credential),
        ):
            with self.subTest(refused):
                self.assertEqual(self.asker(refused).allocate(), UNAUTHORIZED)

    def test_one_session_cannot_have_all_of_it(self) -> None:
        quota = int(re.findall(r"^user-quota=(\d+)$", self.turn.configured, re.MULTILINE)[0])
        credentials = self.turn.credentials()
        answers = [self.asker(credentials).allocate() for _ in range(quota + 1)]
        self.assertEqual(answers, [*[GRANTED] * quota, QUOTA])
        self.assertEqual(self.asker().allocate(), GRANTED)

    def test_a_hundred_sessions_have_room_beside_each_other(self) -> None:
        """A browser asks once for each way to the server, from each of its addresses."""
        self.assertEqual({self.asker().allocate() for _ in range(100)}, {GRANTED})

    def test_a_renewed_certificate_is_shown_to_newcomers_and_what_is_relayed_goes_on(self) -> None:
        """As the unit's reload does."""
        client, before = self.over_tls(), self.nginx.certificate.read_text()
        self.assertEqual(client.allocate(), GRANTED)
        self.nginx.renew_certificate()
        self.assertRaises(ssl.SSLCertVerificationError, self.over_tls)
        self.turn.tell(signal.SIGUSR2)
        self.assertTrue(until(self.is_trusted, PATIENCE))
        self.assertEqual(client.permit(HOME), GRANTED)
        self.assertNotEqual(self.nginx.certificate.read_text(), before)

    def test_it_says_nothing_of_itself_and_writes_nothing_of_others(self) -> None:
        client = self.asker()
        client.allocate()
        client.permit("127.0.0.1")
        self.assertNotIn("SOFTWARE", client.heard)
        self.assertNotIn(HOME, self.turn.log.read_text())

    def test_without_its_rule_for_mapped_addresses_an_old_coturn_relays_to_the_host_itself(self) -> None:
        """CVE-2026-27624, and why the rule is there. 4.9.0 refuses by itself."""
        rules = [line for line in self.turn.configured.splitlines() if line.startswith("denied-peer-ip=::ffff:0.0.0.0")]
        self.assertEqual(len(rules), 1)
        self.turn.kill()
        self.addCleanup(self.turn.start_with, self.turn.configured)
        self.addCleanup(self.turn.kill)
        self.turn.start_with(self.turn.configured.replace(rules[0], ""))
        client = self.asker()
        self.assertEqual(client.allocate(6), GRANTED)
        expected = GRANTED if version() < (4, 9) else FORBIDDEN
        self.assertEqual(client.permit(mapped("127.0.0.1")), expected)

    def over_tls(self) -> TurnClient:
        trust = self.nginx.client_context()
        return self.enterContext(TurnClient(HOST, TLS_PORT, *self.turn.credentials(), tls=trust, name=NAME))

    def is_trusted(self) -> bool:
        try:
            self.over_tls()
        except ssl.SSLCertVerificationError:
            return False
        return True


class RelayTest(ChainTestCase):
    """People who hide their addresses, so that all they say to each other goes by way of coturn."""

    relay_only = True

    def people(self, *kinds: str) -> list[Pair]:
        """Who is online, and in no chat."""
        pairs = [Pair(kind) for kind in kinds]
        for pair in pairs:
            pair.ends = self.arrive(pair.kind[0]), self.arrive(pair.kind[1])
            pair.begin()
        return pairs

    def test_people_who_hide_chat_by_way_of_the_relay(self) -> None:
        pairs = self.people("cc", "cp", "pc")
        self.come_together(pairs)
        self.all_of(pairs, lambda pair: all(end.look().path == "Relayed" for end in pair.both))
        self.talk_and_arrive(pairs)

    def test_who_is_refused_by_the_relay_reads_why(self) -> None:
        """The server hands out credentials that expired, and such as were made with another secret."""
        secret = self.chain.nginx.dir / "TURN_SECRET_FILE"
        right = secret.read_text()
        self.addCleanup(secret.write_text, right)
        for handed_out, launcher in ((right, "tests.deploy.late"), ("another secret", "lowkey_site.daphne")):
            secret.write_text(handed_out)
            for server in self.chain.servers:
                server.stop()
                server.launcher = launcher  # type: ignore[misc]  # of this one alone
                server.start()
            pairs = self.people("cc", "cp")
            self.call(pairs)
            self.all_of(pairs, lambda pair: all(end.look().chat in ("failed", "ended") for end in pair.both))
            for pair in pairs:
                with self.subTest(f"{pair}, {launcher}"):
                    self.assert_told(pair)

    def assert_told(self, pair: Pair) -> None:
        """Who gave up first reads what the relay did; the other one, when the relay had not answered them yet, that there is no path."""
        told = [self.reason_of(pair.caller, pair.called), self.reason_of(pair.called, pair.caller)]
        self.assertIn("turn_refused", told)
        self.assertLessEqual(set(told), {"turn_refused", "hung_up", "no_path"})

    def reason_of(self, end: End, other: End) -> str:
        """Whose sentence they read."""
        shown = " ".join(end.look().sentence.split())
        reasons = [reason for reason in SENTENCES if sentence(reason, other.name) == shown]
        self.assertEqual(len(reasons), 1, shown)
        return reasons[0]


def version() -> tuple[int, ...]:
    """coturn's."""
    said = subprocess.run(["turnserver", "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"(\d+)\.(\d+)\.\d+", said.stdout + said.stderr)
    assert found is not None, said
    return int(found[1]), int(found[2])
