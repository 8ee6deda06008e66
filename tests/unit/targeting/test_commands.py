"""Train, rank and evaluate from the command line, over a platform that reads made-up tables."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from targeting_histories import made_up
from tradelane.kit.errors import InputRefused
from tradelane.kit.progress import Progress
from tradelane.targeting.commands import target
from tradelane.targeting.ranked import HEADER

_NEW = made_up(400, 2, inspected=1.0)
TABLES = {
    "history.csv": made_up(1500, 1),
    "batch.csv": _NEW.with_columns(date=_NEW["date"].dt.offset_by("1y")),
}

RULES = """
version: 1
rules:
  - id: small
    title: Small consignments of one importer
    why: They came up in an audit.
    action: inspect
    status: live
    when: {field: importer, op: eq, value: IMPORTER}
  - id: watched
    title: Everything
    why: Only to count.
    action: inspect
    status: shadow
    when: {field: customs_value, op: gt, value: 0}
""".replace("IMPORTER", _NEW["importer"][0])


class Platform:
    """Reads the made-up table of the file's name."""

    def read_table(
        self,
        path: Path,
        mapping: str,
        territory: str | None,
        *,
        text_against_code: bool | None,
        progress: Progress,
    ) -> tuple[pl.DataFrame, int]:
        return TABLES[path.name], 3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in TABLES:
        (tmp_path / name).write_text(name)
    return tmp_path


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(target, [str(w) for w in words], obj=Platform())


def test_train_then_rank_then_evaluate(folder: Path) -> None:
    models, out = f"{folder}/models", folder / "ranked.csv"
    history, batch = f"{folder}/history.csv", f"{folder}/batch.csv"
    trained = run(folder, "train", history, "--model", models)
    assert trained.exit_code == 0, trained.exception
    assert "Model targeting/" in trained.output
    assert "3 rows of history.csv could not be used." in trained.output

    words = ("rank", batch, "--history", history, "--model", models, "--out", str(out))
    ranked = run(folder, *words)
    assert ranked.exit_code == 0, ranked.exception
    assert "20 to inspect, 1 of them by chance" in ranked.output
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(r["rank"]) for r in rows] == list(range(1, 401))
    assert sum(r["lane"] == "red" for r in rows) == 20
    assert {"model", "random", "none"} <= {r["selected_by"] for r in rows}
    assert {r["selected_by"] for r in rows} <= {"model", "random", "novel", "none"}
    scores = [float(r["score"]) for r in rows]
    assert scores == sorted(scores, reverse=True)
    assert all(r["reason_1_code"] and r["propensity"] for r in rows)
    first = out.read_bytes()
    run(folder, *words)
    assert out.read_bytes() == first

    rules = folder / "rules.yaml"
    rules.write_text(RULES)
    ruled = run(folder, *words, "--rules", str(rules), "--balance", "0.5")
    assert ruled.exit_code == 0, ruled.exception
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == HEADER
    wanted = [r for r in rows if r["reason_1_code"] == "RULE:small"]
    assert wanted
    assert all(r["lane"] == "red" and r["propensity"] == "1.000000" for r in wanted)
    assert {r["selected_by"] for r in wanted} <= {"rule", "random"}
    assert "RULE:watched" not in {r["reason_1_code"] for r in rows}

    truth = folder / "truth.csv"
    known = TABLES["batch.csv"].select(
        declaration_id="reference", line="number", fraud=pl.col("fraud").cast(pl.Int8)
    )
    known.write_csv(truth)
    judged = run(folder, "evaluate", batch, "--truth", str(truth), "--model", models)
    assert judged.exit_code == 0, judged.exception
    for words_shown in ("precision at 5 %", "price rule", "calibration error"):
        assert words_shown in judged.output

    truth.write_text("id,wrong\n1,0\n")
    failed = run(folder, "evaluate", batch, "--truth", str(truth), "--model", models)
    assert isinstance(failed.exception, InputRefused)
    assert failed.exception.problems[0].code == "targeting.truth_columns"
    known.with_columns(fraud=pl.lit(0)).write_csv(truth)
    failed = run(folder, "evaluate", batch, "--truth", str(truth), "--model", models)
    assert isinstance(failed.exception, InputRefused)
    assert failed.exception.problems[0].code == "targeting.no_truth"


class Telling(Platform):
    """The same with what a classifier says, where it is asked; notes whether it was."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bool | None]] = []

    def read_table(
        self,
        path: Path,
        mapping: str,
        territory: str | None,
        *,
        text_against_code: bool | None,
        progress: Progress,
    ) -> tuple[pl.DataFrame, int]:
        self.asked.append((path.name, text_against_code))
        table = TABLES[path.name]
        if text_against_code is not False:
            table = table.with_columns(text_mismatch=pl.int_range(pl.len()) % 7 / 10)
        return table, 0


def test_lines_to_rank_are_asked_about_where_their_model_learned_from_it(folder: Path) -> None:
    models, history, batch = f"{folder}/models", f"{folder}/history.csv", f"{folder}/batch.csv"
    telling = Telling()

    def tell(*words: str) -> Result:
        return CliRunner().invoke(target, words, obj=telling)

    tell("train", history, "--model", models, "--scorer", "linear")
    out = f"{folder}/ranked.csv"
    words = (batch, "--history", history, "--model", models)
    for command in (("rank", *words, "--out", out), ("monitor", *words)):
        told = tell(*command)
        assert told.exit_code == 0, told.exception
    # Lines to learn from: as the setting says. Past ones: no. Those to score: as the model does.
    assert telling.asked == [
        ("history.csv", None),
        *[("history.csv", False), ("batch.csv", True)] * 2,
    ]
    assert run(folder, "train", history, "--model", models, "--scorer", "linear").exit_code == 0
    tell("rank", *words, "--out", out)
    assert telling.asked[-1] == ("batch.csv", False)


def test_ranking_without_a_model_says_how_to_make_one(folder: Path) -> None:
    got = run(
        folder, "rank", f"{folder}/batch.csv", "--model", f"{folder}/m", "--out", f"{folder}/o.csv"
    )
    assert isinstance(got.exception, InputRefused)
    assert got.exception.problems[0].code == "targeting.no_model"
