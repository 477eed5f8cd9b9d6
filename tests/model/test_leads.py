"""Where does this row lead?"""

from __future__ import annotations

from typing import Any

import pytest

from pitop.model.leads import Lead, Party, Sort, Subject, identified, leads
from pitop.model.scope import Flow, of_flow, of_host, of_name, of_process, of_user
from tests.tui.still import NOW, a_process

WGET = Party(4711, "wget", 99)
FLOW = Flow.between("tcp", ("192.0.2.7", 40000), ("198.51.100.7", 80))


def told(**subject: Any) -> list[tuple[str, str, str]]:
    return [(lead.key, lead.visit.pane, lead.visit.view) for lead in leads(Subject(**subject))]


def lead_of(key: str, found: tuple[Lead, ...]) -> Lead:
    return next(lead for lead in found if lead.key == key)


def test_a_process_leads_to_its_sockets_packets_names_and_memory() -> None:
    assert told(sort=Sort.PROCESS, process=WGET) == [
        ("sockets", "sockets", ""),
        ("packets-of-process", "packets", ""),
        ("names", "dns", "live"),
        ("traffic", "traffic", ""),
        ("timeline", "timeline", ""),
        ("memory", "memory", "space"),
    ]
    assert {lead.visit.scope for lead in leads(Subject(sort=Sort.PROCESS, process=WGET))} == {
        of_process((4711, 99), "wget"),
        None,
    }


def test_a_socket_leads_to_its_process_its_flow_and_its_other_side() -> None:
    found = told(sort=Sort.SOCKET, process=WGET, flow=FLOW, addresses=("198.51.100.7",))
    assert found[:6] == [
        ("process", "processes", ""),
        ("packets", "packets", ""),
        ("way", "network", "routes"),
        ("ping", "path", "ping"),
        ("trace", "path", "trace"),
        ("reverse", "dns", "lookup"),
    ]
    flows = leads(Subject(sort=Sort.SOCKET, flow=FLOW))
    assert lead_of("packets", flows).visit.scope == of_flow(FLOW)


def test_what_is_not_known_leads_nowhere() -> None:
    assert leads(None) == ()
    for sort in Sort:
        assert leads(Subject(sort=sort)) == ()


def test_a_packet_leads_to_both_its_ends_names() -> None:
    found = leads(Subject(sort=Sort.PACKET, process=Party(7, "curl", None, NOW), flow=FLOW, addresses=("::1", "::2")))
    assert [lead.visit.ask for lead in found if lead.key == "reverse"] == ["-x ::1", "-x ::2"]
    sockets = lead_of("sockets", found).visit
    assert (sockets.scope, sockets.follow) == (None, Party(7, "curl", None, NOW))  # who that is has to be found out
    assert lead_of("stream", found).visit.view == "stream"


@pytest.mark.parametrize("name", ["@192.0.2.66", "+tcp", "-x", "www.example @192.0.2.66", "a\nb", ""])
def test_a_name_from_the_wire_is_never_read_as_an_option(name: str) -> None:
    assert "lookup" not in [lead.key for lead in leads(Subject(sort=Sort.QUERY, name=name))]


def test_a_subtree_that_is_followed_stays_followed() -> None:
    subtree = of_process((4711, 99), "wget", descendants=True)
    assert lead_of("sockets", leads(Subject(sort=Sort.PROCESS, process=WGET), subtree)).visit.scope is subtree


def test_a_scope_that_would_hide_the_process_gives_way() -> None:
    subject = Subject(sort=Sort.SOCKET, process=WGET)
    hiding = of_process((1, 1), "init")
    assert lead_of("process", leads(subject, hiding)).visit.scope == of_process((4711, 99), "wget")
    assert lead_of("process", leads(subject, of_host("192.0.2.1"))).visit.scope is None
    assert lead_of("process", leads(subject, None)).visit.scope is None


def test_a_scope_of_a_user_whose_process_it_is_stays() -> None:
    mine = of_user("pi")
    subject = Subject(sort=Sort.SOCKET, process=WGET)
    assert lead_of("process", leads(subject, mine)).visit.scope is not None  # nobody saw that it is the user's


def test_who_had_the_pid_then_is_meant_not_who_has_it_now() -> None:
    before = a_process(7, 1, "curl", start_time=NOW - 100, ended_time=NOW - 50)
    since = a_process(7, 1, "sshd", start_time=NOW - 20, key=(7, 5000))
    assert identified(Party(7, "curl", None, NOW - 60), (since, before)) is before
    assert identified(Party(7, "curl", None, NOW - 30), (since, before)) is None
    assert identified(Party(7, "sshd", None, NOW), (since, before)) is since
    assert identified(Party(7, "sshd", 5000), (since, before)) is since
    assert identified(Party(7, "curl", 1), (since,)) is None
    assert identified(Party(7, "curl"), (before,)) is None


def test_what_is_asked_for_by_name_is_not_hidden_by_the_scope() -> None:
    subject = Subject(sort=Sort.ANSWER, addresses=("192.0.2.1",), name="www.example.")
    found = {
        label: [lead.visit.scope for lead in leads(subject, scope) if lead.key in ("ping", "trace", "reverse")]
        for label, scope in (
            ("none", None),
            ("same", of_host("192.0.2.1")),
            ("other", of_host("192.0.2.9")),
            ("name", of_name("far.test")),
            ("user", of_user("pi")),
        )
    }
    here = [of_host("192.0.2.1")] * 3
    assert found == {"none": [None] * 3, "same": [None] * 3, "other": here, "name": here, "user": [None] * 3}
    assert lead_of("lookup", leads(subject, of_host("192.0.2.9"))).visit.scope == of_name("www.example.")
    assert lead_of("lookup", leads(subject, of_name("example"))).visit.scope is None
