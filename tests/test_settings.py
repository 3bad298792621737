from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

from django.test import SimpleTestCase

from tests.support.paths import ROOT
from tests.support.server import production_env

BAD = {
    **{"DEBUG": "maybe", "PORT": "eighty", "SESSION_TTL": "0s", "SECRET_KEY_FILE": "/nowhere"},
    **{"CORS_ORIGINS": "chat.example", "PUBLIC_ORIGINS": "*", "TRUSTED_PROXIES": "nginx"},
    **{"STUN_URLS": "http://stun.example", "TURN_URLS": "turn", "TURN_SECRET_FILE": "/nowhere"},
    **{"MESSAGE_RATE": "0", "MESSAGE_BURST": "x", "CALL_RATE": "-1", "CALL_BURST": "1.5"},
    **{"CONNECTIONS_PER_ADDRESS": "many", "METRICS": "maybe", "METRICS_ADDRESSES": "prometheus"},
    **{"LOG_FORMAT": "xml", "LOG_LEVEL": "debug"},
}

DEFAULTS: dict[str, Any] = {
    **{"DEBUG": False, "PORT": 8080, "ALLOWED_HOSTS": ["localhost", "127.0.0.1", "[::1]"], "DATABASES": {}},
    **{"SESSION_TTL": 600.0, "CORS_ORIGINS": ["*"], "PUBLIC_ORIGINS": [], "TRUSTED_PROXIES": []},
    **{"STUN_URLS": [], "TURN_URLS": [], "TURN_SECRET": "", "CONNECTIONS_PER_ADDRESS": 50},
    **{"MESSAGE_RATE": 20, "MESSAGE_BURST": 100, "CALL_RATE": 10, "CALL_BURST": 10},
    **{"METRICS": False, "METRICS_ADDRESSES": ["127.0.0.1/32", "::1/128"], "LOG_FORMAT": "line"},
}

BEHIND_A_PROXY = {"TRUSTED_PROXIES": "unix", "PUBLIC_ORIGINS": "https://chat.example"}


def run(*command: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Python in a process of its own, with production's environment and `env`."""
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=production_env(**env), capture_output=True, text=True, check=False
    )


def settings(*names: str, **env: str) -> dict[str, Any]:
    """What the settings make of `env`; None for a setting that is not made."""
    code = "import json, sys; from lowkey_site import settings as s"
    code += "; print(json.dumps({name: getattr(s, name, None) for name in sys.argv[1:]}, default=str))"
    result = run("-c", code, *names, **env)
    if result.returncode:
        raise AssertionError(result.stderr)
    found: dict[str, Any] = json.loads(result.stdout)
    return found


class Start(SimpleTestCase):
    def test_a_bad_value_stops_manage_with_one_sentence(self) -> None:
        result = run("manage.py", "check", SESSION_TTL="soon")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, 'SESSION_TTL must be a duration as 90s, 10m or 1h30m, not "soon".\n')

    def test_a_bad_value_stops_daphne_with_one_sentence(self) -> None:
        result = run("-m", "daphne", "-p", "0", "lowkey_site.asgi:application", PORT="eighty")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, 'PORT must be a whole number from 1 to 65535, not "eighty".\n')

    def test_every_variable_is_checked_and_named(self) -> None:
        for name, value in BAD.items():
            with self.subTest(name):
                result = run("-c", "import lowkey_site.settings", **{"SECRET_KEY": "", name: value})
                self.assertEqual(result.returncode, 1)
                self.assertTrue(result.stderr.startswith(f"{name} "), result.stderr)
                self.assertEqual(len(result.stderr.splitlines()), 1)


class Secrets(SimpleTestCase):
    def test_production_needs_a_secret_key(self) -> None:
        result = run("manage.py", "check", SECRET_KEY="")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, "SECRET_KEY is required unless DEBUG=1; 50 random characters will do.\n")

    def test_development_makes_its_own_secret_key_each_time(self) -> None:
        one, other = (settings("SECRET_KEY", SECRET_KEY="", DEBUG="1") for _ in range(2))
        self.assertNotEqual(one, other)

    def test_turn_servers_need_the_turn_secret(self) -> None:
        result = run("manage.py", "check", TURN_URLS="turn:turn.example")
        self.assertEqual(result.returncode, 1)
        self.assertIn("TURN_SECRET is required with TURN_URLS", result.stderr)
        made = settings("TURN_URLS", TURN_URLS="turn:turn.example", TURN_SECRET="s")
        self.assertEqual(made["TURN_URLS"], ["turn:turn.example"])


class Production(SimpleTestCase):
    def test_djangos_deployment_check_is_clean(self) -> None:
        result = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **BEHIND_A_PROXY)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("no issues", result.stdout)

    def test_a_server_that_is_told_of_no_origin_is_warned_before_it_is_deployed(self) -> None:
        result = run("manage.py", "check", "--deploy", TRUSTED_PROXIES="unix")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(
            "(signaling.W001) PUBLIC_ORIGINS is not set, so only clients that dial this machine", result.stderr
        )
        self.assertNotIn("W001", run("manage.py", "check").stderr)

    def test_no_proxy_is_believed_unless_one_is_declared(self) -> None:
        header = "SECURE_PROXY_SSL_HEADER"
        self.assertEqual(settings(header), {header: None})
        self.assertEqual(settings(header, TRUSTED_PROXIES="unix"), {header: ["HTTP_X_FORWARDED_PROTO", "https"]})

    def test_without_configuration_the_values_are_the_documented_ones(self) -> None:
        self.assertEqual(settings(*DEFAULTS), DEFAULTS)


class Documentation(SimpleTestCase):
    def test_every_variable_is_listed_for_operators(self) -> None:
        read = set(re.findall(r'_env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "lowkey_site" / "settings.py").read_text()))
        listed = set(re.findall(r"`([A-Z_]+)`", (ROOT / "docs" / "operations" / "configuration.md").read_text()))
        self.assertGreater(len(read), 15)
        self.assertLessEqual(read, listed)
