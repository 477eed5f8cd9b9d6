"""One line to type in, at the foot of a pane: search, filter. What is wrong is said under the place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.suggester import Suggester
from textual.widgets import Input

from pitop.render.field import Tone
from pitop.render.text import visible
from pitop.tui.widgets.ground import Ground
from pitop.tui.widgets.notice import Notice

__all__ = ["Answer", "Prompt"]


class Answer(NamedTuple):
    """What is said under the text: words, the character that they are about, and whether it is an error."""

    words: str
    position: int | None = None
    error: bool = False


class _Line(Input):
    """An Input whose Escape and Enter belong to the prompt."""


class Prompt(Ground):
    """Asks for a line. `changed` is called with every change and answers; `done` with the text, or None for Escape.

    `history` are earlier texts, the newest last, that the arrow keys bring back; `suggester` completes what is typed.
    """

    DEFAULT_CSS = """
    Prompt { height: 2; width: 1fr; dock: bottom; layout: vertical; }
    Prompt > Input { border: none; height: 1; padding: 0; width: 1fr; background: $panel; }
    Prompt > Input:focus { border: none; background-tint: transparent; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", priority=True, show=False),
        Binding("up", "recall(-1)", "Earlier", show=False),
        Binding("down", "recall(1)", "Later", show=False),
        Binding("tab", "complete", "Complete", show=False),
    ]

    def __init__(
        self,
        label: str,
        text: str,
        changed: Callable[[str], Answer],
        done: Callable[[str | None], None],
        *,
        history: Sequence[str] = (),
        suggester: Suggester | None = None,
    ) -> None:
        super().__init__()
        self._label = visible(label)
        self._initial = text
        self._change = changed
        self._done = done
        self._history = [*(each for each in history if each != text), text]
        self._recalled = len(self._history) - 1
        # Kept here and not looked for: a prompt may be taken away before they are in it.
        self._line = _Line(text, placeholder=self._label, compact=True, select_on_focus=False, suggester=suggester)
        self._notice = Notice(bar=True)

    def compose(self) -> ComposeResult:
        """The line, and what is said under it: before the screen is laid out, so that it is once only."""
        self._notice.styles.height = 1
        self._answer(self._initial)
        yield self._line
        yield self._notice

    def on_mount(self) -> None:
        """Begin to type at once."""
        self._line.focus()
        self._line.cursor_position = len(self._initial)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Answer each change."""
        event.stop()
        self._answer(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the text; a wrong one stays where it is."""
        event.stop()
        if not self._change(event.value).error:
            self._done(event.value)

    def action_leave(self) -> None:
        """Leave without a change."""
        self._done(None)

    def action_complete(self) -> None:
        """Take what is suggested."""
        self._line.action_end()
        self._line.action_cursor_right()

    def action_recall(self, by: int) -> None:
        """An earlier or later text."""
        place = self._recalled + by
        if 0 <= place < len(self._history):
            self._recalled = place
            self._line.value = self._history[place]
            self._line.cursor_position = len(self._line.value)

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """A click elsewhere leaves the prompt as it stands."""
        if self.is_attached and self.screen.focused is not None and self.screen.focused.parent is not self:
            self._done(None)

    def _answer(self, text: str) -> None:
        answer = self._change(text)
        notice = self._notice
        if answer.position is None:
            notice.say([(f"{self._label}  ", Tone.FAINT), (answer.words, Tone.BAD if answer.error else Tone.FAINT)])
        else:
            at = answer.position
            room = self.app.size.width - at - 2
            if len(answer.words) > room and at > len(answer.words):
                notice.say([(f"{answer.words + ' ^':>{at + 1}}", Tone.BAD)])
            else:
                notice.say([(" " * at + "^ " + answer.words, Tone.BAD)])
