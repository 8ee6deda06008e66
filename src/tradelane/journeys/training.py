"""Trainings that are asked for on a page or at the command line, and survive kill -9.

A training ends with a candidate in the registry and an entry in the ledger. It puts nothing in
force: that takes a proposal and a second person (`journeys.adoption`).
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from tradelane.journeys import entries
from tradelane.journeys.adoption import in_force
from tradelane.journeys.bulk import Stopping
from tradelane.journeys.learning import Lesson, Told, ground_of, learn
from tradelane.journeys.workshop import Workshop
from tradelane.kit.clock import stamp
from tradelane.kit.durable import Steps, run_durable
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.kit.progress import Progress
from tradelane.kit.version import VERSION
from tradelane.targeting.training import DONE, FAILED, RUNNING, TrainingJob, TrainingStore

log = logging.getLogger(__name__)

PREFIX = "train-"
"""What the ids of a server's trainings begin with."""
BY_COMMAND = "retrain-"
"""What the ids of the command line's trainings begin with; no server takes these up."""


class Training:
    """Takes trainings and does them. ``stop``: set when the process ends."""

    def __init__(self, shop: Workshop, jobs: TrainingStore, stop: threading.Event) -> None:
        self._shop = shop
        self.jobs = jobs
        self._stop = stop

    def snapshot_of(self, job_id: str) -> Path:
        """Where the lines of a training lie until it is done."""
        return self._shop.home / "training" / f"{job_id}.arrow"

    def ask(self, by: str, seed: int = 0, prefix: str = PREFIX) -> TrainingJob:
        """Keep a new training. Errors: InputRefused ``training.running`` while another one of the
        same door is not finished."""

        def write(tx: Any) -> TrainingJob:
            if any(job.id.startswith(prefix) for job in self.jobs.unfinished(tx)):
                raise InputRefused(
                    Problem(
                        "training.running",
                        "A training is not finished yet.",
                        hint="Wait until it is done, then ask again.",
                    )
                )
            model, _ = in_force(self._shop, tx)
            ground = ground_of(self._shop, tx, model) if model else ""
            now = stamp(self._shop.clock.now())
            job = TrainingJob(prefix + uuid.uuid4().hex[:16], by, seed, ground, now)
            self.jobs.add(tx, job)
            return job

        return self._shop.database.write(write)

    def unfinished(self, prefix: str = PREFIX) -> list[TrainingJob]:
        """What a server (or the command line) has begun and not finished."""
        with self._shop.database.read() as tx:
            return [job for job in self.jobs.unfinished(tx) if job.id.startswith(prefix)]

    def parts(self, job_id: str) -> Iterator[bool]:
        """Do a training; an item for each stage that is known, the last is False.

        Raises Stopping when the process ends; never anything else: what is wrong is in the job.
        """
        job = self._begin(job_id)
        if job is None:
            yield False
            return
        try:
            with closing(self._shop.learn_elsewhere(self._lesson(job))) as stream:
                for told in stream:
                    if self._stop.is_set():
                        raise Stopping
                    if self._keep(job, told):
                        yield True
        except Exception as error:
            if self._stop.is_set():  # the house is being closed around us
                raise Stopping from error
            problems = error.problems if isinstance(error, TradelaneError) else ()
            if not problems:
                log.exception("a training failed", extra={"job": job.id})
            said = " ".join(f"{p.message} {p.hint}".strip() for p in problems[:1])
            self._end(job, FAILED, {"note": said or "An unexpected error; it is in the log."})
        yield False

    def here(self, job: TrainingJob, progress: Progress) -> dict[str, Any]:
        """Do a training in this process, step by step; what a step has done before is not done
        again. Returns its ``model``, ``lines`` and ``outcomes``. Errors: those of `learn`."""

        def run(steps: Steps) -> dict[str, Any]:
            def train() -> dict[str, Any]:
                found = Told("", 0, 0)
                for found in learn(self._shop, self._lesson(job)):
                    progress(found.stage, found.done, found.total or None)
                return {"model": found.model, "lines": found.lines, "outcomes": found.outcomes}

            found = steps("train", train)
            told = Told("", 1, 1, found["lines"], found["outcomes"], found["model"])
            steps("keep", lambda: self._keep(job, told))
            return found

        begun = self._begin(job.id)
        assert begun is not None
        try:
            return run_durable(self._shop.system_url, job.id, run, version=VERSION)
        except TradelaneError as error:
            self._end(job, FAILED, {"note": error.problems[0].message})
            raise

    def _lesson(self, job: TrainingJob) -> Lesson:
        snapshot = self.snapshot_of(job.id)
        snapshot.parent.mkdir(parents=True, exist_ok=True)
        return Lesson(self._shop.home, self._shop.database_url, snapshot, job.ground, job.seed)

    def _begin(self, job_id: str) -> TrainingJob | None:
        with self._shop.database.read() as tx:
            job = self.jobs.find(tx, job_id)
        if job is None or job.is_finished:
            return None
        began = job.started_at or stamp(self._shop.clock.now())
        values = {"state": RUNNING, "started_at": began}
        self._shop.database.write(lambda tx: self.jobs.update(tx, job_id, values))
        return replace(job, state=RUNNING, started_at=began)

    def _keep(self, job: TrainingJob, told: Told) -> bool:
        """Keep how far it is; with the model, that it is done. Whether anything was new."""
        if told.model:
            values = {"model": told.model, "lines": told.lines, "outcomes": told.outcomes}
            self._end(job, DONE, values)
            return True
        values = told._asdict()
        with self._shop.database.read() as tx:
            known = self.jobs.find(tx, job.id)
        assert known is not None
        if all(getattr(known, name) == value for name, value in values.items()):
            return False
        self._shop.database.write(lambda tx: self.jobs.update(tx, job.id, values))
        return True

    def _end(self, job: TrainingJob, state: str, values: dict[str, Any]) -> None:
        now = stamp(self._shop.clock.now())

        def write(tx: Any) -> None:
            known = self.jobs.find(tx, job.id)
            if known is None or known.is_finished:
                return
            ended = {"state": state, "stage": "", "finished_at": now, **values}
            self.jobs.update(tx, job.id, ended)
            if state == DONE:
                body = {
                    "model": values["model"],
                    "job": job.id,
                    "by": job.asked_by,
                    "lines": values["lines"],
                    "outcomes": values["outcomes"],
                    "seed": job.seed,
                    "ground": job.ground,
                }
                subject = f"model/{values['model']}"
                event = entries.entry(now, entries.MODEL_TRAINED, subject, body)
                self._shop.ledger.record(tx, [event])

        self._shop.database.write(write)
        self.snapshot_of(job.id).unlink(missing_ok=True)


def retrain(
    shop: Workshop, jobs: TrainingStore, by: str, seed: int, progress: Progress
) -> TrainingJob:
    """Train on what this workspace has, from the command line; an interrupted one is taken up.

    Errors: InputRefused ``training.nothing``, and those of `Targeting.train`.
    """
    training = Training(shop, jobs, threading.Event())
    job = next(iter(training.unfinished(BY_COMMAND)), None) or training.ask(by, seed, BY_COMMAND)
    training.here(job, progress)
    with shop.database.read() as tx:
        found = jobs.find(tx, job.id)
    assert found is not None
    return found
