"""From the words of a command line to a scope, on a fake /proc."""

from __future__ import annotations

from pathlib import Path

import pytest

from pitop.collect.collector import Unavailable
from pitop.collect.scope import grown, scope_of
from tests.tree import FakeProc


def test_a_process_alone_and_with_all_that_is_below_it(tmp_path: Path) -> None:
    proc = FakeProc(tmp_path / "proc")
    proc.process(10, comm="make", start=100)
    proc.process(11, comm="cc", ppid=10, start=101)
    proc.process(12, comm="as", ppid=11, start=102)
    proc.process(20, comm="sh", start=103)
    root = str(proc.root)
    assert scope_of("pid:10", root).members == {(10, 100)}
    below = scope_of("pid:10+", root)
    assert below.members == {(10, 100), (11, 101), (12, 102)}
    assert below.label == "make (10) and below"
    proc.end(11)
    proc.process(12, comm="as", ppid=1, start=102)
    proc.process(13, comm="ld", ppid=12, start=110)
    assert grown(below, root).members == {(10, 100), (11, 101), (12, 102), (13, 110)}


def test_nobody_has_the_pid(tmp_path: Path) -> None:
    proc = FakeProc(tmp_path / "proc")
    with pytest.raises(Unavailable):
        scope_of("pid:10+", str(proc.root))
