"""A command that is run and timed for the screen."""

from __future__ import annotations

from pitop.collect.performers import perform
from pitop.model.time import TimeCommand, TimeOutcome


def test_report_and_output() -> None:
    outcome = perform(TimeCommand("echo out: put; echo err >&2; exit 3"))
    assert isinstance(outcome, TimeOutcome)
    assert outcome.done
    assert outcome.message.startswith("echo out: put; echo err >&2; exit 3: exit status 3 in 0:0")
    assert sorted(outcome.output) == ["err", "out: put"]
    values = dict(outcome.report)
    assert values["Exit status"] == "3"
    assert values["Command being timed"] == '"/bin/sh -c echo out: put; echo err >&2; exit 3"'
    assert values["Elapsed (wall clock) time (h:mm:ss or m:ss)"].startswith("0:0")
    assert int(values["Maximum resident set size (kbytes)"]) > 500


def test_much_output_is_cut_to_its_end() -> None:
    outcome = perform(TimeCommand("seq 100000"))
    assert isinstance(outcome, TimeOutcome)
    assert outcome.output[-1] == "100000"
    assert len(outcome.output) == 200
