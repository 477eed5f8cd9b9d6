"""Lines against those that tcpdump printed of the same captures, and against whatever bytes there can be."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitop.kernel.packets.reader import CaptureFile
from pitop.model.packets.dissection import SequenceBook
from pitop.model.packets.frame import Frame
from pitop.model.packets.line import packet_line
from pitop.model.packets.links import LINKS
from pitop.model.packets.row import Row
from pitop.render.packets import packet_text

DATA = Path(__file__).parents[2] / "data" / "packets"
CAPTURES = sorted(path for path in DATA.iterdir() if path.suffix in (".pcap", ".pcapng"))


def frames(path: Path) -> list[Frame]:
    with CaptureFile(str(path)) as file:
        return list(file)


@pytest.fixture
def greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "GMT0")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_lines_are_those_of_tcpdump(path: Path, greenwich: None) -> None:
    expected = Path(f"{path}.txt").read_text().splitlines()
    book = SequenceBook()
    lines = [packet_text(Row(number, frame), book) for number, frame in enumerate(frames(path), 1)]
    assert "\n".join(lines).splitlines() == expected


def test_numbers_become_relative_after_the_first_acknowledgement() -> None:
    lines = (DATA / "ssh.pcap.txt").read_text().splitlines()
    assert "Flags [S], seq 4082233688" in lines[0]
    assert "Flags [P.], seq 1:22, ack 1" in lines[3]


def test_the_oldest_connection_is_forgotten_when_there_are_too_many() -> None:
    book = SequenceBook(limit=2)
    for port in (1, 2, 3):
        book.relative(b"aaaa", b"bbbb", (port, 80), 0x10, 1000, 2000)
    assert book.relative(b"aaaa", b"bbbb", (3, 80), 0x10, 1001, 2001)[:2] == (1, 2)
    assert book.relative(b"aaaa", b"bbbb", (1, 80), 0x10, 1001, 2001)[:2] == (1001, 2001)


@pytest.mark.parametrize("captured", [0, 1, 13, 14, 20, 33, 34, 40, 53, 54, 60])
def test_a_cut_packet_says_so(captured: int) -> None:
    whole = frames(DATA / "ssh.pcap")[0]
    line = packet_line(whole.data[:captured], whole.link, whole.length)
    if captured == 0:
        assert line == "[Invalid header: caplen==0]"
    else:
        assert "[|" in line


def test_an_unknown_link_type_is_named() -> None:
    assert packet_line(b"\x01\x02", 195).splitlines()[0] == "IEEE802_15_4, length 2"
    assert packet_line(b"\x01\x02", 9999).splitlines()[0] == "link type 9999, length 2"


@pytest.mark.parametrize(
    ("data", "length", "reason"),
    [
        (b"", 0, "[Invalid header: caplen==0, len==0]"),
        (b"abc", 2, "[Invalid header: len(2) < caplen(3)]"),
        (b"abc", 300000, "[Invalid header: len(300000) > 262144]"),
    ],
)
def test_sizes_that_cannot_be(data: bytes, length: int, reason: str) -> None:
    assert packet_line(data, 1, length) == reason


def test_packets_inside_packets_end() -> None:
    inner = b""
    for _ in range(2000):
        size = len(inner) + 20
        if size > 65000:
            break
        inner = (
            bytes.fromhex("4500")
            + size.to_bytes(2, "big")
            + bytes.fromhex("0000000040040000 7f000001 7f000002")
            + inner
        )
    line = packet_line(inner, 101)
    assert line.endswith("[|ip]")
    assert len(line) < 10_000


def test_a_name_that_points_in_circles_ends() -> None:
    message = bytes.fromhex("000085800001000100000000 c00c 00010001 c00c 0005 0001 00000000 0002 c00c")
    packet = bytes.fromhex("4500 0044 0000 0000 4011 0000 01010101 02020202 0035 0035 0030 0000") + message
    assert "<BAD PTR>" in packet_line(packet, 101)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([*LINKS, 4711]), st.binary(min_size=1, max_size=600), st.integers(0, 2000))
def test_any_bytes_make_a_line(link: int, data: bytes, more: int) -> None:
    line = packet_line(data, link, len(data) + more)
    assert line
    assert Row(1, Frame(0, 0, link, len(data) + more, data)).protocol


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_packets_make_a_line(data: st.DataObject) -> None:
    frame = data.draw(st.sampled_from(_SEEDS))
    damaged = bytearray(frame.data)
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(damaged)))
    row = Row(1, Frame(0, 0, frame.link, max(frame.length, cut), bytes(damaged[:cut])))
    assert row.line
    assert row.protocol
    _ = row.source, row.dns_name, row.http_request, row.tls_server_name, row.tcp_flags


_SEEDS = [frame for path in CAPTURES for frame in frames(path)]


@pytest.mark.parametrize(
    ("link", "content", "line"),
    [
        # Lines of tcpdump 4.99 for the same bytes.
        (
            107,
            "48e186dd6e00000000245901fe800000000000000000000000000003fe800000000000000000000000000002"
            "0301002403030303000000008e9b0000" + "00" * 20,
            "IP6 fe80::3 > fe80::2: OSPFv3, Hello, length 36",
        ),
        (1, "ffffffffffff68a3c4f4841e88a21000ffffff01" + "00" * 40, "AoE length 46, Ver 1, Flags: [none]"),
        (1, "ffffffffffff68a3c4f4841e88a21800ffffff01" + "00" * 40, "AoE length 46, Ver 1, Flags: [Response]"),
    ],
)
def test_what_has_no_capture_of_its_own(link: int, content: str, line: str) -> None:
    data = bytes.fromhex(content)
    assert packet_line(data, link, len(data), SequenceBook()) == line
