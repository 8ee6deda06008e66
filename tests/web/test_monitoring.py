"""The model watched at work, as supervisors and analysts read it."""

from __future__ import annotations

import csv
import io
import re

import pytest
import sqlalchemy as sa

from tradelane.accounts.tables import accounts
from tradelane.journeys.intake import INTAKE

FIGURES = (
    "alarms",
    "population",
    "over_time",
    "hit_rates",
    "revenue",
    "calibration",
    "drift",
    "unseen",
    "labelling",
    "following",
    "inspected",
)


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
def test_monitoring_is_for_those_who_oversee_or_read_figures(house, login, status):
    visitor = house.signed_in(login)
    for path in ("/monitoring", "/monitoring/figures/alarms.csv"):
        assert visitor.get(path).status_code == status, path


def test_the_page_says_the_state_first_and_every_figure_can_be_downloaded(house):
    visitor = house.signed_in("supervisor")
    page = visitor.get("/monitoring")
    assert page.status_code == 200
    assert len(page.content) < 60_000
    assert page.text.index('class="lead"') < page.text.index("What to do")
    query = re.search(r"/monitoring/figures/drift\.csv\?([^\"]+)", page.text)
    assert query
    asked = query[1].replace("&amp;", "&")
    for name in FIGURES:
        told = visitor.get(f"/monitoring/figures/{name}.json?{asked}").json()
        assert told["definition"]
        assert told["unit"]
        text = visitor.get(f"/monitoring/figures/{name}.csv?{asked}").text
        assert len(list(csv.DictReader(io.StringIO(text)))) == len(told["rows"])
    assert visitor.get("/monitoring/figures/nothing.csv").status_code == 404
    assert visitor.get("/monitoring/figures/drift.exe").status_code == 404


def test_nonsense_is_said_at_its_field_and_shown_harmlessly(house):
    visitor = house.signed_in("supervisor")
    for asked in ("from=2026-13-01", "known=yesterday", "from=2020-01-01&to=2026-01-01"):
        page = visitor.get(f"/monitoring?{asked}")
        assert page.status_code == 422, asked
        assert "There is a problem" in page.text or "error" in page.text
        assert visitor.get(f"/monitoring/figures/drift.csv?{asked}").status_code == 422
    hostile = visitor.get(
        "/monitoring?office=%3Cscript%3Ealert(1)%3C/script%3E&trait=%22%3E%3Cb%3E"
    )
    assert hostile.status_code == 200
    assert "<script>alert" not in hostile.text
    assert '"><b>' not in hostile.text


def test_who_belongs_to_an_office_sees_that_office_alone(house):
    lane = house.lane

    def move(tx):
        tx.execute(
            sa.update(accounts).where(accounts.c.login == "supervisor").values(office="PMSEA")
        )

    visitor = house.signed_in("supervisor")
    lane.database.write(move)
    whole = visitor.get("/monitoring/figures/labelling.json?office=PMEST").json()
    assert {row["office"] for row in whole["rows"]} <= {"all", "PMSEA"}
    assert "PMEST" not in visitor.get("/monitoring").text


def test_without_an_order_in_force_the_page_says_what_will_be_here(house):
    lane = house.lane
    with lane.database.read() as tx:
        [batch] = lane.declarations.open_batches(tx, INTAKE)
    lane.database.write(lambda tx: lane.declarations.close_batch(tx, batch.id))
    house.app.state.desk._intake = None
    page = house.signed_in("analyst").get("/monitoring")
    assert page.status_code == 200
    assert "No order is in force" in page.text
    assert house.signed_in("analyst").get("/monitoring/figures/drift.csv").status_code == 404
