"""dig's grammar."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitop.model.dns.names import unicode_form
from pitop.model.dns.question import Question, QuestionError, Transport, address_of, parse_server, reverse_name
from pitop.model.dns.words import read_line, read_words


def asked(line: str, **letters: object) -> list[str]:
    return [str(question) for question in read_words(line.split(), **letters).questions]  # type: ignore[arg-type]


def test_names_types_and_classes() -> None:
    assert asked("www.example") == ["www.example. IN A"]
    assert asked("www.example MX") == ["www.example. IN MX"]
    assert asked("mx www.example") == ["www.example. IN MX"]
    assert asked("www.example A AAAA type65") == [
        "www.example. IN A",
        "www.example. IN AAAA",
        "www.example. IN HTTPS",
    ]
    assert asked("one.example two.example MX") == ["one.example. IN A", "two.example. IN MX"]
    assert asked("version.bind TXT CH") == ["version.bind. CH TXT"]
    assert asked("") == [". IN NS"]
    assert asked("SOA") == [". IN SOA"]
    assert asked("example.com", types=["ixfr=7"]) == ["example.com. IN IXFR"]


def test_a_name_that_looks_like_a_type_has_a_dot() -> None:
    assert asked("mx.") == ["mx. IN A"]
    assert asked("", names=["mx"]) == ["mx. IN A"]


def test_reverse() -> None:
    assert asked("", reverse=["192.0.2.1"]) == ["1.2.0.192.in-addr.arpa. IN PTR"]
    assert reverse_name("2001:db8::1").endswith(".8.b.d.0.1.0.0.2.ip6.arpa.")
    with pytest.raises(QuestionError, match="not an address"):
        reverse_name("www.example")


def test_an_address_is_asked_for_its_name_unless_a_type_is_wanted() -> None:
    assert asked("192.0.2.1") == ["1.2.0.192.in-addr.arpa. IN PTR"]
    assert asked("fe80::1%eth0") == [reverse_name("fe80::1") + " IN PTR"]
    assert asked("192.0.2.1 A") == ["192.0.2.1. IN A"]
    assert asked("A 192.0.2.1") == ["192.0.2.1. IN A"]
    assert asked("", names=["192.0.2.1"], types=["TXT"]) == ["192.0.2.1. IN TXT"]


def test_a_typed_line_takes_letters_and_quotes() -> None:
    def questions(line: str) -> list[str]:
        return [str(question) for question in read_line(line).questions]

    assert questions("-x 192.0.2.1") == ["1.2.0.192.in-addr.arpa. IN PTR"]
    assert questions("-x192.0.2.1 -tmx -q mx") == ["mx. IN MX", "1.2.0.192.in-addr.arpa. IN PTR"]
    assert questions("-c CH -t TXT version.bind") == ["version.bind. CH TXT"]
    assert questions("'a name' A") == ["a\\032name. IN A"]
    assert [server.port for server in read_line("x. @192.0.2.53 @192.0.2.54#55 -p 5353").servers] == [5353, 55]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("-x", "-x needs a value"),
        ("-x www.example", "not an address"),
        ("-z 1", "“-z” means nothing here"),
        ("-p zero x.", "-p needs a number from 1 to 65535"),
        ("'x", "no closing quotation"),
    ],
)
def test_what_is_wrong_with_a_typed_line(line: str, words: str) -> None:
    with pytest.raises(QuestionError, match=words):
        read_line(line)


def test_international_names_travel_in_ascii() -> None:
    assert asked("bücher.example") == ["xn--bcher-kva.example. IN A"]
    assert asked("BÜCHER.example") == ["xn--bcher-kva.example. IN A"]


def test_international_names_read_as_they_are_written() -> None:
    assert unicode_form("xn--bcher-kva.example.") == "bücher.example."
    assert unicode_form("www.example.") is None
    assert unicode_form("xn--a.example.") is None


@pytest.mark.parametrize(
    ("word", "field", "value"),
    [
        ("+dnssec", "dnssec", True),
        ("+do", "dnssec", True),
        ("+norec", "recursion", False),
        ("+norecurse", "recursion", False),
        ("+cd", "checking_disabled", True),
        ("+noad", "authentic", False),
        ("+aa", "authoritative", True),
        ("+nsid", "nsid", True),
        ("+noedns", "payload_bytes", None),
        ("+bufsize=4096", "payload_bytes", 4096),
        ("+subnet=192.0.2.0/24", "subnet", "192.0.2.0/24"),
        ("+nocookie", "cookie", None),
        ("+cookie=0102030405060708", "cookie", "0102030405060708"),
        ("+padding=468", "padding_bytes", 468),
        ("+time=2", "timeout", 2.0),
        ("+tries=1", "tries", 1),
        ("+retry=1", "tries", 2),
        ("+ignore", "fallback", False),
        ("+noverify", "verify", False),
        ("+tls-hostname=ns.example", "certificate_name", "ns.example"),
        ("+tls-ca=/etc/ca.pem", "authorities", "/etc/ca.pem"),
    ],
)
def test_words_become_options(word: str, field: str, value: object) -> None:
    assert getattr(read_words(["www.example", word]).options, field) == value


def test_words_on_printing() -> None:
    said = read_words(["x.", "+noall", "+answer", "+short", "+trace", "+search"])
    assert dict(said.display)["answer"] is True
    assert dict(said.display)["comments"] is False
    assert said.short
    assert said.trace
    assert said.search


def test_the_last_word_wins() -> None:
    assert read_words(["+tcp", "+notcp", "x."]).transport is None
    assert read_words(["+tls", "x.", "@192.0.2.1"]).servers[0].transport is Transport.TLS
    assert read_words(["@192.0.2.1", "x.", "+tls"]).servers[0].port == 853


def test_https_path() -> None:
    (server,) = read_words(["x.", "@192.0.2.1", "+https=/other"]).servers
    assert (server.transport, server.port, server.path) == (Transport.HTTPS, 443, "/other")


def test_roots_and_anchor() -> None:
    said = read_words(["x.", "+root=127.0.0.1:5301", "+root=::1", "+anchor=/etc/keys"])
    assert (said.roots, said.root_port, said.anchor) == (("127.0.0.1", "::1"), 5301, "/etc/keys")


@pytest.mark.parametrize(
    "words",
    ["+nonsense", "x. +bufsize=a", "x. +bufsize=70000", "a..b", "x. @", "x. @192.0.2.1#0", "x. +subnet", "x. +time=0"],
)
def test_wrong_words_are_told(words: str) -> None:
    with pytest.raises(QuestionError):
        read_words(words.split())


@pytest.mark.parametrize(
    ("text", "host", "port", "transport"),
    [
        ("192.0.2.1", "192.0.2.1", 53, Transport.UDP),
        ("192.0.2.1#5353", "192.0.2.1", 5353, Transport.UDP),
        ("192.0.2.1:5353", "192.0.2.1", 5353, Transport.UDP),
        ("2001:db8::1", "2001:db8::1", 53, Transport.UDP),
        ("[2001:db8::1]:5353", "2001:db8::1", 5353, Transport.UDP),
        ("2001:db8::1#5353", "2001:db8::1", 5353, Transport.UDP),
        ("fe80::1%eth0", "fe80::1%eth0", 53, Transport.UDP),
        ("ns.example", "ns.example", 53, Transport.UDP),
        ("ns.example:5353", "ns.example", 5353, Transport.UDP),
        ("tls://ns.example", "ns.example", 853, Transport.TLS),
        ("tls://[2001:db8::1]:8853", "2001:db8::1", 8853, Transport.TLS),
        ("https://ns.example/q", "ns.example", 443, Transport.HTTPS),
        ("quic://192.0.2.1", "192.0.2.1", 853, Transport.QUIC),
        ("tcp://192.0.2.1", "192.0.2.1", 53, Transport.TCP),
    ],
)
def test_servers(text: str, host: str, port: int, transport: Transport) -> None:
    server = parse_server(text)
    assert (server.host, server.port, server.transport) == (host, port, transport)


@given(st.text(max_size=60))
def test_no_text_does_more_than_raise_what_is_told(text: str) -> None:
    try:
        said = read_words(text.split())
    except QuestionError as error:
        assert str(error)
        return
    assert all(isinstance(question, Question) and question.name.endswith(".") for question in said.questions)
    assert all(server.host for server in said.servers)


@given(st.ip_addresses())
def test_every_address_has_a_name_that_leads_back(address: object) -> None:
    assert address_of(str(address)) == address
    assert reverse_name(str(address)).endswith(".arpa.")


def test_class_before_the_name() -> None:
    assert read_words(["CH", "TXT", "id.server"]).questions == (Question("id.server.", "TXT", "CH"),)
    assert read_words(["id.server", "TXT", "CH"]).questions == (Question("id.server.", "TXT", "CH"),)
