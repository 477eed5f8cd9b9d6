"""The index: the same words and numbers as packet by packet, however fast it goes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitop.collect.packets.capture import FileInput
from pitop.collect.packets.index import Index
from pitop.collect.packets.recorded import frames_of, rows_of
from pitop.collect.packets.store import PacketStore
from pitop.kernel.packets.writer import CaptureWriter
from pitop.model.packets import analysis
from pitop.model.packets.analysis import Analysis
from pitop.model.packets.frame import Frame
from pitop.model.packets.owners import owner_comment
from pitop.model.packets.row import Owner
from pitop.model.packets.summary import Summary

CAPTURES = sorted(path for path in (Path(__file__).parents[2] / "data" / "packets").iterdir() if path.suffix != ".txt")


@contextlib.contextmanager
def stored(path: Path) -> Iterator[PacketStore]:
    source = FileInput(str(path))
    try:
        store = PacketStore(1 << 40)
        while source.reading:
            source.take(store)
        yield store
    finally:
        source.close()


@contextlib.contextmanager
def indexed(path: Path) -> Iterator[PacketStore]:
    with stored(path) as store:
        index = Index(store, lambda flow, summary, frame: None)
        limit = time.monotonic() + 30
        while index.go_on(0.001):
            assert time.monotonic() < limit
        yield store


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_it_says_what_reading_row_by_row_says(path: Path) -> None:
    expected = list(rows_of(frames_of(str(path))))
    with indexed(path) as store:
        assert store.next - 1 == len(expected)
        for row in expected:
            found = store.row(row.number)
            assert found is not None
            assert (found.frame, found.line, found.trouble) == (row.frame, row.line, row.trouble)


def test_a_files_notes_name_the_processes(tmp_path: Path) -> None:
    path = tmp_path / "named.pcapng"
    frames = list(frames_of(str(CAPTURES[0])))[:3]
    with CaptureWriter(str(path), 1) as writer:
        for frame in frames:
            writer.write(frame._replace(comment=owner_comment(Owner(4711, "wget"))))
    with indexed(path) as store:
        row = store.row(2)
        assert row is not None
        assert (row.process, row.pid) == ("wget", 4711)


segments = st.builds(
    lambda there, flags, sequence, ack, window, size: Summary(
        "TCP", b"\1\1\1\1" if there else b"\2\2\2\2", b"\2\2\2\2" if there else b"\1\1\1\1",
        1000 if there else 80, 80 if there else 1000, 6, flags, sequence, ack, window, 54, size, 14, 64,
    ),
    st.booleans(), st.sampled_from([0x10, 0x10, 0x10, 0x18, 0x02, 0x12, 0x11, 0x04, 0x14]),
    st.sampled_from([0, 1, 2, 11, 12, 21, 0xFFFFFFFF]), st.sampled_from([0, 1, 2, 11, 12, 21, 0xFFFFFFFF]),
    st.sampled_from([0, 10, 20, 500]), st.sampled_from([0, 0, 1, 10, 20]),
)  # fmt: skip


@given(st.lists(st.tuples(segments, st.sampled_from([None, 0, 2]), st.floats(0, 0.01)), max_size=40))
def test_the_short_way_for_healthy_segments_says_what_the_long_one_says(
    steps: list[tuple[Summary, int | None, float]],
) -> None:
    def judged(short: bool) -> list[tuple[str, ...]]:
        with pytest.MonkeyPatch.context() as patch:
            if not short:
                patch.setattr(analysis, "_healthy", lambda *words: False)
            judge = Analysis().judge
            moment = 0.0
            words = []
            for segment, scale, pause in steps:
                moment += pause
                words.append(judge(segment, moment, scale))
            return words

    assert judged(short=True) == judged(short=False)


def test_frames_are_read_in_stretches_as_they_are_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "many.pcap"
    with CaptureWriter(str(path), 1) as writer:
        for number in range(2500):
            writer.write(Frame(number, number * 1000, 1, 100, bytes([number % 251]) * (number % 100)))
    with stored(path) as store:
        for chunk in store.chunks:
            count = chunk.frames.packets
            assert list(chunk.frames.between(0, count)) == [chunk.frames.frame(place) for place in range(count)]
