"""A day in parts: split, scored each for itself, written with a summary."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from targeting_histories import made_up
from tradelane.kit import canonical
from tradelane.kit.errors import InputRefused
from tradelane.registry.service import Registry
from tradelane.targeting import cluster, day, ranked
from tradelane.targeting.commands import target
from tradelane.targeting.service import Targeting

HISTORY = made_up(900, 1)
LINES = made_up(500, 2).with_columns(pl.col("date").dt.offset_by("1y"))


RULES = """
rules:
  - id: the_seller
    title: Lines of one seller
    why: Count the pieces.
    action: inspect
    status: live
    when:
      all:
        - {field: seller, op: eq, value: S7}
"""


class Fired:
    """What that rule says of a line."""

    rule, action, shadow = "the_seller", "inspect", False


class Platform:
    """Reads a file of two words: which of the made-up lines it has."""

    def read_table(self, path: Path, *rest: object, **more: object) -> tuple[pl.DataFrame, int]:
        if path.name == "history.csv":
            return HISTORY.head(700), 0
        start, end = map(int, path.read_text().split())
        return LINES[start:end], 1


def read(path: Path) -> tuple[pl.DataFrame, int]:
    return Platform().read_table(path)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> day.Job:
    models = tmp_path_factory.mktemp("models")
    trained = Targeting(Registry(models)).train(HISTORY, scorer="linear")
    return day.Job(models, trained.ref.digest, read)


@pytest.fixture
def whole(job: day.Job) -> pl.DataFrame:
    targeting = Targeting(Registry(job.models))
    return targeting.score(targeting.load(job.digest), LINES)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """The lines in two files: one Parquet, one of an administration."""
    first, second = tmp_path / "day-1.parquet", tmp_path / "day-2.csv"
    LINES[:300].write_parquet(first)
    second.write_text("300 500")
    return [first, second]


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(InputRefused) as found:
        act()
    return found.value.problems[0].code


def test_a_day_in_parts_has_the_answers_of_a_day_at_once(
    job: day.Job, files: list[Path], whole: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day, "ROWS", 128)
    parts = day.parts_of(files)
    assert [p.rows for p in parts] == [128, 128, 44, None]
    scored = list(day.score_here(job, parts))
    assert pl.concat([s.answers for s in scored]).equals(whole, null_equal=True)
    assert [s.unusable for s in scored] == [0, 0, 0, 1]


def test_an_empty_file_is_a_part_without_lines(job: day.Job, tmp_path: Path) -> None:
    LINES.clear().write_parquet(tmp_path / "none.parquet")
    [part] = day.parts_of([tmp_path / "none.parquet"])
    assert day.score_part(job, part).answers.is_empty()


def test_what_is_written_says_by_which_model_and_from_which_file(
    job: day.Job, files: list[Path], whole: pl.DataFrame, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    summary = day.write(out, job, day.score_here(job, day.parts_of(files)))
    assert canonical.decode((out / day.SUMMARY).read_bytes()) == summary
    assert (summary["model"], summary["lines"], summary["unusable"]) == (job.digest, 500, 1)
    assert [p["source"] for p in summary["parts"]] == ["day-1.parquet", "day-2.csv"]
    for part in summary["parts"]:
        assert part["digest"] == canonical.digest((out / part["file"]).read_bytes())
    assert pl.read_parquet(out / "part-*.parquet").equals(whole, null_equal=True)
    assert refused(lambda: day.write(out, job, [])) == "targeting.folder_in_use"


def test_a_file_that_only_has_the_name_of_parquet_is_refused(job: day.Job, tmp_path: Path) -> None:
    path = tmp_path / "day.parquet"
    path.write_text("declaration_id,line\n")
    assert refused(lambda: day.parts_of([path])) == "targeting.unreadable_part"
    part = day.Part(path, 0, 10)
    assert refused(lambda: day.score_part(job, part)) == "targeting.unreadable_part"


def test_lines_without_what_their_model_learned_from_are_refused(tmp_path: Path) -> None:
    told = HISTORY.with_columns(text_mismatch=pl.int_range(pl.len()) % 7 / 10)
    models = tmp_path / "models"
    trained = Targeting(Registry(models)).train(told, scorer="linear")
    job = day.Job(models, trained.ref.digest, read)
    path = tmp_path / "lines.parquet"
    LINES.write_parquet(path)
    with pytest.raises(InputRefused, match="no column text_mismatch"):
        list(day.score_here(job, day.parts_of([path])))
    LINES.with_columns(text_mismatch=pl.lit(0.3)).write_parquet(path)
    [scored] = day.score_here(job, day.parts_of([path]))
    assert scored.answers.height == LINES.height


def test_a_worker_of_another_version_does_not_score(job: day.Job, files: list[Path]) -> None:
    other = replace(job, code="sha256:0")
    assert refused(lambda: day.score_part(other, day.Part(files[0]))) == "targeting.other_code"


def test_without_dask_the_message_says_what_to_install(
    job: day.Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert refused(lambda: list(cluster.score_on(None, job, []))) == "targeting.no_dask"


def test_the_command_scores_in_its_own_process_and_against_a_longer_history(
    job: day.Job, files: list[Path], tmp_path: Path
) -> None:
    history = tmp_path / "history.csv"
    history.touch()
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    out = tmp_path / "out"
    words = ["score-day", *files, "--model", job.models, "--workers", "0", "--out", out]
    words += ["--history", history, "--balance", "0.5", "--rules", rules, "--budget", "0.1"]
    result = CliRunner().invoke(target, [str(w) for w in words], obj=Platform())
    assert result.exit_code == 0, result.exception
    assert "500 lines scored" in result.output
    assert "1 rows could not be used." in result.output
    targeting = Targeting(Registry(job.models))
    asked = targeting.with_history(targeting.load(job.digest), HISTORY.head(700))
    expected = targeting.score(asked, LINES, balance=0.5)
    scored = pl.read_parquet(out / "part-*.parquet")
    assert scored.drop("rules", "forced").equals(expected, null_equal=True)
    summary = canonical.decode((out / day.SUMMARY).read_bytes())
    assert summary["balance"] == "0.5"
    assert summary["history"].startswith("sha256:")

    by_rule = (LINES["seller"] == "S7").to_list()
    assert scored["forced"].to_list() == by_rule
    hits = [(Fired(),) if forced else () for forced in by_rule]
    seed = bytes.fromhex(summary["selection"]["seed"])
    chosen = ranked.select(expected, hits, 0.1, 0.1, seed, "model")
    assert summary["selection"] == chosen.to_dict()
    lanes = pl.read_parquet(out / "lane-*.parquet")
    assert lanes["subject"].equals(LINES["subject"])
    assert (lanes["lane"] == "red").sum() == chosen.inspected == 50
    assert set(lanes.filter(pl.Series(by_rule))["selected_by"]) <= {"rule", "random"}
