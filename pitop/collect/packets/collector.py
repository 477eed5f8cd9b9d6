"""The topic `packets`: one helper process as long as somebody looks, its answers as snapshots."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from pitop.collect.collector import Unavailable
from pitop.collect.packets import messages
from pitop.collect.packets.client import CaptureClient
from pitop.collect.packets.dissecting import Dissector
from pitop.collect.packets.messages import (
    Chosen,
    Config,
    Conversations,
    Details,
    Ended,
    LadderOf,
    Look,
    Rows,
    Save,
    Saved,
    Saving,
    Select,
    Started,
    Statistics,
    Status,
    StreamOf,
)
from pitop.kernel.packets.session import own_sessions
from pitop.kernel.packets.writer import CaptureWriter
from pitop.model.packets.conversation import Conversation, Ladder, Stream
from pitop.model.packets.snapshot import (
    AskAbout,
    AskOverview,
    AskRows,
    Capture,
    CaptureStatus,
    Detail,
    Halt,
    PacketsSnapshot,
    SaveTo,
)
from pitop.model.packets.statistics import Overview

__all__ = ["PacketsCollector"]

_OVERVIEW_EVERY = 1.0
_RETIRE = 50  # milliseconds that a packet may wait in the ring: who looks at it sees no difference


class PacketsCollector:
    """Starts the helper once it is asked for a capture; a helper that ends is told, and started again when asked to.

    While one helper works, another capture takes its place only once its own helper has started: what cannot be
    captured (no such interface, a wrong filter) costs nothing that is there.
    """

    every: float | None = 1.0

    def __init__(self) -> None:
        self._capture = Capture()
        self._client: CaptureClient | None = None
        self._wanted: Capture | None = None  # nothing is captured before somebody has said what
        self._coming: tuple[CaptureClient, int] | None = None  # that of the wanted capture, and what it leaves out
        self._begun = False
        self._problem = ("", "")
        self._refusal = ("", "")
        self._left_out = 0
        self._serial = 0
        self._asked = AskRows(100)
        self._rows = Rows(0, 0, 0, 0, (), Status())
        self._status: CaptureStatus = CaptureStatus()
        self._running = False
        self._detail: Detail | None = None
        self._apart: Detail | None = None  # the packet that is being taken apart
        self._dissector = Dissector()
        self._stream: Stream | None = None
        self._ladder: Ladder | None = None
        self._overview: Overview | None = None
        self._conversations: tuple[Conversation, ...] | None = None
        self._what = ""
        self._due = 0.0
        self._saving: str | None = None
        self._writer: CaptureWriter | None = None
        self._saved = 0
        self._save_problem = ""

    def descriptors(self) -> Sequence[int]:
        """The channels of the helper, of the one that is starting, and of what takes packets apart."""
        coming = None if self._coming is None else self._coming[0]
        clients = tuple(each.fileno() for each in (self._client, coming) if each is not None)
        return (*clients, *self._dissector.descriptors())

    def ask(self, request: Struct) -> None:
        """Take in what the pane wants."""
        if isinstance(request, Capture):
            self._change(request)
        elif isinstance(request, AskRows):
            self._asked = request
            self._look()
        elif isinstance(request, AskAbout):
            self._about(request)
        elif isinstance(request, AskOverview):
            self._what = request.what
            self._overview = self._conversations = None
            self._due = 0.0
        elif isinstance(request, SaveTo):
            self._save(request.path)
        elif isinstance(request, Halt):
            self._running = False
            if self._client is not None:
                self._client.send(messages.Halt())

    def collect(self) -> PacketsSnapshot:
        """Everything that the helper has said since."""
        if not self._begun and self._wanted is not None:
            self._begun = True
            self._client, self._left_out = self._started(self._capture)
            self._look()
        self._await()
        if self._client is not None:
            try:
                if self._what and time.monotonic() >= self._due:
                    self._due = time.monotonic() + _OVERVIEW_EVERY
                    self._client.send(Chosen(self._what))
                for message in self._client.messages() if self._client.waiting(0) else ():
                    self._take(message)
            except Unavailable as error:
                self._stop()
                self._problem = (str(error), error.advice)
        self._take_apart()
        rows = self._rows
        problem = self._problem if self._problem[0] else self._refusal
        return PacketsSnapshot(
            time=time.time(),
            host=os.uname().nodename,
            capture=self._capture,
            running=self._running,
            problem=problem[0],
            advice=problem[1],
            refused=not self._problem[0] and bool(self._refusal[0]),
            left_out=self._left_out,
            status=self._status,
            first=rows.first,
            total=rows.total,
            examined=rows.examined,
            filter=self._asked.filter,
            filter_problem=rows.error,
            rows=rows.packets,
            detail=self._detail,
            stream=self._stream,
            ladder=self._ladder,
            overview=self._overview,
            conversations=self._conversations,
            saving=self._saving,
            saved=self._saved,
            save_problem=self._save_problem,
        )

    # --- helpers

    def _change(self, capture: Capture) -> None:
        """Another capture, unless it is the one that there is or that is starting."""
        self._refusal = ("", "")
        if capture == self._wanted and self._begun:
            return
        self._wanted = capture
        self._forget_coming()
        if self._client is None:
            self._stop()
            self._reset(capture)
            self._begun = False
        else:
            self._coming = self._started(capture)

    def _await(self) -> None:
        """Let the capture that was asked for last take the place of the one before, once it has started."""
        if self._coming is None:
            return
        client, left_out = self._coming
        try:
            said = client.messages() if client.waiting(0) else []
        except Unavailable as error:
            self._forget_coming()
            self._refusal = (str(error), error.advice)
            self._wanted = self._capture
            return
        if any(isinstance(message, Started) for message in said):
            self._coming = None
            written, packets = self._saving, self._saved
            self._stop()
            self._reset(self._wanted or self._capture)
            if written is not None and not self._save_problem:
                self._save_problem = f"{written} ends with {packets} packets, since another capture has begun"
            self._client, self._left_out, self._running = client, left_out, True
            self._look()

    @staticmethod
    def _started(capture: Capture) -> tuple[CaptureClient, int]:
        """A helper, and how many connections it leaves out."""
        sessions = () if capture.with_own_session or capture.path is not None else own_sessions()
        client = CaptureClient(
            Config(
                interface=capture.interface,
                path=capture.path,
                expression=capture.expression,
                retire_ms=_RETIRE,
                sessions=tuple((each.local, each.local_port, each.remote, each.remote_port) for each in sessions),
            )
        )
        return client, len(sessions)

    def _reset(self, capture: Capture) -> None:
        """Nothing is known of this capture yet."""
        self._capture = capture
        self._problem = ("", "")
        self._rows = Rows(0, 0, 0, 0, (), Status())
        self._status = CaptureStatus()
        self._overview = self._conversations = None

    def _stop(self) -> None:
        self._running = False
        self._end_saving()
        if self._client is not None:
            self._client.close()
            self._client = None
        self._detail = self._apart = self._stream = self._ladder = None

    def _forget_coming(self) -> None:
        if self._coming is not None:
            self._coming[0].close()
            self._coming = None

    def _look(self) -> None:
        self._serial += 1
        if self._client is not None:
            asked = self._asked
            self._client.send(Look(self._serial, asked.count, asked.first, asked.filter))

    def _about(self, asked: AskAbout) -> None:
        self._detail = self._apart = self._stream = self._ladder = None
        if self._client is not None:
            self._client.send(Select(self._serial, asked.number, asked.what == "stream", asked.what == "ladder"))

    def _take(self, message: object) -> None:
        if isinstance(message, Started):
            self._running = True
        elif isinstance(message, Rows):
            if message.serial == self._serial:
                self._rows = message
            self._status = message.status
        elif isinstance(message, Status):
            self._status = message
        elif isinstance(message, Details):
            if message.packet is not None:
                self._apart = Detail(message.packet, message.data, None)
                if not self._dissector.begin(message.link, message.data):
                    self._detail = self._apart
        elif isinstance(message, StreamOf):
            self._stream = message.stream
        elif isinstance(message, LadderOf):
            self._ladder = message.ladder
        elif isinstance(message, Statistics):
            self._overview = message.overview
        elif isinstance(message, Conversations):
            self._conversations = message.rows
        elif isinstance(message, Saved):
            self._write(message)
        elif isinstance(message, Ended):
            self._status = message.status
            self._running = False

    def _take_apart(self) -> None:
        """Add the layers of the packet that somebody looks at, once they are there."""
        layers = self._dissector.taken()
        if layers is not None and self._apart is not None:
            self._detail = replace(self._apart, layers=layers)
            self._apart = None

    # --- saving

    def _save(self, path: str | None) -> None:
        self._end_saving()
        self._save_problem = ""
        self._saved = 0
        if path is None or self._client is None:
            return
        if path == "-":
            self._save_problem = "Standard output is the screen; give the name of a file"
            return
        if os.path.isfile(path):  # devices and pipes are there to be written to
            self._save_problem = f"{path} is there already; choose another name"
            return
        self._saving = path
        self._client.send(Save(Saving(".pcapng" in os.path.basename(path).lower())))

    def _write(self, message: Saved) -> None:
        if self._saving is None:
            return
        try:
            if self._writer is None:
                self._writer = CaptureWriter(self._saving, 1, head=message.data if message.new_file else None)
                if message.new_file:
                    return
            self._writer.append(message.data, message.packets)
            self._writer.flush()
            self._saved = self._writer.packets
        except OSError as error:
            self._save_problem = _unwritten(self._saving, error, self._saved)
            self._end_saving()

    def _end_saving(self) -> None:
        if self._saving is not None and self._client is not None:
            self._client.send(Save(None))
        path, self._saving = self._saving, None
        writer, self._writer = self._writer, None
        if writer is not None:
            try:
                writer.close()
            except OSError as error:
                self._save_problem = self._save_problem or _unwritten(path, error, self._saved)

    def close(self) -> None:
        """End the helper, the one that is starting, and what takes packets apart."""
        self._dissector.close()
        self._forget_coming()
        self._stop()


def _unwritten(path: str | None, error: OSError, packets: int) -> str:
    return f"{path}: {error.strerror or error}{'; what was written is readable' if packets else ''}"
