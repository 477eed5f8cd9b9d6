"""The machine's memory as a bar with its legend, and what it does as charts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from rich.segment import Segment

from pitop.model.memory.snapshot import MemorySnapshot
from pitop.model.memory.totals import formulas, segments
from pitop.render.field import Tone
from pitop.render.memory.bars import LETTERS, machine_bar, marker
from pitop.render.memory.words import compressed_words, formula_words, kill_words
from pitop.render.text import cells, fit
from pitop.render.units import bytes_text
from pitop.tui.panes.memory.painted import Painted
from pitop.tui.panes.memory.palette import swatch

__all__ = ["MachineMemory"]

_KILL_SHOWN = 600.0  # seconds that a victim of the out-of-memory killer is named


class MachineMemory(Painted):
    """The bar, what is available, the legend; below it, as far as there are lines, how used is counted and swap."""

    DEFAULT_CSS = """
    MachineMemory { height: 5; width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__(id="machine")
        self._snapshot: MemorySnapshot | None = None
        self.formulas_shown = False

    def show(self, snapshot: MemorySnapshot) -> None:
        """Show the machine as it is now."""
        self._snapshot = snapshot
        self.renew()

    def needed(self, width: int, height: int) -> int:
        """How many lines it takes on a screen of that size."""
        if height < 13:
            return 1
        lines = 2 + (2 if self.formulas_shown else 0)
        if self._snapshot is None:
            return lines + (2 if height >= 18 else 0)
        if height >= 18:
            lines += sum(1 for _ in self._legend(width))
        if height >= 24 or self.formulas_shown:
            lines += sum(1 for _ in self._notes(width))
        return min(lines, max(2, height // 3))

    def composed(self, width: int, height: int) -> Sequence[Sequence[Segment]]:
        """The lines there is room for, the bar first."""
        snapshot = self._snapshot
        if snapshot is None:
            return ()
        lines = [self._bar(width), self._available(width)]
        if self.formulas_shown:
            lines += [self._words(formula_words(formula), width) for formula in formulas(snapshot.memory)]
        if height > len(lines):
            lines += self._legend(width)
        if height > len(lines):
            lines += self._notes(width)
        return lines[:height]

    def _bar(self, width: int) -> list[Segment]:
        assert self._snapshot is not None
        parts = segments(self._snapshot.memory, self._snapshot.zram_bytes)
        plain = swatch(self.theme, "free") is None
        runs = machine_bar(parts, max(1, width - 2), letters=plain)
        return [Segment(" "), *(Segment(run.text, swatch(self.theme, run.key)) for run in runs)]

    def _available(self, width: int) -> list[Segment]:
        """Where what is available begins, and both ways of counting what is used."""
        assert self._snapshot is not None
        memory = self._snapshot.memory
        looks, glyphs = self.looks, self.glyphs
        htop, free = formulas(memory)
        used = f" used {bytes_text(htop.bytes)} as htop, {bytes_text(free.bytes)} as free counts"
        if width < 60:
            used = f" used {bytes_text(htop.bytes)} (htop)"
        at = marker(memory.available_bytes, memory.total_bytes, max(1, width - 2))
        if at is None or memory.available_bytes is None:
            return [Segment(used, looks.style(Tone.FAINT))]
        text = f"{bytes_text(memory.available_bytes)} available"
        left, right = looks.style(Tone.FAINT), looks.style(Tone.GOOD)
        if at + 1 >= cells(used) + 2:
            gap = " " * (at + 1 - cells(used))
            if at + 4 + len(text) <= width:
                return [Segment(used + gap, left), Segment(f"{glyphs.up} {text}", right)]
            room = at - cells(used) - len(text)
            if room > 0:
                return [Segment(used + " " * room, left), Segment(f"{text} {glyphs.up}", right)]
        rest = f" {glyphs.up} {text}  "
        return [Segment(" " * at + rest, right), Segment(used[: max(0, width - at - len(rest))], left)]

    def _legend(self, width: int) -> Iterator[list[Segment]]:
        assert self._snapshot is not None
        looks = self.looks
        line: list[Segment] = []
        used = 1
        for part in segments(self._snapshot.memory, self._snapshot.zram_bytes):
            if not part.bytes:
                continue
            area = swatch(self.theme, part.key)
            mark = Segment("  ", area) if area is not None else Segment(LETTERS[part.key], looks.style(Tone.STRONG))
            size = bytes_text(part.bytes)
            length = 2 + 1 + cells(part.title) + 1 + len(size) + 2
            if used + length > width and line:
                yield line
                line, used = [], 1
            if not line:
                line.append(Segment(" "))
            line += [
                mark,
                Segment(f" {part.title} ", looks.style(Tone.FAINT)),
                Segment(f"{size}  ", looks.style(Tone.PLAIN)),
            ]
            used += length
        if line:
            yield line

    def _notes(self, width: int) -> Iterator[list[Segment]]:
        """Swap, zones that are short, nodes, victims: what there is of them."""
        assert self._snapshot is not None
        snapshot = self._snapshot
        memory, looks = snapshot.memory, self.looks
        for kill in snapshot.kills[-1:]:
            ago = snapshot.time - kill.time
            if ago < _KILL_SHOWN:
                when = time.strftime("%H:%M:%S", time.localtime(kill.time))
                yield [Segment(fit(f" {when} {kill_words(kill)}", width), looks.style(Tone.BAD))]
        for zone in snapshot.zones:
            if zone.state != "plenty":
                doing = "kswapd reclaims" if zone.state == "kswapd" else "allocations stall"
                yield [
                    Segment(
                        f" zone {zone.name} of node {zone.node}: {bytes_text(zone.free_bytes)} free, {doing}",
                        looks.style(Tone.WARN),
                    )
                ]
        if len(snapshot.nodes) > 1:
            told = "   ".join(
                f"node {node.number} {bytes_text(node.total_bytes - node.free_bytes)} of {bytes_text(node.total_bytes)}"
                for node in snapshot.nodes
            )
            yield self._words(told, width)
        words = []
        if memory.swap_total_bytes:
            words.append(f"swap {bytes_text(memory.swap_used_bytes)} of {bytes_text(memory.swap_total_bytes)}")
        else:
            words.append("no swap")
        words += [each for each in compressed_words(snapshot.zram, snapshot.zswap) if each != "zswap: off"]
        if snapshot.swappiness is not None and memory.swap_total_bytes:
            words.append(f"swappiness {snapshot.swappiness}")
        if snapshot.pressure is not None:
            words.append(f"pressure, 5 minutes {snapshot.pressure.some.avg300_percent:.2f} %")
        if memory.dirty_bytes:
            words.append(f"to be written {bytes_text(memory.dirty_bytes + (memory.writeback_bytes or 0))}")
        if snapshot.counters.oom_kills is not None:
            words.append(f"OOM kills since boot {snapshot.counters.oom_kills}")
        yield self._words(" · ".join(words) if self.glyphs.name != "ascii" else " - ".join(words), width)

    def _words(self, text: str, width: int) -> list[Segment]:
        return [Segment(fit(f" {text}", width, ellipsis=self.glyphs.ellipsis), self.looks.style(Tone.FAINT))]
