from __future__ import annotations

from ipaddress import ip_address, ip_network

from django.test import SimpleTestCase

from signaling.errors import Close, Code, ProtocolError
from signaling.limits import (
    Addresses,
    Allowance,
    Limits,
    TokenBucket,
    TrustedProxy,
    client_address,
    client_host,
    is_believed,
    is_within,
)

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"
LIMITS = Limits(message_rate=2, message_burst=3, call_rate=60, call_burst=2, connections_per_address=4)
PROXIES: tuple[TrustedProxy, ...] = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


class TokenBucketTests(SimpleTestCase):
    def test_a_bucket_starts_full_and_runs_empty(self) -> None:
        bucket = TokenBucket(1, 3)
        self.assertEqual([bucket.take(500) for _ in range(4)], [True, True, True, False])

    def test_a_bucket_refills_at_its_rate(self) -> None:
        bucket = TokenBucket(2, 3)
        for _ in range(3):
            bucket.take(500)
        self.assertEqual([bucket.take(501) for _ in range(3)], [True, True, False])

    def test_refused_takes_do_not_slow_the_refill(self) -> None:
        bucket = TokenBucket(1, 1)
        bucket.take(500)
        self.assertEqual([bucket.take(500 + step / 4) for step in range(1, 5)], [False, False, False, True])

    def test_a_bucket_never_holds_more_than_its_burst(self) -> None:
        bucket = TokenBucket(1, 2)
        bucket.take(0)
        self.assertEqual([bucket.take(1e9) for _ in range(3)], [True, True, False])

    def test_a_bucket_knows_when_it_is_full_again(self) -> None:
        bucket = TokenBucket(1, 2)
        self.assertTrue(bucket.refilled(0))
        bucket.take(0)
        bucket.take(0)
        self.assertEqual([bucket.refilled(now) for now in (0, 1.9, 2)], [False, False, True])


class AllowanceTests(SimpleTestCase):
    def setUp(self) -> None:
        self.addresses = Addresses(LIMITS)

    def refusals(self, ask: str, allowance: Allowance, times: int, now: float = 0) -> list[int | str | None]:
        """What each of so many requests meets: "" for nothing, else the refusal's close code."""
        met: list[int | str | None] = []
        for _ in range(times):
            try:
                getattr(allowance, ask)(now)
                met.append("")
            except ProtocolError as error:
                self.assertEqual(error.code, Code.RATE_LIMITED)
                met.append(error.close)
        return met

    def test_who_goes_on_after_as_many_refusals_as_a_burst_is_closed(self) -> None:
        allowance = self.addresses.admit(HERE, 0)
        met = self.refusals("message", allowance, 7)
        self.assertEqual(met, ["", "", "", None, None, None, Close.FLOOD])

    def test_who_slows_down_is_heard_again(self) -> None:
        allowance = self.addresses.admit(HERE, 0)
        self.refusals("message", allowance, 5)
        self.assertEqual(self.refusals("message", allowance, 3, now=1), ["", "", None])

    def test_calls_run_out_without_closing(self) -> None:
        allowance = self.addresses.admit(HERE, 0)
        self.assertEqual(self.refusals("call", allowance, 4), ["", "", None, None])
        self.assertEqual(self.refusals("call", allowance, 2, now=1), ["", None])

    def test_calls_and_messages_are_counted_apart(self) -> None:
        allowance = self.addresses.admit(HERE, 0)
        self.refusals("call", allowance, 9)
        self.assertEqual(self.refusals("message", allowance, 1), [""])

    def test_an_address_shares_six_times_the_calls_of_a_connection(self) -> None:
        for _ in range(6):
            allowance = self.addresses.admit(HERE, 0)
            self.assertEqual(self.refusals("call", allowance, 3), ["", "", None])
            self.addresses.leave(HERE, 0)
        seventh = self.addresses.admit(HERE, 0)
        self.assertEqual(self.refusals("call", seventh, 1), [None])
        self.assertEqual(self.refusals("call", self.addresses.admit(ELSEWHERE, 0), 1), [""])


