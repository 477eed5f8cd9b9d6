"""Where the wire meets Textual and a real terminal device."""

from __future__ import annotations

import hashlib
import inspect
import os
import re
import signal
import termios
import textwrap
import time
from collections.abc import Callable
from typing import Any

import pytest
from textual import _compositor, events
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Region, Size
from textual.pilot import Pilot
from textual.widgets import Static

from pitop.tui.terminal.seam import PRIVATE, Wired
from tests.tui.terminal.compared import Compared, EmulatedDriver, compare

# What the seam stands in for. Where one of these changes, read the new one, see that seam.py still does what it does,
# and write its new sum here.
STANDS_IN_FOR = {
    "ChopsUpdate.render_segments": "873af3adeceae078",
    "LayoutUpdate.render_segments": "ed031c4ea3cfda08",
    "Compositor.render_update": "f4635d9e885b8566",
    "Compositor.render_partial_update": "cd04ae9f2ef915a5",
    "App._display": "13caebcc14779074",
}


def source_sum(name: str) -> str:
    owner, _, method = name.partition(".")
    where: Any = App if owner == "App" else getattr(_compositor, owner)
    source = re.sub(r'"""[\s\S]*?"""', "", inspect.getsource(getattr(where, method)))
    return hashlib.sha256(textwrap.dedent(source).encode()).hexdigest()[:16]


def test_textual_paints_as_the_seam_supposes() -> None:
    assert {name: source_sum(name) for name in STANDS_IN_FOR} == STANDS_IN_FOR


async def test_the_private_names_are_where_they_were() -> None:
    region = Region(0, 0, 1, 1)
    app: App[None] = App()
    here = {
        "App": app,
        "ChopsUpdate": _compositor.ChopsUpdate([{}], [(0, 0, 1)], [[1]]),
        "LayoutUpdate": _compositor.LayoutUpdate([], region),
        "LinuxDriver": LinuxDriver,
    }
    assert here.keys() == PRIVATE.keys()
    missing = [
        f"{name}.{attribute}" for name in PRIVATE for attribute in PRIVATE[name] if not hasattr(here[name], attribute)
    ]
    assert missing == []
    assert list(inspect.signature(App._display).parameters) == ["self", "screen", "renderable"]


class Accents(Compared, Wired[int]):  # type: ignore[misc]
    """Shows what is of no certain width."""

    def __init__(self) -> None:
        super().__init__(driver_class=EmulatedDriver)

    CSS = "Static { width: 1fr; }"

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("plain\ne\u0301te\u0301 🙂", id="left", markup=False)
            yield Static("beside\nbeside", markup=False)


async def test_plainer_glyphs_are_written_beside_text_of_no_certain_width() -> None:
    app = Accents()
    app.substitutes = {ord("▌"): "|"}

    async def play(app: Accents, pilot: Pilot[int]) -> None:
        assert app.wire is not None
        app.wire.substitute(app.substitutes)
        app.query_one("#left", Static).update("▌e\u0301 ▌")
        await pilot.pause()
        shown = "".join(app.ours.screen.display)
        assert "▌" not in shown
        assert shown.count("|") == 2

    assert await compare(app, (80, 24), play) == 0, app.difference


async def stopped(app: Accents, pilot: Pilot[int]) -> None:
    app.come_back()


async def dragged_there_and_back(app: Accents, pilot: Pilot[int]) -> None:
    for size in [(30, 5), (80, 24)]:
        app.resize_terminals(*size)
    app.post_message(events.Resize(Size(80, 24), Size(80, 24)))


@pytest.mark.parametrize("left", ["", "plain\nplain"], ids=["as it was", "plain since"])
@pytest.mark.parametrize("lose", [stopped, dragged_there_and_back])
async def test_what_is_lost_is_painted_again_of_whatever_width_it_is(lose: Any, left: str) -> None:
    app = Accents()

    async def play(app: Accents, pilot: Pilot[int]) -> None:
        for _ in range(3):
            app.screen.refresh()
            await pilot.pause()
        if left:
            app.query_one("#left", Static).update(left)
            await pilot.pause()
        await lose(app, pilot)
        frames = app.frames
        for _ in range(50):
            await pilot.pause(0.01)
            if app.frames > frames:
                return
        app.fail("nothing was painted")

    assert await compare(app, (80, 24), play) == 0, app.difference


Start = Callable[..., Any]


@pytest.mark.parametrize("key", ["q", "c"], ids=["quit", "crash"])
def test_the_terminal_is_given_back(key: str, emulator: Start) -> None:
    run = emulator()
    run.until_text("pressed 0")
    run.press("n")
    run.settle(0.2)
    assert run.left_on
    run.press(key)
    assert run.end() == (0 if key == "q" else 1)
    assert run.left_on == set()
    assert run.kitty == 0
    assert termios.tcgetattr(run.fd) == run.before
    end = run.output[run.output.rindex(b"\x1b[?1049l") :]
    assert b"\x1b[6n" not in end
    if key == "c":
        assert b"as was asked" in end


