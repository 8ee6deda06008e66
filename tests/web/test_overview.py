"""The week as supervisors and analysts read it, and handing cases over."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tradelane.inspections.figures import DEFINITIONS
from tradelane.inspections.findings import Finding, Result
from tradelane.inspections.model import CaseFilter, Decision
from tradelane.journeys.adoption import in_force
from tradelane.journeys.casework import Officer, Ruling, decide, record_findings
from tradelane.journeys.labels import COLUMNS, labelled_lines
from tradelane.journeys.oversight import MORE_DEFINITIONS
from tradelane.kit.intervals import wilson
from web_house import House

NAMES = ("officer2", "Olive", "Tanaka")


def _figures(house: House, login: str, query: str = "") -> dict[str, Any]:
    answer = house.signed_in(login).get(f"/api/v1/figures?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["figures"]


@pytest.mark.parametrize(
    ("login", "status"),
    [
        ("supervisor", 200),
        ("auditor", 200),
        ("analyst", 200),
        ("regulator", 200),
        ("officer", 403),
        ("trader", 403),
        ("admin", 403),
    ],
)
def test_the_overview_is_for_those_who_oversee_or_read_figures(house, login, status):
    visitor = house.signed_in(login)
    for path in ("/overview", "/overview/figures.csv", "/overview/outcomes.csv", "/api/v1/figures"):
        assert visitor.get(path).status_code == status, path


def test_every_figure_says_what_it_is_and_can_be_downloaded(house):
    visitor = house.signed_in("supervisor")
    page = visitor.get("/overview").text
    whole = visitor.get("/overview/figures.json").json()["figures"]
    assert set(whole) == set(DEFINITIONS) | set(MORE_DEFINITIONS)
    long = list(csv.DictReader(io.StringIO(visitor.get("/overview/figures.csv").text)))
    for name, figure in whole.items():
        assert figure["definition"].split("'")[0][:60] in page
        assert figure["unit"]
        one = visitor.get(f"/overview/figures/{name}.json").json()
        assert one == figure
        rows = list(csv.DictReader(io.StringIO(visitor.get(f"/overview/figures/{name}.csv").text)))
        assert len(rows) == len(figure["rows"])
        assert sum(1 for row in long if row["figure"] == name) == sum(map(len, figure["rows"]))
    assert visitor.get("/overview/figures/nothing.csv").status_code == 404
    assert visitor.get("/overview/figures/lanes.exe").status_code == 404


def test_the_figures_are_those_of_the_ledgers_entries_alone(house):
    """Computed again here from nothing but entries of the ledger."""
    with house.lane.database.read() as tx:
        entries = [stored.entry for stored in house.lane.ledger.entries(tx)]
    figures = _figures(house, "supervisor")
    days = [row["day"] for row in figures["routed"]["rows"]]

    received: Counter[str] = Counter()
    lanes: Counter[tuple[str, str]] = Counter()
    decided: Counter[tuple[str, str]] = Counter()
    by_officer: Counter[str] = Counter()
    unopened: Counter[str] = Counter()
    overrides: Counter[tuple[str, str, str]] = Counter()
    selected, wrong = {}, {}
    amounts: dict[tuple[int, int], Decimal] = {}
    for entry in entries:
        day, body = entry.at[:10], entry.body
        if entry.kind == "declaration.received":
            received[day] += 1
        elif entry.kind == "case.opened":
            lanes[day, body["lane"]] += 1
            selected[body["case"]] = body["selected_by"]
        elif entry.kind == "case.decided":
            decided[day, body["decision"]] += 1
            by_officer[body["officer"]] += 1
            unopened[body["officer"]] += not body["opened_page"]
            if body["against_recommendation"]:
                overrides[body["officer"], body["recommendation"], body["decision"]] += 1
        elif entry.kind == "inspection.found":
            wrong[body["case"]] = any(f["result"] == "wrong" for f in body["findings"])
            for finding in body["findings"]:
                if "revenue_recovered" in finding:
                    key = (body["case"], finding["line"])
                    amounts[key] = Decimal(finding["revenue_recovered"])

    assert {(r["day"], r["lane"]): r["cases"] for r in figures["lanes"]["rows"]} == lanes
    assert {r["day"]: r["red"] + r["yellow"] + r["green"] for r in figures["routed"]["rows"]} == {
        day: received[day] for day in days
    }
    assert {(r["day"], r["decision"]): r["count"] for r in figures["decisions"]["rows"]} == decided
    assert {r["officer"]: r["decided"] for r in figures["workload"]["rows"]} == by_officer
    assert {r["officer"]: r["unopened"] for r in figures["unopened"]["rows"]} == unopened
    assert {
        (r["officer"], r["recommended"], r["decided"]): r["count"]
        for r in figures["overrides"]["rows"]
    } == overrides
    groups: dict[str, list[bool]] = defaultdict(list)
    for case, found in wrong.items():
        named = {"model": "targeted", "rule": "targeted", "random": "random"}
        groups[named.get(selected[case], "other")].append(found)
    for rate in figures["hit_rates"]["rows"]:
        if rate["selected_by"] in groups:
            found = groups[rate["selected_by"]]
            assert (rate["inspected"], rate["wrong"]) == (len(found), sum(found))
            assert (rate["low"], rate["high"]) == pytest.approx(wilson(sum(found), len(found)))
    recovered = figures["recovered"]["rows"]
    assert sum(Decimal(row["amount"]) for row in recovered) == sum(amounts.values())


def test_readers_without_oversight_of_people_meet_numbers_for_officers(house):
    named = _figures(house, "supervisor")["workload"]["rows"]
    assert {row["officer"] for row in named} <= {"officer", "officer2"}
    visitor = house.signed_in("analyst")
    for path in ("/overview", "/overview/figures.csv", "/overview/figures.json"):
        text = visitor.get(path).text
        assert "Officer 1" in text
        assert not any(name in text for name in NAMES), path
    assert "treat it as personal data" in visitor.get("/overview").text
    anonymous = _figures(house, "analyst")
    assert sorted(r["decided"] for r in anonymous["workload"]["rows"]) == sorted(
        r["decided"] for r in named
    )


def test_a_period_and_an_office_restrict_and_nonsense_is_said(house):
    visitor = house.signed_in("supervisor")
    whole = _figures(house, "supervisor")
    office = _figures(house, "supervisor", "office=PMSEA")
    assert all(row["green"] is None for row in office["routed"]["rows"])
    assert sum(r["red"] for r in office["routed"]["rows"]) < sum(
        r["red"] for r in whole["routed"]["rows"]
    )
    day = whole["routed"]["rows"][2]["day"]
    assert len(_figures(house, "supervisor", f"from={day}&to={day}")["routed"]["rows"]) == 1
    for query in (
        "from=2026-13-45",
        "from=2026-10-30&to=2026-10-01",
        "from=1971-01-01&to=2026-01-01",
    ):
        page = visitor.get(f"/overview?{query}")
        assert page.status_code == 422
        assert 'class="errors"' in page.text
        assert visitor.get(f"/api/v1/figures?{query}").status_code == 422
    hostile = visitor.get("/overview?office=%3Cscript%3Ealert(1)%3C/script%3E&from=%22%3E%3Cb%3E")
    assert "<script>alert" not in hostile.text
    assert '"><b>' not in hostile.text


def test_cases_are_handed_over_by_the_supervisor_and_the_ledger_knows(house):
    visitor = house.signed_in("supervisor")
    page = visitor.get("/overview/cases").text
    ticked = re.findall(r'name="case" value="(\d+)"', page)[:2]
    done = visitor.post("/overview/cases", {"officer": "", "case": ticked, "to": "officer2"})
    assert (done.status_code, done.headers["location"]) == (303, "/overview/cases?officer=")
    with house.lane.database.read() as tx:
        case = house.lane.inspections.get(tx, int(ticked[0]))
        subject = f"{case.declarant}/{case.reference}"
        [given] = house.lane.ledger.find(tx, subject, "case.assigned")
    assert case.assigned_to == house.signed_in("officer2").user_id
    assert given.entry.body == {"case": case.id, "to": "officer2", "by": "supervisor"}
    assert case.reference in visitor.get("/overview/cases?officer=officer2").text
    for form in ({"case": ticked, "to": ""}, {"to": "officer2"}, {"case": ticked, "to": "trader"}):
        assert visitor.post("/overview/cases", {"officer": "officer2", **form}).status_code == 422
    assert visitor.get("/overview/cases?officer=nobody-here").status_code == 404
    for login in ("analyst", "auditor", "officer"):
        assert house.signed_in(login).get("/overview/cases").status_code == 403
        assert house.signed_in(login).post("/overview/cases", {}).status_code == 403


def test_cases_go_to_nobody_who_would_not_see_them(house):
    house.file_more(16, office="PMELSE")
    with house.lane.database.read() as tx:
        cases = house.lane.inspections.queue(tx, CaseFilter(office="PMELSE"), None, 5).cases
    form = {"officer": "", "case": [str(case.id) for case in cases], "to": "officer"}
    refused = house.signed_in("supervisor").post("/overview/cases", form)
    assert refused.status_code == 422
    assert "oversight.other_office" in refused.text


def test_an_outcome_is_a_label_from_the_moment_it_is_recorded(house):
    lane = house.lane
    with lane.database.read() as tx:
        case = lane.inspections.queue(tx, CaseFilter(lane="red"), None, 1).cases[0]
        before = [dict(zip(COLUMNS, row, strict=True)) for row in labelled_lines(lane, tx)]
    mine = [row for row in before if row["declaration_id"] == case.reference]
    assert mine
    assert all(row["inspected"] == "0" and not row["outcome_recorded_at"] for row in mine)
    officer = Officer(house.signed_in("officer2").user_id, "officer2")
    started = datetime.now(UTC)
    step = decide(lane, case.id, Ruling(Decision.INSPECT, case.revision), officer)
    line = int(mine[0]["line"])
    step = record_findings(
        lane, case.id, [Finding(line=line, result=Result.CONFORM)], step.number, officer
    )
    text = house.signed_in("analyst").get("/overview/outcomes.csv").text
    after = list(csv.DictReader(io.StringIO(text)))
    assert len(after) == len(before)
    [labelled] = [
        row for row in after if (row["declaration_id"], row["line"]) == (case.reference, str(line))
    ]
    assert (labelled["inspected"], labelled["fraud"]) == ("1", "0")
    assert labelled["outcome_recorded_at"] == step.at
    with lane.database.read() as tx:
        since = list(labelled_lines(lane, tx, started))
    assert [row[0] for row in since] == [case.reference]


@pytest.mark.slow
def test_a_model_learns_from_exported_outcomes(house, tmp_path, run_cli):
    house.lane.database.close()
    home = house.lane.home
    file = tmp_path / "outcomes.csv"
    done = run_cli("outcomes", "export", file, "--home", home)
    assert done.returncode == 0, done.stderr
    table, unusable = house.lane.read_table(file, "tradelane", "demo")
    assert unusable == 0
    known = table.filter(table["fraud"].is_not_null())
    assert known["recorded_at"].dt.date().min() >= date(2020, 1, 1)
    trained = house.lane.targeting.train_or_fallback(table, seed=3)
    assert trained.manifest["training_data"]
    shown = run_cli("intake", "show", "--home", home)
    assert "agreed by     supervisor2" in shown.stdout
    alone = run_cli("intake", "open", "--latest", "--home", home)
    assert alone.returncode == 2
    assert "adoption.not_agreed" in alone.stderr  # the new model needs a second person
    with house.lane.database.read() as tx:
        model = in_force(house.lane, tx)[0]
    given = ("--model", model, "--budget", "0.2", "--reason", "More hands.")
    opened = run_cli("intake", "open", *given, "--home", home)
    assert opened.returncode == 0, opened.stderr
    assert "20.00% of lines" in opened.stdout
    assert run_cli("intake", "open", "--home", home).returncode == 2
