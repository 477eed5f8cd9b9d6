"""The shell: header, tabs, one pane at a time, footer. What a pane shows is the pane's own affair."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Iterable
from dataclasses import replace
from importlib import import_module
from typing import Any, ClassVar, NamedTuple

from rich.text import Text
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.reactive import var
from textual.screen import Screen

from pitop.collect.source import Source, Subscription
from pitop.collect.topics import TIMELINE
from pitop.model.scope import Scope
from pitop.render.field import Tone
from pitop.render.glyphs import LEVELS, PLAINER, Glyphs
from pitop.render.text import visible
from pitop.tui.journey import Journey
from pitop.tui.keys import key
from pitop.tui.looks import CONSOLE, NIGHT, PAPER, fitting
from pitop.tui.pane import Pane
from pitop.tui.settings import PaneSettings, Settings
from pitop.tui.tablepane import TablePane
from pitop.tui.turns import InTurn
from pitop.tui.widgets.footer import Footer
from pitop.tui.widgets.ground import Front, Room
from pitop.tui.widgets.header import Header
from pitop.tui.widgets.lines import Lines
from pitop.tui.widgets.tabs import Tabs

__all__ = ["PANES", "PitopApp"]


class _Place(NamedTuple):
    """A pane's title and where its class is; the module is imported when the pane is first chosen."""

    stem: str
    title: str
    pane: str

    def make(self, settings: PaneSettings | None) -> Pane:
        module, _, name = self.pane.partition(":")
        made: Pane = getattr(import_module(module), name)(settings)
        return made


PANES = (
    _Place("processes", "Processes", "pitop.tui.panes.processes:ProcessesPane"),
    _Place("memory", "Memory", "pitop.tui.panes.memory.pane:MemoryPane"),
    _Place("sockets", "Sockets", "pitop.tui.panes.sockets:SocketsPane"),
    _Place("packets", "Packets", "pitop.tui.panes.packets.pane:PacketsPane"),
    _Place("dns", "DNS", "pitop.tui.panes.dns:DnsPane"),
    _Place("network", "Network", "pitop.tui.panes.network:NetworkPane"),
    _Place("path", "Path", "pitop.tui.panes.path:PathPane"),
    _Place("traffic", "Traffic", "pitop.tui.panes.traffic:TrafficPane"),
    _Place("timeline", "Timeline", "pitop.tui.panes.timeline:TimelinePane"),
)
"""The panes there are, in the order of their digits: seven to look at the machine, then what joins them."""
_JOINS = 2

_FUNCTION = re.compile(r"f\d+")
_CAPS = {
    "pgup": "PgUp", "pgdn": "PgDn", "home": "Home", "end": "End", "space": "Space", "esc": "Esc", "shift": "Shift",
    "del": "Del",
}  # fmt: skip

_INTERVALS = (0.5, 1.0, 2.0, 5.0, 10.0)


