"""Servers that the tests of a process share: one for each environment, started when it is first asked for.

Only for tests that neither stop their server nor count what is left in it. Names live on in it from one class to the next,
so each test has names of its own.
"""

from __future__ import annotations

import atexit
import functools
import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.support.paths import ROOT
from tests.support.server import DaphneServer, collected_static

ACTORS = {
    "js/peer/peer.js": ROOT / "tests" / "support" / "js" / "fake_peer.js",
    "js/ui/own_identity.js": ROOT / "tests" / "support" / "js" / "fake_identity.js",
}
"""What plays which module's part."""


def shared_server(env: Mapping[str, str]) -> DaphneServer:
    """The one with this environment; it ends with the process."""
    return _shared_server(tuple(sorted(env.items())))


@functools.cache
def _shared_server(env: tuple[tuple[str, str], ...]) -> DaphneServer:
    server = DaphneServer(dict(env))
    server.start()
    atexit.register(server.stop)
    return server


@functools.cache
def acted_static() -> Path:
    """The collected static files with the actors under the names of the modules that they play, hashes and all."""
    root = Path(tempfile.mkdtemp(prefix="lowkey-acted-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    shutil.copytree(collected_static(), root, dirs_exist_ok=True)
    hashed = json.loads((root / "staticfiles.json").read_text(encoding="utf-8"))["paths"]
    errors = Path(hashed["js/peer/errors.js"]).name
    for module, actor in ACTORS.items():
        played = root / hashed[module]
        played.write_text(actor.read_text(encoding="utf-8").replace("./errors.js", f"./{errors}"), encoding="utf-8")
        for compressed in played.parent.glob(f"{played.name}.*"):
            compressed.unlink()
    return root
