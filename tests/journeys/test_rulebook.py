"""Rules come in force by two persons, are asked of every line from then on, and are counted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from doors import file_under_order
from tradelane.inspections.findings import Discrepancy, Finding, Result
from tradelane.inspections.model import CaseFilter, Decision
from tradelane.journeys import rulebook
from tradelane.journeys.casework import Officer, Ruling, decide, record_findings
from tradelane.journeys.rule_figures import matched_lines, rule_figures
from tradelane.kit.errors import InputRefused, TradelaneError
from tradelane.platform import Tradelane
from tradelane.targeting.rules.model import RuleSet, Status

WHY = "Because the tests want to see it."


@pytest.fixture
def lane(administration_home: Path, tmp_path: Path) -> Iterator[Tradelane]:
    home = tmp_path / "home"
    shutil.copytree(administration_home, home)
    found = Tradelane(home)
    found.database_url = None
    yield found
    found.database.close()


def everything(status: str = "live", action: str = "inspect") -> RuleSet:
    rule = {
        "id": "everything",
        "title": "Every line",
        "why": "Look at it.",
        "action": action,
        "status": status,
        "when": {"field": "customs_value", "op": "ge", "value": 0},
    }
    return RuleSet.from_dict({"rules": [rule]})


def put_in_force(lane: Tradelane, rules: RuleSet) -> str:
    draft = rulebook.begin(lane, "A change", "analyst", rules)
    proposal = rulebook.propose(lane, draft.id, draft.revision, WHY, "analyst")
    return rulebook.agree(lane, proposal.id, "supervisor", proposal.digest)


@pytest.mark.slow
def test_a_second_person_puts_rules_in_force_and_they_fire_in_the_ledger(
    lane: Tradelane, administration_home: Path
) -> None:
    rules = everything()
    draft = rulebook.begin(lane, "A change", "analyst", rules)
    with pytest.raises(InputRefused, match="at least 10"):
        rulebook.propose(lane, draft.id, draft.revision, "short", "analyst")
    proposal = rulebook.propose(lane, draft.id, draft.revision, WHY, "analyst")
    [tested] = proposal.content["tested"]["rules"]
    assert tested["lines"] == proposal.content["tested"]["lines"] > 1000
    assert "It matched every line of the history." in tested["warnings"]
    with pytest.raises(TradelaneError, match="own proposal"):
        rulebook.agree(lane, proposal.id, "analyst", proposal.digest)
    with pytest.raises(TradelaneError, match="not the proposal"):
        rulebook.agree(lane, proposal.id, "supervisor", "sha256:other")
    order = rulebook.agree(lane, proposal.id, "supervisor", proposal.digest)
    with lane.database.read() as tx:
        now = rulebook.in_force(lane, tx)
        assert (now.order, now.digest, now.rules) == (order, rules.digest, rules)
        [version] = lane.rulebook.versions(tx, 1)
        assert (version.digest, version.agreed_by) == (rules.digest, "supervisor")
        opened = lane.ledger.find(tx, f"batch/{order}", "batch.opened")[0].entry.body
        assert opened["settings"]["rules"] == rules.digest
        kinds = [one.entry.kind for one in lane.ledger.find(tx, f"proposal/{proposal.id}")]
        assert kinds == ["proposal.made", "proposal.agreed"]
    with pytest.raises(TradelaneError, match="agreed by supervisor"):
        rulebook.agree(lane, proposal.id, "supervisor", proposal.digest)

    for cleared in file_under_order(lane, administration_home.parent / "data", 5):
        assert {line.routed.selected_by for line in cleared.lines} <= {"rule", "random"}
        assert all(line.routed.propensity == "1.000000" for line in cleared.lines)
    assert lane.replay().ok


def test_a_rule_in_shadow_is_counted_and_changes_no_lane(
    lane: Tradelane, administration_home: Path
) -> None:
    data = administration_home.parent / "data"
    put_in_force(lane, everything("shadow"))
    cleared = file_under_order(lane, data, 40)
    assert not any(line.routed.selected_by == "rule" for one in cleared for line in one.lines)
    with lane.database.read() as tx:
        found = rule_figures(lane, tx)["everything"]
        lines = sum(len(one.lines) for one in cleared)
        assert (found.shadow.lines, found.live.lines) == (lines, 0)
        latest = matched_lines(lane, tx, "everything", 3)
    assert [one.shadow for one in latest] == [True] * 3
    assert latest[0].reference == cleared[-1].reference


def test_the_hit_rate_of_a_rule_is_what_inspections_found_since_it_fires(
    lane: Tradelane, administration_home: Path
) -> None:
    put_in_force(lane, everything())
    cleared = file_under_order(lane, administration_home.parent / "data", 3)
    with lane.database.read() as tx:
        cases = lane.inspections.queue(tx, CaseFilter(), None, 500).cases
        user = next(one for one in lane.accounts.users(tx) if one.login == "officer2")
    case = next(one for one in cases if one.reference == cleared[0].reference)
    officer = Officer(user.id, user.login)
    step = decide(lane, case.id, Ruling(Decision.INSPECT, case.revision), officer)
    findings = [
        Finding(
            line=number,
            result=Result.WRONG,
            discrepancy=Discrepancy.UNDERVALUATION,
            revenue_recovered=Decimal(100),
            currency=case.currency,
            note="Seen.",
        )
        for number in range(1, len(cleared[0].lines) + 1)
    ]
    record_findings(lane, case.id, findings, step.number, officer)
    with lane.database.read() as tx:
        live = rule_figures(lane, tx)["everything"].live
    assert (live.known, live.wrong, live.rate) == (len(findings), len(findings), 1.0)
    assert live.revenue == 100.0 * len(findings)
    assert live.low is not None
    assert live.low < 1


def test_a_draft_that_is_overtaken_is_refused(lane: Tradelane) -> None:
    late = rulebook.begin(lane, "Late", "analyst", everything("shadow"))
    put_in_force(lane, everything())
    with pytest.raises(TradelaneError, match="Other rules came in force"):
        rulebook.propose(lane, late.id, late.revision, WHY, "analyst")
    same = rulebook.begin(lane, "Same", "analyst")
    with pytest.raises(InputRefused, match="in force already"):
        rulebook.propose(lane, same.id, same.revision, WHY, "analyst")


def test_two_people_never_overwrite_each_others_draft(lane: Tradelane) -> None:
    draft = rulebook.begin(lane, "Ours", "analyst", everything())
    off = replace(everything().rules[0], status=Status.OFF)
    saved = rulebook.save(lane, draft.id, draft.revision, RuleSet((off,)), "supervisor")
    assert saved.revision == draft.revision + 1
    with pytest.raises(TradelaneError, match="supervisor has changed"):
        rulebook.save(lane, draft.id, draft.revision, RuleSet(), "analyst")
    with pytest.raises(TradelaneError, match="supervisor has changed"):
        rulebook.propose(lane, draft.id, draft.revision, WHY, "analyst")
    rulebook.discard(lane, draft.id)
    with pytest.raises(TradelaneError, match="no draft"):
        rulebook.discard(lane, draft.id)


def test_drafts_and_versions_are_kept_by_both_databases(tmp_path: Path, postgres_url: str) -> None:
    for url in ("", postgres_url):
        lane = Tradelane(tmp_path / f"home{bool(url)}", database_url=url or None)
        if not url:
            lane.database_url = None
        book = lane.rulebook
        draft = lane.database.write(lambda tx, b=book: b.begin(tx, "One", everything(), "", "ana"))
        saved = lane.database.write(
            lambda tx, b=book, d=draft: b.save(tx, d.id, 1, RuleSet(), "ben")
        )
        assert (saved.revision, saved.rules, saved.changed_by) == (2, RuleSet(), "ben")
        given = {"proposal": 1, "by": "ana", "agreed_by": "ben", "reason": WHY}
        lane.database.write(lambda tx, b=book, g=given: b.add_version(tx, everything(), **g))
        with lane.database.read() as tx:
            assert [one.name for one in book.drafts(tx)] == ["One"]
            [version] = book.versions(tx)
            assert book.version(tx, version.number).rules == everything()
            assert list(book.hit_lines(tx)) == []
        lane.database.close()
