"""The DNS pane and the scope: every view narrows, says why it is empty, and can set it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from pitop.model.dns.about import addresses_in, reverse_address
from pitop.model.dns.live import LiveQuery
from pitop.model.dns.snapshot import Lookup, Part, Watched
from pitop.model.dns.watch import Beat
from pitop.model.processes import Process
from pitop.model.scope import Life, Scope, of_host, of_name, of_port, of_process, of_user, renewed
from pitop.render.dns.lines import Grade, StageRow, beat_rows, plain_rows
from pitop.render.dns.nodes import Node
from pitop.render.field import Tone
from pitop.tui.panes.dns.scoping import asked_names, followed, narrowed
from pitop.tui.panes.dns.views import Content
from tests.tui.still import NOW, a_process
from tests.tui.test_dns_pane import QUESTION, Handheld, Screen, answered, record, run
from tests.tui.test_dns_pane import snapshot as dns_snapshot


def query(number: int, **changes: Any) -> LiveQuery:
    made = LiveQuery(
        key=("10.0.0.2", 4000 + number, "10.0.0.53", number, NOW), time=NOW, name="www.example.", type="A",
        client="10.0.0.2", server="10.0.0.53", status="NOERROR", unanswered=False, data="A 192.0.2.1, A 192.0.2.2",
        ms=1.0, tries=1, pid=700, process="curl", start_ticks=1700,
    )  # fmt: skip
    return replace(made, **changes)


MINE = query(1)
OTHERS = query(2, pid=701, process="ssh", start_ticks=1701, name="far.test.", data="A 198.51.100.1", server="10.0.0.54")
UNKNOWN = query(3, pid=None, process=None, start_ticks=None, name="far.test.", data="", server="10.0.0.54")
BY_PID = query(4, start_ticks=None, name="far.test.", data="", server="10.0.0.54")
LIVE = Content((MINE, OTHERS, UNKNOWN, BY_PID))


def curl() -> Process:
    return a_process(700, 1, "curl", user="pi", start_time=NOW - 60)


def left(content: Content, scope: Scope, asked: frozenset[str] = frozenset()) -> list[Any]:
    return list(narrowed(content, scope, asked).content.rows)


@pytest.mark.parametrize(
    ("scope", "rows"),
    [
        (of_process((700, 1700), "curl"), [MINE, BY_PID]),
        (replace(of_process((700, 1700), "curl"), lives=(Life((700, 1700), NOW - 60, NOW - 5),)), [MINE]),
        (of_process((700, 9999), "again"), [BY_PID]),
        (renewed(of_process((700, 9999), "again"), (a_process(700, 1, "again", key=(700, 9999), start_time=NOW + 9),),
                 (), NOW + 10), []),
        (renewed(of_user("pi"), (curl(),), (), NOW), [MINE, BY_PID]),
        (of_host("192.0.2.2"), [MINE]),
        (of_host("10.0.0.54"), [OTHERS, UNKNOWN, BY_PID]),
        (of_port(4002), [OTHERS]),
        (of_name("example"), [MINE]),
        (of_name("other.example"), []),
    ],
)  # fmt: skip
def test_live_queries_by_process_user_address_port_and_name(scope: Scope, rows: list[LiveQuery]) -> None:
    said = narrowed(LIVE, scope, frozenset())
    assert list(said.content.rows) == rows
    assert said.empty is not bool(rows)
    assert not said.unscoped


def test_records_by_name_and_by_address() -> None:
    rows = (record("192.0.2.1"), record("real.example.", "CNAME"), replace(record("192.0.2.9"), name="real.example."))
    content = Content(rows)
    assert left(content, of_host("192.0.2.9")) == [rows[2]]
    assert left(content, of_name("real.example")) == [rows[1], rows[2]]
    assert left(content, of_name("www.example"), frozenset({"www.example."})) == list(rows)
    assert narrowed(content, of_user("pi"), frozenset()).unscoped


def test_a_reverse_lookup_is_about_the_address_that_it_was_asked_for() -> None:
    pointer = replace(record("www.example.", "PTR"), name="1.2.0.192.in-addr.arpa.")
    assert left(Content((pointer,)), of_host("192.0.2.1")) == [pointer]
    assert left(Content((pointer,)), of_host("192.0.2.2")) == []
    nibbles = ".".join(reversed("20010db8000000000000000000000001"))
    assert reverse_address(f"{nibbles}.IP6.ARPA.") == "2001:db8::1"
    assert reverse_address("2.0.192.in-addr.arpa.") is None
    assert reverse_address("www.example.") is None


def test_what_makes_sense_only_together_is_shown_whole_or_not_at_all() -> None:
    nodes = (
        Node(("zone", "."), ".", Tone.PLAIN, ""),
        Node(("server", "a"), "a.root.", Tone.PLAIN, "", address="192.0.2.53"),
    )
    asked = frozenset({"www.example."})
    trace = Content(nodes, ("", "- "))
    assert left(trace, of_host("192.0.2.53"), asked) == list(nodes)
    assert left(trace, of_name("example"), asked) == list(nodes)
    nothing = narrowed(trace, of_host("192.0.2.54"), asked)
    assert (nothing.content.rows, nothing.content.prefixes, nothing.empty) == ((), None, True)
    why = Content((StageRow((0, 0), "+", "files", "", Tone.PLAIN),))
    assert left(why, of_name("example"), asked) == list(why.rows)
    assert narrowed(why, of_port(53), asked).unscoped
    beats = Content(beat_rows((Beat(NOW, 1.0, "NOERROR", ("192.0.2.1",)),)))
    assert left(beats, of_host("192.0.2.1"), asked) == list(beats.rows)


def test_servers_side_by_side_by_their_address() -> None:
    asked = [("192.0.2.53#53",), ("::1",), ("192.0.2.53#53", "::1")]
    grades = tuple(Grade(servers, "", "first", None, 1.0, None, "", servers=servers) for servers in asked)
    assert left(Content(grades), of_host("192.0.2.53")) == [grades[0], grades[2]]
    assert left(Content(grades), of_host("::1")) == [grades[1], grades[2]]


@pytest.mark.parametrize(
    ("row", "scope"),
    [
        (MINE, of_name("www.example.")),
        (record("192.0.2.1"), of_host("192.0.2.1")),
        (record("real.example.", "CNAME"), of_name("real.example.")),
        (record("10 mail.example.", "MX"), of_name("mail.example.")),
        (record('"words"', "TXT"), of_name("www.example.")),
        (Node(("s",), "a.root.", Tone.PLAIN, "", address="192.0.2.53"), of_host("192.0.2.53")),
        (Node(("z",), ".", Tone.PLAIN, ""), of_name("www.example.")),
        (Grade(("x",), "", "again", None, 1.0, None, "", servers=("192.0.2.53#53",)), of_host("192.0.2.53")),
        (StageRow((0, 0), "+", "files", "", Tone.PLAIN), of_name("www.example.")),
        (plain_rows(["; <<>> "])[0], of_name("www.example.")),
        (None, None),
    ],
)
def test_s_in_every_view(row: Any, scope: Scope | None) -> None:
    assert followed(row, frozenset({"www.example."})) == scope


def test_the_names_that_a_view_was_asked_for() -> None:
    known = dns_snapshot(
        lookups=(Lookup(QUESTION),), watch=Watched(replace(QUESTION, name="other.example."), 2.0, True)
    )
    assert asked_names(known, Part.LOOKUP) == {"www.example."}
    assert asked_names(known, Part.WATCH) == {"other.example."}
    assert asked_names(known, Part.TRACE) == asked_names(None, Part.LOOKUP) == frozenset()


def test_addresses_among_words() -> None:
    assert addresses_in(("CNAME a.example., A 192.0.2.1, AAAA 2001:DB8::1", "192.0.2.1")) == (
        "192.0.2.1",
        "2001:db8::1",
    )


async def test_the_pane_narrows_says_so_and_lets_go() -> None:
    async def test(screen: Screen) -> None:
        await screen.give(dns_snapshot())
        await screen.type("www.example")
        rows = (record("192.0.2.1"), record("192.0.2.2"))
        known = dns_snapshot(begun=((Part.LOOKUP, "www.example"),), lookups=(Lookup(QUESTION, answered(*rows)),))
        await screen.give(known)
        assert len(screen.pane.table.rows) == 2
        await screen.pilot.press("down", "s")
        await screen.pilot.pause()
        assert screen.app.followed == of_host("192.0.2.2")
        assert [row.data for row in screen.pane.table.rows] == ["192.0.2.2"]
        other = replace(known, lookups=(Lookup(QUESTION, answered(rows[0])),))
        await screen.give(other)
        assert "nothing here belongs to 192.0.2.2" in screen.text()
        await screen.pilot.press("escape")
        await screen.pilot.pause()
        assert screen.app.followed is None
        assert [row.data for row in screen.pane.table.rows] == ["192.0.2.1"]
        screen.app.follow(of_user("pi"))
        await screen.pilot.pause()
        assert "the scope means nothing here: all are shown" in screen.text()

    await run(Handheld(), test)
