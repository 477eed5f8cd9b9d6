"""The process collector: on trees of our own, and on real processes that come, run, stop and go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pitop.collect.processes import ProcessesCollector
from pitop.model.processes import Process, ProcessesSnapshot, Reread
from tests.tree import FakeProc


@pytest.fixture
def proc(tmp_path: Path) -> FakeProc:
    tree = FakeProc(tmp_path / "proc")
    tree.process(1, comm="init", ppid=0)
    return tree


@pytest.fixture
def collector(proc: FakeProc) -> ProcessesCollector:
    return ProcessesCollector(str(proc.root), str(proc.root))


def only(snapshot: ProcessesSnapshot, pid: int) -> Process:
    return next(row for row in snapshot.rows if row.pid == pid)


def test_rates_need_two_samples(proc: FakeProc, collector: ProcessesCollector) -> None:
    proc.process(50, utime=10, minflt=100)
    first = only(collector.collect(), 50)
    assert (first.cpu_percent, first.minor_faults_per_second) == (None, None)
    proc.process(50, utime=20, minflt=150)
    second = only(collector.collect(), 50)
    assert second.cpu_percent is not None
    assert second.cpu_percent > 0
    assert second.minor_faults_per_second is not None
    assert second.minor_faults_per_second > 0


def test_a_row_that_did_not_change_is_the_same_object(proc: FakeProc, collector: ProcessesCollector) -> None:
    proc.process(50)
    collector.collect()
    collector.collect()
    settled = only(collector.collect(), 50)
    again = only(collector.collect(), 50)
    assert settled is again


def test_a_pid_that_is_somebody_elses_is_a_new_process(proc: FakeProc, collector: ProcessesCollector) -> None:
    proc.process(50, start=100, utime=500)
    collector.collect()
    proc.process(50, start=900, utime=1)
    snapshot = collector.collect()
    row = only(snapshot, 50)
    assert row.key == (50, 900)
    assert row.cpu_percent is None
    assert [each.key for each in snapshot.ended] == [(50, 100)]


def test_new_and_ended(proc: FakeProc, collector: ProcessesCollector) -> None:
    assert only(collector.collect(), 1).first_seen is None
    proc.process(60)
    snapshot = collector.collect()
    assert only(snapshot, 60).first_seen == snapshot.time
    proc.end(60)
    snapshot = collector.collect()
    assert [row.pid for row in snapshot.rows] == [1]
    assert [row.ended_time for row in snapshot.ended] == [snapshot.time]


def test_a_process_that_vanishes_while_it_is_read(proc: FakeProc, collector: ProcessesCollector) -> None:
    proc.process(60)
    (proc.root / "60/stat").unlink()
    (proc.root / "70").mkdir()
    (proc.root / "70/stat").write_bytes(b"70 (half")
    assert [row.pid for row in collector.collect().rows] == [1]


@pytest.mark.parametrize(
    ("comm", "command", "shown"),
    [
        ("kworker/0:1", b"", "[kworker/0:1]"),
        (b"a) b\n", b"", "[a) b\n]"),
        ("x", b"\xff\x1b]0;t\x07\0", "\\xff\x1b]0;t\x07"),
        ("x", b"a" * 20000, "a" * 8192),
    ],
)
def test_commands(proc: FakeProc, collector: ProcessesCollector, comm: str | bytes, command: bytes, shown: str) -> None:
    proc.process(50, comm=comm, command=command)
    assert only(collector.collect(), 50).command == shown


def test_kernel_threads_and_zombies(proc: FakeProc, collector: ProcessesCollector) -> None:
    proc.process(2, comm="kthreadd", flags=0x200000, command=b"", ppid=0)
    proc.process(60, comm="gone", state="Z", command=b"")
    snapshot = collector.collect()
    assert only(snapshot, 2).kernel
    assert only(snapshot, 60).command == "[gone] <defunct>"


def test_hidden_processes_are_said(tmp_path: Path) -> None:
    tree = FakeProc(tmp_path / "proc")
    tree.process(50)
    snapshot = ProcessesCollector(str(tree.root), str(tree.root)).collect()
    assert [each.what for each in snapshot.missing] == ["other users' processes"]


# --- this machine


@pytest.fixture
def live() -> Iterator[ProcessesCollector]:
    made = ProcessesCollector()
    made.collect()
    yield made
    made.close()


def eventually(collector: ProcessesCollector, found: Callable[[ProcessesSnapshot], bool]) -> ProcessesSnapshot:
    limit = time.monotonic() + 10
    while True:
        snapshot = collector.collect()
        if found(snapshot):
            return snapshot
        assert time.monotonic() < limit, "did not come about in 10 s"


def state(snapshot: ProcessesSnapshot, pid: int) -> str:
    return next((row.state for row in snapshot.rows if row.pid == pid), "")


def test_states_of_a_real_process(live: ProcessesCollector) -> None:
    child = subprocess.Popen(["sleep", "100"])
    try:
        eventually(live, lambda seen: state(seen, child.pid) == "S")
        child.send_signal(signal.SIGSTOP)
        eventually(live, lambda seen: state(seen, child.pid) == "T")
        child.send_signal(signal.SIGCONT)
        eventually(live, lambda seen: state(seen, child.pid) == "S")
        child.kill()
        eventually(live, lambda seen: state(seen, child.pid) == "Z")
    finally:
        child.kill()
        child.wait()
    snapshot = eventually(live, lambda seen: state(seen, child.pid) == "")
    assert child.pid in [row.pid for row in snapshot.ended]


def test_a_zombie_among_its_family_goes_when_its_parent_asks(live: ProcessesCollector) -> None:
    """A program forks, the child exits, the parent does not wait: both are there, the child as defunct."""
    source = """
