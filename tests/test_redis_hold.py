"""Why redis-py is held below 8 (scripts/holds.toml), for as long as these are so. When one fails, `make redis-next` says whether
the hold may end."""

from __future__ import annotations

from importlib.metadata import requires, version

from channels_redis.core import RedisChannelLayer
from channels_redis.utils import create_pool, decode_hosts
from django.test import SimpleTestCase
from packaging.requirements import Requirement
from packaging.version import Version
from redis.exceptions import TimeoutError as GaveUp

from signaling.service import SILENCE_SECONDS
from tests.support.redis import RedisServer

NOTICE = "channels-redis has changed: `make redis-next` says whether redis may be 8 now"
GIVES_UP_SECONDS = 5.0
"""After which redis-py 8 gives up on a socket, unless it is told otherwise."""


class RedisHold(SimpleTestCase):
    def test_redis_is_below_8(self) -> None:
        self.assertLess(Version(version("redis")), Version("8"))

    def test_channels_redis_would_let_8_in_so_the_hold_is_ours(self) -> None:
        wishes = [Requirement(line) for line in requires("channels-redis") or ()]
        (wish,) = [wish.specifier for wish in wishes if wish.name == "redis"]
        self.assertEqual(str(wish), ">=4.6", NOTICE)
        self.assertEqual(version("channels-redis"), "4.3.0", NOTICE)

    def test_channels_redis_leaves_it_to_redis_py_when_to_give_up_and_waits_as_long_as_8_does(self) -> None:
        (host,) = decode_hosts(["redis://localhost"])
        self.assertNotIn("socket_timeout", create_pool(host).connection_kwargs, NOTICE)
        self.assertGreaterEqual(RedisChannelLayer.brpop_timeout, GIVES_UP_SECONDS, NOTICE)

    async def test_an_idle_layer_dies_when_redis_py_gives_up_before_it(self) -> None:
        with RedisServer() as server:
            layer = RedisChannelLayer(hosts=[{"address": server.url, "socket_timeout": 0.2}])
            with self.assertRaises(GaveUp, msg=NOTICE):
                await layer.receive("inbox")

    def test_the_layer_of_the_site_waits_longer_than_channels_redis_does(self) -> None:
        self.assertGreater(SILENCE_SECONDS, RedisChannelLayer.brpop_timeout)
