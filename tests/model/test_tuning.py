"""CPU lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitop.model.tuning import cpu_list, parse_cpu_list


def test_cpu_lists_are_short() -> None:
    assert cpu_list([3, 1, 0, 2, 8]) == "0-3,8"
    assert cpu_list([]) == ""


@given(st.sets(st.integers(0, 300), min_size=1))
def test_cpu_lists_are_read_back(cpus: set[int]) -> None:
    assert parse_cpu_list(cpu_list(cpus)) == tuple(sorted(cpus))


@pytest.mark.parametrize("text", ["", "a", "1-", "-1", "3-1", "0,,1", "0-99999999999"])
def test_other_lists_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="CPU"):
        parse_cpu_list(text)
