"""Capture files: formats, compression, damage, what a full disk leaves behind."""

from __future__ import annotations

import contextlib
import gzip
import os
import stat
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitop.kernel.packets.reader import CaptureFile, CaptureFileError
from pitop.kernel.packets.writer import CaptureWriter, Ring
from pitop.model.packets.frame import Frame

DATA = Path(__file__).parents[2] / "data" / "packets"
SSH = DATA / "ssh.pcap"


def read(path: Path | str) -> list[Frame]:
    with CaptureFile(str(path)) as file:
        return list(file)


def collect(file: CaptureFile, into: list[Frame]) -> None:
    for frame in file:
        into.append(frame)  # noqa: PERF402 - what came before an error must be kept


def write(path: Path, frames: list[Frame], **options: object) -> None:
    with CaptureWriter(str(path), 1, **options) as writer:  # type: ignore[arg-type]
        for frame in frames:
            writer.write(frame)


@pytest.mark.parametrize(
    "name", ["a.pcap", "a.pcapng", "a.pcap.gz", "a.pcapng.gz", "a.pcap.zst", "a.pcapng.zst", "noending"]
)
def test_what_is_written_is_read(tmp_path: Path, name: str) -> None:
    frames = read(SSH)
    write(tmp_path / name, frames)
    assert [frame[:5] for frame in read(tmp_path / name)] == [frame[:5] for frame in frames]
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_tcpdump_reads_what_is_written(tmp_path: Path, peer: Callable[[str], str]) -> None:
    tcpdump = peer("tcpdump")
    for name in ("a.pcap", "a.pcapng"):
        write(tmp_path / name, read(SSH))
        lines = subprocess.run(
            [tcpdump, "-n", "-r", str(tmp_path / name)],
            capture_output=True, text=True, env={**os.environ, "TZ": "GMT0"}, check=True,
        ).stdout  # fmt: skip
        assert lines == (DATA / "ssh.pcap.txt").read_text()


def test_pcapng_keeps_interface_direction_note_and_nanoseconds(tmp_path: Path) -> None:
    frames = [
        Frame(1_700_000_000, 123_456_789, 1, 60, b"x" * 60, "eth0", True, "process wget pid 4711"),
        Frame(1_700_000_001, 1, 113, 70, b"y" * 33, "wlan0", False, None),
    ]
    write(tmp_path / "a.pcapng", frames)
    assert read(tmp_path / "a.pcapng") == frames


def test_two_link_types_do_not_fit_into_pcap(tmp_path: Path) -> None:
    with CaptureWriter(str(tmp_path / "a.pcap"), 1) as writer, pytest.raises(OSError, match="pcapng"):
        writer.write(Frame(0, 0, 113, 1, b"x"))


def test_nanosecond_and_swapped_files_are_read(tmp_path: Path) -> None:
    for order in "<>":
        path = tmp_path / f"n{ord(order)}.pcap"
        header = struct.pack(order + "IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1)
        path.write_bytes(header + struct.pack(order + "IIII", 7, 999_999_999, 3, 9) + b"abc")
        assert read(path) == [Frame(7, 999_999_999, 1, 9, b"abc")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"abc", "too short"),
        (b"hello world, this is no capture", "not a pcap"),
        (SSH.read_bytes()[:20], "header is cut"),
        (gzip.compress(SSH.read_bytes())[:200], "end"),
    ],
)
def test_what_is_no_capture_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(CaptureFileError, match=words):
        read(path)


def test_a_file_cut_in_a_packet_gives_what_was_before(tmp_path: Path) -> None:
    path = tmp_path / "cut.pcap"
    path.write_bytes(SSH.read_bytes()[:-5])
    seen: list[Frame] = []
    with CaptureFile(str(path)) as file, pytest.raises(CaptureFileError, match="cut"):
        collect(file, seen)
    assert seen == read(SSH)[:-1]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["pcap", "pcapng"]), st.data())
def test_damaged_files_end_in_order(tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / f"a.{kind}"
    write(path, read(SSH)[:5])
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    seen: list[Frame] = []
    with contextlib.suppress(CaptureFileError), CaptureFile(str(path)) as file:
        collect(file, seen)
    assert len(seen) <= 5


def test_a_ring_keeps_the_newest_files(tmp_path: Path) -> None:
    frames = [Frame(n, 0, 1, 100, bytes(100)) for n in range(40)]
    with CaptureWriter(str(tmp_path / "r.pcap"), 1, ring=Ring(size_bytes=1000, files=3)) as writer:
        for frame in frames:
            writer.write(frame)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 3
    kept = [frame.seconds for name in names for frame in read(tmp_path / name)]
    assert kept == list(range(40))[-len(kept) :]
    assert all((tmp_path / name).stat().st_size <= 1000 for name in names)


def fill(writer: CaptureWriter, written: list[int]) -> None:
    for n in range(100_000):
        writer.write(Frame(n, 0, 1, 1000, bytes([n % 256]) * 1000))
        writer.flush()
        written.append(n)


def test_what_was_written_before_the_disk_was_full_stays_readable(tmp_path: Path, root: None) -> None:
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "none", str(place)], check=True)
    try:
        for name in ("full.pcap", "full.pcapng"):
            path = place / name
            writer = CaptureWriter(str(path), 1)
            written: list[int] = []
            with pytest.raises(OSError, match="No space"):
                fill(writer, written)
            writer.close()
            assert len(written) > 50
            assert [frame.seconds for frame in read(path)] == written
            path.unlink()
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_no_link_is_followed_when_a_file_is_made(tmp_path: Path) -> None:
    (tmp_path / "link.pcap").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        CaptureWriter(str(tmp_path / "link.pcap"), 1)
    assert not (tmp_path / "elsewhere").exists()


class _Screen:
    """What Textual puts in sys.stdout's place: something without bytes underneath."""


@pytest.mark.parametrize("name", ["a.pcap", "a.pcapng.gz", "a.pcap.zst"])
def test_it_writes_where_standard_output_is_a_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("sys.stdout", _Screen())
    frames = read(SSH)[:5]
    with CaptureWriter(str(tmp_path / name), 1) as writer:
        for frame in frames:
            writer.write(frame)
    assert [frame.data for frame in read(tmp_path / name)] == [frame.data for frame in frames]
