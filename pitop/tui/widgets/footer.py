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


class _Offer(NamedTuple):
    """A binding in force, as it stands in the footer."""

    display: str
    words: str
    action: str
    enabled: bool
    node: DOMNode

    @property
    def width(self) -> int:
        return cells(self.display) + cells(self.words) + 3


_ENDS = ("help", "quit")


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

    def _offered(self) -> list[_Offer]:
        offered: dict[str, _Offer] = {}
        for node, binding, enabled, _ in self.screen.active_bindings.values():
            if binding.show:  # several keys may do the same: one is told
                display = binding.key_display or self.app.get_key_display(binding)
                offered.setdefault(binding.action, _Offer(display, binding.description, binding.action, enabled, node))
        return list(offered.values())

    def backdrop(self, y: int) -> Style:
        """A bar over the whole width."""
        return self.looks.style(Tone.FAINT, Backdrop.HEAD)

    def line(self, y: int) -> list[Segment]:
        """Help first, the way out last, and as many keys between them as there is room for."""
        offered = self._offered()
        ends = [each for each in offered if each.action in _ENDS]
        room = self.size.width - sum(each.width for each in ends)
        shown: list[_Offer] = []
        for each in offered:
            if each.action in _ENDS:
                continue
            room -= each.width
            if room < 0:
                break
            shown.append(each)
        line: list[Segment] = []
        self._keys = []
        used = 0
        for each in (
            *(end for end in ends if end.action == "help"),
            *shown,
            *(end for end in ends if end.action != "help"),
        ):
            key_tone, word_tone = (Tone.ACCENT, Tone.PLAIN) if each.enabled else (Tone.FAINT, Tone.FAINT)
            line.append(Segment(f" {each.display}", self.looks.style(key_tone, Backdrop.HEAD)))
            line.append(Segment(f" {each.words} ", self.looks.style(word_tone, Backdrop.HEAD)))
            if each.enabled:
                self._keys.append(_Key(used, used + each.width, each.action, each.node))
            used += each.width
        return line

    async def on_click(self, event: events.Click) -> None:
        """Do what the key would do."""
        for key in self._keys:
            if key.start <= event.x < key.end:
                await self.app.run_action(key.action, default_namespace=key.node)
