"""The keys of what has the focus, in one line; each can be clicked."""

from __future__ import annotations

from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.dom import DOMNode

from pitop.render.field import Tone
from pitop.render.text import cells
from pitop.tui.looks import Backdrop
from pitop.tui.widgets.lines import Lines

__all__ = ["Footer"]


class _Key(NamedTuple):
    start: int
    end: int
    action: str
    node: DOMNode


class Footer(Lines):
    """Made from the bindings in force, so it never tells a key that does nothing."""

    DEFAULT_CSS = """
    Footer { height: 1; width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._keys: list[_Key] = []
        self._shown: object = None

    def on_mount(self) -> None:
        """Follow the focus."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, _: object) -> None:
        shown = self._offered()
        if shown != self._shown:
            self._shown = shown
            self.refresh()

    def _offered(self) -> list[tuple[str, str, str, bool, DOMNode]]:
        offered: dict[str, tuple[str, str, str, bool, DOMNode]] = {}
        for node, binding, enabled, _ in self.screen.active_bindings.values():
            if binding.show:  # several keys may do the same: one is told
                display = binding.key_display or self.app.get_key_display(binding)
                offered.setdefault(binding.action, (display, binding.description, binding.action, enabled, node))
        return list(offered.values())

    def backdrop(self, y: int) -> Style:
        """A bar over the whole width."""
        return self.looks.style(Tone.FAINT, Backdrop.HEAD)

    def line(self, y: int) -> list[Segment]:
        """Keys and words, as many as there is room for."""
        looks = self.looks
        line: list[Segment] = []
        self._keys = []
        used = 0
        for display, words, action, enabled, node in self._offered():
            width = 1 + cells(display) + 1 + cells(words) + 1
            if used + width > self.size.width:
                break
            line.append(Segment(f" {display}", looks.style(Tone.ACCENT if enabled else Tone.FAINT, Backdrop.HEAD)))
            line.append(Segment(f" {words} ", looks.style(Tone.PLAIN if enabled else Tone.FAINT, Backdrop.HEAD)))
            if enabled:
                self._keys.append(_Key(used, used + width, action, node))
            used += width
        return line

    async def on_click(self, event: events.Click) -> None:
        """Do what the key would do."""
        for key in self._keys:
            if key.start <= event.x < key.end:
                await self.app.run_action(key.action, default_namespace=key.node)
