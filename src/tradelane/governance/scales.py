"""What is at least as strict as what, among all demands on one subject.

The rule is `strictness.at_least`; here it is worked out for all grades of a subject at once and
kept as bits, so that whole sets of demands are compared with a few operations.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tradelane.governance.conditions import Condition, covers
from tradelane.governance.strictness import Demand, Extent, Force


class Scopes:
    """Every scope that a demand has (which products, sectors, places), numbered."""

    def __init__(self) -> None:
        self._numbers: dict[Condition, int] = {}

    def number(self, scope: Condition) -> int:
        """The number of a scope."""
        return self._numbers.setdefault(scope, len(self._numbers))

    @cached_property
    def wider(self) -> NDArray[np.bool_]:
        """Which scope covers which: a scope can only cover one that speaks of the same facts."""
        scopes = list(self._numbers)
        found = np.eye(len(scopes), dtype=bool)
        by_facts: dict[frozenset[str], list[int]] = {}
        for at, one in enumerate(scopes):
            by_facts.setdefault(frozenset(part.facet for part in one.parts), []).append(at)
        for facts, wide in by_facts.items():
            narrow = [at for other, many in by_facts.items() if facts <= other for at in many]
            for at in wide:
                if scopes[at].empty:
                    found[at, :] = True
                elif not scopes[at].asks:
                    found[at, [b for b in narrow if covers(scopes[at], scopes[b])]] = True
        return found


class Scale:
    """The grades of demands on one subject: force, extent and scope, each combination once.

    All demands must be numbered before they are compared.
    """

    def __init__(self, scopes: Scopes) -> None:
        self._scopes = scopes
        self._numbers: dict[Demand, int] = {}

    def number(self, demand: Demand) -> int:
        """The grade of a demand (without its wording)."""
        self._scopes.number(demand.within)
        return self._numbers.setdefault(demand, len(self._numbers))

    def prepare(self) -> None:
        """Work everything out now, not when it is first asked for."""
        _ = self.wholes, self.against, self.forces, self.below, self.strictly_below

    @cached_property
    def wholes(self) -> list[bool]:
        """Whether each grade asks for the whole."""
        return [one.extent >= Extent.WHOLE for one in self._numbers]

    @cached_property
    def against(self) -> list[bool]:
        """Whether each grade is against it."""
        return [one.extent is Extent.AGAINST for one in self._numbers]

    @cached_property
    def forces(self) -> list[Force]:
        """How firm each grade is."""
        return [one.force for one in self._numbers]

    @cached_property
    def below(self) -> list[int]:
        """For each grade, as bits, the grades that it outdoes or equals. A part does not outdo
        its own grade: another of the same grade may be another part."""
        return _bits(self._outdoes)

    @cached_property
    def strictly_below(self) -> list[int]:
        """The same without grades that outdo it as well."""
        return _bits(self._outdoes & ~self._outdoes.T)

    @cached_property
    def _outdoes(self) -> NDArray[np.bool_]:
        force = np.array([one.force for one in self._numbers], np.int8)
        extent = np.array([one.extent for one in self._numbers], np.int8)
        scope = np.array([self._scopes.number(one.within) for one in self._numbers], np.int32)
        wider = self._scopes.wider[scope[:, None], scope]
        least = (force[:, None] >= force) & wider
        as_wholes = (extent[:, None] >= extent) & (extent > Extent.AGAINST)
        more = (force[:, None] > force) | ~wider.T
        as_parts = (extent[:, None] == extent) & more
        whole = extent[:, None] >= Extent.WHOLE
        found: NDArray[np.bool_] = least & np.where(whole, as_wholes, as_parts)
        return found


def _bits(table: NDArray[np.bool_]) -> list[int]:
    """Each row as one number, the first column its lowest bit.

    >>> _bits(np.array([[True, False, True]]))
    [5]
    """
    packed = np.packbits(table, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]
