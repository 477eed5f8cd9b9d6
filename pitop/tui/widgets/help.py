"""The help: every key in force, every column in words, the filter language; made from what is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from pitop.render.field import Field, Tone
from pitop.render.text import visible
from pitop.tui.widgets.lines import Lines
from pitop.tui.widgets.modal import Modal

__all__ = ["Help", "Page", "Section"]

Section = tuple[str, Sequence[tuple[str, str]]]
"""A heading, and pairs of a term and its explanation; an empty term is a paragraph."""

FILTER_WORDS: Section = (
    "Filter",
    (
        ("cpu>40 and state=D", "comparisons are = != < <= > >= and may be joined by and, or, not, ( )"),
        ("command~sshd", "~ is a regular expression anywhere in the text, !~ its opposite"),
        ("user=pi or ssh", "a word alone matches the main text"),
        ("rss>100M", "K M G T are powers of 1,024; times take ms s m h d"),
        ("pid in 1,200-300", "in: a list, a range, or a network: remote in 10.0.0.0/8"),
        ("not kernel", "a yes-or-no field alone asks whether it is set"),
        ("", "What is unknown matches neither a comparison nor its opposite; field=unknown asks for it."),
    ),
)


def field_section(fields: Sequence[Field[Any]]) -> Section:
    """Every field in words, with the names that a filter knows it by."""
    return "Columns", [(each.title, f"{each.words} ({', '.join((each.key, *each.names))})") for each in fields]


class Page(Lines, can_focus=True):
    """Sections, wrapped to the width, scrolled."""

    DEFAULT_CSS = """
    Page { width: 1fr; height: 1fr; }
    """

    def __init__(self, sections: Sequence[Section]) -> None:
        super().__init__()
        self._sections = sections
        self._wrapped: list[list[tuple[str, Tone]]] = []
        self.top = 0

    def on_resize(self) -> None:
        """Wrap anew."""
        self._wrapped = _wrap(self._sections, self.size.width)
        self.scroll_by(0)

    def scroll_by(self, by: int) -> None:
        """Scroll by lines."""
        self.top = max(0, min(self.top + by, len(self._wrapped) - self.size.height))
        self.refresh()

    def line(self, y: int) -> list[Segment]:
        """One wrapped line."""
        place = self.top + y
        if place >= len(self._wrapped):
            return []
        return [Segment(text, self.looks.style(tone)) for text, tone in self._wrapped[place]]

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Down by three."""
        self.scroll_by(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Up by three."""
        self.scroll_by(-3)


def _wrap(sections: Sequence[Section], width: int) -> list[list[tuple[str, Tone]]]:
    import textwrap

    lines: list[list[tuple[str, Tone]]] = []
    for heading, pairs in sections:
        if lines:
            lines.append([])
        lines.append([(heading, Tone.STRONG)])
        term_width = min(max((len(term) for term, _ in pairs), default=0) + 2, max(8, width // 3))
        for term, words in pairs:
            indent = term_width if term else 0
            body = textwrap.wrap(words, max(16, width - indent - 1)) or [""]
            if len(term) >= term_width:
                lines.append([(term, Tone.ACCENT)])
                first = " " * indent
            else:
                first = f"{term:<{indent}}"
            lines.append([(first, Tone.ACCENT), (body[0], Tone.PLAIN)])
            lines += [[(" " * indent + rest, Tone.PLAIN)] for rest in body[1:]]
    return lines


class Help(Modal[None]):
    """A page over the screen; any of the usual keys closes it."""

    DEFAULT_CSS = """
    Help { align: center middle; background: transparent; }
    Help > Vertical {
        width: 95%; max-width: 110; height: 95%; background: $background; border: round $primary;
        border-title-color: $primary; padding: 0 1;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f1,question_mark,enter", "leave", "Back", key_display="Esc"),
        Binding("up", "scroll(-1)", "Up", show=False),
        Binding("down", "scroll(1)", "Down", show=False),
        Binding("pageup", "scroll(-20)", "Page up", show=False),
        Binding("pagedown,space", "scroll(20)", "Page down", show=False),
        Binding("home", "scroll(-10000)", "Top", show=False),
        Binding("end", "scroll(10000)", "End", show=False),
    ]

    def __init__(self, title: str, sections: Sequence[Section]) -> None:
        super().__init__()
        self._heading = title
        self._page = Page(sections)

    def compose(self) -> ComposeResult:
        """A box with the page."""
        with Vertical() as box:
            box.border_title = Content(visible(self._heading))
            box.border_subtitle = "↑ ↓ PgDn scroll · Esc closes"
            yield self._page

    def on_mount(self) -> None:
        """Take the keys."""
        self._page.focus()

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self._page.scroll_by(by)

    def action_leave(self) -> None:
        """Close it."""
        self.dismiss(None)
