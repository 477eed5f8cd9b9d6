"""The files that say how names are resolved."""

from __future__ import annotations

from pathlib import Path

import pytest

from pitop.kernel.dns.files import hosts_text, nsswitch, resolv_conf
from pitop.model.dns.resolution import Service, candidates, hosts_lines, parse_nsswitch, parse_resolv_conf
from pitop.model.dns.why import disagreements


def test_resolv_conf() -> None:
    conf = parse_resolv_conf(
        "# made by hand\n; so\nnameserver 192.0.2.1\nnameserver nonsense\nnameserver 2001:db8::1\n"
        "domain old.example\nsearch a.example b.example.\noptions ndots:2 timeout:99 attempts:x rotate\n"
        "nameserver 192.0.2.3\nnameserver 192.0.2.4\n"
    )
    assert conf.servers == ("192.0.2.1", "2001:db8::1", "192.0.2.3")
    assert conf.ignored == ("192.0.2.4",)
    assert conf.search == ("a.example", "b.example")
    assert (conf.ndots, conf.timeout, conf.attempts) == (2, 30, 2)
    assert "rotate" in conf.options


def test_nothing_said_means_this_machine() -> None:
    conf = parse_resolv_conf("", "example.org")
    assert conf.servers == ("127.0.0.1",)
    assert conf.implied
    assert conf.search == ("example.org",)


def test_environment_overrides() -> None:
    conf = parse_resolv_conf("search a.example\n", "", {"LOCALDOMAIN": "b.example", "RES_OPTIONS": "ndots:3"})
    assert conf.search == ("b.example",)
    assert conf.ndots == 3


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("www", ("www.a.example.", "www.b.example.", "www.")),
        ("www.c", ("www.c.", "www.c.a.example.", "www.c.b.example.")),
        ("www.c.", ("www.c.",)),
    ],
)
def test_search_list(name: str, expected: tuple[str, ...]) -> None:
    assert candidates(name, parse_resolv_conf("search a.example b.example")) == expected


def test_nsswitch_with_actions() -> None:
    text = "passwd: files\nhosts: files mdns4_minimal [NOTFOUND=return] dns # and so on\n"
    assert parse_nsswitch(text) == (
        Service("files"),
        Service("mdns4_minimal", (("NOTFOUND", "return"),)),
        Service("dns"),
    )
    assert parse_nsswitch("") == (Service("files"), Service("dns"))


def test_hosts_lines_count_and_match_any_name() -> None:
    text = "127.0.0.1 localhost\n# 192.0.2.1 www\n192.0.2.2 WWW.example www # here\n::1 localhost\n"
    assert [(line.number, line.address) for line in hosts_lines(text, "www")] == [(3, "192.0.2.2")]
    assert [line.number for line in hosts_lines(text, "localhost.")] == [1, 4]
    assert [line.number for line in hosts_lines(text, "::1")] == [4]


def test_files_are_read_below_a_root(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/resolv.conf").write_bytes(b"nameserver 192.0.2.1\nsearch \xff.example\n")
    (tmp_path / "etc/hosts").write_text("192.0.2.9 there\n")
    assert resolv_conf(tmp_path).servers == ("192.0.2.1",)
    assert resolv_conf(tmp_path).search == ("\\xff.example",)
    assert hosts_text(tmp_path) == "192.0.2.9 there\n"
    assert nsswitch(tmp_path) == (Service("files"), Service("dns"))


def test_disagreements() -> None:
    one, two = "192.0.2.1", "192.0.2.2"
    assert disagreements([one], [], [("a", [one])]) == ()
    assert "the file comes first" in disagreements([two], [two], [("a", [one])])[0]
    assert "do not agree" in disagreements([one], [], [("a", [one]), ("b", [two])])[0]
    assert disagreements([one], [], [("a", [one]), ("b", None)]) == ("b does not answer",)
    assert "AI_ADDRCONFIG" in disagreements([one], [], [("a", [one, "2001:db8::1"])])[0]
    assert "the C library says 192.0.2.2, the servers do not" in disagreements([two], [], [("a", [])])
