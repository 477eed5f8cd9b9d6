"""Which of a name's addresses is tried first."""

from __future__ import annotations

import socket

import pytest

from pitop.kernel.path.names import address_of, addresses_of
from tests.dnslab import DnsLab

SIX = (socket.AF_INET6, socket.SOCK_DGRAM, 17, "", ("2001:db8:53::1", 0, 0, 0))
FOUR = (socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("127.53.0.3", 0))


def test_address_without_a_route_comes_last(dns_lab: DnsLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [SIX, FOUR])
    with dns_lab.inside():
        assert addresses_of("both.example") == ["127.53.0.3", "2001:db8:53::1"]
        assert address_of("both.example") == "127.53.0.3"


def test_order_stays_where_all_or_none_have_a_route(dns_lab: DnsLab, monkeypatch: pytest.MonkeyPatch) -> None:
    other = (*FOUR[:4], ("127.53.0.2", 0))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [FOUR, other])
    with dns_lab.inside():
        assert addresses_of("both.example") == ["127.53.0.3", "127.53.0.2"]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [SIX])
    with dns_lab.inside():
        assert addresses_of("six.example") == ["2001:db8:53::1"]
