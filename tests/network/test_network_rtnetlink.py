"""Interfaces, addresses, routes, rules and neighbours equal what `ip -j` tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pitop.kernel.network.links import addresses, interfaces, wireless_signals
from pitop.kernel.network.routes import names_below, neighbours, route_to, routes, rules
from pitop.kernel.network.rtnetlink import Monitor, RouteSocket, attributes, pack_attribute
from tests.netlab import Lab, until


@pytest.fixture
def busy(lab: Lab) -> Lab:
    """A machine `a` with a bit of everything, and a neighbour `b`."""
    lab.add("a", "b")
    lab.link("a", "b", 1)
    for words in (
        "link add br0 type bridge",
        "link set br0 up",
        "link add v0 type veth peer name v1",
        "link set v0 master br0",
        "address add 10.1.0.5/16 dev br0 label br0:x",
        "address add 10.1.0.6/16 dev br0",
        "address add 192.168.7.1 peer 192.168.7.2/32 dev br0",
        "address add fd01::5/64 dev br0 valid_lft 3600 preferred_lft 1800",
        "route add default via 10.9.1.2",
        "route add 10.77.0.0/16 via 10.9.1.2 metric 50",
        "route add 10.77.0.0/16 via 10.1.0.9 metric 60 proto static",
        "route add 10.78.0.1 dev br0 src 10.1.0.6",
        "route add unreachable 10.79.0.0/24 metric 7",
        "route add blackhole 10.80.0.0/24",
        "route add throw 10.81.0.0/24 table 77",
        "route add default via 10.1.0.1 table 77 mtu 1300",
        "route add 10.90.0.0/24 nexthop via 10.9.1.2 weight 2 nexthop via 10.1.0.9 weight 1",
        "route add prohibit 10.91.0.0/24 tos 0x10",
        "-6 route add default via fd09:1::2 metric 99",
        "-6 route add fd77::/48 via fd09:1::2",
        "-6 route add unreachable fd78::/48",
        "rule add from 10.1.0.6 lookup 77 priority 100",
        "rule add fwmark 0x5/0xff lookup 77 priority 101",
        "rule add to 10.99.0.0/16 unreachable priority 102",
        "rule add not from 10.0.0.0/8 lookup main suppress_prefixlength 0 priority 103",
        "rule add iif br0 oif br0 uidrange 5-9 lookup 77 priority 104",
        "rule add goto 32766 priority 105",
        "-6 rule add to fd99::/16 lookup 77 priority 100",
        "neigh add 10.9.1.77 lladdr 02:00:00:00:00:77 dev a-b nud permanent",
        "neigh add fd09:1::77 lladdr 02:00:00:00:00:78 dev a-b nud stale",
        "neigh add 10.9.1.78 dev a-b nud failed",
    ):
        lab.ip("a", *words.split())
    return lab


def _names(route: RouteSocket) -> dict[int, str]:
    return {each.index: each.name for each in interfaces(route)}


def test_interfaces_equal_ip_link(busy: Lab) -> None:
    before = busy.json("a", "-s", "-s", "-d", "link")
    with busy.inside("a"), RouteSocket() as route:
        found = interfaces(route)
    told = busy.json("a", "-s", "-s", "-d", "link")
    assert [each.name for each in found] == [each["ifname"] for each in told]
    for earlier, ours, theirs in zip(before, found, told, strict=True):
        assert ours.index == theirs["ifindex"]
        assert list(ours.flags) == [flag for flag in theirs["flags"] if flag != "M-DOWN"]  # of the peer, says ip alone
        assert (ours.mtu, ours.state, ours.mac) == (theirs["mtu"], theirs["operstate"], theirs["address"])
        assert ours.queue_length == theirs["txqlen"]
        assert ours.link_kind == theirs.get("linkinfo", {}).get("info_kind", "")
        assert ours.master == theirs.get("master")
        assert ours.link_type == theirs["link_type"]
        n = ours.counters
        counted = (n.rx_bytes, n.rx_packets, n.rx_errors, n.rx_dropped)
        counted += (n.tx_bytes, n.tx_packets, n.tx_errors, n.tx_dropped, n.collisions)
        # The kernel sends packets of its own meanwhile, as when it looks for IPv6 routers.
        bounds = zip(_counters(earlier), counted, _counters(theirs), strict=True)
        assert all(least <= counter <= most for least, counter, most in bounds), (earlier, counted, theirs)


def _counters(told: dict[str, Any]) -> list[int]:
    rx, tx = told["stats64"]["rx"], told["stats64"]["tx"]
    received = [rx[key] for key in ("bytes", "packets", "errors", "dropped")]
    return received + [tx[key] for key in ("bytes", "packets", "errors", "dropped", "collisions")]


def test_addresses_equal_ip_address(busy: Lab) -> None:
    with busy.inside("a"), RouteSocket() as route:
        found = addresses(route, _names(route))
    told = [
        (each["ifname"], info["local"], info["prefixlen"], info["scope"], info.get("broadcast"), info.get("label"))
        for each in busy.json("a", "address")
        for info in each["addr_info"]
    ]
    ours = [(a.interface, a.address, a.prefix_length, a.scope, a.broadcast, a.label) for a in found]
    assert sorted(ours, key=str) == sorted(told, key=str)
    ends = {a.address: (a.valid_seconds, a.preferred_seconds, a.peer) for a in found}
    valid, preferred, _ = ends["fd01::5"]
    assert valid is not None
    assert preferred is not None
    assert 3500 < valid <= 3600
    assert 1700 < preferred <= 1800
    assert ends["10.1.0.5"] == (None, None, None)
    assert ends["192.168.7.1"][2] == "192.168.7.2"


def _told(each: dict[str, Any]) -> tuple[Any, ...]:
    hops = [(hop.get("gateway"), hop["dev"], hop["weight"]) for hop in each.get("nexthops", ())] or (
        [(each.get("gateway"), each["dev"], 1)] if "dev" in each else []
    )
    return (
        each["dst"],
        each.get("type", "unicast"),
        each.get("table", "main"),
        each.get("metric", 0),
        each.get("prefsrc"),
        each.get("protocol", "boot"),
        tuple(hops),
    )


def test_routes_equal_ip_route(busy: Lab) -> None:
    with busy.inside("a"), RouteSocket() as route:
        found = routes(route, _names(route), names_below())
    told = [
        *busy.json("a", "-4", "route", "show", "table", "all"),
        *busy.json("a", "-6", "route", "show", "table", "all"),
    ]
    ours = [
        (
            each.destination,
            each.kind,
            each.table,
            each.metric,
            each.source,
            each.protocol,
            tuple((hop.gateway, hop.interface, hop.weight) for hop in each.hops),
        )
        for each in found
    ]
    assert sorted(ours, key=str) == sorted((_told(each) for each in told), key=str)
    assert {each.mtu for each in found if each.table == "77" and each.destination == "default"} == {1300}


def test_rules_equal_ip_rule(busy: Lab) -> None:
    with busy.inside("a"), RouteSocket() as route:
        found = rules(route, names_below())
    told = [*busy.json("a", "-4", "rule"), *busy.json("a", "-6", "rule")]
    assert [each.priority for each in found] == [each["priority"] for each in told]
    for ours, theirs in zip(found, told, strict=True):
        length = theirs.get("srclen")
        source = None if theirs["src"] == "all" else theirs["src"] + (f"/{length}" if length else "")
        assert ours.source == source
        assert ours.destination == (f"{theirs['dst']}/{theirs['dstlen']}" if "dstlen" in theirs else theirs.get("dst"))
        assert ours.inverted == ("not" in theirs)
        if ours.action == "lookup":
            assert ours.table == theirs["table"]
        assert ours.suppress_prefix_length == theirs.get("suppress_prefixlen")
        assert ours.input_interface == theirs.get("iif")
    assert (found[2].mark, found[2].mark_mask) == (5, 0xFF)
    assert next(each for each in found if each.priority == 104).users == (5, 9)
    assert next(each for each in found if each.priority == 105).goto == 32766
    assert next(each for each in found if each.priority == 102).action == "unreachable"


def test_neighbours_equal_ip_neigh(busy: Lab) -> None:
    busy.run("a", "ping", "-c1", "-W2", "10.9.1.2")
    with busy.inside("a"), RouteSocket() as route:
        found = neighbours(route, _names(route), lambda mac: mac.upper())
    told = busy.json("a", "neigh")
    ours = {(each.address, each.interface, each.mac, each.state) for each in found}
    assert ours == {(each["dst"], each["dev"], each.get("lladdr"), " ".join(each["state"])) for each in told}
    assert ("10.9.1.77", "a-b", "02:00:00:00:00:77", "PERMANENT") in ours
    assert {each.vendor for each in found if each.mac == "02:00:00:00:00:77"} == {"02:00:00:00:00:77"}


@pytest.mark.parametrize(
    "address", ["10.9.1.2", "10.77.3.4", "10.78.0.1", "1.2.3.4", "10.1.0.5", "fd77::9", "fd09:1::2"]
)
def test_route_to_equals_ip_route_get(busy: Lab, address: str) -> None:
    with busy.inside("a"), RouteSocket() as route:
        found = route_to(route, address, _names(route), names_below())
    (told,) = busy.json("a", "route", "get", address)
    assert (found.gateway, found.interface, found.source, found.kind) == (
        told.get("gateway"),
        told["dev"],
        told.get("prefsrc"),
        told.get("type", "unicast"),
    )


@pytest.mark.parametrize(
    ("address", "error"),
    [("10.79.0.1", "No route to host"), ("10.99.1.1", "Network is unreachable"), ("10.80.0.1", "Invalid")],
)
def test_refusals_are_the_kernels(busy: Lab, address: str, error: str) -> None:
    with busy.inside("a"), RouteSocket() as route, pytest.raises(OSError, match=error):
        route_to(route, address, {}, names_below())


def test_not_an_address(root: None) -> None:
    with RouteSocket() as route, pytest.raises(ValueError, match="not an address"):
        route_to(route, "example.org", {}, names_below())


def test_the_monitor_tells_what_changed(busy: Lab) -> None:
    with busy.inside("a"):
        monitor = Monitor()
    try:
        assert monitor.changed() == set()
        for words, topic in (
            ("link set br0 mtu 1400", "link"),
            ("address add 10.5.5.5/24 dev br0", "address"),
            ("route add 10.55.0.0/24 via 10.9.1.2", "route"),
            ("rule add from 10.5.5.5 lookup 77", "rule"),
            ("-6 rule add from fd05::1 lookup 77", "rule"),
            ("neigh add 10.9.1.99 lladdr 02:00:00:00:00:99 dev a-b", "neighbour"),
        ):
            busy.ip("a", *words.split())
            assert until(lambda topic=topic: topic in monitor.changed()), words
    finally:
        monitor.close()


def test_attributes_survive_what_is_cut_off() -> None:
    whole = pack_attribute(1, b"abc") + pack_attribute(2 | 0x8000, b"")
    assert attributes(whole, 0) == {1: b"abc", 2: b""}
    for size in range(len(whole)):
        attributes(whole[:size], 0)
    assert attributes(b"\0\0\0\0", 0) == {}


def test_table_names_are_the_administrators(tmp_path: Path) -> None:
    (tmp_path / "etc/iproute2/rt_tables.d").mkdir(parents=True)
    (tmp_path / "etc/iproute2/rt_tables").write_text("# comment\n254 main\n77 office # ours\nbroken\nx y\n")
    (tmp_path / "etc/iproute2/rt_tables.d/more.conf").write_text("0x4e lab\n")
    names = names_below(tmp_path)
    assert [names.table(number) for number in (77, 78, 79, 255)] == ["office", "lab", "79", "local"]
    assert names.protocol(16) == "dhcp"


def test_wireless_signals(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    head = "Inter-| sta-|   Quality        |\n face | tus | link level noise |\n"
    rows = " wlan0: 0000   54.  -56.  -256        0      0\n wlan1: 0000   54.  180.  0   0\n odd\n"
    (tmp_path / "net/wireless").write_text(head + rows)
    assert wireless_signals(tmp_path) == {"wlan0": -56.0}
    assert wireless_signals(tmp_path / "none") == {}


def test_speed_and_duplex_are_what_sysfs_says(busy: Lab, tmp_path: Path) -> None:
    place = tmp_path / "class/net/v0"
    place.mkdir(parents=True)
    (place / "speed").write_text("1000\n")
    (place / "duplex").write_text("half\n")
    with busy.inside("a"), RouteSocket() as route:
        found = {each.name: each for each in interfaces(route, sys=tmp_path)}
    assert (found["v0"].speed_mbit, found["v0"].duplex) == (1000, "half")
    assert (found["a-b"].speed_mbit, found["a-b"].duplex) == (None, None)
    (place / "speed").write_text("-1\n")
    (place / "duplex").write_text("unknown\n")
    with busy.inside("a"), RouteSocket() as route:
        found = {each.name: each for each in interfaces(route, sys=tmp_path)}
    assert (found["v0"].speed_mbit, found["v0"].duplex) == (None, None)
    assert found["v0"].parent == "v1"
