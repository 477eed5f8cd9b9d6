"""A key, what it does, what the footer calls it and what the help and the palette say of it: all in one place."""

from __future__ import annotations

from textual.binding import Binding

__all__ = ["key"]


def key(
    name: str, keys: str, action: str, label: str, words: str = "", *, footer: bool = False, display: str | None = None
) -> Binding:
    """A binding that the configuration knows as `name`.

    `label` is short, for footer and palette; `words` explain; `footer` shows it at the foot, written as `display`.
    """
    return Binding(keys, action, label, show=footer, key_display=display, tooltip=words, id=name)
