"""What MDN's HTTP Observatory says of the site, as nginx serves it with deploy/nginx.conf, and failing below A+.

`make observatory` starts daphne and nginx, on ports 80 and 443 of a loopback address of its own (which takes root), with a
certificate that only the scanner trusts, and prints the grade and each test. The scanner comes from
scripts/observatory/package-lock.json; nothing of it leaves this machine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.nginx import NAME, Nginx
from tests.support.server import DaphneServer

HERE = Path(__file__).resolve().parent
SCANNER = HERE / "node_modules" / "@mdn" / "mdn-http-observatory"
WANTED = "A+"
NODE = shutil.which("node") or "/usr/bin/node"
NODE_VERSION = 20
SECONDS = 120
ENV = {
    "ALLOWED_HOSTS": f"localhost,{NAME}",
    "PUBLIC_ORIGINS": f"https://{NAME}",
    "CORS_ORIGINS": f"https://{NAME}",
    "TRUSTED_PROXIES": "unix",
}


class ScanError(Exception):
    """The scanner did not say anything that could be read."""


@dataclass(frozen=True)
class Report:
    """The grade, the score, and of each test whether it passed, what it gave or took, and what it says."""

    grade: str
    score: int
    tests: dict[str, dict[str, Any]]

    @property
    def failed(self) -> list[str]:
        """The tests that did not pass."""
        return [name for name, test in self.tests.items() if not test["pass"]]


def in_the_way() -> str:
    """Why it cannot be run here; nothing when it can."""
    if not SCANNER.is_dir():
        return "the Observatory's scanner is not installed: make observatory"
    if os.geteuid() != 0:
        return "the Observatory asks at ports 80 and 443, which root alone may open"
    version = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=False).stdout
    if int(version.removeprefix("v").partition(".")[0] or 0) < NODE_VERSION:
        return f"the Observatory's scanner wants Node {NODE_VERSION}, and here is {version.strip() or 'none'}"
    return ""


def scanned() -> Report:
    """Serve the site and have it scanned. Raises ScanError."""
    with Nginx(address=own_address()) as nginx, DaphneServer(ENV, unix_socket=nginx.unix_socket):
        return scan(NAME, nginx.address, nginx.certificate)


def scan(host: str, address: str, certificate: Path) -> Report:
    """Have it look at that host, at that address. Raises ScanError."""
    preloaded = SCANNER / "conf" / "hsts-preload.json"
    if not preloaded.exists():
        preloaded.write_text("{}")  # the list of browsers, which its installation would fetch; our name is not on it
    command = [NODE, str(HERE / "scan.js"), host, address]
    env = os.environ | {"NODE_EXTRA_CA_CERTS": str(certificate), "NODE_ENV": "production"}
    done = subprocess.run(command, cwd=HERE, env=env, capture_output=True, text=True, timeout=SECONDS, check=False)
    try:
        said = json.loads(done.stdout)
        return Report(said["grade"], said["score"], said["tests"])
    except (json.JSONDecodeError, KeyError) as error:
        raise ScanError(done.stderr or done.stdout) from error


def own_address() -> str:
    """A loopback address that no other process of this kind has, so that ports 80 and 443 are free there."""
    return f"127.80.{os.getpid() >> 8 & 0xFF}.{os.getpid() & 0xFF or 1}"


def main() -> int:
    """The exit code: whether the grade is what we want."""
    if reason := in_the_way():
        print(f"observatory: {reason}", file=sys.stderr)
        return 1
    report = scanned()
    for name, test in report.tests.items():
        print(
            f"{'passed' if test['pass'] else 'FAILED'}  {test['scoreModifier'] or 0:+4d}  {name:<30} {test['result']}"
        )
    print(f"{report.grade}, {report.score} of 100")
    return int(report.grade != WANTED)


if __name__ == "__main__":
    sys.exit(main())
