"""Histories share one time axis, and forget those at rest."""

from __future__ import annotations

from pitop.model.history import History


def test_rest_is_zero_and_old_rest_is_nothing() -> None:
    history = History(4)
    history.tick([("a", 1.0)])
    history.tick([("b", 2.0)])
    assert history.of("a") == (1.0, 0.0)
    assert history.of("b") == (2.0,)
    history.tick([("a", 3.0)])
    assert history.of("a") == (1.0, 0.0, 3.0)
    for _ in range(3):
        history.tick([])
    assert history.of("a") == (3.0, 0.0, 0.0, 0.0)
    history.tick([])
    assert history.of("a") == ()
    assert history.of("never") == ()


def test_does_not_grow_with_rows_that_are_gone() -> None:
    history = History(8)
    for number in range(1000):
        history.tick([(number, 1.0)])
    assert len(history._series) <= 16
