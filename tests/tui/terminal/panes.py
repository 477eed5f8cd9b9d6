"""What tells the panes apart on a screen of any size."""

from __future__ import annotations

__all__ = ["PANES"]

PANES = {
    "1": "RES",
    "2": "RSS",
    "3": "LOCAL",
    "4": "packets",
    "5": "Lookup",
    "6": "INTERFACE",
    "7": "TARGET",
    "8": "PROGRAM",
    "9": "WHAT",
}
"""By the digit that chooses a pane, what it alone shows."""
