"""A real nginx with the site of deploy/nginx.conf, on free ports, with a certificate of its own.

Only what must differ from a real host is replaced: the ports, the files of the certificate, the socket and the log.
"""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.support.paths import ROOT

SITE = ROOT / "deploy" / "nginx.conf"
NAME = "chat.example"
BINARY = shutil.which("nginx") or "/usr/sbin/nginx"

MAIN = """
daemon off;
pid {dir}/nginx.pid;
error_log {dir}/main.log;
worker_processes 1;
events {{}}
http {{
    access_log {dir}/access.log;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    include {dir}/site.conf;
}}
"""


def two_free_ports() -> tuple[int, int]:
    """Two ports that nobody listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def replace_all(text: str, changes: Mapping[str, str]) -> str:
    """`text` with each key replaced; one that does not occur means that the text has changed under us."""
    for old, new in changes.items():
        if old not in text:
            raise ValueError(f"{old!r} is not there to be replaced")
        text = text.replace(old, new)
    return text


class Nginx:
    """`unix_socket` is where the server behind it has to listen."""

    def __init__(self) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="lowkey-nginx-")
        self.dir = Path(self._scratch.name)
        self.dir.chmod(0o755)  # the workers may be another user
        self.unix_socket = self.dir / "lowkey.sock"
        self.http_port, self.https_port = two_free_ports()
        self._process: subprocess.Popen[bytes] | None = None
        self._make_certificate()
        self._write_configuration()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def origin(self) -> str:
        """What a browser calls it. `NAME` has to be led to 127.0.0.1."""
        return f"https://{NAME}:{self.https_port}"

    @property
    def log(self) -> str:
        """All that it wrote, into whichever file."""
        return "".join(path.read_text() for path in sorted(self.dir.glob("*.log")))

    def client_context(self) -> ssl.SSLContext:
        """For clients that trust its certificate, and nothing else."""
        return ssl.create_default_context(cafile=str(self.dir / "fullchain.pem"))

    def test(self) -> subprocess.CompletedProcess[str]:
        """`nginx -t`."""
        return subprocess.run([*self._command(), "-t"], capture_output=True, text=True, check=False)

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        with (self.dir / "stderr.log").open("wb") as stderr:
            self._process = subprocess.Popen(self._command(), stdin=subprocess.DEVNULL, stderr=stderr)
        deadline = time.monotonic() + 10
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = self.log
                self.stop()
                raise RuntimeError(f"nginx did not start:\n{log}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it and remove its files."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None
        self._scratch.cleanup()

    def _command(self) -> list[str]:
        return [BINARY, "-p", str(self.dir), "-c", str(self.dir / "nginx.conf"), "-e", str(self.dir / "main.log")]

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.https_port), timeout=1).close()
        except OSError:
            return False
        return True

    def _make_certificate(self) -> None:
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        command += ["-days", "2", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
        command += ["-keyout", str(self.dir / "privkey.pem"), "-out", str(self.dir / "fullchain.pem")]
        subprocess.run(command, check=True, capture_output=True)

    def _write_configuration(self) -> None:
        changes = {
            "listen 80;": f"listen 127.0.0.1:{self.http_port};",
            "listen [::]:80;": "",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{self.https_port} ssl http2;",
            "listen [::]:443 ssl http2;": "",
            "/run/lowkey/lowkey.sock": str(self.unix_socket),
            f"/etc/letsencrypt/live/{NAME}/": f"{self.dir}/",
            "/var/log/nginx/lowkey.log": str(self.dir / "site.log"),
        }
        (self.dir / "site.conf").write_text(replace_all(SITE.read_text(), changes))
        user = "user root;" if os.geteuid() == 0 else ""
        (self.dir / "nginx.conf").write_text(user + MAIN.format(dir=self.dir))
