"""From what a cell wants to say to how the terminal shows it."""

from __future__ import annotations

import enum

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from pitop.render.field import Tone

__all__ = ["CONSOLE", "NIGHT", "PAPER", "Backdrop", "Looks", "fitting", "looks_for"]

NIGHT = Theme(
    name="pitop-night",
    primary="#7aa2d8",
    secondary="#5f7fa8",
    accent="#8fc1e3",
    foreground="#c8ced6",
    background="#11151a",
    surface="#11151a",
    panel="#1a2028",
    success="#8cc58a",
    warning="#e2b65b",
    error="#ec7a74",
    dark=True,
    variables={
        "pitop-faint": "#6c7680",
        "pitop-selected": "#27405c",
        "pitop-tagged": "#3a3320",
        "pitop-head": "#1d2630",
        "footer-key-foreground": "#8fc1e3",
    },
)

PAPER = Theme(
    name="pitop-paper",
    primary="#2b5f9e",
    secondary="#4f6f94",
    accent="#1f6d8c",
    foreground="#24292f",
    background="#fbfaf7",
    surface="#fbfaf7",
    panel="#efece4",
    success="#2f7d32",
    warning="#a86400",
    error="#b3261e",
    dark=False,
    variables={
        "pitop-faint": "#8b8f94",
        "pitop-selected": "#cfe0f3",
        "pitop-tagged": "#f2e6c4",
        "pitop-head": "#e6e2d8",
        "footer-key-foreground": "#1f6d8c",
    },
)

# For terminals of sixteen colours, of which the Linux console has eight for what lies behind: the nearest to those of
# NIGHT are all greys there, and the selection's is black. Blue and dark grey are not written on black.
CONSOLE = Theme(
    name="ansi-console",
    ansi=True,
    primary="ansi_cyan",
    secondary="ansi_cyan",
    accent="ansi_cyan",
    foreground="ansi_bright_white",
    background="ansi_black",
    surface="ansi_black",
    panel="ansi_black",
    boost="ansi_black",
    success="ansi_green",
    warning="ansi_bright_yellow",
    error="ansi_bright_red",
    dark=True,
    variables={
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "border-blurred": "ansi_white",
        "block-cursor-foreground": "ansi_bright_white",
        "block-cursor-background": "ansi_blue",
        "input-cursor-background": "ansi_white",
        "input-cursor-foreground": "ansi_black",
        "input-cursor-text-style": "none",
        "input-selection-background": "ansi_blue",
        "input-selection-foreground": "ansi_bright_white",
        "footer-key-foreground": "ansi_cyan",
        "pitop-ground": "black",
        "pitop-foreground": "bright_white",
        "pitop-faint": "white",
        "pitop-accent": "bright_cyan",
        "pitop-good": "bright_green",
        "pitop-warn": "bright_yellow",
        "pitop-bad": "bright_red",
        "pitop-selected": "blue",
        "pitop-selected-foreground": "bright_white",
        "pitop-tagged": "magenta",
        "pitop-tagged-foreground": "bright_white",
        "pitop-head": "cyan",
        "pitop-head-foreground": "black",
    },
)


class Backdrop(enum.Enum):
    """What lies behind a line. Where a theme takes the terminal's own colours, plain is the terminal's background."""

    PLAIN = "plain"
    SELECTED = "selected"
    TAGGED = "tagged"
    HEAD = "head"