class AddressesTests(SimpleTestCase):
    def setUp(self) -> None:
        self.addresses = Addresses(LIMITS)

    def test_an_address_has_so_many_connections_and_no_more(self) -> None:
        for _ in range(4):
            self.addresses.admit(HERE, 0)
        with self.assertRaises(ProtocolError) as raised:
            self.addresses.admit(HERE, 0)
        self.assertEqual((raised.exception.code, raised.exception.close), (Code.RATE_LIMITED, Close.FLOOD))
        self.addresses.admit(ELSEWHERE, 0)

    def test_a_connection_that_left_makes_room(self) -> None:
        for _ in range(4):
            self.addresses.admit(HERE, 0)
        self.addresses.leave(HERE, 0)
        self.addresses.admit(HERE, 0)

    def test_an_address_that_called_nobody_is_forgotten_at_once(self) -> None:
        self.addresses.admit(HERE, 0)
        self.addresses.leave(HERE, 0)
        self.assertEqual(self.remembered(), set())

    def test_an_address_that_called_is_forgotten_when_its_bucket_is_full_again(self) -> None:
        self.addresses.admit(HERE, 0).call(0)
        self.addresses.leave(HERE, 0)
        self.pass_by(1.9)
        self.assertEqual(self.remembered(), {HERE})
        self.pass_by(2)
        self.assertEqual(self.remembered(), set())

    def test_an_address_that_came_back_is_not_forgotten(self) -> None:
        self.addresses.admit(HERE, 0).call(0)
        self.addresses.leave(HERE, 0)
        self.addresses.admit(HERE, 1)
        self.pass_by(100)
        self.assertEqual(self.remembered(), {HERE})

    def test_coming_and_going_does_not_fill_the_bucket(self) -> None:
        for now in range(12):
            self.addresses.admit(HERE, now / 1000).call(now / 1000)
            self.addresses.leave(HERE, now / 1000)
        with self.assertRaises(ProtocolError):
            self.addresses.admit(HERE, 0.02).call(0.02)

    def pass_by(self, now: float) -> None:
        """Somebody else comes and goes: only then is anything tidied."""
        self.addresses.admit(ELSEWHERE, now)
        self.addresses.leave(ELSEWHERE, now)

    def remembered(self) -> set[str]:
        return set(self.addresses._visitors) | set(self.addresses._idle_since)


