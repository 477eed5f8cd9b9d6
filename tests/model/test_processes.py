"""A row from two readings."""

from __future__ import annotations

from msgspec.structs import replace

from pitop.model.processes import Clock, Details, Stat, process, stat_word, with_sums

STAT = Stat(
    pid=7, comm="sh", state="S", ppid=1, pgrp=7, session=7, tty=0, foreground=-1, flags=0, minor_faults=100,
    major_faults=2, user_ticks=150, system_ticks=50, priority=20, nice=0, threads=1, start_ticks=1000, vsz_bytes=4096,
    rss_bytes=1024, processor=0, policy=0,
)  # fmt: skip
DETAILS = Details(uid=0, user="root", command="sh -c x", locked=False)
CLOCK = Clock(boot_time=1000.0, ticks_per_second=100, memory_bytes=2048, seconds=2.0)


def test_rates_are_unknown_at_first_sight() -> None:
    first = process(STAT, None, DETAILS, CLOCK, cpu_seconds_grown=None, resident=None, tty="?", first_seen=None)
    assert (first.cpu_percent, first.minor_faults_per_second, first.major_faults_per_second) == (None, None, None)
    assert first.cpu_seconds == 2.0
    assert first.start_time == 1010.0
    assert first.memory_percent == 50.0


def test_rates_are_growth_over_time() -> None:
    later = replace(STAT, minor_faults=140, major_faults=2)
    made = process(later, STAT, DETAILS, CLOCK, cpu_seconds_grown=0.5, resident=None, tty="?", first_seen=None)
    assert (made.cpu_percent, made.minor_faults_per_second, made.major_faults_per_second) == (25.0, 20.0, 0.0)


def test_a_counter_that_went_back_gives_no_rate() -> None:
    later = replace(STAT, minor_faults=10)
    made = process(later, STAT, DETAILS, CLOCK, cpu_seconds_grown=-1, resident=None, tty="?", first_seen=None)
    assert made.minor_faults_per_second is None
    assert made.cpu_percent is None


def test_state_words_are_those_of_ps() -> None:
    assert stat_word(STAT, False) == "Ss"
    assert stat_word(replace(STAT, nice=-5, threads=3, session=1, foreground=7), True) == "S<Ll+"
    assert stat_word(replace(STAT, nice=5, session=1), False) == "SN"


def test_sums_leave_unknown_unknown() -> None:
    made = process(STAT, None, DETAILS, CLOCK, cpu_seconds_grown=None, resident=None, tty="?", first_seen=None)
    summed = with_sums(made, [made, replace(made, cpu_percent=5.0)])
    assert summed.cpu_percent == 5.0
    assert summed.shared_bytes is None
    assert summed.rss_bytes == 3072
    assert summed.command == "sh -c x  (+2)"
