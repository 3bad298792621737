#!/usr/bin/env python3
"""What static/ takes from npm packages: the noble and QR bundles, the title's font, the list of emoji, the icons.

`scripts/vendor.py` builds them from node_modules (`npm ci`, so from package-lock.json) as scripts/vendor.json lists them;
`scripts/vendor.py --check` builds them elsewhere and compares, so that anyone can see that what is committed is what the
packages say. static/vendor/LICENSES.md and static/vendor/SHA256SUMS are made from the same list.

Modules are bundled but not minified: whoever audits them can read them, and an update shows as a diff. What production
serves is made of them by scripts/bundle.py.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "static"
LIST = ROOT / "scripts" / "vendor.json"
MODULES = ROOT / "node_modules"
SUMS = "vendor/SHA256SUMS"
LICENSES = "vendor/LICENSES.md"

Built: TypeAlias = dict[str, bytes]
"""Path under static/ → content."""


class VendorError(Exception):
    """What stands in the way, as a sentence."""


def main() -> int:
    """Build or check; the exit code says whether all is as it should be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="build elsewhere and compare with what is in static/")
    arguments = parser.parse_args()
    try:
        built = build(json.loads(LIST.read_text(encoding="utf-8")))
        return check(built) if arguments.check else write(built)
    except VendorError as error:
        print(f"vendor: {error}", file=sys.stderr)
        return 1


def build(wanted: dict[str, Any]) -> Built:
    """Everything that scripts/vendor.json lists, with its licences and hashes."""
    built: Built = {}
    for module in wanted["modules"]:
        built[module["file"]] = bundle(ROOT / module["entry"], [versioned(name) for name in module["packages"]])
        built[str(Path(module["file"]).with_suffix(".d.ts"))] = types(ROOT / module["entry"])
    for font in wanted["fonts"]:
        built[font["file"]] = subset(package(font["package"]) / font["source"], font["text"])
    built[wanted["emoji"]["file"]] = emoji(wanted["emoji"])
    for name in wanted["icons"]["names"]:
        built[f"icons/{name}.svg"] = read(package(wanted["icons"]["package"]) / "icons" / f"{name}.svg")
    built[LICENSES] = licences(packages(wanted)).encode()
    built[SUMS] = sums(built).encode()
    return built


def bundle(entry: Path, made_from: list[str]) -> bytes:
    """One ES module with all that `entry` exports, licences kept where they stand."""
    banner = f"// Built by scripts/vendor.py from {', '.join(made_from)}; licences in LICENSES.md. Do not edit."
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "bundle.js"
        command = [
            *(str(MODULES / ".bin" / "esbuild"), str(entry.relative_to(ROOT)), f"--outfile={out}"),
            *("--bundle", "--format=esm", "--target=es2022", "--charset=utf8", "--legal-comments=inline"),
            *(f"--banner:js={banner}", "--log-level=warning"),
        ]
        if not Path(command[0]).exists():
            raise VendorError("esbuild is missing: run `npm ci` first")
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            raise VendorError(f"esbuild could not bundle {entry.name}")
        return out.read_bytes()


def types(entry: Path) -> bytes:
    """The types of a bundle are those of the packages it re-exports."""
    return b"// Built by scripts/vendor.py: the types of the bundle beside it.\n" + read(entry)


def subset(source: Path, text: str) -> bytes:
    """The font with the glyphs of `text` alone, kerning and ligatures among them kept."""
    from fontTools import subset as fonttools

    options = fonttools.Options(flavor="woff2", layout_features=["*"], hinting=False)
    font = fonttools.load_font(io.BytesIO(read(source)), options)
    subsetter = fonttools.Subsetter(options)
    subsetter.populate(text=text)
    subsetter.subset(font)
    out = io.BytesIO()
    fonttools.save_font(font, out, options)
    return out.getvalue()


