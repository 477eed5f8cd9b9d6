"""Trees of processes, with and without the kernel's lists of children."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from pitop.kernel.launch import children_of, refusal_to_run, tree_of
from tests.tree import FakeProc


def test_children_by_their_parents_where_the_kernel_lists_none(tmp_path: Path) -> None:
    fake = FakeProc(tmp_path / "proc")
    for pid, parent in ((1, 0), (10, 1), (11, 10), (12, 10), (13, 12), (20, 1)):
        fake.process(pid, ppid=parent, comm="a) 1 (b")
    root = str(fake.root)
    assert sorted(children_of(10, root)) == [11, 12]
    assert sorted(tree_of(10, root=root)) == [10, 11, 12, 13]
    assert len(tree_of(1, 3, root)) == 3
    assert children_of(99, root) == []


def test_a_real_child() -> None:
    child = subprocess.Popen(["sleep", "60"])
    try:
        assert child.pid in children_of(os.getpid())
        assert tree_of(child.pid) == [child.pid]
    finally:
        child.kill()
        child.wait()


def test_why_a_command_cannot_be_run(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    assert refusal_to_run("sh", "/nowhere:/bin") is None
    assert isinstance(refusal_to_run("sh", "/nowhere"), FileNotFoundError)
    assert isinstance(refusal_to_run("", "/bin"), FileNotFoundError)
    assert isinstance(refusal_to_run("plain", f"/nowhere:{tmp_path}"), PermissionError)
    assert isinstance(refusal_to_run(str(tmp_path), "/bin"), PermissionError)
    assert isinstance(refusal_to_run(str(tmp_path / "plain" / "x"), "/bin"), NotADirectoryError)
