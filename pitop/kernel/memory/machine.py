"""The machine's figures: meminfo, vmstat, pressure, uptime, swappiness."""

from __future__ import annotations

import os
import re
from pathlib import Path

from msgspec import structs

from pitop.kernel.machine import memory, parse_meminfo, parse_vmstat
from pitop.model.memory.activity import Counters
from pitop.model.memory.pressure import Pressure, Stall
from pitop.model.memory.totals import Totals

__all__ = ["read_counters", "read_pressure", "read_swappiness", "read_totals", "read_uptime"]

_PAGE = os.sysconf("SC_PAGE_SIZE")


def read_totals(root: Path = Path("/proc")) -> Totals:
    """`meminfo` in bytes (proc_meminfo(5)). Raises OSError where there is none, ValueError where it has no MemTotal."""
    told = parse_meminfo((root / "meminfo").read_bytes())
    if not told.keys() >= {"MemTotal", "MemFree"}:
        raise ValueError(f"{root / 'meminfo'} has no MemTotal")
    page = told.get("Hugepagesize")
    pool = told.get("Hugetlb")
    if pool is None and page is not None and "HugePages_Total" in told:
        pool = told["HugePages_Total"] * page
    return Totals(
        **structs.asdict(memory(told)),
        anonymous_bytes=told.get("AnonPages"),
        anonymous_huge_bytes=told.get("AnonHugePages"),
        mapped_bytes=told.get("Mapped"),
        unreclaimable_bytes=told.get("SUnreclaim"),
        kernel_stack_bytes=told.get("KernelStack"),
        page_tables_bytes=_plus(told.get("PageTables"), told.get("SecPageTables")),
        per_cpu_bytes=told.get("Percpu"),
        huge_bytes=pool,
        huge_page_bytes=page,
        swap_cached_bytes=told.get("SwapCached"),
        dirty_bytes=told.get("Dirty"),
        writeback_bytes=told.get("Writeback"),
        locked_bytes=told.get("Mlocked"),
        committed_bytes=told.get("Committed_AS"),
        commit_limit_bytes=told.get("CommitLimit"),
        zswap_bytes=told.get("Zswap"),
        zswapped_bytes=told.get("Zswapped"),
    )


def _plus(one: int | None, other: int | None) -> int | None:
    return one if other is None else other if one is None else one + other


def read_counters(root: Path = Path("/proc"), page: int = _PAGE) -> Counters:
    """`vmstat`. Kernels before 4.8 count reclaim per zone (`pgsteal_kswapd_normal`), all count stalls so: summed."""
    told = parse_vmstat((root / "vmstat").read_bytes())

    def over_zones(name: str) -> int | None:
        if name in told:
            return told[name]
        prefix = name + "_"
        values = [told[key] for key in told if key.startswith(prefix) and not key.endswith("_throttle")]
        return sum(values) if values else None

    faults, major = told.get("pgfault"), told.get("pgmajfault")
    refaults = told.get("workingset_refault_file", told.get("workingset_refault"))
    return Counters(
        minor_faults=None if faults is None or major is None else max(0, faults - major),
        major_faults=major,
        read_bytes=_times(told.get("pgpgin"), 1024),
        written_bytes=_times(told.get("pgpgout"), 1024),
        swap_in_bytes=_times(told.get("pswpin"), page),
        swap_out_bytes=_times(told.get("pswpout"), page),
        kswapd_scanned=over_zones("pgscan_kswapd"),
        direct_scanned=over_zones("pgscan_direct"),
        kswapd_reclaimed_bytes=_times(over_zones("pgsteal_kswapd"), page),
        direct_reclaimed_bytes=_times(over_zones("pgsteal_direct"), page),
        stalls=over_zones("allocstall"),
        refaults=_plus(refaults, told.get("workingset_refault_anon")),
        huge_faults=told.get("thp_fault_alloc"),
        oom_kills=told.get("oom_kill"),
    )


def _times(value: int | None, unit: int) -> int | None:
    return None if value is None else value * unit


_STALL = re.compile(r"(some|full) avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)")


def read_pressure(root: Path = Path("/proc")) -> Pressure | None:
    """`pressure/memory`; None where the kernel has none or was booted with `psi=0` (then reading it fails)."""
    try:
        text = (root / "pressure/memory").read_text()
    except OSError:
        return None
    found = {
        match[1]: Stall(float(match[2]), float(match[3]), float(match[4]), int(match[5]) / 1e6)
        for match in _STALL.finditer(text)
    }
    return Pressure(found["some"], found.get("full")) if "some" in found else None


def read_swappiness(root: Path = Path("/proc")) -> int | None:
    """`sys/vm/swappiness`, 0 to 200; None where there is none."""
    try:
        return int((root / "sys/vm/swappiness").read_text())
    except (OSError, ValueError):
        return None


def read_uptime(root: Path = Path("/proc")) -> float:
    """Seconds since the machine started. Raises OSError, ValueError."""
    return float((root / "uptime").read_text().split()[0])
