"""The capturing helper: a process of its own that holds no privilege when it looks at the first byte.

It opens the ring (or the file), becomes nobody, keeps packets in bounded memory, indexes them and answers what the
screen's process asks. Whatever happens to it happens to it alone.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
import time
from importlib import import_module
from typing import Any

import msgspec

from pitop.collect.packets.capture import FileInput, RingInput, program_for
from pitop.collect.packets.finder import Found, start_finder
from pitop.collect.packets.handing import SLICE, WAITING_MOST, Printing, SavingToFile
from pitop.collect.packets.index import Index
from pitop.collect.packets.messages import (
    Channel,
    Chosen,
    Config,
    Conversations,
    Details,
    Ended,
    Finish,
    Halt,
    LadderOf,
    Look,
    Print,
    Problem,
    Rows,
    Save,
    Select,
    Started,
    Statistics,
    Status,
    StreamOf,
    Tell,
    ToHelper,
)
from pitop.collect.packets.sightings import Sightings
from pitop.collect.packets.store import PacketStore
from pitop.collect.packets.telling import Telling
from pitop.collect.packets.view import View
from pitop.kernel.packets.libpcap import BadFilter, LibpcapMissing
from pitop.kernel.packets.privileges import give_up
from pitop.kernel.packets.reader import CaptureFileError
from pitop.kernel.packets.ring import CaptureProblem, Ring
from pitop.model.filter import FilterError
from pitop.model.packets.conversation import conversation_of, ladder_of, stream_of
from pitop.model.packets.flows import Flow
from pitop.model.packets.frame import Frame
from pitop.model.packets.packet import Packet
from pitop.model.packets.row import Row
from pitop.model.packets.summary import Summary

__all__ = ["Helper", "main", "pace"]

_REST = 0.006  # seconds that it leaves to others after each slice while it is behind
_MEMORY = 3 << 30
_BLOCKS, _LIGHT_BLOCKS = 28, 16  # of the ring, a quarter of a MiB each; all of them stay in memory
_STATUS_EVERY = 0.5
_SHOWN_EVERY, _FLOOD_EVERY = 0.2, 1.0
_PATIENCE = 0.3  # seconds that printing and saving wait for the name of a process


def pace(new: int, lines: int) -> float:
    """Seconds between two looks that were not asked for, where so many packets have come since the one before.

    More than there are lines: nobody can read along, so they need not come as often.
    """
    return _FLOOD_EVERY if new > 2 * lines else _STATUS_EVERY if new > lines else _SHOWN_EVERY


class Helper:
    """The loop: packets first, then questions, then the index. `finder` is where the finder answers, if any does."""

    def __init__(
        self, channel: Channel, source: RingInput | FileInput, config: Config, finder: Channel | None = None
    ) -> None:
        self.channel = channel
        self.source = source
        self.config = config
        limit = config.limit_bytes if isinstance(source, RingInput) else 1 << 40
        self.store = PacketStore(limit)
        self.index = Index(self.store, self._opened, self._cookie, counted=not config.light)
        self.view = View(self.store, "")
        self.printing: Printing | None = None
        self.saving = None if config.saving is None else SavingToFile(self, config)
        self._poll = select.poll()
        self._told = 0.0
        self._look: Look | None = None
        self._shown: tuple[int, int, int, Look] | None = None
        self._blank = True  # whether the rows that were told last were none
        self.ended = False
        self.sightings = None if finder is None else Sightings(finder, self.index.flows)
        self.telling: Telling | None = None
        self._trouble = ""

    def run(self) -> None:
        """Until the other side has gone."""
        poll = self._poll
        poll.register(self.channel.fileno(), select.POLLIN)
        if self.sightings is not None and not self.config.light:  # there its words wait until packets come, or the turn
            poll.register(self.sightings.channel.fileno(), select.POLLIN)
        if isinstance(self.source, RingInput):
            poll.register(self.source.fileno(), select.POLLIN)
        busy = True
        while not self.channel.closed and not self.ended:
            out = select.POLLOUT if self.channel.waiting else 0
            poll.modify(self.channel.fileno(), select.POLLIN | out)
            rest = _REST * 1000 if isinstance(self.source, RingInput) else 0
            events = poll.poll(rest if busy else 250)
            if isinstance(self.source, RingInput):
                ring = self.source.fileno()
                if any(event & select.POLLERR for fd, event in events if fd == ring):
                    self.source.look_after()
                    time.sleep(0.05)
            if self.sightings is not None:
                self._take_found(self.sightings, poll)
            self.channel.flush()
            self.source.take(self.store)
            for message in self.channel.receive():
                self._answer(message)
            busy = self._work()
            self._tell()

    def _take_found(self, sightings: Sightings, poll: select.poll) -> None:
        """Take in what the finder has said; when it has gone, no process is found any more."""
        changed = sightings.take()
        if self.telling is not None:
            self.telling.learnt(changed)
        if sightings.channel.closed:
            if not self.config.light:
                poll.unregister(sightings.channel.fileno())
            self.sightings = None
            self._trouble = "what finds out whose packets are has ended; begin a new capture"
            sought = [flow for flow in self.index.flows.by_number.values() if flow.wanted]
            for flow in sought:
                flow.wanted = 0.0
            if self.telling is not None:
                self.telling.learnt(sought)

    def _cookie(self, summary: Summary, data: bytes) -> int:
        return 0 if self.sightings is None else self.sightings.cookie(summary, data)

    def _work(self) -> bool:
        """A slice of everything that lags; whether there is more."""
        busy = self._index_on()
        known = self.index.next
        busy |= self.view.go_on(SLICE, known)
        if self.printing is not None:
            busy |= self.printing.go_on()
        if self.saving is not None:
            busy |= self.saving.go_on()
        if self.telling is not None:
            busy |= self.telling.go_on()
        if isinstance(self.source, FileInput) and not self.source.ended:
            busy = True
        return busy

    def _index_on(self) -> bool:
        """Index, unless all that is wanted is a file of bare packets."""
        bare = self.saving is not None and not self.saving.needs_index
        if bare and self._look is None and self.printing is None:
            return False
        return self.index.go_on(SLICE)

    def status(self) -> Status:
        """All counts."""
        counts: dict[str, int] = {}
        self.source.count(counts)
        store = self.store
        return Status(
            **counts,
            captured=self.source.captured,
            octets=self.index.statistics.octets,
            first=store.first,
            next=store.next,
            stored_bytes=store.bytes,
            evicted=store.evicted,
            lag=self.index.lag,
            skipped=self.index.skipped,
            saved=0 if self.saving is None else self.saving.saved,
            unsaved=0 if self.saving is None else self.saving.lost,
            reading=self.source.reading,
            note=self.source.note or self._trouble,
        )

    def _tell(self) -> None:
        now = time.monotonic()
        if self._look is not None and self._look.count and self.channel.waiting < WAITING_MOST:
            shown = (self.store.next, self.index.next, self.view.examined, self._look)
            every = pace(0 if self._shown is None else self.store.next - self._shown[0], self._look.count)
            if self._blank and len(self.view):
                every = 0.0  # the first one is waited for
            if now - self._told >= every and (shown != self._shown or now - self._told >= _STATUS_EVERY):
                self._shown = shown
                self._told = now
                self._rows(self._look)
        elif self.telling is None and now - self._told >= _STATUS_EVERY:
            self._told = now
            self.source.look_after()
            self.channel.send(self.status())

    def _rows(self, look: Look) -> None:
        self.source.look_after()
        first, numbers = self.view.numbers(look.first, min(look.count, 1000))
        packets = self.view.packets(numbers)
        total = len(self.view)
        self._blank = not packets
        self.channel.send(Rows(look.serial, first, total, self.view.examined, packets, self.status()))

    def _opened(self, flow: Flow, summary: Summary, frame: Frame) -> None:
        """Ask whose a new flow is."""
        if self.sightings is not None and flow.transport in (6, 17):
            self.sightings.opened(flow, summary, frame)

    def _answer(self, message: Any) -> None:
        if isinstance(message, Look):
            self._looked(message)
        elif isinstance(message, Print):
            self.printing = Printing(self, message)
        elif isinstance(message, Tell):
            self.telling = Telling(self, message.every)
        elif isinstance(message, Select):
            self._selected(message)
        elif isinstance(message, Finish):
            self._finish()
        elif isinstance(message, Halt):
            self._halt()
        elif isinstance(message, Save):
            wanted = msgspec.structs.replace(self.config, saving=message.saving)
            self.saving = None if message.saving is None else SavingToFile(self, wanted)
        elif isinstance(message, Chosen):
            if message.what == "statistics":
                self.channel.send(Statistics(self.index.statistics.overview()))
            else:
                flows = sorted(self.index.flows.by_number.values(), key=lambda flow: -sum(flow.octets))[:1000]
                self.channel.send(Conversations(tuple(conversation_of(flow) for flow in flows)))

    def _looked(self, look: Look) -> None:
        if look.filter != self.view.text:
            try:
                self.view = View(self.store, look.filter)
            except FilterError as error:
                self.channel.send(Rows(look.serial, 0, 0, 0, (), self.status(), error.message))
                return
            self.view.go_on(SLICE, self.index.next)
        self._look = look
        self._told = 0.0
        self._shown = None

    def _selected(self, asked: Select) -> None:
        row = self.store.row(asked.number)
        if asked.stream or asked.ladder:
            chunk = self.store.chunk_of(asked.number)
            place = 0 if chunk is None else asked.number - chunk.first
            flow = None if chunk is None or place >= len(chunk.flows) else chunk.flows[place]
            rows = [] if flow is None else self._rows_of(flow)
            if asked.stream:
                self.channel.send(StreamOf(asked.serial, None if flow is None else stream_of(flow, rows)))
            if asked.ladder:
                self.channel.send(LadderOf(asked.serial, None if flow is None else ladder_of(flow, rows)))
            return
        if row is None:
            self.channel.send(Details(asked.serial, asked.number, None, b"", 0))
            return
        frame = row.frame
        self.channel.send(Details(asked.serial, asked.number, Packet.of(row), frame.data[:65536], frame.link))

    def _rows_of(self, flow: Flow) -> list[Row]:
        """The packets of a flow that are still there, 5,000 at most."""
        found: list[Row] = []
        for chunk in self.store.chunks:
            if chunk.first + chunk.frames.packets <= flow.first:
                continue
            for place, owner in enumerate(chunk.flows):
                if owner is flow:
                    row = self.store.row(chunk.first + place)
                    if row is not None:
                        found.append(row)
                    if len(found) >= 5000:
                        return found
        return found

    def _halt(self) -> None:
        """Give the ring back after a last look at it; the packets stay."""
        if isinstance(self.source, RingInput) and not self.source.ended:
            self._poll.unregister(self.source.fileno())
            self.source.halt(self.store, 3 * self.config.retire_ms / 1000)
            self._told = 0.0
            self._shown = None

    def _finish(self) -> None:
        """A last look at the ring; everything that is there is looked at and handed over, for two seconds at most."""
        self._halt()
        until = time.monotonic() + 2
        busy = True
        while busy and time.monotonic() < until and not self.channel.closed and not self.ended:
            busy = self._index_on()
            for worker in (self.printing, self.saving):
                if worker is not None:
                    worker.go_on()
                    busy |= worker.behind
            self.channel.flush()
            for message in self.channel.receive():
                if not isinstance(message, Finish):
                    self._answer(message)
            if busy and self.channel.waiting > WAITING_MOST // 2:
                select.select([], [self.channel.fileno()], [], 0.05)
        if not self.ended:
            self.end()

    def unsettled(self, number: int) -> bool:
        """Whether the process of a packet is still being looked for; no longer than a moment."""
        chunk = self.store.chunk_of(number)
        if chunk is None or number - chunk.first >= len(chunk.flows):
            return False
        flow = chunk.flows[number - chunk.first]
        return flow is not None and flow.wanted > 0 and time.monotonic() - flow.wanted < _PATIENCE

    def end(self, reason: str = "") -> None:
        """Say goodbye, and leave when it has been heard."""
        self.channel.send(Ended(self.status(), reason))
        until = time.monotonic() + 2
        while self.channel.waiting and not self.channel.closed and time.monotonic() < until:
            select.select([], [self.channel.fileno()], [], 0.1)
            self.channel.flush()
        self.ended = True


def _opened(config: Config) -> RingInput | FileInput:
    """The input, opened with whatever privilege there is. Raises CaptureProblem."""
    if config.path is not None:
        try:
            return FileInput(config.path)
        except CaptureFileError as error:
            raise CaptureProblem(str(error)) from None
        except OSError as error:
            raise CaptureProblem(f"{config.path}: {error.strerror or error}") from None
    try:
        program = program_for(config)
    except BadFilter as error:
        raise CaptureProblem(f"{error.message}\n  {error.expression}\n  {error.caret()}") from None
    except LibpcapMissing as error:
        raise CaptureProblem(str(error)) from None
    except FileNotFoundError:
        known = ", ".join(sorted(name for _, name in socket.if_nameindex()))
        raise CaptureProblem(f"there is no interface “{config.interface}”", f"There are: {known}.") from None
    blocks = _LIGHT_BLOCKS if config.light else _BLOCKS
    return RingInput(Ring(config.interface, program, blocks=blocks, retire_ms=config.retire_ms))


def main() -> int:
    """Run with the descriptor of the channel and the configuration as arguments."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = socket.socket(fileno=int(sys.argv[1]))
    channel = Channel(connection, ToHelper)
    config = msgspec.json.decode(sys.argv[2].encode(), type=Config)
    # Before the privileges go: nobody in particular may not be allowed to read what an expression is parsed with.
    import_module("pitop.model.filter.parser")
    finder: Channel | None = None
    if config.path is None:
        finder = Channel(start_finder(config, [connection.fileno()]), Found)
    try:
        source = _opened(config)
    except CaptureProblem as problem:
        channel.send(Problem(str(problem), problem.advice))
        _drain(channel)
        return 1
    # Millions of small tuples come and go, none of them in circles: looking for those would keep answers waiting.
    gc.freeze()
    gc.disable()
    try:
        give_up(_MEMORY, files=config.path is not None)
    except OSError as error:
        source.close()
        channel.send(Problem(f"privileges could not be given up: {error}", "Nothing is captured with them."))
        _drain(channel)
        return 1
    channel.send(Started(os.getuid()))
    try:
        Helper(channel, source, config, finder).run()
    except MemoryError:
        channel.send(Problem("the capturing helper ran out of memory", "Start it again."))
        _drain(channel)
    finally:
        source.close()
    return 0


def _drain(channel: Channel) -> None:
    until = time.monotonic() + 1
    while channel.waiting and not channel.closed and time.monotonic() < until:
        select.select([], [channel.fileno()], [], 0.1)
        channel.flush()


if __name__ == "__main__":
    sys.exit(main())
