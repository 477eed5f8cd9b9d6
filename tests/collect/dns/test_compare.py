"""Servers side by side in the lab: caches told from those who ask, loss, differences, pace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import dns.message
import dns.rrset
import pytest

from pitop.collect.dns.compare import Comparer, cache_counters
from pitop.model.dns.question import Options, Server
from tests.dnslab import BIND, DNSMASQ, LEAF, SLOW, UNBOUND, DnsLab

OPTIONS = Options(timeout=10.0, tries=1)
DELAY = 0.03


@pytest.fixture
def lab(dns_lab: DnsLab) -> Iterator[DnsLab]:
    with dns_lab.inside():
        yield dns_lab


class _Slow(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = dns.message.make_response(dns.message.from_wire(data))
        message.flags |= 0x0080
        message.answer.append(dns.rrset.from_text(message.question[0].name, 300, "IN", "A", "10.53.9.9"))
        loop = asyncio.get_running_loop()
        loop.call_later(DELAY, self._transport.sendto, message.to_wire(), addr)  # type: ignore[attr-defined]


@pytest.fixture
async def slow(lab: DnsLab) -> AsyncIterator[None]:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(_Slow, local_addr=SLOW)
    yield
    transport.close()


@pytest.mark.parametrize("server", [UNBOUND, DNSMASQ])
async def test_what_is_remembered_is_told_from_what_is_fetched(slow: None, server: str) -> None:
    names = [f"{server.rpartition('.')[2]}-{number}.slow.lab." for number in range(10)]
    found = await Comparer(names, "A", [Server(server)], OPTIONS, turns=3, rate=200).run()
    (figures,) = found.servers
    assert figures.first is not None
    assert figures.repeated is not None
    assert figures.first.median_ms >= DELAY * 1000
    assert figures.repeated.median_ms < DELAY * 1000 / 2
    assert (figures.cache is not None) == (server == DNSMASQ)


async def test_dnsmasq_tells_of_its_cache_and_others_do_not(lab: DnsLab) -> None:
    before = await cache_counters(Server(DNSMASQ))
    await Comparer(["www.pitop.lab."], "A", [Server(DNSMASQ)], OPTIONS, turns=3).run()
    after = await cache_counters(Server(DNSMASQ))
    assert before is not None
    assert after is not None
    assert after.size == 500
    assert (after.hits or 0) >= (before.hits or 0) + 2
    assert UNBOUND in after.servers[0]
    assert await cache_counters(Server(BIND)) is None


async def test_loss_and_differences(lab: DnsLab) -> None:
    silent = Server("127.53.0.98")
    comparer = Comparer(
        ["www.pitop.lab.", "www.serial.lab."], "SOA", [Server(LEAF), Server(BIND), silent], OPTIONS, turns=1
    )
    found = await comparer.run()
    assert [round(each.loss_percent or 0) for each in found.servers] == [0, 0, 100]
    assert found.differences == ()
    serials = await Comparer(["serial.lab."], "SOA", [Server(LEAF), Server(BIND)], OPTIONS, turns=1).run()
    assert [each.name for each in serials.differences] == ["serial.lab."]


async def test_rate_is_bounded(lab: DnsLab) -> None:
    names = [f"r{number}.wild.pitop.lab." for number in range(20)]
    started = time.perf_counter()
    found = await Comparer(names, "A", [Server(LEAF)], OPTIONS, turns=1, rate=50).run()
    assert found.asked == 20
    assert time.perf_counter() - started >= 19 / 50
