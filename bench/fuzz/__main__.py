"""The command. Progress goes to stderr, the outcome to stdout; the exit code is 1 when something was found."""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Sequence

import uvloop

from bench.process import raise_file_limit
from bench.soak.servers import KINDS

from .cases import Case, drawn
from .run import Finding, Fuzz, Plan

SHOWN = 300


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description="Nonsense against live servers.")
    parser.add_argument("--minutes", type=float, default=10.0, help="(10)")
    parser.add_argument("--servers", nargs="+", choices=sorted(KINDS), default=sorted(KINDS), help="(all)")
    parser.add_argument("--seed", type=int, help="what is sent is drawn from it (another one each time)")
    parser.add_argument("--case", type=int, help="send only this one, to servers of its own, and show it")
    options = parser.parse_args(arguments)
    raise_file_limit()
    seed = random.SystemRandom().randrange(1 << 32) if options.seed is None else options.seed
    fuzz = Fuzz(Plan(60 * options.minutes, options.servers, seed))
    if options.case is not None:
        return uvloop.run(_one(fuzz, drawn(seed, options.case)))
    sys.stderr.write(f"seed {seed}\n")
    uvloop.run(fuzz.run())
    sys.stdout.write(summary(fuzz))
    return int(bool(fuzz.findings))


def summary(fuzz: Fuzz) -> str:
    """How it was, with what was found and how to bring it back."""
    lines = [f"seed {fuzz.plan.seed}, {fuzz.plan.seconds / 60:g} minutes"]
    for site in fuzz.sites:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(site.done.items()))
        memory = f"{site.warm_kib // 1024} MiB when warm, {site.last_kib // 1024} in the end"
        lines.append(f"{site.kind}: {site.done.total()} cases ({kinds}); {memory}")
    lines += [line for finding in fuzz.findings for line in _told(finding, fuzz.plan.seed)]
    return "\n".join([*lines, "" if fuzz.findings else "Nothing was found.", ""])


def _told(finding: Finding, seed: int) -> Iterator[str]:
    yield f"FOUND on {finding.server}: {finding.what}"
    if finding.least is None:
        yield "  No single one of the last cases does it to a fresh server."
        return
    yield f"  python -m bench.fuzz --seed {seed} --servers {finding.server} --case {finding.least.number}"
    yield from _shown(finding.least)


def _shown(case: Case) -> Iterator[str]:
    yield f"  case {case.number} ({case.kind}), by {case.name} from {case.address}:"
    for step in case.steps:
        told = repr(step)
        yield f"    {told[:SHOWN]}{f'… ({len(told)} characters)' if len(told) > SHOWN else ''}"


async def _one(fuzz: Fuzz, case: Case) -> int:
    sys.stdout.write("\n".join([*_shown(case), ""]))
    harmed = []
    for kind in fuzz.plan.servers:
        async with fuzz.trial(kind) as trial:
            if await trial.does_harm(case):
                harmed.append(kind)
    sys.stdout.write(f"does harm to {', '.join(harmed) or 'nobody'}\n")
    return int(bool(harmed))


if __name__ == "__main__":
    sys.exit(main())
