from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from django.test import SimpleTestCase

from lowkey_site.env import Environment
from tests.support.nginx import replace_all
from tests.support.paths import ROOT

DEPLOY = ROOT / "deploy"
EXAMPLE = DEPLOY / "lowkey.env.example"
PYTHON = "/opt/lowkey/current/.venv/bin/python"
EXPOSED = {
    "lowkey@.service": 0.5,
    "lowkey-uvicorn@.service": 0.5,
    "lowkey-redis.service": 0.5,
    "lowkey-turn.service": 1.5,
}
"""What `systemd-analyze security` may find in each at most, of 10; 0.4 and 1.3 is what it does."""


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not installed")
class Units(SimpleTestCase):
    """What runs them for real is tests/install."""

    def setUp(self) -> None:
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for unit in (*EXPOSED, "lowkey.target"):
            text = (DEPLOY / unit).read_text()
            here = {PYTHON: sys.executable} if PYTHON in text else {}
            (self.directory / unit).write_text(replace_all(text, here))

    def analyze(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["systemd-analyze", *arguments], cwd=self.directory, capture_output=True, text=True, check=False
        )

    def test_systemd_finds_no_fault_in_them(self) -> None:
        for unit in (*EXPOSED, "lowkey.target"):
            with self.subTest(unit):
                result = self.analyze("verify", f"./{unit}")
                self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_systemd_finds_them_well_confined(self) -> None:
        for unit, most in EXPOSED.items():
            with self.subTest(unit):
                said = self.analyze("security", "--offline=true", f"./{unit}").stdout
                found = re.search(r"exposure level for \S+ ([\d.]+)", said)
                assert found is not None, said
                self.assertLessEqual(float(found[1]), most)


class Files(SimpleTestCase):
    def test_uvicorn_is_confined_as_daphne_is(self) -> None:
        def rules(name: str) -> list[str]:
            return [line for line in (DEPLOY / name).read_text().splitlines() if line and not line.startswith("#")]

        ours = {
            "Description=lowkey on uvicorn, process %i": "Description=lowkey on daphne, process %i",
            "lowkey_site.uvicorn --uds": "lowkey_site.daphne -u",
            "Conflicts=lowkey@%i.service\n": "",
            " lowkey@%i.service\n": "\n",
        }
        uvicorn = replace_all("\n".join(rules("lowkey-uvicorn@.service")), ours)
        self.assertEqual(uvicorn.splitlines(), rules("lowkey@.service"))

    def test_a_user_of_its_own_has_another_name_than_its_group(self) -> None:
        """systemd makes no dynamic user of a name that a group has already."""
        for unit in ("lowkey-redis.service", "lowkey-turn.service"):
            values = dict(line.split("=", 1) for line in (DEPLOY / unit).read_text().splitlines() if "=" in line)
            with self.subTest(unit):
                self.assertEqual(values["DynamicUser"], "yes")
                self.assertNotEqual(values["User"], values["Group"])

    def test_the_example_is_a_configuration_for_the_names_in_the_nginx_site(self) -> None:
        lines = [line for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("# ")]
        values = dict(line.lstrip("#").split("=", 1) for line in lines)
        env = Environment(values)
        self.assertEqual(env.origins("CORS_ORIGINS"), ("https://chat.example",))
        self.assertEqual(env.origins("PUBLIC_ORIGINS"), ("https://chat.example",))
        self.assertEqual(env.proxies("TRUSTED_PROXIES"), ("unix",))
        self.assertEqual(env.ice_urls("STUN_URLS", "stun"), ("stun:chat.example:3478",))
        self.assertEqual(len(env.ice_urls("TURN_URLS", "turn")), 3)
        self.assertEqual({name for name in values if "SECRET" in name or "REDIS" in name}, set())
