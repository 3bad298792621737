from __future__ import annotations

import base64
from typing import Any

from django.test import SimpleTestCase

from signaling import names
from signaling.errors import Close, Code, ProtocolError
from signaling.messages import ProofPayload
from signaling.names import Challenge, Origins
from tests.support.vectors import drawn, vectors

CASES = vectors("lowkey2")["name_auth"]
LOW_ORDER = [bytes.fromhex(key) for key in vectors("classic")["lowOrderPublicKeys"]]


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


class NamesTests(SimpleTestCase):
    def test_a_claimant_keeps_the_spelling(self) -> None:
        self.assertEqual(names.claimant("Alice_1", "c1"), names.Owner("Alice_1", "c1"))
        self.assertEqual(names.claimant("Alice_1", "c1", "k").key, "k")

    def test_what_is_no_name_closes_the_connection(self) -> None:
        for text in ("", "ab", "a" * 21, "al ice", "álice", "alice\n", "alice-b", "٣٣٣"):
            with self.subTest(text), self.assertRaises(ProtocolError) as raised:
                names.claimant(text, "c1")
            self.assertEqual((raised.exception.code, raised.exception.close), (Code.INVALID_USERNAME, 4001))

    def test_the_shortest_and_the_longest_name(self) -> None:
        for text in ("abc", "a" * 20, "___", "007"):
            self.assertEqual(names.claimant(text, "c1").name, text)

    def test_a_taken_name_closes_the_connection(self) -> None:
        self.assertEqual((names.taken().code, names.taken().close), (Code.USERNAME_TAKEN, Close.USERNAME_TAKEN))


class OriginsTests(SimpleTestCase):
    def test_a_public_origin_is_one_of_those_configured_and_nothing_else(self) -> None:
        origins = Origins(("https://chat.example", "http://127.0.0.1:8080"))
        self.assertIn("https://chat.example", origins)
        self.assertIn("http://127.0.0.1:8080", origins)
        for origin in (
            *("http://chat.example", "https://chat.example:443", "https://chat.example/", "https://Chat.example", ""),
            *("https://evil.example", "http://127.0.0.1:8081", "http://localhost", "null", "*"),
        ):
            self.assertNotIn(origin, origins)

    def test_loopback_is_this_machine_over_http_at_any_port(self) -> None:
        origins = Origins(loopback=True)
        for origin in (
            *("http://localhost", "http://localhost:1", "http://127.0.0.1:8080", "http://127.255.0.9:65535"),
            *("http://[::1]", "http://[::1]:8080"),
        ):
            self.assertIn(origin, origins)
        for origin in (
            *("https://localhost", "http://localhost:", "http://localhost:0", "http://localhost.evil.example"),
            *("http://127.0.0.1.evil.example", "http://127.1", "http://127.0.0.256", "http://127.0.0.01"),
            *("http://0.0.0.0", "http://192.168.0.1", "http://[::2]", "http://evil.example#localhost"),
            *("http://localhost@evil.example", "http://localhost\n", "http://١27.0.0.1", "http://chat.example"),
        ):
            self.assertNotIn(origin, origins)


