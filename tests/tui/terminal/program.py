"""A small full-screen program for tests of the terminal: ``program.py [lines]`` leaves its frames to Textual."""

from __future__ import annotations

import os
import sys

from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, Static

from pitop.tui.terminal.seam import Wired

COLOURS = [Style.parse(f"#{red:02x}8040 on #102030") for red in range(0, 256, 16)]


class Noise(Widget, can_focus=True):
    """Figures; all of them change at each step."""

    DEFAULT_CSS = "Noise { height: 1fr; }"
    step = 0

    def render_line(self, y: int) -> Strip:
        figures = [
            Segment(f"{(self.step * 7919 + y * 104729 + x * 1299709) % 999983:8d}", COLOURS[(self.step + x) % 16])
            for x in range(10)
        ]
        return Strip(figures).adjust_cell_length(self.size.width)


class Program(Wired[None]):
    BINDINGS = [  # noqa: RUF012
        Binding("q", "quit"),
        Binding("c", "crash"),
        Binding("s", "shell"),
        Binding("z", "suspend_process"),
        Binding("n", "step"),
        Binding("r", "run"),
        Binding("k", "key"),
        Binding("x", "surprise"),
    ]
    ENABLE_COMMAND_PALETTE = False
    presses = 0

    def compose(self) -> ComposeResult:
        yield Static("pressed 0", id="pressed", markup=False)
        yield Noise()
        yield Input()

    def on_mount(self) -> None:
        self.query_one(Noise).focus()

    def action_step(self) -> None:
        noise = self.query_one(Noise)
        noise.step += 1
        noise.refresh()

    def action_run(self) -> None:
        self.set_interval(0.1, self.action_step)

    def action_key(self) -> None:
        self.presses += 1
        self.query_one("#pressed", Static).update(f"pressed {self.presses}")

    def action_crash(self) -> None:
        raise RuntimeError("as was asked")

    def action_shell(self) -> None:
        with self.suspend():
            os.write(1, b"in the shell\r\n")
            self.query_one(Noise).step += 1
            self.query_one(Noise).refresh()
            os.read(0, 1)

    def action_surprise(self) -> None:
        wire = self.wire
        if wire is not None:
            wire._cells = None  # type: ignore[assignment, method-assign]
        self.action_step()


if __name__ == "__main__":
    program = Program()
    program.wired = sys.argv[1:] != ["lines"]
    program.run()
    sys.exit(program.return_code)
