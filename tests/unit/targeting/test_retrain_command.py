"""`tradelane target retrain` says what came of it, and that it decides nothing."""

from __future__ import annotations

from types import SimpleNamespace

from click.testing import CliRunner

from tradelane.targeting.commands import target
from tradelane.targeting.training import DONE, TrainingJob


def test_retrain_tells_the_candidate_and_what_is_needed_before_it_decides():
    asked: list[tuple[str, int]] = []

    def retrain(by: str, seed: int, progress: object) -> TrainingJob:
        asked.append((by, seed))
        return TrainingJob(
            "retrain-1", by, seed, "", "", state=DONE, lines=5000, outcomes=321, model="sha256:ab"
        )

    platform = SimpleNamespace(retrain=retrain)
    done = CliRunner().invoke(target, ["retrain", "--seed", "7"], obj=platform)
    assert done.exit_code == 0, done.output
    assert "sha256:ab, a candidate, from 5,000 lines, 321 of them" in done.output
    assert "a second person has agreed" in done.output
    [(by, seed)] = asked
    assert by.startswith("operator:")
    assert seed == 7