class ChallengeTests(SimpleTestCase):
    """A challenge on the first case of the vectors, and what does not answer it."""

    def setUp(self) -> None:
        self.case: dict[str, Any] = CASES[0]
        self.mac = b64(bytes.fromhex(self.case["mac"]))
        self.origins = Origins((self.case["origin"], "https://elsewhere.example"))

    def challenge(self, case: dict[str, Any], name: str | None = None) -> Challenge:
        random = drawn(bytes.fromhex(case["S_private"]), bytes.fromhex(case["nonce"]))
        return Challenge(name or case["name"], b64url(bytes.fromhex(case["UK"])), random)

    def assert_unproven(self, refused: Any) -> None:
        with self.assertRaises(ProtocolError) as raised:
            refused()
        self.assertEqual((raised.exception.code, raised.exception.close), (Code.AUTH_FAILED, 4003))

    def test_the_proofs_of_the_vectors_are_good_in_any_case_of_the_name(self) -> None:
        for case in CASES:
            for name in (case["name"], case["name"].upper()):
                challenge = self.challenge(case, name)
                self.assertEqual(challenge.payload.public_key, b64(bytes.fromhex(case["S"])))
                self.assertEqual(challenge.payload.nonce, b64(bytes.fromhex(case["nonce"])))
                proof = ProofPayload(case["origin"], b64(bytes.fromhex(case["mac"])))
                challenge.check(proof, Origins((case["origin"],)))

    def test_every_bit_of_a_proof_counts(self) -> None:
        mac = bytes.fromhex(self.case["mac"])
        challenge = self.challenge(self.case)
        for bit in range(256):
            wrong = bytearray(mac)
            wrong[bit // 8] ^= 1 << bit % 8
            proof = ProofPayload(self.case["origin"], b64(bytes(wrong)))
            self.assert_unproven(lambda proof=proof: challenge.check(proof, self.origins))

    def test_a_proof_has_one_strict_form(self) -> None:
        challenge = self.challenge(self.case)
        for mac in ("", self.mac[:-1], f"{self.mac}=", f"{self.mac}\n", f" {self.mac}", self.mac * 2, "é", "\ud800"):
            proof = ProofPayload(self.case["origin"], mac)
            self.assert_unproven(lambda proof=proof: challenge.check(proof, self.origins))

    def test_a_proof_is_for_its_origin(self) -> None:
        challenge = self.challenge(self.case)
        for origin in ("https://elsewhere.example", "https://evil.example", "", "é"):
            self.assert_unproven(
                lambda origin=origin: challenge.check(
                    ProofPayload(origin, self.mac), Origins(("https://elsewhere.example",))
                )
            )
            self.assert_unproven(lambda origin=origin: challenge.check(ProofPayload(origin, self.mac), self.origins))

    def test_a_proof_is_for_its_name_its_connection_and_its_key(self) -> None:
        proof = ProofPayload(self.case["origin"], self.mac)
        private, nonce = bytes.fromhex(self.case["S_private"]), bytes.fromhex(self.case["nonce"])
        key = b64url(bytes.fromhex(self.case["UK"]))
        for challenge in (
            Challenge("alice2", key, drawn(private, nonce)),
            Challenge("alice", key, drawn(nonce, nonce)),
            Challenge("alice", key, drawn(private, private)),
            Challenge("alice", b64url(bytes.fromhex(CASES[1]["UK"])), drawn(private, nonce)),
        ):
            self.assert_unproven(lambda challenge=challenge: challenge.check(proof, self.origins))

    def test_no_two_challenges_are_alike(self) -> None:
        draws = iter(bytes([number]) * 32 for number in range(1, 5))
        key = b64url(bytes.fromhex(self.case["UK"]))
        one, other = (Challenge("alice", key, lambda _: next(draws)) for _ in range(2))
        self.assertNotEqual(one.payload.public_key, other.payload.public_key)
        self.assertNotEqual(one.payload.nonce, other.payload.nonce)
        self.assertEqual(one.key, other.key)

    def test_a_key_of_low_order_is_no_key(self) -> None:
        self.assertGreater(len(LOW_ORDER), 5)
        for key in LOW_ORDER:
            self.assert_unproven(lambda key=key: Challenge("alice", b64url(key), bytes_of_two))

    def test_wycheproofs_keys_are_refused_where_everybody_would_share_the_secret_and_there_alone(self) -> None:
        for case in vectors("x25519")["cases"]:
            key, random = b64url(bytes.fromhex(case["public"])), drawn(bytes.fromhex(case["private"]), bytes(32))
            with self.subTest(case["id"], flags=case["flags"]):
                if "ZeroSharedSecret" in case["flags"]:
                    self.assert_unproven(lambda key=key, random=random: Challenge("alice", key, random))
                else:
                    self.assertEqual(Challenge("alice", key, random)._shared.hex(), case["shared"])

    def test_a_key_has_one_strict_form(self) -> None:
        good = b64url(bytes.fromhex(self.case["UK"]))
        for key in (
            *("", good[:-1], good + "A", good + "=", good[:-1] + "B", f" {good}", f"{good}\n", "!" + good),
            *("+" * 43, "é" * 43, b64url(bytes(31)), b64url(b"\x09" * 33), b64url(b"\x09" * 29), b64url(b"\x09" * 35)),
        ):
            self.assert_unproven(lambda key=key: Challenge("alice", key, bytes_of_two))

    def test_of_the_key_only_its_hash_is_kept(self) -> None:
        challenge = self.challenge(self.case)
        self.assertRegex(challenge.key, r"\A[0-9a-f]{64}\Z")
        self.assertNotEqual(challenge.key, self.case["UK"])


def bytes_of_two(length: int) -> bytes:
    return b"\x02" * length
