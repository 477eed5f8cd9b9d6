"""The shell: panes, help, palette, pause, interval, glyphs, header."""

from __future__ import annotations

import time
from typing import Any

import pytest
from msgspec.structs import replace
from textual.command import CommandList, CommandPalette
from textual.events import MouseDown
from textual.geometry import Offset
from textual.widgets import Static

from pitop.collect.topics import MACHINE, PROCESSES
from pitop.model.scope import Flow, of_flow
from pitop.model.snapshot import Failure, Snapshot
from pitop.tui import app as shell
from pitop.tui.app import PANES, PitopApp
from pitop.tui.feed import Feed
from pitop.tui.pane import Pane
from pitop.tui.settings import Settings
from pitop.tui.tablepane import TablePane
from pitop.tui.widgets import header
from pitop.tui.widgets.help import Help
from pitop.tui.widgets.notice import Notice
from tests.tui import still
from tests.tui.still import NOW, a_source, machine


class OtherPane(Pane):
    """A second pane, to go to."""

    stem = "other"
    heading = "Other"

    def __init__(self, settings: Any = None) -> None:
        super().__init__(settings)
        self.feeds = [Feed(self, MACHINE)]
        self.seen: list[Snapshot | Failure] = []

    def compose(self) -> Any:
        yield Notice()

    def arrived(self, newest: Snapshot | Failure) -> None:
        self.seen.append(newest)


@pytest.fixture
def two_panes(monkeypatch: pytest.MonkeyPatch) -> None:
    place = shell._Place("other", "Other", f"{__name__}:OtherPane")
    monkeypatch.setattr(shell, "PANES", (*shell.PANES[:1], place))


def lines(app: PitopApp) -> list[str]:
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]


@pytest.mark.usefixtures("two_panes")
async def test_a_pane_is_made_when_it_is_chosen_and_collects_while_it_is_seen() -> None:
    source = a_source()
    app = PitopApp(source, Settings(glyphs="block"))
    async with app.run_test(size=(100, 30)) as pilot:
        assert source.listening() == {"machine", "processes"}
        assert len(app.query(OtherPane)) == 0
        await pilot.press("2")
        assert app.pane.stem == "other"
        assert source.listening() == {"machine"}
        await pilot.press("1")
        await pilot.pause()
        assert source.listening() == {"machine", "processes"}
        assert not app.query_one(OtherPane).display
        await pilot.click("Tabs", offset=(16, 0))
        assert app.pane.stem == "other"
        await pilot.press("7")
        assert app.pane.stem == "other"
    assert source.closed


@pytest.mark.usefixtures("two_panes")
async def test_what_two_panes_need_goes_on_from_the_one_to_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    source = a_source()
    ended: list[str] = []
    close = still._Hold.close

    def closed(hold: still._Hold) -> None:
        close(hold)
        if hold.name not in source.listening():
            ended.append(hold.name)

    monkeypatch.setattr(still._Hold, "close", closed)
    app = PitopApp(source, Settings(glyphs="block"))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("2")
        assert ended == ["processes"], "the other pane does not need it"
        assert isinstance(app.pane, OtherPane)
        app.pane.feeds = [Feed(app.pane, PROCESSES)]
        app.pane.wake(source)
        ended.clear()
        await pilot.press("1", "2", "1")
        assert "processes" not in ended


async def test_help_is_made_from_what_is_there() -> None:
    app = PitopApp(a_source(), Settings(glyphs="block"))
    async with app.run_test(size=(110, 200)) as pilot:
        await pilot.press("f1")
        await pilot.pause()
        assert isinstance(app.screen, Help)
        text = "\n".join(lines(app))
        assert "F2 C" in text
        assert "Major page faults a second" in text
        assert "command~sshd" in text
        await pilot.press("escape")
        assert not isinstance(app.screen, Help)


async def test_every_action_is_in_the_palette() -> None:
    app = PitopApp(a_source(), Settings(glyphs="block"))
    async with app.run_test(size=(100, 40)) as pilot:
        commands = {command.title: command for command in app.get_system_commands(app.screen)}
        for words in ("Tree/list", "Filter", "Columns", "Order by CPU", "Pause", "Quit", "Refresh every 5 s", "Theme"):
            assert words in commands
        await pilot.press("ctrl+p")
        await pilot.pause()
        assert isinstance(app.screen, CommandPalette)
        await pilot.press("escape")
        await commands["Tree/list"].callback()  # type: ignore[misc]
        await pilot.pause()
        assert any("CPU%▼" in line for line in lines(app))


async def test_a_palette_without_room_takes_keys_and_one_answer() -> None:
    app = PitopApp(a_source(), Settings(glyphs="block"))
    async with app.run_test(size=(60, 4)) as pilot:
        await pilot.press("ctrl+p", *"ref")
        palette = app.screen
        assert isinstance(palette, CommandPalette)
        commands = palette.query_one(CommandList)
        while commands.highlighted is None:
            await pilot.pause(0.01)
        await pilot.press("pagedown", "pageup")
        for _ in range(2):
            palette.dismiss()
        await pilot.pause()
        assert app.screen is app.screen_stack[0]


