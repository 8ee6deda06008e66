"""The largest or the sum of every group of columns, for many rows at once.

`reduceat` goes through each row group by group, and groups are small. Here the first columns of all
groups are taken together with their second ones, and so on, the largest groups first: a handful of
operations on whole blocks instead of thousands on a few numbers each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Groups:
    """Columns that stand group by group. group_at: for every column the number of its group, never
    falling.

    at: for every column the place of its group in what `reduced` gives; order: the columns as
    `of_ordered` wants them; numbers: the number of the group at every place.

    >>> groups = Groups(np.array([0, 0, 1, 2, 2, 2]))
    >>> found = groups.reduced(np.maximum, np.array([[1, 2, 3, 4, 6, 5]]))
    >>> found[:, groups.at]
    array([[2, 2, 3, 6, 6, 6]])
    """

    def __init__(self, group_at: NDArray[Any]) -> None:
        self.numbers, starts, sizes = np.unique(group_at, return_index=True, return_counts=True)
        by_size = np.argsort(-sizes, kind="stable")
        places = np.empty_like(by_size)
        places[by_size] = np.arange(len(by_size))
        self.at = np.repeat(places, sizes)
        self.numbers, starts, sizes = self.numbers[by_size], starts[by_size], sizes[by_size]
        levels = [starts[sizes > level] + level for level in range(int(sizes.max(initial=0)))]
        self.order = np.concatenate([*levels, np.zeros(0, np.intp)])
        self._sizes = [len(level) for level in levels]

    def reduced(self, how: np.ufunc, table: NDArray[Any]) -> NDArray[Any]:
        """A row for each of the table, a column for each group."""
        return self.of_ordered(how, np.take(table, self.order, axis=1))

    def of_ordered(self, how: np.ufunc, table: NDArray[Any]) -> NDArray[Any]:
        """The same for a table whose columns are in the order of `order`; it is overwritten."""
        found = table[:, : len(self.numbers)]
        at = 0
        for size in self._sizes:
            if at:
                part = found[:, :size]
                how(part, table[:, at : at + size], out=part)
            at += size
        return found
