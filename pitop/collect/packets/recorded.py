"""Rows of a capture file, one after the other, in constant memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import BinaryIO

from pitop.collect.collector import Unavailable
from pitop.kernel.packets.libpcap import BadFilter, CompiledFilter, LibpcapMissing, compile_capture_filter
from pitop.kernel.packets.privileges import give_up
from pitop.kernel.packets.reader import CaptureFile, CaptureFileError, open_raw
from pitop.model.packets.analysis import Analysis, window_scale
from pitop.model.packets.dissection import SequenceBook
from pitop.model.packets.frame import Frame
from pitop.model.packets.owners import owner_of_comment
from pitop.model.packets.row import Base, Row

__all__ = ["bare_rows_of", "filter_frames", "frames_of", "leave_root", "opened", "rows_of"]

_SYN = 0x02
_MEMORY = 4 << 30  # bytes that reading a file without privileges may take


def opened(path: str) -> BinaryIO:
    """The file, not looked into yet. Raises Unavailable when it cannot be opened."""
    try:
        return open_raw(path)
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror or error}") from None


def leave_root() -> None:
    """Where we are root: be so no more, for good, before the first byte of a capture is looked at."""
    if os.geteuid() == 0:
        give_up(_MEMORY, files=True, hurried=False)


def frames_of(path: str, raw: BinaryIO | None = None) -> Iterator[Frame]:
    """The packets of a file. Raises Unavailable when it cannot be opened or is no capture, also half-way through."""
    try:
        with CaptureFile(path, raw) as file:
            yield from file
    except CaptureFileError as error:
        raise Unavailable(str(error)) from None
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror or error}") from None


def filter_frames(frames: Iterator[Frame], expression: str) -> Iterator[Frame]:
    """Those that a capture filter lets pass. Raises Unavailable with the place of the fault."""
    compiled: dict[int, CompiledFilter] = {}
    for frame in frames:
        program = compiled.get(frame.link)
        if program is None:
            try:
                program = compiled[frame.link] = compile_capture_filter(expression, frame.link)
            except BadFilter as error:
                raise Unavailable(f"{error.message}\n  {error.expression}\n  {error.caret()}") from None
            except LibpcapMissing as error:
                raise Unavailable(str(error)) from None
        if program.matches(frame.data, frame.length):
            yield frame


def bare_rows_of(frames: Iterator[Frame]) -> Iterator[Row]:
    """Rows of which nothing is wanted but their frames: much faster."""
    for number, frame in enumerate(frames, 1):
        yield Row(number, frame, owner=owner_of_comment(frame.comment))


def rows_of(frames: Iterator[Frame], keep: Callable[[Row], bool] | None = None) -> Iterator[Row]:
    """Rows with their numbers, connections and what is wrong with them; `keep` chooses."""
    book = SequenceBook()
    analysis = Analysis()
    start = previous = None
    for number, frame in enumerate(frames, 1):
        moment = frame.time
        start = moment if start is None else start
        row = Row(
            number,
            frame,
            owner=owner_of_comment(frame.comment),
            since_start=moment - start,
            since_previous=0.0 if previous is None else moment - previous,
        )
        previous = moment
        summary = row.summary
        row.base = Base.of(book, summary)
        if summary.transport == 6:
            scale = window_scale(frame.data, summary) if summary.flags & _SYN else None
            row.trouble = analysis.judge(summary, moment, scale)
        if keep is None or keep(row):
            yield row
