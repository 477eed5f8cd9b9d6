"""Memory as text: free's block, vmstat's lines, an address space line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pitop.model.memory.activity import Activity
from pitop.model.memory.layout import Gap, Stretch, folded, length, stretches
from pitop.model.memory.mappings import Mapping
from pitop.model.memory.snapshot import MemorySnapshot
from pitop.model.memory.totals import Totals, formulas, segments
from pitop.render.field import by_key
from pitop.render.memory.bars import LETTERS, PARTS, machine_bar, marker, parts_bar, place_name
from pitop.render.memory.fields import MAPPING_FIELDS
from pitop.render.memory.words import compressed_words, formula_words, kill_words
from pitop.render.text import cells, fit, visible
from pitop.render.units import UNKNOWN, bytes_text

__all__ = ["PMAP_KEYS", "drawing", "free_block", "machine_lines", "pmap_table", "rate_header", "rate_line"]


def free_block(memory: Totals, unit: int = 1024) -> list[str]:
    """The three lines of `free` (procps 4), in units of `unit` bytes; 0 for sizes with their letters."""

    def say(value: int) -> str:
        return f"{bytes_text(value) if unit == 0 else value // unit:>11}"

    available = UNKNOWN.rjust(11) if memory.available_bytes is None else say(memory.available_bytes)
    figures = [memory.total_bytes, memory.free_used_bytes, memory.free_bytes, memory.shmem_bytes, memory.cache_bytes]
    swap = [memory.swap_total_bytes, memory.swap_used_bytes, memory.swap_free_bytes]
    return [
        "               total        used        free      shared  buff/cache   available",
        "Mem:     " + " ".join([*map(say, figures), available]),
        "Swap:    " + " ".join(map(say, swap)),
    ]


def machine_lines(snapshot: MemorySnapshot, width: int) -> Iterator[str]:
    """Where the machine's memory is: the bar with what is available marked, the legend, both ways of counting, swap."""
    memory = snapshot.memory
    parts = segments(memory, snapshot.zram_bytes)
    bar = "".join(run.text for run in machine_bar(parts, width, letters=True))
    yield bar
    at = marker(memory.available_bytes, memory.total_bytes, width)
    if at is not None and memory.available_bytes is not None:
        text = f"{bytes_text(memory.available_bytes)} available"
        yield f"{'':{at}}^ {text}" if at + 2 + len(text) <= width else f"{'':{max(0, at - len(text) - 1)}}{text} ^"
    legend = [f"{LETTERS[each.key]} {each.title} {bytes_text(each.bytes)}" for each in parts if each.bytes]
    yield from _flowing(legend, width)
    for formula in formulas(memory):
        yield formula_words(formula)
    for device in snapshot.swap:
        used = f"{bytes_text(device.used_bytes)} of {bytes_text(device.size_bytes)}"
        yield f"swap {visible(device.path)} ({device.kind}, priority {device.priority}): {used} used"
    yield from compressed_words(snapshot.zram, snapshot.zswap)
    if snapshot.swappiness is not None and memory.swap_total_bytes:
        yield f"swappiness {snapshot.swappiness}"
    if len(snapshot.nodes) > 1:
        for node in snapshot.nodes:
            yield f"node {node.number}: {bytes_text(node.total_bytes)}, {bytes_text(node.free_bytes)} free"
    for zone in snapshot.zones:
        if zone.state != "plenty":
            yield (
                f"zone {zone.name} of node {zone.node} is short: {bytes_text(zone.free_bytes)} free, "
                f"reclaiming from {bytes_text(zone.low_bytes)}, stalling below {bytes_text(zone.min_bytes)}"
            )
    if snapshot.pressure is not None:
        some, full = snapshot.pressure.some, snapshot.pressure.full
        line = f"pressure: some {some.avg10_percent:.2f} % of the last 10 s, {some.avg300_percent:.2f} % of 5 minutes"
        yield line if full is None else f"{line}; full {full.avg10_percent:.2f} %, {full.avg300_percent:.2f} %"
    for kill in snapshot.kills[-3:]:
        yield kill_words(kill)


def _flowing(items: Sequence[str], width: int) -> Iterator[str]:
    """The items one after another, as many in a line as fit."""
    line = ""
    for item in items:
        if line and cells(line) + 3 + cells(item) > width:
            yield line
            line = ""
        line = f"{line}   {item}" if line else item
    if line:
        yield line


# vmstat's memory, swap and io columns (KiB, KiB/s), then what it does not tell.
_RATES: tuple[tuple[str, str, int], ...] = (
    ("-------------memory-------------", "swpd", 6),
    ("", "free", 9),
    ("", "buff", 7),
    ("", "cache", 9),
    ("-----swap----", "si", 6),
    ("", "so", 6),
    ("------io-----", "bi", 6),
    ("", "bo", 6),
    ("-----faults----", "minor", 8),
    ("", "major", 6),
    ("----reclaim---", "kswapd", 7),
    ("", "direct", 6),
    ("", "stall", 5),
    ("", "oom", 3),
    ("-pressure-", "some", 5),
    ("", "full", 4),
)


