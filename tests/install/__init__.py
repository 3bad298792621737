"""deploy/install.sh on a fresh Debian 12: a root filesystem of its own, with systemd as its first process. `make test-install`.

Where the machine gives no containers, the tests say that they were skipped, and why.
"""
