"""What the ledger says of one declaration: the only source of every page that shows decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradelane.declarations.model import Kept
from tradelane.journeys import entries
from tradelane.journeys.workshop import Workshop
from tradelane.kit.errors import Problem, TradelaneError
from tradelane.ledger.model import Stored
from tradelane.trade.declaration import GoodsLine
from tradelane.trade.table import subject_of, subject_of_declaration


class NotFound(TradelaneError):
    """There is no such thing, or it is not the asker's to see: the two look the same."""


@dataclass(frozen=True, slots=True)
class LineRecord:
    """A goods line with its latest decisions; a decision that was not taken is None."""

    goods: GoodsLine
    subject: str
    entries: tuple[Stored, ...]
    """Every entry of the line, of all versions, in the ledger's order."""

    def latest(self, kind: str) -> Stored | None:
        """The last entry of that kind."""
        return next((e for e in reversed(self.entries) if e.entry.kind == kind), None)

    def body(self, kind: str) -> Mapping[str, Any] | None:
        """The facts of the last entry of that kind."""
        found = self.latest(kind)
        return None if found is None else found.entry.body

    @property
    def assessed(self) -> Mapping[str, Any] | None:
        """Duty, tax and relief; `duties.explanation.explain` turns it into sentences."""
        return self.body(entries.ASSESSED)

    @property
    def scored(self) -> Mapping[str, Any] | None:
        """Probability, score and reasons."""
        return self.body(entries.SCORED)

    @property
    def routed(self) -> Mapping[str, Any] | None:
        """The lane."""
        return self.body(entries.ROUTED)


@dataclass(frozen=True, slots=True)
class Record:
    """A declaration's latest version with everything that the ledger has about it."""

    kept: Kept
    history: tuple[Stored, ...]
    """The entries of the declaration as a whole, in the ledger's order."""
    lines: tuple[LineRecord, ...]

    @property
    def all_entries(self) -> list[Stored]:
        """The entries of the whole and of its lines, in the ledger's order."""
        found = [*self.history, *(entry for line in self.lines for entry in line.entries)]
        return sorted(found, key=lambda stored: stored.index)

    def happened(self, kind: str) -> list[Stored]:
        """The whole declaration's entries of that kind."""
        return [stored for stored in self.history if stored.entry.kind == kind]


def find_record(shop: Workshop, tx: Any, declarant: str, reference: str) -> Record | None:
    """The record of a declaration, or None."""
    kept = shop.declarations.find(tx, declarant, reference)
    if kept is None:
        return None
    lines = []
    for goods in kept.declaration.lines:
        subject = subject_of(kept.declaration, goods)
        lines.append(LineRecord(goods, subject, tuple(shop.ledger.find(tx, subject))))
    whole = subject_of_declaration(declarant, reference)
    return Record(kept, tuple(shop.ledger.find(tx, whole)), tuple(lines))


def get_record(shop: Workshop, tx: Any, declarant: str, reference: str) -> Record:
    """The record of a declaration; raises NotFound ``declarations.not_found``."""
    found = find_record(shop, tx, declarant, reference)
    if found is None:
        raise NotFound(
            Problem(
                "declarations.not_found",
                f"There is no declaration {reference!r} of {declarant!r}.",
                pointer="/reference",
            )
        )
    return found
