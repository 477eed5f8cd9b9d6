"""The meter, on a program whose costs are known. Bounds are those that a busy machine cannot break."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.measure import Measured, Plan, measure
from bench.program import Program
from bench.programs import Contestant
from bench.table import table

# Draws after 0.3 s, moves its bar 0.15 s after a key, refreshes a clock every 0.2 s with 1,000 bytes, uses 10 ms of CPU
# for that in a child that it leaves running, and takes 0.2 s to quit.
_PROGRAM = """
import os, select, sys, time, tty
tty.setraw(0)
time.sleep(0.3)
row, due = 1, time.monotonic()
def bar(style): os.write(1, f"\\x1b[{row};1H\\x1b[{style}m{'process root':100}\\x1b[0m".encode())
os.write(1, b"\\x1b[2J"); bar(7)
parent = os.getpid()
if os.fork() == 0:
    while os.getppid() == parent:
        while time.process_time() % 0.01 < 0.009: pass
        time.sleep(0.01)
while True:
    if select.select([0], [], [], max(0, due - time.monotonic()))[0]:
        key = os.read(0, 9)
        if key == b"q":
            time.sleep(0.2); os._exit(0)
        time.sleep(0.15); bar(0); row = 3 - row; bar(7)
    if time.monotonic() >= due:
        due += 0.2
        os.write(1, b"\\x1b[9;1H" + b"%-994d" % (time.monotonic() * 10))
"""


@pytest.fixture
def contestant(tmp_path: Path) -> Contestant:
    script = tmp_path / "program.py"
    script.write_text(_PROGRAM)
    return Contestant("known", (sys.executable, str(script)), "process root")


def test_what_is_known_is_measured(contestant: Contestant) -> None:
    found = measure(contestant, Plan(seconds=1.0, keys=2, warm=0.2))
    assert found.content_seconds is not None
    assert found.content_seconds >= 0.3
    assert found.unanswered == 0
    assert len(found.quiet_ms) == len(found.any_ms) == 2
    assert min(*found.quiet_ms, *found.any_ms) >= 150
    assert found.cpu_percent is not None
    assert found.cpu_percent > 2, "the child's time counts"
    assert found.bytes_per_second is not None
    assert found.bytes_per_second <= 7 * 1000
    assert found.pss_bytes is not None
    assert found.pss_bytes > 1_000_000
    assert found.quit_seconds is not None
    assert found.quit_seconds >= 0.2


def test_a_program_that_ends_by_itself_has_no_figures() -> None:
    found = measure(Contestant("brief", ("true",), "never"), Plan(seconds=0.1, keys=1, warm=0.1))
    assert found == Measured(None, None, None, None, (), (), 0, None)


def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(FileNotFoundError), Program(("no-such-program",)):
        pass


def test_the_table_compares_with_the_first() -> None:
    first = Measured(0.5, 2.0, 1000.0, 30_000_000, (10.0, 20.0), (12.0,), 0, 0.1)
    second = Measured(0.25, 5.0, None, 3_000_000, (), (6.0,), 1, 0.0)
    lines = table({"pitop": [first], "other": [second, second]}).splitlines()
    assert lines[0] == "| | pitop | other |"
    assert "| launch to content, s | 0.50 | 0.25 ×0.5 |" in lines
    assert "| CPU, % of a core | 2.00 | 5.00 ×2.5 |" in lines
    assert "| bytes a second | 1,000 | – |" in lines
    assert "| key to paint at rest, worst, ms | 20.0 | – |" in lines
    assert "| quit to prompt, s | 0.10 | 0.00 |" in lines
