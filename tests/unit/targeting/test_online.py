"""Single lines are scored without tables: what is refused, and what a rule without a model says."""

from __future__ import annotations

import datetime as dt
import math

import polars as pl
import pytest

from targeting_histories import line, made_up, table
from tradelane.kit.errors import InputRefused
from tradelane.registry.service import Registry
from tradelane.targeting.online import Online
from tradelane.targeting.service import Targeting, Trained, asks_classifier
from tradelane.trade.hscode import show_code


@pytest.fixture(scope="module")
def targeting(tmp_path_factory: pytest.TempPathFactory) -> Targeting:
    return Targeting(Registry(tmp_path_factory.mktemp("models")))


@pytest.fixture(scope="module")
def rule(targeting: Targeting) -> Trained:
    """The price rule: no outcomes, so that nothing had to be learned."""
    return targeting.train_or_fallback(made_up(400, 1, inspected=0.0))


def test_the_price_rule_scores_online_as_in_a_file(targeting: Targeting, rule: Trained) -> None:
    asked = made_up(60, 2)
    rows = Online(rule).score(asked.to_dicts())
    assert rows == targeting.score(rule, asked).to_dicts()
    assert rows[0]["probability"] is None
    assert rows[0]["probability_text"] is None


def test_an_empty_history_still_answers(targeting: Targeting) -> None:
    nothing = targeting.train_or_fallback(table())
    assert Online(nothing).score([line()]) == targeting.score(nothing, table(line())).to_dicts()


def test_the_balance_can_be_given(targeting: Targeting, rule: Trained) -> None:
    asked = made_up(20, 2)
    for balance in (0.0, 1.0):
        expected = targeting.score(rule, asked, balance=balance).to_dicts()
        assert Online(rule).score(asked.to_dicts(), balance=balance) == expected


def test_no_lines_have_no_scores(rule: Trained) -> None:
    assert Online(rule).score([]) == []


def test_a_line_without_an_exchange_rate_needs_no_such_column(rule: Trained) -> None:
    row = line()
    assert "exchange_rate" not in row
    assert Online(rule).score([row]) == Online(rule).score([row | {"exchange_rate": None}])


def test_what_a_classifier_says_of_a_text_counts_alike_and_may_be_absent(
    targeting: Targeting,
) -> None:
    past = made_up(400, 1).with_columns(text_mismatch=pl.Series([0.0, 0.7, None, 0.3] * 100))
    trained = targeting.train_or_fallback(past)
    asked = made_up(60, 2).with_columns(text_mismatch=pl.Series([0.9, None, 0.0] * 20))
    online = Online(trained)
    assert online.score(asked.to_dicts()) == targeting.score(trained, asked).to_dicts()
    bare = asked.drop("text_mismatch")
    assert online.score(bare.to_dicts()) == targeting.score(trained, bare).to_dicts()
    answers = trained.history.features(asked)
    assert answers["text_mismatch"][0] == 0.9
    assert math.isnan(answers["text_mismatch"][1])


def test_a_reason_names_the_code_that_fits_better_where_it_is_told(targeting: Targeting) -> None:
    past = made_up(1500, 1).with_columns(
        text_mismatch=pl.when("fraud").then(0.62).otherwise(pl.int_range(pl.len()) % 3 / 10)
    )
    trained = targeting.train(past)
    assert asks_classifier(trained.manifest)
    asked = made_up(3, 2).with_columns(
        text_mismatch=pl.Series([0.62, 0.62, 0.0]), text_code=pl.Series(["851762", "", ""])
    )
    rows = Online(trained).score(asked.to_dicts())
    assert rows == targeting.score(trained, asked).to_dicts()
    codes = [show_code(code[:6]) for code in asked["hs_code"]]
    assert [(row["reason_1_code"], row["reason_1_text"]) for row in rows[:2]] == [
        (
            "TEXT_CODE_OTHER",
            f"the classifier finds {other} more likely for the description than {mine}, by 62 %",
        )
        for other, mine in zip(("8517.62", "another code"), codes, strict=False)
    ]
    bare = targeting.score(trained, asked.drop("text_code")).to_dicts()
    assert "another code" in bare[0]["reason_1_text"]
    assert [row["score"] for row in bare] == [row["score"] for row in rows]


@pytest.mark.parametrize("values", [[None] * 4, [0.0] * 4], ids=["nobody asked", "all fit"])
def test_a_model_that_learned_nothing_from_the_classifier_does_not_ask_it(
    targeting: Targeting, values: list[float | None]
) -> None:
    past = made_up(400, 1).with_columns(text_mismatch=pl.Series(values * 100, dtype=pl.Float64))
    assert not asks_classifier(targeting.train(past, scorer="linear").manifest)
    rule = targeting.train(past.with_columns(text_mismatch="net_mass_kg"), scorer="price_rule")
    assert not asks_classifier(rule.manifest)


def test_lines_without_a_column_are_refused_by_its_name(rule: Trained) -> None:
    row = line()
    del row["importer"], row["hs_code"]
    with pytest.raises(InputRefused) as refused:
        Online(rule).score([line(), row])
    [problem] = refused.value.problems
    assert problem.code == "targeting.columns"
    assert "hs_code, importer" in problem.message


def test_lines_without_a_date_are_refused(rule: Trained) -> None:
    with pytest.raises(InputRefused, match="1 lines have no date"):
        Online(rule).score([line(), line(date=None)])


def test_a_month_is_prepared_once(rule: Trained) -> None:
    online = Online(rule)
    online.prepare(dt.date(2025, 6, 1))
    before = online._months.copy()
    online.score([line(date=dt.date(2025, 6, 30))])
    assert online._months == before
