"""Verdicts on the lab's zones, through a resolver and along the delegations, beside delv's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pitop.collect.dns.prove import anchors_from, look_up_proved
from pitop.collect.dns.roots import root_servers
from pitop.collect.dns.trace import Tracer
from pitop.model.dns.dnssec.verdict import Security, Verdict
from pitop.model.dns.question import Options, Question, parse_server
from tests.dnslab import ROOT, UNBOUND, DnsLab

CASES = [
    ("www.pitop.lab.", "A", Security.SECURE, "is signed by key"),
    ("pitop.lab.", "DNSKEY", Security.SECURE, "is signed by key"),
    ("pitop.lab.", "DS", Security.SECURE, "is signed by key"),
    ("alias.pitop.lab.", "A", Security.SECURE, "A of www.pitop.lab. is signed"),
    ("host.old.pitop.lab.", "A", Security.SECURE, "A of host.deep.pitop.lab. is signed"),
    ("x.wild.pitop.lab.", "A", Security.SECURE, "from *.wild.pitop.lab."),
    ("nope.pitop.lab.", "A", Security.SECURE, "leaves no room for nope.pitop.lab."),
    ("www.pitop.lab.", "MX", Security.SECURE, "has no MX"),
    ("wild.pitop.lab.", "A", Security.SECURE, "only names below it"),
    ("x.wild.pitop.lab.", "MX", Security.SECURE, "has no MX"),
    ("www.nsec3.lab.", "A", Security.SECURE, "is signed by key"),
    ("nope.nsec3.lab.", "A", Security.SECURE, "neither nope.nsec3.lab."),
    ("www.nsec3.lab.", "MX", Security.SECURE, "has no MX"),
    ("b.nsec3.lab.", "A", Security.SECURE, "b.nsec3.lab. has no A"),
    ("x.wild.nsec3.lab.", "A", Security.SECURE, "from *.wild.nsec3.lab."),
    ("x.wild.nsec3.lab.", "MX", Security.SECURE, "has no MX"),
    ("www.unsigned.lab.", "A", Security.INSECURE, "unsigned.lab. is not signed"),
    ("nope.unsigned.lab.", "A", Security.INSECURE, "unsigned.lab. is not signed"),
    ("unsigned.lab.", "DS", Security.SECURE, "delegation of unsigned.lab. without DS"),
    ("outward.pitop.lab.", "A", Security.INSECURE, "unsigned.lab. is not signed"),
    ("www.child.optout.lab.", "A", Security.INSECURE, "opt-out"),
    ("www.optout.lab.", "A", Security.SECURE, "is signed by key"),
    ("www.bogus.lab.", "A", Security.BOGUS, "the digest of key"),
    ("www.expired.lab.", "A", Security.BOGUS, "expired on 2020-02-01"),
    ("www.future.lab.", "A", Security.BOGUS, "valid from 2045-01-01"),
]

DELV = {
    Security.SECURE: ("fully validated", "negative response, fully validated"),
    Security.INSECURE: ("unsigned answer", "negative response, unsigned answer"),
}


@pytest.fixture
def lab(dns_lab: DnsLab) -> Iterator[DnsLab]:
    with dns_lab.inside():
        yield dns_lab


async def resolved(lab: DnsLab, name: str, kind: str, anchor: str | None = None) -> Verdict:
    anchors = anchors_from(anchor or str(lab.anchor))
    _, verdict = await look_up_proved(Question(name, kind), [parse_server(UNBOUND)], Options(timeout=20.0), anchors)
    return verdict


@pytest.mark.parametrize(("name", "kind", "security", "words"), CASES)
async def test_through_a_resolver(lab: DnsLab, name: str, kind: str, security: Security, words: str) -> None:
    verdict = await resolved(lab, name, kind)
    assert verdict.security is security, verdict
    assert words in verdict.why


@pytest.mark.parametrize(("name", "kind", "security", "words"), CASES)
async def test_along_the_delegations(lab: DnsLab, name: str, kind: str, security: Security, words: str) -> None:
    tracer = Tracer(Question(name, kind), root_servers([ROOT]), anchors=anchors_from(str(lab.anchor)))
    verdict = (tracer.run()).verdict
    assert verdict is not None
    assert verdict.security is security, verdict
    assert words in verdict.why


@pytest.mark.parametrize(("name", "kind", "security", "words"), CASES)
def test_delv_agrees(lab: DnsLab, name: str, kind: str, security: Security, words: str) -> None:
    flags, protocol, algorithm, key = lab.anchor.read_text().split("DNSKEY")[1].split(maxsplit=3)
    anchors = lab.folder / "delv.keys"
    anchors.write_text(
        f'trust-anchors {{ . static-key {flags} {protocol} {algorithm} "{key.strip()}"; }};\n', encoding="ascii"
    )
    done = lab.run("delv", f"@{UNBOUND}", "-a", str(anchors), "+root=.", name, kind, check=False)
    said = done.stdout + done.stderr
    if security is Security.BOGUS:
        assert "resolution failed" in said
        return
    if name == "outward.pitop.lab.":
        assert "; unsigned answer" in said  # delv judges each link apart
        return
    assert any(f"; {words}" in said for words in DELV[security]), said


async def test_wrong_anchor_is_bogus(lab: DnsLab, tmp_path: object) -> None:
    verdict = await resolved(lab, "www.pitop.lab.", "A", str(lab.folder / "pitop.lab.key"))
    assert verdict.security is Security.SECURE  # an island of its own
    verdict = await resolved(lab, "www.unsigned.lab.", "A", str(lab.folder / "pitop.lab.key"))
    assert verdict.security is Security.INDETERMINATE
    assert verdict.why == "no trust anchor covers www.unsigned.lab."
    wrong = lab.folder / "wrong.key"
    wrong.write_text((lab.folder / "lab.key").read_text().replace("lab. ", ". ", 1))
    verdict = await resolved(lab, "www.pitop.lab.", "A", str(wrong))
    assert verdict.security is Security.BOGUS
    assert "none of the keys of ." in verdict.why


async def test_the_chain_is_told_link_by_link(lab: DnsLab) -> None:
    verdict = await resolved(lab, "www.pitop.lab.", "A")
    assert [(link.zone, link.what) for link in verdict.links] == [
        (".", "anchor"),
        (".", "DNSKEY"),
        ("lab.", "DS"),
        ("lab.", "DNSKEY"),
        ("pitop.lab.", "DS"),
        ("pitop.lab.", "DNSKEY"),
        ("pitop.lab.", "A"),
    ]
    assert {link.security for link in verdict.links} == {Security.SECURE}
