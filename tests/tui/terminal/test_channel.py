"""Writes that never wait."""

from __future__ import annotations

import os
import pty
import threading
import time
import tty
from collections.abc import Iterator

import pytest

from pitop.tui.terminal.channel import Channel


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    master, slave = pty.openpty()
    tty.setraw(slave)
    yield master, slave
    for end in (master, slave):
        try:
            os.close(end)
        except OSError:
            pass


def test_what_the_terminal_does_not_take_is_kept_in_order(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    watched: list[bool] = []
    channel = Channel(slave, watched.append)
    pieces = [bytes([65 + number % 26]) * 1000 for number in range(300)]
    for piece in pieces:
        channel.write(piece)  # 300 kB into a terminal that nobody reads: this returns
    assert channel.backlog > 100_000
    assert watched == [True]
    read = bytearray()
    while len(read) < 300_000:
        read += os.read(master, 65536)
        if channel.backlog:
            channel.resume()
    assert read == b"".join(pieces)
    assert watched[-1] is False


def test_the_shells_descriptor_stays_blocking(terminal: tuple[int, int]) -> None:
    _, slave = terminal
    Channel(slave, lambda on: None)
    assert os.get_blocking(slave)


def test_what_is_left_is_drained_at_the_end(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    channel = Channel(slave, lambda on: None)
    channel.write(b"x" * 200_000)
    read = bytearray()

    def reader() -> None:
        while len(read) < 200_000:
            read.extend(os.read(master, 65536))

    thread = threading.Thread(target=reader)
    thread.start()
    channel.drain(20)
    thread.join(20)
    assert len(read) == 200_000
    assert not channel.backlog


def test_a_terminal_that_takes_nothing_does_not_hold_up_the_end(terminal: tuple[int, int]) -> None:
    _, slave = terminal
    channel = Channel(slave, lambda on: None)
    channel.write(b"x" * 200_000)
    start = time.monotonic()
    channel.drain(0.05)
    assert time.monotonic() - start < 5
    assert not channel.backlog


def test_a_terminal_that_is_gone_is_written_to_in_vain(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    channel = Channel(slave, lambda on: None)
    os.close(master)
    channel.write(b"x")
    channel.write(b"y")
    assert not channel.backlog


def test_what_is_no_terminal_is_refused() -> None:
    read, write = os.pipe()
    with pytest.raises(OSError, match="ioctl"):
        Channel(write, lambda on: None)
    os.close(read)
    os.close(write)
