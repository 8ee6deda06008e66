"""Which lines of a scored day are inspected: one budget over all of its parts.

The parts are read twice, one after the other and few columns of each: once for the numbers that
decide (`budget.choose`), once for every line's lane. So a day need not fit into memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from tradelane.kit import canonical
from tradelane.targeting.budget import choose
from tradelane.targeting.day import RULE_COLUMNS, SUMMARY
from tradelane.targeting.selection import EXPLORE_NOVEL, Candidate, Selection, router

_COLUMNS = ("subject", "score", "novelty", *RULE_COLUMNS)
_LANES = {name: pl.String() for name in ("subject", "lane", "selected_by", "propensity")}


def decide(
    folder: Path, summary: dict[str, Any], budget: float, explore: float, engine: str
) -> Selection:
    """Choose within the budget as `ranked.select` does, and write a ``lane-`` file beside each
    part's: subject, lane, what selected it, and the chance it had.

    folder, summary: of `day.write`, whose `day.SUMMARY` then has the ``selection`` too; chance is
    drawn from the digests of the parts. Errors: InputRefused ``targeting.budget``.
    """
    files = [folder / part["file"] for part in summary["parts"]]
    digests = "".join(part["digest"] for part in summary["parts"])
    by_novelty = explore * EXPLORE_NOVEL
    chosen = choose(
        (line for path in files for line, _ in _lines(path)),
        budget,
        explore - by_novelty,
        hashlib.sha256(digests.encode()).digest(),
        novel_share=by_novelty,
        engine=engine,
    )
    lane_of = router(chosen)
    for path in files:
        rows = []
        for line, live in _lines(path):
            routed = lane_of(line.subject, line.score, live, line.novelty, line.forced)
            rows.append((line.subject, routed.lane, routed.selected_by, routed.propensity))
        lanes = pl.DataFrame(rows, schema=_LANES, orient="row")
        lanes.write_parquet(folder / path.name.replace("part-", "lane-"))
    told = {**summary, "selection": chosen.to_dict()}
    (folder / SUMMARY).write_bytes(canonical.encode(told))
    return chosen


def _lines(path: Path) -> Iterator[tuple[Candidate, bool]]:
    """The lines of a scored part, and whether a live rule fired at each."""
    there = pl.read_parquet_schema(path)
    for row in pl.read_parquet(path, columns=[c for c in _COLUMNS if c in there]).iter_rows(
        named=True
    ):
        forced = row.get("forced", False)
        line = Candidate(row["subject"], row["score"], row.get("novelty") or 0.0, forced)
        yield line, bool(row.get("rules"))
