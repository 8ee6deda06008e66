"""Groups of columns: the same as `reduceat` finds, whatever their sizes."""

from __future__ import annotations

import numpy as np
import pytest

from tradelane.classification.groups import Groups


@pytest.mark.parametrize("seed", range(5))
def test_groups_are_reduced_as_one_by_one(seed: int) -> None:
    draw = np.random.default_rng(seed)
    group_at = np.sort(draw.integers(0, 30, 90)) * 7
    table = draw.integers(-50, 50, (4, 90))
    numbers, starts = np.unique(group_at, return_index=True)
    groups = Groups(group_at)
    for how in (np.maximum, np.add):
        found = groups.reduced(how, table)
        expected = how.reduceat(table, starts, axis=1)
        assert (found[:, np.argsort(groups.numbers)] == expected).all()
        assert (found[:, groups.at] == expected[:, np.searchsorted(numbers, group_at)]).all()


def test_no_columns_are_no_groups() -> None:
    groups = Groups(np.zeros(0, np.int64))
    assert groups.reduced(np.maximum, np.zeros((3, 0))).shape == (3, 0)
