"""Sockets over time: rows with rates and owners, those that closed, and closing them."""

from __future__ import annotations

from pitop.collect.sockets.actions import close
from pitop.collect.sockets.collector import SocketsCollector

__all__ = ["SocketsCollector", "close"]
