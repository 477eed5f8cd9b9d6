"""A ring that the kernel writes packets into: AF_PACKET with TPACKET_V3 (packet(7), linux/if_packet.h)."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import select
import socket
import struct
from typing import NamedTuple

__all__ = [
    "HARDWARE_LINKS", "Block", "CaptureProblem", "Lookout", "Ring", "RingCounts", "interface_names",
    "link_of_interface",
]  # fmt: skip

_SOL_PACKET = 263
_RX_RING, _STATISTICS, _VERSION, _MEMBERSHIP = 5, 6, 10, 1
_TPACKET_V3 = 2
_PROMISCUOUS = 1
_GET_FLAGS, _UP = 0x8913, 1
_ALL = 0x0003
_ATTACH_FILTER = 26
_BLOCK_HEADER = struct.Struct("=IIIIIIQ")
_STATUS_USER = 1
_ETHERNET, _RAW = 1, 101

# ARPHRD numbers to pcap link types; what is not here has no link header that could be read, so IP is looked for.
HARDWARE_LINKS = {1: 1, 772: 1, 803: 127, 801: 105, 824: 253, 280: 227}


class CaptureProblem(Exception):
    """Packets cannot be captured: why, and what helps."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


class RingCounts(NamedTuple):
    """What the kernel counted since the ring was opened: packets that passed the filter, packets that found no room,
    how often the ring stood still for lack of it."""

    received: int
    dropped: int
    freezes: int


class Block(NamedTuple):
    """A block as the kernel filled it: its bytes, how many packets it holds, where the first one begins."""

    data: bytes
    packets: int
    first: int


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def interface_names() -> dict[int, str]:
    """The names of the interfaces by their numbers."""
    return dict(socket.if_nameindex())


def link_of_interface(name: str, root: str = "/sys") -> int:
    """The pcap link type of an interface's packets."""
    with open(f"{root}/class/net/{name}/type", encoding="ascii") as file:
        return HARDWARE_LINKS.get(int(file.read()), _RAW)


def _attach(packet_socket: socket.socket, program: bytes) -> None:
    """Put a classic BPF program before a packet socket. Raises CaptureProblem."""
    held = ctypes.create_string_buffer(program, len(program))
    wanted = _Program(len(program) // 8, ctypes.addressof(held))
    try:
        packet_socket.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, bytes(wanted))
    except OSError as error:
        message = f"the kernel refuses the capture filter: {error.strerror}"
        raise CaptureProblem(message, "Make it shorter.") from None


def _bind(packet_socket: socket.socket, interface: str | None) -> None:
    """From now on packets come in, from one interface or from all (number 0, which Python's bind has no name for)."""
    if interface is not None:
        packet_socket.bind((interface, _ALL))
        return
    address = struct.pack("=H2siHBB8s", socket.AF_PACKET, struct.pack("!H", _ALL), 0, 0, 0, 0, bytes(8))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.bind(packet_socket.fileno(), address, len(address)):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


