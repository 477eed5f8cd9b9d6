"""All sockets of one network namespace, read again and again; only what changed is read whole."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from pitop.kernel.sockets import inet, local, proc
from pitop.kernel.sockets.diag import Diag, DiagAbsent
from pitop.model.sockets import Endpoint, EndpointKey, Socket

__all__ = ["SocketTable", "Track"]

_INET = (
    ("tcp", "tcp", socket.AF_INET),
    ("tcp6", "tcp", socket.AF_INET6),
    ("udp", "udp", socket.AF_INET),
    ("udp6", "udp", socket.AF_INET6),
    ("udplite", "udplite", socket.AF_INET),
    ("udplite6", "udplite", socket.AF_INET6),
    ("raw", "raw", socket.AF_INET),
    ("raw6", "raw", socket.AF_INET6),
)

_TCP_DUMPS = (inet.LISTENING, inet.NOT_LISTENING)


class Track:
    """One socket from its first reading to its last. `row` is the collector's, which keeps there what it made of it."""

    __slots__ = ("endpoint", "fields", "row", "turn")

    def __init__(self, fields: Any, endpoint: Endpoint, turn: int) -> None:
        self.fields = fields
        self.endpoint = endpoint
        self.turn = turn
        self.row: Socket | None = None


class SocketTable:
    """Reads every socket of the namespace that `read` is called in.

    After `read`, `tracks` holds them all, `changed` those that are new or moved, `gone` those that are no more.
    `absent` names the protocols that came from /proc/net because the kernel has no sock_diag for them. `diagnosed`
    is False to read /proc/net alone.
    """

    def __init__(self, namespace: int = 0, *, diagnosed: bool = True) -> None:
        self.tracks: list[Track] = []
        self.changed: list[Track] = []
        self.gone: list[Track] = []
        self.absent: set[str] = set()
        self._diagnosed = diagnosed
        self._tcp_apart = False  # whether the kernel has to be asked for each family of TCP
        self._namespace = namespace
        self._known: dict[Any, Track] = {}
        self._turn = 0
        self._interfaces: dict[int, str] = {}

    def read(self, diag: Diag | None, net: str, now: float) -> None:
        """Read through `diag`, or from the tables in the directory `net`. `now` is in unix seconds."""
        self._turn += 1
        self._interfaces.clear()
        self.tracks, self.changed, self.gone = [], [], []
        tcp_read = diag is not None and self._both_tcp(diag, now)
        for protocol, transport, family in _INET:
            if transport == "tcp" and tcp_read:
                continue
            self._one(
                protocol,
                diag,
                partial(self._family, transport, family, now),
                partial(proc.inet_table, net, protocol, now, self._namespace),
            )
        self._one("unix", diag, self._unix, lambda: proc.unix_table(net, self._namespace))
        self._one("packet", diag, self._packet, lambda: proc.packet_table(net, self._namespace, self._interface))
        if len(self._known) > len(self.tracks):
            turn = self._turn
            self.gone = [track for track in self._known.values() if track.turn != turn]
            for track in self.gone:
                del self._known[_key(track.endpoint)]

    def find(self, endpoint: Endpoint) -> Track | None:
        """What the last reading knew of the same socket."""
        return self._known.get(_key(endpoint))

    def _one(
        self,
        protocol: str,
        diag: Diag | None,
        asked: Callable[[Diag], None],
        read: Callable[[], Iterable[Endpoint]],
    ) -> None:
        if diag is not None and protocol not in self.absent:
            try:
                asked(diag)
                return
            except DiagAbsent:
                self.absent.add(protocol)
        for endpoint in read():
            self._take(_key(endpoint), endpoint, endpoint)

    def _both_tcp(self, diag: Diag, now: float) -> bool:
        """TCP of both families, where the kernel can tell of both at once; whether it can."""
        if not self._tcp_apart:
            try:
                for states in _TCP_DUMPS:
                    self._inet("tcp", inet.dump_tcp(diag, states), now)
            except (DiagAbsent, PermissionError):  # a policy may know no requests but those of today
                self._tcp_apart = True
        return not self._tcp_apart

    def _family(self, transport: str, family: int, now: float, diag: Diag) -> None:
        for states in _TCP_DUMPS if transport == "tcp" else (0xFFF,):
            self._inet(transport, inet.dump(diag, family, transport, states), now)

    def _inet(self, transport: str, chunks: Iterable[bytes], now: float) -> None:
        turn, known, add, change = self._turn, self._known, self.tracks.append, self.changed.append
        for chunk in chunks:
            for fields, at in inet.messages(chunk):
                cookie = fields[2]
                track = known.get(cookie)
                if track is not None:
                    if track.fields == fields:
                        if track.turn != turn:
                            track.turn = turn
                            add(track)
                        continue
                    repeated = track.turn == turn
                    track.turn = turn
                    track.fields = fields
                    track.endpoint = inet.endpoint(chunk, at, transport, now, self._namespace, self._interface)
                    change(track)
                    if not repeated:  # else it moved in the kernel's table while that was read
                        add(track)
                else:
                    made = inet.endpoint(chunk, at, transport, now, self._namespace, self._interface)
                    track = known[cookie] = Track(fields, made, turn)
                    add(track)
                    change(track)

    def _unix(self, diag: Diag) -> None:
        for chunk in local.dump_unix(diag):
            for cookie, message in local.messages(chunk):
                self._take(cookie, message, None, local.unix_endpoint)

    def _packet(self, diag: Diag) -> None:
        for chunk in local.dump_packet(diag):
            for cookie, message in local.messages(chunk):
                self._take(cookie, message, None, self._packet_endpoint)

    def _packet_endpoint(self, message: bytes, namespace: int) -> Endpoint:
        return local.packet_endpoint(message, namespace, self._interface)

    def _take(
        self,
        key: Any,
        fields: Any,
        endpoint: Endpoint | None,
        make: Callable[[bytes, int], Endpoint] | None = None,
    ) -> None:
        track = self._known.get(key)
        if track is not None and track.turn == self._turn:
            return
        if track is None or track.fields != fields:
            made = endpoint if endpoint is not None or make is None else make(fields, self._namespace)
            assert made is not None
            if track is None:
                track = self._known[key] = Track(fields, made, self._turn)
            else:
                track.fields, track.endpoint = fields, made
            self.changed.append(track)
        track.turn = self._turn
        self.tracks.append(track)

    def _interface(self, index: int) -> str:
        """An interface's name; the index itself where it went away."""
        name = self._interfaces.get(index)
        if name is None:
            name = str(index)
            with suppress(OSError):
                name = socket.if_indextoname(index)
            self._interfaces[index] = name
        return name


def _key(endpoint: Endpoint) -> EndpointKey | int:
    return endpoint.cookie if endpoint.cookie is not None else endpoint.key
