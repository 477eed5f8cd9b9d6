"""`pitop inspect`: one process in full."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import msgspec

from pitop.cli.options import add_json, add_repeat
from pitop.collect.collector import Unavailable
from pitop.collect.repeat import snapshots
from pitop.collect.topics import INSPECTION
from pitop.kernel.identity import key_of
from pitop.model.inspection import Inspect, InspectionSnapshot
from pitop.render.document import document
from pitop.render.ending import ending_words
from pitop.render.field import record
from pitop.render.inspection import FILE_FIELDS, LIMIT_FIELDS, OVERVIEW_FIELDS, THREAD_FIELDS, parts
from pitop.render.text import visible

__all__ = ["run"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pitop inspect",
        description="One process in full: accounts, command, open files, threads, environment, limits, rights.",
    )
    parser.add_argument("pid", type=int, metavar="PID", help="the process")
    parser.add_argument("--secrets", action="store_true", help="show values of the environment that look like secrets")
    add_repeat(parser)
    add_json(parser)
    return parser


def run(arguments: Sequence[str]) -> int:
    """Print everything once, or every --interval seconds until the process ends."""
    parser = _parser()
    said = parser.parse_args(arguments)
    if said.count and not said.interval:
        parser.error("--count needs --interval")
    try:
        key = key_of(said.pid)
    except ProcessLookupError:
        raise Unavailable(f"there is no process {said.pid}", "pitop processes lists those that are") from None
    request = Inspect(key, said.secrets)
    for number, snapshot in enumerate(
        snapshots(INSPECTION, said.interval, said.count if said.interval else 1, request)
    ):
        if said.json:
            print(_json(snapshot), flush=True)
        else:
            if number:
                print()
            print("\n".join(_lines(snapshot)), flush=True)
        if snapshot.ended_time is not None:
            break
    sys.stdout.flush()
    return 0


def _lines(snapshot: InspectionSnapshot) -> list[str]:
    found = [f"{visible(snapshot.name)} ({snapshot.pid})"]
    if snapshot.ended_time is not None:
        found.append(f"ended: {ending_words(snapshot.ending)}")
    for part in parts(snapshot):
        found += ["", part.title]
        width = 0 if part.table else min(46, max((len(each.label) for each in part.entries), default=0) + 2)
        for each in part.entries:
            label = f"{each.label + ':':<{width}}" if each.label else " " * width if not part.table else ""
            found.append(f"  {label}{each.text}".rstrip())
    return found


def _json(snapshot: InspectionSnapshot) -> str:
    summary: dict[str, Any] = {
        "pid": snapshot.pid,
        "ppid": snapshot.ppid,
        "name": snapshot.name,
        "state": snapshot.state,
        "start_time": snapshot.start_time,
        "kernel": snapshot.kernel,
        "command": list(snapshot.command),
        **record(OVERVIEW_FIELDS, snapshot),
    }
    whole = msgspec.to_builtins(snapshot)
    for name in (
        "identity", "settings", "signals", "capabilities", "family", "executable", "directory", "root", "namespaces",
        "waiting_in", "kernel_stack", "thread_count", "ended_time", "ending",
    ):  # fmt: skip
        summary[name] = whole[name]
    del summary["settings"]["limits"]
    summary["cgroup"] = whole["belonging"]
    summary["environment"] = (
        None if snapshot.environment is None else {each.name: each.value for each in snapshot.environment}
    )
    summary["missing"] = whole["missing"]
    rows: list[dict[str, Any]] = [
        {"row": "file", **record(FILE_FIELDS, each), "flags": list(each.flags), "detail": each.detail}
        for each in snapshot.files or ()
    ]
    rows += [{"row": "thread", **record(THREAD_FIELDS, each)} for each in snapshot.threads]
    rows += [{"row": "limit", **record(LIMIT_FIELDS, each)} for each in snapshot.settings.limits or ()]
    return document("inspect", snapshot.time, snapshot.host, summary, rows)