class ClientAddressTests(SimpleTestCase):
    def test_without_a_trusted_proxy_the_header_says_nothing(self) -> None:
        self.assertEqual(client_address("203.0.113.5", ["198.51.100.7"], PROXIES), "203.0.113.5")
        self.assertEqual(client_address("10.0.0.1", ["198.51.100.7"], ()), "10.0.0.1")

    def test_a_trusted_proxy_is_believed(self) -> None:
        self.assertEqual(client_address("10.0.0.1", ["198.51.100.7"], PROXIES), "198.51.100.7")

    def test_the_rightmost_untrusted_hop_counts(self) -> None:
        header = ["6.6.6.6, 198.51.100.7, 10.9.9.9"]
        self.assertEqual(client_address("10.0.0.1", header, PROXIES), "198.51.100.7")

    def test_several_headers_are_one_list(self) -> None:
        self.assertEqual(client_address("10.0.0.1", ["6.6.6.6", "198.51.100.7", "10.2.2.2"], PROXIES), "198.51.100.7")

    def test_trusted_hops_all_the_way_give_the_first_of_them(self) -> None:
        self.assertEqual(client_address("10.0.0.1", ["10.0.0.9,10.0.0.8"], PROXIES), "10.0.0.9")

    def test_without_a_header_the_proxy_itself_counts(self) -> None:
        self.assertEqual(client_address("10.0.0.1", [], PROXIES), "10.0.0.1")

    def test_a_hop_that_is_no_address_ends_the_walk(self) -> None:
        for hop in ("", "unknown", "6.6.6.6.6", "_hidden", "[", "é", "1" * 5000):
            with self.subTest(hop):
                self.assertEqual(client_address("10.0.0.1", [f"6.6.6.6,{hop},10.0.0.2"], PROXIES), "10.0.0.2")

    def test_hops_with_ports_and_brackets_are_read(self) -> None:
        self.assertEqual(client_address("10.0.0.1", ["198.51.100.7:4711"], PROXIES), "198.51.100.7")
        self.assertEqual(client_address("10.0.0.1", ["[2001:db8::1]:443"], PROXIES), "2001:db8::/64")
        self.assertEqual(client_address("10.0.0.1", ["[2001:db8::1]"], PROXIES), "2001:db8::/64")

    def test_a_64_is_one_address(self) -> None:
        one, other = (client_address(peer, [], ()) for peer in ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2"))
        self.assertEqual((one, other), ("2001:db8:0:1::/64",) * 2)
        self.assertNotEqual(client_address("2001:db8:0:2::1", [], ()), one)

    def test_a_mapped_address_is_ipv4(self) -> None:
        self.assertEqual(client_address("::ffff:192.0.2.9", [], ()), "192.0.2.9")
        self.assertEqual(client_address("::ffff:10.0.0.1", ["198.51.100.7"], PROXIES), "198.51.100.7")

    def test_an_ipv6_zone_does_not_matter(self) -> None:
        self.assertEqual(client_address("fe80::1%eth0", [], ()), "fe80::/64")

    def test_a_trusted_unix_socket_is_believed(self) -> None:
        self.assertEqual(client_address(None, ["198.51.100.7"], ("unix",)), "198.51.100.7")
        self.assertEqual(client_address(None, ["198.51.100.7, 10.0.0.2"], ("unix", *PROXIES)), "198.51.100.7")

    def test_a_unix_socket_that_is_not_trusted_is_one_address(self) -> None:
        self.assertEqual(client_address(None, ["198.51.100.7"], PROXIES), "unix")
        self.assertEqual(client_address(None, ["nonsense"], ("unix",)), "unix")
        self.assertEqual(client_address(None, [], ("unix",)), "unix")

    def test_unix_does_not_trust_a_peer_with_an_address(self) -> None:
        self.assertEqual(client_address("203.0.113.5", ["198.51.100.7"], ("unix",)), "203.0.113.5")

    def test_a_peer_that_is_no_address_counts_as_it_is(self) -> None:
        self.assertEqual(client_address("testserver", ["198.51.100.7"], PROXIES), "testserver")


class HostTests(SimpleTestCase):
    """Who a connection is from, to the last bit."""

    def test_a_host_is_the_whole_address(self) -> None:
        self.assertEqual(client_host("2001:db8::1", [], ()), ip_address("2001:db8::1"))
        self.assertEqual(client_host("10.0.0.1", ["[2001:db8::1]:443"], PROXIES), ip_address("2001:db8::1"))
        self.assertEqual(client_host(None, [], ("unix",)), "unix")
        self.assertEqual(client_host("testserver", [], ()), "testserver")

    def test_a_host_is_in_a_network_or_on_a_unix_socket(self) -> None:
        self.assertTrue(is_within(ip_address("10.1.2.3"), PROXIES))
        self.assertTrue(is_within(ip_address("fd00::1"), PROXIES))
        self.assertTrue(is_within("unix", (*PROXIES, "unix")))
        for host in (ip_address("11.0.0.1"), ip_address("fe80::1"), "unix", "testserver"):
            with self.subTest(host):
                self.assertFalse(is_within(host, PROXIES))

    def test_only_a_trusted_proxy_is_believed(self) -> None:
        self.assertTrue(is_believed("::ffff:10.0.0.1", PROXIES))
        self.assertTrue(is_believed(None, ("unix",)))
        for peer in ("203.0.113.5", "testserver", None):
            with self.subTest(peer):
                self.assertFalse(is_believed(peer, PROXIES))
