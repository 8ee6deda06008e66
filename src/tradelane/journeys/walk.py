"""A decision walked back through the ledger: every fact of it is in an entry, and nothing else is.

What is kept beside the ledger is used in one way only: the declared line numbers say under which
subjects to look. A line that nobody keeps any more is still found as long as its number follows
that of another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tradelane.inspections.oversight import DecisionFilter, DecisionPlace, FoundDecision
from tradelane.journeys import entries
from tradelane.journeys.inputs import kept_pack
from tradelane.journeys.record import NotFound
from tradelane.journeys.remake import Remake
from tradelane.journeys.replay import ReplayReport, replay_lines
from tradelane.journeys.workshop import Workshop
from tradelane.kit.errors import IntegrityBroken, Problem, TradelaneError
from tradelane.kit.progress import silent
from tradelane.ledger.merkle import leaf_hash
from tradelane.ledger.model import Checked, Stored, verify_receipt
from tradelane.trade.table import subject_of_declaration

MOST_LINES = 9_999


@dataclass(frozen=True, slots=True)
class Basis:
    """What decisions of a batch were made with, as the ledger has it."""

    batch_id: str
    opened: Stored | None
    ranked: Stored | None
    closed: Stored | None

    @property
    def settings(self) -> dict[str, Any]:
        """Pack, model and shares; empty where the ledger has no opening of the batch."""
        return dict(self.opened.entry.body["settings"]) if self.opened is not None else {}

    @property
    def selection(self) -> dict[str, Any]:
        """The numbers that decided every line; empty before they were drawn. The seed is empty
        while the order is in force: it is told when it ends."""
        if self.ranked is None:
            return {}
        found = dict(self.ranked.entry.body["selection"])
        if not found["seed"] and self.closed is not None:
            found["seed"] = self.closed.entry.body.get("seed", "")
        return found


@dataclass(frozen=True, slots=True)
class Walk:
    """Every entry of a declaration and of its lines, in the ledger's order.

    ``line_subjects``: those of its lines that the ledger knows.
    """

    declarant: str
    reference: str
    entries: tuple[Stored, ...]
    line_subjects: tuple[str, ...]
    bases: tuple[Basis, ...]

    def known_at(self, seen: int) -> int:
        """How many of its entries there were up to the one with that index."""
        return sum(stored.index <= seen for stored in self.entries)


def leaf_of(stored: Stored) -> str:
    """The hash of an entry in the ledger's tree, hex."""
    return leaf_hash(stored.data).hex()


def walk(shop: Workshop, tx: Any, declarant: str, reference: str) -> Walk:
    """The entries of a declaration. Errors: NotFound ``declarations.not_found`` where the ledger
    has none."""
    whole = subject_of_declaration(declarant, reference)
    found = list(shop.ledger.find(tx, whole))
    subjects = []
    for subject, of_line in _lines(shop, tx, declarant, reference):
        subjects.append(subject)
        found += of_line
    if not found:
        raise NotFound(
            Problem(
                "declarations.not_found",
                f"The ledger has nothing about {reference[:100]!r} of {declarant[:100]!r}.",
                pointer="/reference",
                hint="Check the spelling; capitals count.",
            )
        )
    found.sort(key=lambda stored: stored.index)
    batches = dict.fromkeys(
        stored.entry.body["batch"] for stored in found if "batch" in stored.entry.body
    )
    bases = tuple(_basis(shop, tx, str(batch)) for batch in batches)
    return Walk(declarant, reference, tuple(found), tuple(subjects), bases)


def basis_missing(shop: Workshop, basis: Basis) -> list[Problem]:
    """What of the pack and the model is not kept in this workspace, or not as it was."""
    problems: list[Problem] = []
    settings = basis.settings
    if settings:
        try:
            kept_pack(shop.home, settings["pack"])
        except TradelaneError as error:
            problems += error.problems
        try:
            shop.registry.get_manifest(settings["model"])
        except TradelaneError as error:
            problems += error.problems
    return problems


def make_again(shop: Workshop, tx: Any, subjects: Sequence[str]) -> ReplayReport:
    """Make the decisions on lines again and compare them byte for byte."""
    remake = Remake(shop, tx)
    remake.prepare(subjects)
    return replay_lines(subjects, remake, silent, len(subjects))


def prove_all(shop: Workshop, tx: Any, found: Sequence[Stored]) -> tuple[list[Checked], list[str]]:
    """Check every entry against the newest signed checkpoint: what holds, and what does not."""
    sound: list[Checked] = []
    broken: list[str] = []
    for stored in found:
        try:
            receipt = shop.ledger.prove(tx, stored.index)
            sound.append(verify_receipt(receipt, shop.ledger.verifier_keys))
        except IntegrityBroken as error:
            broken.append(f"Entry {stored.index}: {error}")
    return sound, broken


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as the list has it; ``stored`` is None where the ledger has no such entry."""

    found: FoundDecision
    stored: Stored | None


def decisions(
    shop: Workshop,
    tx: Any,
    wanted: DecisionFilter,
    after: DecisionPlace | None,
    limit: int,
) -> list[Decided]:
    """Decisions of officers, newest first, each with its entry in the ledger."""
    listed = []
    for found in shop.oversight.decisions(tx, wanted, after, limit):
        subject = subject_of_declaration(found.declarant, found.reference)
        stored = next(
            (
                one
                for one in shop.ledger.find(tx, subject, entries.CASE_DECIDED)
                if one.entry.at == found.place.at and one.entry.body["case"] == found.place.case_id
            ),
            None,
        )
        listed.append(Decided(found, stored))
    return listed


def _basis(shop: Workshop, tx: Any, batch_id: str) -> Basis:
    found = {stored.entry.kind: stored for stored in shop.ledger.find(tx, f"batch/{batch_id}")}
    kinds = (entries.BATCH_OPENED, entries.BATCH_RANKED, entries.BATCH_CLOSED)
    return Basis(batch_id, *(found.get(kind) for kind in kinds))


def _lines(
    shop: Workshop, tx: Any, declarant: str, reference: str
) -> Iterator[tuple[str, list[Stored]]]:
    whole = subject_of_declaration(declarant, reference)
    declared = _declared_numbers(shop, tx, declarant, reference)
    last = 0
    for number in sorted(declared | {1}):
        while number <= MOST_LINES:
            found = shop.ledger.find(tx, f"{whole}/{number}") if number > last else []
            if not found:
                break
            yield f"{whole}/{number}", found
            last = number
            number += 1


def _declared_numbers(shop: Workshop, tx: Any, declarant: str, reference: str) -> set[int]:
    try:
        versions = shop.declarations.versions(tx, declarant, reference)
    except IntegrityBroken:  # what is kept of it is damaged; the ledger is not
        return set()
    return {line.number for kept in versions for line in kept.declaration.lines}
