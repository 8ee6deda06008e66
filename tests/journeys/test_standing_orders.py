"""Everything that an order can say is kept in the ledger, decides lines, and can be made again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tradelane.declarations import mapping
from tradelane.declarations.reader import read
from tradelane.inspections.model import CaseFilter
from tradelane.journeys import entries
from tradelane.journeys.deciding import clear_together
from tradelane.journeys.filings import Cleared, Filed
from tradelane.journeys.inputs import keep_rules
from tradelane.journeys.intake import load_intake
from tradelane.journeys.opening import Order
from tradelane.journeys.routing import seal
from tradelane.kit.errors import InputRefused, IntegrityBroken
from tradelane.platform import Tradelane
from tradelane.targeting.rules.document import parse
from tradelane.trade.declaration import Declaration
from workspaces import Administration, write_csv

RULES = """
version: 1
rules:
  - id: cheap
    title: Cheap goods of one chapter
    why: The last audit found such lines wrong.
    action: inspect
    status: live
    when: {field: hs2, op: eq, value: CHAPTER}
  - id: papers
    title: Papers of dear goods
    why: The papers of such goods are often missing.
    action: documents
    status: live
    when: {field: customs_value, op: gt, value: 3000}
  - id: watched
    title: Everything
    why: Only to count.
    action: inspect
    status: shadow
    when: {field: customs_value, op: gt, value: 0}
"""


@pytest.fixture
def lane(new_home: Path, opened: Callable[..., Tradelane]) -> Tradelane:
    """A workspace with a model and nothing declared yet."""
    return opened(new_home)


@pytest.fixture
def declarations(lane: Tradelane, administration: Administration) -> list[Declaration]:
    """The administration's latest declarations."""
    today = lane.clock.now().date()
    form = mapping.load("tradelane")
    filings = read(administration.batch, form, codes=lane.nomenclature, today=today)
    return [filing.declaration for filing in filings if filing.declaration is not None]


