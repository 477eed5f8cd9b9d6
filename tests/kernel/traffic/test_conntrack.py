"""Translated connections: through a real router that masquerades and forwards a port, and from /proc's list."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pitop.kernel.traffic.conntrack import connections_tracked, translations, translations_listed
from pitop.model.traffic.translation import Translation, other_sides
from tests.netlab import Lab
from tests.ordinary_user import as_ordinary_user

_RULES = """
table ip t {
  chain outward { type nat hook postrouting priority 100; oifname "router-server" masquerade; }
  chain inward { type nat hook prerouting priority -100; iifname "router-client" tcp dport 8022 dnat to 10.9.2.2:22; }
}
"""


@pytest.fixture
def lab(root: None, peer: Callable[[str], str], tmp_path: Path) -> Iterator[Lab]:
    """client 10.9.1.1 — router — server 10.9.2.2; what leaves for the server leaves as the router."""
    rules = tmp_path / "rules"
    rules.write_text(_RULES)
    with Lab() as made:
        made.add("client", "router", "server")
        made.link("client", "router", 1)
        made.link("router", "server", 2)
        made.ip("client", "route", "add", "default", "via", "10.9.1.2")
        made.run("router", peer("nft"), "-f", str(rules))
        yield made


def listening(lab: Lab, port: int) -> socket.socket:
    with lab.inside("server"):
        return socket.create_server(("10.9.2.2", port))


def connected(lab: Lab, host: str, port: int) -> socket.socket:
    with lab.inside("client"):
        return socket.create_connection((host, port), timeout=5)


def test_both_sides_of_connections_that_pass_a_router(lab: Lab) -> None:
    with lab.inside("router"):
        assert not connections_tracked()
        assert translations() == []
    with (
        listening(lab, 80) as web,
        listening(lab, 22) as shell,
        connected(lab, "10.9.2.2", 80) as fetching,
        connected(lab, "10.9.1.2", 8022) as typing,
    ):
        inside, typed = fetching.getsockname(), typing.getsockname()
        served, outside = web.accept()
        answered, seen = shell.accept()
        with served, answered, lab.inside("router"):
            assert connections_tracked() == 2
            found = translations()
            assert len(translations(most=1)) == 1
        assert Translation("tcp", inside, ("10.9.2.2", 80), ("10.9.2.2", 80), outside) in found
        sides = other_sides(found)
        assert sides["tcp", inside, ("10.9.2.2", 80)] == (outside, ("10.9.2.2", 80))
        assert sides["tcp", outside, ("10.9.2.2", 80)] == (inside, ("10.9.2.2", 80))
        assert sides["tcp", typed, ("10.9.1.2", 8022)] == (seen, ("10.9.2.2", 22))


def test_an_ordinary_user_is_refused(root: None) -> None:
    def refused() -> int | None:
        try:
            translations()
        except OSError as error:
            return error.errno
        return None

    assert as_ordinary_user(refused) == errno.EPERM


def test_the_list_of_proc(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "nf_conntrack").write_text(
        "ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.2 dst=192.0.2.9 sport=4000 dport=80 "
        "src=192.0.2.9 dst=203.0.113.1 sport=80 dport=61000 [ASSURED] mark=0 zone=0 use=2\n"
        "ipv4     2 udp      17 29 src=10.0.0.2 dst=10.0.0.1 sport=5000 dport=53 "
        "src=10.0.0.1 dst=10.0.0.2 sport=53 dport=5000 mark=0 use=2\n"
        "ipv6     10 udp      17 29 src=fd00:0000:0000:0000:0000:0000:0000:0002 dst=2001:0db8:0000:0000:0000:0000:0000:"
        "0009 sport=5000 dport=443 src=2001:0db8:0000:0000:0000:0000:0000:0009 "
        "dst=2001:0db8:0000:0000:0000:0000:0000:0001 sport=443 dport=5000 use=2\n"
        "ipv4     2 icmp     1 29 src=10.0.0.2 dst=192.0.2.9 type=8 code=0 id=1 src=192.0.2.9 dst=203.0.113.1 use=2\n"
        "ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.2 dst\n"
        "\n"
    )
    assert translations_listed(str(tmp_path)) == [
        Translation("tcp", ("10.0.0.2", 4000), ("192.0.2.9", 80), ("192.0.2.9", 80), ("203.0.113.1", 61000)),
        Translation("udp", ("fd00::2", 5000), ("2001:db8::9", 443), ("2001:db8::9", 443), ("2001:db8::1", 5000)),
    ]
    with pytest.raises(FileNotFoundError):
        translations_listed(str(tmp_path / "nothing"))
    assert connections_tracked(str(tmp_path)) is None
