"""A packet as panes and commands get it: frozen, finished, without its bytes."""

from __future__ import annotations

from typing import Any, Protocol

from msgspec import Struct

__all__ = ["Packet", "PacketRow"]


class PacketRow(Protocol):
    """What the fields of a packet read, from a row that works it out or from a finished packet."""

    @property
    def number(self) -> int: ...
    @property
    def seconds(self) -> int: ...
    @property
    def nanoseconds(self) -> int: ...
    @property
    def time(self) -> float: ...
    @property
    def interface(self) -> str | None: ...
    @property
    def source(self) -> str | None: ...
    @property
    def source_port(self) -> int | None: ...
    @property
    def destination(self) -> str | None: ...
    @property
    def destination_port(self) -> int | None: ...
    @property
    def protocol(self) -> str: ...
    @property
    def length(self) -> int: ...
    @property
    def line(self) -> str: ...
    @property
    def info(self) -> str: ...
    @property
    def pid(self) -> int | None: ...
    @property
    def process(self) -> str | None: ...
    @property
    def start_ticks(self) -> int | None: ...
    @property
    def peer_pid(self) -> int | None: ...
    @property
    def peer_process(self) -> str | None: ...
    @property
    def peer_start_ticks(self) -> int | None: ...
    @property
    def trouble(self) -> tuple[str, ...]: ...
    @property
    def tcp_flags(self) -> str | None: ...
    @property
    def tcp_window(self) -> int | None: ...
    @property
    def payload_bytes(self) -> int | None: ...
    @property
    def ttl(self) -> int | None: ...
    @property
    def dns_name(self) -> str | None: ...
    @property
    def dns_type(self) -> str | None: ...
    @property
    def http_request(self) -> str | None: ...
    @property
    def tls_server_name(self) -> str | None: ...
    @property
    def since_start(self) -> float | None: ...
    @property
    def since_previous(self) -> float | None: ...


class Packet(Struct, frozen=True):
    """Every field of a packet; see `render.packets.FIELDS` for what each means. `line` may hold newlines.

    `pid` and `process` are who has this machine's end of its flow, with `start_ticks` an identity; where both ends are
    this machine's, who opened it, and `peer_…` who has the other.
    """

    number: int
    seconds: int
    nanoseconds: int
    interface: str | None
    source: str | None
    source_port: int | None
    destination: str | None
    destination_port: int | None
    protocol: str
    length: int
    line: str
    pid: int | None = None
    process: str | None = None
    trouble: tuple[str, ...] = ()
    tcp_flags: str | None = None
    tcp_window: int | None = None
    payload_bytes: int | None = None
    ttl: int | None = None
    dns_name: str | None = None
    dns_type: str | None = None
    http_request: str | None = None
    tls_server_name: str | None = None
    since_start: float | None = None
    since_previous: float | None = None
    start_ticks: int | None = None
    peer_pid: int | None = None
    peer_process: str | None = None
    peer_start_ticks: int | None = None

    @property
    def time(self) -> float:
        """Unix seconds."""
        return self.seconds + self.nanoseconds / 1e9

    @property
    def info(self) -> str:
        """The line without its continuation."""
        return self.line.partition("\n")[0]

    @classmethod
    def of(cls, row: PacketRow, most: int = 65536) -> Packet:
        """The finished packet of a row; its line cut at `most` characters."""
        values: dict[str, Any] = {name: getattr(row, name) for name in cls.__struct_fields__}
        values["line"] = values["line"][:most]
        return cls(**values)
