"""A ranked batch: every line in the order of its score, with what selects it and why.

The rank is by score alone (lines of equal score in the order of the file), not by what was
selected: rules and chance select lines further down, and chance leaves lines above alone.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradelane.kit.spreadsheet import safe_cell
from tradelane.targeting.budget import choose
from tradelane.targeting.reasons import novel
from tradelane.targeting.selection import EXPLORE_NOVEL, RED, Routed, Selection, forces, router

if TYPE_CHECKING:
    import polars as pl

    from tradelane.targeting.rules.model import Hit

_NUMBERS = ("probability", "expected_revenue", "score")
_REASONS = tuple(f"reason_{n}_{part}" for n in (1, 2, 3) for part in ("code", "text"))
HEADER = (
    *("declaration_id", "line", "rank", *_NUMBERS),
    *("lane", "selected_by", "propensity", *_REASONS),
)

Hits = Sequence[tuple["Hit", ...]]


def select(
    scored: pl.DataFrame, hits: Hits, budget: float, explore: float, seed: bytes, engine: str
) -> Selection:
    """Who of the scored lines is inspected. explore: share of the budget that chance draws,
    `EXPLORE_NOVEL` of it in proportion to novelty. Errors: InputRefused ``targeting.budget``."""
    lines = (
        (row["subject"], row["score"], row.get("novelty") or 0.0, forces(hit))
        for row, hit in zip(scored.iter_rows(named=True), hits, strict=True)
    )
    by_novelty = explore * EXPLORE_NOVEL
    return choose(lines, budget, explore - by_novelty, seed, novel_share=by_novelty, engine=engine)


def write(
    out: Path, lines: pl.DataFrame, scored: pl.DataFrame, hits: Hits, chosen: Selection
) -> None:
    """Write the file, whole; ``scored`` and ``hits`` have a row for each of ``lines``."""
    draft = out.with_name(out.name + ".part")
    with draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for cells in rows(lines, scored, hits, chosen):
            writer.writerow(safe_cell(str(cell)) if cell is not None else "" for cell in cells)
    draft.replace(out)


def rows(
    lines: pl.DataFrame, scored: pl.DataFrame, hits: Hits, chosen: Selection
) -> Iterator[list[Any]]:
    """The cells of `HEADER`, the highest score first."""
    lane_of = router(chosen)
    frame = (
        scored.with_columns(lines["reference"], lines["number"])
        .with_row_index("place")
        .sort("score", descending=True, maintain_order=True)
    )
    for rank, row in enumerate(frame.iter_rows(named=True), start=1):
        hit = hits[row["place"]]
        live = any(not one.shadow for one in hit)
        novelty = row.get("novelty") or 0.0
        routed = lane_of(row["subject"], row["score"], live, novelty, forces(hit))
        yield [
            *(row["reference"], row["number"], rank, *(row[f"{name}_text"] for name in _NUMBERS)),
            *(routed.lane, routed.selected_by, routed.propensity),
            *(cell for reason in _reasons(row, routed, hit) for cell in reason),
        ]


def _reasons(
    row: dict[str, Any], routed: Routed, hits: Sequence[Hit]
) -> list[tuple[str | None, str | None]]:
    """Three reasons: the live rules that match, or the novelty that chance went by, come before
    those of the score."""
    found: list[tuple[str | None, str | None]] = [
        (f"RULE:{hit.rule}", hit.text) for hit in hits if not hit.shadow
    ]
    if routed.lane == RED and routed.selected_by == "novel":
        found.append(novel(row["novelty"]))
    found += [(row[f"reason_{n}_code"], row[f"reason_{n}_text"]) for n in (1, 2, 3)]
    return found[:3]