def emoji(wanted: dict[str, Any]) -> bytes:
    """A module with all emoji by group, each with its name and the words to find it by; one line each, so that diffs read.

    What is newer than most systems' fonts is left out.
    """
    sources = (wanted, wanted["keywords"])
    groups, keywords = (json.loads(read(package(source["package"]) / source["source"])) for source in sources)
    made_from = ", ".join(versioned(source["package"]) for source in sources)
    lines = [f"// Built by scripts/vendor.py from {made_from}; licences in LICENSES.md. Do not edit."]
    lines.append("/** @type {[string, [emoji: string, name: string, words: string][]][]} */")
    lines.append("export const EMOJI = [")
    for group in groups:
        known = [each for each in group["emojis"] if version(each["emoji_version"]) <= version(wanted["newest"])]
        lines.append(f"[{quoted(group['name'])}, [")
        lines.extend(f"{quoted([each['emoji'], each['name'], found_by(each, keywords)])}," for each in known)
        lines.append("]],")
    return ("\n".join([*lines, "];"]) + "\n").encode()


def found_by(each: dict[str, str], keywords: dict[str, list[str]]) -> str:
    """The words for an emoji that are not in its name already."""
    words = dict.fromkeys(word.replace("_", " ").lower() for word in keywords.get(each["emoji"], []))
    return " ".join(word for word in words if word not in each["name"].lower())


def version(text: str) -> tuple[int, ...]:
    """Dotted numbers, to compare."""
    return tuple(int(part) for part in text.split("."))


def quoted(value: Any) -> str:
    """As a literal of JavaScript."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def packages(wanted: dict[str, Any]) -> Iterator[str]:
    """The names of the packages that something is taken from."""
    for module in wanted["modules"]:
        yield from module["packages"]
    yield from dict.fromkeys(font["package"] for font in wanted["fonts"])
    yield wanted["emoji"]["package"]
    yield wanted["emoji"]["keywords"]["package"]
    yield wanted["icons"]["package"]


def licences(names: Iterator[str]) -> str:
    """Each package's own licence text, word for word; of two to choose from, MIT's."""
    parts = ["# Licences of what is vendored in static/\n\nBuilt by scripts/vendor.py.\n"]
    for name in names:
        text = read(licence_file(package(name))).decode().strip()
        parts.append(f"## {versioned(name)} ({manifest(name)['license'].strip('()')})\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def licence_file(folder: Path) -> Path:
    """Where the package's licence stands."""
    chosen = folder / "LICENSE-MIT"
    return chosen if chosen.exists() else folder / "LICENSE"


def sums(built: Built) -> str:
    """In the form of sha256sum: `cd static && sha256sum -c vendor/SHA256SUMS`."""
    return "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(built.items()))


def write(built: Built) -> int:
    """Put the files into static/ and take away what an earlier list had put there."""
    for name in listed_before() - built.keys():
        (STATIC / name).unlink(missing_ok=True)
    for name, content in built.items():
        target = STATIC / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return 0


def check(built: Built) -> int:
    """Say which files are not what the packages make them."""
    differing = sorted(name for name, content in built.items() if not same(STATIC / name, content))
    stale = sorted(listed_before() - built.keys())
    for name in differing + stale:
        print(f"vendor: static/{name} is not what scripts/vendor.py builds", file=sys.stderr)
    return 1 if differing or stale else 0


def listed_before() -> set[str]:
    """What the committed SHA256SUMS names."""
    path = STATIC / SUMS
    return {line.split("  ", 1)[1] for line in path.read_text().splitlines()} if path.exists() else set()


def same(path: Path, content: bytes) -> bool:
    """Whether the file is there with exactly this content."""
    return path.exists() and path.read_bytes() == content


def package(name: str) -> Path:
    """Where npm put the package."""
    return MODULES / name


def manifest(name: str) -> dict[str, str]:
    """The package's own package.json."""
    found: dict[str, str] = json.loads(read(package(name) / "package.json"))
    return found


def versioned(name: str) -> str:
    """As npm writes it: name@version."""
    return f"{name}@{manifest(name)['version']}"


def read(path: Path) -> bytes:
    """The file, or a sentence that says what is missing."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise VendorError(
            f"{path.relative_to(ROOT)} is missing: run `npm ci`, or correct scripts/vendor.json"
        ) from None


if __name__ == "__main__":
    sys.exit(main())
