"""From the command line to the full screen."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence

from pitop.tui.options import read_options

__all__ = ["run"]

_OF_PROCESSES = ("processes", "memory", "timeline")  # panes that show processes from the beginning


def run(arguments: Sequence[str], commands: Mapping[str, str]) -> int:
    """Open the screen; the exit status is the result."""
    said = read_options(arguments, commands)
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
    from msgspec.structs import replace

    from pitop.collect.live import LiveSource
    from pitop.collect.topics import PACKETS, PROCESSES
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
    source = LiveSource(settings.interval)
    pane = said.pane or ("packets" if said.read is not None else settings.pane)
    if pane in _OF_PROCESSES or scope is not None:  # what is followed is recorded, and that begins with processes
        source.begin(PROCESSES)
    if pane == "packets":
        from pitop.model.packets.snapshot import Capture

        source.open(PACKETS, Capture(path=said.read))  # as the pane will ask for
    from pitop.tui.app import PitopApp

    app = PitopApp(source, settings, pane, scope, said.read)
    app.wired = said.paint == "cells"
    gc.enable()
    gc.freeze()  # what is there now stays to the end
    app.run(mouse=settings.mouse)
    return app.return_code or 0
