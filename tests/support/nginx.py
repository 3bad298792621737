"""A real nginx with the site of deploy/nginx.conf, on free ports, with a certificate of its own.

Only what must differ from a real host is replaced: the ports, the files of the certificate, the sockets and the log.

    with Nginx() as nginx: ...                      # one server behind it, at nginx.unix_socket
    with Nginx(processes=2, address=HOST): ...      # two, at nginx.unix_sockets; on ports 80 and 443 of that address
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.net.namespaces import Namespace
from tests.support.paths import ROOT
from tests.support.server import collected_static

SITE = ROOT / "deploy" / "nginx.conf"
NAME = "chat.example"
LOOPBACK = "127.0.0.1"
MODULES = Path("/usr/lib/nginx/modules")
BINARY = shutil.which("nginx") or "/usr/sbin/nginx"

MAIN = """
daemon off;
pid {dir}/nginx.pid;
error_log {dir}/main.log;
worker_processes 1;
include /etc/nginx/modules-enabled/*.conf;
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
    """`unix_sockets` are where the servers behind it have to listen. With a `place`, it runs there."""

    def __init__(
        self, *, processes: int = 1, address: str = LOOPBACK, address6: str = "", place: Namespace | None = None
    ) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="lowkey-nginx-")
        self.dir = Path(self._scratch.name)
        self.dir.chmod(0o755)  # the workers may be another user
        self.unix_sockets = [self.dir / f"{number}.sock" for number in range(1, processes + 1)]
        self.address, self._address6 = address, address6
        self.http_port, self.https_port = two_free_ports() if address == LOOPBACK else (80, 443)
        self._place = place
        self._process: subprocess.Popen[bytes] | None = None
        self.renew_certificate()
        self._write_configuration()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def unix_socket(self) -> Path:
        """Where the one server behind it has to listen."""
        return self.unix_sockets[0]

    @property
    def origin(self) -> str:
        """What a browser calls it. `NAME` has to be led to its address."""
        return f"https://{NAME}" + (f":{self.https_port}" if self.https_port != 443 else "")

    @property
    def log(self) -> str:
        """All that it wrote, into whichever file."""
        return "".join(path.read_text() for path in sorted(self.dir.glob("*.log")))

    @property
    def certificate(self) -> Path:
        """The file of its certificate, which is all that there is to be trusted."""
        return self.dir / "fullchain.pem"

    def client_context(self) -> ssl.SSLContext:
        """For clients that trust its certificate, and nothing else."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def connect(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        """A new connection of a client."""
        with self._inside():
            plain = socket.create_connection((self.address, self.https_port), timeout=10)
        return context.wrap_socket(plain, server_hostname=NAME)

    def workers(self) -> set[int]:
        """The processes that serve; those that only see old connections out among them."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return {int(pid) for pid in children.read_text(encoding="ascii").split()}

    def test(self) -> subprocess.CompletedProcess[str]:
        """`nginx -t`."""
        return subprocess.run([*self._command(), "-t"], capture_output=True, text=True, check=False)

    def start(self) -> None:
        """Start it and wait until it takes connections, and has somebody to serve them."""
        with (self.dir / "stderr.log").open("wb") as stderr, self._inside():
            self._process = subprocess.Popen(self._command(), stdin=subprocess.DEVNULL, stderr=stderr)
        deadline = time.monotonic() + 10
        while not (self._listens() and self.workers()):
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = self.log
                self.stop()
                raise RuntimeError(f"nginx did not start:\n{log}")
            time.sleep(0.02)

    def reload(self) -> None:
        """Have it read all its files again, as `systemctl reload nginx` does, and wait until that is done."""
        assert self._process is not None
        before = self.workers()
        self._process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while not self.workers() - before:
            if time.monotonic() > deadline:
                raise RuntimeError(f"nginx did not reload:\n{self.log}")
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
            with self._inside():
                socket.create_connection((self.address, self.https_port), timeout=1).close()
        except OSError:
            return False
        return True

    def _inside(self) -> contextlib.AbstractContextManager[None]:
        return self._place.inside() if self._place else contextlib.nullcontext()

    def renew_certificate(self) -> None:
        """Put a new one, with a new key, in its place. It is read on `start` and `reload`."""
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        command += ["-days", "2", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
        command += ["-keyout", str(self.dir / "privkey.pem"), "-out", str(self.certificate)]
        subprocess.run(command, check=True, capture_output=True)

    def _write_configuration(self) -> None:
        (self.dir / "static").symlink_to(collected_static())
        (self.dir / "modules").symlink_to(MODULES)
        changes = {
            "listen 80;": f"listen {self.address}:{self.http_port};",
            "listen [::]:80;": "",
            "listen 443 ssl http2;": f"listen {self.address}:{self.https_port} ssl http2;",
            "listen [::]:443 ssl http2;": f"listen [{self._address6}]:443 ssl http2;" if self._address6 else "",
            "/run/lowkey-1/lowkey.sock": str(self.unix_sockets[0]),
            "/run/lowkey-2/lowkey.sock": str(self.unix_sockets[-1]),
            "/etc/lowkey/tls/": f"{self.dir}/",
            "root /var/lib/lowkey;": f"root {self.dir};",
            "root /var/lib/lowkey/acme;": f"root {self.dir}/acme;",
            "/var/log/nginx/lowkey.log": str(self.dir / "site.log"),
        }
        (self.dir / "site.conf").write_text(replace_all(SITE.read_text(), changes))
        user = "user root;" if os.geteuid() == 0 else ""
        (self.dir / "nginx.conf").write_text(user + MAIN.format(dir=self.dir))
