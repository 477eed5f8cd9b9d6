"""Performs TimeCommand: `pitop time` in a process of its own, so that the accounts are the command's alone."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from pitop.model.time import TimeCommand, TimeOutcome

__all__ = ["perform"]

_OUTPUT_LINES = 200
_OUTPUT_BYTES = 65536


def perform(action: TimeCommand) -> TimeOutcome:
    """Run it to its end, in a session of its own and without input. Blocks that long."""
    with tempfile.TemporaryDirectory(prefix="pitop-") as folder:
        report = Path(folder) / "report"
        command = [sys.executable, "-m", "pitop", "time", "-o", str(report), "--", "/bin/sh", "-c", action.line]
        with tempfile.TemporaryFile() as written:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=written, stderr=written, start_new_session=True, check=False
            )
            size = written.seek(0, 2)
            written.seek(max(0, size - _OUTPUT_BYTES))
            output = written.read().decode("utf-8", "backslashreplace").splitlines()[-_OUTPUT_LINES:]
        lines = report.read_text(encoding="utf-8").splitlines() if report.exists() else []
    pairs = tuple((title, value) for title, colon, value in (_split(line) for line in lines) if colon)
    values = dict(pairs)
    took = values.get("Elapsed (wall clock) time (h:mm:ss or m:ss)", "?")
    ended = "done" if done.returncode == 0 else f"exit status {done.returncode}"
    return TimeOutcome(bool(lines), f"{action.line}: {ended} in {took}", report=pairs, output=tuple(output))


def _split(line: str) -> tuple[str, str, str]:
    """Title and value; the title of the elapsed time holds a colon, and so does the value of the command."""
    if line.startswith("\tElapsed"):
        title, colon, value = line.strip().partition("): ")
        return title + ")", colon, value
    return line.strip().partition(": ") if line.startswith("\t") else ("", "", "")
