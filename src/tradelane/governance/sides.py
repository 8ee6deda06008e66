"""One entity's part in a verdict, with the provisions that decide.

A comparison of two economies has hundreds of sides and people open a few: who decides is looked up
when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tradelane.governance.strictness import Force


class Evidence(NamedTuple):
    """``provisions``: those that nothing else outdoes; ``unsure``: those that would matter and are
    not verified; ``looked``: what was looked for and not found; ``mark``: the weakest of it."""

    provisions: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    looked: tuple[str, ...] = ()
    mark: str = "primary"


class Side:
    """``force``: how firmly it is asked at most, None where nothing is."""

    __slots__ = ("_evidence", "_find", "entity", "force")

    def __init__(self, entity: str, force: Force | None, find: Callable[[], Evidence]) -> None:
        self.entity = entity
        self.force = force
        self._find = find
        self._evidence: Evidence | None = None

    @property
    def evidence(self) -> Evidence:
        """What decides."""
        if self._evidence is None:
            self._evidence = self._find()
        return self._evidence

    @property
    def provisions(self) -> tuple[str, ...]:
        """The provisions that decide."""
        return self.evidence.provisions

    @property
    def unsure(self) -> tuple[str, ...]:
        """Those that would matter and are not verified."""
        return self.evidence.unsure

    @property
    def looked(self) -> tuple[str, ...]:
        """What was looked for and not found."""
        return self.evidence.looked

    @property
    def mark(self) -> str:
        """The weakest mark of the evidence."""
        return self.evidence.mark

    def _content(self) -> tuple[str, Force | None, Evidence]:
        return self.entity, self.force, self.evidence

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Side) and self._content() == other._content()

    def __hash__(self) -> int:
        return hash((self.entity, self.force))

    def __repr__(self) -> str:
        return f"Side{self._content()!r}"
