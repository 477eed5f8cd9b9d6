"""pitop's other panes as contestants, and something for them to show."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.programs import PROGRAMS, Contestant, installed, text

__all__ = ["PANES", "chosen"]

_PITOP = str(Path(sys.executable).parent / "pitop")


def _pane(name: str, content: str, *before: str, moving: bool = False) -> Contestant:
    command = (_PITOP, "--interval", "1", "--pane", name)
    if moving:
        # The selected row goes where its figures or its age take it, so the key that is timed is one that opens a line
        # to type in, and the one that closes it: what they change, nothing else does.
        return Contestant(name, command, content, text(r"^Filter "), keys=("\\", "\r"), before=before)
    return Contestant(name, command, content, before=before)


PANES: tuple[Contestant, ...] = (
    _pane("memory", r"\d[KMG] .* now (python|pitop|java|node)"),
    _pane("sockets", r"tcp +(LISTEN|ESTABLISHED)", moving=True),
    _pane("packets", r"IP 127\.", moving=True),
    _pane("dns", r"This machine asks", "v", moving=True),
    _pane("network", r" lo +UNKNOWN"),
    _pane("path", r"Nothing is pinged yet", "a", "127.0.0.1 127.0.0.2", "\r"),
    _pane("traffic", r"python\S* +(in|out)", moving=True),
    _pane("timeline", r"(forked|ended|exited) ", moving=True),
)
"""Each with what is looked at for its costs: `dns` listens to everybody's questions, `path` pings two addresses."""


def chosen(names: str | None) -> list[Contestant]:
    """Those of pitop, its panes and the other programs that are installed; of these, where `names` has any, its own."""
    wanted = None if names is None else names.split(",")
    everybody = (*PROGRAMS[:1], *PANES, *PROGRAMS[1:])
    return [each for each in everybody if installed(each) and (wanted is None or each.name in wanted)]
