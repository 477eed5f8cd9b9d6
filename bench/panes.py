"""pitop's other panes as contestants, and something for them to show."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.programs import Contestant, text

__all__ = ["PANES"]

_PITOP = str(Path(sys.executable).parent / "pitop")
# Rows come and go, so the key that is timed is one that opens a line to type in, and the one that closes it: what they
# change, nothing else does.
_KEYS = ("\\", "\r")
_ANSWER = text(r"^Filter ")


def _pane(name: str, content: str, *before: str) -> Contestant:
    return Contestant(name, (_PITOP, "--interval", "1", "--pane", name), content, _ANSWER, keys=_KEYS, before=before)


PANES: tuple[Contestant, ...] = (
    _pane("memory", r"\d[KMG] .* now (python|pitop|java|node)"),
    _pane("sockets", r"tcp +(LISTEN|ESTABLISHED)"),
    _pane("packets", r"IP 127\."),
    _pane("dns", r"This machine asks", "v"),
    _pane("network", r" lo +UNKNOWN"),
    _pane("path", r"Nothing is pinged yet", "a", "127.0.0.1 127.0.0.2", "\r"),
    _pane("traffic", r"python\S* +(in|out)"),
    _pane("timeline", r"(forked|ended|exited) "),
)
"""Each with what is looked at for its costs: `dns` listens to everybody's questions, `path` pings two addresses."""
