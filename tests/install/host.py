"""A host of its own: Debian 12 as debootstrap makes it, and systemd as its first process, in a container (systemd-nspawn).

    with Host() as host:
        host.prepare("chat.example", ...)      # install.sh in a chroot with this machine's network, as an image is made
        host.boot()                            # systemd starts what is enabled
        host.run("systemctl", "is-active", "lowkey@1")

Once booted it has a network of its own: loopback, and one address that leads nowhere, so nothing can be fetched any more; an
upgrade that wants the same Python packages takes those that are there. Should the tests die, it dies with them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final, Self

from tests.support.paths import ROOT

NAME: Final = "chat.example"
ADDRESS: Final = "198.51.100.7"
"""Of a documentation net, which coturn's rules allow, unlike private ones."""

SOURCE: Final = "/usr/src/lowkey"
CERTIFICATES: Final = "/usr/src/ca.crt"
TOOLS: Final = {"debootstrap": "debootstrap", "systemd-nspawn": "systemd-container", "nsenter": "util-linux"}
"""What it takes, and its Debian package."""

_MIRROR = "http://deb.debian.org/debian"
_BASE = Path("/var/cache/lowkey-tests/bookworm.tar")
_BASE_SECONDS = 14 * 24 * 3600
_BOOT_SECONDS = 90
_PATIENCE = 300
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_NO_STARTING = "#!/bin/sh\nexit 101\n"
"""policy-rc.d: Debian's packages start nothing while there is no systemd."""


def unavailable() -> str:
    """Why there can be no such host on this machine; empty where there can."""
    missing = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    return "" if os.geteuid() == 0 else "only root can make a root filesystem"


class Host:
    """One of them, from `with` to its end."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="lowkey-host-", dir="/var/tmp"))
        self._console: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this object
        self._container: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        subprocess.run(["tar", "-xf", str(base()), "-C", str(self.root)], check=True)
        self.root.chmod(0o755)
        for name, text in {"hosts": f"127.0.0.1 localhost {NAME}\n", "hostname": "host\n"}.items():
            (self.root / "etc" / name).write_text(text, encoding="ascii")
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        shutil.copy("/etc/ssl/certs/ca-certificates.crt", self.path(CERTIFICATES))
        self._policy.write_text(_NO_STARTING, encoding="ascii")
        self._policy.chmod(0o755)
        self.copy_source()
        return self

    def __exit__(self, *_: object) -> None:
        self.halt()
        shutil.rmtree(self.root)

    @property
    def _policy(self) -> Path:
        return self.path("/usr/sbin/policy-rc.d")

    def path(self, inside: str) -> Path:
        """Where a file of the host lies here."""
        return self.root / inside.removeprefix("/")

    def read(self, inside: str) -> str:
        """What stands in a file of the host."""
        return self.path(inside).read_text(encoding="utf-8")

    def copy_source(self) -> None:
        """This checkout, as `git clone` would put it there."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        there = [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
        for name in there:
            target = self.path(f"{SOURCE}/{name}")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)

    def chroot(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Before it is booted: a command with this machine's network, and no systemd."""
        alone = ["unshare", "--mount", "--pid", "--fork", f"--mount-proc={self.root}/proc", "chroot", str(self.root)]
        return _said([*alone, "env", "-i", *_environment(PIP_CERT=CERTIFICATES), *command])

    def boot(self) -> None:
        """Start systemd, and wait until it has started all that is enabled."""
        self._policy.unlink()
        command = ["systemd-nspawn", "--quiet", f"--directory={self.root}", f"--machine=lowkey-{os.getpid()}"]
        command += [
            "--register=no",
            "--keep-unit",
            "--private-network",
            "--resolv-conf=off",
            "--timezone=off",
            "--boot",
        ]
        self._container = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *command],
            stdin=subprocess.DEVNULL,
            stdout=self._console,
            stderr=self._console,
        )
        self._until("systemd answers", lambda: self.run("systemctl", "show", "--property=Version").returncode == 0)
        self.run("sh", "-c", f"ip link add host0 type veth peer away0 && ip addr add {ADDRESS}/24 dev host0")
        self.run("sh", "-c", "ip link set host0 up && ip link set away0 up")
        self.run("systemctl", "is-system-running", "--wait")

    def halt(self) -> None:
        """Stop it as a power button does."""
        container, self._container = self._container, None
        if container is None:
            return
        container.terminate()
        try:
            container.wait(30)
        except subprocess.TimeoutExpired:
            container.kill()
            container.wait()

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A command on the booted host, as root."""
        return _said([*self._entering(**environment), *command])

    def start(self, *command: str) -> subprocess.Popen[str]:
        """A program on the booted host, whose output can be read while it runs, and which ends with its input."""
        return subprocess.Popen(
            [*self._entering(), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def install(self, *options: str) -> subprocess.CompletedProcess[str]:
        """`deploy/install.sh` on the booted host."""
        return self.run(f"{SOURCE}/deploy/install.sh", *options)

    def _entering(self, **environment: str) -> list[str]:
        """What goes before a command to have it run in there."""
        assert self._container is not None
        children = Path(f"/proc/{self._container.pid}/task/{self._container.pid}/children")
        leader = next(iter(children.read_text(encoding="ascii").split()), "0")  # 0, until it is there: nobody's
        spaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd"]
        given = _environment(**environment)
        return ["nsenter", f"--target={leader}", *spaces, "env", "-i", *given]

    def _until(self, what: str, happens: object) -> None:
        assert callable(happens)
        deadline = time.monotonic() + _BOOT_SECONDS
        while not happens():
            ended = self._container is None or self._container.poll() is not None
            if ended or time.monotonic() > deadline:
                console = os.pread(self._console.fileno(), 1 << 20, 0).decode(errors="replace")
                raise RuntimeError(f"the host did not come so far that {what}:\n{console[-4000:]}")
            time.sleep(0.1)


def base() -> Path:
    """What debootstrap makes, with systemd; made anew after a fortnight."""
    if _BASE.exists() and time.time() - _BASE.stat().st_mtime < _BASE_SECONDS:
        return _BASE
    _BASE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lowkey-base-", dir="/var/tmp") as fresh:
        packages = "--include=ca-certificates,systemd,systemd-sysv"
        done = _said(["debootstrap", "--variant=minbase", packages, "bookworm", fresh, _MIRROR])
        if done.returncode != 0:
            raise RuntimeError(f"debootstrap failed:\n{done.stdout[-4000:]}")
        part = _BASE.with_suffix(".part")
        subprocess.run(["tar", "-cf", str(part), "-C", fresh, "."], check=True)
        part.replace(_BASE)
    return _BASE


def _environment(**changes: str) -> list[str]:
    values: Mapping[str, str] = {"PATH": _PATH, "HOME": "/root", "LANG": "C.UTF-8"} | changes
    return [f"{name}={value}" for name, value in values.items()]


def _said(command: list[str]) -> subprocess.CompletedProcess[str]:
    """What it writes to either stream, in one piece. None takes longer than it may; `timeout` makes that 124."""
    return subprocess.run(
        ["timeout", "--kill-after=5", str(_PATIENCE), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
