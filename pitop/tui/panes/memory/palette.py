"""Colours for what a tone cannot tell apart: parts of memory, kinds of mappings, curves."""

from __future__ import annotations

import os

from rich.style import Style
from textual.theme import Theme

from pitop.tui.looks import CONSOLE

__all__ = ["colour", "swatch"]

# By what it stands for: on a dark ground, on a light one, of the terminal's sixteen.
_COLOURS = {
    # the machine's parts: what programs hold is warm, what the kernel holds violet, what can go is cool
    "processes": ("#c98a4b", "#b8691b", "yellow"),
    "shared": ("#c9705f", "#b04a37", "red"),
    "compressed": ("#d6b25e", "#9a7400", "bright_yellow"),
    "huge": ("#b9936c", "#8a5f33", "bright_red"),
    "unreclaimable": ("#9d7cc4", "#7a4fa3", "magenta"),
    "stacks": ("#8468a8", "#62408a", "bright_magenta"),
    "tables": ("#b18fd6", "#8d63b8", "magenta"),
    "other": ("#7d7f96", "#75778c", "bright_black"),
    "reclaimable": ("#5f97a8", "#2f7388", "cyan"),
    "buffers": ("#4f8f86", "#1f7a6c", "bright_cyan"),
    "cache": ("#5b8fc0", "#2b6cab", "blue"),
    "free": ("#26303b", "#dcd8cd", "black"),
    # kinds of mappings
    "text": ("#7fbf7f", "#2f7d32", "green"),
    "data": ("#d6b25e", "#9a7400", "yellow"),
    "heap": ("#d98a4e", "#b8691b", "bright_yellow"),
    "anonymous": ("#c77fa8", "#a33f78", "magenta"),
    "library": ("#6ea4dc", "#2b6cab", "blue"),
    "file": ("#5fb3ad", "#1f7a6c", "cyan"),
    "stack": ("#dd7268", "#b3261e", "red"),
    "vdso": ("#8d95a0", "#6f757d", "bright_black"),
    "reserved": ("#59616b", "#a9a69c", "bright_black"),
    "gap": ("#59616b", "#b3afa4", "bright_black"),
    # what became of a mapping's pages
    "dirty": ("#d98a4e", "#b8691b", "yellow"),
    "clean": ("#7fbf7f", "#2f7d32", "green"),
    "swapped": ("#dd7268", "#b3261e", "red"),
    "untouched": ("#59616b", "#a9a69c", "bright_black"),
    "unknown": ("#59616b", "#a9a69c", "bright_black"),
    # curves
    "minor": ("#6ea4dc", "#2b6cab", "blue"),
    "major": ("#dd7268", "#b3261e", "red"),
    "first": ("#d98a4e", "#b8691b", "yellow"),
    "second": ("#6ea4dc", "#2b6cab", "blue"),
}
_INK = {"dark": "#11151a", "light": "#ffffff"}
_ON_BLACK = {"blue": "bright_blue", "bright_black": "white"}  # what the Linux console's black swallows
_ON_FREE = {"dark": "#8f9aa6", "light": "#5d6167"}


def _place(theme: Theme) -> int:
    return 2 if theme.name.startswith(("ansi", "textual-ansi")) else 0 if theme.dark else 1


def colour(theme: Theme, key: str) -> Style:
    """The style of text or glyphs that stand for `key`; none where NO_COLOR is set."""
    if os.environ.get("NO_COLOR"):
        return Style()
    wanted = _COLOURS[key][_place(theme)]
    return Style(color=_ON_BLACK.get(wanted, wanted) if theme.name == CONSOLE.name else wanted)


def swatch(theme: Theme, key: str) -> Style | None:
    """The style of an area that stands for `key`, for words in it; None without colours, where areas need glyphs."""
    if os.environ.get("NO_COLOR"):
        return None
    place = _place(theme)
    if place == 2:
        ground = _COLOURS[key][2]
        if theme.name == CONSOLE.name:  # eight colours lie behind text there, and the bright ones are black
            ground = "white" if ground == "bright_black" else ground.removeprefix("bright_")
        return Style(color="white" if key == "free" else "black", bgcolor=ground)
    side = "dark" if place == 0 else "light"
    return Style(color=_ON_FREE[side] if key == "free" else _INK[side], bgcolor=_COLOURS[key][place])
