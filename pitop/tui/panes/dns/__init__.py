"""The DNS pane: one line of words, and six views of it."""

from __future__ import annotations

from pitop.tui.panes.dns.pane import DnsPane

__all__ = ["DnsPane"]
