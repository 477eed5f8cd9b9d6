"""The socket pane."""

from __future__ import annotations

from pitop.tui.panes.sockets.pane import SocketsPane

__all__ = ["SocketsPane"]
