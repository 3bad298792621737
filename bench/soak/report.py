"""The summary of a soak, as text."""

from __future__ import annotations

from collections.abc import Mapping

from .town import Town

SHOWN = 20
"""How many of the things that were wrong are shown."""


def summary(town: Town) -> str:
    """A line for each thing, and what was wrong at the end."""
    plan, found, ledger = town.plan, town.found, town.ledger
    counts = ledger.counts
    where = f"two {plan.server} behind Redis" if plan.redis else f"one {plan.server}"
    lines = {
        "life": f"{plan.seconds:.0f} s on {where}, seed {plan.seed}",
        "people": f"{found.people}, {found.most_online} at once at most",
        "relays": f"{counts['sent']} sent, {counts['came']} came, {counts['refused']} refused, "
        f"{counts['excused']} excused, {counts['late']} late",
        "errors": _counted(ledger.errors),
        "nuisances": _counted(found.nuisances),
        "happened": _counted(found.counts),
        "faults": _counted(found.faults),
        "recovery": f"{found.slowest:.1f} s at the slowest",
        "memory": f"{_mib(found.warm_kib)} MiB when warm, {found.most_kib / 1024:.0f} at most, "
        f"{_mib(found.last_kib)} in the end",
        "wrong": str(len(ledger.faults)) if ledger.faults else "nothing",
    }
    table = [f"{name:>10}  {text}" for name, text in lines.items()]
    wrong = [f"  - {sentence}" for sentence in ledger.faults[:SHOWN]]
    more = [f"  and {len(ledger.faults) - SHOWN} more"] if len(ledger.faults) > SHOWN else []
    return "\n".join([*table, *wrong, *more]) + "\n"


def _counted(counter: Mapping[str, int]) -> str:
    return ", ".join(f"{count} × {what}" for what, count in sorted(counter.items())) or "none"


def _mib(kib: Mapping[int, int]) -> str:
    return " + ".join(f"{value / 1024:.0f}" for value in kib.values()) or "?"
