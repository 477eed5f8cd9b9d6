"""For each thing that is broken in a small network, diagnose names that one.

c - sw - g - t     with a name server d at sw
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.netlab import Lab, until

DNS = str(Path(__file__).parent / "nameserver.py")
LISTEN = """
import socket
own = socket.create_server(("10.9.2.2", 80))
print("ready", flush=True)
while True:
    own.accept()[0].close()
"""


@pytest.fixture
def net(lab: Lab) -> Lab:
    lab.add("c", "g", "t", "d")
    lab.add("sw", forward=False)
    lab.ip("sw", "link", "add", "br0", "type", "bridge")
    lab.ip("sw", "link", "set", "br0", "up")
    for number, name in enumerate(("c", "g", "d")):
        words = (
            f"link add eth0 index {11 + number} type veth peer name {name} index {31 + number} netns {lab.real('sw')}"
        )
        lab.ip(name, *words.split())
        lab.ip("sw", "link", "set", "dev", name, "master", "br0", "up")
        host = {"c": 5, "g": 1, "d": 53}[name]
        lab.ip(name, "address", "add", f"10.9.1.{host}/24", "dev", "eth0")
        lab.ip(name, "link", "set", "eth0", "up")
    lab.link("g", "t", 2)
    for name, gateway in (("c", "10.9.1.1"), ("d", "10.9.1.1"), ("t", "10.9.2.1")):
        lab.ip(name, "route", "add", "default", "via", gateway)
    lab.resolv_conf("c", "nameserver 10.9.1.53\noptions timeout:1 attempts:1\n")
    lab.start("d", sys.executable, DNS, "10.9.1.53", "t.example=10.9.2.2", "empty.example=fd00::9", ready="ready")
    lab.start("t", sys.executable, "-c", LISTEN, ready="ready")
    assert until(lambda: lab.run("c", "ping", "-c1", "-W1", "10.9.2.2", check=False).returncode == 0, 10)
    return lab


def _diagnosed(lab: Lab, *words: str) -> dict[str, Any]:
    done = lab.python("c", "diagnose", "--json", *words)
    assert done.stderr == ""
    content: dict[str, Any] = json.loads(done.stdout)
    summary: dict[str, Any] = content["summary"]
    assert done.returncode == (1 if summary["broken"] else 0)
    summary["steps"] = {row["step"]: row for row in content["rows"]}
    if summary["broken"]:
        assert summary["cause"].endswith(".")
        assert summary["advice"].endswith(".")
        assert [row["outcome"] for row in content["rows"]].count("failed") == 1
        assert content["rows"][-1]["outcome"] == "failed"
    return summary


def test_nothing_is_broken(net: Lab) -> None:
    found = _diagnosed(net, "t.example", "-p", "80")
    assert found["broken"] is None
    outcomes = {name: row["outcome"] for name, row in found["steps"].items()}
    assert outcomes == {
        "link": "ok",
        "address": "ok",
        "lease": "skipped",
        "route": "ok",
        "gateway": "ok",
        "name servers": "ok",
        "name": "ok",
        "path": "ok",
        "port": "ok",
    }
    assert found["steps"]["path"]["came"] == "reached at hop 2"
    text = net.python("c", "diagnose", "10.9.2.2").stdout
    assert text.splitlines()[-1] == "Nothing is broken on the way to 10.9.2.2."
    assert _diagnosed(net)["broken"] is None


def _cable(net: Lab) -> None:
    net.ip("sw", "link", "set", "dev", "c", "down")
    assert until(lambda: "NO-CARRIER" in net.ip("c", "link", "show", "eth0"))


def _off(net: Lab) -> None:
    net.ip("c", "link", "set", "eth0", "down")


def _no_address(net: Lab) -> None:
    net.ip("c", "address", "flush", "dev", "eth0")


def _wrong_gateway(net: Lab) -> None:
    net.ip("c", "route", "replace", "default", "via", "10.9.1.99")


def _gateway_dead(net: Lab) -> None:
    net.ip("g", "link", "set", "eth0", "down")


def _route_missing(net: Lab) -> None:
    net.ip("c", "route", "del", "default")


def _route_refused(net: Lab) -> None:
    net.ip("c", "route", "add", "prohibit", "10.9.2.0/24")


def _dns_refuses(net: Lab) -> None:
    net.resolv_conf("c", "nameserver 10.9.1.1\noptions timeout:1 attempts:1\n")


def _dns_dead(net: Lab) -> None:
    net.run("d", "nft", "add table ip l; add chain ip l i { type filter hook input priority 0; }")
    net.run("d", "nft", "add rule ip l i udp dport 53 drop")


def _dns_nobody(net: Lab) -> None:
    net.resolv_conf("c", "options timeout:1 attempts:1\n")


def _firewall(verdict: str) -> Callable[[Lab], None]:
    def set_up(net: Lab) -> None:
        net.run("g", "nft", "add table ip l; add chain ip l f { type filter hook forward priority 0; }")
        net.run("g", "nft", f"add rule ip l f tcp dport 80 {verdict}")

    return set_up


def _host_off(net: Lab) -> None:
    net.sysctl("g", **{"net.ipv4.neigh.g-t.retrans_time_ms": 50})
    net.ip("g", "neigh", "flush", "dev", "g-t")
    net.ip("t", "address", "flush", "dev", "t-g")


def _way_cut(net: Lab) -> None:
    net.run("g", "nft", "add table ip l; add chain ip l f { type filter hook forward priority 0; policy drop; }")


def _nothing(net: Lab) -> None:
    pass


@pytest.mark.parametrize(
    ("break_it", "words", "step", "fault"),
    [
        (_cable, "t.example", "link", "cable-down"),
        (_off, "t.example", "link", "switched-off"),
        (_no_address, "t.example", "address", "no-address"),
        (_wrong_gateway, "t.example -p 80", "gateway", "wrong-gateway"),
        (_gateway_dead, "t.example -p 80", "gateway", "gateway-dead"),
        (_dns_dead, "t.example", "name servers", "dns-dead"),
        (_dns_dead, "", "name servers", "dns-dead"),
        (_dns_refuses, "t.example", "name servers", "dns-dead"),
        (_dns_nobody, "t.example", "name servers", "no-name-server"),
        (_nothing, "missing.example", "name", "name-missing"),
        (_nothing, "bad..name", "name", "name-missing"),
        (_route_missing, "t.example -p 80", "route", "route-missing"),
        (_route_missing, "10.9.2.2", "route", "route-missing"),
        (_route_refused, "t.example", "route", "route-refused"),
        (_nothing, "10.9.2.2 -p 81", "port", "port-closed"),
        (_firewall("drop"), "10.9.2.2 -p 80", "port", "firewall-drop"),
        (_firewall("reject with icmp type admin-prohibited"), "10.9.2.2 -p 80", "port", "firewall-rejects"),
        (_host_off, "10.9.2.2", "path", "path-refused"),
        (_nothing, "10.9.1.77", "path", "host-dead"),
        (_way_cut, "t.example", "path", "path-ends"),
    ],
)
def test_the_broken_thing_is_named(
    net: Lab, peer: Callable[[str], str], break_it: Callable[[Lab], None], words: str, step: str, fault: str
) -> None:
    peer("nft")
    break_it(net)
    found = _diagnosed(net, *words.split())
    assert (found["broken"], found["fault"]) == (step, fault), found


def test_servers_that_disagree_and_one_that_is_dead(net: Lab) -> None:
    net.ip("d", "address", "add", "10.9.1.54/24", "dev", "eth0")
    net.start("d", sys.executable, DNS, "10.9.1.54", "t.example=10.9.2.99", ready="ready")
    net.resolv_conf("c", "nameserver 10.9.1.53\nnameserver 10.9.1.54\n")
    found = _diagnosed(net, "t.example", "-p", "80")
    name = found["steps"]["name"]
    assert (found["broken"], name["outcome"], name["fault"]) == (None, "warning", "servers-disagree")
    assert name["came"] == "10.9.1.53 says 10.9.2.2; 10.9.1.54 says 10.9.2.99"
    net.resolv_conf("c", "nameserver 10.9.1.1\nnameserver 10.9.1.53\n")
    servers = _diagnosed(net, "t.example")["steps"]["name servers"]
    assert (servers["outcome"], servers["fault"]) == ("warning", "dns-dead")
    assert "5 seconds" in servers["cause"]


def test_one_family_that_fails_is_a_warning_where_the_other_works(net: Lab) -> None:
    for name, host in (("c", 5), ("g", 1)):
        net.ip(name, "address", "add", f"2001:db8:1::{host}/64", "dev", "eth0", "nodad")
    net.ip("c", "route", "add", "default", "via", "2001:db8:1::1")
    path = Path("/etc/netns") / net.real("c") / "hosts"
    path.write_text("2001:db8:77::2 two.example\n10.9.2.2 two.example\n")
    found = _diagnosed(net, "two.example", "-p", "80")
    assert found["broken"] is None
    first = found["steps"]["port by IPv6"]
    assert (first["outcome"], first["fault"]) == ("warning", "firewall-rejects")
    assert first["cause"].startswith("2001:db8:1::1 refuses on the way: Destination unreachable: No route.")
    assert "The other address family works" in first["cause"]
    assert (found["steps"]["path"]["outcome"], found["steps"]["port"]["outcome"]) == ("ok", "ok")
    way = _diagnosed(net, "two.example")["steps"]["path by IPv6"]
    assert (way["fault"], way["came"]) == ("path-refused", "hop 1 (2001:db8:1::1) says !N")


def test_the_text_says_cause_and_next_step(net: Lab) -> None:
    text = net.python("c", "diagnose", "10.9.2.2", "-p", "81").stdout
    assert "FAILED   port          connection refused" in text
    assert "likely cause: 10.9.2.2 is there, but nothing listens on port 81." in text
    assert "next: Start the service" in text


def test_without_rights(net: Lab) -> None:
    done = net.python("c", "diagnose", "t.example", "-p", "80", user=65534)
    assert done.returncode == 0, done.stdout
    assert "was not sent an echo (not permitted)" in done.stdout
    assert "reached at hop 2" in done.stdout


def test_a_gateway_that_fell_silent_is_found_without_rights(net: Lab) -> None:
    _gateway_dead(net)
    done = net.python("c", "diagnose", "10.9.2.2", user=65534)
    assert done.returncode == 1
    assert "has fallen silent" in done.stdout


def test_this_machine_itself(net: Lab) -> None:
    found = _diagnosed(net, "127.0.0.1", "-p", "9")
    assert (found["broken"], found["fault"]) == ("port", "port-closed")


def test_usage(net: Lab) -> None:
    assert net.python("c", "diagnose", "-p", "80").returncode == 2
    assert net.python("c", "diagnose", "t.example", "-p", "0").returncode == 2