def test_answers_that_come_late_are_waited_for(emulator: Start) -> None:
    """The shell would take them for what somebody typed."""
    run = emulator()
    run.until_text("pressed 0")
    run.settle()
    run.line.delay = 0.15  # from here on the way is longer than ever
    pressed = run.press("r")
    run.until(lambda: time.monotonic() > pressed + 1)
    run.press("q")  # in the middle of frames, each with its question
    assert run.end() == 0
    assert run.on_their_way == 0


def test_a_terminated_program_gives_the_terminal_back_too(emulator: Start) -> None:
    run = emulator()
    run.until_text("pressed 0")
    run.press("r")
    run.settle(0.05)
    run.press("q")
    run.end()
    assert run.left_on == set()


@pytest.mark.parametrize("key", ["z", "s"], ids=["stopped", "gone to a shell"])
def test_everything_is_painted_again_after_a_pause(key: str, emulator: Start) -> None:
    run = emulator()
    run.until_text("pressed 0")
    run.press("nnn")
    run.settle()
    before = run.cells
    run.press(key)
    run.until(lambda: 1049 in run.modes and not run.modes[1049])
    run.settle()
    assert run.left_on == set()
    run.screen.reset()
    run.stream.feed(b"anything may stand here\r\n" * 30)
    size = len(run.output)
    run.settle()
    assert len(run.output) == size
    if key == "z":
        os.kill(run.pid, signal.SIGCONT)
    else:
        run.press("\n")
    run.until(lambda: run.modes[1049])
    run.settle()
    if key == "z":
        assert run.cells == before
    else:
        run.press("n")
        run.settle()
        assert [row for row in run.screen.display if "anything" in row] == []


def test_a_terminal_that_a_shell_had_meanwhile_is_taken_again(emulator: Start) -> None:
    """SIGSTOP tells nobody; what the shell does to the terminal then has to be undone."""
    run = emulator()
    run.until_text("pressed 0")
    raw = termios.tcgetattr(run.fd)
    os.kill(run.pid, signal.SIGSTOP)
    os.waitpid(run.pid, os.WUNTRACED)
    termios.tcsetattr(run.fd, termios.TCSANOW, run.before)
    os.kill(run.pid, signal.SIGCONT)
    run.until(lambda: termios.tcgetattr(run.fd)[3] == raw[3])
    run.press("k")
    run.until_text("pressed 1")
    run.press("q")
    assert run.end() == 0
    assert run.left_on == set()
    assert termios.tcgetattr(run.fd) == run.before


def test_signals_in_the_middle_of_everything(emulator: Start) -> None:
    """The kernel sends SIGCONT with every hangup; a handler that wrote there and then would wait for itself."""
    run = emulator()
    run.until_text("pressed 0")
    run.press("r")
    for _ in range(500):
        os.kill(run.pid, signal.SIGCONT)
        run.turn()
    run.press("k")
    run.until_text("pressed 1")
    run.press("q")
    assert run.end() == 0
    assert run.left_on == set()
    assert run.kitty == 0
    assert termios.tcgetattr(run.fd) == run.before


def test_the_screen_is_textuals_own_after_keys_and_resizes(emulator: Start) -> None:
    screens = []
    sizes = []
    for arguments in ([], ["lines"]):
        run = emulator(*arguments)
        run.until_text("pressed 0")
        for keys, size in [("nnk", (100, 30)), ("\tab\u6f22c", (60, 12)), ("\t", (60, 40)), ("nnnk", (80, 24))]:
            for key in keys:
                run.press(key)
                run.settle(0.15)
            run.resize(*size)
            run.settle()
        screens.append(run.cells)
        sizes.append(len(run.output))
        run.press("q")
        run.end()
    assert screens[0] == screens[1]
    assert sizes[0] < sizes[1]


def test_a_surprise_leaves_the_frames_to_textual(emulator: Start) -> None:
    run, stock = emulator(), emulator("lines")
    for each in (run, stock):
        each.until_text("pressed 0")
        each.press("x")
        each.settle()
        each.press("n")
        each.settle()
    assert run.cells == stock.cells
    run.press("q")
    assert run.end() == 0


def memory(pid: int) -> int:
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_on_a_slow_line_keys_are_seen_soon_and_nothing_piles_up(emulator: Start) -> None:
    run = emulator(rate=2400, delay=0.1)  # 200 ms there and back, and 20 KB/s of changes
    run.until_text("pressed 0", 60)
    run.settle(0.5)
    run.press("r")
    started = time.monotonic()
    run.until(lambda: time.monotonic() > started + 3)
    resident = memory(run.pid)
    waits = []
    for number in range(1, 6):
        pressed = run.press("k")
        waits.append(run.until_text(f"pressed {number}") - pressed)
        pause = time.monotonic() + 0.7
        run.until(lambda pause=pause: time.monotonic() > pause)  # type: ignore[misc]
    assert sorted(waits)[len(waits) // 2] < 0.4, waits
    assert max(waits) < 0.8, waits
    assert memory(run.pid) - resident < 2 << 20


def test_a_terminal_that_answers_nothing_is_painted_all_the_same(emulator: Start) -> None:
    run = emulator(answers=False)
    run.until_text("pressed 0")
    for number in range(1, 4):
        run.press("nk")
        run.until_text(f"pressed {number}")
    run.press("q")
    assert run.end() == 0
