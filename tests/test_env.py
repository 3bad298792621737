from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path

from django.test import SimpleTestCase

from lowkey_site.env import EnvError, Environment, parse_duration


def env(**values: str) -> Environment:
    return Environment(values)


class BadValues(SimpleTestCase):
    @contextmanager
    def says(self, sentence: str) -> Iterator[None]:
        with self.assertRaises(EnvError) as caught:
            yield
        self.assertIn(sentence, str(caught.exception.code))


class TheError(SimpleTestCase):
    def test_the_error_ends_a_program_with_its_sentence_alone(self) -> None:
        error = EnvError("PORT", "must be a number")
        self.assertIsInstance(error, SystemExit)
        self.assertEqual(error.code, "PORT must be a number.")


class Text(BadValues):
    def test_an_unset_or_blank_variable_has_its_default(self) -> None:
        self.assertEqual(env().text("A", "b"), "b")
        self.assertEqual(env(A=" ").text("A", "b"), "b")
        self.assertEqual(env(A=" c ").text("A", "b"), "c")

    def test_words_are_the_parts_between_commas(self) -> None:
        self.assertEqual(env(A="a, b,,c ,").words("A"), ("a", "b", "c"))
        self.assertEqual(env().words("A", "x,y"), ("x", "y"))
        self.assertEqual(env().words("A"), ())


class Flags(BadValues):
    def test_a_flag_is_read_in_its_common_spellings(self) -> None:
        for text, value in {"1": True, "TRUE": True, "yes": True, "0": False, "False": False, "off": False}.items():
            with self.subTest(text):
                self.assertIs(env(DEBUG=text).flag("DEBUG"), value)
        self.assertIs(env().flag("DEBUG"), False)

    def test_anything_else_is_no_flag(self) -> None:
        with self.says('DEBUG must be 1 or 0, not "maybe".'):
            env(DEBUG="maybe").flag("DEBUG")


class Choices(BadValues):
    def test_a_choice_is_one_of_its_options_and_the_first_unless_said_otherwise(self) -> None:
        self.assertEqual(env(LOG_FORMAT=" json ").choice("LOG_FORMAT", "line", "json"), "json")
        self.assertEqual(env(LOG_FORMAT=" ").choice("LOG_FORMAT", "line", "json"), "line")

    def test_anything_else_is_no_choice(self) -> None:
        for text in ("JSON", "xml", "line,json"):
            with self.subTest(text), self.says(f'LOG_FORMAT must be line or json, not "{text}".'):
                env(LOG_FORMAT=text).choice("LOG_FORMAT", "line", "json")


class WholeNumbers(BadValues):
    def test_a_whole_number_is_read(self) -> None:
        self.assertEqual(env(PORT="9000").whole("PORT", 8080, most=65_535), 9000)
        self.assertEqual(env().whole("PORT", 8080), 8080)

    def test_what_is_no_number_in_range_is_refused(self) -> None:
        for text in ("0", "65536", "-1", "+1", "1.5", "1_000", "eighty", "٣", "9" * 30):
            with self.subTest(text), self.says(f'PORT must be a whole number from 1 to 65535, not "{text}".'):
                env(PORT=text).whole("PORT", 8080, most=65_535)


class Durations(BadValues):
    def test_a_duration_is_read_as_go_reads_it(self) -> None:
        table = {"90s": 90.0, "10m": 600.0, "1h30m": 5400.0, "1.5h": 5400.0, "300ms": 0.3, "1m1s1ms": 61.001}
        for text, seconds in (
            table | {"2µs": 2e-6, "2μs": 2e-6, "5us": 5e-6, "7ns": 7e-9, ".5s": 0.5, "1.s": 1.0}
        ).items():
            with self.subTest(text):
                self.assertAlmostEqual(parse_duration(text), seconds, places=12)

    def test_what_is_no_duration_is_refused(self) -> None:
        for text in ("10", "m", "10 m", "1d", "-5m", "+5m", "1h30", "1e3s", ".s", "١s"):
            with self.subTest(text), self.says(f'SESSION_TTL must be a duration as 90s, 10m or 1h30m, not "{text}".'):
                env(SESSION_TTL=text).duration("SESSION_TTL", "10m")

    def test_a_duration_is_longer_than_zero_and_finite(self) -> None:
        for text in ("0s", "0h0m", "9" * 400 + "h"):
            with self.subTest(text), self.says("SESSION_TTL must be a duration longer than zero"):
                env(SESSION_TTL=text).duration("SESSION_TTL", "10m")


