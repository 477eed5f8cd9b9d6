"""A key, what it does, what the footer calls it and what the help and the palette say of it; and who gets the keys."""

from __future__ import annotations

from textual.binding import Binding
from textual.widget import Widget

__all__ = ["give_keys", "key"]


def key(
    name: str, keys: str, action: str, label: str, words: str = "", *, footer: bool = False, display: str | None = None
) -> Binding:
    """A binding that the configuration knows as `name`.

    `label` is short, for footer and palette; `words` explain; `footer` shows it at the foot, written as `display`.
    """
    return Binding(keys, action, label, show=footer, key_display=display, tooltip=words, id=name)


def give_keys(widget: Widget) -> None:
    """Give the keys to a widget at once. Textual's `focus` only queues that: a prompt opened next would lose them."""
    if widget.is_attached:
        widget.screen.set_focus(widget)
    else:
        widget.focus()
