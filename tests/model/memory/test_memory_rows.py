"""The table's rows: processes joined with their readings, sums, groups."""

from __future__ import annotations

from typing import Any

import msgspec

from pitop.model.memory.holdings import Holding, Rollup
from pitop.model.memory.rows import MemoryRow, grouped, joined, totals
from pitop.model.processes import Process

_FIELDS = {each.name: each for each in msgspec.structs.fields(Process)}


def process(pid: int, **known: Any) -> Process:
    """A process with zeros and unknowns for whatever is not given."""
    blank: dict[str, Any] = dict.fromkeys(_FIELDS, 0) | {"user": None, "uid": None, "shared_bytes": None}
    blank |= {"state": "S", "stat": "S", "tty": "?", "kernel": False, "memory_percent": None, "cpu_percent": None}
    blank |= {"minor_faults_per_second": None, "major_faults_per_second": None, "first_seen": None, "ended_time": None}
    return Process(**(blank | {"pid": pid, "key": (pid, 7), "name": "app", "command": "app -x"} | known))


def holding(pid: int, pss: int | None, uss: int, time: float = 90.0) -> Holding:
    rollup = Rollup(pss or 0, pss, 0, 0, 0, uss, 3, 3)
    return Holding((pid, 7), time, rollup, 3, 600 + pid, 0)


def test_rows_carry_the_reading_of_the_same_process_only() -> None:
    processes = [process(1, rss_bytes=100), process(2, rss_bytes=50), process(3, kernel=True)]
    other = msgspec.structs.replace(holding(2, 10, 5), key=(2, 8))  # an earlier bearer of the pid
    known = {each.key: each for each in (holding(1, 40, 30), other)}
    one, two = joined(processes, known, now=100.0)
    assert (one.rss_bytes, one.pss_bytes, one.uss_bytes, one.swap_bytes, one.oom_score) == (100, 40, 30, 3, 601)
    assert one.age_seconds == 10.0
    assert (two.pss_bytes, two.uss_bytes, two.swap_bytes, two.age_seconds) == (None, None, None, None)


def test_a_refused_reading_tells_swap_and_why() -> None:
    refused = Holding((1, 7), 90.0, None, 4096, 5, 0, "not permitted: run pitop as root")
    (row,) = joined([process(1)], {(1, 7): refused}, 100.0)
    assert (row.pss_bytes, row.swap_bytes, row.oom_score, row.age_seconds) == (None, 4096, 5, None)
    assert row.why.startswith("not permitted")


def rows() -> tuple[MemoryRow, ...]:
    processes = [
        process(1, name="a", user="root", rss_bytes=100, minor_faults=5, minor_faults_per_second=1.5),
        process(2, name="b", user="root", rss_bytes=50, minor_faults=6),
        process(4, name="a", user="pi", rss_bytes=7, minor_faults=7, minor_faults_per_second=2.0),
    ]
    return joined(processes, {each.key: each for each in (holding(1, 40, 30), holding(4, 2, 1, 80.0))}, 100.0)


def test_sums_are_of_what_is_known() -> None:
    total = totals(rows())
    assert (total.count, total.rss_bytes, total.pss_bytes, total.minor_faults) == (3, 157, 42, 18)
    assert total.minor_faults_per_second == 3.5
    assert total.age_seconds == 20.0  # the oldest
    assert total.oom_score == 604  # the first to go
    assert total.shared_bytes is None


def test_groups_by_name_and_by_user() -> None:
    by_name = grouped(rows(), lambda row: row.name)
    assert [(each.name, each.count, each.rss_bytes, each.user) for each in by_name] == [
        ("a", 2, 107, None),
        ("b", 1, 50, "root"),
    ]
    assert by_name[1].pid == 2
    by_user = grouped(rows(), lambda row: row.user or "?")
    assert [(each.name, each.count, each.user) for each in by_user] == [("root", 2, "root"), ("pi", 1, "pi")]
    assert grouped([], lambda row: row.name) == ()
