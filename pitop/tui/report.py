"""What is left on the terminal when the program fails: one screen, to read and to pass on."""

from __future__ import annotations

import platform
import sys
import traceback

from pitop import __version__
from pitop.render.text import visible

__all__ = ["crash_report"]

_FRAMES = 8


def crash_report(error: BaseException) -> str:
    """What happened, the last frames without anyone's data, and versions."""
    from importlib.metadata import version

    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    lines = [f"pitop failed: {type(error).__name__}: {visible(str(error))[:300]}", ""]
    lines += [f"  {frame.filename.rpartition('site-packages/')[2]}:{frame.lineno} in {frame.name}" for frame in frames]
    kernel = platform.release()
    lines += [
        "",
        f"pitop {__version__}, Python {platform.python_version()}, Textual {version('textual')}, Linux {kernel}, "
        f"{sys.platform}",
        "The terminal was put back. Nothing but this program has ended.",
    ]
    return "\n".join(lines)
