"""Trainings and pairs of scores are kept the same way on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tradelane.kit.database import Database, metadata
from tradelane.targeting.duel_store import Inspected, Pair, SqlDuelStore
from tradelane.targeting.selection import Routed
from tradelane.targeting.store import SqlSelectionStore, selection, shadow_score
from tradelane.targeting.training import DONE, TrainingJob
from tradelane.targeting.training_store import SqlTrainingStore, trainings

FIRST = TrainingJob("train-1", "ana", 2**31 - 1, "sha256:" + "a" * 64, "2026-06-01T12:00:00Z")
SECOND = TrainingJob("retrain-2", "operator:kim", 0, "", "2026-06-02T12:00:00Z")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    postgres = request.param == "postgresql"
    found = Database(request.getfixturevalue("postgres_url") if postgres else "sqlite://")
    metadata.create_all(found.engine, tables=[trainings, selection, shadow_score])
    yield found
    found.close()


def test_a_training_is_kept_followed_and_listed(database: Database) -> None:
    store = SqlTrainingStore()
    for job in (FIRST, SECOND):
        database.write(lambda tx, job=job: store.add(tx, job))
    changes = {"state": DONE, "stage": "", "model": "sha256:" + "b" * 64, "lines": 5}
    database.write(lambda tx: store.update(tx, FIRST.id, changes))
    with database.read() as tx:
        found = store.find(tx, FIRST.id)
        assert found is not None
        assert (found.state, found.lines, found.seed) == (DONE, 5, FIRST.seed)
        assert found.is_finished
        assert store.find(tx, "train-9") is None
        assert store.unfinished(tx) == [SECOND]
        assert store.latest(tx, 1) == [SECOND]
        assert len(store.latest(tx, 10)) == 2


def test_pairs_are_the_lines_that_this_challenger_scored_the_latest_first(
    database: Database,
) -> None:
    scores, routed = SqlSelectionStore(), Routed("red", "random", "0.050000")
    lines = [(n, f"D/A/{n}", 0.2, 1.0, n / 10, False, None, routed) for n in range(4)]
    shadows = [(n, f"D/A/{n}", "sha256:c", 0.5 - n / 10, 0.1, False) for n in range(3)]

    def write(tx: object) -> None:
        scores.add_routed(tx, "new", lines)  # type: ignore[arg-type]
        scores.add_routed(tx, "old", lines[:1])  # type: ignore[arg-type]
        scores.add_shadow_scores(tx, "new", shadows)  # type: ignore[arg-type]
        scores.add_shadow_scores(tx, "old", shadows[:1])  # type: ignore[arg-type]

    database.write(write)
    with database.read() as tx:
        found = SqlDuelStore().pairs(tx, ["new", "old"], "sha256:c", 10)
        assert [pair.subject for pair in found] == ["D/A/2", "D/A/1", "D/A/0", "D/A/0"]
        assert found[0] == Pair("D/A/2", 0.2, 0.3, "red", "random", 0.05)
        assert len(SqlDuelStore().pairs(tx, ["new", "old"], "sha256:c", 2)) == 2
        assert SqlDuelStore().pairs(tx, ["new"], "sha256:d", 10) == []
        inspected = SqlDuelStore().inspected(tx, ["old"])
    assert inspected == [Inspected("D/A/0", 0.2, "random", 0.05)]
    assert inspected[0].found_otherwise
