"""The loopback ports for Prometheus (deploy/monitoring/nginx-metrics.conf) in a real nginx, before a real process."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import ClassVar

from django.test import SimpleTestCase

from tests.support.http import Answer, request
from tests.support.monitoring import MONITORING
from tests.support.nginx import BINARY, NAME, replace_all, two_free_ports
from tests.support.server import DaphneServer

ENV = {"METRICS": "1", "TRUSTED_PROXIES": "unix", "ALLOWED_HOSTS": f"localhost,{NAME}"}
"""As a host has it; that the server answers to localhost too is for whoever starts it here."""


MAIN = """
daemon off;
pid {dir}/nginx.pid;
error_log {dir}/main.log;
events {{}}
http {{
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    include {dir}/site.conf;
}}
"""


class MetricsSiteTest(SimpleTestCase):
    ports: ClassVar[tuple[int, int]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        scratch = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="lowkey-metrics-")))
        scratch.chmod(0o755)  # the workers may be another user
        cls.enterClassContext(DaphneServer(ENV, unix_socket=scratch / "1.sock"))
        cls.ports = two_free_ports()
        changes = {f"127.0.0.1:910{number}": f"127.0.0.1:{port}" for number, port in enumerate(cls.ports, 1)}
        changes |= {f"/run/lowkey-{number}/lowkey.sock": f"{scratch}/{number}.sock" for number in (1, 2)}
        site = replace_all((MONITORING / "nginx-metrics.conf").read_text(), changes)
        (scratch / "site.conf").write_text(site)
        user = "user root;" if os.geteuid() == 0 else ""
        (scratch / "nginx.conf").write_text(user + MAIN.format(dir=scratch))
        command = [BINARY, "-p", str(scratch), "-c", str(scratch / "nginx.conf"), "-e", str(scratch / "main.log")]
        nginx = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        cls.addClassCleanup(nginx.wait)
        cls.addClassCleanup(nginx.terminate)
        cls.wait_for(nginx)

    @classmethod
    def wait_for(cls, nginx: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 10
        while nginx.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", cls.ports[0]), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError("nginx did not start")

    def asks(self, path: str, process: int = 1, **headers: str) -> Answer:
        return request(HTTPConnection("127.0.0.1", self.ports[process - 1], timeout=10), path, **headers)

    def test_a_process_is_asked_at_its_port(self) -> None:
        answer = self.asks("/metrics")
        self.assertEqual(answer.status, 200)
        self.assertIn(b"\nlowkey_serving 1.0\n", answer.body)

    def test_nothing_else_is_to_be_had_there(self) -> None:
        self.assertEqual([self.asks(path).status for path in ("/", "/health", "/ws")], [404, 404, 404])

    def test_what_an_asker_says_of_their_own_address_does_not_count(self) -> None:
        self.assertEqual(self.asks("/metrics", X_Forwarded_For="203.0.113.7").status, 200)

    def test_a_process_that_is_gone_is_an_error_and_not_another_process(self) -> None:
        self.assertEqual(self.asks("/metrics", process=2).status, 502)
