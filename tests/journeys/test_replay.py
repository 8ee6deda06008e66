"""Replay: the same bytes again, or a finding that says exactly what was changed."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from tradelane.journeys.replay import ReplayReport
from tradelane.kit import packs
from tradelane.kit.errors import IntegrityBroken, TradelaneError
from tradelane.platform import Tradelane
from workspaces import Cleared

Opened = Callable[..., Tradelane]


def codes(report: ReplayReport) -> set[str]:
    assert not report.ok
    assert "could not be replayed" in report.text() or "Nothing was replayed" in report.text()
    return {problem.code for problem in report.problems}


def change(lane: Tradelane, statement: str, **values: object) -> None:
    with lane.database.engine.begin() as connection:
        assert connection.execute(sa.text(statement), values).rowcount > 0


def test_every_line_of_the_workspace_replays_byte_for_byte(
    cleared: Cleared, opened: Opened
) -> None:
    report = opened(cleared.home).replay()
    assert report.text().endswith("Every one came out the same, byte for byte.")
    assert report.ok
    assert report.lines == cleared.administration.rows
    assert report.entries == 3 * report.lines


def test_a_sample_is_as_many_different_lines_as_asked(cleared: Cleared, opened: Opened) -> None:
    report = opened(cleared.home).replay(sample=15)
    assert report.ok
    assert 10 <= report.lines <= 15


def test_one_declaration_is_replayed_by_its_reference_and_by_a_line(
    cleared: Cleared, opened: Opened
) -> None:
    lane, row = opened(cleared.home), cleared.decisions[0]
    whole = [r for r in cleared.decisions if r["declaration_id"] == row["declaration_id"]]
    assert lane.replay(row["declaration_id"]).lines == len(whole)
    assert lane.replay(row["id"]).lines == 1


def test_what_is_not_known_is_said(cleared: Cleared, opened: Opened) -> None:
    with pytest.raises(TradelaneError, match=r"replay\.unknown_id"):
        opened(cleared.home).replay("nothing of that name")


def test_a_changed_declaration_is_found(workspace: Path, cleared: Cleared, opened: Opened) -> None:
    lane, reference = opened(workspace), cleared.decisions[0]["declaration_id"]
    with lane.database.read() as tx:
        [kept] = lane.declarations.find_by_reference(tx, reference)
        content = tx.execute(
            sa.text("SELECT content FROM declaration WHERE reference = :r"), {"r": reference}
        ).scalar_one()
    value = str(kept.declaration.lines[0].customs_value)
    changed = bytes(content).replace(value.encode(), b"1" + value.encode(), 1)
    assert changed != content
    change(lane, "UPDATE declaration SET content = :c WHERE reference = :r", c=changed, r=reference)
    assert codes(lane.replay(reference)) == {"replay.declaration_changed"}
    others = [r["id"] for r in cleared.decisions if r["declaration_id"] != reference]
    assert lane.replay(others[0]).ok


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"lines": 3}'])
def test_a_declaration_that_is_no_declaration_any_more_is_found(
    content: bytes, workspace: Path, cleared: Cleared, opened: Opened
) -> None:
    lane, row = opened(workspace), cleared.decisions[0]
    reference = row["declaration_id"]
    change(lane, "UPDATE declaration SET content = :c WHERE reference = :r", c=content, r=reference)
    assert codes(lane.replay(row["id"])) == {"declarations.damaged"}


def test_a_declaration_that_was_taken_away_is_found(
    workspace: Path, cleared: Cleared, opened: Opened
) -> None:
    lane, row = opened(workspace), cleared.decisions[0]
    change(lane, "DELETE FROM declaration WHERE reference = :r", r=row["declaration_id"])
    assert codes(lane.replay(row["id"])) == {"replay.declaration_changed"}


def test_a_changed_pack_is_found(workspace: Path, opened: Opened) -> None:
    [tariff] = workspace.glob("kept/packs/*/tariff.csv")
    tariff.write_text(tariff.read_text().replace("5", "6", 1))
    assert codes(opened(workspace).replay(sample=3)) == {"replay.pack_changed"}


def test_a_pack_that_was_taken_away_is_found(workspace: Path, opened: Opened) -> None:
    shutil.rmtree(workspace / "kept")
    assert codes(opened(workspace).replay(sample=3)) == {"replay.pack_missing"}


@pytest.mark.parametrize(
    ("pattern", "code"),
    [("*.ubj", "registry.hash"), ("*.arrow", "registry.hash"), ("m*.json", "registry.manifest")],
)
def test_a_flipped_byte_in_a_model_is_found(
    pattern: str, code: str, workspace: Path, opened: Opened
) -> None:
    [path] = (workspace / "models").glob(f"targeting/*/{pattern}")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert codes(opened(workspace).replay(sample=3)) == {code}


def test_a_model_that_was_taken_away_is_found(workspace: Path, opened: Opened) -> None:
    shutil.rmtree(workspace / "models")
    assert codes(opened(workspace).replay(sample=3)) == {"registry.unknown_model"}


def test_a_changed_lane_is_shown_beside_the_one_that_was_due(
    workspace: Path, cleared: Cleared, opened: Opened
) -> None:
    lane = opened(workspace)
    row = next(r for r in cleared.decisions if r["selected_by"] == "none")
    index = int(row["ledger_index"])
    with lane.database.read() as tx:
        data = lane.ledger.get(tx, index).data
    forged = data.replace(f'"{row["lane"]}"'.encode(), b'"red"', 1)
    assert forged != data
    change(lane, 'UPDATE ledger_entry SET data = :d WHERE "index" = :i', d=forged, i=index)
    report = lane.replay(row["id"])
    assert not report.ok
    [found] = report.compared
    assert (found.kind, found.index, found.recorded) == ("lane.routed", index, forged)
    assert found.again == data
    with lane.database.read() as tx:
        assert not lane.ledger.verify(tx).ok


@pytest.mark.parametrize("body", [b"", b"{", b'{"at":1}', b"\xff\xff"])
def test_an_entry_that_is_no_entry_any_more_is_found(
    body: bytes, workspace: Path, cleared: Cleared, opened: Opened
) -> None:
    lane, row = opened(workspace), cleared.decisions[0]
    index = int(row["ledger_index"])
    change(lane, 'UPDATE ledger_entry SET data = :d WHERE "index" = :i', d=body, i=index)
    with contextlib.suppress(IntegrityBroken):
        assert not lane.replay(row["id"]).ok
    with lane.database.read() as tx:
        assert not lane.ledger.verify(tx).ok


@pytest.mark.parametrize("kind", ["declaration.received", "batch.opened", "batch.ranked"])
def test_an_entry_that_was_put_elsewhere_is_missed(
    kind: str, workspace: Path, cleared: Cleared, opened: Opened
) -> None:
    lane = opened(workspace)
    change(lane, "UPDATE ledger_entry SET subject = 'elsewhere' WHERE kind = :k", k=kind)
    report = lane.replay(sample=5)
    assert codes(report) == {"replay.not_decided"}
    assert kind in report.text()


def test_a_newer_version_of_a_shipped_pack_leaves_old_decisions_as_they_were(
    workspace: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shipped = tmp_path / "packs"
    shutil.copytree(packs.SHIPPED / "demo", shipped / "demo")
    tariff = shipped / "demo" / "tariff.csv"
    tariff.write_text(tariff.read_text().replace("5", "6"))
    monkeypatch.setattr(packs, "SHIPPED", shipped)
    [kept] = workspace.glob("kept/packs/*")
    assert packs.load("demo").digest != packs.load(kept).digest
    assert opened(workspace).replay(sample=10).ok


def test_the_entries_name_the_pack_and_the_model(cleared: Cleared, opened: Opened) -> None:
    lane = opened(cleared.home)
    with lane.database.read() as tx:
        found = lane.ledger.find(tx, cleared.decisions[0]["id"])
        [batch] = [s for s in lane.ledger.entries(tx, 0, 1) if s.entry.kind == "batch.opened"]
    bodies = {stored.entry.kind: stored.entry.body for stored in found}
    [manifest] = (cleared.home / "models").glob("targeting/*/manifest.json")
    assert bodies["risk.scored"]["model"] == json.loads(manifest.read_bytes())["digest"]
    [kept] = cleared.home.glob("kept/packs/*")
    assert batch.entry.body["settings"]["pack"] == packs.load(kept).digest
    assert bodies["duty.assessed"]["parameters"].startswith("sha256:")
