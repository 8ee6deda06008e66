"""Lines held against those of training: by hand, and what chance alone does."""

from __future__ import annotations

import numpy as np
import pytest

from tradelane.kit.errors import InputRefused
from tradelane.targeting.monitoring import drift
from tradelane.targeting.monitoring.drift import AGED, FAR, MOVED, STEADY, compare, of_feature
from tradelane.targeting.monitoring.reference import (
    PROBABILITY,
    Distribution,
    Reference,
    make,
    read,
    reference_of,
)


def _of(values: np.ndarray) -> Reference:
    return read(make(["a"], values.reshape(-1, 1).astype(np.float32), values))


def test_a_reference_comes_back_as_it_was_written():
    random = np.random.default_rng(1)
    x = random.normal(size=(1000, 3)).astype(np.float32)
    x[:100, 1] = np.nan
    x[:, 2] = (x[:, 2] > 0).astype(np.float32)
    data = make(["a", "b", "flag"], x, random.random(1000))
    found = read(data)
    assert read(data) == found
    assert found.lines == 1000
    assert set(found.features) == {"a", "b", "flag", PROBABILITY}
    assert [len(found.features[n].edges) for n in ("a", "b", "flag")] == [9, 9, 1]
    assert max(found.features["a"].counts) - min(found.features["a"].counts) <= 2
    assert found.features["b"].missing == 100
    assert found.features["flag"].zeros == found.features["flag"].counts[0]
    for name, column in (("a", 0), ("b", 1), ("flag", 2)):
        one = found.features[name]
        assert one.count(x[:, column]) == (one.counts, one.missing)


def test_a_model_without_probability_or_with_an_empty_feature_has_a_reference():
    x = np.full((50, 1), np.nan, np.float32)
    found = read(make(["empty"], x, np.full(50, np.nan)))
    assert found.features == {"empty": Distribution((), (0,), 50, 0)}
    now = of_feature("empty", found.features["empty"], np.ones(300))
    assert now.level == FAR
    assert (now.missing_then, now.missing_now) == (1.0, 0.0)


@pytest.mark.parametrize("data", [b"", b"[]", b'{"features": {"a": 1}}', b"\xff"])
def test_what_is_not_a_reference_is_refused(data):
    with pytest.raises(InputRefused) as refused:
        read(data)
    assert refused.value.problems[0].code == "targeting.reference"


def test_a_model_made_before_references_were_kept_has_none():
    class Models:
        def load(self, model: str) -> Models:
            self.files = {"history.arrow": b""}
            return self

    assert reference_of(Models(), "x") is None


def test_the_index_is_the_formula_computed_by_hand():
    then = Distribution((1.0, 2.0), (300, 500, 200), 0, 0)
    values = np.repeat([1.0, 2.0, 3.0], [250, 400, 350])
    found = of_feature("a", then, values)
    p = np.array([300.5, 500.5, 200.5]) / 1001.5
    q = np.array([250.5, 400.5, 350.5]) / 1001.5
    assert found.index == pytest.approx(float(np.sum((q - p) * np.log(q / p))))
    # Two degrees of freedom, the quantile 13.82 of 0.999, times (1/1000 + 1/1000).
    assert found.chance == pytest.approx(13.82 * 0.002, rel=0.03)
    assert found.level == MOVED


def test_chance_alone_exceeds_the_limit_about_once_in_a_thousand_times():
    random = np.random.default_rng(2)
    over = []
    for _ in range(1200):
        reference = _of(random.normal(size=500))
        found = of_feature("a", reference.features["a"], random.normal(size=400))
        over.append(found.index > found.chance)
    assert np.mean(over) <= 0.005


def test_a_few_lines_raise_nothing_and_a_large_change_does():
    random = np.random.default_rng(3)
    reference = _of(random.normal(size=2000))
    few = random.normal(5.0, 1.0, size=drift.FEWEST - 1)
    many = random.normal(5.0, 1.0, size=drift.FEWEST)
    assert compare(reference, {"a": few})[0].level == STEADY
    assert compare(reference, {"a": many})[0].level == FAR


def test_values_that_go_missing_are_a_change():
    reference = _of(np.random.default_rng(4).normal(size=1000))
    values = np.random.default_rng(5).normal(size=1000)
    values[:400] = np.nan
    [found, *_] = compare(reference, {"a": values})
    assert found.level == FAR
    assert (found.missing_then, found.missing_now) == (0.0, 0.4)


def test_what_is_counted_in_the_history_ages_and_does_not_drift():
    reference = read(make(["importer_lines"], np.arange(1000.0).reshape(-1, 1).astype("f4"), NOT))
    columns = {"importer_lines": np.full(1000, 5000.0)}
    assert compare(reference, columns)[0].level == AGED
    columns = {"importer_lines": np.array([0.0, np.nan, 3.0, 4.0])}
    [unknown] = drift.unseen(reference, columns)
    assert (unknown.entity, unknown.then, unknown.now) == ("importer", 0.001, 0.5)


NOT = np.full(1000, np.nan)
