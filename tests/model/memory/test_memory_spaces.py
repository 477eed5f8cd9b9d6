"""Address spaces: what a mapping is for, how they are drawn, how they grow; and what a process holds."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitop.model.memory.faults import Delays, fault_cost
from pitop.model.memory.growth import changes, gone
from pitop.model.memory.holdings import Rollup
from pitop.model.memory.layout import Gap, Stretch, folded, length, parts, share, stretches
from pitop.model.memory.mappings import Kind, Mapping, classify, summed

PAGE = 4096


def mapping(start: int, pages: int, path: str = "", kind: Kind = Kind.ANONYMOUS, **told: int) -> Mapping:
    return Mapping(
        start=start,
        end=start + pages * PAGE,
        permissions="rw-p",
        offset=0,
        device="00:00",
        inode=0,
        path=path,
        kind=kind,
        **told,
    )


@pytest.mark.parametrize(
    ("path", "permissions", "executable", "continues", "kind"),
    [
        ("/bin/app", "r-xp", True, False, Kind.TEXT),
        ("/bin/app", "rw-p", True, False, Kind.DATA),
        ("", "rw-p", False, True, Kind.DATA),
        ("", "rw-p", False, False, Kind.ANONYMOUS),
        ("[anon:arena]", "rw-p", False, False, Kind.ANONYMOUS),
        ("[heap]", "rw-p", False, False, Kind.HEAP),
        ("[stack]", "rw-p", False, False, Kind.STACK),
        ("[stack:1001]", "rw-p", False, False, Kind.STACK),
        ("[vdso]", "r-xp", False, False, Kind.KERNEL),
        ("[vvar_vclock]", "r--p", False, False, Kind.KERNEL),
        ("/lib/libc.so.6", "r--p", False, False, Kind.LIBRARY),
        ("/lib/libx.so (deleted)", "r--p", False, False, Kind.LIBRARY),
        ("/opt/plugin.bin", "rw-p", True, False, Kind.LIBRARY),
        ("/var/data.db", "rw-s", False, False, Kind.FILE),
        ("/var/libx.sofa", "r--p", False, False, Kind.FILE),
        ("/dev/shm/x", "rw-s", False, False, Kind.SHARED),
        ("/memfd:pulse (deleted)", "rw-s", False, False, Kind.SHARED),
        ("/dev/zero (deleted)", "rw-s", False, False, Kind.SHARED),
        ("/SYSV00000000 (deleted)", "rw-s", False, False, Kind.SHARED),
        ("", "---p", False, False, Kind.RESERVED),
        ("", "rw-s", False, False, Kind.SHARED),
    ],
)
def test_what_a_mapping_is_for(path: str, permissions: str, executable: bool, continues: bool, kind: Kind) -> None:
    assert classify(path, permissions, "/bin/app", executable, continues) is kind


@pytest.mark.parametrize("processes", [2, 4, 100])
def test_how_many_others_share(processes: int) -> None:
    shared = 1200 * 1024
    rollup = Rollup(shared + 400, 400 + shared // processes, shared, 0, 100, 300, 0, 0)
    assert rollup.uss_bytes == 400
    assert rollup.others == pytest.approx(processes - 1, rel=1e-3)


def test_nothing_shared_and_nothing_known() -> None:
    assert Rollup(400, 400, 0, 0, 100, 300, 0, 0).others is None
    assert Rollup(400, None, 100, 0, 0, 300, 0, 0).others is None
    assert summed([mapping(0, 1)]) is None


def test_sums_are_those_of_the_mappings() -> None:
    told = [
        mapping(0, 4, rss_bytes=3, pss_bytes=2, shared_clean_bytes=1, private_dirty_bytes=1, swap_bytes=5),
        mapping(1 << 20, 4, rss_bytes=30, pss_bytes=20, shared_dirty_bytes=10, private_clean_bytes=10, swap_bytes=50),
    ]
    rollup = summed(told)
    assert rollup is not None
    assert (rollup.rss_bytes, rollup.pss_bytes, rollup.swap_bytes) == (33, 22, 55)
    assert (rollup.uss_bytes, rollup.shared_bytes, rollup.swap_pss_bytes) == (11, 11, None)


def test_parts_of_a_mapping_make_its_size() -> None:
    each = mapping(
        0, 10, rss_bytes=6 * PAGE, shared_clean_bytes=PAGE, shared_dirty_bytes=PAGE, private_clean_bytes=PAGE,
        private_dirty_bytes=3 * PAGE, swap_bytes=2 * PAGE,
    )  # fmt: skip
    told = parts(each)
    assert told is not None
    assert sum(msgspec.structs.astuple(told)) == each.size_bytes
    assert told.untouched_bytes == 2 * PAGE
    assert parts(mapping(0, 1)) is None


@given(st.lists(st.floats(0, 1e12), max_size=40), st.integers(0, 200))
def test_cells_are_shared_out_whole(weights: list[float], cells: int) -> None:
    given_cells = share(weights, cells)
    assert sum(given_cells) == (cells if sum(weights) > 0 else 0)
    assert all(count == 0 for count, weight in zip(given_cells, weights, strict=True) if not weight)
    if cells >= sum(1 for weight in weights if weight):
        assert all(count for count, weight in zip(given_cells, weights, strict=True) if weight)


def test_cells_follow_the_proportion() -> None:
    assert share([3, 1], 40) == [30, 10]
    assert share([1e9, 1], 40) == [39, 1]


@st.composite
def spaces(draw: st.DrawFn) -> list[Mapping]:
    at = draw(st.integers(0, 1 << 30)) * PAGE
    found = []
    for _ in range(draw(st.integers(0, 30))):
        at += draw(st.sampled_from([0, 0, 0, PAGE, 1 << 21, 1 << 40]))
        pages = draw(st.integers(1, 1000))
        kind, path = draw(
            st.sampled_from([(Kind.LIBRARY, "/lib/a.so"), (Kind.LIBRARY, "/lib/b.so"), (Kind.ANONYMOUS, "")])
        )
        found.append(mapping(at, pages, path, kind, rss_bytes=draw(st.integers(0, pages)) * PAGE))
        at += pages * PAGE
    return found


@given(spaces(), st.integers(1, 12))
def test_drawing_loses_nothing_and_keeps_the_order(space: list[Mapping], most: int) -> None:
    places = stretches(space)
    for shown in (places, folded(places, most)):
        whole = [place for place in shown if isinstance(place, Stretch)]
        assert sum(place.count for place in whole) == len(space)
        assert sum(place.size_bytes for place in whole) == sum(each.size_bytes for each in space)
        assert sum(place.rss_bytes or 0 for place in whole) == sum(each.rss_bytes or 0 for each in space)
        assert all(one.end <= other.start for one, other in pairwise(shown))
    assert len(folded(places, most)) <= max(most, 1)
    assert folded(places, 1000) == places


def test_segments_of_one_file_are_one_stretch_and_gaps_stand_alone() -> None:
    space = [
        mapping(0x1000, 1, "/bin/app", Kind.TEXT),
        mapping(0x2000, 1, "/bin/app", Kind.DATA),
        mapping(0x3000, 2, "", Kind.DATA),
        mapping(1 << 40, 1, "/lib/a.so", Kind.LIBRARY),
        mapping((1 << 40) + PAGE, 1, "/lib/b.so", Kind.LIBRARY),
    ]
    program, gap, one, other = stretches(space)
    assert isinstance(program, Stretch)
    assert (program.kind, program.path, program.count, program.rss_bytes) == (Kind.TEXT, "/bin/app", 3, None)
    assert gap == Gap(0x5000, 1 << 40)
    assert isinstance(one, Stretch)
    assert isinstance(other, Stretch)
    assert (one.path, other.path) == ("/lib/a.so", "/lib/b.so")


def test_a_doubling_is_one_longer() -> None:
    assert length(PAGE) == 1.0
    assert length(8 * PAGE) == 4.0
    assert length(1) == 1.0


def test_growth_since_the_first_look() -> None:
    heap, stack = mapping(1 << 20, 10, "[heap]", rss_bytes=PAGE), mapping(1 << 40, 10, "[stack]", rss_bytes=PAGE)
    left, idle = mapping(1 << 30, 1), mapping(1 << 31, 1, rss_bytes=0)
    grown = mapping(heap.start, 15, "[heap]", rss_bytes=3 * PAGE)
    deeper = mapping(stack.start - 2 * PAGE, 12, "[stack]", rss_bytes=PAGE)
    new = mapping(1 << 32, 4, rss_bytes=2 * PAGE)
    found = {each.start: each for each in changes([heap, left, idle, stack], [grown, idle, new, deeper])}
    assert set(found) == {grown.start, deeper.start, new.start}
    assert (found[grown.start].size_bytes, found[grown.start].rss_bytes) == (5 * PAGE, 2 * PAGE)
    assert (found[deeper.start].size_bytes, found[deeper.start].new) == (2 * PAGE, False)
    assert found[new.start].new
    assert gone([heap, left, idle, stack], [grown, idle, new, deeper]) == (left,)


def test_what_a_major_fault_costs() -> None:
    now = Delays(30, 0.6, 0.3)
    cost = fault_cost(now)
    assert cost is not None
    assert cost.each_ms == pytest.approx(30.0)
    since = fault_cost(now, Delays(20, 0.5, 0.3))
    assert since is not None
    assert since.faults == 10
    assert since.each_ms == pytest.approx(10.0)
    assert fault_cost(Delays(5, None, None)) is None
    assert fault_cost(None) is None
