"""A source that holds still: snapshots are put into it by the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from pitop.collect.topics import MACHINE, PROCESSES, Topic
from pitop.model.actions import Action, Outcome
from pitop.model.machine import MachineSnapshot, Memory
from pitop.model.processes import Process, ProcessesSnapshot

__all__ = ["NOW", "StillSource", "a_process", "a_source", "machine", "processes"]

NOW = 1_795_000_000.0


class _Hold:
    def __init__(self, source: StillSource, name: str, deliver: Callable[[Any], None]) -> None:
        self.source, self.name, self.deliver = source, name, deliver

    def ask(self, request: Struct) -> None:
        self.source.asked.append((self.name, request))

    def close(self) -> None:
        if self in self.source.holds:
            self.source.holds.remove(self)


class StillSource:
    """Delivers what is `put`, to those who listen then and, the newest, to those who come later."""

    name = "still"

    def __init__(self, *snapshots: tuple[Topic[Any], Any]) -> None:
        self.interval = 1.0
        self.holds: list[_Hold] = []
        self.newest: dict[str, Any] = {topic.name: snapshot for topic, snapshot in snapshots}
        self.asked: list[tuple[str, Struct]] = []
        self.done: list[Action] = []
        self.closed = False

    def set_interval(self, seconds: float) -> None:
        self.interval = seconds

    def subscribe(self, topic: Topic[Any], deliver: Callable[[Any], None]) -> _Hold:
        hold = _Hold(self, topic.name, deliver)
        self.holds.append(hold)
        if topic.name in self.newest:
            deliver(self.newest[topic.name])
        return hold

    def perform(self, action: Action, deliver: Callable[[Outcome], None]) -> None:
        self.done.append(action)

    def close(self) -> None:
        self.closed = True

    def put(self, topic: Topic[Any], snapshot: Any) -> None:
        self.newest[topic.name] = snapshot
        for hold in list(self.holds):
            if hold.name == topic.name:
                hold.deliver(snapshot)

    def listening(self) -> set[str]:
        return {hold.name for hold in self.holds}


def machine(**changes: Any) -> MachineSnapshot:
    """A small board at work."""
    made = MachineSnapshot(
        time=NOW,
        host="board",
        uptime_seconds=3 * 86400 + 7200,
        users=2,
        load=(0.31, 0.4, 0.38),
        cores=(12.5, 71.0, 3.0, 96.5),
        cpu_percent=45.7,
        memory=Memory(
            total_bytes=4 << 30,
            free_bytes=1 << 30,
            available_bytes=3 << 30,
            buffers_bytes=100 << 20,
            cached_bytes=1 << 30,
            shmem_bytes=50 << 20,
            reclaimable_bytes=80 << 20,
            swap_total_bytes=1 << 30,
            swap_free_bytes=900 << 20,
        ),
        minor_faults_per_second=3021.0,
        major_faults_per_second=2.0,
        received_bytes_per_second=120_000.0,
        sent_bytes_per_second=9_100.0,
        temperature_celsius=61.5,
        throttling=("under-voltage",),
    )
    return replace(made, **changes)


def a_process(pid: int, ppid: int, command: str, **changes: Any) -> Process:
    """A process at rest."""
    made = Process(
        key=(pid, 1000 + pid),
        pid=pid,
        ppid=ppid,
        user="root",
        uid=0,
        state="S",
        stat="S",
        name=command.split()[0].rpartition("/")[2],
        command=command,
        threads=1,
        nice=0,
        priority=20,
        tty="?",
        vsz_bytes=20 << 20,
        rss_bytes=8 << 20,
        shared_bytes=4 << 20,
        memory_percent=0.2,
        cpu_percent=0.0,
        cpu_seconds=1.5,
        minor_faults=1200,
        major_faults=3,
        minor_faults_per_second=0.0,
        major_faults_per_second=0.0,
        start_time=NOW - 4000,
        pgrp=pid,
        session=pid,
        processor=0,
        kernel=False,
    )
    return replace(made, **changes)


def processes(**changes: Any) -> ProcessesSnapshot:
    """A family with everything in it that looks different."""
    rows = (
        a_process(1, 0, "/sbin/init", rss_bytes=12 << 20),
        a_process(2, 0, "[kthreadd]", kernel=True, vsz_bytes=0, rss_bytes=0, shared_bytes=None, memory_percent=0.0),
        a_process(10, 2, "[kworker/0:1]", kernel=True, state="I", vsz_bytes=0, rss_bytes=0, shared_bytes=None),
        a_process(11, 2, "[ksoftirqd/0]", kernel=True, vsz_bytes=0, rss_bytes=0, shared_bytes=None, cpu_percent=0.3),
        a_process(300, 1, "/usr/sbin/sshd -D"),
        a_process(410, 300, "sshd: pi@pts/0", user="pi", uid=1000),
        a_process(411, 410, "-bash", user="pi", uid=1000, tty="pts/0", stat="Ss"),
        a_process(500, 411, "python3 burn.py", user="pi", uid=1000, state="R", cpu_percent=93.4, threads=4, nice=5),
        a_process(501, 411, "[sh] <defunct>", user="pi", uid=1000, state="Z", vsz_bytes=0, rss_bytes=0),
        a_process(
            600, 1, "/usr/bin/postgres -D /data", user="postgres", uid=110, rss_bytes=300 << 20, memory_percent=7.3
        ),
        a_process(601, 600, "postgres: writer", user="postgres", uid=110, state="D", major_faults_per_second=14.0),
        a_process(602, 600, "postgres: \x1b]0;x\x07 [/etc]", user="postgres", uid=110, minor_faults_per_second=812.0),
        a_process(700, 1, "curl example.org", cpu_percent=None, minor_faults_per_second=None, first_seen=NOW - 1),
        a_process(800, 1, "stopped", state="T"),
    )
    made = ProcessesSnapshot(
        time=NOW,
        host="board",
        rows=rows,
        ended=(a_process(650, 600, "postgres: gone", user="postgres", uid=110, ended_time=NOW - 2),),
        boot_time=NOW - 10_000,
    )
    return replace(made, **changes)


def a_source() -> StillSource:
    """The board, with its family."""
    return StillSource((MACHINE, machine()), (PROCESSES, processes()))
