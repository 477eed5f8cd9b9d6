"""Swap devices, zram and zswap."""

from __future__ import annotations

import re
from pathlib import Path

from pitop.model.memory.swap import SwapDevice, Zram, Zswap
from pitop.model.memory.totals import Totals

__all__ = ["read_swaps", "read_zram", "read_zswap"]

_ESCAPE = re.compile(r"\\([0-7]{3})")


def read_swaps(root: Path = Path("/proc")) -> tuple[SwapDevice, ...] | None:
    """`swaps`; empty without swap, None where the kernel was built without it."""
    try:
        text = (root / "swaps").read_bytes().decode(errors="backslashreplace")
    except OSError:
        return None
    found = []
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) < 5:
            continue
        path = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), " ".join(words[:-4]))
        found.append(SwapDevice(path, words[-4], int(words[-3]) * 1024, int(words[-2]) * 1024, int(words[-1])))
    return tuple(found)


def read_zram(sys: Path = Path("/sys")) -> tuple[Zram, ...]:
    """Every zram device that was given a size (`mm_stat`: written, compressed, taken, …, in bytes)."""
    found = []
    for device in sorted((sys / "block").glob("zram*")):
        try:
            size = int((device / "disksize").read_text())
            stored, compressed, used = (int(word) for word in (device / "mm_stat").read_text().split()[:3])
        except (OSError, ValueError):
            continue
        if size:
            found.append(Zram(device.name, _chosen(device / "comp_algorithm"), size, stored, compressed, used))
    return tuple(found)


def _chosen(path: Path) -> str | None:
    """The word in brackets of a list such as `lzo [lz4] zstd`."""
    text = _word(path)
    match = None if text is None else re.search(r"\[(\S+)\]", text)
    return match[1] if match else text


def read_zswap(memory: Totals, sys: Path = Path("/sys")) -> Zswap | None:
    """zswap's settings, and from `memory` what it stores; None where the kernel has none."""
    folder = sys / "module/zswap/parameters"
    enabled = _word(folder / "enabled")
    if enabled is None:
        return None
    most = _word(folder / "max_pool_percent")
    return Zswap(
        enabled=enabled in ("Y", "1"),
        compressor=_word(folder / "compressor"),
        max_pool_percent=int(most) if most is not None and most.isdigit() else None,
        stored_bytes=memory.zswapped_bytes,
        pool_bytes=memory.zswap_bytes,
    )


def _word(path: Path) -> str | None:
    try:
        return path.read_text(errors="backslashreplace").strip() or None
    except OSError:
        return None
