"""What the command line says of the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser

__all__ = ["Options", "read_options"]


class Options:
    """Each option, as it is where nothing is said of it."""

    pane: str | None = None
    read: str | None = None
    interval: float | None = None
    config: Path | None = None
    scope: str | None = None
    theme: str | None = None
    glyphs: str | None = None
    paint: str = "cells"


def read_options(arguments: Sequence[str], commands: Mapping[str, str]) -> Options:
    """What `arguments` say; ends the program where that is wrong, or asks for help."""
    if not arguments:
        return Options()
    return _parser(commands).parse_args(arguments, Options())


def _parser(commands: Mapping[str, str]) -> ArgumentParser:
    from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter  # not needed by most starts

    from pitop import __version__
    from pitop.tui.settings import PANES

    def interval(text: str) -> float:
        seconds = float(text)
        if not 0.1 <= seconds <= 3600:
            raise ArgumentTypeError("seconds from 0.1 to 3600")
        return seconds

    listed = "\n".join(f"  pitop {name:<10} {words}" for name, words in commands.items())
    parser = ArgumentParser(
        prog="pitop",
        description="One terminal screen for everything a Linux machine is doing.",
        epilog=f"commands, for pipes and scripts:\n{listed}\n\nEach has a --help of its own.",
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"pitop {__version__}")
    parser.add_argument("--pane", choices=PANES, help="the pane to begin with")
    parser.add_argument("--read", metavar="FILE", help="open the packet pane on a pcap or pcapng file")
    parser.add_argument("--interval", type=interval, metavar="SECONDS", help="between samples (default 1)")
    parser.add_argument("--config", type=Path, metavar="FILE", help="in place of ~/.config/pitop/config.toml")
    parser.add_argument(
        "--scope",
        metavar="SCOPE",
        help="what to follow: pid:N (pid:N+ with all below it), user:NAME, host:ADDRESS, port:N, name:NAME",
    )
    parser.add_argument("--theme", metavar="NAME", help="pitop-night, pitop-paper, ansi-dark, …")
    parser.add_argument("--glyphs", choices=("braille", "block", "ascii"), help="what bars and trees are drawn with")
    parser.add_argument(
        "--paint",
        choices=("cells", "lines"),
        help="send the terminal the cells that changed (default), or whole lines, should it show them wrongly",
    )
    return parser
