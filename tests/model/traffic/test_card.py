"""A process's network card, and the part of the inspector that is made of it."""

from __future__ import annotations

from msgspec.structs import replace

from pitop.model.snapshot import Missing
from pitop.model.sockets import Owner, Socket
from pitop.model.traffic import traffic_rows
from pitop.model.traffic.card import Card, Peer, network_card
from pitop.render.inspection.network import network_part
from tests.model.test_sockets import endpoint, listener, tcp
from tests.model.test_timeline import query, sockets, talk, traffic

WGET = Owner(900, 1900, "wget")


def _held(remote: str, rtt: float, **counts: int) -> Socket:
    counted = tcp(
        counts.get("received", 0), counts.get("sent", 0), rtt_ms=rtt, segments_received=7, segments_sent=5,
        retransmits=counts.get("resent", 0),
    )  # fmt: skip
    end = endpoint(local=f"10.0.0.1:{40_000 + int(rtt)}", remote=remote, tcp=counted)
    return Socket(end, holder="process", owners=(WGET,))


def a_card() -> Card:
    sample = sockets(
        2,
        _held("10.0.0.2:80", 3.0, received=5000, sent=100, resent=2),
        _held("10.0.0.3:443", 80.0, received=70, sent=30),
        Socket(listener("0.0.0.0:8080"), holder="process", owners=(WGET,)),
        Socket(endpoint(remote="10.0.0.9:80", tcp=tcp(9, 9, rtt_ms=900.0)), owners=(Owner(1, 1, "init"),)),
    )
    udp = talk(
        transport="udp", protocol="QUIC", b=("10.0.0.4", 443), octets_ab=10, octets_ba=20, packets_ab=3, packets_ba=4
    )
    others = query(1.0, pid=1, start_ticks=1, key=("x", 1, "y", 1, 1.0))
    heard = traffic(2, udp, queries=(query(1.5), others))
    rows = traffic_rows(sample, heard, None, 0.0).rows
    return network_card((900, 1900), rows, sample, heard)


def test_it_counts_what_is_the_processs_and_nothing_else() -> None:
    card = a_card()
    assert (card.received_bytes, card.sent_bytes) == (5000 + 70 + 20, 100 + 30 + 10)
    assert (card.packets_in, card.packets_out) == (7 + 7 + 4, 5 + 5 + 3)
    assert (card.connections, card.open, card.resent) == (3, 3, 2)
    assert card.slowest == Peer("10.0.0.3", 443, 80.0)
    assert card.listening == (("tcp", 8080),)
    assert card.rows[0].address == "10.0.0.2"
    assert [each.name for each in card.queries] == ["www.example.org"]
    assert card.received_bytes_per_second is None


def test_a_process_that_does_not_talk_is_not_said_to_have_carried_nothing() -> None:
    card = network_card((5, 5), (), None, None)
    assert (card.received_bytes, card.packets_in, card.resent, card.slowest) == (None, None, None, None)
    lines = {entry.label: entry.text for entry in network_part(card).entries}
    assert lines["in all"] == "↓ -   ↑ -"
    assert lines["slowest peer"] == "-"


def test_it_is_told_in_words_and_hostile_names_are_only_text() -> None:
    card = a_card()
    hostile = replace(card, queries=(replace(card.queries[0], name="a\x1b[31m", status=None, unanswered=True),))
    part = network_part(hostile, (Missing("names", "no permission", "Run it as root."),))
    text = "\n".join(f"{entry.label} {entry.text}" for entry in part.entries)
    assert "10.0.0.3:443, 80.0 ms there and back" in text
    assert "2 segments of what is open, 15.4 % of what went out" in text
    assert "no answer" in text
    assert "no permission" in text
    assert "\x1b" not in text
    assert network_part(None).entries[0].text == "looking …"
