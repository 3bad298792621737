#!/usr/bin/env python3
"""What production serves for a page: its modules as one script and its stylesheets as one, minified, in static/built.

A page imports a hundred modules, which are slow to ask for one by one and compress badly apart. So `make bundle` has esbuild
(from package-lock.json) join what each page's module and stylesheet import; what is imported only when it is needed
(`import("./x.js")`) stays a file of its own. `scripts/bundle.py --check` builds them elsewhere and compares, so that anyone
can see that what is committed comes from the sources beside it. In development the sources are served as they are, and a
server needs neither node nor a build.

The icons, which stylesheets name one by one, become one picture of all of them, so that one that is first seen when the
server is gone is there as well.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "static"
ESBUILD = ROOT / "node_modules" / ".bin" / "esbuild"
BUILT = "built"
PAGES = ("username_page", "chat_page")
BANNER = "lowkey. Made from /static/js and /static/css by scripts/bundle.py; licences in /static/vendor/LICENSES.md."

ICONS = "icons.svg"
SIDE = 24
"""Of an icon, in its own units."""

_SHAPE = re.compile(r'--shape: url\("\.\./icons/([\w-]+\.svg)"\);')
_MASK = "mask: var(--shape) center / contain no-repeat;"
_PICTURE = re.compile(r"<svg\b[^>]*>(.*)</svg>", re.DOTALL)

Files: TypeAlias = dict[str, bytes]
"""Name in static/built → content."""


class BundleError(Exception):
    """What stands in the way, as a sentence."""


def main() -> int:
    """Build or check; the exit code says whether all is as it should be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="build elsewhere and compare with what is in static/built")
    arguments = parser.parse_args()
    try:
        built = build()
    except BundleError as error:
        print(f"bundle: {error}", file=sys.stderr)
        return 1
    if arguments.check:
        return check(built, STATIC)
    write(built, STATIC)
    return 0


def build(static: Path = STATIC) -> Files:
    """All files of static/built, made from the sources in `static`."""
    with tempfile.TemporaryDirectory() as scratch:
        styles, out = Path(scratch) / "styles", Path(scratch) / "out"
        shutil.copytree(static / "css", styles / "css")
        icons = gather_icons(styles / "css", static / "icons")
        for page in PAGES:
            _esbuild(static, out, f"js/ui/{page}.js", "--splitting", "--format=esm", "--target=es2022")
            _esbuild(styles, out, f"css/{page}.css", "--external:*.svg", "--external:*.woff2")
        return {ICONS: icons} | {path.name: path.read_bytes() for path in sorted(out.iterdir())}


def gather_icons(styles: Path, icons: Path) -> bytes:
    """One picture with all icons, one below the other, which these stylesheets then take each icon from."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(styles.glob("*.css"))}
    names = sorted({name for text in texts.values() for name in _SHAPE.findall(text)})
    if sum(text.count(_MASK) for text in texts.values()) != 1:
        raise BundleError(f"one rule should show all icons: {_MASK}")
    mask = f'mask: url("../built/{ICONS}") 0 calc(var(--at) * 100% / {len(names) - 1}) / 100% auto no-repeat;'
    for path, text in texts.items():
        placed = _SHAPE.sub(lambda shape: f"--at: {names.index(shape[1])};", text)
        path.write_text(placed.replace(_MASK, mask), encoding="utf-8")
    pictures = [_picture((icons / name).read_text(encoding="utf-8")) for name in names]
    placed = "".join(f'<g transform="translate(0 {at * SIDE})">{picture}</g>' for at, picture in enumerate(pictures))
    room = f'width="{SIDE}" height="{len(names) * SIDE}" viewBox="0 0 {SIDE} {len(names) * SIDE}"'
    drawn = f'{room} fill="none" stroke="#000" stroke-width="2"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {drawn} stroke-linecap="round" stroke-linejoin="round">'
        f"<!-- {BANNER} -->{placed}</svg>\n"
    ).encode()


def _picture(svg: str) -> str:
    """What an icon's file draws."""
    found = _PICTURE.search(svg)
    if found is None or f'viewBox="0 0 {SIDE} {SIDE}"' not in svg:
        raise BundleError("an icon is not as lucide draws them")
    return re.sub(r"\s+", " ", found[1]).replace("> <", "><").strip()


def _esbuild(static: Path, out: Path, entry: str, *options: str) -> None:
    kind = Path(entry).suffix[1:]
    banner = f"// {BANNER}" if kind == "js" else f"/* {BANNER} */"
    command = [
        *(str(ESBUILD), entry, f"--outdir={out}", "--bundle", "--minify", "--charset=utf8", "--legal-comments=none"),
        *(f"--banner:{kind}={banner}", "--log-level=warning", *options),
    ]
    if not ESBUILD.exists():
        raise BundleError("esbuild is missing: run `npm ci` first")
    if subprocess.run(command, cwd=static, check=False).returncode != 0:
        raise BundleError(f"esbuild could not bundle {entry}")


def write(built: Files, static: Path) -> None:
    """Put the files into `static`/built and take away what is there of an earlier build."""
    directory = static / BUILT
    directory.mkdir(parents=True, exist_ok=True)
    for path in directory.iterdir():
        if path.name not in built:
            path.unlink()
    for name, content in built.items():
        (directory / name).write_bytes(content)


def check(built: Files, static: Path) -> int:
    """Say which files are not what the sources make them."""
    there = {path.name: path.read_bytes() for path in (static / BUILT).glob("*")}
    differing = sorted(name for name in built.keys() | there.keys() if built.get(name) != there.get(name))
    for name in differing:
        print(f"bundle: static/{BUILT}/{name} is not what scripts/bundle.py builds: run `make bundle`", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
