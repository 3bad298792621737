from __future__ import annotations

import json
import re
import subprocess
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.test import SimpleTestCase

from tests.install.host import NAME, SOURCE, Host, unavailable

PYTHON = "/opt/lowkey/current/.venv/bin/python"
CURL = ("curl", "--silent", "--show-error", "--cacert", "/etc/lowkey/tls/fullchain.pem")
UNITS = ("nginx", "lowkey-redis", "lowkey-turn", "lowkey@1", "lowkey@2")
RUNS = "for try in $(seq 300); do ! systemctl --quiet is-active {unit} || exit 0; sleep 0.1; done; exit 1"
EXPOSED = {"lowkey@1": 0.5, "lowkey@2": 0.5, "lowkey-redis": 0.5, "lowkey-turn": 1.5}
"""What `systemd-analyze security` may find at most."""


@unittest.skipIf(unavailable(), f"no host in a container: {unavailable()}")
class Install(SimpleTestCase):
    """One host for all of them: installed as an image is made, twice, then booted. Each test leaves it serving."""

    host: ClassVar[Host]
    said: ClassVar[list[str]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.host = cls.enterClassContext(Host())
        cls.said = []
        cls.trees = []
        for options in ((NAME, "--self-signed", "--no-start", "--yes"), ("--no-start", "--yes")):
            done = cls.host.chroot(f"{SOURCE}/deploy/install.sh", *options)
            if done.returncode != 0:
                raise AssertionError(done.stdout)
            cls.said.append(done.stdout)
            cls.trees.append(cls.tree())
        cls.host.boot()

    trees: ClassVar[list[str]]

    @classmethod
    def tree(cls) -> str:
        """Every file that the script could have touched, with its owner, mode, size and time."""
        listing = ["find", "etc", "opt", "usr", "var/lib", "-printf", r"%p %m %U %G %s %T@ %l\n"]
        return subprocess.run(listing, cwd=cls.host.root, capture_output=True, text=True, check=True).stdout

    def setUp(self) -> None:
        self.wait_for_units()

    @classmethod
    def wait_for_units(cls) -> None:
        """Until all of them run."""
        for unit in UNITS:
            done = cls.host.run("sh", "-c", RUNS.format(unit=unit))
            if done.returncode != 0:
                raise AssertionError(cls.host.run("journalctl", "--no-pager", "--lines=30", f"--unit={unit}").stdout)

    def active(self, unit: str) -> bool:
        return self.host.run("systemctl", "--quiet", "is-active", unit).returncode == 0

    def show(self, unit: str, what: str) -> str:
        return self.host.run("systemctl", "show", f"--property={what}", "--value", unit).stdout.strip()

    def install(self, *options: str, fails: bool = False) -> str:
        """What install.sh says."""
        done = self.host.install("--yes", *options)
        self.assertEqual(done.returncode, int(fails), done.stdout)
        return done.stdout

    def get(self, path: str, *options: str) -> str:
        done = self.host.run(*CURL, "--include", *options, f"https://{NAME}{path}")
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def change(self, name: str, old: str, new: str) -> None:
        """Edit a file of the host until the test is over, and have install.sh see that it is as it was."""
        self.addCleanup(self.install)
        file = self.host.path(name)
        text = file.read_text(encoding="utf-8")
        self.assertIn(old, text)
        file.write_text(text.replace(old, new), encoding="utf-8")
        self.addCleanup(file.write_text, text, encoding="utf-8")

    def current(self) -> str:
        return str(self.host.path("/opt/lowkey/current").readlink())

    @contextmanager
    def people(self) -> Iterator[dict[str, Any]]:
        """Some are online meanwhile; what they saw is there afterwards."""
        seen: dict[str, Any] = {}
        clients = self.host.start(PYTHON, f"{SOURCE}/tests/install/clients.py")
        assert clients.stdout is not None
        self.assertEqual(clients.stdout.readline(), "ready\n")
        try:
            yield seen
        finally:
            said, _ = clients.communicate(timeout=60)
        seen |= json.loads(said)

    def test_a_second_run_finds_nothing_to_do_and_touches_no_file(self) -> None:
        self.assertIn("Nothing was changed", self.said[1])
        before, after = (set(tree.splitlines()) for tree in self.trees)
        self.assertEqual(before ^ after, set())

    def test_neither_does_one_while_it_runs_nor_is_anything_restarted(self) -> None:
        before = [self.show(unit, "ExecMainStartTimestampMonotonic") for unit in UNITS]
        self.assertIn("Nothing was changed", self.install())
        self.assertEqual([self.show(unit, "ExecMainStartTimestampMonotonic") for unit in UNITS], before)

    def test_what_is_enabled_came_up_with_the_host_without_a_hand(self) -> None:
        self.assertIn('{"status":"ok"}', self.get("/health"))
        self.assertEqual(self.host.run("systemctl", "--failed", "--plain", "--no-legend").stdout, "")

    def test_the_running_units_are_as_confined_as_their_files_say(self) -> None:
        for unit, most in EXPOSED.items():
            said = self.host.run("systemd-analyze", "security", "--no-pager", unit).stdout
            found = re.search(rf"exposure level for {unit}.service: ([\d.]+)", said)
            with self.subTest(unit):
                assert found is not None, said
                self.assertLessEqual(float(found[1]), most)

    def test_secrets_are_for_root_alone_and_in_no_process_environment(self) -> None:
        secrets = self.host.path("/etc/lowkey/secrets")
        self.assertEqual(secrets.stat().st_mode & 0o777, 0o700)
        pid = self.show("lowkey@1", "MainPID")
        environment = self.host.run("cat", f"/proc/{pid}/environ").stdout
        for file in secrets.iterdir():
            with self.subTest(file.name):
                self.assertEqual(file.stat().st_mode & 0o777, 0o600)
                self.assertNotIn(file.read_text().strip(), environment)
                self.assertNotIn(file.read_text().strip(), "".join(self.said))

    def test_a_process_can_neither_reach_a_network_nor_read_the_secrets_of_others(self) -> None:
        pid = self.show("lowkey@1", "MainPID")
        links = self.host.run("nsenter", f"--target={pid}", "--net", "ip", "-brief", "address").stdout
        self.assertEqual([line.split()[0] for line in links.splitlines()], ["lo"])
        inside = self.host.run(
            "nsenter", f"--target={pid}", "--mount", "sh", "-c", "ls -A /etc/lowkey/secrets /etc/lowkey/tls"
        )
        self.assertNotRegex(inside.stdout, "pem|secret_key")

    def test_files_come_from_nginx_compressed_and_for_good(self) -> None:
        page = self.get("/")
        for name in sorted(set(re.findall(r'/static/[^"]+', page))):
            answer = self.get(
                name, "--header", "Accept-Encoding: br, gzip", "--output", "/dev/null", "--dump-header", "-"
            )
            with self.subTest(name):
                self.assertIn("max-age=315360000, public, immutable", answer)
                self.assertRegex(answer, "content-encoding: br|image/png|font/woff2")

    def test_a_challenge_of_certbot_is_answered_over_plain_http(self) -> None:
        place = self.host.path("/var/lib/lowkey/acme/.well-known/acme-challenge")
        place.mkdir(parents=True)
        (place / "token").write_text("proof")
        said = self.host.run("curl", "--silent", f"http://{NAME}/.well-known/acme-challenge/token").stdout
        self.assertEqual(said, "proof")

    def test_a_process_that_is_killed_comes_back_by_itself(self) -> None:
        before = self.show("lowkey@1", "MainPID")
        self.host.run("systemctl", "kill", "--signal=KILL", "lowkey@1")
        with self.people() as seen:
            self.wait_for_units()
        self.assertNotEqual(self.show("lowkey@1", "MainPID"), before)
        self.assertEqual(set(seen["health"]), {"HTTP/1.1 200 OK"})

    def test_an_upgrade_is_noticed_by_nobody_but_as_a_socket_that_closes_with_1001(self) -> None:
        before, old_files = self.current(), set(self.host.path("/var/lib/lowkey/static").rglob("*"))
        self.change(f"{SOURCE}/manage.py", "Django's command line", "Another version of Django's command line")
        with self.people() as seen:
            said = self.install()
        self.assertNotEqual(self.current(), before)
        self.assertEqual(said.count("systemctl restart lowkey@"), 2)
        self.assertEqual(set(seen["health"]), {"HTTP/1.1 200 OK"})
        self.assertEqual((set(seen["closes"]), seen["refusals"], seen["online"]), ({"1001"}, {}, 10))
        self.assertLessEqual(old_files, set(self.host.path("/var/lib/lowkey/static").rglob("*")))
        for number in (1, 2):
            pid = self.show(f"lowkey@{number}", "MainPID")
            self.assertEqual(
                self.host.run("readlink", f"/proc/{pid}/cwd").stdout.strip(), f"/opt/lowkey/{self.current()}"
            )

    def test_a_version_that_does_not_serve_is_taken_back(self) -> None:
        before, second = self.current(), self.show("lowkey@2", "MainPID")
        self.change(f"{SOURCE}/lowkey_site/daphne.py", "    mend()\n", '    raise SystemExit("it does not start")\n')
        with self.people() as seen:
            said = self.install(fails=True)
        self.assertIn("it does not start", said)
        self.assertIn("so the one before it runs again", said)
        self.assertEqual((self.current(), self.show("lowkey@2", "MainPID")), (before, second))
        self.assertEqual(set(seen["health"]), {"HTTP/1.1 200 OK"})

    def test_a_configuration_that_cannot_be_used_is_refused_before_anything_is_touched(self) -> None:
        before = [self.show(unit, "MainPID") for unit in UNITS]
        self.change("/etc/lowkey/lowkey.env", "PUBLIC_ORIGINS=https", "PUBLIC_ORIGINS=gopher")
        self.assertIn("PUBLIC_ORIGINS", self.install("--restart", fails=True))
        self.assertEqual([self.show(unit, "MainPID") for unit in UNITS], before)

    def test_a_change_of_lowkey_env_is_taken_over_by_the_next_run(self) -> None:
        self.change("/etc/lowkey/lowkey.env", "#METRICS=1", "METRICS=1")
        self.assertEqual(self.install().count("systemctl restart lowkey@"), 2)
        self.assertIn("Nothing was changed", self.install())
        asked = ("curl", "--silent", "--unix-socket", "/run/lowkey-1/lowkey.sock", f"http://{NAME}/health")
        self.assertIn("ok", self.host.run(*asked).stdout)
        self.assertIn("404", self.get("/metrics").splitlines()[0])

    def test_an_edited_file_stays_and_the_new_one_lies_beside_it(self) -> None:
        self.change("/etc/nginx/sites-available/lowkey", "keepalive_timeout 30s;", "keepalive_timeout 31s;")
        self.assertIn("Nothing was changed", self.install())
        self.change(f"{SOURCE}/deploy/nginx.conf", "client_header_timeout 10s;", "client_header_timeout 11s;")
        self.assertIn("was edited here, and stays", self.install())
        self.assertIn("keepalive_timeout 31s;", self.host.read("/etc/nginx/sites-available/lowkey"))
        self.assertIn("client_header_timeout 11s;", self.host.read("/etc/nginx/sites-available/lowkey.new"))
        self.assertIn("Nothing was changed", self.install())

    def test_uvicorn_takes_the_places_of_daphne_and_the_other_way_round(self) -> None:
        for server, unit in (("uvicorn", "lowkey-uvicorn@"), ("daphne", "lowkey@")):
            with self.people() as seen:
                self.install("--server", server)
            running = self.host.run(
                "systemctl", "list-units", "--plain", "--no-legend", "lowkey@*", "lowkey-uvicorn@*"
            ).stdout
            with self.subTest(server):
                self.assertEqual(
                    [line.split()[0] for line in running.splitlines()], [f"{unit}1.service", f"{unit}2.service"]
                )
                self.assertEqual(set(seen["health"]), {"HTTP/1.1 200 OK"})
                self.assertEqual((set(seen["closes"]), seen["online"]), ({"1001"}, 10))

    def test_more_processes_and_fewer(self) -> None:
        for processes in ("3", "2"):
            with self.people() as seen:
                self.install("--processes", processes)
            running = self.host.run("systemctl", "list-units", "--plain", "--no-legend", "lowkey@*").stdout.splitlines()
            with self.subTest(processes):
                self.assertEqual(len(running), int(processes))
                self.assertEqual(set(seen["health"]), {"HTTP/1.1 200 OK"})

    def test_a_renewed_certificate_is_shown_by_nginx_and_by_coturn_and_interrupts_nobody(self) -> None:
        before = self.host.read("/etc/lowkey/tls/fullchain.pem")
        make = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "9",
        ]
        make += ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-keyout", "/root/privkey.pem"]
        with self.people() as seen:
            self.host.run(*make, "-out", "/root/fullchain.pem")
            self.host.run("cp", "/root/fullchain.pem", "/root/cert.pem")
            hook = self.host.run(f"{SOURCE}/deploy/certbot-hook.sh", RENEWED_LINEAGE="/root")
            self.assertEqual(hook.returncode, 0, hook.stdout)
            for port in ("443", "5349"):
                self.assertEqual(self.host.run("sh", "-c", self.until_shown(port)).returncode, 0, port)
        self.assertNotEqual(self.host.read("/etc/lowkey/tls/fullchain.pem"), before)
        self.assertEqual((seen["closes"], seen["online"]), ({}, 10))
        self.assertTrue(self.active("lowkey-turn"))

    @staticmethod
    def until_shown(port: str) -> str:
        ours = "openssl x509 -noout -fingerprint -in /etc/lowkey/tls/fullchain.pem"
        theirs = f"openssl s_client -connect 127.0.0.1:{port} </dev/null 2>/dev/null | openssl x509 -noout -fingerprint"
        return f'for try in $(seq 50); do [ "$({ours})" != "$({theirs})" ] || exit 0; sleep 0.2; done; exit 1'
