"""A question before something that cannot be taken back: what would happen, and to whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from pitop.render.field import Tone
from pitop.render.text import visible
from pitop.tui.widgets.modal import Modal
from pitop.tui.widgets.notice import Notice, Phrase

__all__ = ["Confirm"]


class Confirm(Modal[bool]):
    """Asks with `lines`; dismissed with True for the letter y, with False for everything else that closes it."""

    DEFAULT_CSS = """
    Confirm { align: center middle; background: $background 60%; }
    Confirm > Vertical {
        width: 90%; max-width: 90; height: auto; max-height: 90%; background: $background; border: round $error;
        border-title-color: $error; padding: 0 1;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("escape,n,q", "answer(False)", "No", key_display="Esc"),
    ]

    def __init__(self, title: str, lines: Sequence[Sequence[Phrase]]) -> None:
        super().__init__()
        self._heading = title
        self._lines = lines

    def compose(self) -> ComposeResult:
        """A box with the question."""
        with Vertical() as box:
            box.border_title = Content(visible(self._heading))
            yield Notice(id="question")
            yield Notice(id="answers")

    def on_mount(self) -> None:
        """Say it. Enter does not answer: it may be a key too many."""
        self.query_one("#question", Notice).say(*self._lines)
        self.query_one("#answers", Notice).say(
            [("", Tone.PLAIN)],
            [("y", Tone.ACCENT), (" does it · ", Tone.FAINT), ("Esc", Tone.ACCENT), (" leaves it", Tone.FAINT)],
        )

    def action_answer(self, yes: bool) -> None:
        """Close with the answer."""
        self.dismiss(yes)
