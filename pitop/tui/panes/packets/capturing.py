"""What is captured, and where it is written: the keys and prompts of the packet pane that say so."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace
from textual.binding import BindingType

from pitop.collect.topics import PACKETS
from pitop.model.packets.actions import WriteStream
from pitop.model.packets.conversation import Stream
from pitop.model.packets.snapshot import Capture, Halt, PacketsSnapshot, SaveTo
from pitop.tui.feed import Feed
from pitop.tui.keys import key
from pitop.tui.settings import PaneSettings
from pitop.tui.tablepane import TablePane
from pitop.tui.widgets.prompt import Answer

__all__ = ["CAPTURE_KEYS", "CapturingPane"]

CAPTURE_KEYS: Sequence[BindingType] = (
    key("packets.capture", "i", "capture", "Capture", "Choose interface and capture filter", footer=True),
    key("packets.own", "e", "own", "Own SSH", "Show or leave out pitop's own SSH connection"),
    key("packets.write", "w", "write", "Write", "Write packets to a file, while the screen goes on", footer=True),
    key("packets.again", "R", "again", "Start again", "Begin a new capture"),
    key("packets.halt", "S", "halt", "Stop", "Capture no more; what is there stays"),
    key("packets.open", "O", "open", "Open a file", "Read a capture file in place of the wire"),
)
"""In the order in which the footer names them."""


class CapturingPane(TablePane[Any]):
    """A pane around the packets of one capture, which it can begin, end and have written."""

    def __init__(self, settings: PaneSettings | None = None) -> None:
        super().__init__(settings)
        self.feed = Feed(self, PACKETS)
        self.feeds = [self.feed]
        self._snapshot: PacketsSnapshot | None = None
        self._capture = Capture()
        self._attempts = 0
        self._typed: str | None = None  # what the capture that was refused was asked for with

    def action_capture(self) -> None:
        """Type an interface and a capture filter."""
        now = self._capture
        text = self._typed or f"{now.interface or 'any'} {now.expression}".strip()

        def changed(text: str) -> Answer:
            return Answer("interface (any for all), then a filter: eth0 port 53 or icmp")

        def done(said: str | None) -> None:
            if said is None:
                return
            self._typed = said.strip()
            interface, _, expression = self._typed.partition(" ")
            chosen = None if interface in ("", "any") else interface
            self._begin(Capture(chosen, expression.strip(), now.with_own_session))

        self.ask_line("Capture", text, changed, done)

    def action_open(self) -> None:
        """Type the name of a capture file to read."""

        def changed(text: str) -> Answer:
            return Answer("a pcap or pcapng file, also .gz or .zst")

        def done(said: str | None) -> None:
            if said and said.strip():
                path = os.path.expanduser(said.strip())
                self._begin(Capture(with_own_session=self._capture.with_own_session, path=path))

        self.ask_line("Open", self._capture.path or "", changed, done)

    def _begin(self, capture: Capture) -> None:
        """Ask for another capture; the one that there is stays until that has begun."""
        self._attempts += 1
        self._capture = replace(capture, attempt=self._attempts)
        self.feed.ask(self._capture)

    def action_again(self) -> None:
        """The same from the beginning."""
        self._begin(self._capture)

    def action_halt(self) -> None:
        """Capture no more; the packets stay."""
        if self._capture.path is None:
            self.feed.ask(Halt())

    def action_own(self) -> None:
        """Capture one's own SSH connection too, or not."""
        now = self._capture
        if now.path is not None:
            self.app.notify("A file holds what it holds; this is for captures.", timeout=3)
            return
        own = not now.with_own_session
        self._begin(replace(now, with_own_session=own))
        self.app.notify("pitop's own SSH connection is " + ("captured too" if own else "left out"), timeout=3)

    def _stream_shown(self) -> Stream | None:
        """The conversation that is read, where one is."""
        return None

    def _write_stream(self, stream: Stream) -> None:
        def changed(text: str) -> Answer:
            return Answer("both sides as they spoke, in their order")

        def done(said: str | None) -> None:
            if said and said.strip():
                self.act(WriteStream(os.path.expanduser(said.strip()), stream))

        self.ask_line("Write to", "stream.bin", changed, done)

    def action_write(self) -> None:
        """Type the name of a file to write packets to, or the stream that is shown; again ends it."""
        stream = self._stream_shown()
        if stream is not None:
            self._write_stream(stream)
            return
        if self._snapshot is not None and self._snapshot.saving is not None:
            self.feed.ask(SaveTo())
            return

        def changed(text: str) -> Answer:
            return Answer(".pcap or .pcapng (with process names), also .gz .zst; w ends it")

        def done(said: str | None) -> None:
            if said and said.strip():
                self.feed.ask(SaveTo(os.path.expanduser(said.strip())))

        self.ask_line("Write to", "pitop.pcapng", changed, done)
