"""Models in the browser: read, trained, proposed by one person and agreed to by another."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest

from measured_models import publish_measured
from tradelane.declarations.mapping import load
from tradelane.declarations.reader import read
from tradelane.journeys.deciding import clear_together
from tradelane.journeys.duels import read_duel
from tradelane.journeys.filings import Filed
from tradelane.journeys.intake import load_intake
from tradelane.journeys.opening import Order, open_intake

WHY = "Better than the model in force by month and office."


def seen(page: str) -> dict[str, str]:
    """What the form to agree carries."""
    number = re.search(r'name="proposal" value="(\d+)"', page)
    digest = re.search(r'name="seen" value="(sha256:[0-9a-f]+)"', page)
    assert number
    assert digest
    return {"proposal": number[1], "seen": digest[1]}


@pytest.mark.parametrize(
    ("login", "read", "propose", "agree"),
    [
        ("supervisor", 200, 403, 404),
        ("analyst", 200, 404, 403),
        ("auditor", 200, 403, 403),
        ("regulator", 200, 403, 403),
        ("officer", 403, 403, 403),
        ("broker", 403, 403, 403),
    ],
)
def test_those_who_oversee_or_analyse_read_models_and_each_has_their_step(
    house, login, read, propose, agree
):
    visitor = house.signed_in(login)
    assert visitor.get("/models").status_code == read
    assert visitor.get("/models.csv").status_code == read
    assert visitor.post("/models/0123456789ab/propose", {}).status_code == propose
    assert visitor.post("/models/0123456789ab/agree", {}).status_code == agree


def test_a_model_is_put_at_an_orders_disposal_by_two_persons(house):
    model = publish_measured(house.lane)
    analyst, supervisor = house.signed_in("analyst"), house.signed_in("supervisor")
    page = analyst.get(f"/models/{model}").text
    assert "Candidate" in page
    assert "No second person has agreed to it." in page
    assert analyst.post(f"/models/{model}/propose", {"reason": "short"}).status_code == 422
    assert analyst.post(f"/models/{model}/propose", {"reason": WHY}).status_code == 303
    assert "Waiting for a second person" in supervisor.get("/models").text
    form = seen(supervisor.get(f"/models/{model}").text)
    wrong = supervisor.post(f"/models/{model}/agree", {**form, "seen": "sha256:" + "0" * 64})
    assert (wrong.status_code, "approvals.changed" in wrong.text) == (409, True)
    assert supervisor.post(f"/models/{model}/agree", form).status_code == 303
    page = supervisor.get(f"/models/{model}").text
    assert "Proposed by analyst, agreed to by supervisor" in page
    again = supervisor.post(f"/models/{model}/agree", form)
    assert (again.status_code, "approvals.decided" in again.text) == (409, True)
    assert supervisor.post(f"/models/{model}/retire", {}).status_code == 303
    assert "Retired" in supervisor.get(f"/models/{model}").text


def test_a_proposal_is_declined_with_a_reason_or_withdrawn(house):
    model = publish_measured(house.lane)
    analyst, supervisor = house.signed_in("analyst"), house.signed_in("supervisor")
    analyst.post(f"/models/{model}/propose", {"reason": WHY})
    form = seen(supervisor.get(f"/models/{model}").text)
    assert supervisor.post(f"/models/{model}/decline", {**form, "remark": ""}).status_code == 422
    no = {**form, "remark": "It was never run as a challenger."}
    assert supervisor.post(f"/models/{model}/decline", no).status_code == 303
    assert no["remark"] in analyst.get(f"/models/{model}").text
    analyst.post(f"/models/{model}/propose", {"reason": WHY})
    form = seen(analyst.get(f"/models/{model}").text)
    assert analyst.post(f"/models/{model}/withdraw", form).status_code == 303
    assert "Candidate" in analyst.get(f"/models/{model}").text


def test_a_models_page_tells_its_quality_with_pictures_groups_and_gaps(house):
    model = publish_measured(house.lane)
    page = house.signed_in("analyst").get(f"/models/{model}?by=month")
    assert page.status_code == 200
    assert page.text.count("<svg xmlns") >= 4
    for said in ("Calibration", "Frontier", "Precision by budget", "What it would have missed"):
        assert said in page.text
    assert "2026-03" in page.text
    assert len(page.content) < 60_000


def test_models_of_other_seeds_show_how_much_is_luck(house):
    model = publish_measured(house.lane)
    analyst = house.signed_in("analyst")
    assert "seeds on the same lines" not in analyst.get(f"/models/{model}").text
    publish_measured(house.lane, seed=9)
    page = analyst.get(f"/models/{model}").text
    assert "seeds on the same lines: AUC from 0.807 to 0.809" in page


def test_every_figure_can_be_taken_along(house):
    model = publish_measured(house.lane)
    visitor = house.signed_in("auditor")
    card = visitor.get(f"/models/{model}/card.md")
    assert "## Quality forward in time" in card.text
    assert "No second person has agreed to it." in card.text
    table = visitor.get(f"/models/{model}/groups.csv").text.splitlines()
    assert table[0].startswith("by,group,lines,wrong,precision,precision_low,precision_high")
    assert len(table) > 10
    assert visitor.get(f"/models/{model}/quality.json").json()["lines"] == 3000
    assert visitor.get("/models.csv?state=candidate").text.count("sha256:") == 1


def test_a_model_without_measured_quality_says_so(house):
    [manifest] = house.lane.registry.manifests("targeting")
    model = manifest["digest"].removeprefix("sha256:")[:12]
    assert house.signed_in("analyst").get(f"/models/{model}").status_code == 200


@pytest.mark.parametrize("model", ["0123456789ab", "..%2f..%2fetc", "nothing"])
def test_a_model_that_is_not_here_is_not_found(house, model):
    assert house.signed_in("analyst").get(f"/models/{model}").status_code == 404


@pytest.mark.slow
def test_an_analyst_trains_a_model_and_it_is_a_candidate(house):
    analyst = house.signed_in("analyst")
    assert analyst.post("/models/train", {"seed": "x"}).status_code == 422
    assert analyst.post("/models/train", {"seed": "3"}).status_code == 303
    refused = analyst.post("/models/train", {"seed": "4"})
    assert (refused.status_code, "training.running" in refused.text) == (422, True)
    until = time.monotonic() + 60
    while True:
        with house.lane.database.read() as tx:
            [job] = house.lane.trainings.latest(tx, 10)
        if job.is_finished:
            break
        assert time.monotonic() < until, job
        time.sleep(0.2)
    assert (job.state, job.asked_by, job.note) == ("done", "analyst", "")
    model = job.model.removeprefix("sha256:")[:12]
    assert "Trained in this workspace by analyst" in analyst.get(f"/models/{model}").text
    assert "Candidate" in analyst.get(f"/models/{model}").text


def test_a_challenger_scores_in_shadow_and_the_page_says_what_can_be_told(house):
    challenger = publish_measured(house.lane)
    lane = house.lane
    with lane.database.read() as tx:
        [before] = lane.declarations.open_batches(tx, "intake")
    digest = str(lane.registry.get_manifest(challenger)["digest"])
    order = Order("demo", before.settings["model"], budget=0.3, challenger=digest, by="supervisor")
    intake = load_intake(lane, open_intake(lane, order))
    filings = read(
        house.data / "week.csv",
        load("tradelane"),
        codes=lane.nomenclature,
        today=lane.clock.now().date(),
    )
    week = [one.declaration for one in filings if one.declaration is not None][:60]
    filed = [Filed(replace(one, reference=f"DUEL-{n}")) for n, one in enumerate(week)]
    clear_together(lane, intake, filed)
    page = house.signed_in("supervisor").get("/models").text
    assert "The challenger against the model in force" in page
    assert "It cannot be told yet" in page
    assert "Both on the same" in page
    with lane.database.read() as tx:
        found = read_duel(lane, tx)
    assert found is not None
    assert found.lines == sum(len(one.lines) for one in week)
    assert found.apart == 0  # the same trees under another name select the same lines
    assert "Challenger" in house.signed_in("analyst").get(f"/models/{challenger}").text