class Lookout:
    """Sees a few packets the moment they pass, from their network header on: a ring's block takes milliseconds."""

    def __init__(self, interface: str | None, program: bytes) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self._numbers: dict[str, int] = {}
        try:
            self._socket.setblocking(False)
            _attach(self._socket, program)
            _bind(self._socket, interface)
        except BaseException:
            self._socket.close()
            raise

    def fileno(self) -> int:
        """Readable when a packet has passed."""
        return self._socket.fileno()

    def seen(self, most: int = 64) -> list[tuple[bytes, int]]:
        """The packets since, each with the number of its interface."""
        found: list[tuple[bytes, int]] = []
        try:
            while len(found) < most:
                data, address = self._socket.recvfrom(256)
                found.append((data, self._numbers.get(address[0], 0) or self._number(address[0])))
        except OSError:
            pass
        return found

    def _number(self, name: str) -> int:
        try:
            number = socket.if_nametoindex(name)
        except OSError:
            return 0
        if len(self._numbers) > 256:
            self._numbers.clear()
        self._numbers[name] = number
        return number

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class Ring:
    """Captures from one interface, or from all when `interface` is None.

    `program` is classic BPF; it is in force before the first packet can come in. `retire_ms` is after how long the
    kernel hands over a block that is not full; many small blocks last longer than few large ones while packets are few.
    Raises CaptureProblem.
    """

    def __init__(
        self,
        interface: str | None,
        program: bytes,
        *,
        block_bytes: int = 1 << 18,
        blocks: int = 128,
        retire_ms: int = 20,
        promiscuous: bool = False,
    ) -> None:
        self.interface = interface
        self.block_bytes = block_bytes
        self.blocks = blocks
        self._next = 0
        self._counts = RingCounts(0, 0, 0)
        try:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        except PermissionError:
            raise CaptureProblem("capturing packets is not permitted", "Run it as root: sudo pitop") from None
        except OSError as error:
            raise CaptureProblem(
                f"this kernel captures no packets: {error.strerror}", "It needs CONFIG_PACKET."
            ) from None
        try:
            _attach(self._socket, program)
            self._map(retire_ms)
            self._bind(promiscuous)
        except BaseException:
            self._socket.close()
            raise

    def _map(self, retire_ms: int) -> None:
        self._socket.setsockopt(_SOL_PACKET, _VERSION, _TPACKET_V3)
        while True:
            frame = 2048
            request = struct.pack(
                "=7I", self.block_bytes, self.blocks, frame, self.block_bytes // frame * self.blocks, retire_ms, 0, 0
            )
            try:
                self._socket.setsockopt(_SOL_PACKET, _RX_RING, request)
                break
            except OSError as error:
                if error.errno not in (errno.ENOMEM, errno.EINVAL) or self.blocks <= 2:
                    message = f"no memory for the capture ring: {error.strerror}"
                    raise CaptureProblem(message, "Close other programs.") from None
                self.blocks //= 2
        size = self.block_bytes * self.blocks
        self._map_ = mmap.mmap(self._socket.fileno(), size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)

    def _bind(self, promiscuous: bool) -> None:
        name = self.interface
        try:
            _bind(self._socket, name)
            self._number = 0 if name is None else socket.if_nametoindex(name)
        except OSError as error:
            if error.errno == errno.ENODEV and name is not None:
                known = ", ".join(sorted(interface_names().values()))
                raise CaptureProblem(f"there is no interface “{name}”", f"There are: {known}.") from None
            raise CaptureProblem(f"{name or 'all interfaces'}: {error.strerror}") from None
        if promiscuous and name is not None:
            number = socket.if_nametoindex(name)
            self._socket.setsockopt(_SOL_PACKET, _MEMBERSHIP, struct.pack("=iHH8s", number, _PROMISCUOUS, 0, bytes(8)))

    def fileno(self) -> int:
        """The socket: readable when a block is ready, or when the interface has gone."""
        return self._socket.fileno()

    def trouble(self) -> str | None:
        """What is wrong with the interface now; None when nothing is. One that has come back is captured from again."""
        code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if self.interface is None:
            return None if code in (0, errno.ENETDOWN) else os.strerror(code)
        try:
            number = socket.if_nametoindex(self.interface)
            asked = struct.pack("16sH14s", self.interface.encode(), 0, bytes(14))
            flags = struct.unpack_from("=H", fcntl.ioctl(self._socket, _GET_FLAGS, asked), 16)[0]
        except OSError:
            return f"{self.interface} is gone"
        if number != self._number:
            self._bind(False)  # one that is bound already needs no privilege for this
        return None if flags & _UP else f"{self.interface} is down"

    def wait(self, milliseconds: int) -> bool:
        """Whether a block is ready within the time."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(milliseconds))

    def take(self) -> Block | None:
        """The next full block, copied; None when there is none. The kernel has it back then."""
        start = self._next * self.block_bytes
        status, count, first = struct.unpack_from("=III", self._map_, start + 8)
        if not status & _STATUS_USER:
            return None
        used = struct.unpack_from("=I", self._map_, start + 20)[0]
        data = self._map_[start : start + min(used, self.block_bytes)]
        struct.pack_into("=I", self._map_, start + 8, 0)
        self._next = (self._next + 1) % self.blocks
        return Block(data, count, first)

    def counts(self) -> RingCounts:
        """What the kernel has counted since the beginning."""
        answer = self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 12)
        packets, dropped, freezes = struct.unpack("=III", answer)
        before = self._counts
        # The kernel forgets what it has told, and counts dropped packets among the received.
        self._counts = RingCounts(before.received + packets, before.dropped + dropped, before.freezes + freezes)
        return self._counts

    def close(self) -> None:
        """Give ring and socket back."""
        self._map_.close()
        self._socket.close()
