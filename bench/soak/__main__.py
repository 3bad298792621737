"""The command. Progress goes to stderr, the summary to stdout; the exit code is 1 when anything was wrong."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import uvloop

from bench.process import raise_file_limit

from .report import summary
from .servers import KINDS
from .town import Plan, Town


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    raise_file_limit()
    return uvloop.run(soak(_plan(arguments)))


async def soak(plan: Plan) -> int:
    """Run it, and say how it was."""
    town = Town(plan)
    await town.run()
    sys.stdout.write(summary(town))
    return 1 if town.ledger.faults else 0


def _plan(arguments: Sequence[str] | None) -> Plan:
    parser = argparse.ArgumentParser(
        prog="python -m bench.soak", description="Mixed life with faults, on real servers."
    )
    parser.add_argument("--minutes", type=float, default=5.0, help="(5)")
    parser.add_argument("--server", choices=sorted(KINDS), default="daphne", help="(daphne)")
    parser.add_argument("--redis", action="store_true", help="two servers behind one Redis, which fails too")
    parser.add_argument("--seed", type=int, default=1, help="what people do is drawn from it (1)")
    parser.add_argument("--residents", type=int, default=Plan().residents, help=f"how many people ({Plan().residents})")
    parser.add_argument(
        "--faults", type=float, default=Plan().faults, help=f"seconds between faults ({Plan().faults:g})"
    )
    parser.add_argument("--fault", default="", help="only faults whose name begins so")
    parser.add_argument("--no-nuisances", action="store_true", help="only people who behave")
    options = parser.parse_args(arguments)
    return Plan(
        seconds=60 * options.minutes,
        server=options.server,
        redis=options.redis,
        seed=options.seed,
        residents=options.residents,
        faults=options.faults,
        fault=options.fault,
        nuisances=not options.no_nuisances,
    )


if __name__ == "__main__":
    sys.exit(main())
