"""Questions and answers on the wire, matched."""

from __future__ import annotations

from pitop.model.dns.live import Asked, LiveQuery, QueryBook, summarise
from pitop.model.packets.packet import Packet
from pitop.model.sockets import Owner

CLIENT, SERVER = ("10.0.0.2", 40000), ("10.0.0.53", 53)


def packet(
    time: float,
    said: str,
    *,
    answer: bool = False,
    name: str = "www.example.",
    kind: str = "A",
    client: tuple[str, int] = CLIENT,
) -> Packet:
    (source, sport), (destination, dport) = (SERVER, client) if answer else (client, SERVER)
    return Packet(
        number=1, seconds=int(time), nanoseconds=round(time % 1 * 1e9), interface="eth0", source=source,
        source_port=sport, destination=destination, destination_port=dport, protocol="DNS", length=60,
        line=f"IP {source}.{sport} > {destination}.{dport}: {said}",
        dns_name=name, dns_type=kind,
    )  # fmt: skip


CURL, WGET = Owner(7, 70, "curl"), Owner(8, 80, "wget")


def matched(*packets: Packet, now: float = 100.0, askers: tuple[Owner | None, ...] = ()) -> list[LiveQuery]:
    book = QueryBook()
    for number, each in enumerate(packets):
        book.take(each, askers[number] if number < len(askers) else None)
    return list(book.queries(now))


def test_answered() -> None:
    (query,) = matched(
        packet(10.0, "57448+ [1au] A? www.example. (33)"),
        packet(10.25, "57448$ 2/0/1 CNAME w.example., A 192.0.2.1 (58)", answer=True),
        askers=(CURL,),
    )
    assert (query.name, query.type, query.client, query.server) == ("www.example.", "A", "10.0.0.2", "10.0.0.53")
    assert (query.status, query.data, query.tries) == ("NOERROR", "CNAME w.example., A 192.0.2.1", 1)
    assert query.ms is not None
    assert abs(query.ms - 250) < 0.01
    assert (query.pid, query.process, query.start_ticks) == (7, "curl", 70)


def test_codes() -> None:
    for said, status in (
        ("1 NXDomain 0/1/0 (87)", "NXDOMAIN"),
        ("1 NXDomain*- 0/6/1 (487)", "NXDOMAIN"),
        ("1 ServFail 0/0/0 (30)", "SERVFAIL"),
        ("1 Refused- 0/0/1 (42)", "REFUSED"),
        ("1*-| 0/0/1 (42)", "NOERROR"),
        ("Flags [P.], seq 1:57, ack 1, win 64, length 56 1*- 1/0/0 A 192.0.2.1 (54)", "NOERROR"),
    ):
        (query,) = matched(packet(1.0, "1+ A? www.example. (33)"), packet(1.1, said, answer=True))
        assert query.status == status, said


def test_asked_again_from_another_port_and_the_time_since() -> None:
    (query,) = matched(
        packet(10.0, "5+ A? www.example. (33)"),
        packet(12.0, "5+ A? www.example. (33)", client=("10.0.0.2", 40001)),
        packet(12.5, "5 1/0/0 A 192.0.2.1 (49)", answer=True, client=("10.0.0.2", 40001)),
    )
    assert query.tries == 2
    assert query.ms is not None
    assert abs(query.ms - 500) < 0.01


def test_seen_on_two_interfaces_is_one() -> None:
    (query,) = matched(packet(10.0, "5+ A? www.example. (33)"), packet(10.0002, "5+ A? www.example. (33)"))
    assert query.tries == 1


def test_unanswered_only_after_a_while() -> None:
    asked = packet(10.0, "5+ A? www.example. (33)")
    assert not matched(asked, now=12.0)[0].unanswered
    (query,) = matched(asked, now=16.0)
    assert query.unanswered
    assert query.status is None
    assert query.ms is None


def test_answers_to_others_do_not_count() -> None:
    (query,) = matched(
        packet(10.0, "5+ A? www.example. (33)"),
        packet(10.1, "6 1/0/0 A 6.6.6.6 (49)", answer=True),
        packet(10.1, "5 1/0/0 A 6.6.6.6 (49)", answer=True, name="other.example."),
    )
    assert query.status is None


def test_who_answers_is_not_who_asked() -> None:
    (query,) = matched(packet(10.0, "5+ A? www.example. (33)", client=("127.0.0.1", 40000)))
    assert (query.pid, query.process) == (None, None)


def test_two_programs_with_one_number_are_two_questions_each_with_its_answer() -> None:
    first, second = ("10.0.0.2", 40000), ("10.0.0.2", 40001)
    later, earlier = matched(
        packet(10.0, "5+ A? www.example. (33)", client=first),
        packet(10.1, "5+ A? www.example. (33)", client=second),
        packet(10.2, "5 1/0/0 A 192.0.2.1 (49)", answer=True, client=second),
        packet(10.3, "5 NXDomain 0/0/0 (33)", answer=True, client=first),
        askers=(CURL, WGET),
    )
    assert (earlier.process, earlier.status, earlier.tries) == ("curl", "NXDOMAIN", 1)
    assert (later.process, later.status, later.tries) == ("wget", "NOERROR", 1)


def test_what_has_not_changed_is_the_same_object_and_the_oldest_are_forgotten() -> None:
    book = QueryBook(most=2)
    for number in (1, 2, 3):
        book.take(packet(float(number), f"{number}+ A? www.example. (33)"), CURL)
    newest, before = book.queries(4.0)
    assert (newest.time, before.time) == (3.0, 2.0)
    assert book.take(packet(4.0, "1 1/0/0 A 192.0.2.1 (49)", answer=True)) is None
    assert book.take(packet(4.0, "3 1/0/0 A 192.0.2.1 (49)", answer=True)) == Asked("www.example.", CURL)
    again, same = book.queries(4.5)
    assert same is before
    assert again.status == "NOERROR"


def test_figures_and_order() -> None:
    queries = matched(
        packet(1.0, "1+ A? a.example. (33)", name="a.example."),
        packet(1.1, "1 ServFail 0/0/0 (30)", answer=True, name="a.example."),
        packet(2.0, "2+ A? a.example. (33)", name="a.example."),
        packet(3.0, "3+ A? b.example. (33)", name="b.example."),
        packet(3.3, "3 NXDomain 0/1/0 (30)", answer=True, name="b.example."),
    )
    assert [query.time for query in queries] == [3.0, 2.0, 1.0]
    figures = summarise(queries)
    assert (figures.queries, figures.unanswered, figures.failed) == (3, 1, 1)
    assert figures.top[0] == ("a.example.", 2)
    assert summarise([]).median_ms is None
