"""Declarations that arrive one by one: each checked, assessed, scored, routed and kept at once.

Green lines are released under the order in force, in the name of whoever gave it; every other
declaration becomes a case that waits for an officer. What arrives at the same moment is cleared
together in one transaction (`journeys.desk`), because a disk flush, a signature and a prediction
cost the same for one as for fifty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tradelane.declarations.model import arrival_of
from tradelane.journeys import entries
from tradelane.journeys.filings import (
    Cleared,
    ClearedLine,
    Filed,
    Judged,
    Replies,
    ShadowScore,
)
from tradelane.journeys.intake import Challenger, Intake
from tradelane.journeys.keeping import keep
from tradelane.journeys.tables import scoring_rows
from tradelane.journeys.workshop import Workshop


def clear_together(
    shop: Workshop, intake: Intake, filed: Sequence[Filed], replies: Replies | None = None
) -> list[Cleared]:
    """Clear filings in one transaction; one result each, in order.

    No two may be of the same declaration. Whatever is wrong with one filing is in its own result
    and touches no other. Errors: StorageUnavailable when nothing could be kept.
    """
    judged = _judge(intake, filed)

    def write(tx: Any) -> list[Cleared]:
        asked = [item for item in judged if item.filed.once is not None and replies is not None]
        if replies is None or not asked:
            return keep(shop, intake, tx, judged)
        found = replies.find(tx, [item.filed.once for item in asked])
        before = {id(item): reply for item, reply in zip(asked, found, strict=True) if reply}
        new = [item for item in judged if id(item) not in before]
        results = iter(keep(shop, intake, tx, new))
        cleared = [
            Cleared(*item.filed.declaration.key, "answered", reply=before[id(item)])
            if id(item) in before
            else next(results)
            for item in judged
        ]
        pairs = zip(judged, cleared, strict=True)
        replies.keep(
            tx,
            [
                (item.filed.once, result)
                for item, result in pairs
                if item.filed.once is not None and result.status in ("accepted", "repeated")
            ],
        )
        return cleared

    return shop.database.write(write)


def _judge(intake: Intake, filed: Sequence[Filed]) -> list[Judged]:
    declarations = [item.declaration for item in filed]
    assessments = [intake.duties.assess(declaration) for declaration in declarations]
    asked = scoring_rows(declarations, intake.duties)
    told = [None] * len(asked) if intake.texts is None else intake.texts.rows(asked)
    rows = intake.online.score(asked, balance=intake.balance)
    hits = [()] * len(asked) if intake.match is None else [intake.match(row) for row in asked]
    shadows = _shadow(intake.challenger, asked, intake.balance)
    found = zip(rows, hits, shadows, told, strict=True)
    judged = []
    for item, assessed in zip(filed, assessments, strict=True):
        lines = []
        for goods, assessment in zip(item.declaration.lines, assessed, strict=True):
            row, hit, shadow, said = next(found)
            open_question = entries.needs_person(assessment)
            routed = intake.routing.route(item.declaration.office, row, open_question, hit)
            lines.append(ClearedLine(goods.hs_code, assessment, row, routed, hit, shadow, said))
        judged.append(Judged(item, tuple(lines), arrival_of(item.declaration)))
    return judged


def _shadow(
    challenger: Challenger | None, asked: list[dict[str, Any]], balance: float | None
) -> Sequence[ShadowScore | None]:
    """What the challenger says of the lines; None for each where nobody challenges."""
    if challenger is None:
        return [None] * len(asked)
    rows = challenger.online.score(asked, balance=balance)
    return [
        ShadowScore(
            row["score"], row["probability"], challenger.selects(row["subject"], row["score"])
        )
        for row in rows
    ]
