"""One random session of an app with many widgets, each frame shown by Textual's own path and by the wire.

Run as a program, ``python -m tests.tui.terminal.session SEED STEPS``, it ends with status 1 at the first frame after
which the two emulated screens differ, and says how. Textual keeps colours per process, hence a process per colour
system.
"""

from __future__ import annotations

import asyncio
import random
import sys

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.geometry import Region, Size
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Button, DataTable, Footer, Header, Input, RichLog, Sparkline, Static, TabbedContent, TabPane

from pitop.tui.terminal.seam import Wired
from tests.tui.terminal.compared import Compared, EmulatedDriver, compare

WORDS = [
    "plain",
    "systemd-journald",
    "漢字テスト",
    "한글 이름",
    "ｆｕｌｌ",
    "e\u0301te\u0301 combining a\u0308\u0323",
    "┌─┐│█▓░⣿",
    "naïve façade Ωμέγα Привет",
    "→ ← ↑ ↓ ✓ ✗",
    "x" * 90,
    " " * 40,
    "…",
    "🙂 wide emoji 🚀",
]
STYLES = [
    "",
    "bold",
    "dim",
    "italic",
    "underline",
    "reverse",
    "strike",
    "bold red",
    "green on blue",
    "#ff8800",
    "#102030 on #a0b0c0",
    "color(208)",
    "bright_cyan on color(17)",
    "bold italic underline #123456",
    "blink",
    "link https://example.org",
    "on red",
    "overline",
    "underline2",
]


class Ask(ModalScreen[None]):
    CSS = """
    Ask { align: center middle; background: $background 60%; }
    Ask Vertical { width: 50; height: 9; border: round $accent; }
    """

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static("漢字 in a modal, and e\u0301", markup=False)
            yield Input(placeholder="type")
            yield Button("OK", variant="primary")


class Rows(ScrollView, can_focus=True):
    """A line-API table with hostile and wide text."""

    def __init__(self, dice: random.Random) -> None:
        super().__init__()
        self.dice = dice
        self.rows = [self.line() for _ in range(100)]
        self.virtual_size = Size(130, 100)

    def line(self) -> Strip:
        dice = self.dice
        return Strip(
            [
                Segment(dice.choice(WORDS)[: dice.randint(1, 60)] + " ", Style.parse(dice.choice(STYLES)))
                for _ in range(dice.randint(1, 7))
            ]
        )

    def change(self) -> None:
        for _ in range(self.dice.randint(1, 30)):
            y = self.dice.randrange(100)
            self.rows[y] = self.line()
            region = Region(self.dice.randint(0, 40), y - self.scroll_offset.y, self.dice.randint(1, 90), 1)
            self.refresh(region)
        if self.dice.random() < 0.2:
            self.refresh()

    def render_line(self, y: int) -> Strip:
        x, top = self.scroll_offset
        return self.rows[(y + top) % 100].crop_extend(x, x + self.size.width, Style())


class Session(Compared, Wired[int]):  # type: ignore[misc]
    CSS = """
    #left { width: 40%; } Sparkline { height: 3; } RichLog { height: 8; border: heavy $primary; }
    Rows { height: 1fr; } DataTable { height: 8; } #note { tint: $primary 20%; opacity: 80%; }
    """

    def __init__(self, dice: random.Random) -> None:
        super().__init__(driver_class=EmulatedDriver)
        self.dice = dice

    def compose(self) -> ComposeResult:
        yield Header(show_clock=False)
        with Horizontal():
            with VerticalScroll(id="left"):
                yield Static("note", id="note", markup=False)
                yield Sparkline([1, 2, 5, 3, 8, 1])
                yield RichLog(markup=False)
                yield Input(placeholder="漢字 placeholder")
                yield DataTable(cursor_type="row")
                yield Button("Press")
            with TabbedContent():
                with TabPane("Rows 行"):
                    yield Rows(self.dice)
                with TabPane("Other"):
                    yield Static("\n".join(WORDS), markup=False)
        yield Footer()

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_columns("one", "二", "three")
        for number in range(30):
            table.add_row(str(number), Text(self.dice.choice(WORDS)), number * 7)

    async def play(self, pilot: Pilot[int], steps: int) -> None:
        dice = self.dice
        keys = [
            "tab",
            "shift+tab",
            "down",
            "up",
            "pagedown",
            "home",
            "end",
            "left",
            "right",
            "enter",
            "a",
            "漢",
            "backspace",
        ]
        for _ in range(steps):
            match dice.randint(0, 12):
                case 0 | 1 | 2:
                    self.query(Rows).first().change() if self.query(Rows) else None
                case 3 | 4:
                    await pilot.press(*dice.choices(keys, k=dice.randint(1, 4)))
                case 5:
                    size = dice.randint(20, 140), dice.randint(6, 50)
                    self.resize_terminals(*size)
                    await pilot.resize_terminal(*size)
                case 6:
                    if isinstance(self.screen, Ask):
                        self.screen.dismiss()
                    else:
                        self.push_screen(Ask())
                case 7 if len(self.screen_stack) == 1:
                    self.query_one("#note", Static).update(Text(dice.choice(WORDS), style=dice.choice(STYLES[:-3])))
                case 8 if len(self.screen_stack) == 1:
                    self.query_one(RichLog).write(Text(dice.choice(WORDS), style=dice.choice(STYLES)))
                case 9:
                    self.theme = dice.choice(["textual-dark", "textual-light", "nord", "ansi-dark", "ansi-light"])
                case 10 if len(self.screen_stack) == 1:
                    self.query_one(Sparkline).data = [dice.random() for _ in range(30)]
                case 11:
                    self.notify(dice.choice(WORDS), timeout=0.2, markup=False)
                case 12 if len(self.screen_stack) == 1:
                    self.query_one(TabbedContent).active = dice.choice(["tab-1", "tab-2"])
            await pilot.pause()
            if self.difference:
                break


async def main(seed: int, steps: int) -> int:
    async def play(app: Session, pilot: Pilot[int]) -> None:
        await app.play(pilot, steps)

    return await compare(Session(random.Random(seed)), (120, 40), play)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]))))
