"""`pitop packets` from the network: tcpdump's lines, JSON documents, files; tcpdump's three lines at the end."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable

from pitop.collect.collector import Unavailable
from pitop.collect.packets.client import CaptureClient
from pitop.collect.packets.messages import Config, Ended, Finish, Print, Printed, Saved, Saving, Started, Status
from pitop.kernel.packets.session import own_sessions
from pitop.kernel.packets.writer import CaptureWriter, Ring
from pitop.model.packets.packet import Packet

__all__ = ["live"]

_EVERY = 1.0  # seconds between two JSON documents
_LAST_WORDS = 3.0  # seconds that the helper has for what is left after an interrupt


def live(said: argparse.Namespace, expression: str, display: str) -> int:
    """Capture until interrupted or until there are enough; gives the exit status."""
    sessions = () if said.with_own_session else own_sessions()
    saving = None
    if said.write is not None:
        size = None if said.file_size is None else said.file_size * 1_000_000
        pcapng = ".pcapng" in said.write.rpartition("/")[2].lower()
        saving = Saving(pcapng, said.count, size, said.file_seconds)
    config = Config(
        interface=None if said.interface == "any" else said.interface,
        expression=expression,
        sessions=tuple((each.local, each.local_port, each.remote, each.remote_port) for each in sessions),
        snap_length=said.snapshot_length,
        saving=saving,
    )
    with CaptureClient(config) as client:
        run = _Run(said, client, display, len(sessions))
        try:
            run.go()
        except KeyboardInterrupt:
            run.interrupted = True
            client.send(Finish())
            run.go(_LAST_WORDS)
        run.finish()
    return 130 if run.interrupted else 0


class _Run:
    def __init__(self, said: argparse.Namespace, client: CaptureClient, display: str, left_out: int) -> None:
        self.said = said
        self.client = client
        self.display = display
        self.left_out = left_out
        self.status = Status()
        self.printed = 0
        self.writer: CaptureWriter | None = None
        self.interrupted = False
        self._pending: list[Packet] = []
        self._due = time.monotonic() + _EVERY

    def go(self, seconds: float | None = None) -> None:
        """Take messages until the end, no longer than `seconds`."""
        said = self.said
        limit = None if seconds is None else time.monotonic() + seconds
        for message in self.client.stream():
            if limit is not None and time.monotonic() > limit:
                return
            if isinstance(message, Started):
                self._begin()
            elif isinstance(message, Printed):
                self._print(message.packets)
            elif isinstance(message, Saved):
                self._save(message)
            elif isinstance(message, Status):
                self.status = message
            elif isinstance(message, Ended):
                self.status = message.status
                return
            if said.json and time.monotonic() >= self._due:
                self._document()

    def _begin(self) -> None:
        where = self.said.interface if self.said.interface != "any" else "all interfaces"
        if self.said.write is None:
            self.client.send(Print(self.display, self.said.count))
        own = "" if not self.left_out else f", own SSH connection left out ({self.left_out})"
        print(f"pitop packets: listening on {where}{own}", file=sys.stderr, flush=True)

    def _print(self, packets: Iterable[Packet]) -> None:
        if self.said.json:
            self._pending += packets
            return
        from pitop.render.packets import finished_text

        count = 0
        for packet in packets:
            sys.stdout.write(finished_text(packet) + "\n")
            count += 1
        self.printed += count
        sys.stdout.flush()

    def _document(self) -> None:
        from pitop.cli.packets.documents import batch_document

        self._due = time.monotonic() + _EVERY
        if self._pending:
            print(batch_document(self._pending, self._summary()), flush=True)
            self.printed += len(self._pending)
            self._pending = []

    def _summary(self) -> dict[str, int]:
        status = self.status
        return {
            "captured": status.captured,
            "received_by_filter": status.received,
            "dropped_by_kernel": status.dropped,
            "ring_freezes": status.freezes,
            "evicted": status.evicted,
            "own_sessions_left_out": self.left_out,
        }

    def _save(self, message: Saved) -> None:
        try:
            if message.new_file:
                self._next_file(message.data)
            else:
                assert self.writer is not None
                self.writer.append(message.data, message.packets)
                self.writer.flush()
        except OSError as error:
            raise Unavailable(
                f"{self.said.write}: {error.strerror or error}", "What was written is readable."
            ) from None

    def _next_file(self, head: bytes) -> None:
        if self.writer is not None:
            self.writer.rotate(head)
            return
        said = self.said
        ring = Ring(
            None if said.file_size is None else said.file_size * 1_000_000,
            said.file_seconds,
            said.files,
        )
        self.writer = CaptureWriter(said.write, 1, said.snapshot_length, ring, head=head)

    def finish(self) -> None:
        """Write what is left, and tcpdump's three lines."""
        if self.said.json:
            self._document()
        if self.writer is not None:
            self.writer.close()
        shown = self.writer.packets if self.writer is not None else self.printed
        plural = "" if shown == 1 else "s"
        status = self.status
        print(f"{shown} packet{plural} captured", file=sys.stderr)
        print(f"{max(status.received, shown)} packets received by filter", file=sys.stderr)
        print(f"{status.dropped} packets dropped by kernel", file=sys.stderr)
        lost = status.evicted if self.writer is None else status.unsaved
        if lost:
            print(f"{lost} packets were too many to be shown in time", file=sys.stderr)
