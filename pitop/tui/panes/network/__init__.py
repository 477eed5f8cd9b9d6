"""The network pane."""

from __future__ import annotations

from pitop.tui.panes.network.pane import NetworkPane

__all__ = ["NetworkPane"]
