"""`make bench`: what the hot pages cost, beside three yardsticks, at every scale.

Prints the tables of docs/performance.md. The databases are kept under var/bench.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.report import assigning, growth, pages_of, pairs, rates_of

VAR = Path(__file__).resolve().parents[2] / "var" / "bench"
SCALES = ("small", "medium", "large")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--scales", nargs="+", choices=SCALES, default=SCALES)
    parser.add_argument("--rounds", type=int, default=60, help="requests of each page")
    parser.add_argument(
        "--seconds", type=float, default=2, help="of load at once; 0: no load"
    )
    parser.add_argument(
        "--plans", type=Path, help="write PostgreSQL's plans at the last scale there"
    )
    asked = parser.parse_args()
    found: dict[str, dict[str, Any]] = {}
    for scale in asked.scales:
        _run(scale, "prepare", scale)
        found[scale] = json.loads(_run(scale, "measure", str(asked.rounds)))
        _tell(f"## {scale}\n\n{pages_of(found[scale]['pages'])}")
        _tell(pairs(found[scale]["pairs"]))
        _tell(assigning(found[scale]["assign"]))
        if asked.seconds:
            rates = json.loads(_run(scale, "rates", str(asked.seconds)))
            _tell(rates_of(rates))
    _tell(growth({scale: part["pages"] for scale, part in found.items()}))
    if asked.plans:
        asked.plans.write_text(_run(asked.scales[-1], "plans"))


def _run(scale: str, module: str, *arguments: str) -> str:
    """Run a part with the database of one scale; what it wrote."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
        "PORTAL_VAR": str(VAR / scale),
    }
    done = subprocess.run(
        [sys.executable, "-m", f"tests.bench.{module}", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
