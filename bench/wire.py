"""What goes down the wire and what that costs: `python -m bench.wire [--processes N] [--seconds S]`.

First a table of 40 rows, each frame painted both ways: lines, as Textual does, and cells. Then pitop itself, both ways,
on a terminal of its own; and where the event loop's milliseconds go, by what is called for them (a line that is
indented is part of the one above it).
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Size
from textual.pilot import Pilot
from textual.scroll_view import ScrollView
from textual.strip import Strip

from bench.farm import farm
from bench.program import Program
from pitop.tui.terminal.channel import Channel
from pitop.tui.terminal.seam import rows_of, size_of
from pitop.tui.terminal.wire import Wire

__all__ = ["main"]

_FRAMES = 120
_LEVELS = [Style(color=colour) for colour in ("#6c7680", "#c8ced6", "#e2b65b", "#ec7a74")]
_PLAIN = Style(color="#c8ced6", bgcolor="#11151a")
_PARTS = {
    "a sample arrives": "pitop.tui.pane:Pane.on_arrived",
    "  the tree is grown": "pitop.tui.panes.processes:ProcessesPane._grown",
    "  lines are compared": "pitop.tui.widgets.table:Table.show",
    "the header's sample arrives": "pitop.tui.widgets.header:Header.on_arrived",
    "a frame": "textual.screen:Screen._on_timer_update",
    "  lines are drawn": "pitop.tui.widgets.lines:Lines.render_lines",
    "  cells go down the wire": "pitop.tui.terminal.wire:Wire.show",
    "    cells are compared and encoded": "pitop.tui.terminal.writer:Writer.paint",
    "    bytes are written": "pitop.tui.terminal.channel:Channel.write",
}


class _Nowhere(Channel):
    """A channel that counts."""

    fileno = -1
    backlog = 0

    def __init__(self) -> None:
        self.size = 0

    def write(self, data: bytes) -> None:
        self.size += len(data)


class _Seen(HeadlessDriver):
    """Has no terminal, and does not say so."""

    @property
    def is_headless(self) -> bool:
        return False


class _Rows(ScrollView):
    """Two figures of some rows change at a time."""

    def on_mount(self) -> None:
        self.dice = random.Random(1)
        self.figures = [[self.dice.random() * 1000 for _ in range(8)] for _ in range(100)]
        self.virtual_size = Size(118, 100)

    def change(self, share: float) -> None:
        for row in self.dice.sample(self.figures[:40], round(40 * share)):
            row[2], row[3] = self.dice.random() * 1000, self.dice.random() * 1000
        self.refresh()

    def render_line(self, y: int) -> Strip:
        number = y + self.scroll_offset.y
        row = [Segment(f"{number:7d}", _PLAIN)]
        row += [Segment(f" {figure:8.1f}", _LEVELS[int(figure) // 250]) for figure in self.figures[number]]
        row.append(Segment(f"  /usr/bin/command-{number}", _PLAIN))
        return Strip(row).adjust_cell_length(self.size.width, _PLAIN)


class _Painted(App[None]):
    """Paints each frame both ways, and keeps what that took: CPU microseconds and bytes, of lines and of cells."""

    def __init__(self, colours: str) -> None:
        os.environ["TEXTUAL_COLOR_SYSTEM"] = colours
        super().__init__(driver_class=_Seen)
        self.taken: list[tuple[float, int, float, int]] = []

    def compose(self) -> ComposeResult:
        yield _Rows()

    def on_load(self) -> None:
        self.channel = _Nowhere()
        self.wire = Wire(self.channel, self.console.color_system)
        self.wire.open = True

    def _display(self, screen: Any, renderable: Any) -> None:
        if renderable is None:
            return
        begin = time.thread_time()
        lines = len(renderable.render_segments(self.console).encode())
        middle = time.thread_time()
        before = self.channel.size
        self.wire.show(rows_of(renderable), size_of(renderable), (0, 0))
        end = time.thread_time()
        self.wire.answered()
        self.taken.append(((middle - begin) * 1e6, lines, (end - middle) * 1e6, self.channel.size - before))


async def _paint(colours: str, share: float) -> list[tuple[float, int, float, int]]:
    app = _Painted(colours)

    async def play(pilot: Pilot[object]) -> None:
        await pilot.pause()
        app.taken.clear()
        for _ in range(_FRAMES):
            app.query_one(_Rows).change(share)
            await pilot.pause(0.02)
        app.exit()

    await app.run_async(size=(120, 40), auto_pilot=play)
    return app.taken


def _frames(colours: str, share: float) -> str:
    """A row of the table: medians of a frame."""
    taken = asyncio.run(_paint(colours, share))
    lines_us, lines, cells_us, cells = (statistics.median(column) for column in zip(*taken, strict=True))
    words = f"{round(40 * share)} of 40 rows change, {colours}"
    return f"| {words} | {lines:,.0f} | {cells:,.0f} | {lines_us:,.0f} | {cells_us:,.0f} |"


def _program(arguments: Sequence[str], seconds: float) -> tuple[float, float]:
    """CPU milliseconds and bytes of a steady second."""
    with Program([sys.executable, "-m", *arguments], environment={"PYTHONPATH": os.getcwd()}) as program:
        program.listen(4.0)
        begin, cpu, chunks = time.monotonic(), program.cpu_seconds(), len(program.chunks)
        program.listen(seconds)
        span = time.monotonic() - begin
        size = sum(len(chunk.data) for chunk in program.chunks[chunks:])
        return (program.cpu_seconds() - cpu) / span * 1000, size / span


def _inside(report: str, seconds: float) -> None:
    """Be pitop, and write down what its parts take."""
    taken = dict.fromkeys(_PARTS, 0.0)

    def timed(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(*arguments: Any, **options: Any) -> Any:
            begin = time.thread_time()
            try:
                return method(*arguments, **options)
            finally:
                taken[name] += time.thread_time() - begin

        return call

    for name, path in _PARTS.items():
        module, _, attribute = path.partition(":")
        owner, _, method = attribute.partition(".")
        where = getattr(import_module(module), owner)
        setattr(where, method, timed(name, getattr(where, method)))

    def tell() -> None:
        time.sleep(4.0)
        before, begin = dict(taken), time.monotonic()
        time.sleep(seconds)
        span = time.monotonic() - begin
        with open(report, "w", encoding="utf-8") as file:
            json.dump({name: (taken[name] - before[name]) / span * 1000 for name in taken}, file)

    threading.Thread(target=tell, daemon=True).start()
    sys.argv = ["pitop"]
    import_module("pitop.__main__").main()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.wire", description=__doc__)
    parser.add_argument("--processes", type=int, default=1000, help="processes to show, besides the machine's own")
    parser.add_argument("--seconds", type=float, default=10.0, help="of steady state")
    parser.add_argument("--frames", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    said = parser.parse_args(arguments)
    if said.inside:
        _inside(said.inside, said.seconds)
        return 0
    if said.frames:
        print(_frames(said.frames[0], float(said.frames[1])))
        return 0
    print(
        "| a frame, 120×40 | lines, bytes | cells, bytes | lines, CPU µs | cells, CPU µs |\n|---|---:|---:|---:|---:|"
    )
    for colours in ("truecolor", "256", "standard"):
        for share in (1.0, 0.05):  # a process each, since Textual keeps colours for good
            environment = {**os.environ, "TEXTUAL_COLOR_SYSTEM": colours}
            command = [sys.executable, "-m", "bench.wire", "--frames", colours, str(share)]
            print(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip())
    with farm(said.processes, 10, 2), tempfile.NamedTemporaryFile("r", suffix=".json") as report:
        print(f"\n| pitop, {said.processes} processes, a second | CPU ms | bytes |\n|---|---:|---:|")
        for paint in ("lines", "cells"):
            cpu, size = _program(["pitop", "--paint", paint], said.seconds)
            print(f"| {paint} | {cpu:.1f} | {size:,.0f} |")
        _program(["bench.wire", "--inside", report.name, "--seconds", str(said.seconds)], said.seconds + 2)
        print("\n| the event loop, a second | CPU ms |\n|---|---:|")
        for name, taken in json.load(report).items():
            print(f"| {name.replace('  ', '· ')} | {taken:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
