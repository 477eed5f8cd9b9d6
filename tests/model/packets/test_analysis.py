"""What is said of TCP connections: each word by a conversation that has earned it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pitop.model.packets.analysis import WORDS, Analysis
from pitop.model.packets.summary import Summary

CLIENT, SERVER = b"\x0a\0\0\x01", b"\x0a\0\0\x02"
Packet = tuple[float, str, str, int, int, int, int]  # time, side, flags, sequence, ack, size, window


def summary(packet: Packet) -> Summary:
    _, side, flags, sequence, ack, size, window = packet
    bits = sum({"F": 1, "S": 2, "R": 4, "P": 8, ".": 16}[letter] for letter in flags)
    ends = (CLIENT, SERVER, 40000, 80) if side == "c" else (SERVER, CLIENT, 80, 40000)
    return Summary("TCP", *ends, 6, bits, sequence & 0xFFFFFFFF, ack & 0xFFFFFFFF, window, 54, size, 14, 64)


def words(packets: Sequence[Packet], scale: int = 0) -> list[tuple[str, ...]]:
    analysis = Analysis()
    return [analysis.judge(summary(packet), packet[0], scale if "S" in packet[2] else None) for packet in packets]


def opened(base: int = 1000) -> list[Packet]:
    """A handshake: the client's next number is base + 1, the server's 5001."""
    return [
        (0.0, "c", "S", base, 0, 0, 500),
        (0.1, "s", "S.", 5000, base + 1, 0, 500),
        (0.2, "c", ".", base + 1, 5001, 0, 500),
    ]


@pytest.mark.parametrize("base", [1000, 0xFFFFFF00])
def test_a_healthy_connection_is_not_commented(base: int) -> None:
    said = words(
        [
            *opened(base),
            (0.3, "c", "P.", base + 1, 5001, 300, 500),
            (0.4, "s", ".", 5001, base + 301, 0, 500),
            (0.5, "s", "P.", 5001, base + 301, 900, 500),
            (0.6, "c", ".", base + 301, 5901, 0, 500),
            (0.7, "c", "F.", base + 301, 5901, 0, 500),
            (0.8, "s", "F.", 5901, base + 302, 0, 500),
            (0.9, "c", ".", base + 302, 5902, 0, 500),
        ]
    )
    assert said == [()] * 10


@pytest.mark.parametrize(
    ("packets", "word"),
    [
        ([(1.0, "c", "P.", 1001, 5001, 100, 500), (1.5, "c", "P.", 1001, 5001, 100, 500)], "tcp retransmission"),
        (
            [
                (1.0, "c", "P.", 1001, 5001, 100, 500), (1.0, "c", "P.", 1201, 5001, 100, 500),
                (1.1, "s", ".", 5001, 1101, 0, 500), (1.11, "s", ".", 5001, 1101, 0, 500),
                (1.12, "s", ".", 5001, 1101, 0, 500), (1.125, "c", "P.", 1101, 5001, 100, 500),
            ],
            "tcp fast retransmission",
        ),
        (
            [
                (1.0, "c", "P.", 1001, 5001, 100, 500), (1.1, "s", ".", 5001, 1101, 0, 500),
                (1.5, "c", "P.", 1001, 5001, 100, 500),
            ],
            "tcp spurious retransmission",
        ),
        ([(1.0, "c", "P.", 1101, 5001, 100, 500), (1.001, "c", "P.", 1001, 5001, 50, 500)], "tcp out-of-order"),
        ([(1.0, "s", ".", 5001, 1001, 0, 500), (1.1, "s", ".", 5001, 1001, 0, 500)], "tcp dup ack"),
        ([(1.0, "c", "P.", 1101, 5001, 100, 500)], "tcp previous segment not captured"),
        ([(1.0, "s", ".", 5001, 1101, 0, 500)], "tcp acked unseen segment"),
        ([(1.0, "s", ".", 5001, 1001, 0, 0)], "tcp zero window"),
        ([(1.0, "s", ".", 5001, 1001, 0, 0), (1.5, "c", ".", 1001, 5001, 1, 500)], "tcp zero window probe"),
        (
            [
                (1.0, "s", ".", 5001, 1001, 0, 0), (1.5, "c", ".", 1001, 5001, 1, 500),
                (1.6, "s", ".", 5001, 1001, 0, 0),
            ],
            "tcp zero window probe ack",
        ),
        ([(1.0, "s", ".", 5001, 1001, 0, 200), (1.1, "s", ".", 5001, 1001, 0, 400)], "tcp window update"),
        ([(1.0, "c", "P.", 1001, 5001, 500, 500)], "tcp window full"),
        ([(9.0, "c", ".", 1000, 5001, 0, 500)], "tcp keep-alive"),
        ([(9.0, "c", ".", 1000, 5001, 0, 500), (9.1, "s", ".", 5001, 1001, 0, 500)], "tcp keep-alive ack"),
        ([(1.0, "s", "R", 5001, 0, 0, 0)], "tcp reset"),
        ([(9.0, "c", "S", 9000, 0, 0, 500)], "tcp port numbers reused"),
    ],
)  # fmt: skip
def test_each_word_is_earned(packets: list[Packet], word: str) -> None:
    said = words([*opened(), *packets])
    assert word in said[-1]
    assert all(each in WORDS for line in said for each in line)


def test_a_refused_connection_is_a_reset() -> None:
    assert words([(0.0, "c", "S", 1000, 0, 0, 500), (0.1, "s", "R.", 0, 1001, 0, 0)])[-1] == ("tcp reset",)
