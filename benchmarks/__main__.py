"""`python -m benchmarks`: the comparison. Prints Markdown, writes JSON."""

import argparse
import json
import sys
from pathlib import Path

from benchmarks import cores, report
from benchmarks.comparison import Comparison, Plan
from benchmarks.processes import ROOT
from benchmarks.servers import PEERS, chosen

RESULTS = ROOT / "benchmarks" / "results" / "latest.json"


def main() -> int:
    """Measure, report; 1 if an answered call is not on record."""
    options = _options()
    plan = Plan(
        rounds=1 if options.quick else options.rounds,
        seconds=1.0 if options.quick else options.seconds,
        connections=(1, 16) if options.quick else options.concurrency,
        cores=cores.assign(pinned=not options.no_pinning),
    )
    servers = chosen(options.peers, options.database_url)
    results = Comparison(plan, servers).run()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(report.as_json(results), indent=1) + "\n")
    print(report.markdown(results))
    return 1 if results.lost_records else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--peers",
        type=_peers,
        default=list(PEERS),
        metavar="all|none|NAME,…",
        help=f"other gateways to measure: {', '.join(PEERS)} (default: all)",
    )
    parser.add_argument("--rounds", type=_positive, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each cell in each round")
    parser.add_argument("--concurrency", type=_numbers, default=(1, 16, 64), metavar="N,…")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the JSON goes")
    parser.add_argument("--quick", action="store_true", help="one round of 1 s at 1 and 16")
    parser.add_argument(
        "--database-url",
        default="",
        metavar="URL",
        help="a PostgreSQL server where databases may be made: measures the hub on it too",
    )
    parser.add_argument("--no-pinning", action="store_true", help="let processes use all cores")
    return parser.parse_args()


def _peers(text: str) -> list[str]:
    if text in {"all", "none"}:
        return list(PEERS) if text == "all" else []
    names = text.split(",")
    if unknown := set(names) - PEERS.keys():
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
    return names


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(_positive(number) for number in text.split(","))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
