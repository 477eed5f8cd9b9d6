"""Lease files of all four clients. Those of dhclient and dhcpcd were written by them, against dnsmasq."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitop.kernel.network.dhclient import parse_dhclient
from pitop.kernel.network.dhcpcd import parse_dhcpcd, parse_dhcpcd6
from pitop.kernel.network.keyvalues import parse_key_values, parse_state
from pitop.kernel.network.leases import leases
from pitop.kernel.network.wording import timespan
from pitop.model.network.rows import Lease
from pitop.render.network.tables import leases as lease_lines

DATA = Path(__file__).parents[1] / "data/network/leases"
NAMES = {2: "eth0", 3: "wlan0"}
WRITTEN = 1_795_340_000.0


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], tuple[Lease, ...]]:
    """The leases of one client's tree, its files written at WRITTEN."""

    def reading(client: str) -> tuple[Lease, ...]:
        root = tmp_path / client
        shutil.copytree(DATA / client, root)
        for path in root.rglob("*"):
            os.utime(path, (WRITTEN, WRITTEN))
        return leases(root, NAMES)

    return reading


def test_dhclient(read: Callable[[str], tuple[Lease, ...]]) -> None:
    four, six = read("dhclient")
    assert four == Lease(
        interface="eth0",
        client="dhclient",
        address="10.66.0.52",
        prefix_length=24,
        server="10.66.0.1",
        routers=("10.66.0.1",),
        nameservers=("10.66.0.2", "10.66.0.3"),
        domain="lab.example",
        hostname="vm",
        lease_seconds=3600,
        obtained_time=1795341900.0,
        renew_time=1795343308.0,
        rebind_time=1795345050.0,
        expiry_time=1795345500.0,
        path="/var/lib/dhcp/dhclient.eth0.leases",
    )
    assert (six.address, six.interface, six.nameservers) == ("fd66::62", "eth0", ("fd66::2",))
    assert (six.obtained_time, six.renew_time, six.rebind_time, six.expiry_time) == (
        1795341902,
        1795343702,
        1795345052,
        1795345502,
    )


def test_dhcpcd(read: Callable[[str], tuple[Lease, ...]]) -> None:
    four, six = read("dhcpcd")
    assert (four.interface, four.client, four.address, four.prefix_length) == ("eth0", "dhcpcd", "10.66.0.99", 24)
    assert (four.server, four.routers, four.nameservers) == ("10.66.0.1", ("10.66.0.1",), ("10.66.0.2", "10.66.0.3"))
    assert (four.domain, four.lease_seconds, four.obtained_time) == ("lab.example", 3600, WRITTEN)
    assert (four.renew_time, four.rebind_time, four.expiry_time) == (WRITTEN + 1800, WRITTEN + 3150, WRITTEN + 3600)
    assert (six.address, six.nameservers, six.expiry_time) == ("fd66::54", ("fd66::2",), WRITTEN + 3600)
    assert (six.renew_time, six.rebind_time) == (WRITTEN + 1800, WRITTEN + 3150)


def test_systemd_networkd(read: Callable[[str], tuple[Lease, ...]]) -> None:
    wired, wireless = read("networkd")
    assert (wired.interface, wired.client, wired.address, wired.prefix_length) == (
        "eth0",
        "systemd-networkd",
        "10.66.0.61",
        24,
    )
    assert (wired.renew_time, wired.rebind_time, wired.expiry_time) == (WRITTEN + 1800, WRITTEN + 3150, WRITTEN + 3600)
    assert (wired.domain, wired.hostname, wired.nameservers) == ("lab.example", "pi", ("10.66.0.2", "10.66.0.3"))
    assert (wireless.interface, wireless.expiry_time, wireless.renew_time) == ("wlan0", None, WRITTEN + 1800)


def test_networkmanager(read: Callable[[str], tuple[Lease, ...]]) -> None:
    wired, wireless = read("NetworkManager")
    # The lease file knows no more than the address; nothing is made up about its times.
    assert (wired.interface, wired.address, wired.expiry_time, wired.server) == ("eth0", "10.69.0.7", None, None)
    assert (wireless.interface, wireless.client, wireless.address) == ("wlan0", "NetworkManager", "10.68.0.7")
    assert (wireless.expiry_time, wireless.obtained_time) == (1795428000, 1795428000 - 86400)
    assert (wireless.server, wireless.renew_time) == ("10.68.0.1", None)


def test_the_newest_of_a_file_counts(tmp_path: Path) -> None:
    place = tmp_path / "var/lib/dhcp"
    place.mkdir(parents=True)
    block = 'lease {{ interface "eth0"; fixed-address 10.0.0.{0}; expire 4 2020/11/2{0} 12:00:00; }}\n'
    (place / "dhclient.leases").write_text(block.format(1) + block.format(3) + block.format(2) + "lease { interface")
    assert [each.address for each in leases(tmp_path, {})] == ["10.0.0.3"]


def test_dhclient_other_ways_to_write_time() -> None:
    text = b"lease { fixed-address 10.0.0.1; renew epoch 1795341902; # Sun\n rebind never; expire 0 nonsense; }"
    (found,) = parse_dhclient(text, "eth7", 0.0, "")
    assert (found.interface, found.renew_time, found.rebind_time, found.expiry_time) == ("eth7", 1795341902, None, None)


def test_a_lease_written_with_escapes_stays_harmless() -> None:
    text = b'lease { interface "\x1b]0;x\x07"; fixed-address 10.0.0.1; option domain-name "a\\"b\x1b[2J"; }'
    lines = "\n".join(lease_lines(parse_dhclient(text, "", 0.0, ""), 0.0))
    assert "\x1b" not in lines
    assert "\\e]0;x\\a" in lines


def test_what_is_left_is_said() -> None:
    lease = Lease(interface="e", client="dhcpcd", address="10.0.0.1", renew_time=1000.0, expiry_time=10.0, path="/x")
    lines = list(lease_lines([lease], 900.0))
    assert "  renew 4 1970/01/01 00:16:40;  # in 1:40.00" in lines
    assert "  expire 4 1970/01/01 00:00:10;  # 14:50.00 ago" in lines


def test_timespans() -> None:
    spans = {
        "3600": 3600,
        "1h 30min": 5400,
        "2w 1d": 1296000,
        "500ms": 0.5,
        "infinity": None,
        "": None,
        "5 parsec": None,
    }
    assert {text: timespan(text) for text in spans} == spans


@pytest.mark.parametrize("parse", [parse_dhclient, parse_dhcpcd, parse_dhcpcd6, parse_key_values, parse_state])
@given(data=st.binary(max_size=400))
def test_garbage_is_never_more_than_unreadable(parse: Callable[..., list[Lease]], data: bytes) -> None:
    whole = b"\x01" * 236 + b"\x63\x82\x53\x63" if parse is parse_dhcpcd else b""
    try:
        parse(whole + data, "eth0", 0.0, "")
    except (ValueError, IndexError, OverflowError, OSError):
        pass  # leases() leaves such a file out
