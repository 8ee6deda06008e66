"""A server is killed while a model is trained; the next one ends the training, once."""

from __future__ import annotations

import shutil
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from doors import new_session
from servers import serve, stop
from tradelane.platform import Tradelane
from tradelane.targeting.training import TrainingJob


@pytest.mark.slow
def test_a_training_survives_kill_9_and_gives_one_candidate(
    administration_home: Path, tmp_path: Path, cli_environment: dict[str, str]
) -> None:
    home = Path(shutil.copytree(administration_home, tmp_path / "home"))
    lane = Tradelane(home)
    lane.database_url = None
    before = {one["digest"] for one in lane.registry.manifests("targeting")}
    session = new_session(lane, "analyst")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def until(reached: Callable[[TrainingJob], bool]) -> TrainingJob:
        end = time.monotonic() + 60
        while True:
            with lane.database.read() as tx:
                [job] = lane.trainings.latest(tx, 10)
            if reached(job):
                return job
            assert time.monotonic() < end, job
            time.sleep(0.02)

    process = serve(home, port, cli_environment)
    try:
        asked = httpx.post(
            f"http://127.0.0.1:{port}/models/train",
            data={"csrf": session.session.csrf, "seed": "5"},
            cookies={"tradelane": session.secret},
            timeout=30,
        )
        assert asked.status_code == 303
        # While it learns: what it learns from is collected, and not collected again.
        assert not until(lambda job: job.lines is not None).is_finished
        process.send_signal(signal.SIGKILL)
        process.wait()
        process = serve(home, port, cli_environment)
        job = until(lambda job: job.is_finished)
    finally:
        stop(process)
    assert (job.state, job.note) == ("done", "")
    after = {one["digest"] for one in lane.registry.manifests("targeting")}
    assert after - before == {job.model}
    with lane.database.read() as tx:
        assert len(lane.ledger.find(tx, f"model/{job.model}", "model.trained")) == 1
        assert lane.ledger.verify(tx).ok
    assert not list((home / "training").iterdir())
    lane.database.close()
