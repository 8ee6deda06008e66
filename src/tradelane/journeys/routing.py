"""A line's lane from the numbers of its batch: the same live, in a file and in a replay.

While an order is in force the ledger has only the digest of the seed that draws lines by chance:
who reads the ledger shall not foresee the draw. The seed itself is kept in the database, and the
entry that closes the order tells it (`find_routing`). A file's seed is told at once, for its lines
are all there before it is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tradelane.journeys import entries
from tradelane.journeys.workshop import Workshop
from tradelane.kit.canonical import digest
from tradelane.kit.errors import InputRefused, IntegrityBroken, Problem
from tradelane.targeting.selection import Matched, Routed, Router, Selection, forces, router

SEALED = "seed_digest"
"""Where a ledger entry ``batch.ranked`` has the seed's digest in place of the seed."""


def seal(seed: str) -> str:
    """The digest of a seed's bytes; ``seed`` is hex."""
    return digest(bytes.fromhex(seed))


@dataclass(frozen=True)
class Routing:
    """The selection of a batch, those of offices that have a budget of their own, and the one that
    a challenger would have made (None: none runs)."""

    selection: Selection
    offices: Mapping[str, Selection] = field(default_factory=dict)
    challenger: Selection | None = None

    @classmethod
    def from_body(cls, body: Mapping[str, Any], seed: str = "") -> Routing:
        """What a ledger entry ``batch.ranked`` says; ``seed`` (hex) where it is sealed there."""
        told = {"seed": seed} if SEALED in body else {}
        offices = {name: Selection(**d | told) for name, d in body.get("offices", {}).items()}
        shadow = body.get("challenger")
        return cls(
            Selection(**body["selection"] | told),
            offices,
            None if shadow is None else Selection(**shadow | told),
        )

    def body(self, batch: str, *, sealed: bool = False) -> dict[str, Any]:
        """The body of a ledger entry ``batch.ranked``; sealed: with the seed's digest alone."""
        hidden = {"seed": ""} if sealed else {}
        body: dict[str, Any] = {"batch": batch, "selection": self.selection.to_dict() | hidden}
        if sealed:
            body[SEALED] = seal(self.selection.seed)
        if self.offices:
            body["offices"] = {name: one.to_dict() | hidden for name, one in self.offices.items()}
        if self.challenger is not None:
            body["challenger"] = self.challenger.to_dict() | hidden
        return body

    def of(self, office: str) -> Selection:
        """The selection that decides the lines of an office."""
        return self.offices.get(office, self.selection)

    def route(
        self,
        office: str,
        row: Mapping[str, Any],
        needs_person: bool,
        hits: Sequence[Matched] = (),
    ) -> Routed:
        """The lane of a line: ``row`` as `Targeting.score` gives it (``subject``, ``score`` and,
        where known, ``novelty``); needs_person: duty could not be settled. A live rule sends it to
        the red lane, or at least to the yellow one."""
        lane_of = self._routers.get(office, self._routers[""])
        live = any(not hit.shadow for hit in hits)
        return lane_of(
            row["subject"],
            row["score"],
            needs_person or live,
            row.get("novelty") or 0.0,
            live and forces(hits),
        )

    def body_of(
        self,
        batch: str,
        office: str,
        row: Mapping[str, Any],
        routed: Routed,
        hits: Sequence[Matched] = (),
    ) -> dict[str, Any]:
        """The body of a ledger entry ``lane.routed``."""
        counts = self.of(office).novel_rate != "0"
        return entries.routed_body(
            batch, routed, hits, (row.get("novelty") or 0.0) if counts else None
        )

    @cached_property
    def _routers(self) -> dict[str, Router]:
        found = {name: router(one) for name, one in self.offices.items()}
        return {**found, "": router(self.selection)}


def find_routing(shop: Workshop, tx: Any, batch: str) -> Routing | None:
    """The numbers that decide a batch, None before they are drawn.

    Errors: InputRefused ``replay.seed_missing``, IntegrityBroken ``replay.seed_changed``.
    """
    subject = f"batch/{batch}"
    found = shop.ledger.find(tx, subject, entries.BATCH_RANKED)
    if not found:
        return None
    body = found[0].entry.body
    return Routing.from_body(body, _seed(shop, tx, batch, body[SEALED]) if SEALED in body else "")


def _seed(shop: Workshop, tx: Any, batch: str, sealed: str) -> str:
    closed = shop.ledger.find(tx, f"batch/{batch}", entries.BATCH_CLOSED)
    told = closed[0].entry.body.get("seed") if closed else None
    seed: str | None = told or shop.selections.seed(tx, batch)
    if seed is None:
        raise InputRefused(
            Problem(
                "replay.seed_missing",
                f"The seed of the order {batch} is not kept here.",
                hint="It is in the database; restore a backup.",
            )
        )
    if seal(seed) != sealed:
        raise IntegrityBroken(
            Problem(
                "replay.seed_changed",
                f"The seed of the order {batch} is not the one that the ledger has the digest of.",
                hint="The database was changed outside Tradelane; restore a backup.",
            )
        )
    return seed
