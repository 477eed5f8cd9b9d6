"""Forks, execs and exits of real processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pitop.collect.events import EventsCollector
from pitop.kernel.connector import Connector
from pitop.model.events import EventKind, EventsSnapshot, Origin


@pytest.fixture
def collector(root: None) -> Iterator[EventsCollector]:
    made = EventsCollector()
    assert made.collect().origin is Origin.KERNEL
    yield made
    made.close()


def until(collector: EventsCollector, test: Callable[[EventsSnapshot], bool]) -> EventsSnapshot:
    deadline = time.monotonic() + 20
    while True:
        snapshot = collector.collect()
        if test(snapshot):
            return snapshot
        assert time.monotonic() < deadline, snapshot.events[-20:]


def test_fork_exec_and_exit_of_a_short_process(collector: EventsCollector) -> None:
    child = subprocess.Popen(["sh", "-c", "exit 7"])
    child.wait()
    snapshot = until(collector, lambda seen: any(each.pid == child.pid for each in seen.ended))
    events = [each for each in snapshot.events if each.pid == child.pid]
    assert [each.kind for each in events] == [EventKind.FORK, EventKind.EXEC, EventKind.EXIT]
    assert all(each.ppid == os.getpid() for each in events)
    ended = events[-1]
    assert ended.ending is not None
    assert ended.ending.exit_status == 7
    assert ended.name == "sh"
    assert ended.final is not None
    assert ended.final.minor_faults > 20
    assert ended.final.max_rss_bytes is not None
    assert 500_000 < ended.final.max_rss_bytes < 10_000_000
    assert ended.lived_seconds is not None
    assert 0 < ended.lived_seconds < 20


def test_a_signal_is_told(collector: EventsCollector) -> None:
    child = subprocess.Popen(["sleep", "60"])
    start = int(Path(f"/proc/{child.pid}/stat").read_text().split()[21])
    child.terminate()
    child.wait()
    snapshot = until(collector, lambda seen: any(each.pid == child.pid for each in seen.ended))
    (ended,) = (each for each in snapshot.ended if each.pid == child.pid)
    assert ended.ending is not None
    assert ended.ending.signal == 15
    assert abs(ended.key[1] - start) <= 1


def test_threads_are_no_processes_but_count_in_the_accounts(collector: EventsCollector) -> None:
    burn = (
        "import threading, time\n"
        "def burn():\n"
        "    while time.thread_time() < 0.1: pass\n"
        "made = [threading.Thread(target=burn) for _ in range(3)]\n"
        "[each.start() for each in made]; [each.join() for each in made]"
    )
    child = subprocess.Popen([sys.executable, "-Ic", burn])
    child.wait()
    snapshot = until(collector, lambda seen: any(each.pid == child.pid for each in seen.ended))
    mine = [each for each in snapshot.events if each.pid == child.pid or each.ppid == child.pid]
    assert [each.kind for each in mine] == [EventKind.FORK, EventKind.EXEC, EventKind.EXIT]
    assert mine[-1].final is not None
    assert mine[-1].final.cpu_seconds > 0.15  # more than one thread's; the kernel counts in ticks


_STORM = """
import os, sys
for _ in range(int(sys.argv[1])):
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(pid, 0)
"""


def test_a_storm_is_counted_to_the_last(root: None) -> None:
    connector = Connector()
    try:
        maker = subprocess.Popen([sys.executable, "-Ic", _STORM, "1500"])
        forks = exits = 0
        ours: set[int] = set()
        done = False
        while not done:
            done = maker.poll() is not None  # asked before reading: its last events are read after
            for event in connector.read():
                if type(event).__name__ == "Fork" and getattr(event, "ppid", 0) == maker.pid:
                    forks += 1
                    ours.add(event.pid)
                elif type(event).__name__ == "Exit" and event.pid in ours:
                    exits += 1
                    ours.discard(event.pid)
        assert connector.lost == 0
        assert (forks, exits) == (1500, 1500)
    finally:
        connector.close()


def on_every_cpu(connector: Connector) -> int:
    """Have an event on every CPU, each of which numbers its own; how many events were heard."""
    cpus = os.sched_getaffinity(0)
    heard = 0
    try:
        for cpu in cpus:
            os.sched_setaffinity(0, {cpu})
            subprocess.run(["true"], check=True)
            heard += len(connector.read())
    finally:
        os.sched_setaffinity(0, cpus)
    return heard


def test_what_does_not_fit_is_counted_as_lost(root: None) -> None:
    connector = Connector()
    try:
        on_every_cpu(connector)
        connector._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        before = connector.lost
        subprocess.run([sys.executable, "-Ic", _STORM, "300"], check=True)
        heard = len(connector.read()) + on_every_cpu(connector)
        assert heard < 900
        # Three a process (fork, exec, exit), besides what the machine does meanwhile.
        assert connector.lost - before + heard >= 903
    finally:
        connector.close()


def test_other_listeners_are_no_loss(root: None) -> None:
    connector = Connector()
    try:
        on_every_cpu(connector)
        before = connector.lost
        for _ in range(5):
            Connector().close()
        on_every_cpu(connector)
        assert connector.lost == before
    finally:
        connector.close()


def test_without_the_kernel_differences_are_told() -> None:
    collector = EventsCollector(kernel=False)
    assert collector.collect().origin is Origin.SCAN
    child = subprocess.Popen(["sleep", "60"])
    snapshot = until(collector, lambda seen: any(each.pid == child.pid for each in seen.events))
    (born,) = (each for each in snapshot.events if each.pid == child.pid and each.kind is EventKind.FORK)
    assert born.ppid == os.getpid()
    child.kill()
    child.wait()
    snapshot = until(collector, lambda seen: any(each.pid == child.pid for each in seen.ended))
    (ended,) = (each for each in snapshot.ended if each.pid == child.pid)
    assert ended.ending is None
    assert snapshot.missing
    assert "CONFIG_PROC_EVENTS" in snapshot.missing[0].advice
    collector.close()


def test_a_scan_of_a_tree(tmp_path: Path) -> None:
    def make(pid: int, name: str, start: int, command: bytes = b"") -> None:
        folder = tmp_path / str(pid)
        folder.mkdir(exist_ok=True)
        rest = " ".join(["0"] * 30)
        folder.joinpath("stat").write_text(f"{pid} ({name}) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {start} {rest}")
        folder.joinpath("cmdline").write_bytes(command)

    make(1, "init", 1)
    collector = EventsCollector(str(tmp_path), kernel=False)
    assert collector.collect().events == ()
    make(50, "a) b", 100, b"first\0x")
    collector.collect()
    make(50, "second", 100, b"second")
    kinds = [(each.kind, each.name, each.command) for each in collector.collect().events]
    assert kinds == [(EventKind.FORK, "a) b", "first x"), (EventKind.EXEC, "second", "second")]
    make(51, "x", 200)
    collector.collect()
    make(51, "y", 300)  # another process by now
    events = collector.collect().events[2:]
    assert [(each.kind, each.name) for each in events] == [
        (EventKind.FORK, "x"),
        (EventKind.EXIT, "x"),
        (EventKind.FORK, "y"),
    ]
    assert [each.key for each in collector.collect().ended] == [(51, 200)]


def test_the_thread_ends_with_the_collector(collector: EventsCollector) -> None:
    before = threading.active_count()
    another = EventsCollector()
    another.collect()
    another.close()
    assert threading.active_count() == before
