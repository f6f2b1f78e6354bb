"""``python -m tests.simulation SEED [--trace]``, or ``--seeds N [--first N] [--workers N]``."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from typing import Any

from .run import many, quietly, simulate
from .uncovered import Spell, summary


def main() -> int:
    arguments = _arguments()
    quietly()
    how = {
        "naive": arguments.naive,
        "calm": arguments.calm,
        "deaths": not arguments.deathless,
        "disk": arguments.disk,
    }
    return _one(arguments, how) if arguments.seed is not None else _many(arguments, how)


def _one(arguments: argparse.Namespace, how: dict[str, Any]) -> int:
    result = simulate(arguments.seed, **how)
    if arguments.trace:
        _say("\n".join(result.trace))
    _say("\n".join(result.complaints) or "all is well")
    return bool(result.complaints)


def _many(arguments: argparse.Namespace, how: dict[str, Any]) -> int:
    failed, seconds = 0, 0.0
    kinds: Counter[str] = Counter()
    spells: list[Spell] = []
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    for result in many(seeds, arguments.workers, **how):
        seconds += result.seconds
        spells += result.uncovered
        if result.complaints:
            failed += 1
            kinds.update({_kind(complaint) for complaint in result.complaints})
            if failed <= arguments.show:
                _say(f"{replay(result.seed, how)}: {result.complaints[0]}")
    _say(f"{len(seeds)} seeds, {failed} failed, {seconds / len(seeds) * 1000:.1f} ms each")
    undisturbed = [spell for spell in spells if not spell.faults]
    _say(f"without a stop: {summary(spells)}")
    _say(f"without a stop, and nothing else failed meanwhile: {summary(undisturbed)}")
    for kind, number in kinds.most_common(30):
        _say(f"{number:6}  {kind}")
    return failed > 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def replay(seed: int, how: dict[str, bool] | None = None) -> str:
    """The command that runs *seed* again."""
    how = how or {}
    words = ["--naive"] if how.get("naive") else []
    words += ["--calm"] if how.get("calm") else []
    words += ["--disk"] if how.get("disk") else []
    words += ["--deathless"] if not how.get("deaths", True) else []
    return " ".join(["python -m tests.simulation", str(seed), *words, "--trace"])


def _kind(complaint: str) -> str:
    """The complaint without its numbers."""
    words = ["#" if any(c.isdigit() for c in word) else word for word in complaint.split()]
    return " ".join(words)[:110]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", type=int, nargs="?", help="run this one")
    parser.add_argument("--trace", action="store_true", help="print all that happened")
    parser.add_argument("--seeds", type=int, default=1000, help="how many to run")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--show", type=int, default=10, help="how many failures to print")
    parser.add_argument("--naive", action="store_true", help="the gateway that just tries again")
    parser.add_argument("--calm", action="store_true", help="no faults on the wires")
    parser.add_argument("--deathless", action="store_true", help="the gateway never dies")
    parser.add_argument("--disk", action="store_true", help="the journal's disk fails at times")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
