"""An hour of random use, each frame compared: `python -m bench.hour [--seed N] [--minutes M] [--colours C] [--term T]`.

pitop is used by somebody who presses, types, clicks and resizes at random, on a clock that makes haste, in a network of
its own; nothing is done to processes or files. After every frame the screen that an emulated terminal holds by way of
the wire is compared with the screen that Textual's own path leaves, cell by cell. The first difference or failure ends
it, and is told with what led there. The same seed gives the same acts; what is collected meanwhile is this machine's
own. Needs root, or user namespaces.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["main"]

_ROOT = Path(__file__).parents[1]
_COLOURS = {
    "truecolour": {"TEXTUAL_COLOR_SYSTEM": "truecolor"},
    "256": {"TEXTUAL_COLOR_SYSTEM": "256"},
    "16": {"TEXTUAL_COLOR_SYSTEM": "standard"},
    "none": {"TEXTUAL_COLOR_SYSTEM": "truecolor", "NO_COLOR": "1"},
}
_SKIPPED = 0.05  # of the frames: that many may come between a loss, such as a resize, and a whole frame
_LEAST = 1.0  # times a minute that each pane has to be painted, or else too little was compared


def _run(seed: int, minutes: float, environment: Mapping[str, str]) -> dict[str, Any]:
    """The report of one run in a process of its own, since Textual keeps colours for good."""
    command = [sys.executable, "-m", "tests.tui.terminal.house", str(seed), str(minutes * 60)]
    run = subprocess.run(command, env=environment, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
    lines = run.stdout.splitlines()
    if not lines:
        raise SystemExit(f"bench: it ended with status {run.returncode} and told nothing")
    report: dict[str, Any] = json.loads(lines[-1])
    return report


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"


def _tell(report: dict[str, Any], minutes: float) -> list[str]:
    """Print a report; what was wrong."""
    share = report["bytes"] / report["stock_bytes"] if report["stock_bytes"] else 0.0
    print(f"  {report['frames']:,} frames, {report['cells']:,} cells, in {report['used_seconds']:,} s of use")
    print(f"  it took {report['took_seconds']:.0f} s")
    print(f"  besides {report['skipped']:,} frames after a loss and before the whole frame that makes up for it")
    print(f"  bytes: {report['bytes']:,} by the wire, {report['stock_bytes']:,} by Textual ({share:.1%})")
    print(f"  frames that painted a pane: {_counts(report['painted'])}")
    print(f"  frames by what was on top: {_counts(report['screens'])}")
    print(f"  done: {_counts(report['acts'])}; {report['sizes']} sizes")
    print(f"  could not be read: {_counts(report['failures'])}")
    wrong = []
    if report["difference"]:
        acts = "\n    ".join(report["last"])
        wrong.append(f"{report['difference']}\n  after, by seconds:\n    {acts}")
    wrong += [
        f"the {pane} pane was painted {count} times only"
        for pane, count in report["painted"].items()
        if count < _LEAST * minutes and not report["difference"]
    ]
    if not wrong and report["used_seconds"] < minutes * 60:
        wrong.append(f"it ended after {report['used_seconds']} seconds")
    if report["skipped"] > _SKIPPED * report["frames"]:
        wrong.append("too few of the frames were compared")
    for each in wrong:
        print(f"  WRONG: {each}")
    return wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Run each combination of colours and terminals; 1 where a screen came to differ."""
    parser = argparse.ArgumentParser(prog="python -m bench.hour", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of everything that is done")
    parser.add_argument("--minutes", type=float, default=60.0, help="of use; an hour of it takes about eight")
    parser.add_argument("--colours", default="truecolour", help=f"{','.join(_COLOURS)}: one or more, with commas")
    parser.add_argument("--term", default="xterm-256color", help="TERM: xterm-256color,foot,screen-256color")
    said = parser.parse_args(arguments)
    unknown = set(said.colours.split(",")) - _COLOURS.keys()
    if unknown:
        parser.error(f"no colours are called {', '.join(sorted(unknown))}")
    plain = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLORTERM")}
    failed = False
    for colours in said.colours.split(","):
        for term in said.term.split(","):
            usual = {"TERM": term, "LANG": "C.UTF-8", "TEXTUAL_ANIMATIONS": "none"}
            print(f"seed {said.seed}, {said.minutes:g} minutes, colours {colours}, TERM {term}", flush=True)
            failed |= bool(_tell(_run(said.seed, said.minutes, plain | usual | _COLOURS[colours]), said.minutes))
    print("DIFFERENT" if failed else "the same, cell by cell")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
