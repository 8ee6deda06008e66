"""`tradelane target monitor` on files: what it says of a batch before and after its inspections."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner, Result

from targeting_histories import made_up
from tradelane.kit.errors import InputRefused
from tradelane.kit.progress import Progress
from tradelane.targeting.commands import target

_TRUE = made_up(1200, 2, inspected=1.0).with_columns(pl.col("date").dt.offset_by("1y"))
_OPEN = _TRUE.with_columns(
    inspected=pl.lit(False),
    fraud=pl.lit(None, pl.Boolean),
    revenue_recovered=pl.lit(None, pl.Float64),
    recorded_at=pl.lit(None, pl.Datetime("us", "UTC")),
)


class Platform:
    """Reads the made-up table of the file's name."""

    def __init__(self) -> None:
        self.tables = {
            "history.csv": made_up(1500, 1),
            "before.csv": _OPEN,
            "after.csv": _OPEN,
            "labelled.csv": _TRUE,
            "strange.csv": _OPEN.with_columns(customs_value=pl.lit(1.0, pl.Float64)),
        }

    def read_table(
        self,
        path: Path,
        mapping: str,
        territory: str | None,
        *,
        text_against_code: bool | None,
        progress: Progress,
    ) -> tuple[pl.DataFrame, int]:
        return self.tables[path.name], 0


PLATFORM = Platform()


def run(*words: object) -> Result:
    return CliRunner().invoke(target, [str(word) for word in words], obj=PLATFORM)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained model, a batch, and what selected its lines: one in ten for sure, a fifth of the
    others by chance; both inspected."""
    folder = tmp_path_factory.mktemp("watched")
    for name in PLATFORM.tables:
        (folder / name).write_text("some_column\n1\n")
    made = run("train", folder / "history.csv", "--model", folder / "models")
    assert made.exit_code == 0, made.exception
    random = np.random.default_rng(3)
    kinds = [
        ("model", "1.0") if n % 10 == 0 else ("random" if random.random() < 0.2 else "none", "0.2")
        for n in range(_TRUE.height)
    ]
    with (folder / "chosen.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["declaration_id", "line", "selected_by", "propensity"])
        for row, (by, chance) in zip(_TRUE.iter_rows(named=True), kinds, strict=True):
            writer.writerow([row["reference"], row["number"], by, chance])
    seen = pl.Series([by != "none" for by, _ in kinds])
    hidden = ("fraud", "revenue_recovered", "recorded_at")
    PLATFORM.tables["after.csv"] = _TRUE.with_columns(
        seen.alias("inspected"), *(pl.when(seen).then(pl.col(name)).alias(name) for name in hidden)
    )
    return folder


def told(folder: Path, batch: str, *words: object) -> dict[str, Any]:
    got = run("monitor", folder / batch, "--model", folder / "models", "--json", *words)
    assert got.exit_code == 0, got.exception
    found: dict[str, Any] = json.loads(got.stdout)
    return found


def rows(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = found["figures"][name]["rows"]
    return made


def test_a_batch_without_outcomes_is_held_against_the_training_alone(folder):
    found = told(folder, "before.csv")
    assert found["lines"] == _TRUE.height
    assert all(row["index"] >= 0 for row in rows(found, "drift"))
    assert "price_kg" in {row["feature"] for row in rows(found, "drift")}
    assert rows(found, "revenue") == rows(found, "calibration") == []
    assert [row["rate"] for row in rows(found, "population")] == [None] * 3
    assert "VALUES_MISSING" not in {row["code"] for row in rows(found, "alarms")}


def test_changed_prices_are_noticed(folder):
    far = {row["feature"]: row["level"] for row in rows(told(folder, "strange.csv"), "drift")}
    calm = {row["feature"]: row["level"] for row in rows(told(folder, "before.csv"), "drift")}
    assert far["log_value"] == "far"
    assert calm["log_value"] == "steady"


def test_with_propensities_the_share_of_all_wrong_lines_is_estimated(folder):
    found = told(folder, "after.csv", "--selection", folder / "chosen.csv")
    whole, fair, missed = rows(found, "population")
    truth = _TRUE["fraud"].mean()
    assert whole["low"] <= truth <= whole["high"]
    assert fair["low"] <= truth <= fair["high"]
    assert missed["low"] <= truth <= missed["high"]  # lines were chosen without looking
    kinds = {row["selected_by"]: row for row in rows(found, "hit_rates")}
    assert kinds["model"]["selected"] == 120
    assert kinds["all"]["known"] == whole["inspected"]
    assert len(rows(found, "calibration")) == 10
    assert sum(row["lines"] for row in rows(found, "revenue")) > 100
    assert {row["trait"] for row in rows(found, "inspected")} >= {"office", "origin"}


def test_without_propensities_inspected_lines_speak_only_for_themselves(folder):
    found = told(folder, "labelled.csv")
    assert [row["rate"] for row in rows(found, "population")] == [None] * 3
    [row] = [row for row in rows(found, "hit_rates") if row["selected_by"] == "all"]
    assert row["known"] == _TRUE.height
    assert row["rate"] == pytest.approx(_TRUE["fraud"].mean(), abs=1e-4)


def test_days_narrow_what_is_watched_and_none_is_refused(folder):
    first, last = _TRUE["date"].min(), _TRUE["date"].max()
    half = told(folder, "before.csv", "--until", "2026-06-30")
    assert half["lines"] == _TRUE.filter(pl.col("date") <= pl.date(2026, 6, 30)).height
    assert (half["from"], half["to"]) == (str(first), "2026-06-30")
    assert told(folder, "before.csv", "--since", first, "--until", last)["lines"] == _TRUE.height
    got = run(
        "monitor", folder / "before.csv", "--model", folder / "models", "--since", "2030-01-01"
    )
    assert isinstance(got.exception, InputRefused)
    assert got.exception.problems[0].code == "targeting.nothing_to_watch"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("declaration_id,selected_by\nR1,model\n", "targeting.selection_columns"),
        ("", "targeting.selection_columns"),
        ("declaration_id,selected_by,propensity\nR1,model,5\n", "targeting.propensity"),
        ("declaration_id,selected_by,propensity\nQ1,model,1\n", "targeting.selection_unmatched"),
    ],
)
def test_a_file_that_does_not_say_what_selected_these_lines_is_refused(folder, text, code):
    (folder / "wrong.csv").write_text(text)
    got = run(
        *("monitor", folder / "before.csv", "--model", folder / "models"),
        *("--selection", folder / "wrong.csv"),
    )
    assert isinstance(got.exception, InputRefused)
    assert got.exception.problems[0].code == code


def test_the_text_says_the_state_first_and_what_to_do(folder):
    got = run("monitor", folder / "after.csv", "--model", folder / "models")
    assert got.exit_code == 0, got.exception
    lines = got.stdout.splitlines()
    assert lines[0].startswith(f"{_TRUE.height} lines from ")
    assert lines[1].endswith(".")
    assert "Hit rate by what selected" in got.stdout
