"""From the command line to the full screen."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["run"]


def _interval(text: str) -> float:
    seconds = float(text)
    if not 0.1 <= seconds <= 3600:
        raise argparse.ArgumentTypeError("seconds from 0.1 to 3600")
    return seconds


def _parser(commands: Mapping[str, str]) -> argparse.ArgumentParser:
    from pitop import __version__
    from pitop.tui.settings import PANES

    listed = "\n".join(f"  pitop {name:<10} {words}" for name, words in commands.items())
    parser = argparse.ArgumentParser(
        prog="pitop",
        description="One terminal screen for everything a Linux machine is doing.",
        epilog=f"commands, for pipes and scripts:\n{listed}\n\nEach has a --help of its own.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"pitop {__version__}")
    parser.add_argument("--pane", choices=PANES, help="the pane to begin with")
    parser.add_argument("--read", metavar="FILE", help="open the packet pane on a pcap or pcapng file")
    parser.add_argument("--interval", type=_interval, metavar="SECONDS", help="between samples (default 1)")
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
        default="cells",
        help="send the terminal the cells that changed (default), or whole lines, should it show them wrongly",
    )
    return parser


def run(arguments: Sequence[str], commands: Mapping[str, str]) -> int:
    """Open the screen; the exit status is the result."""
    said = _parser(commands).parse_args(arguments)
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        print("pitop: needs a terminal; for pipes and scripts there are the commands of pitop --help", file=sys.stderr)
        return 1
    term = os.environ.get("TERM", "")
    if term in ("dumb", ""):
        why = "this terminal cannot move its cursor (TERM=dumb)" if term else "TERM does not say what this terminal can"
        print(
            f"pitop: {why}; the commands of pitop --help print plain text: {', '.join(commands)}",
            file=sys.stderr,
        )
        return 1
    gc.disable()  # importing makes no garbage worth looking for
    from dataclasses import replace

    from pitop.collect.live import LiveSource
    from pitop.tui.settings import read_settings
    from pitop.tui.terminal.colours import colours, system

    try:
        settings = read_settings(said.config)
    except OSError as error:
        print(f"pitop: the configuration cannot be read: {error}", file=sys.stderr)
        return 2
    scope = None
    if said.scope is not None:
        from pitop.collect.collector import Unavailable
        from pitop.collect.scope import scope_of
        from pitop.model.scope import ScopeError

        try:
            scope = scope_of(said.scope)
        except (ScopeError, Unavailable) as error:
            print(f"pitop: {error}", file=sys.stderr)
            return 2 if isinstance(error, ScopeError) else 1
    changes = {name: getattr(said, name) for name in ("interval", "theme", "glyphs") if getattr(said, name) is not None}
    settings = replace(settings, **changes)
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    known = colours(os.environ)
    os.environ.setdefault("TEXTUAL_COLOR_SYSTEM", system(known))
    if known == 0:
        os.environ["NO_COLOR"] = "1"
    from pitop.tui.app import PitopApp

    pane = said.pane or (None if said.read is None else "packets")
    app = PitopApp(LiveSource(settings.interval), settings, pane, scope, said.read)
    app.wired = said.paint == "cells"
    gc.enable()
    gc.freeze()  # what is there now stays to the end
    app.run(mouse=settings.mouse)
    return app.return_code or 0
