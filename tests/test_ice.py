from __future__ import annotations

import base64
import hashlib
import hmac

from django.test import SimpleTestCase

from signaling.ice import LIFETIME, IceServers
from signaling.messages import IceServer
from tests.support.clock import FakeClock

STUN = ("stun:stun.example:3478",)
TURN = ("turn:turn.example:3478?transport=udp", "turns:turn.example:5349")


class IceServersTests(SimpleTestCase):
    def test_nothing_configured_is_an_empty_list(self) -> None:
        self.assertEqual(IceServers().fresh(), [])

    def test_stun_needs_no_credentials(self) -> None:
        self.assertEqual(IceServers(stun_urls=STUN).fresh(), [IceServer(list(STUN))])

    def test_turn_without_a_secret_is_left_out(self) -> None:
        self.assertEqual(IceServers(stun_urls=STUN, turn_urls=TURN).fresh(), [IceServer(list(STUN))])

    def test_a_secret_without_turn_gives_nothing(self) -> None:
        self.assertEqual(IceServers(turn_secret="s3cret").fresh(), [])

    def test_turn_credentials_are_those_of_coturn(self) -> None:
        ice = IceServers(
            stun_urls=STUN, turn_urls=TURN, turn_secret="s3cret", clock=FakeClock(1000.9), random=lambda: "beef"
        )
        username = "4600:beef"
        mac = hmac.new(b"s3cret", username.encode(), hashlib.sha1).digest()
        credential = base64.b64encode(mac).decode()
        self.assertEqual(ice.fresh(), [IceServer(list(STUN)), IceServer(list(TURN), username, credential)])

    def test_a_known_answer(self) -> None:
        # printf 4600:beef | openssl dgst -sha1 -hmac s3cret -binary | base64
        ice = IceServers(turn_urls=TURN, turn_secret="s3cret", clock=FakeClock(1000), random=lambda: "beef")
        self.assertEqual(ice.fresh()[0].credential, "4eL6ohEAghZlJfZI07qbqfSjR+0=")

    def test_credentials_last_an_hour_at_most(self) -> None:
        self.assertLessEqual(LIFETIME, 3600)

    def test_each_time_the_username_is_another(self) -> None:
        ice = IceServers(turn_urls=TURN, turn_secret="s3cret")
        self.assertNotEqual(ice.fresh()[0].username, ice.fresh()[0].username)
