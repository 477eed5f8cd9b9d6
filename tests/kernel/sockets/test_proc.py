"""Readers of /proc/net, fed with tables as kernels write them."""

from __future__ import annotations

import ipaddress
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitop.kernel.sockets.proc import (
    inet_table,
    listen_counters,
    packet_table,
    socket_totals,
    unix_references,
    unix_table,
)

TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0
   1: 0100007F:1F90 0100007F:C350 01 00000010:00000020 01:000000C8 00000002  1000        0 4712 1 0000000000000000 20 4
   2: 0100007F:C350 0100007F:1F90 06 00000000:00000000 03:00000BB8 00000000     0        0 0 3 0000000000000000
"""

TCP6 = """\
  sl  local_address remote_address st tx_queue rx_queue tr tm->when retrnsmt uid timeout inode
   0: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 5001 1
   1: 0000000000000000FFFF00000100007F:0050 0000000000000000FFFF00000200007F:D431 08 0:0 00:0 0 33 0 5002 1
"""

UDP = """\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  100: 00000000:0044 00000000:0000 07 00000000:00000300 00:00000000 00000000   101        0 6001 2 0000000000000000 17
  101: 0A00020F:A3C1 08080808:0035 01 00000000:00000000 00:00000000 00000000  1000        0 6002 2 0000000000000000 0
"""

UNIX = """\
Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01  7001 /run/a b.sock
0000000000000000: 00000003 00000000 00000000 0001 03  7002
0000000000000000: 00000002 00000000 00000000 0002 01  7003 @abstract@with\x1b[0m
0000000000000000: 00000002 00000000 00000000 0005 01  7004 /run/two
lines
0000000000000000: 00000003 00000000 00000000 0001 02     0 /run/a b.sock
"""

PACKET = """\
sk               RefCnt Type Proto  Iface R Rmem   User   Inode
0000000000000000 3      3    0806   7     1 128    102    8001
0000000000000000 3      2    0003   0     1 0      0      8002
"""


def tables(tmp_path: Path, **contents: str) -> str:
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
    return str(tmp_path)


def test_tcp_lines_in_netstats_words(tmp_path: Path) -> None:
    listener, open_, waiting = inet_table(tables(tmp_path, tcp=TCP), "tcp", 1000.0)

    assert (listener.state, listener.local_address, listener.local_port) == ("LISTEN", "127.0.0.1", 8080)
    assert (listener.remote_address, listener.remote_port) == ("0.0.0.0", None)
    assert listener.receive_queue == 3
    assert listener.send_queue is None  # the table does not tell how many may wait
    assert (open_.state, open_.send_queue, open_.receive_queue) == ("ESTABLISHED", 16, 32)
    assert (open_.remote_address, open_.remote_port, open_.uid, open_.inode) == ("127.0.0.1", 50000, 1000, 4712)
    assert (open_.timer, open_.retries) == ("on", 2)
    assert open_.timer_time == 1000.0 + 0xC8 / 100
    assert (waiting.state, waiting.timer, waiting.inode) == ("TIME_WAIT", "timewait", 0)
    assert waiting.uid is None, "the kernel writes 0 for what it does not know"
    assert listener.tcp is None
    assert listener.cookie is None


def test_a_connection_keeps_its_key_when_its_program_lets_go(tmp_path: Path) -> None:
    before = list(inet_table(tables(tmp_path, tcp=TCP), "tcp", 0.0))[1]
    after = list(inet_table(tables(tmp_path, tcp=TCP.replace("4712", "0")), "tcp", 0.0))[1]
    assert before.key == after.key


def test_ipv6_and_ipv4_inside(tmp_path: Path) -> None:
    listener, mapped = inet_table(tables(tmp_path, tcp6=TCP6), "tcp6", 0.0)
    assert (listener.protocol, listener.local_address, listener.local_port) == ("tcp6", "::1", 22)
    assert (mapped.local_address, mapped.remote_address, mapped.state) == ("127.0.0.1", "127.0.0.2", "CLOSE_WAIT")


def test_udp_drops_and_states(tmp_path: Path) -> None:
    anyone, connected = inet_table(tables(tmp_path, udp=UDP), "udp", 0.0)
    assert (anyone.state, anyone.remote_port, anyone.receive_queue, anyone.drops) == ("", None, 768, 17)
    assert anyone.listening
    assert (connected.state, connected.remote_address, connected.remote_port) == ("ESTABLISHED", "8.8.8.8", 53)
    assert not connected.listening


def test_unix_names_kinds_and_states(tmp_path: Path) -> None:
    net = tables(tmp_path, unix=UNIX)
    found = list(unix_table(net))
    assert [each.state for each in found] == ["LISTENING", "CONNECTED", "", "", "CONNECTING"]
    assert [each.local_address for each in found] == [
        "/run/a b.sock",
        None,
        "@abstract@with\x1b[0m",
        "/run/two\nlines",
        "/run/a b.sock",
    ]
    assert [each.unix.kind for each in found if each.unix] == ["STREAM", "STREAM", "DGRAM", "SEQPACKET", "STREAM"]
    assert unix_references(net)[7002] == 3


def test_packet_sockets(tmp_path: Path) -> None:
    arp, everything = packet_table(tables(tmp_path, packet=PACKET), interface={7: "eth7"}.__getitem__)
    assert (arp.local_address, arp.local_port, arp.inode, arp.uid) == ("eth7", 0x0806, 8001, 102)
    assert (everything.local_address, everything.interface) == ("*", "")


def test_a_table_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert list(inet_table(str(tmp_path), "udplite", 0.0)) == []
    assert list(unix_table(str(tmp_path))) == []
    assert listen_counters(str(tmp_path)) == (None, None)
    assert socket_totals(str(tmp_path)) == (None, None)


def test_counters_of_listeners_and_totals(tmp_path: Path) -> None:
    net = tables(
        tmp_path,
        netstat="TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1 22 33\nIpExt: InNoRoutes\nIpExt: 4\n",
        sockstat="sockets: used 290\nTCP: inuse 5 orphan 2 tw 7 alloc 9 mem 1\nUDP: inuse 3 mem 0\n",
    )
    assert listen_counters(net) == (22, 33)
    assert socket_totals(net) == (290, 2)


@given(st.ip_addresses(), st.integers(1, 65535))
def test_addresses_are_in_this_machines_byte_order(
    tmp_path_factory: pytest.TempPathFactory, address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int
) -> None:
    words = struct.unpack(f"={len(address.packed) // 4}I", address.packed)
    place = "".join(f"{word:08X}" for word in words) + f":{port:04X}"
    name = f"tcp{'6' if address.version == 6 else ''}"
    net = tables(tmp_path_factory.getbasetemp(), **{name: f"heads\n 0: {place} {place} 01 0:0 00:0 0 0 0 9 1\n"})
    (found,) = inet_table(net, name, 0.0)
    assert (found.local_port, found.remote_port) == (port, port)
    known = ipaddress.ip_address(found.local_address or "")
    assert known == (getattr(address, "ipv4_mapped", None) or address)
