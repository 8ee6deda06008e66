"""Whoever trains says what learns, and a model of any scorer is used alike."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from targeting_histories import made_up
from tradelane.registry.service import Registry
from tradelane.targeting.commands import target
from tradelane.targeting.online import Online
from tradelane.targeting.scorers import SCORERS
from tradelane.targeting.service import Targeting

HISTORY = made_up(900, 3)
LINES = made_up(40, 4).with_columns(pl.col("date").dt.offset_by("1y"))


@pytest.mark.parametrize("scorer", sorted(SCORERS))
def test_a_model_of_any_scorer_says_so_and_scores_a_line_alone_as_in_a_file(
    tmp_path: Path, scorer: str
) -> None:
    targeting = Targeting(Registry(tmp_path))
    trained = targeting.train(HISTORY, scorer=scorer)
    assert trained.manifest["parameters"]["scorer"] == scorer
    assert trained.engine == ("rule" if scorer == "price_rule" else "model")
    loaded = targeting.load(trained.ref)
    rows = targeting.score(loaded, LINES).to_dicts()
    online = Online(loaded)
    assert [online.score([line])[0] for line in LINES.to_dicts()] == rows
    assert any(row["reason_1_code"] != "NONE" for row in rows)


def test_the_price_rule_that_was_asked_for_is_marked_as_such(tmp_path: Path) -> None:
    trained = Targeting(Registry(tmp_path)).train(HISTORY, scorer="price_rule")
    assert trained.note.startswith("As was asked for, no model was trained.")


def test_a_scorer_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    file.touch()
    words = ["train", str(file), "--model", str(tmp_path / "models"), "--scorer", "oracle"]
    result = CliRunner().invoke(target, words)
    assert result.exit_code == 2
    assert "'boosted', 'linear', 'network', 'price_rule'" in result.output
