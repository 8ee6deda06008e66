"""What was decided about declarations that came one by one, kept whole in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tradelane.declarations.model import State, Verb
from tradelane.inspections.model import NewCase
from tradelane.journeys import entries
from tradelane.journeys.entries import Encoded
from tradelane.journeys.filings import WORST, Cleared, ClearedLine, Judged
from tradelane.journeys.intake import Intake, IntakeReplaced
from tradelane.journeys.text_against_code import content_of
from tradelane.journeys.workshop import Workshop
from tradelane.kit.clock import stamp
from tradelane.kit.errors import Problem, TradelaneError
from tradelane.targeting.reasons import novel
from tradelane.targeting.selection import GREEN, YELLOW
from tradelane.trade.table import subject_of_declaration


def keep(shop: Workshop, intake: Intake, tx: Any, judged: Sequence[Judged]) -> list[Cleared]:
    """Keep what can be accepted and say of each what became of it, in order.

    Errors: IntakeReplaced ``intake.replaced``; then nothing was kept.
    """
    batch = shop.declarations.get_batch(tx, intake.batch_id)  # held until this is committed
    if batch.status != "open":
        raise IntakeReplaced(
            Problem("intake.replaced", "Another intake was opened; file the declaration again.")
        )
    now = stamp(shop.clock.now())
    known = shop.declarations.known(tx, [item.filed.declaration.key for item in judged])
    row = batch.rows_read
    refused: list[Cleared | None] = []
    for item in judged:
        before = known.get(item.filed.declaration.key)
        if item.filed.reason:
            refused.append(_amend(shop, tx, item))
        elif before is None:
            item.arrival = item.arrival._replace(first_row=row)
            row += item.arrival.rows
            refused.append(None)
        else:
            refused.append(
                _known_before(item, before.content_digest, before.version, before.status)
            )
    done = [item for item, result in zip(judged, refused, strict=True) if result is None]
    if done:
        fresh = [(item.arrival, item.state) for item in done if not item.filed.reason]
        lines = sum(len(item.lines) for item in done)
        shop.declarations.receive_routed(tx, batch, fresh, lines)
        _record(shop, intake, tx, done, batch.rows_read, now)
    results = [
        _accepted(item, now) if result is None else result
        for item, result in zip(judged, refused, strict=True)
    ]
    for item, cleared in zip(judged, results, strict=True):
        if item.filed.kept is not None and cleared.problem is None:
            item.filed.kept(tx, cleared)
    return results


def _amend(shop: Workshop, tx: Any, item: Judged) -> Cleared | None:
    """Replace the version before; the refusal if that is not allowed."""
    declaration, reason = item.filed.declaration, item.filed.reason
    released = (Verb.ASSESS, Verb.ROUTE, Verb.RELEASE)
    try:
        ended, begun = shop.declarations.amend(tx, declaration, reason)
        verbs = released if item.lane == GREEN else released[:2]
        shop.declarations.set_status_many(tx, [(declaration.key, verbs)])
    except TradelaneError as error:
        return Cleared(*declaration.key, "refused", problem=error.problems[0])
    shop.inspections.withdraw(tx, *declaration.key, ended.version, reason)
    data = ended.to_dict()
    body = {name: data[name] for name in ("version", "before", "after", "reason")}
    body["content"] = item.arrival.content_digest
    subject = subject_of_declaration(*declaration.key)
    item.amended = entries.entry(ended.at, entries.AMENDED, subject, body)
    item.version = begun.version
    return None


def _known_before(item: Judged, digest: str, version: int, state: State) -> Cleared:
    declarant, reference = item.filed.declaration.key
    if digest == item.arrival.content_digest:
        return Cleared(declarant, reference, "repeated", version, state)
    problem = Problem(
        "declarations.conflict",
        f"The declaration {reference!r} of {declarant!r} was received before with another content.",
        pointer="/reference",
        hint="Amend the declaration, or give this one its own reference.",
    )
    return Cleared(declarant, reference, "refused", version, state, problem=problem)


def _accepted(item: Judged, now: str) -> Cleared:
    key = item.filed.declaration.key
    return Cleared(*key, "accepted", item.version, item.state, now, item.lines)


def _record(
    shop: Workshop, intake: Intake, tx: Any, done: Sequence[Judged], first: int, now: str
) -> None:
    """Scores with lanes (numbered from ``first``), cases, and the ledger's entries of what was
    accepted."""
    _keep_lines(shop, intake, tx, [line for item in done for line in item.lines], first)
    events = [event for item in done for event in _events(intake, item, now)]
    cases = [_case(item, now) for item in done if item.lane != GREEN]
    if cases:
        opened = shop.inspections.open_many(tx, cases)
        events += [entries.case_opened(now, case) for case in opened]
    shop.ledger.record(tx, events)


def _keep_lines(
    shop: Workshop, intake: Intake, tx: Any, lines: Sequence[ClearedLine], first: int
) -> None:
    """Scores and lanes, the rules that matched, and what the challenger says."""
    batch = intake.batch_id
    numbered = list(enumerate(lines, first))
    shop.selections.add_routed(
        tx,
        batch,
        [
            (
                number,
                line.row["subject"],
                line.row["probability"],
                line.row["expected_revenue"],
                line.row["score"],
                entries.needs_person(line.assessment),
                line.row.get("novelty"),
                line.routed,
            )
            for number, line in numbered
        ],
    )
    hits = [(number, hit) for number, line in numbered for hit in line.hits]
    if hits:
        shop.selections.add_hits(tx, batch, hits)
    if intake.challenger is not None:
        shadows = [
            (number, line.row["subject"], intake.challenger.model, *line.shadow)
            for number, line in numbered
            if line.shadow is not None
        ]
        shop.selections.add_shadow_scores(tx, batch, shadows)


def _events(intake: Intake, item: Judged, now: str) -> Iterator[Encoded]:
    declaration, batch = item.filed.declaration, intake.batch_id
    whole = subject_of_declaration(*declaration.key)
    if item.amended is not None:
        yield item.amended
    else:
        received = {
            "batch": batch,
            "row": item.arrival.first_row,
            "content": item.arrival.content_digest,
        }
        yield entries.entry(now, entries.RECEIVED, whole, received)
    for goods, line in zip(declaration.lines, item.lines, strict=True):
        subject = line.row["subject"]
        assessed = entries.assessed_body(
            batch, intake.duties.digest, goods.hs_code, line.assessment
        )
        told = content_of(line.told)
        scored = entries.scored_body(batch, intake.model_digest, line.row, told)
        routed = intake.routing.body_of(batch, declaration.office, line.row, line.routed, line.hits)
        yield entries.entry(now, entries.ASSESSED, subject, assessed)
        yield entries.entry(now, entries.SCORED, subject, scored)
        yield entries.entry(now, entries.ROUTED, subject, routed)
    if item.lane == GREEN:
        body = {
            # Whoever agreed put the order in force; an operator does it alone.
            "by": intake.settings.get("agreed_by") or intake.settings["ordered_by"],
            "under": f"batch/{batch}",
            "version": item.version,
        }
        yield entries.entry(now, entries.RELEASED, whole, body)


def _case(item: Judged, now: str) -> NewCase:
    declaration = item.filed.declaration
    place, worst = min(
        enumerate(item.lines),
        key=lambda found: (WORST[found[1].routed.lane], -found[1].row["score"]),
    )
    revenues = [line.row["expected_revenue"] for line in item.lines]
    return NewCase(
        declarant=declaration.declarant,
        reference=declaration.reference,
        version=item.version,
        lane=item.lane,
        selected_by=worst.routed.selected_by,
        score=worst.row["score"],
        probability=worst.row["probability"],
        expected_revenue=sum(revenue or 0.0 for revenue in revenues) if any(revenues) else None,
        currency=worst.assessment.currency,
        office=declaration.office,
        importer=declaration.importer,
        hs_code=declaration.lines[place].hs_code,
        reason=_headline(worst),
        lines=len(item.lines),
        received_at=now,
    )


def _headline(line: ClearedLine) -> str:
    """What the officer reads first: why it was selected, or what a person must settle."""
    routed = line.routed
    told = next((hit.text for hit in line.hits if not hit.shadow), "")
    if routed.lane == YELLOW and line.assessment.needs_person:
        return line.assessment.needs_person[0].message
    if told:
        return told
    if routed.selected_by == "novel":
        return novel(line.row["novelty"])[1]
    return str(line.row["reason_1_text"])
