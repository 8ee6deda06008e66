"""Kill -9 at any moment of a batch: run again, it ends as if nothing had happened."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import mortal
from tradelane.platform import Tradelane
from workspaces import SEED, Cleared, copy_models

Opened = Callable[..., Tradelane]

KILLS, HOMES = 6, 2
CHUNK = 25
"""File rows a transaction here: fifteen chunks to receive and fifteen to route."""


def arguments(cleared: Cleared, home: Path) -> list[str]:
    batch, history = cleared.administration.batch, cleared.administration.history
    settings = ["--seed", str(SEED), "--out", str(home)]
    return ["clear", str(batch), "--history", str(history), *settings]


def live(cleared: Cleared, home: Path, events: int, pause: float, **limits: Any) -> bool:
    """Clear in ``home``, killed ``pause`` seconds after so many signs of progress.

    Whether the kill hit; otherwise the batch had ended well.
    """
    said = home.with_suffix(".said")
    with mortal.start(arguments(cleared, home), said, chunk=CHUNK, **limits) as (process, ours):
        try:
            for _ in range(events):
                mortal.hear(ours)
            time.sleep(pause)
        except EOFError:
            mortal.ended(process)
        process.kill()
        assert mortal.ended(process) in (0, -9), said.read_text()
        return process.exitcode == -9


def check(home: Path, cleared: Cleared, opened: Opened) -> None:
    """That every line was decided once, and just as in the run that nobody interrupted."""
    lane = opened(home)
    with lane.database.read() as tx:
        report = lane.ledger.verify(tx)
        assert report.ok, report
        counted = Counter((s.entry.kind, s.entry.subject) for s in lane.ledger.entries(tx))
        declarations = tx.execute(
            sa.text(
                "SELECT count(*), count(DISTINCT declarant || '/' || reference), "
                "min(status), max(status) FROM declaration"
            )
        ).one()
        batches = tx.execute(sa.text("SELECT status, accepted, rejected FROM batch")).all()
    assert set(counted.values()) == {1}
    kinds = Counter(kind for kind, _ in counted)
    rows = cleared.administration.rows
    assert kinds["duty.assessed"] == kinds["risk.scored"] == kinds["lane.routed"] == rows
    assert kinds["declaration.received"] == declarations[0] == declarations[1]
    assert declarations[2] == declarations[3] == "selected"
    assert batches == [("closed", rows, 0)]
    for name in ("decisions.csv", "rejected.csv"):
        assert (home / name).read_bytes() == (cleared.home / name).read_bytes()
    assert list(home.glob("*.part")) == []


@pytest.mark.slow
def test_many_kills_at_random_moments_lose_and_double_nothing(
    cleared: Cleared, opened: Opened, tmp_path: Path
) -> None:
    chance = random.Random(20261121)
    hit = homes = 0
    while hit < KILLS or homes < HOMES:
        homes += 1
        home, here = copy_models(cleared.home, tmp_path / f"home-{homes}"), 0
        while here < KILLS // HOMES:
            # Now and then late, so that some die while the files are written out.
            pause = chance.choice((0.02, 0.05, 0.05, 0.1, 1.0)) * chance.random()
            if not live(cleared, home, chance.randrange(9), pause):
                break
            here += 1
        hit += here
        code, _ = mortal.finish(arguments(cleared, home), home.with_suffix(".said"), chunk=CHUNK)
        assert code == 0, home.with_suffix(".said").read_text()
        check(home, cleared, opened)


@pytest.mark.slow
def test_kills_while_the_classifier_is_asked_change_no_value(
    asking: Cleared, opened: Opened, tmp_path: Path
) -> None:
    home, setting = copy_models(asking.home, tmp_path / "home"), {"text_against_code": "1"}
    hit = sum(live(asking, home, events, 0.05, **setting) for events in (3, 5, 8))
    assert hit == 3
    code, _ = mortal.finish(arguments(asking, home), tmp_path / "said", chunk=CHUNK, **setting)
    assert code == 0, (tmp_path / "said").read_text()
    check(home, asking, opened)
    assert told(home, opened) == told(asking.home, opened)
    assert len(list((home / "models" / "targeting").glob("*/manifest.json"))) == 1


def told(home: Path, opened: Opened) -> list[tuple[str, str | None, str]]:
    """What was kept of every line beside its score."""
    lane = opened(home)
    with lane.database.read() as tx:
        kept = [s.entry for s in lane.ledger.entries(tx) if s.entry.kind == "risk.scored"]
    found = [(one.subject, one.body["text_mismatch"], one.body["text_code"]) for one in kept]
    return sorted(found, key=lambda line: line[0])


@pytest.mark.slow
def test_kills_while_the_model_is_trained_leave_no_half_model(
    cleared: Cleared, opened: Opened, tmp_path: Path
) -> None:
    home, chance = tmp_path / "home", random.Random(1)
    hit = sum(live(cleared, home, events, chance.random() / 5) for events in (1, 3, 4, 5, 6))
    assert hit == 5
    code, _ = mortal.finish(arguments(cleared, home), tmp_path / "said", chunk=CHUNK)
    assert code == 0, (tmp_path / "said").read_text()
    check(home, cleared, opened)
    assert len(list((home / "models" / "targeting").glob("*/manifest.json"))) == 1


@pytest.mark.slow
def test_kills_while_a_second_process_judges_leave_it_no_orphan(
    cleared: Cleared, opened: Opened, tmp_path: Path
) -> None:
    home = copy_models(cleared.home, tmp_path / "home")
    hit = sum(live(cleared, home, events, 0.02, cores=2) for events in (2, 4))
    assert hit == 2
    code, _ = mortal.finish(arguments(cleared, home), tmp_path / "said", chunk=CHUNK, cores=2)
    assert code == 0, (tmp_path / "said").read_text()
    check(home, cleared, opened)
    deadline = time.monotonic() + 10
    while judging() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert judging() == []


def judging() -> list[str]:
    """Working processes of Tradelane's that have lost the process that started them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
            parent = (path.parent / "status").read_text().split("PPid:")[1].split()[0]
            of_python = b"python" in Path(f"/proc/{parent}/cmdline").read_bytes()
        except (OSError, IndexError):
            continue
        if b"-m" in words and any(word.startswith(b"tradelane.cli.") for word in words):
            found += [] if of_python else [str(words)]
    return found
