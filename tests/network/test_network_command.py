"""`pitop network` in the layouts of ifconfig, arp, netstat and ip route get."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.netlab import Lab


@pytest.fixture
def small(lab: Lab) -> Lab:
    lab.add("a", "b")
    lab.link("a", "b", 1)
    lab.ip("a", "route", "add", "default", "via", "10.9.1.2")
    lab.ip("a", "route", "add", "10.50.0.1", "via", "10.9.1.2")
    lab.ip("a", "route", "add", "unreachable", "10.60.0.0/16")
    lab.ip("a", "neigh", "add", "10.9.1.77", "lladdr", "02:00:00:00:00:77", "dev", "a-b", "nud", "permanent")
    lab.ip("a", "neigh", "add", "10.9.1.78", "dev", "a-b", "nud", "failed")
    lab.resolv_conf("a", "nameserver 10.9.1.2\n")
    lab.run("a", "ping", "-c1", "-W2", "10.9.1.2")
    return lab


def _quiet(lab: Lab, command: str) -> tuple[str, str]:
    """Ours and theirs, taken while no packet came in between."""
    for _ in range(20):
        before = lab.run("a", *command.split()).stdout
        ours = lab.python("a", "network").stdout
        if lab.run("a", *command.split()).stdout == before:
            return ours, before
    pytest.fail("the network never held still")


def test_the_text_holds_what_ifconfig_prints(small: Lab, peer: Callable[[str], str]) -> None:
    peer("ifconfig")
    ours, theirs = _quiet(small, "ifconfig -a")
    block = ours[: ours.index("Address ")]
    # ifconfig does not know the speed that veth claims, and takes IPv6 addresses as they lie in a hash table
    lines = [line for line in block.splitlines() if not line.startswith("        speed ")]
    assert sorted(lines) == sorted(theirs.splitlines())
    assert [line for line in lines if " flags=" in line] == [line for line in theirs.splitlines() if " flags=" in line]


def test_the_text_holds_what_netstat_prints(small: Lab, peer: Callable[[str], str]) -> None:
    peer("netstat")
    ours, theirs = _quiet(small, "netstat -nr")
    block = ours[ours.index("Kernel IP routing table") :].split("\n\n")[0]
    assert sorted(block.splitlines()) == sorted(theirs.splitlines())


def test_the_text_holds_what_arp_prints(small: Lab, peer: Callable[[str], str]) -> None:
    peer("arp")
    ours, theirs = _quiet(small, "arp -n")
    block = ours[ours.index("Address ") :].split("\n\n")[0]
    four = [line for line in block.splitlines() if not line.startswith("f")]
    assert sorted(line.split() for line in four) == sorted(line.split() for line in theirs.splitlines())
    assert set(four) == set(theirs.splitlines())


@pytest.mark.parametrize("address", ["10.9.1.2", "8.8.8.8", "10.50.0.1", "10.9.1.1", "fd09:1::2"])
def test_route_to_prints_the_line_of_ip_route_get(small: Lab, address: str) -> None:
    ours = small.python("a", "network", "--route-to", address)
    theirs = small.ip("a", "route", "get", address).splitlines()[0]
    words = [word for word in theirs.split() if word not in ("from", "::", "pref", "medium")]
    # for IPv6 ip adds protocol and metric, and leaves the user out
    first = ours.stdout.splitlines()[0]
    if ":" in address:
        assert first.startswith(f"{address} dev a-b")
    else:
        assert first == " ".join(words)
    assert ours.returncode == 0


def test_route_to_says_why(small: Lab) -> None:
    text = small.python("a", "network", "--route-to", "10.50.0.1").stdout
    assert "  gateway 10.9.1.2 is at " in text
    assert "  -> 10.50.0.1 via 10.9.1.2 dev a-b  (its prefix of 32 bits is the longest that matches)" in text
    assert "     default via 10.9.1.2 dev a-b  (matches 0 bits, the winner 32: the longest prefix wins)" in text
    refused = small.python("a", "network", "--route-to", "10.60.1.1", "--json")
    content = json.loads(refused.stdout)
    assert refused.returncode == 1
    assert (content["summary"]["refusal"], content["summary"]["interface"]) == ("No route to host", None)
    assert [row["why"] for row in content["rows"] if row["kind"] == "rule"][
        -1
    ] == "table main refuses: No route to host"


def test_json_has_the_rows_of_every_kind(small: Lab) -> None:
    content = json.loads(small.python("a", "network", "--json").stdout)
    assert content["pane"] == "network"
    kinds = {row["kind"] for row in content["rows"]}
    assert kinds == {"interface", "address", "route", "neighbour", "nameserver"}
    veth = next(row for row in content["rows"] if row["kind"] == "interface" and row["name"] == "a-b")
    assert veth["state"] == "UP"
    assert veth["rx_bytes"] > 0
    assert veth["rx_bytes_per_second"] is None
    default = next(row for row in content["rows"] if row["kind"] == "route" and row["destination"] == "default")
    assert {key: default[key] for key in ("gateway", "interface", "metric", "table", "source")} == {
        "gateway": "10.9.1.2",
        "interface": "a-b",
        "metric": 0,
        "table": "main",
        "source": None,
    }
    assert [row["address"] for row in content["rows"] if row["kind"] == "nameserver"] == ["10.9.1.2"]


def test_repeated_json_has_rates(small: Lab) -> None:
    done = small.python("a", "network", "--json", "--interval", "0.1", "--count", "2")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 2
    assert all(row["rx_bytes_per_second"] is not None for row in lines[0]["rows"] if row["kind"] == "interface")


def test_a_scope_narrows_the_rows(small: Lab) -> None:
    content = json.loads(small.python("a", "network", "--json", "--scope", "host:10.9.1.2").stdout)
    kinds = [row["kind"] for row in content["rows"]]
    assert sorted(kinds) == ["nameserver", "neighbour", "route", "route"]
    content = json.loads(small.python("a", "network", "--json", "--scope", "host:10.9.1.1").stdout)
    assert [row["name"] for row in content["rows"] if row["kind"] == "interface"] == ["a-b"]


def test_usage(small: Lab) -> None:
    done = small.python("a", "network", "--route-to", "nowhere.example")
    assert (done.returncode, done.stdout) == (2, "")
    assert "not an address" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert small.python("a", "network", "--interval", "0").returncode == 2