class Looks:
    """Rich styles for tones and backdrops, of one theme."""

    def __init__(self, theme: Theme, *, colour: bool = True) -> None:
        self._theme = theme
        self._colour = colour
        self._cache: dict[tuple[Tone, Backdrop, bool], Style] = {}
        ansi = theme.ansi
        variables = theme.variables
        faint = variables.get("pitop-faint", "bright_black" if ansi else "#7a7f87")
        foreground = variables.get("pitop-foreground") if ansi else theme.foreground
        self._tones: dict[Tone, Style] = {
            Tone.PLAIN: Style(color=foreground),
            Tone.FAINT: Style(color=faint),
            Tone.STRONG: Style(color=foreground, bold=True),
            Tone.ACCENT: Style(color=variables.get("pitop-accent", "cyan") if ansi else theme.accent or theme.primary),
            Tone.GOOD: Style(color=variables.get("pitop-good", "green") if ansi else theme.success),
            Tone.WARN: Style(color=variables.get("pitop-warn", "yellow") if ansi else theme.warning),
            Tone.BAD: Style(color=variables.get("pitop-bad", "red") if ansi else theme.error),
        }
        if not ansi:
            plain = theme.background
            selected = variables.get("pitop-selected") or _mixed(theme, theme.primary, 0.35)
            tagged = variables.get("pitop-tagged") or _mixed(theme, theme.warning or theme.primary, 0.2)
            head = variables.get("pitop-head") or _mixed(theme, theme.primary, 0.12)
        else:
            usual = ("blue", "magenta", "bright_black") if theme.dark else ("bright_cyan", "bright_yellow", "white")
            plain = variables.get("pitop-ground")
            selected, tagged, head = (
                variables.get(f"pitop-{name}", colour_)
                for name, colour_ in zip(("selected", "tagged", "head"), usual, strict=True)
            )
        # A colour in which everything before a backdrop is written, where tones would not show there.
        self._before = {each: variables.get(f"pitop-{each.value}-foreground") if colour else None for each in Backdrop}
        self._backdrops: dict[Backdrop, Style] = {
            Backdrop.PLAIN: Style(bgcolor=plain),
            Backdrop.SELECTED: Style(bgcolor=selected),
            Backdrop.TAGGED: Style(bgcolor=tagged),
            Backdrop.HEAD: Style(bgcolor=head),
        }
        # Of sixteen colours the faint one is too near to every backdrop.
        self._no_faint = set(Backdrop) - {Backdrop.PLAIN} if ansi and colour else {Backdrop.SELECTED}
        if not colour:
            self._tones = {
                Tone.PLAIN: Style(),
                Tone.FAINT: Style(dim=True),
                Tone.STRONG: Style(bold=True),
                Tone.ACCENT: Style(),
                Tone.GOOD: Style(),
                Tone.WARN: Style(bold=True),
                Tone.BAD: Style(bold=True, underline=True),
            }
            self._backdrops = {
                Backdrop.PLAIN: Style(),
                Backdrop.SELECTED: Style(reverse=True),
                Backdrop.TAGGED: Style(underline=True),
                Backdrop.HEAD: Style(bold=True, underline=True),
            }

    def style(self, tone: Tone, backdrop: Backdrop = Backdrop.PLAIN, *, strong: bool = False) -> Style:
        """The style of text in `tone` before `backdrop`."""
        key = (tone, backdrop, strong)
        style = self._cache.get(key)
        if style is None:
            style = self._tones[tone] + self._backdrops[backdrop]
            if tone is Tone.FAINT and backdrop in self._no_faint:
                style = self._tones[Tone.PLAIN] + self._backdrops[backdrop]
            before = self._before[backdrop]
            if before is not None:
                style += Style(color=before)
            if before == "black":  # bold, it would be grey
                style += Style(bold=False)
            elif strong:
                style += Style(bold=True)
            self._cache[key] = style
        return style


def _mixed(theme: Theme, colour: str, part: float) -> str:
    """A backdrop for a theme that names none: so much of a colour over its background."""
    ground = theme.background or ("#121212" if theme.dark else "#e8e8e8")
    return Color.parse(ground).blend(Color.parse(colour), part).hex6


def fitting(theme: Theme) -> str:
    """The name of the theme that does in the place of `theme` where the terminal has sixteen colours at most."""
    if theme.ansi:
        return theme.name
    return CONSOLE.name if theme.dark else "ansi-light"


_MADE: dict[tuple[str, bool], Looks] = {}


def looks_for(theme: Theme, *, colour: bool = True) -> Looks:
    """The looks of a theme, or of no colours at all (NO_COLOR, no-color.org)."""
    key = (theme.name, colour)
    if key not in _MADE:
        _MADE[key] = Looks(theme, colour=colour)
    return _MADE[key]
