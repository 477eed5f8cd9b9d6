"""What the packet pane can have done."""

from __future__ import annotations

from pitop.model.actions import Action
from pitop.model.packets.conversation import Stream

__all__ = ["WriteStream"]


class WriteStream(Action, frozen=True):
    """Write what a conversation carried into a new file: both sides in the order in which they spoke."""

    path: str
    stream: Stream
