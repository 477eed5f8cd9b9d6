"""The timeline's recorder: snapshots in, one ordered list out, each line with the process that it is about."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from pitop.model.actions import Outcome, Performed
from pitop.model.dns.live import LiveQuery
from pitop.model.events import Ended, EventKind, EventsSnapshot, Origin, ProcessEvent
from pitop.model.scope import about_process, of_flow, of_host, of_name, of_process
from pitop.model.signals import Answer, Reply, SendSignal, SignalOutcome
from pitop.model.sockets import Counters, Endpoint, Owner, Socket, SocketsSnapshot
from pitop.model.target import Target
from pitop.model.time import Ending
from pitop.model.timeline import Happening, Kind, Recorder, about_happening, lives
from pitop.model.traffic import Talk, TrafficSnapshot
from tests.model.test_sockets import endpoint, listener, tcp
from tests.tui.still import NOW, a_process, processes

CLIENT, SERVER = ("10.0.0.1", 40000), ("10.0.0.2", 80)


def event(kind: EventKind, after: float, pid: int, ppid: int = 411, **other: Any) -> ProcessEvent:
    values: dict[str, Any] = {"name": "wget", "command": "wget http://x/"}
    return ProcessEvent(kind, NOW + after, pid, ppid, **{**values, **other})


def events(*all_of_them: ProcessEvent, ended: tuple[Ended, ...] = ()) -> EventsSnapshot:
    kinds = [each.kind for each in all_of_them]
    return EventsSnapshot(
        time=NOW + 10,
        host="board",
        origin=Origin.KERNEL,
        events=all_of_them,
        ended=ended,
        forks=kinds.count(EventKind.FORK),
        execs=kinds.count(EventKind.EXEC),
        exits=kinds.count(EventKind.EXIT),
        lost=0,
        forks_per_second=None,
        exits_per_second=None,
    )


def sockets(after: float, *rows: Socket, closed: tuple[Socket, ...] = ()) -> SocketsSnapshot:
    return SocketsSnapshot(
        time=NOW + after, host="board", rows=rows, states=(), received_bytes_per_second=None,
        sent_bytes_per_second=None, closed=closed, counters=Counters(), own_session=frozenset(), viewers=(),
        can_close=False, events=True, namespaces=(), from_tables=(),
    )  # fmt: skip


def talk(number: int = 1, began: float = 2.0, **other: Any) -> Talk:
    values: dict[str, Any] = {
        "transport": "tcp",
        "protocol": "TCP",
        "a": CLIENT,
        "b": SERVER,
        "a_here": True,
        "b_here": False,
        "a_owner": Owner(900, 1900, "wget"),
    }
    return Talk(number=number, began=NOW + began, last=NOW + began, **{**values, **other})


def traffic(after: float, *talks: Talk, queries: tuple[LiveQuery, ...] = ()) -> TrafficSnapshot:
    return TrafficSnapshot(time=NOW + after, host="board", talks=talks, queries=queries, running=True)


def query(after: float, **other: Any) -> LiveQuery:
    values: dict[str, Any] = {
        "key": ("10.0.0.1", 50000, "10.0.0.9", 7, after),
        "name": "www.example.org",
        "type": "A",
        "client": "10.0.0.1",
        "server": "10.0.0.9",
        "status": "NOERROR",
        "unanswered": False,
        "data": "A 10.0.0.2",
        "ms": 3.2,
        "tries": 1,
        "pid": 900,
        "process": "wget",
        "start_ticks": 1900,
    }
    return LiveQuery(time=NOW + after, **{**values, **other})


def kinds(recorder: Recorder) -> list[Kind]:
    """What happened, oldest first."""
    return [row.kind for row in reversed(recorder.rows())]


def _a_connection(closed_after: float, received: int, sent: int, **other: Any) -> Socket:
    end: Endpoint = endpoint("CLOSE", "10.0.0.1:40000", "10.0.0.2:80", tcp=tcp(received, sent, **other))
    return Socket(end, closed_time=NOW + closed_after)


LIFE = (
    event(EventKind.FORK, 1.0, 900, name="bash", command="-bash"),
    event(EventKind.EXEC, 1.1, 900),
    event(EventKind.EXIT, 4.0, 900, ending=Ending(0), lived_seconds=3.0),
)
END = Ended((900, 1900), 411, "wget", "wget http://x/", NOW + 4.0, Ending(0), 3.0, None)


def a_short_life() -> Recorder:
    recorder = Recorder()
    recorder.take_processes(processes())
    recorder.take_sockets(sockets(0))
    recorder.take_sockets(sockets(5, closed=(_a_connection(3.5, 1 << 20, 1300, bytes_retransmitted=100),)))
    recorder.take_events(events(*LIFE, ended=(END,)))
    recorder.take_traffic(traffic(5, talk(), queries=(query(1.5),)))
    return recorder


def test_a_short_life_is_told_in_its_order_with_one_identity() -> None:
    recorder = a_short_life()
    assert kinds(recorder) == [Kind.FORK, Kind.EXEC, Kind.ASKED, Kind.OPENED, Kind.CLOSED, Kind.EXIT]
    assert {row.keys for row in recorder.rows()} == {frozenset({(900, 1900)})}
    closed = recorder.rows()[1]
    assert (closed.received_bytes, closed.sent_bytes, closed.pid, closed.incoming) == (1 << 20, 1200, 900, False)


def test_a_scope_finds_its_lines_and_the_subtree_those_of_lives_no_sample_saw() -> None:
    rows = a_short_life().rows()
    child = of_process((900, 1900), "wget")
    assert all(child.holds(about_happening(row)) for row in rows)
    assert not any(of_process((900, 77), "another").holds(about_happening(row)) for row in rows)
    shell = of_process((411, 1411), "-bash")
    assert [row.kind for row in rows if shell.holds(about_happening(row))] == [Kind.FORK]
    below = of_process((300, 1300), "sshd", descendants=True)
    assert all(below.holds(about_happening(row)) for row in rows)
    flow = about_happening(next(row for row in rows if row.kind is Kind.OPENED)).flow
    assert flow is not None
    assert [row.kind for row in rows if of_flow(flow).holds(about_happening(row))] == [Kind.CLOSED, Kind.OPENED]
    assert [row.kind for row in rows if of_name("example.org").holds(about_happening(row))] == [Kind.ASKED]
    assert len([row for row in rows if of_host("10.0.0.2").holds(about_happening(row))]) == 2
    assert of_process((900, 1900), "wget").holds(about_process((900, 1901), None)) is False


def test_a_pid_that_is_used_again_is_another_life() -> None:
    recorder = a_short_life()
    again = (*LIFE, event(EventKind.FORK, 8.0, 900, name="sh"), event(EventKind.EXEC, 8.1, 900, name="sh"))
    recorder.take_events(events(*again))
    recorder.take_processes(processes(rows=(a_process(900, 411, "sh", key=(900, 2700), start_time=NOW + 8.0),)))
    newest = recorder.rows()[0]
    assert newest.name == "sh"
    assert newest.keys == {(900, 2700)}
    assert recorder.rows()[2].keys == {(900, 1900)}


def test_what_was_told_before_a_process_was_known_is_its_own_afterwards() -> None:
    recorder = Recorder()
    recorder.take_events(events(*LIFE[:2]))
    recorder.take_processes(processes(rows=(a_process(900, 411, "wget", key=(900, 1900), start_time=NOW + 1.0),)))
    recorder.take_traffic(traffic(5, talk(), queries=(query(1.5),)))
    assert {row.keys for row in recorder.rows()} == {frozenset({(900, 1900)})}
    late = Recorder()
    late.take_events(events(*LIFE[:2]))
    late.take_traffic(traffic(5, talk(), queries=(query(1.5),)))
    assert {row.keys for row in late.rows()} == {frozenset({(900, 1900)})}


def test_events_are_told_once_however_often_their_snapshot_comes() -> None:
    recorder = Recorder()
    for _ in range(3):
        recorder.take_events(events(*LIFE))
    assert len(recorder.rows()) == 3
    assert recorder.rows() is recorder.rows()


def test_a_socket_without_a_packet_waits_for_its_owner_and_is_then_told_from_the_samples() -> None:
    recorder = Recorder()
    there = Socket(endpoint(local="10.0.0.1:22"), holder="process", owners=(Owner(410, 1410, "sshd"),))
    recorder.take_processes(processes())
    recorder.take_sockets(sockets(0, there))
    new = endpoint(local="10.0.0.1:5000", remote="10.0.0.3:443")
    sought = Socket(new, holder="sought", first_seen=NOW + 1)
    port = Socket(listener("0.0.0.0:8080"), holder="process", owners=(Owner(600, 1600, "postgres"),))
    recorder.take_sockets(sockets(1, there, sought, port))
    assert [(row.name, row.there) for row in recorder.rows()] == [("postgres", None)]
    found = Socket(new, holder="process", owners=(Owner(700, 1700, "curl"),), first_seen=NOW + 1)
    recorder.take_sockets(sockets(2, there, found, port))
    (row,) = [row for row in recorder.rows() if row.there is not None]
    assert (row.name, row.time, row.there, row.keys) == ("curl", NOW + 1, ("10.0.0.3", 443), {(700, 1700)})


def test_a_connection_is_told_to_open_once_though_it_closes_while_its_owner_is_sought() -> None:
    recorder = Recorder()
    recorder.take_sockets(sockets(0))
    recorder.take_traffic(traffic(2.5, talk()))
    end = endpoint(local="10.0.0.1:40000", remote="10.0.0.2:80")
    recorder.take_sockets(sockets(3, Socket(end, holder="sought", first_seen=NOW + 3)))
    owned = Socket(end, holder="process", owners=(Owner(900, 1900, "wget"),), first_seen=NOW + 3, closed_time=NOW + 4)
    recorder.take_sockets(sockets(4, closed=(owned,)))
    assert kinds(recorder) == [Kind.OPENED, Kind.CLOSED]


def test_both_ends_of_a_connection_within_the_machine_are_told() -> None:
    recorder = Recorder()
    within = talk(a=("127.0.0.1", 4000), b=("127.0.0.1", 80), b_here=True, b_owner=Owner(600, 1600, "nginx"))
    recorder.take_traffic(traffic(3, within))
    recorder.take_traffic(traffic(4, within))
    assert [(row.name, row.incoming) for row in recorder.rows()] == [("nginx", True), ("wget", False)]


def test_a_port_pair_that_is_used_again_is_told_again() -> None:
    recorder = Recorder()
    recorder.take_sockets(sockets(0))
    recorder.take_traffic(traffic(3, talk()))
    recorder.take_sockets(sockets(4, closed=(_a_connection(3.5, 10, 10),)))
    recorder.take_traffic(traffic(6, talk(2, began=5.0), talk()))
    assert kinds(recorder) == [Kind.OPENED, Kind.CLOSED, Kind.OPENED]


def test_questions_are_told_when_it_is_known_what_became_of_them() -> None:
    recorder = Recorder()
    recorder.take_traffic(traffic(1, queries=(query(1, status=None, data="", ms=None),)))
    assert recorder.rows() == ()
    recorder.take_traffic(traffic(7, queries=(query(1, status=None, data="", ms=None, unanswered=True, tries=3),)))
    (row,) = recorder.rows()
    assert (row.status, row.tries, row.asked_name) == (None, 3, "www.example.org")
    recorder.take_traffic(traffic(8, talk(protocol="DNS", transport="udp")))
    assert len(recorder.rows()) == 1


def test_a_burst_of_faults_in_one_of_two_seconds_is_told() -> None:
    """Where samples are two seconds apart, its rate is half of what it was."""
    recorder = Recorder()
    row = a_process(600, 1, "postgres", minor_faults_per_second=6_000.0)
    recorder.take_processes(replace(processes(rows=(row,)), time=NOW))
    recorder.take_processes(replace(processes(rows=(replace(row),)), time=NOW + 1))
    assert kinds(recorder) == []
    recorder.take_processes(replace(processes(rows=(replace(row),)), time=NOW + 3))
    assert kinds(recorder) == [Kind.FAULTS]


def test_lives_that_nobody_identifies_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lives, "_MOST", 10)
    found = lives.Lives()
    for pid in range(1000, 1100):
        found.born(pid, None, NOW, "sh")
        found.born(1000, None, NOW, "sh")
    assert len(found._unidentified) <= 10


def test_a_burst_of_faults_is_told_once_until_it_is_over() -> None:
    recorder = Recorder()
    calm, burst = a_process(600, 1, "postgres"), a_process(600, 1, "postgres", minor_faults_per_second=50_000.0)
    for row in (calm, burst, burst, calm, burst):
        recorder.take_processes(processes(rows=(row,)))
    assert kinds(recorder) == [Kind.FAULTS, Kind.FAULTS]
    recorder.take_processes(processes(rows=(a_process(601, 1, "x", minor_faults_per_second=None),)))
    assert len(recorder.rows()) == 2


def test_signals_and_other_acts_are_told_to_their_processes() -> None:
    recorder = Recorder()
    recorder.take_processes(processes())
    target = Target((600, 1600), "postgres")
    outcome = SignalOutcome.of(15, (Reply(target, Answer.ENDED),))
    recorder.take_performed(Performed(NOW, SendSignal((target,), 15), outcome))
    stranger = Target((600, 5), "an older one")
    recorder.take_performed(
        Performed(NOW, SendSignal((stranger,), 15), SignalOutcome.of(15, (Reply(stranger, Answer.GONE),)))
    )
    recorder.take_performed(Performed(NOW, SendSignal((target,), 15), Outcome(False, "no pidfd")))
    rows = recorder.rows()
    assert [row.keys for row in rows] == [{(600, 5)}, {(600, 1600)}]
    assert rows[1].words is not None
    assert "TERM" in rows[1].words


def test_the_oldest_lines_go_first_and_their_number_is_told() -> None:
    recorder = Recorder(most=4)
    recorder.take_events(events(*(event(EventKind.FORK, float(at), 1000 + at) for at in range(10))))
    assert recorder.forgotten == 6
    assert [row.pid for row in recorder.rows()] == [1009, 1008, 1007, 1006]


def test_a_line_is_known_by_its_number() -> None:
    assert Happening(number=7, kind=Kind.EXIT, time=NOW).key == 7
