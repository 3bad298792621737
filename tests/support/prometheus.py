"""A real Prometheus in a process of its own, which asks one server every half second and keeps what it hears for the test.

with Prometheus(server.port) as prometheus:
    prometheus.ask("lowkey_serving")
"""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from tests.support.monitoring import MONITORING

BINARY = shutil.which("prometheus")
PROMTOOL = shutil.which("promtool")
START_SECONDS = 30.0

CONFIGURATION = """
global: {{scrape_interval: 500ms, evaluation_interval: 500ms}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: lowkey
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


class Prometheus:
    """With the rules of deploy/monitoring/alerts.yml."""

    def __init__(self, target_port: int) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="lowkey-prometheus-")
        self._dir = Path(self._scratch.name)
        text = CONFIGURATION.format(rules=MONITORING / "alerts.yml", port=target_port)
        (self._dir / "prometheus.yml").write_text(text)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._port = listener.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        options = {
            "config.file": self._dir / "prometheus.yml",
            "storage.tsdb.path": self._dir / "data",
            "web.listen-address": f"127.0.0.1:{self._port}",
        }
        with (self._dir / "log").open("wb") as log:
            command = [str(BINARY), *(f"--{name}={value}" for name, value in options.items())]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._wait_until_ready()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._scratch.cleanup()

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The samples that a query has now."""
        answer = self._get(f"/api/v1/query?query={quote(query)}")
        if answer["status"] != "success":
            raise ValueError(f"{answer['error']}: {query}")
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    def rules(self) -> list[dict[str, Any]]:
        """The alerts that it knows, and how they are."""
        groups = self._get("/api/v1/rules")["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def _get(self, path: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=START_SECONDS)
        try:
            connection.request("GET", path)
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
            return answer
        finally:
            connection.close()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._has_scraped():
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                log = (self._dir / "log").read_text()
                self.__exit__()
                raise RuntimeError(f"Prometheus did not start, or could not ask the server:\n{log}")
            time.sleep(0.05)

    def _has_scraped(self) -> bool:
        try:
            return bool(self.ask('up{job="lowkey"} == 1'))
        except (OSError, ValueError, http.client.HTTPException):
            return False
