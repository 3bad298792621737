"""Runs a module as `python -m` would, and dies with its parent: `python -m tests.support.guarded MODULE ARGUMENT...`.

Its standard input is a pipe that the parent holds open. When the parent is gone, by whatever death, the pipe ends.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading


def die_with_parent() -> None:
    """Wait for the pipe to end."""
    while os.read(0, 1024):
        pass
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=die_with_parent, daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
