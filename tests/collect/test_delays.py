"""Waiting times, on a tree of our own and beside the kernel's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pitop.collect.collector import Unavailable
from pitop.collect.delays import DelaysCollector
from pitop.model.delays import DelaySample, delay


def a_tree(root: Path, own: str = "5 5 5") -> Path:
    (root / "self").mkdir()
    (root / "self/schedstat").write_text(own)
    for thread, text in ((50, "1000000000 250000000 7\n"), (51, "1000000000 750000000 7\n")):
        folder = root / f"50/task/{thread}"
        folder.mkdir(parents=True)
        (folder / "schedstat").write_text(text)
    return root


def test_all_threads_count(tmp_path: Path) -> None:
    collector = DelaysCollector(str(a_tree(tmp_path)))
    snapshot = collector.collect()
    (row,) = snapshot.rows
    assert (row.pid, row.waiting_seconds, row.waiting_percent) == (50, 1.0, None)
    assert "task_delayacct" in snapshot.missing[0].advice
    (second,) = collector.collect().rows
    assert (second.on_cpu_percent, second.waiting_percent, second.block_io_percent) == (0, 0, None)


def test_rates() -> None:
    before, now = DelaySample(10**9, 10**9, 1.0), DelaySample(2 * 10**9, 3 * 10**9, 1.5)
    row = delay(1, now, before, 2.0)
    assert (row.on_cpu_percent, row.waiting_percent, row.block_io_percent) == (50.0, 100.0, 25.0)
    assert delay(1, before, now, 2.0).waiting_percent is None  # went back: another process


def test_a_kernel_without_schedstat_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="schedstat"):
        DelaysCollector(str(a_tree(tmp_path, "0 0 0\n")))


def test_our_own_wait_is_the_kernels() -> None:
    collector = DelaysCollector()
    row = next(each for each in collector.collect().rows if each.pid == os.getpid())
    threads = Path("/proc/self/task").iterdir()
    now = sum(int((each / "schedstat").read_text().split()[1]) for each in threads) / 1e9
    assert 0 <= now - row.waiting_seconds < 5
