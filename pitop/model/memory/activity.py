"""What memory does over time: the counters of /proc/vmstat, and the rates that two samples make."""

from __future__ import annotations

from msgspec import Struct

from pitop.model.memory.pressure import Pressure
from pitop.model.rates import delta, rate

__all__ = ["Activity", "Counters", "activity", "since_boot"]


class Counters(Struct, frozen=True, kw_only=True):
    """Counters since boot; bytes where the name says so, else pages or events. None is not counted here.

    `minor_faults` are those that needed no disk: the kernel counts all and the major ones (mm/vmstat.c).
    """

    minor_faults: int | None = None
    major_faults: int | None = None
    read_bytes: int | None = None
    written_bytes: int | None = None
    swap_in_bytes: int | None = None
    swap_out_bytes: int | None = None
    kswapd_scanned: int | None = None
    direct_scanned: int | None = None
    kswapd_reclaimed_bytes: int | None = None
    direct_reclaimed_bytes: int | None = None
    stalls: int | None = None
    refaults: int | None = None
    huge_faults: int | None = None
    oom_kills: int | None = None


class Activity(Struct, frozen=True, kw_only=True):
    """Rates between two samples; None at first sight, where a counter went back, and where there is none.

    `oom_kills` are those since the sample before, `stalls` allocations that had to reclaim by themselves; pressure in
    percent of the time between the samples.
    """

    minor_faults_per_second: float | None = None
    major_faults_per_second: float | None = None
    read_bytes_per_second: float | None = None
    written_bytes_per_second: float | None = None
    swap_in_bytes_per_second: float | None = None
    swap_out_bytes_per_second: float | None = None
    kswapd_reclaimed_bytes_per_second: float | None = None
    direct_reclaimed_bytes_per_second: float | None = None
    scanned_per_second: float | None = None
    stalls_per_second: float | None = None
    refaults_per_second: float | None = None
    huge_faults_per_second: float | None = None
    oom_kills: int | None = None
    pressure_some_percent: float | None = None
    pressure_full_percent: float | None = None


_NOTHING = Counters()


def activity(
    now: Counters,
    before: Counters | None,
    seconds: float,
    pressure: Pressure | None = None,
    pressure_before: Pressure | None = None,
) -> Activity:
    """The rates of `seconds` between two samples."""
    old = before or _NOTHING
    some = full = None
    if pressure is not None and pressure_before is not None:
        some = _share(pressure.some.total_seconds, pressure_before.some.total_seconds, seconds)
        if pressure.full is not None and pressure_before.full is not None:
            full = _share(pressure.full.total_seconds, pressure_before.full.total_seconds, seconds)
    return Activity(
        minor_faults_per_second=rate(now.minor_faults, old.minor_faults, seconds),
        major_faults_per_second=rate(now.major_faults, old.major_faults, seconds),
        read_bytes_per_second=rate(now.read_bytes, old.read_bytes, seconds),
        written_bytes_per_second=rate(now.written_bytes, old.written_bytes, seconds),
        swap_in_bytes_per_second=rate(now.swap_in_bytes, old.swap_in_bytes, seconds),
        swap_out_bytes_per_second=rate(now.swap_out_bytes, old.swap_out_bytes, seconds),
        kswapd_reclaimed_bytes_per_second=rate(now.kswapd_reclaimed_bytes, old.kswapd_reclaimed_bytes, seconds),
        direct_reclaimed_bytes_per_second=rate(now.direct_reclaimed_bytes, old.direct_reclaimed_bytes, seconds),
        scanned_per_second=_both(
            rate(now.kswapd_scanned, old.kswapd_scanned, seconds),
            rate(now.direct_scanned, old.direct_scanned, seconds),
        ),
        stalls_per_second=rate(now.stalls, old.stalls, seconds),
        refaults_per_second=rate(now.refaults, old.refaults, seconds),
        huge_faults_per_second=rate(now.huge_faults, old.huge_faults, seconds),
        oom_kills=delta(now.oom_kills, old.oom_kills),
        pressure_some_percent=some,
        pressure_full_percent=full,
    )


def since_boot(now: Counters, uptime_seconds: float, pressure: Pressure | None = None) -> Activity:
    """The averages since the machine started, as vmstat's first line gives them."""
    zero = Counters(**dict.fromkeys(Counters.__struct_fields__, 0))
    started = None if pressure is None else pressure.at_start()
    return activity(now, zero, uptime_seconds, pressure, started)


def _both(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _share(now: float, before: float, seconds: float) -> float | None:
    share = rate(now, before, seconds)
    return None if share is None else min(100.0, 100.0 * share)
