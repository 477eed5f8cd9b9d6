"""The DNS pane on a source that the test holds in its hands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from msgspec import Struct
from textual.widgets import Input

from pitop.collect.topics import Topic
from pitop.model.dns.answer import Answer, Fault, Record, Section, Timing, Trouble
from pitop.model.dns.dnssec.verdict import Link, Security, Verdict
from pitop.model.dns.live import LiveQuery
from pitop.model.dns.question import Question, Server, Transport
from pitop.model.dns.snapshot import Begin, DnsSnapshot, Lookup, Part, Stop
from pitop.model.dns.trace import Cut, Outcome, Purpose, Remark, Severity, Step, Trace
from pitop.model.traffic import TrafficSnapshot
from pitop.render.field import Tone
from pitop.tui.app import PitopApp
from pitop.tui.panes.dns import DnsPane
from pitop.tui.settings import Settings
from pitop.tui.widgets.notice import Notice
from tests.tui.kept import stale

QUESTION = Question("www.example.", "A")
SERVER = Server("192.0.2.53")


class Hold:
    def __init__(self, source: Handheld, topic: Topic[Any]) -> None:
        self._source, self._topic = source, topic

    def ask(self, request: Struct) -> None:
        self._source.asked.append(request)

    def close(self) -> None:
        self._source.deliver.pop(self._topic.name, None)


class Handheld:
    """Gives what the test gives, and remembers what it was asked."""

    name = "test"
    interval = 1.0

    def __init__(self) -> None:
        self.asked: list[Struct] = []
        self.deliver: dict[str, Callable[[Any], None]] = {}

    def subscribe(self, topic: Topic[Any], deliver: Callable[[Any], None]) -> Hold:
        self.deliver[topic.name] = deliver
        return Hold(self, topic)

    def set_interval(self, seconds: float) -> None:
        """Nothing comes by itself."""

    def perform(self, action: object, told: object) -> None:
        """Nothing is done."""

    def close(self) -> None:
        """Nothing to end."""


def snapshot(time: float = 1000.0, **parts: Any) -> DnsSnapshot:
    return DnsSnapshot(time=time, host="test", servers=("192.0.2.53#53",), **parts)


def answered(*records: Record, status: str = "NOERROR") -> Answer:
    return Answer(
        question=QUESTION, server=SERVER, transport=Transport.UDP, time=1000.0, id=1, opcode="QUERY", status=status,
        flags=("qr", "ra"), records=records, edns=None, timing=Timing(1.5, 1.5), size_bytes=60, sent_bytes=40,
    )  # fmt: skip


def record(data: str, kind: str = "A", ttl: int = 60) -> Record:
    return Record(Section.ANSWER, "www.example.", ttl, "IN", kind, data)


@pytest.fixture
def source() -> Handheld:
    return Handheld()


class Screen:
    """The running app, and what can be read off it."""

    def __init__(self, app: PitopApp, pilot: Any, source: Handheld) -> None:
        self.app, self.pilot, self.source = app, pilot, source

    @property
    def pane(self) -> DnsPane:
        pane = self.app.pane
        assert isinstance(pane, DnsPane)
        return pane

    async def give(self, given: DnsSnapshot) -> None:
        self.source.deliver["dns"](given)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        await self.pilot.press("a")
        self.app.query_one(Input).value = text
        await self.pilot.press("enter")
        await self.pilot.pause()

    def text(self) -> str:
        strips = [self.app.screen._compositor.render_strips(self.app.size)]
        return "\n".join("".join(segment.text for segment in strip) for lines in strips for strip in lines)


async def run(source: Handheld, test: Callable[[Screen], Any], size: tuple[int, int] = (100, 30)) -> None:
    app = PitopApp(source, Settings(glyphs="block"), "dns")  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        await test(Screen(app, pilot, source))


async def test_begins_with_an_invitation(source: Handheld) -> None:
    async def test(screen: Screen) -> None:
        await screen.give(snapshot())
        assert "This machine asks 192.0.2.53#53" in screen.text()
        assert "type a name" in screen.text()

    await run(source, test)


async def test_one_line_goes_to_every_part_once(source: Handheld) -> None:
    async def test(screen: Screen) -> None:
        await screen.type("www.example")
        for pressed in ("t", "c", "y", "w", "l", "t"):
            await screen.pilot.press(pressed)
        begun = [request for request in source.asked if isinstance(request, Begin)]
        assert [request.part for request in begun] == [Part.LOOKUP, Part.TRACE, Part.COMPARE, Part.WHY, Part.WATCH]
        assert {request.text for request in begun} == {"www.example"}
        await screen.pilot.press("r")
        assert source.asked[-1] == Begin(Part.TRACE, "www.example")
        await screen.pilot.press("x")
        assert source.asked[-1] == Stop(Part.TRACE)

    await run(source, test)


async def test_answer_counts_its_ttl_down_and_shows_its_verdict(source: Handheld) -> None:
    verdict = Verdict(Security.BOGUS, "the signature expired", (Link(".", "anchor", Security.SECURE, "key 1"),))
    begun = ((Part.LOOKUP, "www.example"),)

    async def test(screen: Screen) -> None:
        await screen.type("www.example")
        lookups = (Lookup(QUESTION, answered(record("192.0.2.1")), verdict=verdict),)
        await screen.give(snapshot(1007.0, begun=begun, lookups=lookups))
        assert [row.ttl for row in screen.pane.table.rows] == [53]
        assert "NOERROR  bogus" in screen.text()
        assert ".  the signature expired" in screen.text()
        await screen.pilot.press("g")
        assert ";; ->>HEADER<<-" in screen.text()

    await run(source, test)


async def test_what_is_cut_off_is_said_in_full_under_the_table(source: Handheld) -> None:
    long = " ".join(f"word{number}" for number in range(30))

    async def test(screen: Screen) -> None:
        await screen.type("www.example")
        lookups = (Lookup(QUESTION, answered(record("192.0.2.1"), record(f'"{long}"', "TXT"))),)
        await screen.give(snapshot(begun=((Part.LOOKUP, "www.example"),), lookups=lookups))
        assert screen.app.query_one("#detail").size.height == 0
        await screen.pilot.press("down")
        await screen.pilot.pause()
        assert "word29" in screen.text()

    await run(source, test, (80, 24))


async def test_trouble_and_problems_are_said(source: Handheld) -> None:
    async def test(screen: Screen) -> None:
        await screen.type("www.example +x")
        trouble = Trouble(Fault.TIMEOUT, "no answer from 192.0.2.53#53", "Is it up?")
        begun = ((Part.LOOKUP, "www.example +x"),)
        await screen.give(snapshot(begun=begun, lookups=(Lookup(QUESTION, trouble=trouble),)))
        assert "no answer from 192.0.2.53#53. Is it up?" in screen.text()
        await screen.give(snapshot(begun=begun, problems=((Part.LOOKUP, "+x is not one of dig's words"),)))
        assert "+x is not one of dig's words" in screen.text()

    await run(source, test)


async def test_a_long_trouble_is_told_to_its_end(source: Handheld) -> None:
    reason = "the certificate is for " + ", ".join(f"name{number}.example" for number in range(8))

    async def test(screen: Screen) -> None:
        await screen.type("www.example")
        trouble = Trouble(Fault.TLS, reason, "Take another server.")
        await screen.give(snapshot(begun=((Part.LOOKUP, "www.example"),), lookups=(Lookup(QUESTION, trouble=trouble),)))
        assert "name7.example. Take another server." in " ".join(screen.text().split())
        await screen.pilot.resize_terminal(200, 30)
        await screen.pilot.pause()
        line = next(line for line in screen.text().splitlines() if "certificate" in line)
        assert "name5.example" in line

    await run(source, test, (80, 24))


async def test_an_answer_known_as_bogus_is_not_shown_as_a_good_one(source: Handheld) -> None:
    answer = answered(record("192.0.2.9"))
    trace = Trace(
        question=QUESTION, time=1000.0, running=False, steps=(), cuts=(), remarks=(), answer=answer,
        verdict=Verdict(Security.BOGUS, "the signature expired", ()),
    )  # fmt: skip

    async def test(screen: Screen) -> None:
        await screen.type("www.example")
        await screen.pilot.press("t")
        await screen.give(snapshot(begun=((Part.TRACE, "www.example"),), trace=trace))
        phrases = [phrase for line in screen.app.query_one("#summary", Notice)._text for phrase in line]
        assert ("192.0.2.9", Tone.BAD) in phrases

    await run(source, test)


async def test_what_was_ended_before_its_answer_says_so(source: Handheld) -> None:
    trace = Trace(
        question=QUESTION, time=1000.0, running=True, steps=(), cuts=(Cut(".", None, ("a.root.",)),), remarks=()
    )
    begun = ((Part.LOOKUP, "www.example"), (Part.TRACE, "www.example"))

    async def test(screen: Screen) -> None:
        await screen.type("www.example")
        for pressed, part in (("l", Part.LOOKUP), ("t", Part.TRACE)):
            await screen.pilot.press(pressed)
            asking = snapshot(begun=begun, running=frozenset({part}), lookups=(Lookup(QUESTION),), trace=trace)
            await screen.give(asking)
            assert "r asks again" not in screen.text()
            await screen.give(snapshot(begun=begun, lookups=(Lookup(QUESTION),), trace=trace))
            assert "ended before its answer came: r asks again" in screen.text()

    await run(source, test)


async def test_trace_is_a_tree_with_verdicts(source: Handheld) -> None:
    step = Step(
        1,
        Purpose.WALK,
        0,
        ".",
        "a.root.",
        "192.0.2.1",
        QUESTION,
        Outcome.REFERRAL,
        "refers to example.",
        3.2,
        100,
        (),
        True,
    )
    trace = Trace(
        question=QUESTION,
        time=1000.0,
        running=False,
        steps=(step,),
        cuts=(Cut(".", None, ("a.root.",)), Cut("example.", ".", ("ns.example.",), signed=True)),
        remarks=(Remark("example.", Severity.BAD, "ns.example. is \x1b[31mlame"),),
        verdict=Verdict(Security.INSECURE, "no DS", (Link("example.", "DS", Security.INSECURE, "no DS"),)),
    )

    async def test(screen: Screen) -> None:
        await screen.type("www.example")
        await screen.pilot.press("t")
        await screen.give(snapshot(begun=((Part.TRACE, "www.example"),), trace=trace))
        text = screen.text()
        assert "├─ a.root." in text
        assert "└─ example." in text
        assert "insecure: no DS" in text
        assert "\\e[31mlame" in text
        screen.app.set_glyphs("ascii")
        await screen.pilot.pause()
        assert "|- a.root." in screen.text()
        assert stale(screen.app.screen) == []
        assert "\x1b" not in text

    await run(source, test)


async def test_follow_asks_for_where_a_record_leads(source: Handheld) -> None:
    async def test(screen: Screen) -> None:
        await screen.type("www.example A @192.0.2.9")
        lookups = (Lookup(QUESTION, answered(record("real.example.", "CNAME"))),)
        await screen.give(snapshot(begun=((Part.LOOKUP, "www.example A @192.0.2.9"),), lookups=lookups))
        await screen.pilot.press("f")
        assert source.asked[-1] == Begin(Part.LOOKUP, "real.example. @192.0.2.9")

    await run(source, test)


async def test_earlier_lines_come_back_and_complete(source: Handheld) -> None:
    async def test(screen: Screen) -> None:
        await screen.type("one.example MX")
        await screen.type("two.example")
        await screen.pilot.press("a")
        assert screen.app.query_one(Input).value == "two.example"
        await screen.pilot.press("up")
        assert screen.app.query_one(Input).value == "one.example MX"
        screen.app.query_one(Input).value = ""
        await screen.pilot.press("o", "n")
        await screen.pilot.pause()
        await screen.pilot.press("tab")
        assert screen.app.query_one(Input).value == "one.example MX"

    await run(source, test)


async def test_search_and_filter(source: Handheld) -> None:
    records = [record(f"192.0.2.{number}", ttl=number) for number in range(1, 5)]

    async def test(screen: Screen) -> None:
        await screen.type("www.example")
        lookups = (Lookup(QUESTION, answered(*records)),)
        await screen.give(snapshot(begun=((Part.LOOKUP, "www.example"),), lookups=lookups))
        await screen.pilot.press("slash", "2", ".", "3", "enter")
        assert screen.pane.table.selected == records[2]
        await screen.pilot.press("backslash", *"ttl>2", "enter")
        assert list(screen.pane.table.rows) == records[2:]
        assert "filter: ttl>2  2 rows" in screen.text()
        await screen.pilot.press("backslash", *"x=", "escape")
        assert list(screen.pane.table.rows) == records[2:]
        await screen.pilot.press("escape")
        assert list(screen.pane.table.rows) == records

    await run(source, test)


async def test_figures_of_live_queries_and_of_an_answer_keep_to_their_line(source: Handheld) -> None:
    queries = tuple(
        LiveQuery(
            ("10.0.0.2", 4000, "10.0.0.53", number, 1000.0), 1000.0, f"a-rather-long-name-{number}.example.", "A",
            "10.0.0.2", "10.0.0.53", "NOERROR", unanswered=False, data="A 192.0.2.1", ms=0.4, tries=1, pid=7,
            process="curl", start_ticks=70,
        )
        for number in range(5)
    )  # fmt: skip

    async def test(screen: Screen) -> None:
        await screen.type("www.example")
        begun = ((Part.LOOKUP, "www.example"),)
        name = "www.a-rather-long-name-that-leaves-no-room.example."
        asked = Question(name, "A")
        answer = msgspec.structs.replace(answered(record("192.0.2.1")), question=asked)
        await screen.give(snapshot(begun=begun, lookups=(Lookup(asked, answer),)))
        assert len(screen.app.query_one("#summary", Notice)._text) == 1
        assert "qr ra" not in screen.text()
        await screen.pilot.press("v")
        traffic = TrafficSnapshot(time=1001.0, host="test", running=True, queries=queries)
        source.deliver["traffic"](traffic)
        await screen.pilot.pause()
        assert len(screen.app.query_one("#summary", Notice)._text) == 1
        assert "most: a-rather-long-name" in screen.text()

    await run(source, test, (100, 24))


async def test_live_listens_only_while_it_is_shown(source: Handheld) -> None:
    query = LiveQuery(
        ("10.0.0.2", 4000, "10.0.0.53", 7, 1000.0), 1000.0, "www.example.", "A", "10.0.0.2", "10.0.0.53", "NOERROR",
        unanswered=False, data="A 192.0.2.1", ms=0.4, tries=1, pid=7, process="curl", start_ticks=70,
    )  # fmt: skip

    async def test(screen: Screen) -> None:
        await screen.give(snapshot())
        assert "traffic" not in source.deliver
        await screen.pilot.press("v")
        source.deliver["traffic"](TrafficSnapshot(time=1001.0, host="test", running=True, queries=(query,)))
        await screen.pilot.pause()
        text = screen.text()
        assert "1 query  0 unanswered" in text
        assert "curl" in text
        assert "A 192.0.2.1" in text
        refused = TrafficSnapshot(time=1001.0, host="test", problem="Not permitted.", advice="Be root.")
        source.deliver["traffic"](refused)
        await screen.pilot.pause()
        assert "Not permitted. Be root." in screen.text()
        await screen.pilot.press("l")
        assert "traffic" not in source.deliver
        await screen.pilot.press("v")
        assert "traffic" in source.deliver
        await screen.pilot.press("1")
        assert "traffic" not in source.deliver

    await run(source, test, (140, 30))


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (200, 60)])
async def test_every_size_shows_the_table(source: Handheld, size: tuple[int, int]) -> None:
    async def test(screen: Screen) -> None:
        await screen.type("www.example")
        lookups = (Lookup(QUESTION, answered(record("192.0.2.1"))),)
        await screen.give(snapshot(begun=((Part.LOOKUP, "www.example"),), lookups=lookups))
        assert "192.0.2.1" in screen.text() or size[0] < 80
        assert "NAME" in screen.text()

    await run(source, test, size)


async def test_leaving_the_pane_lets_go_of_the_topic(source: Handheld) -> None:
    async def test(screen: Screen) -> None:
        assert "dns" in source.deliver
        await screen.pilot.press("1")
        assert "dns" not in source.deliver

    await run(source, test)


@pytest.mark.parametrize(
    ("kind", "data", "target"),
    [
        ("MX", "10 mail.example.", "mail.example."),
        ("SRV", "0 5 443 web.example.", "web.example."),
        ("HTTPS", '1 edge.example. alpn="h2,h3" ipv4hint=192.0.2.1', "edge.example."),
        ("HTTPS", '1 . alpn="h2"', None),
        ("A", "192.0.2.1", None),
    ],
)
async def test_follow_goes_to_the_name_and_nowhere_else(
    source: Handheld, kind: str, data: str, target: str | None
) -> None:
    async def test(screen: Screen) -> None:
        await screen.type("www.example @192.0.2.53")
        found = answered(record(data, kind))
        await screen.give(snapshot(lookups=(Lookup(QUESTION, found),), begun=((Part.LOOKUP, "www.example"),)))
        before = len(source.asked)
        await screen.pilot.press("f")
        await screen.pilot.pause()
        lines = [each.text for each in source.asked[before:] if isinstance(each, Begin)]
        assert lines == ([] if target is None else [f"{target} @192.0.2.53"])

    await run(source, test)