class Secrets(BadValues):
    def setUp(self) -> None:
        self.file = Path(self.enterContext(tempfile.TemporaryDirectory())) / "secret"

    def test_a_secret_comes_from_its_variable(self) -> None:
        self.assertEqual(env(KEY="hush").secret("KEY"), "hush")
        self.assertEqual(env().secret("KEY"), "")

    def test_a_secret_comes_from_a_file_without_its_last_newline(self) -> None:
        self.file.write_text("hush\n")
        self.assertEqual(env(KEY_FILE=str(self.file)).secret("KEY"), "hush")

    def test_a_secret_from_two_places_is_refused(self) -> None:
        self.file.write_text("hush")
        with self.says("KEY and KEY_FILE are both set; keep one."):
            env(KEY="hush", KEY_FILE=str(self.file)).secret("KEY")

    def test_an_unreadable_file_is_refused(self) -> None:
        with self.says(f'KEY_FILE names "{self.file}", which cannot be read.'):
            env(KEY_FILE=str(self.file)).secret("KEY")

    def test_a_file_that_is_no_text_is_refused_without_quoting_it(self) -> None:
        self.file.write_bytes(b"hush\xff")
        with self.assertRaises(EnvError) as caught:
            env(KEY_FILE=str(self.file)).secret("KEY")
        self.assertEqual(caught.exception.code, f'KEY_FILE names "{self.file}", which cannot be read.')

    def test_an_empty_file_is_refused(self) -> None:
        self.file.write_text("\n")
        with self.says(f'KEY_FILE names "{self.file}", which is empty.'):
            env(KEY_FILE=str(self.file)).secret("KEY")


class RedisUrls(BadValues):
    def test_urls_of_redis_servers_are_read_in_their_order(self) -> None:
        urls = (
            "redis://:p%40ss@127.0.0.1:6379/0, rediss://me:pw@redis.example,unix://:pw@/run/redis.sock,redis://[::1]:1"
        )
        self.assertEqual(env(REDIS_URL=urls).redis_urls("REDIS_URL"), tuple(url.strip() for url in urls.split(",")))
        self.assertEqual(env().redis_urls("REDIS_URL"), ())

    def test_what_cannot_be_read_is_refused_without_being_quoted(self) -> None:
        for text in (
            *(
                "127.0.0.1",
                "http://:hush@a",
                "redis://",
                "redis://:hush@",
                "redis://:hush@a:99999",
                "redis://:hush@a:b",
            ),
            *("redis://:hu/sh@a", "redis://:hu#sh@a", "redis://:hu?sh@a", "redis://:hush@a/b", "unix://hush"),
            *("redis://a,redis://:hush@b:x", "redis://[::hush", "redis://:hush@a?db=1"),
        ):
            with self.subTest(text), self.assertRaises(EnvError) as caught:
                env(REDIS_URL=text).redis_urls("REDIS_URL")
            self.assertIn("REDIS_URL must have URLs as redis://:password@", str(caught.exception.code))
            self.assertNotIn("hu", str(caught.exception.code))


