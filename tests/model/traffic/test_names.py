"""What an address is called, and how that is known; what is called otherwise on the other side of a translation."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pitop.model.sockets import Owner
from pitop.model.traffic import NameBook, Named
from pitop.model.traffic.names import hosts_names
from pitop.model.traffic.translation import Translation, other_sides

CURL, WGET = Owner(7, 70, "curl"), Owner(8, 80, "wget")
ADDRESS = "192.0.2.1"


def test_an_answer_comes_before_the_hosts_file_and_that_before_a_reverse_look_up() -> None:
    names = [
        Named(ADDRESS, "reverse.example", "reverse", 9.0),
        Named(ADDRESS, "hosts.example", "hosts", 8.0),
        Named(ADDRESS, "asked.example", "dns", 1.0, CURL),
    ]
    for count, expected in ((3, "asked.example"), (2, "hosts.example"), (1, "reverse.example")):
        named = NameBook(names[:count]).name(ADDRESS)
        assert named is not None
        assert named.name == expected
    assert NameBook(names).name("192.0.2.2") is None
    assert NameBook(names).name(None) is None
    assert [each.source for each in NameBook(names).all(ADDRESS)] == ["dns", "hosts", "reverse"]


def test_the_process_that_asked_has_its_own_name_for_it_others_the_newest() -> None:
    book = NameBook(
        [
            Named(ADDRESS, "old.example", "dns", 1.0, CURL),
            Named(ADDRESS, "mine.example", "dns", 2.0, CURL),
            Named(ADDRESS, "other.example", "dns", 3.0, WGET),
        ]
    )
    for process, expected in (((7, 70), "mine.example"), ((7, 71), "other.example"), (None, "other.example")):
        named = book.name(ADDRESS, process)
        assert named is not None
        assert named.name == expected


def test_the_hosts_file() -> None:
    text = "127.0.0.1 localhost lo\n# 9.9.9.9 no\n::0001 six # x\n127.0.0.1 x\nbad line\n10.0.0.1\n\t10.0.0.2\tpi p"
    assert hosts_names(text) == {"127.0.0.1": "localhost", "::1": "six", "10.0.0.2": "pi"}
    assert len(hosts_names("".join(f"10.0.{n // 250}.{n % 250 + 1} h{n}\n" for n in range(900)), most=100)) == 100


@given(st.text())
def test_any_hosts_file_is_read(text: str) -> None:
    hosts_names(text)


def test_a_translated_connection_is_found_from_either_side_in_either_order() -> None:
    # masquerade: 10.0.0.2:4000 → 192.0.2.9:80 leaves as 203.0.113.1:61000
    sides = other_sides(
        [Translation("tcp", ("10.0.0.2", 4000), ("192.0.2.9", 80), ("192.0.2.9", 80), ("203.0.113.1", 61000))]
    )
    inside, server, outside = ("10.0.0.2", 4000), ("192.0.2.9", 80), ("203.0.113.1", 61000)
    assert sides["tcp", inside, server] == (outside, server)
    assert sides["tcp", outside, server] == (inside, server)
    assert sides["tcp", server, outside] == (server, inside)
    assert ("udp", inside, server) not in sides


def test_a_name_is_the_one_that_was_asked_for_last_before_talking_began() -> None:
    book = NameBook([Named(ADDRESS, f"{name}.example", "dns", at, CURL) for name, at in (("a", 1.0), ("b", 1.007))])
    for began, expected in ((1.001, "a.example"), (1.008, "b.example"), (None, "b.example"), (0.5, "b.example")):
        named = book.name(ADDRESS, (7, 70), began)
        assert named is not None
        assert named.name == expected