async def test_a_click_on_what_has_just_been_taken_away_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    app = PitopApp(a_source(), Settings(glyphs="block"))
    async with app.run_test(size=(100, 40)):
        gone = Static("a notice")  # the screen's map of what is where may be older than that
        monkeypatch.setattr(app.screen, "get_widget_and_offset_at", lambda x, y: (gone, Offset(0, 0)))
        app.screen._forward_event(MouseDown(None, 3, 10, 0, 0, 1, False, False, False, 3, 10))


async def test_the_interval_and_the_glyphs_change_at_once() -> None:
    source = a_source()
    app = PitopApp(source, Settings(glyphs="block"))
    async with app.run_test(size=(100, 40)) as pilot:
        app.sample_every(5.0)
        app.set_glyphs("ascii")
        await pilot.pause()
        assert source.interval == 5.0
        assert "5 s" in lines(app)[3]
        assert "".join(lines(app)).isascii()


async def test_the_header_tells_the_machine() -> None:
    source = a_source()
    app = PitopApp(source, Settings(glyphs="block"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        first, cores, stores = lines(app)[:3]
        assert "board  up 3 days 02:00  users 2  load 0.31 0.40 0.38" in first
        assert "under-voltage  62°C" in first
        assert "96.5%" in cores
        assert "1.9G/4.0G" in stores
        assert "124M/1.0G" in stores
        assert "3021 major    2" in stores
        source.put(MACHINE, machine(cpu_percent=None, cores=(None, None), minor_faults_per_second=None))
        source.put(PROCESSES, still.processes())
        await pilot.pause()
        assert "-" in lines(app)[1]


async def test_the_header_is_painted_with_what_the_pane_shows_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header, "_TOGETHER", 60)
    source = a_source()
    app = PitopApp(source, Settings(glyphs="block"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        source.put(MACHINE, replace(machine(), host="elsewhere"))
        await pilot.pause()
        assert "elsewhere" not in lines(app)[0]
        source.put(PROCESSES, still.processes())
        await pilot.pause()
        assert "elsewhere" in lines(app)[0]


async def test_the_header_waits_no_longer_than_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header, "_TOGETHER", 0.001)
    source = a_source()
    app = PitopApp(source, Settings(glyphs="block"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.action_pause()
        source.put(MACHINE, replace(machine(), host="elsewhere"))
        limit = time.monotonic() + 10
        while "elsewhere" not in lines(app)[0]:
            assert time.monotonic() < limit
            await pilot.pause()


async def test_many_cores_are_folded_into_cells() -> None:
    source = a_source()
    source.newest["machine"] = machine(cores=tuple(float(core) for core in range(64)))
    app = PitopApp(source, Settings(glyphs="block"))
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.pause()
        assert "cpu" in lines(app)[1]
        assert "▅" in lines(app)[1]


async def test_a_hostile_host_name_and_a_failure_are_only_text() -> None:
    source = a_source()
    app = PitopApp(source, Settings(glyphs="block"))
    async with app.run_test(size=(120, 40)) as pilot:
        source.put(MACHINE, replace(machine(), host="\x1b[31m[/red]"))
        source.put(PROCESSES, still.processes())
        await pilot.pause()
        assert r"\e[31m[/red]" in lines(app)[0]
        source.put(MACHINE, Failure("machine", NOW, "gone \x1b[2J", "Look.", "x.py:1"))
        source.put(PROCESSES, still.processes())
        await pilot.pause()
        assert r"gone \e[2J Look." in lines(app)[0]


async def test_themes_can_be_changed_and_wrong_ones_are_named() -> None:
    app = PitopApp(a_source(), Settings(glyphs="block", theme="shoes"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert app.theme == "pitop-night"
        assert any("shoes" in notification.message for notification in app._notifications)
        for theme in ("ansi-dark", "pitop-paper", "textual-light"):
            app.theme = theme
            await pilot.pause()
            assert any("sshd -D" in line for line in lines(app))


async def test_one_key_in_any_pane_asks_what_is_broken() -> None:
    app = PitopApp(a_source(), Settings(glyphs="block"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("exclamation_mark")
        await pilot.pause()
        assert app.pane.stem == "path"
        assert any("a port that should be open" in line for line in lines(app))


async def test_a_long_scope_is_shortened_beside_the_tabs_and_not_left_out() -> None:
    flow = Flow.between("tcp", ("2001:db8:1:2:3:4:5:6", 40000), ("2001:db8:6:5:4:3:2:1", 443))
    app = PitopApp(a_source(), Settings(glyphs="block"), scope=of_flow(flow))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        (tabs,) = [line for line in lines(app) if "1 Processes" in line]
        assert "tcp 2001:db8:1:2" in tabs
        assert "…" in tabs
        assert len(tabs) == 80


def test_examples_of_filters_fit_eighty_columns() -> None:
    for pane in PANES:
        pane.make(None)
    found: list[type[TablePane[Any]]] = [TablePane]
    for kind in found:
        found += kind.__subclasses__()
    examples = {each.filter_example for each in found if each.filter_example}
    assert len(examples) >= 5
    assert [each for each in examples if len("Filter  " + each) > 80] == []


def test_a_pane_that_is_being_taken_away_makes_no_line_to_type_in() -> None:
    from pitop.tui.panes.processes import ProcessesPane

    pane = ProcessesPane(None)  # attached to nothing, as one is when its time comes after the end
    pane._prepare()
    assert pane._prompt is None
