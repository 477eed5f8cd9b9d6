"""Lookups in the lab, beside dig's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pitop.collect.dns.lookup import ask_in_turn, located
from pitop.model.dns.answer import Answer, Fault, NoAnswer, Section
from pitop.model.dns.question import Options, Question, Transport, parse_server
from pitop.render.dns.dig import Layout, dig_lines, record_line
from tests.dnslab import BIND, DNSMASQ, LEAF, ROOT, TLD, UNBOUND, DnsLab

Lab = Iterator[DnsLab]


@pytest.fixture
def lab(dns_lab: DnsLab) -> Lab:
    with dns_lab.inside():
        yield dns_lab


async def ask(server: str, name: str, kind: str = "A", rclass: str = "IN", **options: object) -> Answer:
    settings = Options(timeout=20.0, **options)  # type: ignore[arg-type]
    return await ask_in_turn(Question(name, kind, rclass), [parse_server(server)], settings)


QUESTIONS = [
    *((LEAF, "pitop.lab.", kind) for kind in ("A", "NS", "SOA", "MX", "TXT", "CAA", "DNSKEY", "NSEC", "RRSIG")),
    *(
        (LEAF, "kinds.pitop.lab.", kind)
        for kind in ("SSHFP", "TLSA", "NAPTR", "LOC", "HINFO", "RP", "URI", "TYPE65534")
    ),
    (LEAF, "www.pitop.lab.", "AAAA"),
    (LEAF, "alias.pitop.lab.", "A"),
    (LEAF, "host.old.pitop.lab.", "A"),
    (LEAF, "svc.pitop.lab.", "HTTPS"),
    (LEAF, "_sip._udp.pitop.lab.", "SRV"),
    (LEAF, "x.wild.pitop.lab.", "A"),
    (LEAF, "xn--bcher-kva.pitop.lab.", "A"),
    (LEAF, "escape.pitop.lab.", "TXT"),
    (LEAF, "big.pitop.lab.", "TXT"),
    (LEAF, "nsec3.lab.", "NSEC3PARAM"),
    (LEAF, "2.1.53.10.in-addr.arpa.", "PTR"),
    (TLD, "pitop.lab.", "DS"),
    (BIND, "pitop.lab.", "ANY"),
    (UNBOUND, "pitop.lab.", "MX"),
    (DNSMASQ, "pitop.lab.", "MX"),
]


@pytest.mark.parametrize(("server", "name", "kind"), QUESTIONS)
async def test_answers_as_dig_prints_them(lab: DnsLab, server: str, name: str, kind: str) -> None:
    await ask(server, name, kind)  # so that a cache's TTL does not tick between the two
    answer = await ask(server, name, kind)
    said = lab.run("dig", f"@{server}", name, kind, "+noall", "+answer").stdout.splitlines()
    mine = [record_line(record) for record in answer.section(Section.ANSWER)]
    assert sorted(_no_ttl(line) for line in mine) == sorted(_no_ttl(line) for line in said if not line.startswith(";"))
    assert mine


def _no_ttl(line: str) -> str:
    return re.sub(r"\t\d+\tIN", "\tIN", line)


async def test_nsec3_answers_as_dig_prints_them(lab: DnsLab) -> None:
    answer = await ask(LEAF, "nope.nsec3.lab.", dnssec=True)
    said = lab.run("dig", f"@{LEAF}", "nope.nsec3.lab", "+dnssec", "+noall", "+authority").stdout.splitlines()
    assert sorted(record_line(record) for record in answer.section(Section.AUTHORITY)) == sorted(said)


@pytest.mark.parametrize("words", [["+noall", "+answer"], ["+nocomments"], [], ["+dnssec"], ["+noall", "+comments"]])
async def test_the_whole_layout_is_digs(lab: DnsLab, words: list[str]) -> None:
    answer = await ask(LEAF, "www.pitop.lab.", dnssec="+dnssec" in words, cookie=None)
    everything = dict.fromkeys(("comments", "question", "answer", "authority"), "+noall" not in words)
    everything |= dict.fromkeys(("additional", "stats"), "+noall" not in words)
    for word in words:
        name = word[1:]
        everything[name.removeprefix("no")] = not name.startswith("no")
    layout = Layout(**{key: value for key, value in everything.items() if key in Layout.__struct_fields__})
    said = lab.run("dig", f"@{LEAF}", "www.pitop.lab", "+nocookie", "+nocmd", *words).stdout.splitlines()
    mine = list(dig_lines(answer, layout))
    assert _fixed(mine) == _fixed(said)


def _fixed(lines: list[str]) -> list[str]:
    """Without what differs from one asking to the next; authorities shuffle their NS records."""
    kept = [re.sub(r"(id|Query time): \d+|WHEN: .*", r"\1", line) for line in lines]
    return sorted(line for line in kept if line and not line.startswith("; ("))


async def test_zone_transfer_brings_what_dig_sees(lab: DnsLab) -> None:
    answer = await ask(BIND, "pitop.lab.", "AXFR")
    said = lab.run("dig", f"@{BIND}", "pitop.lab", "AXFR", "+onesoa", "+nocmd", "+nostats", "+noquestion").stdout
    theirs = [line for line in said.splitlines() if line and not line.startswith(";")]
    mine = [record_line(record) for record in answer.records]
    assert mine[0] == mine[-1]
    assert [record.type for record in answer.records].count("SOA") == 2
    assert sorted(mine[:-1]) == sorted(theirs)
    assert answer.transport is Transport.TCP


async def test_incremental_transfer_of_nothing_new(lab: DnsLab) -> None:
    answer = await ask(BIND, "pitop.lab.", "IXFR", serial=1)
    assert [record.type for record in answer.records] == ["SOA"]


async def test_refused_transfer_says_so(lab: DnsLab) -> None:
    answer = await ask(LEAF, "pitop.lab.", "AXFR")
    assert answer.status == "REFUSED"
    assert answer.edns is not None
    assert [error.code for error in answer.edns.errors] == [18]


async def test_truncated_answer_is_asked_for_over_tcp(lab: DnsLab) -> None:
    answer = await ask(LEAF, "big.pitop.lab.", "TXT")
    assert answer.fallback
    assert answer.transport is Transport.TCP
    assert answer.timing.connect_ms is not None
    assert len(answer.section(Section.ANSWER)[0].data) > 2000
    short = await ask(LEAF, "big.pitop.lab.", "TXT", fallback=False)
    assert "tc" in short.flags
    assert not short.records


async def test_tls_and_https_answer_and_tell_their_phases(lab: DnsLab) -> None:
    for server in (f"tls://{UNBOUND}", f"https://{UNBOUND}/dns-query"):
        answer = await ask(server, "www.pitop.lab.", authorities=str(lab.folder / "tls.pem"))
        timing = answer.timing
        assert [record.data for record in answer.section(Section.ANSWER)] == ["10.53.1.2"]
        assert timing.connect_ms is not None
        assert timing.tls_ms is not None
        assert timing.total_ms >= timing.connect_ms + timing.tls_ms + timing.query_ms


async def test_certificates_are_checked(lab: DnsLab) -> None:
    with pytest.raises(NoAnswer) as unknown:
        await ask(f"tls://{UNBOUND}", "www.pitop.lab.")
    assert unknown.value.trouble.fault is Fault.TLS
    assert "self-signed" in unknown.value.trouble.message
    authorities = str(lab.folder / "tls.pem")
    with pytest.raises(NoAnswer) as wrong:
        await ask(f"tls://{UNBOUND}", "www.pitop.lab.", authorities=authorities, certificate_name="other.lab")
    assert "other.lab" in wrong.value.trouble.message
    answer = await ask(f"https://{UNBOUND}", "www.pitop.lab.", verify=False)
    assert answer.status == "NOERROR"


async def test_https_path_that_is_not_there(lab: DnsLab) -> None:
    with pytest.raises(NoAnswer) as error:
        await ask(f"https://{UNBOUND}/nowhere", "www.pitop.lab.", verify=False)
    assert error.value.trouble.fault in (Fault.HTTP, Fault.CLOSED)


async def test_server_tells_its_name_and_takes_cookies(lab: DnsLab) -> None:
    answer = await ask(LEAF, "www.pitop.lab.", nsid=True, cookie="0102030405060708")
    assert answer.edns is not None
    assert answer.edns.nsid == "leaf.lab"
    assert answer.edns.cookie is not None
    assert answer.edns.cookie.startswith("0102030405060708")
    assert len(answer.edns.cookie) > 16


async def test_padding_fills_the_query(lab: DnsLab) -> None:
    answer = await ask(LEAF, "www.pitop.lab.", padding_bytes=128, cookie=None)
    assert answer.sent_bytes % 128 == 0


async def test_class_chaos(lab: DnsLab) -> None:
    answer = await ask(DNSMASQ, "cachesize.bind.", "TXT", "CH")
    assert [record.data for record in answer.section(Section.ANSWER)] == ['"500"']


async def test_bogus_answer_fails_at_the_resolver_with_the_reason(lab: DnsLab) -> None:
    answer = await ask(UNBOUND, "www.bogus.lab.")
    assert answer.status == "SERVFAIL"
    assert answer.edns is not None
    assert answer.edns.errors


async def test_closed_port_is_told_at_once(lab: DnsLab) -> None:
    with pytest.raises(NoAnswer) as error:
        await ask(f"{ROOT}#99", "www.pitop.lab.")
    assert error.value.trouble.fault is Fault.REFUSED
    assert error.value.trouble.seconds < 1.0


async def test_server_by_name_is_asked_where_there_is_a_way(lab: DnsLab, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hosts").write_text(
        f"2001:db8:53::1 both.example\n{LEAF} both.example\n2001:db8:53::2 six.example\n"
    )
    assert (await located(parse_server("both.example"), root=tmp_path)).host == LEAF
    assert (await located(parse_server("both.example"), 6, root=tmp_path)).host == "2001:db8:53::1"
    assert (await located(parse_server("six.example"), root=tmp_path)).host == "2001:db8:53::2"
    (tmp_path / "etc/hosts").write_text("")
    (tmp_path / "etc/resolv.conf").write_text(f"nameserver {DNSMASQ}\n")
    assert (await located(parse_server("www.pitop.lab"), root=tmp_path)).host == "10.53.1.2"
