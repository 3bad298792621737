from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import ClassVar

from django.test import SimpleTestCase

from tests.support.paths import ROOT

SCRIPT = ROOT / "deploy" / "install.sh"
SHELL = (SCRIPT, *sorted((ROOT / "deploy" / "install").glob("*.sh")), ROOT / "deploy" / "certbot-hook.sh")
NAME = "chat.example"


def debian() -> str:
    """`ID VERSION` of this machine."""
    lines = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    return f"{lines.get('ID', '')} {lines.get('VERSION_ID', '')}".replace('"', "")


def run(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """install.sh with these; all that it says is in stdout."""
    return subprocess.run(
        [SCRIPT, *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | environment,
        check=False,
    )


class Lint(SimpleTestCase):
    @unittest.skipUnless(shutil.which("shellcheck"), "shellcheck is not installed")
    def test_shellcheck_finds_no_fault(self) -> None:
        scripts = [str(SCRIPT), str(ROOT / "deploy" / "certbot-hook.sh")]
        result = subprocess.run(["shellcheck", "-x", *scripts], capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stdout), (0, ""))

    def test_its_parts_are_short_and_no_line_is_long(self) -> None:
        for path in SHELL:
            lines = path.read_text().splitlines()
            with self.subTest(path.name):
                self.assertLess(len(lines), 200)
                self.assertLessEqual(max(map(len, lines)), 180)


@unittest.skipIf(debian() != "debian 12", "it installs on Debian 12 alone")
class Command(SimpleTestCase):
    """What can be seen of it without touching this machine; tests/install lets it go the whole way."""

    def test_a_dry_run_says_what_it_would_do_and_does_nothing(self) -> None:
        with tempfile.TemporaryDirectory() as root:
            said = run(NAME, "--dry-run", "--self-signed", "--root", root)
            self.assertEqual(said.returncode, 0, said.stdout)
            self.assertEqual(list(Path(root).iterdir()), [])
        for what in (
            "secrets/secret_key (600",
            "pip install",
            "lowkey@.service",
            "sites-available/lowkey",
            "openssl req",
        ):
            self.assertIn(what, said.stdout)
        self.assertIn("Nothing was done.", said.stdout)

    def test_what_it_cannot_use_it_names(self) -> None:
        table = {
            (): "which name do people type?",
            ("Chat.example",): '"Chat.example" is not a name',
            ("chat",): '"chat" is not a name',
            ("chat.example; reboot",): "is not a name",
            (NAME, "--processes", "0"): "--processes must be a number from 1 to 99",
            (NAME, "--server", "gunicorn"): "--server must be daphne or uvicorn",
            (NAME, "--email", "nobody"): "--email must be an address",
            (NAME, "--email"): "--email needs a value",
            (NAME, "--quick"): "there is no option --quick",
        }
        for options, sentence in table.items():
            said = run("--dry-run", *options)
            with self.subTest(options):
                self.assertEqual(said.returncode, 1)
                self.assertIn(sentence, said.stdout)
                self.assertNotIn("==", said.stdout)

    def test_a_name_without_an_address_is_no_name_for_a_certificate(self) -> None:
        said = run("nowhere.invalid", "--dry-run")
        self.assertEqual(said.returncode, 1)
        self.assertIn("nowhere.invalid has no address", said.stdout)

    def test_help_is_the_head_of_the_file(self) -> None:
        said = run("--help").stdout
        for option in ("--dry-run", "--processes N", "--no-turn", "--self-signed", "--root DIR"):
            self.assertIn(option, said)


@unittest.skipIf(debian() != "debian 12", "it installs on Debian 12 alone")
@unittest.skipUnless(os.geteuid() == 0, "it must be run as root")
class BelowARoot(SimpleTestCase):
    """`--root`: all files of a host, in a directory. pip is this checkout's own packages, so nothing is fetched."""

    root: ClassVar[Path]
    said: ClassVar[subprocess.CompletedProcess[str]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.root = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.said = cls.install(NAME, "--self-signed", "--processes", "3")
        if cls.said.returncode != 0:
            raise AssertionError(cls.said.stdout)

    @classmethod
    def install(cls, *options: str) -> subprocess.CompletedProcess[str]:
        programs = cls.root.parent / f"{cls.root.name}-bin"
        if not programs.exists():
            programs.mkdir()
            cls.addClassCleanup(shutil.rmtree, programs)
            (programs / "python3").write_text(PYTHON3.format(venv=ROOT / ".venv"))
            (programs / "python3").chmod(0o755)
        return run(*options, "--yes", "--root", str(cls.root), PATH=f"{programs}:{os.environ['PATH']}")

    def read(self, name: str) -> str:
        return (self.root / name).read_text()

    def tree(self) -> dict[str, tuple[int, int, float]]:
        files = {str(path): path.lstat() for path in sorted(self.root.rglob("*"))}
        return {name: (stat.st_mode, stat.st_size, stat.st_mtime) for name, stat in files.items()}

    def test_a_second_run_changes_nothing(self) -> None:
        before = self.tree()
        said = self.install()
        self.assertIn("Nothing was changed.", said.stdout)
        self.assertEqual(self.tree(), before)

    def test_each_process_has_its_line_in_the_site_and_its_place_at_boot(self) -> None:
        site = self.read("etc/nginx/sites-available/lowkey")
        for number in (1, 2, 3):
            self.assertEqual(site.count(f"server unix:/run/lowkey-{number}/lowkey.sock"), 1)
            self.assertTrue(
                (self.root / f"etc/systemd/system/lowkey.target.wants/lowkey@{number}.service").is_symlink()
            )
        self.assertNotIn("lowkey-4", site)

    def test_no_placeholder_is_left_and_each_secret_stands_where_it_belongs(self) -> None:
        secret = {path.name: path.read_text().strip() for path in (self.root / "etc/lowkey/secrets").iterdir()}
        self.assertEqual(set(secret), {"secret_key", "turn_secret", "redis_url"})
        written = [path for path in (self.root / "etc").rglob("*") if path.is_file()]
        self.assertEqual([path for path in written if b"@TURN_SECRET@" in path.read_bytes()], [])
        self.assertIn(f"static-auth-secret={secret['turn_secret']}\n", self.read("etc/lowkey/turnserver.conf"))
        self.assertEqual((self.root / "etc/lowkey/turnserver.conf").stat().st_mode & 0o777, 0o640)
        for value in secret.values():
            self.assertNotIn(value, self.said.stdout)

    def test_the_files_are_there_and_of_the_release_that_is_current(self) -> None:
        release = self.root / "opt/lowkey" / (self.root / "opt/lowkey/current").readlink()
        self.assertTrue((release / "manage.py").exists())
        self.assertTrue((release / "staticfiles/staticfiles.json").exists())
        served = {path.name for path in (self.root / "var/lib/lowkey/static/built").iterdir()}
        self.assertEqual(served, {path.name for path in (release / "staticfiles/built").iterdir()})


PYTHON3 = """#!/bin/sh
# In place of a new environment with the packages: this checkout's own.
[ "$1 $2" = "-m venv" ] || exec {venv}/bin/python "$@"
mkdir -p "$3/bin"
printf '#!/bin/sh\\n[ "$1 $2" = "-m pip" ] || exec {venv}/bin/python "$@"\\n' > "$3/bin/python"
chmod 755 "$3/bin/python"
"""