class PitopApp(InTurn, Journey):
    """The full-screen program on one source."""

    TITLE = "pitop"
    CSS = """
    Screen { layout: vertical; overflow: hidden; }
    #panes { height: 1fr; width: 1fr; }
    SearchIcon { display: none; }
    """
    ENABLE_COMMAND_PALETTE = True
    ESCAPE_TO_MINIMIZE = False
    ALLOW_SELECT = False  # lines here have no text to select, and a click on what is just being taken away would fail

    BINDINGS: ClassVar[list[BindingType]] = [
        key(
            "help",
            "f1,question_mark,h",
            "help",
            "Help",
            "Keys, columns and the filter language",
            footer=True,
            display="F1",
        ),
        *[
            key(f"pane.{number}", str(number), f"pane({number - 1})", f"Pane {number}")
            for number in range(1, len(PANES) + 1)
        ],
        key("pause", "z", "pause", "Pause", "Hold the view still; collecting goes on", footer=True),
        key("diagnose", "exclamation_mark", "diagnose", "Diagnose", "From the cable to the far end: what is broken"),
        key("palette", "ctrl+p", "command_palette", "Commands", "Every action by name", footer=True, display="^P"),
        key("quit", "q,f10,ctrl+c", "quit", "Quit", footer=True, display="q"),
        key("suspend", "ctrl+z", "suspend_process", "To the shell", "Stop pitop; fg brings it back"),
    ]

    paused: var[bool] = var(False)

    def __init__(
        self,
        source: Source,
        settings: Settings | None = None,
        pane: str | None = None,
        scope: Scope | None = None,
        reading: str | None = None,
    ) -> None:
        self.reading = reading  # a capture file, which the packet pane opens in place of the network
        self.settings = settings or Settings()
        self.source = source
        self.glyphs: Glyphs = LEVELS[self.settings.glyphs or _fitting_glyphs()]
        self.substitutes = PLAINER if self.glyphs.name == "ascii" else {}
        # Without colour the terminal's own are kept; Textual would make greys of ours.
        super().__init__(ansi_color=True if os.environ.get("NO_COLOR") else None)
        self.register_theme(NIGHT)
        self.register_theme(PAPER)
        self.register_theme(CONSOLE)
        wanted_theme = self.available_themes.get(self.settings.theme, NIGHT)
        few = self.console.color_system == "standard" and not self.no_color
        self.theme = fitting(wanted_theme) if few else wanted_theme.name
        self._panes: dict[str, Pane] = {}
        self._place = 0
        wanted = pane or self.settings.pane
        for place, each in enumerate(PANES):
            if each.stem == wanted:
                self._place = place
        self.followed = scope
        self._recording: Subscription | None = None
        self.header = Header()
        self._tabs = Tabs([each.title for each in PANES], _JOINS)

    # --- starting and ending

    def get_default_screen(self) -> Screen[Any]:
        """The screen that all of it stands on."""
        return Front(id="_default")

    def compose(self) -> ComposeResult:
        """The frame, and the first pane in it."""
        yield self.header
        yield self._tabs
        yield Room(self._made(self._place), id="panes")
        yield Footer()

    def on_mount(self) -> None:
        """Begin to collect, and take signals as a reason to leave in order."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._leave, number)
        if self.settings.keys:
            self.set_keymap(dict(self.settings.keys))
        self.header.follow(self.source)
        self._wake()
        self.follow(self.followed)
        self._fit(self.size)
        for problem in self.settings.problems:
            self._warn(f"configuration, {problem}")
        if self.settings.theme not in self.available_themes:
            self._warn(f"configuration: there is no theme “{self.settings.theme}”")

    def _warn(self, words: str) -> None:
        self.notify(visible(words), severity="warning", timeout=12, markup=False)

    def on_unmount(self) -> None:
        """End every collector."""
        if self._recording is not None:
            self._recording.close()
        self.source.close()

    def _leave(self, number: int) -> None:
        self.exit(return_code=128 + number)

    def _fatal_error(self) -> None:
        """One screen that says what happened, in place of a wall of locals (called while the exception is handled)."""
        from pitop.tui.report import crash_report

        error = sys.exc_info()[1]
        self.panic(Text(crash_report(error) if error is not None else "pitop failed"))

    # --- the panes

    def _made(self, place: int) -> Pane:
        each = PANES[place]
        pane = self._panes.get(each.stem)
        if pane is None:
            pane = self._panes[each.stem] = each.make(self.settings.panes.get(each.stem))
        return pane

    @property
    def pane(self) -> Pane:
        """The pane that is seen."""
        return self._panes[PANES[self._place].stem]

    def _wake(self) -> None:
        if self.pane.stem == "timeline":
            self._record()
        self.pane.wake(self.source)
        self.pane.paused = self.paused
        self.pane.scope = self.followed
        self.pane.focus_pane()
        self._tabs.choose(self._place)
        self.note()

    async def action_pane(self, place: int) -> None:
        """Go to another pane."""
        if 0 <= place < len(PANES):
            await self.go(PANES[place].stem)

    async def show(self, stem: str) -> None:
        """Show another pane; the one that goes stops collecting, but what both of them need goes on."""
        place = next(place for place, each in enumerate(PANES) if each.stem == stem)
        if place == self._place:
            return
        old = self.pane
        old.display = False
        self._place = place
        new = self._made(place)
        if not new.is_attached:
            await self.query_one("#panes").mount(new)
        new.display = True
        self._wake()
        old.rest()

    async def action_diagnose(self) -> None:
        """Ask in the path pane for a machine, and say what is broken on the way to it."""
        pane = await self.go("path")
        await pane.run_action("diagnose")

    async def on_tabs_chosen(self, event: Tabs.Chosen) -> None:
        """A tab was clicked."""
        await self.action_pane(event.place)

    # --- the timeline

    def follow(self, scope: Scope | None) -> None:
        """Follow something else; what happens to it is recorded."""
        if scope is not None:
            self._record()
        super().follow(scope)

    def _record(self) -> None:
        """Keep the timeline from now on: what happens is told only by what was heard when it happened."""
        if self._recording is None:
            self._recording = self.source.subscribe(TIMELINE, lambda _: None)

    # --- what stands around them

    def note(self) -> None:
        """Scope, pause and source, beside the tabs."""
        notes: list[tuple[str, Tone]] = []
        if self.followed is not None:
            ended = self.followed.ended_time is not None
            notes.append((self.followed.label + " ended" * ended, Tone.WARN if ended else Tone.ACCENT))
        if self.paused:
            notes.append(("paused", Tone.WARN))
        notes.append((f"{self.source.name} {self.source.interval:g} s", Tone.FAINT))
        self._tabs.note(notes)

    def on_resize(self, event: Resize) -> None:
        """Give the header the lines that the screen can spare."""
        self._fit(event.size)

    def _fit(self, size: Size) -> None:
        self.header.styles.height = 3 if size.height >= 18 and size.width >= 60 else 1

    def action_pause(self) -> None:
        """Hold the view still, or let it go on."""
        self.paused = not self.paused
        self.pane.paused = self.paused
        self.note()

    def action_help(self) -> None:
        """What can be done here, and what is seen."""
        from pitop.tui.widgets.help import FILTER_WORDS, Help, Section, field_section

        keys: dict[str, tuple[list[str], str]] = {}
        for _, binding, _, _ in self.screen.active_bindings.values():
            if binding.id is not None and binding.description and not binding.id.startswith("pane."):
                words = f"{binding.description}: {binding.tooltip}" if binding.tooltip else binding.description
                display = self.get_key_display(replace(binding, key_display=None))
                keys.setdefault(binding.action, ([], words))[0].append(display)
        listed = [(f"1-{len(PANES)}", "Choose a pane")]
        listed += [(" ".join(dict.fromkeys(displays)), words) for displays, words in keys.values()]
        listed.append(("arrows PgUp PgDn Home End", "Move; left and right scroll sideways"))
        sections: list[Section] = [("", [("", self.pane.words)]), ("Keys", listed)]
        front = self.pane.front
        if isinstance(front, TablePane):
            sections += [field_section(front.all_fields), FILTER_WORDS]
        self.push_screen(Help(self.pane.heading, sections))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Everything that a key does, by name; and what has no key."""
        offered = {
            binding.action: (node, binding) for node, binding, enabled, _ in screen.active_bindings.values() if enabled
        }
        for node, binding in offered.values():
            if binding.description and binding.id is not None and binding.id != "palette":

                async def run(action: str = binding.action, node: object = node) -> None:
                    await self.run_action(action, default_namespace=node)  # type: ignore[arg-type]

                yield SystemCommand(binding.description, binding.tooltip, run)
        for seconds in _INTERVALS:
            yield SystemCommand(
                f"Refresh every {seconds:g} s", "How often samples are taken", lambda s=seconds: self.sample_every(s)
            )
        for level in LEVELS:
            yield SystemCommand(
                f"Glyphs: {level}", "What lines and bars are drawn with", lambda g=level: self.set_glyphs(g)
            )
        yield SystemCommand("Theme", "Choose the colours", self.action_change_theme)

    def action_command_palette(self) -> None:
        """Find an action by its name."""
        from pitop.tui.widgets.commands import Commands

        if not isinstance(self.screen, Commands):
            self.push_screen(Commands())

    def search_themes(self) -> None:
        """Find a theme by its name."""
        from textual.theme import ThemeProvider

        from pitop.tui.widgets.commands import Commands

        self.push_screen(Commands([ThemeProvider], placeholder="Search for themes…"))

    def get_key_display(self, binding: Binding) -> str:
        """Keys as they stand on a keyboard: F6, PgUp, Space, Shift+F3."""
        display = super().get_key_display(binding)
        if display == "⏎":
            return "Enter"
        if binding.key_display is not None or len(display) == 1:
            return display
        parts = [_CAPS.get(part, part) for part in display.split("+")]
        return "+".join(part.upper() if _FUNCTION.fullmatch(part) else part for part in parts)

    def sample_every(self, seconds: float) -> None:
        """Change how often samples are taken."""
        self.source.set_interval(seconds)
        self.note()

    def set_glyphs(self, level: str) -> None:
        """Change what lines and bars are drawn with."""
        self.glyphs = LEVELS[level]
        self.substitutes = PLAINER if level == "ascii" else {}
        if self.wire is not None:
            self.wire.substitute(self.substitutes)
        self.refresh(layout=True)
        for screen in self.screen_stack:  # the list that this was chosen from may still lie over all
            for widget in screen.walk_children():
                widget.repaint() if isinstance(widget, Lines) else widget.refresh()
        for pane in self._panes.values():
            pane.redrawn()

    def action_suspend_process(self) -> None:
        """Back to the shell; the terminal is put in order before."""
        if self._driver is not None and self._driver.can_suspend:
            super().action_suspend_process()


def _fitting_glyphs() -> str:
    """Block elements where the locale can write them; the Linux console's font has no fine ones, so ASCII there."""
    coding = (os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or "").lower()
    if os.environ.get("TERM") == "linux" or not coding.replace("-", "").endswith("utf8"):
        return "ascii"
    return "block"