def _chapter(declarations: list[Declaration]) -> str:
    """A chapter that some lines have, but not many."""
    chapters = Counter(line.hs_code[:2] for d in declarations for line in d.lines)
    return chapters.most_common()[len(chapters) // 2][0]


def _file(lane: Tradelane, order: Order, declarations: list[Declaration]) -> list[Cleared]:
    intake = load_intake(lane, lane.open_intake(order))
    return clear_together(lane, intake, [Filed(declaration) for declaration in declarations])


def _bodies(lane: Tradelane, results: list[Cleared]) -> list[dict[str, Any]]:
    with lane.database.read() as tx:
        return [
            dict(lane.ledger.find(tx, line.row["subject"], entries.ROUTED)[0].entry.body)
            for result in results
            for line in result.lines
        ]


def test_an_order_with_everything_decides_and_is_made_again_to_the_byte(
    lane: Tradelane, declarations: list[Declaration]
) -> None:
    model = lane.targeting.load_latest().ref.digest
    chapter = _chapter(declarations)
    rules = keep_rules(lane.home, parse(RULES.replace("CHAPTER", repr(chapter))))
    office = declarations[0].office
    order = Order(
        "demo",
        model,
        budget=0.3,
        random_share=0.2,
        novel_share=0.2,
        balance=0.5,
        offices={office: 0.6},
        rules=rules,
        challenger=model,
        by="supervisor",
        agreed_by="supervisor2",
        reason="All at once.",
    )
    results = _file(lane, order, declarations[:150])
    assert {result.status for result in results} == {"accepted"}
    bodies = _bodies(lane, results)
    lines = [(d, line) for d in declarations[:150] for line in d.lines]
    for (_, line), body in zip(lines, bodies, strict=True):
        assert body.get("shadow_rules") == ["watched"]
        wanted = line.hs_code[:2] == chapter
        assert ("cheap" in body.get("rules", ())) == wanted
        if wanted:
            assert (body["lane"], body["propensity"]) == ("red", "1.000000")
            assert body["selected_by"] in ("rule", "random")
        if "papers" in body.get("rules", ()):
            assert body["lane"] in ("red", "yellow")
    assert any(body["selected_by"] == "rule" for body in bodies)
    there = [
        b["lane"] == "red" for (d, _), b in zip(lines, bodies, strict=True) if d.office == office
    ]
    assert sum(there) / len(there) > 0.45
    report = lane.replay()
    assert report.ok, report.text()
    assert report.lines == len(lines)


def test_hits_and_what_a_challenger_says_are_kept_beside_the_lanes(
    lane: Tradelane, declarations: list[Declaration]
) -> None:
    model = lane.targeting.load_latest().ref.digest
    rules = keep_rules(lane.home, parse(RULES.replace("CHAPTER", repr(_chapter(declarations)))))
    order = Order("demo", model, budget=0.2, rules=rules, challenger=model, random_share=0.0)
    results = _file(lane, order, declarations[:40])
    lines = [line for result in results for line in result.lines]
    with lane.database.read() as tx:
        [batch] = lane.declarations.open_batches(tx, "intake")
        hits = lane.selections.hits(tx, [batch.id])
        shadows = lane.selections.shadow_scores(tx, [batch.id])
    assert Counter(hit.rule for hit in hits)["watched"] == len(lines)
    assert {(hit.action, hit.shadow) for hit in hits if hit.rule == "watched"} == {
        ("inspect", True)
    }
    assert [shadow.score for shadow in shadows] == [line.row["score"] for line in lines]
    # The same model against itself, but without the lines that rules take from its budget.
    selected = {shadow.subject for shadow in shadows if shadow.selected}
    by_score = {line.row["subject"] for line in lines if line.routed.selected_by == "model"}
    assert by_score <= selected


def test_an_office_without_a_budget_of_its_own_has_the_budget_of_all(
    lane: Tradelane, declarations: list[Declaration]
) -> None:
    model = lane.targeting.load_latest().ref.digest
    office = declarations[0].office
    order = Order("demo", model, budget=0.0, offices={office: 1.0})
    results = _file(lane, order, declarations[:80])
    for declaration, result in zip(declarations[:80], results, strict=True):
        assert (result.lane == "red") == (declaration.office == office)


def test_rules_that_are_gone_or_changed_are_said_in_a_replay(
    lane: Tradelane, declarations: list[Declaration]
) -> None:
    model = lane.targeting.load_latest().ref.digest
    rules = keep_rules(lane.home, parse(RULES.replace("CHAPTER", '"84"')))
    _file(lane, Order("demo", model, rules=rules), declarations[:3])
    [kept] = (lane.home / "kept" / "files").glob("*/rules.json")
    kept.write_bytes(kept.read_bytes().replace(b"watched", b"watches"))
    report = lane.replay()
    assert {problem.code for problem in report.problems} == {"replay.file_changed"}
    kept.unlink()
    assert {problem.code for problem in lane.replay().problems} == {"replay.file_missing"}
    with pytest.raises((InputRefused, IntegrityBroken)):
        lane.open_intake(Order("demo", model, rules=rules))


@pytest.mark.parametrize(
    "wrong", [{"novel_share": 0.95}, {"budget": 1.5}, {"offices": {"A": -1.0}}]
)
def test_what_is_no_share_is_refused_and_the_order_before_stays(
    lane: Tradelane, wrong: dict[str, Any]
) -> None:
    model = lane.targeting.load_latest().ref.digest
    before = lane.open_intake(Order("demo", model))
    with pytest.raises(InputRefused) as caught:
        lane.open_intake(Order("demo", model, **wrong))
    assert caught.value.problems[0].code == "targeting.budget"
    with lane.database.read() as tx:
        [batch] = lane.declarations.open_batches(tx, "intake")
    assert batch.id == before


def test_a_file_is_cleared_with_rules_and_a_balance_and_made_again(
    lane: Tradelane, administration: Administration, tmp_path: Path
) -> None:
    rows = [administration.row(declaration_id=f"RULED-{n}") for n in range(60)]
    rules = tmp_path / "rules.yaml"
    chapter = rows[0]["hs_code"][:2]
    rules.write_text(RULES.replace("CHAPTER", repr(chapter)))
    done = lane.clear(
        write_csv(tmp_path / "batch.csv", rows),
        history=administration.history,
        budget=0.05,
        seed=1,
        balance=0.5,
        rules=rules,
        out=tmp_path / "out",
    )
    assert done.notices[0][0] == "The rules want more than the budget"
    wanted = sum(row["hs_code"][:2] == chapter for row in rows)
    assert done.figures.selected_by["rule"] + done.figures.selected_by["random"] >= wanted > 0
    with lane.database.read() as tx:
        hits = lane.selections.hits(tx, [done.batch_id])
    assert Counter(hit.rule for hit in hits)["watched"] == 60
    report = lane.replay()
    assert report.ok, report.text()


def test_the_seed_is_told_when_the_order_ends_and_not_before(
    lane: Tradelane, declarations: list[Declaration]
) -> None:
    model = lane.targeting.load_latest().ref.digest
    order = Order("demo", model, random_share=0.5, offices={declarations[0].office: 0.3})
    _file(lane, order, declarations[:10])
    with lane.database.read() as tx:
        [batch] = lane.declarations.open_batches(tx, "intake")
        seed = lane.selections.seed(tx, batch.id)
        told = [stored.data.decode() for stored in lane.ledger.entries(tx)]
    assert seed
    assert not any(seed in entry for entry in told)
    assert lane.replay().ok
    lane.open_intake(Order("demo", model))
    with lane.database.read() as tx:
        [ranked] = lane.ledger.find(tx, f"batch/{batch.id}", entries.BATCH_RANKED)
        [closed] = lane.ledger.find(tx, f"batch/{batch.id}", entries.BATCH_CLOSED)
    assert closed.entry.body["seed"] == seed
    assert ranked.entry.body["seed_digest"] == seal(seed)
    assert lane.replay().ok


def test_another_seed_than_the_ledger_has_the_digest_of_is_found_out(
    lane: Tradelane, declarations: list[Declaration]
) -> None:
    model = lane.targeting.load_latest().ref.digest
    _file(lane, Order("demo", model), declarations[:2])
    with lane.database.read() as tx:
        [batch] = lane.declarations.open_batches(tx, "intake")
    for change, code in (
        ("UPDATE draw_seed SET seed = '00'", "replay.seed_changed"),
        ("DELETE FROM draw_seed", "replay.seed_missing"),
    ):
        lane.database.write(lambda tx, change=change: tx.exec_driver_sql(change))
        assert {problem.code for problem in lane.replay().problems} == {code}
        with pytest.raises((InputRefused, IntegrityBroken)) as caught:
            load_intake(lane, batch.id)
        assert caught.value.problems[0].code == code


def test_what_is_unlike_others_is_drawn_the_likelier_and_the_ledger_has_its_novelty(
    lane: Tradelane, declarations: list[Declaration]
) -> None:
    model = lane.targeting.load_latest().ref.digest
    order = Order("demo", model, budget=0.4, random_share=0.0, novel_share=0.1)
    bodies = _bodies(lane, _file(lane, order, declarations[:150]))
    drawn = [body for body in bodies if body["selected_by"] == "novel"]
    assert drawn
    chances = [float(body["propensity"]) for body in drawn]
    assert 0 < min(chances) < 1
    assert max(chances) <= 1
    left = [float(body["novelty"]) for body in bodies if body["selected_by"] == "none"]
    found = [float(body["novelty"]) for body in drawn]
    assert sum(found) / len(found) > sum(left) / len(left)
    with lane.database.read() as tx:
        cases = lane.inspections.queue(tx, CaseFilter(), None, 500).cases
    novel = [case for case in cases if case.selected_by == "novel"]
    assert novel
    assert all("likelier the more out of the ordinary" in case.reason for case in novel)
    assert lane.replay().ok
