"""Amending and cancelling: the ledger says who became what, and the past stays as it was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

import tradelane
from tradelane.declarations.model import Filing, State, arrive
from tradelane.kit.errors import TradelaneError
from tradelane.platform import Tradelane
from tradelane.trade.declaration import Declaration, GoodsLine

FIRST = Declaration(
    "R-1",
    "D/1",
    dt.date(2026, 5, 1),
    "I-1",
    (GoodsLine(1, "847130", "KR", Decimal("100.00"), "USD"),),
)


@pytest.fixture
def lane(tmp_path: Path) -> Iterator[Tradelane]:
    lane = tradelane.open(tmp_path)
    filing = Filing(0, 1, 2, FIRST.declarant, FIRST.reference, FIRST)

    def receive(tx: object) -> None:
        lane.declarations.open_batch(tx, "b", name="n", file_digest="d", settings={})
        lane.declarations.receive_many(tx, "b", [arrive(filing)])

    lane.database.write(receive)
    yield lane
    lane.database.close()


def told(lane: Tradelane) -> list[tuple[str, str | None]]:
    with lane.database.read() as tx:
        assert lane.ledger.verify(tx).ok
        found = lane.ledger.find(tx, "D%2F1/R-1")
    return [(stored.entry.kind, stored.entry.body["reason"]) for stored in found]


def test_an_amendment_makes_a_new_version_and_an_entry(lane: Tradelane) -> None:
    line = replace(FIRST.lines[0], customs_value=Decimal("120.00"))
    begun = lane.amend(replace(FIRST, lines=(line,)), "invoice corrected")
    assert (begun.version, begun.after) == (2, State.RECEIVED)
    assert told(lane) == [("declaration.amended", "invoice corrected")]
    with lane.database.read() as tx:
        versions = lane.declarations.versions(tx, "D/1", "R-1")
    assert [(v.version, v.status) for v in versions] == [(2, State.RECEIVED), (1, State.AMENDED)]


def test_a_cancelled_declaration_cannot_be_amended_and_nothing_is_written(lane: Tradelane) -> None:
    lane.cancel("D/1", "R-1", "goods not shipped")
    with pytest.raises(TradelaneError) as caught:
        lane.amend(replace(FIRST, seller="S"), "too late")
    assert caught.value.problems[0].code == "declarations.transition"
    assert told(lane) == [("declaration.cancelled", "goods not shipped")]
