"""`pitop time`: run a command and report what it used, in the words of GNU time's -v."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import IO

from pitop.kernel.system import host
from pitop.kernel.time import run as run_command
from pitop.model.time import TimeReport
from pitop.render.document import document
from pitop.render.field import record
from pitop.render.text import visible
from pitop.render.time import EXTRA_FIELDS, GNU_FIELDS, report_lines

__all__ = ["run"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pitop time",
        usage="pitop time [-o FILE] [-a] [--json] -- COMMAND…",
        description="Run a command and report what it used: GNU time's -v report, and below it what that lacks.",
        epilog="The exit status is the command's; 127 if it was not found, 126 if it could not be run, "
        "128 + n if signal n ended it.",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write the report to FILE instead of standard error")
    parser.add_argument("-a", "--append", action="store_true", help="with -o: add to FILE instead of replacing it")
    parser.add_argument("-v", "--verbose", action="store_true", help="accepted for GNU time's users; always on")
    parser.add_argument("--json", action="store_true", help="one JSON object, on standard output unless -o is given")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND", help="the command and its arguments")
    return parser


def run(arguments: Sequence[str]) -> int:
    """Run the command; its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        parser.error("a command is missing: pitop time -- COMMAND…")
    with ExitStack() as stack:
        output: IO[str] | None = None
        if options.output is not None:
            mode = "a" if options.append else "w"
            try:
                output = stack.enter_context(open(options.output, mode, encoding="utf-8", errors="backslashreplace"))
            except OSError as error:
                print(f"pitop time: cannot write {options.output}: {error.strerror}", file=sys.stderr)
                return 1
        ended = run_command(command, os.environ)
        if ended.refused is not None:
            print(f"pitop time: cannot run {visible(command[0])}: {ended.refused.strerror}", file=sys.stderr)
        report = TimeReport(
            time=time.time(),
            host=host(),
            command=tuple(command),
            ending=ended.ending,
            elapsed_seconds=ended.elapsed_seconds,
            usage=ended.usage,
            watched=ended.watched,
            page_bytes=os.sysconf("SC_PAGE_SIZE"),
        )
        _write(report, options.json, output)
    return report.ending.shell_status


def _write(report: TimeReport, as_json: bool, output: IO[str] | None) -> None:
    if as_json:
        summary = record((*GNU_FIELDS, *EXTRA_FIELDS), report)
        summary |= {"signal": report.ending.signal, "processes_started_exact": report.watched.exact}
        print(document("time", report.time, report.host, summary, ()), file=output or sys.stdout)
    else:
        print("\n".join(report_lines(report)), file=output or sys.stderr)
