from __future__ import annotations

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

UNIT = ROOT / "deploy" / "lowkey.service"
EXAMPLE = ROOT / "deploy" / "lowkey.env.example"


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not installed")
class Unit(SimpleTestCase):
    def setUp(self) -> None:
        self.unit = Path(self.enterContext(tempfile.TemporaryDirectory())) / "lowkey.service"
        programs = Path(sys.executable).parent
        self.unit.write_text(replace_all(UNIT.read_text(), {"/opt/lowkey/.venv/bin": str(programs)}))

    def test_systemd_finds_no_fault_in_it(self) -> None:
        result = subprocess.run(
            ["systemd-analyze", "verify", str(self.unit)], capture_output=True, text=True, check=False
        )
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_systemd_finds_it_well_confined(self) -> None:
        command = ["systemd-analyze", "security", "--offline=true", "--threshold=15", str(self.unit)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stdout[-200:])


class Example(SimpleTestCase):
    def test_the_example_is_a_configuration_for_the_names_in_the_nginx_site(self) -> None:
        lines = [line for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("# ")]
        values = dict(line.lstrip("#").split("=", 1) for line in lines)
        env = Environment(values)
        self.assertEqual(env.origins("CORS_ORIGINS"), ("https://chat.example",))
        self.assertEqual(env.origins("PUBLIC_ORIGINS"), ("https://chat.example",))
        self.assertEqual(env.proxies("TRUSTED_PROXIES"), ("unix",))
        self.assertEqual(len(env.ice_urls("STUN_URLS", "stun")), 1)
        self.assertEqual(len(env.ice_urls("TURN_URLS", "turn")), 2)
        self.assertEqual(env.secret("SECRET_KEY") + env.secret("TURN_SECRET"), "")
