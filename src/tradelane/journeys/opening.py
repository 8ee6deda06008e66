"""Opening an intake: what is ordered, and the numbers that decide every line under the order.

The cuts are taken from lines like those that are to come, so that budgets hold for traffic like the
recent one: `past_lines`. `draw_up` makes the numbers of them; `open_intake` puts them in force.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tradelane.duties.service import Duties
from tradelane.journeys import entries
from tradelane.journeys.entries import Encoded
from tradelane.journeys.inputs import file_digest, keep_file, keep_pack, kept_rules
from tradelane.journeys.intake import INTAKE
from tradelane.journeys.routing import Routing
from tradelane.journeys.tables import scoring_rows
from tradelane.journeys.text_against_code import (
    SETTING,
    TextAgainstCode,
    kept_told,
    put_into,
)
from tradelane.journeys.workshop import Workshop
from tradelane.kit import packs
from tradelane.kit.canonical import digest_of
from tradelane.kit.clock import stamp
from tradelane.kit.packs import Pack
from tradelane.kit.version import VERSION
from tradelane.targeting.budget import stand
from tradelane.targeting.online import Online
from tradelane.targeting.selection import forces
from tradelane.targeting.service import asks_classifier, engine_of

if TYPE_CHECKING:
    from tradelane.declarations.model import Kept
    from tradelane.targeting.rules.model import Hit

CUT_FROM = 20_000
"""The cut of an intake is taken from so many of the latest scores."""

SCORED_ANEW = 5_000
"""So many lines are scored to find the cut where none were scored in the way that is ordered."""

FEWEST_OF_OFFICE = 200
"""An office with fewer lines than this among them gets the cut that its budget has in all."""


@dataclass(frozen=True)
class Order:
    """What is ordered; shares from 0 to 1.

    random_share, novel_share: of the budget, what plain chance and chance by novelty draw; balance:
    0 (probability alone) to 1 (expected revenue), None as the model says; offices: budgets of
    offices that have their own; rules, challenger: digests, "" for none; by: the login of whoever
    orders; agreed_by: of the second person, "" where an operator ordered it alone; proposal: the
    number of what was agreed to.
    """

    territory: str | Path
    model: str
    budget: float = 0.05
    random_share: float = 0.1
    rates: Path | None = None
    by: str = "system"
    reason: str = ""
    novel_share: float = 0.0
    balance: float | None = None
    offices: Mapping[str, float] = field(default_factory=dict)
    rules: str = ""
    challenger: str = ""
    agreed_by: str = ""
    proposal: int | None = None


class Past(NamedTuple):
    """A line like those to come; office: "" where it is not known. ``hits``: the rules that match
    it, where the order has any."""

    subject: str
    score: float
    novelty: float
    office: str = ""
    hits: tuple[Hit, ...] = ()

    @property
    def forced(self) -> bool:
        """Whether a live rule wants it inspected."""
        return forces(self.hits)


@dataclass(frozen=True)
class Opening:
    """An intake that is ready to be opened."""

    batch_id: str
    settings: Mapping[str, Any]
    routing: Routing


def open_intake(shop: Workshop, order: Order) -> str:
    """Open an intake and close the one before it; returns its id. Errors: as `prepare`."""
    opening = prepare(shop, order)
    shop.database.write(lambda tx: put_in_force(shop, tx, opening))
    return opening.batch_id


def prepare(shop: Workshop, order: Order) -> Opening:
    """Draw up everything that an order needs; some seconds where lines are scored anew.

    Errors: InputRefused ``targeting.budget``, and those of loading the pack, rates, rules and
    models.
    """
    pack = packs.load(order.territory)
    duties = shop.duties(pack.root, order.rates)
    keep_pack(shop.home, pack)
    if order.rates:
        keep_file(shop.home, order.rates, file_digest(order.rates))
    with shop.database.read() as tx:
        past = past_lines(shop, tx, order, duties)
        routing = draw_up(shop, tx, order, duties, past, os.urandom(16))
    settings = _settings(shop, order, pack, duties, stamp(shop.clock.now()))
    return Opening(digest_of(settings).removeprefix("sha256:")[:16], settings, routing)


def put_in_force(shop: Workshop, tx: Any, opening: Opening) -> None:
    """Open the intake in place of the one that is open."""
    now, batch_id = stamp(shop.clock.now()), opening.batch_id
    events = _close_open(shop, tx, now)
    settings = dict(opening.settings)
    shop.declarations.open_batch(tx, batch_id, name=INTAKE, file_digest=INTAKE, settings=settings)
    subject, opened = f"batch/{batch_id}", {"batch": batch_id, "settings": settings}
    ranked = opening.routing.body(batch_id, sealed=True)
    shop.selections.keep_seed(tx, batch_id, opening.routing.selection.seed)
    events += [
        entries.entry(now, entries.BATCH_OPENED, subject, opened),
        entries.entry(now, entries.BATCH_RANKED, subject, ranked),
    ]
    shop.ledger.record(tx, events)


def past_lines(shop: Workshop, tx: Any, order: Order, duties: Duties) -> list[Past]:
    """Lines with the scores that they would have under the order.

    These are the latest scores that the same model with the same balance has given here. Where it
    has given none, or the order has rules or budgets of offices, the latest declarations are scored
    and matched anew, or the end of the model's own history where nothing has been declared yet (the
    labelled ones among these it has learned from, so that first cut is a little too high).
    """
    found = [] if order.rules or order.offices else _latest_scores(shop, tx, order)
    return found or scored_anew(shop, tx, order, duties)


def scored_anew(shop: Workshop, tx: Any, order: Order, duties: Duties) -> list[Past]:
    """The latest declarations' lines with their offices, scored and matched for the order; some
    seconds more where the classifier must be asked of them."""
    trained = shop.targeting.load(order.model)
    latest = shop.declarations.latest(tx, SCORED_ANEW)
    rows = scoring_rows([kept.declaration for kept in latest], duties)
    if asks_classifier(trained.manifest):
        _tell(shop, tx, latest, rows)
    if not rows:
        history = trained.history.table.tail(SCORED_ANEW).iter_rows(named=True)
        rows = [{**row, "subject": f"history/{place}"} for place, row in enumerate(history)]
    scored = Online(trained).score(rows, balance=order.balance)
    hits: Sequence[tuple[Hit, ...]] = [()] * len(rows)
    if order.rules:
        from tradelane.targeting.rules.matching import matcher

        match = matcher(kept_rules(shop.home, order.rules))
        hits = [match(row) for row in rows]
    return [
        Past(one["subject"], one["score"], one.get("novelty") or 0.0, row["office"] or "", hit)
        for one, row, hit in zip(scored, rows, hits, strict=True)
    ]


def _tell(shop: Workshop, tx: Any, latest: Sequence[Kept], rows: list[dict[str, Any]]) -> None:
    """Put into lines what the classifier said of them when they came; what it says now where it was
    not asked then, so that the cut is for lines of which it will be."""
    told = kept_told(shop, tx, latest)
    put_into(rows, told)
    unknown = [row for row, one in zip(rows, told, strict=True) if one is None]
    if unknown:
        TextAgainstCode(shop.classification).rows(unknown)


def draw_up(
    shop: Workshop, tx: Any, order: Order, duties: Duties, past: Sequence[Past], seed: bytes
) -> Routing:
    """The numbers of an order, from lines like those to come.

    Each office with a budget of its own gets its own numbers, from its own lines if there are
    enough. A challenger is measured by the budget of all. Errors: ``targeting.budget``.
    """
    engine = engine_of(shop.registry.get_manifest(order.model))

    def selection(lines: Sequence[Past], budget: float, engine: str = engine) -> Any:
        return stand(
            ((one.subject, one.score, one.novelty, one.forced) for one in lines),
            budget,
            order.random_share,
            seed,
            novel_share=order.novel_share,
            engine=engine,
        )

    def enough(lines: list[Past]) -> Sequence[Past]:
        return lines if len(lines) >= FEWEST_OF_OFFICE else past

    own = {
        office: selection(enough([one for one in past if one.office == office]), budget)
        for office, budget in sorted(order.offices.items())
    }
    others = enough([one for one in past if one.office not in order.offices])
    challenger = None
    if order.challenger:
        rival = Order(order.territory, order.challenger, balance=order.balance)
        lines = past_lines(shop, tx, rival, duties)
        manifest = shop.registry.get_manifest(order.challenger)
        challenger = selection(lines, order.budget, engine_of(manifest))
    return Routing(selection(others, order.budget), own, challenger)


def _latest_scores(shop: Workshop, tx: Any, order: Order) -> list[Past]:
    manifest = shop.registry.get_manifest(order.model)
    model, balance, asking = manifest["digest"], _text(order.balance), asks_classifier(manifest)
    same = [
        batch.id
        for batch in shop.declarations.batches(tx)
        if batch.settings.get("model") == model
        and batch.settings.get("balance", "") == balance
        and (batch.settings.get(SETTING) or not asking)
    ]
    found = shop.selections.latest_scores(tx, same, CUT_FROM)
    if order.novel_share and all(novelty is None for _, _, novelty in found):
        return []
    return [Past(subject, score, novelty or 0.0) for subject, score, novelty in found]


def _settings(shop: Workshop, order: Order, pack: Pack, duties: Duties, now: str) -> dict[str, Any]:
    model = shop.registry.get_manifest(order.model)
    rival = shop.registry.get_manifest(order.challenger) if order.challenger else None
    return {
        "kind": INTAKE,
        "pack": pack.digest,
        "pack_id": f"{pack.id} {pack.version}",
        "rates": file_digest(order.rates) if order.rates else "",
        "parameters": duties.digest,
        "model": model["digest"],
        "budget": str(order.budget),
        "random_share": str(order.random_share),
        "novel_share": str(order.novel_share),
        "balance": _text(order.balance),
        "offices": {office: str(budget) for office, budget in sorted(order.offices.items())},
        "rules": order.rules,
        "challenger": "" if rival is None else rival["digest"],
        SETTING: asks_classifier(model) or (rival is not None and asks_classifier(rival)),
        "ordered_by": order.by,
        "agreed_by": order.agreed_by,
        "proposal": order.proposal,
        "reason": order.reason,
        "opened_at": now,
        "tradelane": VERSION,
    }


def _close_open(shop: Workshop, tx: Any, now: str) -> list[Encoded]:
    """Close the intake that is open; the entries that say so."""
    events = []
    for before in shop.declarations.open_batches(tx, INTAKE):
        shop.declarations.close_batch(tx, before.id)
        body: dict[str, Any] = {
            "batch": before.id,
            "read": before.rows_read,
            "accepted": before.accepted,
            "rejected": before.rejected,
        }
        seed = shop.selections.seed(tx, before.id)
        if seed is not None:  # an older order told it when it was opened
            body["seed"] = seed
        events.append(entries.entry(now, entries.BATCH_CLOSED, f"batch/{before.id}", body))
    return events


def _text(balance: float | None) -> str:
    return "" if balance is None else str(balance)