def rate_header() -> list[str]:
    """The two title lines above the rates."""
    groups = []
    titles = []
    for group, title, width in _RATES:
        titles.append(f"{title:>{width}}")
        if group:
            groups.append(group)
        elif title in ("stall", "oom"):
            groups.append(" " * width)
    return [" ".join(groups).rstrip(), " ".join(titles)]


def rate_line(snapshot: MemorySnapshot, now: Activity) -> str:
    """One line of rates: KiB and KiB a second where vmstat has them so, faults and stalls a second, percent."""
    memory = snapshot.memory
    figures: list[str] = [
        f"{memory.swap_used_bytes // 1024}",
        f"{memory.free_bytes // 1024}",
        f"{memory.buffers_bytes // 1024}",
        f"{(memory.cached_bytes + memory.reclaimable_bytes) // 1024}",
        _kib(now.swap_in_bytes_per_second),
        _kib(now.swap_out_bytes_per_second),
        _kib(now.read_bytes_per_second),
        _kib(now.written_bytes_per_second),
        _whole(now.minor_faults_per_second),
        _whole(now.major_faults_per_second),
        _kib(now.kswapd_reclaimed_bytes_per_second),
        _kib(now.direct_reclaimed_bytes_per_second),
        _whole(now.stalls_per_second),
        UNKNOWN if now.oom_kills is None else str(now.oom_kills),
        UNKNOWN if now.pressure_some_percent is None else f"{now.pressure_some_percent:.1f}",
        UNKNOWN if now.pressure_full_percent is None else f"{now.pressure_full_percent:.1f}",
    ]
    return " ".join(f"{figure:>{column[2]}}" for figure, column in zip(figures, _RATES, strict=True))


def _kib(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value / 1024:.0f}"


def _whole(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.0f}"


_LINES = 48  # of the drawing: more stretches than this become fewer


def drawing(mappings: Sequence[Mapping], width: int, bar: int = 24, ascii_only: bool = False) -> Iterator[str]:
    """The address space from low to high, a line a stretch: address, size, in memory, the bar, kind and name."""
    places = folded(stretches(mappings), _LINES)
    longest = max((length(each.size_bytes) for each in places if isinstance(each, Stretch)), default=0.0)
    legend = "   ".join(f"{plain if ascii_only else block} {word}" for _, word, block, plain in PARTS)
    yield legend
    room = max(10, width - 16 - 6 - 6 - bar - 10 - 5)
    for place in places:
        if isinstance(place, Gap):
            yield f"{'':16} {bytes_text(place.size_bytes):>5} {'':5} {'':{bar}} {'gap':9} {place_name(place, room)}"
            continue
        picture = "".join(run.text for run in parts_bar(place.parts, place.size_bytes, bar, longest, ascii_only))
        resident = UNKNOWN if place.rss_bytes is None else bytes_text(place.rss_bytes)
        yield (
            f"{place.start:>16x} {bytes_text(place.size_bytes):>5} {resident:>5} {fit(picture, bar)} "
            f"{place.kind.value:9} {place_name(place, room)}"
        )


PMAP_KEYS = (
    "start",
    "permissions",
    "offset",
    "device",
    "inode",
    "size_bytes",
    "rss_bytes",
    "pss_bytes",
    "pss_dirty_bytes",
    "referenced_bytes",
    "anonymous_bytes",
    "ksm_bytes",
    "lazy_free_bytes",
    "shmem_huge_bytes",
    "file_huge_bytes",
    "shared_hugetlb_bytes",
    "private_hugetlb_bytes",
    "swap_bytes",
    "swap_pss_bytes",
    "locked_bytes",
    "thp_eligible",
    "protection_key",
    "path",
)


def pmap_table(mappings: Sequence[Mapping]) -> Iterator[str]:
    """The columns of `pmap -X`, in KB, with their sums below; columns that this kernel does not fill are left out."""
    known = by_key(MAPPING_FIELDS)
    fields = [known[key] for key in PMAP_KEYS]
    if mappings:
        fields = [each for each in fields if any(each.read(row) is not None for row in mappings)]

    def cell(key: str, row: Mapping) -> str:
        value = known[key].read(row)
        if value is None:
            return UNKNOWN
        return str(int(value) // 1024) if key.endswith("_bytes") else visible(str(value))

    body = [[cell(each.key, row) for each in fields] for row in mappings]
    sums: list[str] = []
    for each in fields:
        if each.key.endswith("_bytes"):
            values = [value for row in mappings if isinstance(value := each.read(row), int)]
            sums.append(str(sum(values) // 1024))
        else:
            sums.append("")
    sums[-1] = "KB"
    lines = [
        [each.title for each in fields],
        *body,
        ["=" * len(text) if text else "" for text in sums[:-1]] + [""],
        sums,
    ]
    widths = [max(cells(line[i]) for line in lines) for i in range(len(fields) - 1)]
    left = {"permissions", "device"}
    for line in lines:
        columns = [
            fit(text, size, right=each.key not in left)
            for text, size, each in zip(line[:-1], widths, fields[:-1], strict=True)
        ]
        yield " ".join([*columns, line[-1]]).rstrip()
