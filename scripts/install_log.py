"""Writes docs/install-log.md: what deploy/install.sh says on a fresh Debian 12, and when it is run again. As root.

The host is the one of tests/install: made by debootstrap, with systemd as its first process, in a container.
"""

from __future__ import annotations

import re
import sys

from tests.install.host import NAME, SOURCE, Host, unavailable
from tests.support.paths import ROOT

LOG = ROOT / "docs" / "install-log.md"
HEAD = """# A log of deploy/install.sh

Written by `.venv/bin/python -m scripts.install_log` on a fresh Debian 12 (debootstrap's minbase, in a container with systemd as
its first process). The host has no name that leads to it, so the certificate is one that the host made itself; what certbot does
with Let's Encrypt was never run here. What apt and openssl print is left out.
"""
RUNS = (
    (
        "On the fresh host, before it is booted, as an image is made",
        True,
        (NAME, "--self-signed", "--no-start", "--yes"),
    ),
    ("The same again", True, ("--no-start", "--yes")),
    ("Once it has booted: systemd has started everything", False, ("--yes",)),
    ("An upgrade: one file has changed", False, ("--yes",)),
    ("And the same again", False, ("--yes",)),
)


def main() -> int:
    """The exit code."""
    if unavailable():
        print(f"no host in a container: {unavailable()}", file=sys.stderr)
        return 1
    parts = [HEAD]
    with Host() as host:
        for number, (title, before_boot, options) in enumerate(RUNS):
            if number == 2:
                host.boot()
            if number == 3:
                host.path(f"{SOURCE}/manage.py").open("a").write("# another version\n")
            done = host.chroot(f"{SOURCE}/deploy/install.sh", *options) if before_boot else host.install(*options)
            if done.returncode != 0:
                print(done.stdout, file=sys.stderr)
                return 1
            parts.append(f"## {title}\n\n    # deploy/install.sh {' '.join(options)}\n{indented(done.stdout)}\n")
    LOG.write_text("\n".join(parts), encoding="utf-8")
    return 0


def indented(said: str) -> str:
    """What the script itself says, as a block of Markdown."""
    ours = re.compile(r"== | \+ |   |Done, |Everything|The firewall|$")
    lines = [line.rstrip() for line in said.splitlines() if ours.match(line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(f"    {line}".rstrip() for line in lines))


if __name__ == "__main__":
    sys.exit(main())
