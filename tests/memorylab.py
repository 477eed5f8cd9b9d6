"""A process that does what a test tells it: maps, touches, waits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import TracebackType

__all__ = ["Toucher"]

_PROGRAM = Path(__file__).parent / "data/memory/toucher.py"


class Toucher:
    """The helper program; `tell` sends a line and waits for its answer. `before` is put in front of its command."""

    def __init__(self, *before: str, python: str = sys.executable) -> None:
        self._process = subprocess.Popen(
            [*before, python, "-I", "-S", "-B", str(_PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.pid = int(self.tell("pid"))

    def tell(self, line: str) -> str:
        """What the helper answers."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"the helper died at “{line}”"
        return answer.strip()

    def end(self) -> None:
        """Have it leave by itself."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def __enter__(self) -> Toucher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self.end()
