"""The path pane."""

from __future__ import annotations

from pitop.tui.panes.path.pane import PathPane

__all__ = ["PathPane"]
