"""What a workspace has to learn from, and learning from it in a process of its own.

A server must answer while a model is trained, so training runs in a second process; that says how
far it is at least once a second, and ends soon after the first one does.
"""

from __future__ import annotations

import io
import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tradelane.duties.service import Duties
from tradelane.journeys import entries
from tradelane.journeys.inputs import kept_file, kept_pack
from tradelane.journeys.tables import scoring_table
from tradelane.journeys.text_against_code import kept_told, with_told
from tradelane.journeys.workshop import Workshop
from tradelane.kit.errors import InputRefused, Problem
from tradelane.trade.declaration import Outcome
from tradelane.trade.table import outcomes_table

if TYPE_CHECKING:
    import polars as pl

    from tradelane.declarations.model import Kept

_AT_ONCE = 5_000
_BEAT = 1.0
"""Seconds after which the second process says where it is, even if nothing has changed."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What to learn from, in plain values that can be handed to another process. snapshot: where
    the lines are kept between collecting and the end, so that nothing is collected twice."""

    home: Path
    database_url: str | None
    snapshot: Path
    ground: str
    seed: int


class Told(NamedTuple):
    """How far learning is. ``model`` is the digest of what came of it, "" until then."""

    stage: str
    done: int
    total: int
    lines: int | None = None
    outcomes: int | None = None
    model: str = ""


def ground_of(shop: Workshop, tx: Any, model: str) -> str:
    """The model whose own history a training begins with.

    A model that was trained here holds this workspace's lines already; what it began with itself
    is asked for instead, so that no line is learned from twice.
    """
    for stored in shop.ledger.find(tx, f"model/{model}", entries.MODEL_TRAINED):
        return str(stored.entry.body["ground"])
    return model


def learn(shop: Workshop, lesson: Lesson) -> Iterator[Told]:
    """Collect, train, and publish a candidate; the last item has its digest.

    Errors: InputRefused ``training.nothing``, and those of `Targeting.train`.
    """
    found: queue.Queue[Told | BaseException] = queue.Queue()
    work = threading.Thread(target=_work, args=(shop, lesson, found), daemon=True)
    work.start()
    last = Told("collecting the lines of this workspace", 0, 0)
    while True:
        try:
            item = found.get(timeout=_BEAT)
        except queue.Empty:
            yield last
            continue
        if isinstance(item, BaseException):
            raise item
        last = item
        yield item
        if item.model:
            return


def _work(shop: Workshop, lesson: Lesson, say: queue.Queue[Told | BaseException]) -> None:
    import polars as pl

    try:
        if not lesson.snapshot.exists():
            draft = lesson.snapshot.with_suffix(".draft")
            collect(shop, lesson.ground).write_ipc(draft)
            draft.replace(lesson.snapshot)
        table = pl.read_ipc(lesson.snapshot)
        known = table["fraud"].count()
        size = (table.height, known)
        say.put(Told("collected", 0, 0, *size))

        def progress(stage: str, done: int, total: int | None = None) -> None:
            say.put(Told(stage, done, total or 0, *size))

        trained = shop.targeting.train(table, seed=lesson.seed, progress=progress)
        say.put(Told("published as a candidate", 1, 1, *size, trained.ref.digest))
    except BaseException as error:
        say.put(error)


def collect(shop: Workshop, ground: str) -> pl.DataFrame:
    """Every line that was received here with its outcome, after the history of the model
    ``ground`` ("" for none): the table that `Targeting.train` takes.

    Errors: InputRefused ``training.nothing`` where there is nothing to learn from at all.
    """
    import polars as pl

    parts = []
    if ground:  # its lines alone: whether this version can score with it does not matter here
        parts.append(pl.read_ipc(io.BytesIO(shop.registry.load(ground).files["history.arrow"])))
    with shop.database.read() as tx:
        duties = _latest_duties(shop, tx)
        if duties is not None:
            parts += _own_lines(shop, tx, duties)
    if not parts:
        raise InputRefused(
            Problem(
                "training.nothing",
                "There is nothing to learn from: no declaration was received here yet.",
                hint="Train on a file with `tradelane target train`.",
            )
        )
    return pl.concat(parts, how="diagonal_relaxed")


def _own_lines(shop: Workshop, tx: Any, duties: Duties) -> Iterator[pl.DataFrame]:
    """As `journeys.labels.labelled_lines`, as tables: the latest version of every declaration and
    each earlier one that was inspected, with what the classifier said of it when it was scored."""
    import polars as pl

    outcomes = {
        (declarant, reference, version, line): outcome
        for declarant, reference, version, line, outcome in shop.inspections.outcomes(tx)
    }
    inspected = {key[:3] for key in outcomes}
    wanted = (
        kept
        for kept, is_latest in shop.declarations.every_version(tx)
        if is_latest or (*kept.declaration.key, kept.version) in inspected
    )
    while group := list(islice(wanted, _AT_ONCE)):
        table = scoring_table([kept.declaration for kept in group], duties)
        table = with_told(table, kept_told(shop, tx, group))
        found = outcomes_table(_outcomes(group, outcomes))
        yield pl.concat([table, found], how="horizontal")


def _outcomes(
    group: Iterable[Kept],
    outcomes: dict[tuple[str, str, int, int], Outcome],
) -> list[Outcome | None]:
    return [
        outcomes.get((*kept.declaration.key, kept.version, line.number))
        for kept in group
        for line in kept.declaration.lines
    ]


def _latest_duties(shop: Workshop, tx: Any) -> Duties | None:
    for batch in shop.declarations.batches(tx):
        rates = batch.settings.get("rates")
        pack = kept_pack(shop.home, batch.settings["pack"])
        return shop.duties(pack, kept_file(shop.home, rates) if rates else None)
    return None
