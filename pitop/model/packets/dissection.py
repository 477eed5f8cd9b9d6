"""One packet being read and its line being written: bounds, text, and how protocols find each other.

A protocol is a function `(d, at, length)`: `at` is where its header begins in the packet, `length` how many bytes the
layer above says there are (more may have been sent than were captured). It reads through `Dissection`, which raises
`Cut` past the captured end, and writes with `say`. The line then ends in `[|protocol]`, as tcpdump's does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

__all__ = ["Cut", "Dissection", "Printer", "Relative", "SequenceBook", "bits", "printable"]

_DEEPEST = 40  # layers inside layers before the rest is left alone
_STEPS = 50_000  # labels and options that one packet may make the decoder walk


class Cut(Exception):
    """The packet's captured bytes end before what was to be read."""


class Relative(Protocol):
    """Turns absolute TCP sequence numbers into ones relative to the connection's start."""

    def relative(
        self, source: bytes, destination: bytes, ports: tuple[int, int], flags: int, sequence: int, ack: int
    ) -> tuple[int, int, int]:
        """The sequence number, the acknowledgement, and what to take from SACK edges, each modulo 2³²."""
        ...


class SequenceBook:
    """The first sequence numbers of every connection seen, by its two ends.

    As in tcpdump the first packet that carries an ACK is shown with absolute numbers, and later ones relative to it.
    Bounded: when `limit` connections are known the oldest is forgotten.
    """

    def __init__(self, limit: int = 100_000) -> None:
        self._known: dict[tuple[bytes, bytes, int, int], tuple[int, int]] = {}
        self._limit = limit

    def relative(
        self, source: bytes, destination: bytes, ports: tuple[int, int], flags: int, sequence: int, ack: int
    ) -> tuple[int, int, int]:
        """See `Relative`."""
        if not flags & 0x10:
            return sequence, ack, 0
        low, high = ports
        turned = low > high or (low == high and source > destination)
        key = (destination, source, high, low) if turned else (source, destination, low, high)
        known = self._known.get(key)
        if known is None or flags & 0x02:
            first, other = ((ack - 1) & 0xFFFFFFFF, sequence) if turned else (sequence, (ack - 1) & 0xFFFFFFFF)
            if known is None and len(self._known) >= self._limit:
                del self._known[next(iter(self._known))]
            self._known[key] = (first, other)
        else:
            first, other = known
            mine, theirs = (other, first) if turned else (first, other)
            sequence, ack = (sequence - mine) & 0xFFFFFFFF, (ack - theirs) & 0xFFFFFFFF
        return sequence, ack, first if turned else other


class Dissection:
    """Reads a packet's bytes between bounds and collects the pieces of its line.

    `end` is the end of the captured bytes; protocols that carry a length lower it for what they contain. `source`
    and `destination` are the network addresses (4 or 16 bytes) of the innermost IP header, `next_header` the protocol
    number in it, `link` the two hardware addresses where the link has them.
    """

    __slots__ = (
        "_depth",
        "_steps",
        "data",
        "destination",
        "end",
        "link",
        "next_header",
        "out",
        "protocol",
        "sequences",
        "source",
    )

    def __init__(self, data: bytes, sequences: Relative) -> None:
        self.data = data
        self.end = len(data)
        self.out: list[str] = []
        self.protocol = ""
        self.sequences = sequences
        self.source = b""
        self.destination = b""
        self.next_header = -1
        self.link: tuple[str, str] | None = None
        self._depth = 0
        self._steps = 0

    def u8(self, at: int) -> int:
        """The byte at `at`. Raises Cut."""
        if at >= self.end:
            raise Cut
        return self.data[at]

    def u16(self, at: int) -> int:
        """Two bytes, most significant first. Raises Cut."""
        if at + 2 > self.end:
            raise Cut
        return self.data[at] << 8 | self.data[at + 1]

    def u24(self, at: int) -> int:
        """Three bytes, most significant first. Raises Cut."""
        return int.from_bytes(self.bytes(at, 3), "big")

    def u32(self, at: int) -> int:
        """Four bytes, most significant first. Raises Cut."""
        if at + 4 > self.end:
            raise Cut
        return int.from_bytes(self.data[at : at + 4], "big")

    def u64(self, at: int) -> int:
        """Eight bytes, most significant first. Raises Cut."""
        return int.from_bytes(self.bytes(at, 8), "big")

    def little16(self, at: int) -> int:
        """Two bytes, least significant first. Raises Cut."""
        return int.from_bytes(self.bytes(at, 2), "little")

    def little32(self, at: int) -> int:
        """Four bytes, least significant first. Raises Cut."""
        return int.from_bytes(self.bytes(at, 4), "little")

    def bytes(self, at: int, size: int) -> bytes:
        """`size` bytes. Raises Cut."""
        if at + size > self.end or size < 0:
            raise Cut
        return self.data[at : at + size]

    def need(self, at: int, size: int) -> None:
        """Raises Cut unless `size` bytes were captured from `at` on."""
        if at + size > self.end:
            raise Cut

    def has(self, at: int, size: int) -> bool:
        """Whether `size` bytes were captured from `at` on."""
        return at + size <= self.end

    def left(self, at: int) -> int:
        """How many captured bytes there are from `at` on."""
        return max(0, self.end - at)

    def say(self, text: str) -> None:
        """Write on."""
        self.out.append(text)

    def invalid(self) -> None:
        """Write that what was read cannot be right."""
        self.out.append(" (invalid)")

    def cut(self) -> None:
        """Write that the rest of this protocol is not there."""
        self.out.append(f" [|{self.protocol}]")

    def step(self, count: int = 1) -> None:
        """Count work that hostile bytes can multiply. Raises Cut when there was too much of it."""
        self._steps += count
        if self._steps > _STEPS:
            raise Cut

    def enter(self) -> None:
        """Count a layer. Raises Cut when there are too many inside each other."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Cut

    def text(self, at: int, size: int) -> bool:
        """Write `size` bytes as text with `^X` and `M-x` for what is not printable; False when they are cut."""
        stop = min(at + size, self.end)
        self.out.append(printable(self.data[at:stop]))
        return at + size <= self.end

    def dump(self, at: int, size: int) -> None:
        """Write a hex and ASCII dump on lines of its own, as tcpdump does for what it cannot decode.

        Raises Cut after it when not all of it was captured.
        """
        content = self.data[at : min(at + max(size, 0), self.end)]
        for start in range(0, len(content), 16):
            row = content[start : start + 16]
            pairs = " ".join(row[i : i + 2].hex() for i in range(0, len(row), 2))
            ascii_text = "".join(chr(c) if 0x21 <= c < 0x7F else "." for c in row)
            self.out.append(f"\n\t0x{start:04x}:  {pairs:<39}  {ascii_text}")
        if len(content) < size:
            raise Cut


Printer = Callable[[Dissection, int, int], None]


def _visible(code: int) -> str:
    prefix = ""
    if code >= 0x80:
        code &= 0x7F
        prefix = "M-"
    if not 0x20 <= code < 0x7F:
        code ^= 0x40
        prefix += "^"
    return prefix + chr(code)


_VISIBLE = [_visible(code) for code in range(256)]


def printable(content: bytes) -> str:
    """Bytes as text: `^X` for control characters, `M-` before what has the top bit."""
    return "".join([_VISIBLE[code] for code in content])


def bits(names: Mapping[int, str], none: str, value: int, separator: str = ", ") -> str:
    """The names of the bits that are set in `value`, in the order of `names`."""
    return separator.join([name for bit, name in names.items() if value & bit == bit and bit]) or none
