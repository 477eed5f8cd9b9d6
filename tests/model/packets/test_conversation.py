"""Streams put together from segments that came early, late, twice or not at all; ladders."""

from __future__ import annotations

import random
import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from pitop.model.packets.conversation import ladder_of, stream_of
from pitop.model.packets.flows import Flow, Flows
from pitop.model.packets.frame import Frame
from pitop.model.packets.row import Row

A, B = b"\x0a\0\0\x01", b"\x0a\0\0\x02"


def row(number: int, forward: bool, flags: int, sequence: int, payload: bytes = b"", ack: int = 1) -> Row:
    source, destination, ports = (A, B, (4000, 80)) if forward else (B, A, (80, 4000))
    tcp = struct.pack("!HHIIBBHHH", *ports, sequence & 0xFFFFFFFF, ack, 0x50, flags, 500, 0, 0) + payload
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, source, destination)
    data = header + tcp
    return Row(number, Frame(number, 0, 101, len(data), data))


def flow_of(rows: list[Row]) -> Flow:
    flows = Flows()
    found = [flows.enter(each.summary, each.time, each.length, each.number)[0] for each in rows]
    assert found[0] is not None
    assert all(each is found[0] for each in found)
    return found[0]


def said(rows: list[Row], forward: bool = True) -> bytes:
    stream = stream_of(flow_of(rows), rows)
    return b"".join(bytes(piece.missing) + piece.data for piece in stream.pieces if piece.forward is forward)


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=1, max_size=400), st.integers(0, 0xFFFFFFFF), st.integers(1, 60), st.randoms())
def test_any_order_with_repetitions_gives_what_was_sent(
    content: bytes, start: int, step: int, chance: random.Random
) -> None:
    pieces = [(at, content[at : at + step]) for at in range(0, len(content), step)]
    pieces += chance.sample(pieces, min(3, len(pieces)))
    chance.shuffle(pieces)
    rows = [row(1, True, 0x02, start)]
    rows += [row(n, True, 0x18, start + 1 + at, data) for n, (at, data) in enumerate(pieces, 2)]
    assert said(rows) == content


def test_a_hole_is_told_with_its_size() -> None:
    rows = [row(1, True, 0x02, 0), row(2, True, 0x18, 1, b"abc"), row(3, True, 0x18, 9, b"xyz")]
    stream = stream_of(flow_of(rows), rows)
    assert [(piece.data, piece.missing) for piece in stream.pieces] == [(b"abc", 0), (b"xyz", 5)]


def test_both_sides_stand_in_the_order_in_which_they_spoke() -> None:
    rows = [
        row(1, True, 0x02, 0), row(2, False, 0x12, 0), row(3, True, 0x18, 1, b"question"),
        row(4, False, 0x18, 1, b"ans"), row(5, False, 0x18, 4, b"wer"), row(6, True, 0x18, 9, b"thanks"),
    ]  # fmt: skip
    stream = stream_of(flow_of(rows), rows)
    assert (stream.a, stream.b) == ("10.0.0.1:4000", "10.0.0.2:80")
    assert [(piece.forward, piece.data) for piece in stream.pieces] == [
        (True, b"question"), (False, b"answer"), (True, b"thanks"),
    ]  # fmt: skip


def test_more_than_a_megabyte_is_cut() -> None:
    rows = [row(1, True, 0x02, 0)]
    rows += [row(n, True, 0x18, 1 + (n - 2) * 60000, bytes(60000)) for n in range(2, 40)]
    stream = stream_of(flow_of(rows), rows)
    assert stream.cut
    assert sum(len(piece.data) for piece in stream.pieces) < (1 << 20) + 60001


def test_a_flow_begins_with_whom_the_handshake_says() -> None:
    flow = flow_of([row(1, False, 0x12, 0), row(2, True, 0x10, 1)])
    assert (flow.a, flow.b) == (A, B)


def test_a_ladder_counts_from_the_start_of_the_connection() -> None:
    rows = [row(1, True, 0x02, 7000), row(2, False, 0x12, 90, ack=7001), row(3, True, 0x18, 7001, b"abc", ack=91)]
    ladder = ladder_of(flow_of(rows), rows)
    assert [(arrow.forward, arrow.flags, arrow.sequence, arrow.ack, arrow.size) for arrow in ladder.arrows] == [
        (True, "S", 0, None, 0), (False, "S.", 0, 1, 0), (True, "P.", 1, 1, 3),
    ]  # fmt: skip
    assert [arrow.since for arrow in ladder.arrows] == [0.0, 1.0, 1.0]
