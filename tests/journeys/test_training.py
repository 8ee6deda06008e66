"""A workspace learns from what it received and found; what comes of it is a candidate."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from tradelane.approvals.model import Proposal
from tradelane.journeys import adoption
from tradelane.journeys.learning import Lesson, collect, learn
from tradelane.journeys.training import Training
from tradelane.kit.errors import InputRefused, TradelaneError
from tradelane.platform import Tradelane

WHY = "Better forward in time than the model before."


@pytest.fixture
def lane(administration_home: Path, tmp_path: Path, opened: Any) -> Tradelane:
    shutil.copytree(administration_home, tmp_path / "home")
    found: Tradelane = opened(tmp_path / "home")
    found.database_url = None
    return found


def state_of(lane: Tradelane, digest: str) -> str:
    with lane.database.read() as tx:
        return adoption.get_listed(lane, tx, digest).state


def agreed(lane: Tradelane, digest: str) -> bool:
    with lane.database.read() as tx:
        return adoption.is_agreed(lane, tx, digest)


def model_in_force(lane: Tradelane) -> str:
    with lane.database.read() as tx:
        return adoption.in_force(lane, tx)[0]


def proposed(lane: Tradelane, digest: str) -> Proposal:
    return adoption.propose_model(lane, digest, "analyst", WHY)


@pytest.fixture
def candidate(lane: Tradelane) -> str:
    """A model that was published and that nobody agreed to: the price rule of a short history."""
    table = collect(lane, "").with_columns(fraud=None)
    return lane.targeting.train_or_fallback(table, seed=9).ref.digest


# ---------------------------------------------------------------- learning


def test_the_lines_of_the_workspace_follow_the_history_that_its_model_began_with(lane):
    own, all_of_it = collect(lane, ""), collect(lane, model_in_force(lane))
    ground = lane.targeting.load(model_in_force(lane)).history.table
    assert all_of_it.height == ground.height + own.height
    assert own["subject"].is_unique().all()
    inspected = own.filter("inspected")
    assert 1 <= inspected.height < own.height
    assert inspected["recorded_at"].null_count() == 0
    assert own.filter(~own["inspected"])["fraud"].count() == 0


@pytest.mark.slow
def test_retraining_gives_a_candidate_and_changes_nothing_that_is_in_force(lane):
    before = model_in_force(lane)
    stages: list[str] = []
    job = lane.retrain("operator:kim", 0, lambda stage, done, total=None: stages.append(stage))
    assert (job.state, job.asked_by, model_in_force(lane)) == ("done", "operator:kim", before)
    assert job.model != before
    assert state_of(lane, job.model) == "candidate"
    assert not agreed(lane, job.model)
    assert len(stages) > 3
    with lane.database.read() as tx:
        [entry] = lane.ledger.find(tx, f"model/{job.model}", "model.trained")
    assert entry.entry.body["ground"] == before
    assert entry.entry.body["lines"] == job.lines
    assert not list((lane.home / "training").iterdir())
    # Trained once more on top of it, no line would be learned from twice.
    with lane.database.read() as tx:
        from tradelane.journeys.learning import ground_of

        assert ground_of(lane, tx, job.model) == before


def test_what_cannot_be_learned_from_is_said(opened, tmp_path):
    empty = opened(tmp_path / "empty")
    with pytest.raises(InputRefused) as caught:
        empty.retrain("operator:kim")
    assert caught.value.problems[0].code == "training.nothing"
    [job] = _latest(empty)
    assert (job.state, "nothing to learn from" in job.note) == ("failed", True)


def _latest(lane: Tradelane) -> list[Any]:
    with lane.database.read() as tx:
        return lane.trainings.latest(tx, 10)


def test_one_training_at_a_time(lane):
    training = Training(lane, lane.trainings, threading.Event())
    first = training.ask("analyst")
    with pytest.raises(InputRefused) as caught:
        training.ask("analyst")
    assert caught.value.problems[0].code == "training.running"
    assert training.unfinished() == [first]


def test_a_second_process_says_where_it_is_even_when_nothing_changes(lane, tmp_path, monkeypatch):
    monkeypatch.setattr("tradelane.journeys.learning._BEAT", 0.0)
    lesson = Lesson(lane.home, None, tmp_path / "lines.arrow", "", 0)
    told = learn(lane, lesson)
    assert next(told).stage == next(told).stage == "collecting the lines of this workspace"


# ---------------------------------------------------------------- adoption


def test_the_first_model_is_adopted_by_its_operator_and_the_ledger_says_so(lane):
    model = model_in_force(lane)
    with lane.database.read() as tx:
        [entry] = lane.ledger.find(tx, f"model/{model}", "model.adopted")
    assert entry.entry.body["proposal"] is None
    assert "operator alone" in entry.entry.body["note"]
    assert state_of(lane, model) == "in force"
    assert agreed(lane, model)


def test_a_later_model_is_not_adopted_by_one_person(lane, candidate):
    assert not lane.database.write(
        lambda tx: adoption.adopt_first(lane, tx, candidate, "operator:kim")
    )
    assert not agreed(lane, candidate)
    with lane.database.read() as tx, pytest.raises(InputRefused) as caught:
        adoption.expect_agreed(lane, tx, candidate)
    assert caught.value.problems[0].code == "adoption.not_agreed"


def test_a_model_is_proposed_agreed_and_retired(lane, candidate):
    assert state_of(lane, candidate) == "candidate"
    proposal = proposed(lane, candidate)
    assert state_of(lane, candidate) == "proposed"
    with pytest.raises(TradelaneError) as caught:
        adoption.agree_to_model(lane, proposal.id, "analyst", proposal.digest)
    assert caught.value.problems[0].code == "approvals.own"
    adoption.agree_to_model(lane, proposal.id, "supervisor", proposal.digest)
    assert (state_of(lane, candidate), agreed(lane, candidate)) == ("agreed", True)
    with lane.database.read() as tx:
        found = adoption.find_adoption(lane, tx, candidate)
        kinds = [e.entry.kind for e in lane.ledger.find(tx, f"proposal/{proposal.id}")]
        assert lane.ledger.verify(tx).ok
    assert found is not None
    assert (found.by, found.proposed_by) == ("supervisor", "analyst")
    assert kinds == ["proposal.made", "proposal.agreed"]
    adoption.retire(lane, candidate, "supervisor")
    assert (state_of(lane, candidate), agreed(lane, candidate)) == ("retired", False)
    assert proposed(lane, candidate).id != proposal.id


def test_a_proposal_that_waits_is_not_made_twice(lane, candidate):
    proposed(lane, candidate)
    with pytest.raises(InputRefused) as caught:
        proposed(lane, candidate)
    assert caught.value.problems[0].code == "adoption.waiting"


def test_a_declined_model_stays_a_candidate(lane, candidate):
    proposal = proposed(lane, candidate)
    adoption.decline_model(lane, proposal.id, "supervisor", "It is only the price rule.")
    assert (state_of(lane, candidate), agreed(lane, candidate)) == ("candidate", False)


def test_the_model_in_force_cannot_be_retired_or_proposed(lane):
    model = model_in_force(lane)
    for wrong, code in (
        (lambda: adoption.retire(lane, model, "supervisor"), "adoption.in_use"),
        (lambda: proposed(lane, model), "adoption.waiting"),
    ):
        with pytest.raises(InputRefused) as caught:
            wrong()
        assert caught.value.problems[0].code == code
