"""Names, search and cautions of signals."""

from __future__ import annotations

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitop.model.signals import (
    SIGNALS,
    Answer,
    Reply,
    SignalOutcome,
    ancestors,
    cautions,
    signal_named,
    signals_in_mask,
    signals_matching,
)
from pitop.model.target import Target


def test_every_signal_of_the_machine_is_there_once() -> None:
    numbers = [each.number for each in SIGNALS]
    assert numbers == sorted(set(numbers))
    assert set(numbers) == {int(each) for each in signal.valid_signals()}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("15", 15),
        ("TERM", 15),
        ("sigterm", 15),
        (" Kill ", 9),
        ("poll", int(signal.SIGPOLL)),
        ("RTMIN+2", signal.SIGRTMIN + 2),
        ("sigrtmax", signal.SIGRTMAX),
        ("RTMAX-1", signal.SIGRTMAX - 1),
    ],
)
def test_signals_answer_to_their_names(text: str, number: int) -> None:
    found = signal_named(text)
    assert found is not None
    assert found.number == number


@pytest.mark.parametrize("text", ["", "0", "99", "9999999", "TER", "RTMAX-99", "RTMIN+x", "¹⁵"])
def test_other_words_name_none(text: str) -> None:
    assert signal_named(text) is None


def test_menu_starts_with_term_and_puts_the_exact_match_first() -> None:
    assert signals_matching("")[0].name == "TERM"
    assert len(signals_matching("")) == len(SIGNALS)
    assert signals_matching("1")[0].name == "HUP"
    assert signals_matching("int")[0].name == "INT"
    assert [each.name for each in signals_matching("keyboard")] == ["INT", "QUIT", "TSTP"]
    assert signals_matching("no such signal") == ()


@given(st.sets(st.sampled_from([each.number for each in SIGNALS])))
def test_masks_give_their_signals(numbers: set[int]) -> None:
    mask = sum(1 << (number - 1) for number in numbers)
    assert signals_in_mask(mask) == tuple(each.name for each in SIGNALS if each.number in numbers)


def test_masks_with_numbers_that_have_no_name() -> None:
    assert signals_in_mask(1 << 31) == ("32",)


def test_ancestors_end_at_the_top_and_survive_circles() -> None:
    assert ancestors({40: 30, 30: 1, 1: 0}, 40) == (30, 1)
    assert ancestors({4: 3, 3: 4}, 4) == (3,)
    assert ancestors({}, 4) == ()


def test_what_needs_a_second_question() -> None:
    one = Target((100, 5), "sleep")
    assert cautions([one], 15, {1, 50}) == ()
    assert len(cautions([one, Target((101, 6), "sleep")], 15, ())) == 1
    assert len(cautions([one], 9, ())) == 1
    assert len(cautions([Target((1, 0), "init")], 15, {1})) == 1
    assert "sshd (50)" in cautions([Target((50, 3), "sshd")], 15, {1, 50})[0]
    assert len(cautions([Target((1, 0), "init"), Target((50, 3), "sshd")], 9, {1, 50})) == 4


def test_outcomes_are_told_in_one_sentence() -> None:
    one = Target((100, 5), "sleep")
    said = SignalOutcome.of(15, [Reply(one, Answer.ENDED, 2.6)])
    assert said.done
    assert said.message == "TERM → sleep (100): ended after 3 ms"
    several = SignalOutcome.of(9, [Reply(one, Answer.NOT_PERMITTED), Reply(one, Answer.GONE), Reply(one, Answer.GONE)])
    assert not several.done
    first, *each = several.message.split("; ")
    assert first == "KILL → 3 processes: 1 no permission, 2 it has ended"
    assert each == ["sleep (100): no permission", "sleep (100): it has ended", "sleep (100): it has ended"]
    many = SignalOutcome.of(9, [Reply(one, Answer.ENDED, 1.0)] * 20 + [Reply(one, Answer.STILL_THERE, words="why")])
    assert many.message.split("; ")[1:] == ["sleep (100): still there: why"]
    assert "CAP_KILL" in several.advice
