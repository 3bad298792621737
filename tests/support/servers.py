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

from scripts.bundle import BUILT, Files, build
from tests.support.paths import ROOT, STATIC
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
    """What `collected_static` is, with the actors in the pages in place of the modules that they play.

    They stand under the names of what they replace, without the compressed forms, so nothing is collected a second time.
    """
    root = Path(tempfile.mkdtemp(prefix="lowkey-acted-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    shutil.copytree(collected_static(), root, dirs_exist_ok=True)
    hashed = json.loads((root / "staticfiles.json").read_text(encoding="utf-8"))["paths"]
    for name, content in acted().items():
        for path in {f"{BUILT}/{name}", hashed.get(f"{BUILT}/{name}", f"{BUILT}/{name}")}:
            for form in ("", ".br", ".gz"):
                (root / (path + form)).unlink(missing_ok=True)
            (root / path).write_bytes(content)
    return root


def acted() -> Files:
    """The scripts of the pages, built with the actors."""
    with tempfile.TemporaryDirectory(prefix="lowkey-acted-") as scratch:
        sources = Path(scratch) / "static"
        shutil.copytree(STATIC, sources)
        for module, actor in ACTORS.items():
            shutil.copyfile(actor, sources / module)
        return {name: content for name, content in build(sources).items() if name.endswith(".js")}
