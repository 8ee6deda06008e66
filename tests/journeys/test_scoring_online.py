"""Declarations that come one by one are scored as if they had come in a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from tradelane.declarations import mapping as mappings
from tradelane.declarations.reader import read
from tradelane.duties.service import Duties
from tradelane.journeys.tables import scoring_rows, scoring_table
from tradelane.platform import Tradelane
from tradelane.targeting.online import Online
from tradelane.trade.declaration import Declaration
from workspaces import Cleared

pytestmark = pytest.mark.slow


class Batch(NamedTuple):
    lane: Tradelane
    duties: Duties
    declarations: list[Declaration]


@pytest.fixture
def batch(cleared: Cleared, opened: Callable[..., Tradelane]) -> Batch:
    """The cleared batch's declarations, all of them, with the workspace that cleared them."""
    lane = opened(cleared.home)
    mapping = mappings.load("tradelane")
    today = lane.clock.now().date()
    filings = read(cleared.administration.batch, mapping, codes=lane.nomenclature, today=today)
    declarations = [f.declaration for f in filings if f.declaration is not None]
    return Batch(lane, lane.duties(mapping.territory), declarations)


def test_plain_rows_equal_the_rows_of_the_table(batch: Batch) -> None:
    rows = scoring_rows(batch.declarations, batch.duties)
    table = scoring_table(batch.declarations, batch.duties)
    assert repr(rows) == repr(table.to_dicts())
    assert scoring_rows([], batch.duties) == []


def test_every_line_of_the_batch_is_scored_online_to_the_same_bytes(batch: Batch) -> None:
    trained = batch.lane.targeting.load_latest()
    table = scoring_table(batch.declarations, batch.duties)
    expected = batch.lane.targeting.score(trained, table).to_dicts()
    online = Online(trained)
    found = [
        row
        for declaration in batch.declarations
        for row in online.score(scoring_rows([declaration], batch.duties))
    ]
    assert len(found) >= 100
    assert repr(found) == repr(expected)


def test_the_scores_are_those_that_were_decided_on(batch: Batch, cleared: Cleared) -> None:
    online = Online(batch.lane.targeting.load_latest())
    found = {
        row["subject"]: row for row in online.score(scoring_rows(batch.declarations, batch.duties))
    }
    decided = cleared.decisions
    assert len(decided) == len(found)
    for row in decided:
        mine = found[row["id"]]
        assert (row["score"], row["reason_1_text"]) == (mine["score_text"], mine["reason_1_text"])