import os, sys
pid = os.fork()
if pid == 0:
    os._exit(3)
print(pid, flush=True)
sys.stdin.readline()
os.wait()
print("done", flush=True)
sys.stdin.readline()
"""
    parent = subprocess.Popen([sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdin is not None
    assert parent.stdout is not None
    try:
        zombie = int(parent.stdout.readline())
        snapshot = eventually(live, lambda seen: state(seen, zombie) == "Z")
        assert only(snapshot, zombie).ppid == parent.pid
        assert only(snapshot, zombie).command.endswith("<defunct>")
        parent.stdin.write("\n")
        parent.stdin.flush()
        parent.stdout.readline()
        eventually(live, lambda seen: state(seen, zombie) == "" and state(seen, parent.pid) != "")
    finally:
        parent.kill()
        parent.wait()
        parent.stdin.close()
        parent.stdout.close()


def test_cpu_of_all_threads_counts(live: ProcessesCollector) -> None:
    """The burning is done by a thread that is not the leader, whose own clock stands still."""
    source = """
import threading
def burn():
    while True: pass
threading.Thread(target=burn, daemon=True).start()
threading.Event().wait()
"""
    child = subprocess.Popen([sys.executable, "-c", source])
    try:
        eventually(
            live, lambda seen: (next((row.cpu_percent for row in seen.rows if row.pid == child.pid), 0) or 0) > 5
        )
    finally:
        child.kill()
        child.wait()


def test_an_orphan_is_seen_under_its_new_parent(live: ProcessesCollector) -> None:
    source = """
import os, time
pid = os.fork()
if pid == 0:
    time.sleep(100)
print(pid, flush=True)
time.sleep(100)
"""
    parent = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    orphan = int(parent.stdout.readline())
    try:
        snapshot = eventually(live, lambda seen: state(seen, orphan) == "S")
        assert only(snapshot, orphan).ppid == parent.pid
        parent.kill()
        parent.wait()
        # At once, though the orphan itself has slept all the time.
        assert only(live.collect(), orphan).ppid != parent.pid
    finally:
        os.kill(orphan, signal.SIGKILL)
        parent.stdout.close()


def test_an_exec_is_noticed(live: ProcessesCollector) -> None:
    child = subprocess.Popen(["sh", "-c", "read x; exec sleep 100"], stdin=subprocess.PIPE)
    assert child.stdin is not None
    try:
        eventually(live, lambda seen: state(seen, child.pid) == "S")
        child.stdin.write(b"\n")
        child.stdin.flush()
        eventually(live, lambda seen: any(row.command == "sleep 100" for row in seen.rows if row.pid == child.pid))
    finally:
        child.kill()
        child.wait()
        child.stdin.close()


def test_short_lives_leave_nothing_behind(live: ProcessesCollector) -> None:
    source = """
import os
for _ in range(10):
    for _ in range(200):
        if os.fork() == 0:
            os._exit(0)
    for _ in range(200):
        os.wait()
"""
    maker = subprocess.Popen([sys.executable, "-c", source])
    try:
        while maker.poll() is None:
            live.collect()
    finally:
        maker.kill()
        maker.wait()
    snapshot = live.collect()
    assert len(live._tracks) == len(snapshot.rows)
    assert len(snapshot.ended) <= 500


def test_a_sleeper_that_was_changed_is_read_when_asked() -> None:
    child = subprocess.Popen(["sleep", "60"])
    collector = ProcessesCollector()
    try:
        collector.collect()
        collector.collect()
        collector.collect()
        os.setpriority(os.PRIO_PROCESS, child.pid, 19)
        collector.ask(Reread((child.pid,)))
        row = next(row for row in collector.collect().rows if row.pid == child.pid)
        assert row.nice == 19
    finally:
        collector.close()
        child.kill()
        child.wait()