class Origins(BadValues):
    def test_origins_are_read_as_browsers_send_them(self) -> None:
        origins = "https://chat.example,http://127.0.0.1:8080,http://[::1]:8080,https://a-b.example:8443"
        self.assertEqual(env(PUBLIC_ORIGINS=origins).origins("PUBLIC_ORIGINS"), tuple(origins.split(",")))

    def test_an_origin_in_another_form_is_corrected(self) -> None:
        right = "https://chat.example"
        for text in (f"{right}/", f"{right}:443", "https://Chat.Example", "HTTPS://chat.example", f"{right}/chat?a#b"):
            with self.subTest(text), self.says(f'has "{text}", which is not an origin; did you mean "{right}"'):
                env(CORS_ORIGINS=text).origins("CORS_ORIGINS")

    def test_what_is_no_origin_is_refused(self) -> None:
        for text in (
            "chat.example",
            "null",
            "wss://chat.example",
            "https://",
            "https://a b",
            "https://x:99999",
            "https://[::",
        ):
            with self.subTest(text), self.says(f'CORS_ORIGINS has "{text}", which is not an origin'):
                env(CORS_ORIGINS=text).origins("CORS_ORIGINS")

    def test_credentials_are_no_part_of_an_origin(self) -> None:
        with self.says('did you mean "https://chat.example"'):
            env(CORS_ORIGINS="https://me:pw@chat.example").origins("CORS_ORIGINS")

    def test_the_wildcard_stands_alone_and_only_where_it_may(self) -> None:
        self.assertEqual(env().origins("CORS_ORIGINS", "*", wildcard=True), ("*",))
        with self.says('CORS_ORIGINS has "*", which is not an origin'):
            env(CORS_ORIGINS="*,https://chat.example").origins("CORS_ORIGINS", wildcard=True)
        with self.says('PUBLIC_ORIGINS has "*", which is not an origin'):
            env(PUBLIC_ORIGINS="*").origins("PUBLIC_ORIGINS")


class IceUrls(BadValues):
    def test_stun_and_turn_urls_are_read(self) -> None:
        stun = "stun:stun.example,stuns:stun.example:5349,stun:192.0.2.1:3478,stun:[2001:db8::1]:3478"
        turn = "turn:turn.example,turns:turn.example:5349?transport=tcp,turn:[2001:db8::1]?transport=udp"
        self.assertEqual(env(STUN_URLS=stun).ice_urls("STUN_URLS", "stun"), tuple(stun.split(",")))
        self.assertEqual(env(TURN_URLS=turn).ice_urls("TURN_URLS", "turn"), tuple(turn.split(",")))

    def test_the_scheme_is_that_of_the_variable(self) -> None:
        with self.says('STUN_URLS has "turn:turn.example", which is not a URL as stun:stun.example:3478.'):
            env(STUN_URLS="turn:turn.example").ice_urls("STUN_URLS", "stun")
        with self.says('TURN_URLS has "stun:stun.example", which is not a URL as turn:'):
            env(TURN_URLS="stun:stun.example").ice_urls("TURN_URLS", "turn")

    def test_what_is_no_ice_url_is_refused(self) -> None:
        for text in ("turn:", "turn://turn.example", "turn.example", "turn:me@turn.example", "turn:x?transport=sctp"):
            with self.subTest(text), self.says(f'TURN_URLS has "{text}"'):
                env(TURN_URLS=text).ice_urls("TURN_URLS", "turn")


class Proxies(BadValues):
    def test_proxies_are_networks_addresses_and_unix(self) -> None:
        self.assertEqual(
            env(TRUSTED_PROXIES="unix,10.0.0.0/8,192.0.2.1,2001:db8::/32").proxies("TRUSTED_PROXIES"),
            ("unix", ip_network("10.0.0.0/8"), ip_network("192.0.2.1/32"), ip_network("2001:db8::/32")),
        )

    def test_proxies_may_have_a_default(self) -> None:
        self.assertEqual(env().proxies("METRICS_ADDRESSES"), ())
        self.assertEqual(env().proxies("METRICS_ADDRESSES", "::1"), (ip_network("::1"),))
        self.assertEqual(env(METRICS_ADDRESSES="unix").proxies("METRICS_ADDRESSES", "::1"), ("unix",))

    def test_what_is_no_network_is_refused(self) -> None:
        for text in ("localhost", "10.0.0.1/8", "10.0.0.0/33", "UNIX", "*"):
            with self.subTest(text), self.says(f'TRUSTED_PROXIES has "{text}", which is neither a network'):
                env(TRUSTED_PROXIES=text).proxies("TRUSTED_PROXIES")
