"""Nothing in the repository is a secret: no key, no password, no token, but for those that tests make up and say so.

Secrets reach the site by the environment, or by a file that it names (`SECRET_KEY_FILE`).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from django.test import SimpleTestCase

from tests.support.paths import ROOT

LOOKS_LIKE_ONE = re.compile(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"
    r"|\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|xox[abp]-[\w-]{10,}|npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,})"
    r"|\brediss?://[^\s:/@\"'{$<]*:(?P<url>[^\s@\"'{$<]{8,})@"
    r"|(?i:secret|passw(?:or)?d|token|api_?key)[\w.-]*[\"']?\s*[:=]\s*[\"']?(?P<value>[A-Za-z0-9+/_-]{20,}={0,2})(?![\w(.\[])"
)
MADE_UP = ("tests/vectors/", "package-lock.json", "requirements")
"""Vectors have the private keys of nobody, and the lists of packages hashes."""

SAID_TO_BE_FOR_TESTS = re.compile(r"only-for-tests|example|^[a-z_]+$|^[A-Z_]+$|^[\w/.-]*/[\w/.-]*$", re.IGNORECASE)


def kept() -> Iterator[Path]:
    """What a commit would have in it, as far as it is text that people write."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        path = ROOT / name
        if path.is_file() and not any(part in name for part in MADE_UP) and b"\0" not in path.read_bytes():
            yield path


def secrets_in(text: str) -> list[str]:
    """What looks like a secret in it."""
    found = []
    for match in LOOKS_LIKE_ONE.finditer(text):
        value = match["url"] or match["value"]
        if not value or (len(set(value)) > 8 and not SAID_TO_BE_FOR_TESTS.search(value)):
            found.append(match[0])
    return found


class Secrets(SimpleTestCase):
    def test_nothing_in_the_repository_looks_like_a_secret(self) -> None:
        found = {str(path.relative_to(ROOT)): secrets_in(path.read_text(errors="replace")) for path in kept()}
        self.assertGreater(len(found), 200)
        self.assertEqual({name: what for name, what in found.items() if what}, {})

    def test_what_a_secret_looks_like_is_noticed(self) -> None:
        key = "-----BEGIN EC " + "PRIVATE KEY-----"
        for text in (
            key,
            "SECRET_KEY = '" + "kJ8s0dfk3LmQ2" + "9dkfj3Xmz81'",
            "turn_secret=" + "3f2a9c8b7d6e5f4a" + "1b2c3d4e5f6a",
            "redis://:" + "s3cr3tWord9kq@10.0.0.1",
            "AKIA" + "ABCDEFGHIJKLMNOP",
        ):
            with self.subTest(text[:12]):
                self.assertEqual(len(secrets_in(text)), 1)

    def test_what_only_names_one_is_not(self) -> None:
        for text in (
            "SECRET_KEY=only-for-tests-0123456789-abcdefghij",
            "TURN_SECRET_FILE=/run/credentials/turn_secret",
        ):
            self.assertEqual(secrets_in(text), [])

    def test_no_file_of_the_environment_or_of_keys_is_kept(self) -> None:
        odd = [path.name for path in kept() if path.name == ".env" or path.suffix in {".pem", ".key", ".p12", ".kdbx"}]
        self.assertEqual(odd, [])
