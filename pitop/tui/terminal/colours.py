"""How many colours the terminal has."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["MANY", "colours", "system"]

MANY = 1 << 24
_ALL = frozenset({"truecolor", "24bit"})  # of COLORTERM
# Terminals with 256 and more, by the start of TERM: on a machine that one is logged in to, COLORTERM does not arrive,
# and their entries in terminfo are often missing.
_FULL = re.compile(
    r"(alacritty|contour|foot|konsole|mintty|ms-terminal|st-|tmux|vte|wezterm|xterm-(ghostty|kitty))|.*-256color"
)


def colours(environment: Mapping[str, str]) -> int:
    """How many colours the terminal has that `environment` describes; 0 where it has none.

    What COLORTERM and the name in TERM do not tell is in its entry in terminfo; without one it is taken for 16.
    """
    term = environment.get("TERM", "")
    # screen hands COLORTERM on from the terminal that it was started in, and knows no more than 256 itself.
    inside_screen = term.startswith("screen") and "TMUX" not in environment
    if environment.get("COLORTERM", "").lower() in _ALL and not inside_screen and term != "linux":
        return MANY
    if term.endswith("-direct"):
        return MANY
    if _FULL.match(term):
        return 256
    known = _terminfo(term)
    if known is None:
        return 16
    if known >= 256:
        return 256
    return 16 if known >= 8 else 0


def system(number: int) -> str:
    """What Rich calls the colours of a terminal that has `number`."""
    return "truecolor" if number >= MANY else "256" if number >= 256 else "standard"


def _terminfo(term: str) -> int | None:
    """terminfo(5): max_colors; None where the terminal is not known."""
    try:
        import curses
    except ImportError:  # a Python without it
        return None
    try:
        curses.setupterm(term, 1)
    except (curses.error, ValueError):
        return None
    return max(0, curses.tigetnum("colors"))
