"""A training that somebody asked for, and how far it is. What comes of it is a candidate: nothing
is put in force by training it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"
UNFINISHED = (WAITING, RUNNING)


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """A training.

    asked_by: a login; ground: the digest of the model whose own history is learned from together
    with what this workspace received, "" for none; state: ``waiting``, ``running``, ``done`` or
    ``failed``; stage, done, total: how far it is; lines, outcomes: what it learns from, once that
    is collected; model: the digest of what came of it; note: what it failed on. Times are RFC 3339
    stamps.
    """

    id: str
    asked_by: str
    seed: int
    ground: str
    created_at: str
    state: str = WAITING
    stage: str = ""
    done: int = 0
    total: int = 0
    lines: int | None = None
    outcomes: int | None = None
    model: str = ""
    note: str = ""
    started_at: str | None = None
    finished_at: str | None = None

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state not in UNFINISHED


class TrainingStore(Protocol):
    """Where trainings are kept; ``tx`` is the transaction that the caller opened."""

    def add(self, tx: Any, job: TrainingJob) -> None: ...
    def find(self, tx: Any, job_id: str) -> TrainingJob | None: ...
    def latest(self, tx: Any, most: int) -> list[TrainingJob]: ...
    def unfinished(self, tx: Any) -> list[TrainingJob]: ...
    def update(self, tx: Any, job_id: str, values: Mapping[str, Any]) -> None: ...
