"""The fields of what this machine is talking to, and the share that is not known, in words."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from pitop.model.traffic import TrafficRow, TrafficSnapshot, grouped
from pitop.model.traffic.table import GROUPS
from pitop.render.field import by_key, record
from pitop.render.traffic import FIELDS, FLAGS, grouped_fields, summary, unknown_text

ROW = TrafficRow(
    key=((7, 70), "out", "192.0.2.1", "tcp", 443), program="curl", pid=7, start_ticks=70, user="pi", direction="out",
    name="www.example", name_source="dns", address="192.0.2.1", transport="tcp", port=443, protocol="TCP",
    service="https", inside=False, received_bytes=5000, sent_bytes=200, received_bytes_per_second=1000.0,
    sent_bytes_per_second=None, connections=2, open=1, first_seen=None, last_seen=100.0,
)  # fmt: skip
KNOWN = by_key(FIELDS)


def test_what_is_not_known_is_null_and_sums_are_of_what_is() -> None:
    said = record(FIELDS, ROW)
    assert (said["bytes"], said["bytes_per_second"], said["sent_bytes_per_second"]) == (5200, 1000.0, None)
    nothing = record((*FIELDS, *FLAGS), TrafficRow(key=()))
    assert {key for key, value in nothing.items() if value is not None} == {"connections", "open", "known"}
    assert nothing["known"] is False


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (ROW, "curl"),
        (replace(ROW, program=None, pid=None), "unknown"),
        (replace(ROW, program=None, pid=None, sought=True), "looking"),
    ],
)
def test_who_it_is_or_why_that_is_not_known(row: TrafficRow, text: str) -> None:
    assert KNOWN["process"].text(row) == text


def test_an_address_stands_for_a_name_that_is_not_known_and_no_name_reaches_the_terminal_raw() -> None:
    assert KNOWN["name"].text(replace(ROW, name=None)) == "192.0.2.1"
    for key in ("name", "process"):
        text = KNOWN[key].text(replace(ROW, name="\x1b]0;x\x07\u202e", program="\x1b[31m\n"))
        assert text.isprintable()


def test_groups_have_the_fields_that_mean_something() -> None:
    rows = [ROW, replace(ROW, address="192.0.2.2", name=None, key=("other",))]
    for by in GROUPS:
        fields = grouped_fields(by)
        (first, *_) = grouped(rows, by)
        assert fields[0].read(first) is not None or by == "name"
        assert {"bytes_received", "connections"} <= {field.key for field in fields}
    assert "address" not in {field.key for field in grouped_fields("program")}


def test_the_share_that_is_not_known() -> None:
    empty = TrafficSnapshot(time=1.0, host="h")
    assert (empty.unknown_percent, unknown_text(empty)) == (None, "")
    some = TrafficSnapshot(time=1.0, host="h", attributed=39, unknown=1, sought=5)
    assert some.unknown_percent == 2.5
    assert unknown_text(some) == "the process of 1 of 40 ends (2.5 %) is not known"
    assert "every one of 39" in unknown_text(replace(some, unknown=0))
    said = summary(some, [ROW, replace(ROW, received_bytes_per_second=None)])
    assert (said["received_bytes_per_second"], said["sent_bytes_per_second"]) == (1000.0, None)
    assert (said["unknown_percent"], said["problem"]) == (2.5, None)
