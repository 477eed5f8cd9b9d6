"""Capture filters through libpcap."""

from __future__ import annotations

from pathlib import Path

import pytest

from pitop.kernel.packets import libpcap
from pitop.kernel.packets.libpcap import BadFilter, LibpcapMissing, compile_capture_filter
from pitop.kernel.packets.reader import CaptureFile

SSH = Path(__file__).parents[2] / "data" / "packets" / "ssh.pcap"


def test_a_filter_chooses() -> None:
    with CaptureFile(str(SSH)) as file:
        frames = list(file)
    syn = compile_capture_filter("tcp[tcpflags] & tcp-syn != 0", 1)
    assert [n for n, frame in enumerate(frames) if syn.matches(frame.data, frame.length)] == [0, 1]
    assert not any(compile_capture_filter("udp", 1).matches(frame.data, frame.length) for frame in frames)


@pytest.mark.parametrize(
    ("expression", "position", "length"),
    [("tcp prt 22", 4, 3), ("host", 4, 1), ("port 53 and", 11, 1), ("(tcp", 4, 1), ("tcp and xyzzy", 8, 5)],
)
def test_the_fault_is_pointed_at(expression: str, position: int, length: int) -> None:
    with pytest.raises(BadFilter) as caught:
        compile_capture_filter(expression, 1)
    assert (caught.value.position, caught.value.length) == (position, length)
    assert caught.value.caret() == " " * position + "^" * length


def test_a_missing_library_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise OSError(name)

    libpcap._library.cache_clear()
    monkeypatch.setattr(libpcap.ctypes, "CDLL", absent)
    try:
        with pytest.raises(LibpcapMissing, match=r"libpcap0\.8"):
            compile_capture_filter("tcp", 1)
    finally:
        monkeypatch.undo()
        libpcap._library.cache_clear()
