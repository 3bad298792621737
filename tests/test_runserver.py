from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request

from django.test import SimpleTestCase

from tests.support.paths import ROOT
from tests.support.server import production_env


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Runserver(SimpleTestCase):
    def test_it_listens_on_the_port_of_the_environment_serves_files_and_logs_nobody(self) -> None:
        port = free_port()
        process = self.start(port)
        origin = f"http://127.0.0.1:{port}"
        self.assertIn(b'"ok"', self.fetch(process, f"{origin}/health?username=alice"))
        self.assertIn(b"export {", self.fetch(process, f"{origin}/static/vendor/noble.js"))
        process.terminate()
        said, _ = process.communicate(timeout=10)
        self.assertIn(f"{origin}/", said)
        self.assertNotIn("alice", said)
        self.assertNotIn("/health", said)
        self.assertNotIn("Warning", said)

    def test_a_port_in_use_is_said_so_and_nothing_is_served(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            process = self.start(taken.getsockname()[1])
            code = process.wait(timeout=20)
        assert process.stdout is not None
        said = process.stdout.read()
        self.assertEqual(code, 1)
        self.assertIn("Address already in use. PORT chooses another.", said)
        self.assertNotIn("Starting", said)

    def start(self, port: int) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.guarded", "manage", "runserver", "--noreload"],
            cwd=ROOT,
            env=production_env(DEBUG="1", PORT=str(port), SECRET_KEY=""),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def fetch(self, process: subprocess.Popen[str], url: str) -> bytes:
        """The body, as soon as the server answers."""
        deadline = time.monotonic() + 20
        while True:
            try:
                with urllib.request.urlopen(url, timeout=10) as response:
                    return bytes(response.read())
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
