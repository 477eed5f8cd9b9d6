"""The machine's files, in the words of several kernels."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pitop.kernel.memory.log import KernelLog
from pitop.kernel.memory.machine import (
    read_counters,
    read_pressure,
    read_swappiness,
    read_totals,
    read_uptime,
)
from pitop.kernel.memory.swap import read_swaps, read_zram, read_zswap
from pitop.kernel.memory.zones import read_nodes, read_zones

DATA = Path(__file__).parents[2] / "data/memory"
KB = 1024


def test_totals_of_a_server() -> None:
    memory = read_totals(DATA / "server/proc")
    assert (memory.total_bytes, memory.available_bytes) == (16384000 * KB, 9216000 * KB)
    assert memory.page_tables_bytes == (61440 + 2048) * KB
    assert memory.huge_bytes == 1048576 * KB
    assert memory.used_bytes == (16384000 - 2048000 - 204800 - 7168000 - 614400 + 512000) * KB
    assert memory.free_used_bytes == (16384000 - 9216000) * KB
    assert memory.cache_bytes == (204800 + 7168000 + 614400) * KB
    assert memory.swap_used_bytes == 1048576 * KB


def test_an_old_kernel_tells_less() -> None:
    memory = read_totals(DATA / "old/proc")
    assert memory.available_bytes is None
    assert memory.free_used_bytes == (1000000 - 100000 - 50000 - 300000 - 40000) * KB
    assert memory.huge_bytes == 4 * 2048 * KB  # from the number of pages: no Hugetlb line then
    assert (memory.committed_bytes, memory.zswap_bytes) == (None, None)
    counters = read_counters(DATA / "old/proc", page=4096)
    assert (counters.kswapd_reclaimed_bytes, counters.direct_reclaimed_bytes) == (11 * 4096, 22 * 4096)
    assert (counters.kswapd_scanned, counters.direct_scanned) == (33, 44)
    assert counters.stalls == 5
    assert counters.oom_kills is None
    assert counters.minor_faults == 900


def test_counters_of_a_server() -> None:
    counters = read_counters(DATA / "server/proc", page=4096)
    assert (counters.minor_faults, counters.major_faults) == (49940000, 60000)
    assert (counters.read_bytes, counters.written_bytes) == (1000000 * KB, 2000000 * KB)
    assert (counters.swap_in_bytes, counters.swap_out_bytes) == (3000 * 4096, 4000 * 4096)
    assert counters.stalls == 321
    assert counters.direct_scanned == 100000  # and not the throttled ones
    assert counters.refaults == 33
    assert counters.oom_kills == 2


def test_what_a_board_does_not_count_is_unknown() -> None:
    counters = read_counters(DATA / "board/proc")
    assert counters.swap_in_bytes is None
    assert counters.refaults is None
    assert counters.stalls == 0
    assert read_pressure(DATA / "board/proc") is None
    assert read_zram(DATA / "board/sys") == ()
    assert read_zswap(read_totals(DATA / "board/proc"), DATA / "board/sys") is None
    assert read_swaps(DATA / "board/proc") == ()
    assert read_swaps(DATA / "old/proc") is None
    assert read_zones(DATA / "board/proc") == ()
    assert read_nodes(DATA / "board/sys") == ()
    assert read_swappiness(DATA / "old/proc") is None


def test_no_meminfo_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="meminfo"):
        read_totals(tmp_path)
    (tmp_path / "meminfo").write_text("nonsense\n")
    with pytest.raises(ValueError, match="MemTotal"):
        read_totals(tmp_path)


def test_pressure(tmp_path: Path) -> None:
    told = read_pressure(DATA / "server/proc")
    assert told is not None
    assert told.full is not None
    assert (told.some.avg10_percent, told.some.avg300_percent, told.some.total_seconds) == (1.25, 0.1, 12.5)
    assert told.full.total_seconds == 7.5
    (tmp_path / "pressure").mkdir()
    (tmp_path / "pressure/memory").write_text("some avg10=0.00 avg60=0.00 avg300=0.00 total=5\n")
    only = read_pressure(tmp_path)
    assert only is not None
    assert only.full is None


def test_swap_zram_and_zswap() -> None:
    zram, file = read_swaps(DATA / "server/proc") or ()
    assert (zram.path, zram.kind, zram.priority) == ("/dev/zram0", "partition", 100)
    assert (file.path, file.size_bytes, file.used_bytes) == ("/var/swap space", 2097152 * KB, 262144 * KB)
    (device,) = read_zram(DATA / "server/sys")  # the second has no size: not in use
    assert (device.name, device.algorithm, device.disk_bytes) == ("zram0", "lz4", 2147483648)
    assert device.ratio == pytest.approx(805306368 / 209715200)
    zswap = read_zswap(read_totals(DATA / "server/proc"), DATA / "server/sys")
    assert zswap is not None
    assert (zswap.enabled, zswap.compressor, zswap.max_pool_percent, zswap.ratio) == (True, "zstd", 20, 3.0)
    assert read_swappiness(DATA / "server/proc") == 180
    assert read_uptime(DATA / "server/proc") == 86400.5


def test_nodes_and_zones() -> None:
    nodes = read_nodes(DATA / "server/sys")
    assert [(each.number, each.total_bytes, each.free_bytes) for each in nodes] == [
        (0, 8192000 * KB, 1024000 * KB),
        (1, 8192000 * KB, 1024000 * KB),
    ]
    zones = read_zones(DATA / "server/proc", page=4096)
    assert [(each.node, each.name, each.state) for each in zones] == [(0, "Normal", "plenty"), (1, "Normal", "plenty")]
    # The watermarks are the zone's, not those of each CPU's page set, which has a line `high` too.
    assert (zones[0].min_bytes, zones[0].low_bytes, zones[0].high_bytes) == (10000 * 4096, 12500 * 4096, 15000 * 4096)


def test_victims_of_the_kernels_log() -> None:
    log = KernelLog(DATA / "kmsg.txt")
    try:
        kills = log.kills(boot_time=1_000_000.0)
        assert [(each.pid, each.name, each.group) for each in kills] == [
            (31953, "a) total-vm:1", True),
            (77, "ev\x1b[31mil", False),
            (88, "old kernel", False),
        ]  # and nothing of what a program wrote into the log
        assert kills[0].time == pytest.approx(1_001_649.106122)
        assert kills[0].rss_bytes == (16128 + 6608 + 4) * KB
        assert log.kills(1_000_000.0) == ()
    finally:
        log.close()


def test_this_machine_has_all_of_it() -> None:
    """Not what, but that: every reader understands the kernel that runs the tests."""
    memory = read_totals()
    assert memory.total_bytes > memory.free_bytes > 0
    assert memory.anonymous_bytes
    counters = read_counters()
    assert counters.minor_faults
    assert counters.major_faults is not None
    assert sum(zone.managed_bytes for zone in read_zones()) >= memory.total_bytes * 0.1
    assert os.sysconf("SC_PAGE_SIZE") >= 4096
