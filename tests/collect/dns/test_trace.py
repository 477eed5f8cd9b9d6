"""Walks down the lab's delegations: what is right, and what is broken on the way."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from pitop.collect.dns.roots import root_servers, roots_by
from pitop.collect.dns.trace import Tracer
from pitop.model.dns.answer import Section
from pitop.model.dns.question import Options, Question, parse_server
from pitop.model.dns.trace import Outcome, Purpose, Severity, Trace
from tests.dnslab import BIND, DNSMASQ, ROOT, DnsLab

OPTIONS = Options(recursion=False, authentic=False, dnssec=True, cookie=None, timeout=5.0, tries=1)


@pytest.fixture
def lab(dns_lab: DnsLab) -> Iterator[DnsLab]:
    with dns_lab.inside():
        yield dns_lab


async def trace(name: str, kind: str = "A", **options: object) -> Trace:
    settings = msgspec.structs.replace(OPTIONS, **options)
    return Tracer(Question(name, kind), root_servers([ROOT]), options=settings).run()


def data(found: Trace) -> list[str]:
    assert found.answer is not None
    return [record.data for record in found.answer.section(Section.ANSWER) if record.type != "RRSIG"]


def remarks(found: Trace) -> str:
    return "\n".join(f"{remark.zone} {remark.words}" for remark in found.remarks)


async def test_every_zone_on_the_way_is_a_step(lab: DnsLab) -> None:
    found = await trace("www.pitop.lab.")
    assert [cut.zone for cut in found.cuts] == [".", "lab.", "pitop.lab."]
    taken = [(step.zone, step.outcome) for step in found.steps if step.taken]
    assert taken == [(".", Outcome.REFERRAL), ("lab.", Outcome.REFERRAL), ("pitop.lab.", Outcome.ANSWER)]
    assert data(found) == ["10.53.1.2"]
    assert not found.remarks
    assert all(step.query_time_ms is not None for step in found.steps)


async def test_the_walk_takes_digs_way(lab: DnsLab) -> None:
    found = await trace("www.pitop.lab.", "AAAA")
    said = lab.run("dig", "+trace", "+nodnssec", "www.pitop.lab", "AAAA").stdout
    zones = [line.split()[0] for line in said.splitlines() if "\tNS\t" in line]
    assert [cut.zone for cut in found.cuts] == list(dict.fromkeys(zones))
    assert f"AAAA\t{data(found)[0]}" in said


async def test_referral_shows_its_glue(lab: DnsLab) -> None:
    found = await trace("www.pitop.lab.")
    assert dict(found.cuts[2].glue) == {"ns1.pitop.lab.": "127.53.0.3", "ns2.pitop.lab.": "127.53.0.5"}
    step = next(step for step in found.steps if step.zone == "lab." and step.taken)
    assert {record.data for record in step.records if record.type == "A"} == {"127.53.0.3", "127.53.0.5"}


async def test_lame_server_is_told_and_walked_around(lab: DnsLab) -> None:
    found = await trace("www.lame.lab.")
    assert data(found) == ["10.53.2.1"]
    assert "lame.lab. ns2.lame.lab. (127.53.0.2): lame" in remarks(found)
    assert {remark.severity for remark in found.remarks} == {Severity.BAD}


async def test_server_that_is_refused_is_told(lab: DnsLab) -> None:
    # BIND does not serve the zone, though its parent names it.
    found = await trace("www.differ.lab.")
    assert data(found) == ["10.53.2.1"]
    words = "the zone itself names ns2.pitop.lab., which its parent does not"
    assert words in remarks(found)


async def test_different_serials_are_told(lab: DnsLab) -> None:
    found = await trace("www.serial.lab.")
    assert dict(found.cuts[2].serials) == {"127.53.0.3": 7, "127.53.0.5": 8}
    assert "different SOA serials: 7 at 127.53.0.3, 8 at 127.53.0.5" in remarks(found)


async def test_glue_that_differs_is_told(lab: DnsLab) -> None:
    found = await trace("www.glue.lab.")
    assert data(found) == ["10.53.2.1"]
    assert "the parent's glue for ns.glue.lab. is 127.53.0.3, the zone says 127.53.0.4" in remarks(found)


async def test_missing_glue_is_told(lab: DnsLab) -> None:
    found = await trace("www.noglue.lab.")
    assert found.answer is None
    assert "ns.noglue.lab. is inside noglue.lab., but the parent gives no glue" in remarks(found)
    assert found.trouble == "no address is known of any server of noglue.lab."


async def test_delegations_in_a_circle_end(lab: DnsLab) -> None:
    found = await trace("www.circle1.lab.")
    assert found.answer is None
    assert "no address" in remarks(found)
    assert len(found.steps) < 60


async def test_silent_server_is_told_and_the_walk_ends(lab: DnsLab) -> None:
    with_listener = await trace("www.silent.lab.")
    assert with_listener.answer is None
    assert "ns.silent.lab. (127.53.0.99) is unreachable" in remarks(with_listener)


async def test_aliases_are_followed_into_other_zones(lab: DnsLab) -> None:
    found = await trace("outward.pitop.lab.")
    assert found.aliases == ("www.unsigned.lab.",)
    assert data(found) == ["10.53.2.1"]
    assert [cut.zone for cut in found.cuts] == [".", "lab.", "pitop.lab.", "unsigned.lab."]


async def test_dname_is_followed(lab: DnsLab) -> None:
    found = await trace("host.old.pitop.lab.")
    assert data(found)[-1] == "10.53.1.8"


async def test_aliases_in_a_circle_end(lab: DnsLab) -> None:
    found = await trace("round1.pitop.lab.")
    assert found.trouble is not None
    assert "go round" in found.trouble


async def test_name_that_does_not_exist(lab: DnsLab) -> None:
    found = await trace("nope.pitop.lab.")
    assert found.answer is not None
    assert found.answer.status == "NXDOMAIN"
    assert [step.outcome for step in found.steps if step.taken][-1] is Outcome.NO_NAME


async def test_name_servers_without_glue_are_looked_up(lab: DnsLab) -> None:
    found = await trace("www.unsigned.lab.")
    assert data(found) == ["10.53.2.1"]
    # The TLD knows its address all the same; without it, a walk of its own finds it.
    bare = await trace("2.1.53.10.in-addr.arpa.", "PTR")
    assert data(bare) == ["www.pitop.lab."]


async def test_roots_as_a_resolver_knows_them(lab: DnsLab) -> None:
    assert await roots_by([parse_server(DNSMASQ)]) == {"a.rootns.": (ROOT,)}


async def test_unreachable_root_is_told() -> None:
    tracer = Tracer(Question("pitop.lab."), {"a.root.": ("2001:db8::1",)}, options=OPTIONS)
    found = tracer.run()
    assert found.answer is None
    assert found.trouble is not None


async def test_server_that_is_no_authority_for_the_zone(lab: DnsLab) -> None:
    found = Tracer(Question("www.pitop.lab."), root_servers([BIND]), options=OPTIONS).run()
    # It answers with authority for what it has, though it is no root: the walk is short.
    assert data(found) == ["10.53.1.2"]
    assert {step.purpose for step in found.steps} == {Purpose.WALK}
