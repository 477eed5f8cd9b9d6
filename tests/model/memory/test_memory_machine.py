"""The machine's memory: its parts, both ways of counting, rates, victims."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitop.model.memory.activity import Counters, activity, since_boot
from pitop.model.memory.kills import oom_kill
from pitop.model.memory.pressure import Pressure, Stall
from pitop.model.memory.swap import Zram, ratio
from pitop.model.memory.totals import Totals, formulas, segments
from pitop.model.memory.zones import Zone

SIZES = st.integers(0, 1 << 38)


@st.composite
def machines(draw: st.DrawFn) -> Totals:
    """A machine whose parts fit into its total, some of them unknown."""
    free, buffers, cached, slab = (draw(SIZES) for _ in range(4))
    shmem = draw(st.integers(0, cached))
    anonymous, unreclaimable, stacks, tables, huge, other = (draw(SIZES) for _ in range(6))
    maybe = st.booleans()
    return Totals(
        total_bytes=free + buffers + cached + slab + anonymous + unreclaimable + stacks + tables + huge + other,
        free_bytes=free,
        available_bytes=draw(st.none() | st.integers(0, free + cached)),
        buffers_bytes=buffers,
        cached_bytes=cached,
        shmem_bytes=shmem,
        reclaimable_bytes=slab,
        swap_total_bytes=0,
        swap_free_bytes=0,
        anonymous_bytes=anonymous if draw(maybe) else None,
        unreclaimable_bytes=unreclaimable if draw(maybe) else None,
        kernel_stack_bytes=stacks if draw(maybe) else None,
        page_tables_bytes=tables if draw(maybe) else None,
        huge_bytes=huge if draw(maybe) else None,
    )


@given(machines())
def test_parts_add_up_to_the_total(memory: Totals) -> None:
    parts = segments(memory)
    assert sum(part.bytes for part in parts) == memory.total_bytes
    assert parts[-1].key == "free"
    assert all(part.bytes >= 0 for part in parts)


@given(machines())
def test_a_formula_is_the_sum_of_its_terms(memory: Totals) -> None:
    for formula in formulas(memory):
        assert formula.bytes == max(0, sum(term.sign * term.bytes for term in formula.terms))


def test_what_zram_takes_is_a_part_and_not_left_in_other() -> None:
    memory = Totals(1000, 100, 500, 0, 0, 0, 0, 0, 0, anonymous_bytes=300, zswap_bytes=50)
    parts = {part.key: part.bytes for part in segments(memory, zram_bytes=200)}
    assert parts == {
        "processes": 300, "shared": 0, "compressed": 250, "other": 350, "reclaimable": 0, "buffers": 0, "cache": 0,
        "free": 100,
    }  # fmt: skip


def test_rates_need_two_samples_and_counters_that_grow() -> None:
    now = Counters(minor_faults=300, major_faults=20, read_bytes=4096, oom_kills=3)
    first = activity(now, None, 0.0)
    assert first.minor_faults_per_second is None
    assert first.oom_kills is None
    before = Counters(minor_faults=100, major_faults=30, read_bytes=0, oom_kills=1)
    rates = activity(now, before, 2.0)
    assert rates.minor_faults_per_second == 100.0
    assert rates.major_faults_per_second is None  # went back
    assert rates.read_bytes_per_second == 2048.0
    assert rates.oom_kills == 2
    assert rates.stalls_per_second is None  # this kernel does not count it


def test_pressure_between_two_samples() -> None:
    def pressure(some: float, full: float | None) -> Pressure:
        return Pressure(Stall(0, 0, 0, some), None if full is None else Stall(0, 0, 0, full))

    rates = activity(Counters(), Counters(), 2.0, pressure(11.0, 5.5), pressure(10.0, 5.0))
    assert rates.pressure_some_percent == pytest.approx(50.0)
    assert rates.pressure_full_percent == pytest.approx(25.0)
    assert (
        activity(Counters(), Counters(), 2.0, pressure(11.0, None), pressure(10.0, None)).pressure_full_percent is None
    )
    assert activity(Counters(), Counters(), 2.0, pressure(11.0, None), None).pressure_some_percent is None


def test_averages_since_boot() -> None:
    rates = since_boot(Counters(minor_faults=1000, oom_kills=2), 100.0)
    assert rates.minor_faults_per_second == 10.0
    assert rates.major_faults_per_second is None
    assert rates.oom_kills == 2


@pytest.mark.parametrize(
    ("free", "state"), [(50, "direct"), (99, "direct"), (100, "kswapd"), (124, "kswapd"), (125, "plenty")]
)
def test_a_zone_below_its_watermarks(free: int, state: str) -> None:
    assert Zone(0, "Normal", free, 100, 125, 150, 10_000).state == state


def test_compression_is_told_only_of_something() -> None:
    assert Zram("zram0", "lz4", 1 << 30, 300, 90, 100).ratio == 3.0
    assert Zram("zram0", "lz4", 1 << 30, 0, 0, 4096).ratio is None
    assert ratio(None, 5) is None


def test_a_victims_name_may_look_like_the_rest_of_the_line() -> None:
    line = "Out of memory: Killed process 9 (x) total-vm:1kB, anon-rss:2kB) total-vm:8kB, anon-rss:4kB, file-rss:0kB"
    kill = oom_kill(line, 5.0)
    assert kill is not None
    assert kill.name == "x) total-vm:1kB, anon-rss:2kB"
    assert (kill.pid, kill.vsz_bytes, kill.rss_bytes, kill.group) == (9, 8192, 4096, False)
    assert oom_kill("oom_reaper: reaped process 9 (x), now anon-rss:0kB", 5.0) is None


def test_the_machine_can_be_recorded() -> None:
    memory = Totals(1000, 100, None, 0, 0, 0, 0, 0, 0, anonymous_bytes=300)
    assert msgspec.json.decode(msgspec.json.encode(memory), type=Totals) == memory
