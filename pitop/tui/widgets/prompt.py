"""One line to type in, at the foot of a pane: search, filter. What is wrong is said under the place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.suggester import Suggester
from textual.widgets import Input

from pitop.render.field import Tone
from pitop.tui.widgets.ground import Ground
from pitop.tui.widgets.notice import Notice

__all__ = ["Answer", "Prompt", "Question"]


class Answer(NamedTuple):
    """What is said under the text: words, the character that they are about, and whether it is an error."""

    words: str
    position: int | None = None
    error: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked under `label`, beginning with `text`.

    `changed` is called with every change and answers; `done` with the text, or None for Escape. `history` are earlier
    texts, the newest last, that the arrow keys bring back; `suggester` completes what is typed.
    """

    label: str
    text: str
    changed: Callable[[str], Answer]
    done: Callable[[str | None], None]
    history: Sequence[str] = ()
    suggester: Suggester | None = None


class _Line(Input):
    """An Input whose Escape and Enter belong to the prompt."""


class Prompt(Ground):
    """Asks for one line after the other. It is made once and hidden between questions, since mounting takes long."""

    DEFAULT_CSS = """
    Prompt { height: 2; width: 1fr; dock: bottom; layout: vertical; display: none; }
    Prompt > Input { border: none; height: 1; padding: 0; width: 1fr; background: $panel; }
    Prompt > Input:focus { border: none; background-tint: transparent; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", priority=True, show=False),
        Binding("up", "recall(-1)", "Earlier", show=False),
        Binding("down", "recall(1)", "Later", show=False),
        Binding("tab", "complete", "Complete", show=False),
    ]

    def __init__(self, focus_back: Callable[[], None]) -> None:
        """`focus_back` gives the keys to what has them while nothing is asked."""
        super().__init__()
        self._focus_back = focus_back
        self._question: Question | None = None
        self._answered: str | None = None  # the text that was answered last
        self._history: list[str] = []
        self._recalled = 0
        # Kept here and not looked for: a prompt may be taken away before they are in it.
        self._line = _Line(compact=True, select_on_focus=False)
        self._line.cursor_blink = False
        self._notice = Notice(bar=True)

    @property
    def asking(self) -> bool:
        """Whether a line is being typed."""
        return self._question is not None

    def compose(self) -> ComposeResult:
        """The line, and what is said under it."""
        self._notice.styles.height = 1
        yield self._line
        yield self._notice

    def on_mount(self) -> None:
        """Begin to type at once, where something is asked already."""
        self._show()

    def ask(self, question: Question) -> None:
        """Have a line typed; what was asked before is left."""
        before, self._question, self._answered = self._question, question, None
        if before is not None:
            before.done(None)
            if self._question is not question:  # that has asked something itself
                return
        self._history = [*(each for each in question.history if each != question.text), question.text]
        self._recalled = len(self._history) - 1
        self._answer(question.text)
        self._line.placeholder = question.label
        self._line.suggester = question.suggester
        self._line.value = question.text
        self._line.cursor_position = len(question.text)
        if self.is_mounted:
            self._show()

    def finish(self, said: str | None) -> None:
        """Answer with a text, or with None for none, and be gone."""
        question, self._question = self._question, None
        if question is not None:
            question.done(said)
            if not self.asking:  # else that was the first question of two
                self.styles.display = "none"
                if self.screen.focused is self._line:
                    self._focus_back()

    def _show(self) -> None:
        if self.asking:
            self.styles.display = "block"
            # At once, not with the next message: the keys that wait are for the line.
            self.screen.set_focus(self._line)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Answer each change, but not one of the line before."""
        event.stop()
        if self._line.value != self._answered:
            self._answer(self._line.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the text; a wrong one stays where it is."""
        event.stop()
        question, text = self._question, event.value
        if question is not None and text == self._line.value and not question.changed(text).error:
            self.finish(text)

    def action_leave(self) -> None:
        """Leave without a change."""
        self.finish(None)

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
            self.finish(None)

    def _answer(self, text: str) -> None:
        question = self._question
        if question is None:
            return
        self._answered = text
        answer = question.changed(text)
        notice = self._notice
        if answer.position is None:
            notice.say([(f"{question.label}  ", Tone.FAINT), (answer.words, Tone.BAD if answer.error else Tone.FAINT)])
        else:
            at = answer.position
            room = self.app.size.width - at - 2
            if len(answer.words) > room and at > len(answer.words):
                notice.say([(f"{answer.words + ' ^':>{at + 1}}", Tone.BAD)])
            else:
                notice.say([(" " * at + "^ " + answer.words, Tone.BAD)])
