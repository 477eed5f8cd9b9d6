"""Memory in sentences."""

from __future__ import annotations

from pitop.model.memory.faults import FaultCost
from pitop.model.memory.holdings import Rollup
from pitop.model.memory.kills import OomKill
from pitop.model.memory.mappings import Kind, Mapping
from pitop.model.memory.swap import Zram, Zswap
from pitop.model.memory.totals import Formula
from pitop.model.memory.zones import Zone
from pitop.render.text import visible
from pitop.render.units import amount, bytes_text

__all__ = [
    "compressed_words",
    "cost_words",
    "formula_words",
    "holding_words",
    "kill_words",
    "mapping_words",
    "size_words",
    "zone_words",
]


def size_words(value: float) -> str:
    """A size with its unit written as one says it: `9.8 MB`, `812 bytes` (powers of 1,024)."""
    if value < 1000:
        return "1 byte" if value == 1 else f"{value:.0f} bytes"
    text = bytes_text(value)
    return f"{text[:-1]} {text[-1]}B"


def formula_words(formula: Formula) -> str:
    """`used as htop counts it: 1.2G = total 23.5G - free …`."""
    terms = " ".join(
        f"{'-' if term.sign < 0 else '+'} {term.name} {bytes_text(term.bytes)}" for term in formula.terms
    ).removeprefix("+ ")
    return f"used as {formula.tool} counts it: {bytes_text(formula.bytes)} = {terms}"


def holding_words(size_bytes: int, rss_bytes: int | None, rollup: Rollup | None, why: str = "") -> str:
    """What a process asked for against what it holds: `asked for 9.8 MB, holds 1.6 MB, 1.2 MB of it shared with 3
    others`. Sharers are an average over the shared pages; how many are not known, they are not told."""
    if not size_bytes:
        return "has no memory of its own: a thread of the kernel's, or a process that ended and waits for its parent"
    said = [f"asked for {size_words(size_bytes)}"]
    resident = rollup.rss_bytes if rollup is not None else rss_bytes
    if resident is None:
        return f"{said[0]}; what of it is in memory this kernel does not tell"
    said.append(f"holds {size_words(resident)}")
    if rollup is None:
        return ", ".join(said) + (f"; what of it is shared is {why}" if why else "")
    if rollup.shared_bytes:
        said.append(f"{size_words(rollup.shared_bytes)} of it shared{_with(rollup.others)}")
    elif resident:
        said.append("none of it shared")
    if rollup.swap_bytes:
        said.append(f"and has {size_words(rollup.swap_bytes)} in swap")
    return ", ".join(said)


def _with(others: float | None) -> str:
    if others is None or others < 0.05:
        return ""
    count = round(others)
    if abs(others - count) < 0.05:
        return " with 1 other" if count == 1 else f" with {count:,} others"
    return f" with {others:.1f} others on average"


def cost_words(cost: FaultCost | None, since: str) -> str | None:
    """What a major fault costs; `since` says of which time: `since it started`. None where it was not counted."""
    if cost is None:
        return None
    if not cost.faults:
        return f"no major fault {since}"
    faults = "1 major fault" if cost.faults == 1 else f"{cost.faults:,} major faults"
    each = cost.each_ms or 0.0
    said = f"{each:.1f} ms" if each >= 1 else f"{1000 * each:.0f} µs"
    return f"a major fault costs at most {said} here: {faults} {since}, {cost.seconds:.2f} s waited for disk and swap"


def kill_words(kill: OomKill) -> str:
    """Whom the kernel killed for want of memory, and why."""
    name = "?" if kill.name is None else visible(kill.name)
    reason = "its group's limit" if kill.group else "the machine ran out"
    return f"{name} (pid {kill.pid}) killed with {size_words(kill.rss_bytes)} in memory: {reason}"


def compressed_words(zram: tuple[Zram, ...], zswap: Zswap | None) -> list[str]:
    """A line for each zram device and for zswap, where they are there."""
    lines = [
        f"{each.name} ({each.algorithm or 'compressed'}): {bytes_text(each.stored_bytes)} of "
        f"{bytes_text(each.disk_bytes)} stored in {bytes_text(each.used_bytes)}{_ratio(each.ratio)}"
        for each in zram
    ]
    if zswap is None:
        return lines
    if not zswap.enabled and not zswap.stored_bytes:
        return [*lines, "zswap: off"]
    name = f"zswap ({zswap.compressor})" if zswap.compressor else "zswap"
    if zswap.stored_bytes is None or zswap.pool_bytes is None:
        return [*lines, f"{name}: on; this kernel does not tell what it stores"]
    limit = "" if zswap.max_pool_percent is None else f", up to {amount(zswap.max_pool_percent)} % of memory"
    stored = f"{bytes_text(zswap.stored_bytes)} stored in {bytes_text(zswap.pool_bytes)}{_ratio(zswap.ratio)}"
    return [*lines, f"{name}: {stored}{limit}"]


def _ratio(value: float | None) -> str:
    return "" if value is None else f", {value:.1f} to 1"


def zone_words(zone: Zone) -> str:
    """What a zone has, and when the kernel begins to free memory there."""
    return (
        f"{bytes_text(zone.free_bytes)} of {bytes_text(zone.managed_bytes)} free; kswapd wakes below "
        f"{bytes_text(zone.low_bytes)} and works up to {bytes_text(zone.high_bytes)}; below "
        f"{bytes_text(zone.min_bytes)} whoever allocates has to wait."
    )


_KINDS = {
    Kind.TEXT: "the program's own code, read from its file and shared by everybody who runs it",
    Kind.DATA: "the program's own variables and constants",
    Kind.HEAP: "what the program asked for piece by piece, grown from the end of its data",
    Kind.ANONYMOUS: "memory of no file: large requests, threads' heaps and stacks",
    Kind.RESERVED: "addresses kept, and not to be touched: a guard, or room for later",
    Kind.SHARED: "shared memory: what one process writes, the others see",
    Kind.FILE: "a file, read and written as if it were memory",
    Kind.LIBRARY: "a library's code and data, its code shared by everybody who uses it",
    Kind.STACK: "the main thread's stack",
    Kind.KERNEL: "what the kernel lends every process, so that asking the time needs no system call",
}


def mapping_words(mapping: Mapping) -> str:
    """What a mapping is for, and what is remarkable about it."""
    said = [f"{mapping.kind.value}: {_KINDS[mapping.kind]}"]
    if mapping.deleted:
        said.append("its file has been removed or replaced since; a restart takes the new one")
    if mapping.rss_bytes is not None:
        said.append(f"{size_words(mapping.rss_bytes)} of {size_words(mapping.size_bytes)} in memory")
    if mapping.locked_bytes:
        said.append(f"{size_words(mapping.locked_bytes)} locked")
    if mapping.anonymous_huge_bytes:
        said.append(f"{size_words(mapping.anonymous_huge_bytes)} in huge pages")
    return "; ".join(said)
