"""What is withheld of a survey cannot be had back from what is told, by whoever knows the rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pytest

from tradelane.contributions.tallies import FEWEST, withheld


def splits(total: int, cells: int) -> Iterator[tuple[int, ...]]:
    """Every way to split a total over so many cells."""
    if cells == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in splits(total - first, cells - 1):
            yield (first, *rest)


def told(counts: tuple[int, ...]) -> tuple[int | None, ...]:
    hidden = withheld(counts)
    return tuple(None if at in hidden else count for at, count in enumerate(counts))


@pytest.mark.parametrize("cells", [2, 3, 4, 5])
def test_no_withheld_count_can_be_worked_out(cells: int) -> None:
    """All tables with so many cells: of any two that look alike nothing small is certain."""
    examined = 0
    for total in range(FEWEST, {2: 60, 3: 45, 4: 24, 5: 18}[cells] + 1):
        alike: dict[tuple[int | None, ...], list[tuple[int, ...]]] = defaultdict(list)
        for counts in splits(total, cells):
            alike[told(counts)].append(counts)
        for seen, possible in alike.items():
            for at, count in enumerate(seen):
                if count is None:
                    values = {counts[at] for counts in possible}
                    assert len(values) > 1, (seen, possible)
                    examined += 1
                else:
                    assert count == 0 or count >= FEWEST
    assert examined > 50


def test_nothing_is_withheld_without_need() -> None:
    assert withheld([5, 6, 7]) == frozenset()
    assert withheld([0, 12]) == frozenset()
    assert withheld([100, 50, 20, 4]) == {2, 3}
