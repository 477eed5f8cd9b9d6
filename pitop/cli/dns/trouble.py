"""Why there is no answer, on standard error."""

from __future__ import annotations

import sys

from pitop.model.dns.answer import Trouble
from pitop.render.text import visible

__all__ = ["complain"]


def complain(trouble: Trouble) -> None:
    """One line: what is wrong, and what would help."""
    advice = f" {trouble.advice}" if trouble.advice else ""
    print(f"pitop dns: {visible(trouble.message)}.{visible(advice)}", file=sys.stderr)
