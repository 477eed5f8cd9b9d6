"""The header: the machine in one to three lines."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.segment import Segment
from textual.timer import Timer

from pitop.collect.source import Source
from pitop.collect.topics import MACHINE
from pitop.model.machine import MachineSnapshot
from pitop.model.snapshot import Failure
from pitop.render.field import Tone
from pitop.render.glyphs import meter
from pitop.render.text import visible
from pitop.render.units import UNKNOWN, amount, bytes_text, percent
from pitop.tui.feed import Arrived, Feed
from pitop.tui.widgets.lines import Lines

__all__ = ["Header"]

_MOST_METERS = 8  # cores beyond which each gets one cell instead of a meter
_TOGETHER = 0.1  # seconds that new figures wait for the pane's, so that both go to the screen at once
_LABEL = 4  # cells of a meter's label


class Header(Lines):
    """Host, uptime, users, load; a meter per core; memory, swap, faults, network, temperature.

    Its figures and the pane's come a moment apart, each turn: painted at once, they cost one frame instead of two.
    """

    DEFAULT_CSS = """
    Header { height: 3; width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._feed = Feed(self, MACHINE)
        self._seen: MachineSnapshot | None = None
        self._failure: Failure | None = None
        self._painted: list[list[Segment]] = []
        self._due: Timer | None = None

    def follow(self, source: Source) -> None:
        """Show the machine that `source` tells of."""
        self._feed.open(source)

    def on_unmount(self) -> None:
        """Let go of the source."""
        self._feed.close()

    def on_arrived(self, event: Arrived) -> None:
        """There are new figures: they are taken with what the pane shows next, if that is soon."""
        if self._seen is None:
            self.catch_up()
        elif self._due is None:
            self._due = self.set_timer(_TOGETHER, self.catch_up)

    def catch_up(self) -> None:
        """Take the newest figures, if there are any, and paint the lines that they change."""
        if self._due is not None:
            self._due.stop()
            self._due = None
        newest = self._feed.take()
        if isinstance(newest, Failure):
            self._failure = newest
        elif newest is not None:
            self._seen, self._failure = newest, None
        if newest is not None:
            self.update_lines()

    def update_lines(self) -> None:
        """Paint the lines that are not as they were painted."""
        painted = self._painted
        self.refresh_lines(y for y in range(self.size.height) if y >= len(painted) or painted[y] != self.line(y))

    def on_resize(self) -> None:
        """Everything moves."""
        self._painted = []

    def line(self, y: int) -> list[Segment]:
        """One line of the header; narrow or low screens get the essence in one."""
        if y == 0:
            line = self._first()
        elif y == 1:
            line = self._cores()
        else:
            line = self._stores()
        while len(self._painted) <= y:
            self._painted.append([])
        self._painted[y] = line
        return line

    # --- the lines

    def _first(self) -> list[Segment]:
        looks, seen = self.looks, self._seen
        clock = time.strftime("%H:%M:%S", time.localtime(seen.time if seen else None))
        if self._failure is not None:
            words = f" The machine could not be read: {self._failure.message} {self._failure.advice}"
            return [Segment(visible(words), looks.style(Tone.BAD))]
        if seen is None:
            return [Segment(" pitop", looks.style(Tone.ACCENT, strong=True))]
        faint, plain = looks.style(Tone.FAINT), looks.style(Tone.PLAIN)
        if self.size.height == 1:
            return self._essence(seen, clock)
        left = [
            Segment(" " + visible(seen.host), looks.style(Tone.ACCENT, strong=True)),
            Segment("  up ", faint),
            Segment(uptime_text(seen.uptime_seconds), plain),
        ]
        if seen.users is not None:
            left += [Segment("  users ", faint), Segment(str(seen.users), plain)]
        left += [Segment("  load ", faint)]
        left += [Segment(f"{seen.load[0]:.2f} ", looks.style(self._load_tone(seen)))]
        left += [Segment(f"{seen.load[1]:.2f} {seen.load[2]:.2f}", faint)]
        right = [*self._heat(seen), Segment(f"{clock} ", faint)]
        return self._justified(left, right)

    def _essence(self, seen: MachineSnapshot, clock: str) -> list[Segment]:
        """One line for a low screen: processor, memory, load."""
        looks = self.looks
        faint = looks.style(Tone.FAINT)
        cpu = None if seen.cpu_percent is None else seen.cpu_percent
        memory = seen.memory
        left = [
            Segment(" cpu ", faint),
            Segment(f"{UNKNOWN if cpu is None else percent(cpu)}%", looks.style(_level(cpu))),
            Segment("  mem ", faint),
            Segment(bytes_text(memory.used_bytes), looks.style(_level(100 * memory.used_bytes / memory.total_bytes))),
            Segment("/" + bytes_text(memory.total_bytes), faint),
            Segment("  load ", faint),
            Segment(f"{seen.load[0]:.2f}", looks.style(self._load_tone(seen))),
        ]
        return self._justified(left, [Segment(f"{clock} ", faint)])

    def _cores(self) -> list[Segment]:
        seen = self._seen
        if seen is None:
            return []
        if len(seen.cores) > _MOST_METERS:
            return self._folded_cores(seen)
        count = max(1, len(seen.cores))
        room = (self.size.width - 1) // count
        line: list[Segment] = []
        for index, value in enumerate(seen.cores):
            text = UNKNOWN if value is None else percent(value) + "%"
            line += self._meter(f"{index:<3}" if count > 1 else "cpu", value, text, room)
        return line

    def _folded_cores(self, seen: MachineSnapshot) -> list[Segment]:
        """All cores as one meter, and one cell for each as far as there is room."""
        looks, spark = self.looks, self.glyphs.spark
        value = seen.cpu_percent
        text = UNKNOWN if value is None else percent(value) + "%"
        line = self._meter("cpu", value, text, self.size.width // 2)
        for core in seen.cores[: self.size.width // 2 - 2]:
            level = 0 if core is None else round(core / 100 * (len(spark) - 1))
            line.append(Segment(spark[level] if level else self.glyphs.idle, looks.style(_level(core))))
        return line

    def _stores(self) -> list[Segment]:
        seen = self._seen
        if seen is None:
            return []
        memory = seen.memory
        used = 100 * memory.used_bytes / memory.total_bytes
        rates = self._rates(seen)
        room = self.size.width - 1 - sum(segment.cell_length for segment in rates)
        figure = f"{bytes_text(memory.used_bytes)}/{bytes_text(memory.total_bytes)}"
        if memory.swap_total_bytes > 0 and room >= 56:
            swap = 100 * memory.swap_used_bytes / memory.swap_total_bytes
            text = f"{bytes_text(memory.swap_used_bytes)}/{bytes_text(memory.swap_total_bytes)}"
            half = room // 2
            line = self._meter("mem", used, figure, half) + self._meter("swp", swap, text, room - half)
        elif memory.swap_total_bytes == 0 and room >= 50:
            line = self._meter("mem", used, figure, room - 9)
            line.append(Segment(" no swap ", self.looks.style(Tone.FAINT)))
        else:
            line = self._meter("mem", used, figure, room)
        return self._justified(line, rates)

    def _rates(self, seen: MachineSnapshot) -> list[Segment]:
        looks, glyphs = self.looks, self.glyphs
        faint, plain = looks.style(Tone.FAINT), looks.style(Tone.PLAIN)
        minor, major = seen.minor_faults_per_second, seen.major_faults_per_second
        line = [
            Segment(" faults/s ", faint),
            Segment(f"{_rate(minor):>5}", plain),
            Segment(" major ", faint),
            Segment(f"{_rate(major):>4}", looks.style(Tone.WARN if major else Tone.FAINT)),
        ]
        received, sent = seen.received_bytes_per_second, seen.sent_bytes_per_second
        if self.size.width >= 100:
            line += [
                Segment("  net " + glyphs.down, faint),
                Segment(f"{UNKNOWN if received is None else bytes_text(received):>5}", plain),
                Segment(" " + glyphs.up, faint),
                Segment(f"{UNKNOWN if sent is None else bytes_text(sent):>5}", plain),
            ]
        line.append(Segment(" ", faint))
        return line

    def _heat(self, seen: MachineSnapshot) -> list[Segment]:
        """Temperature, and on a Raspberry Pi what holds it back."""
        line = []
        if seen.throttling:
            line.append(Segment(", ".join(seen.throttling) + "  ", self.looks.style(Tone.BAD, strong=True)))
        celsius = seen.temperature_celsius
        if celsius is not None:
            tone = Tone.FAINT if celsius < 70 else Tone.WARN if celsius < 80 else Tone.BAD
            line.append(
                Segment(f"{celsius:.0f}{'' if self.glyphs.name == 'ascii' else '°'}C  ", self.looks.style(tone))
            )
        return line

    def _meter(self, label: str, value: float | None, text: str, room: int) -> list[Segment]:
        """A label, a bar on a faint track, and the figure, in `room` cells."""
        looks, glyphs = self.looks, self.glyphs
        size = max(len(text) + 1, 6)
        width = room - len(label) - 3 - size
        filled, track = meter((value or 0) / 100, max(0, width), glyphs)
        return [
            Segment(f" {label} ", looks.style(Tone.FAINT)),
            Segment(filled, looks.style(_level(value))),
            Segment(track, looks.style(Tone.FAINT)),
            Segment(f"{text:>{size}} ", looks.style(Tone.PLAIN)),
        ]

    def _justified(self, left: Sequence[Segment], right: Sequence[Segment]) -> list[Segment]:
        room = self.size.width - sum(segment.cell_length for segment in (*left, *right))
        if room < 0:
            return list(left)
        return [*left, Segment(" " * room, self.looks.style(Tone.PLAIN)), *right]

    @staticmethod
    def _load_tone(seen: MachineSnapshot) -> Tone:
        cores = max(1, len(seen.cores))
        return Tone.PLAIN if seen.load[0] < cores else Tone.WARN if seen.load[0] < 2 * cores else Tone.BAD


def _level(value: float | None) -> Tone:
    """Calm below half, a warning from three quarters on."""
    if value is None:
        return Tone.FAINT
    return Tone.GOOD if value < 60 else Tone.WARN if value < 90 else Tone.BAD


def _rate(value: float | None) -> str:
    return UNKNOWN if value is None else amount(value if 0 < value < 1 else round(value))


def uptime_text(seconds: float) -> str:
    """`12 min`, `3:09 h`, `41 days 03:12`, in the largest units that matter."""
    minutes = int(seconds) // 60
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 1440:
        return f"{minutes // 60}:{minutes % 60:02d} h"
    days = minutes // 1440
    return f"{days} day{'s' if days > 1 else ''} {minutes % 1440 // 60:02d}:{minutes % 60:02d}"
