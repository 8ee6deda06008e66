"""Every alarm is raised by what it is for, with figures and what to do, and by nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tradelane.targeting.monitoring.alarms import alarms, in_a_sentence
from tradelane.targeting.monitoring.figures import tables
from tradelane.targeting.monitoring.groups import (
    BORNE_OUT,
    NOT_BORNE_OUT,
    OPEN,
    SMALL,
    UNDER,
    groups,
)
from tradelane.targeting.monitoring.model import Chosen
from tradelane.targeting.monitoring.reference import make, read
from tradelane.targeting.monitoring.report import Gathered, Report, report
from tradelane.targeting.monitoring.text import as_text

START = dt.date(2026, 6, 1)
NAMES = ("log_value", "price_kg", "importer_lines", *(f"f{n}" for n in range(6)))
LINES = 2000


def _columns(seed: int) -> dict[str, np.ndarray[Any, Any]]:
    random = np.random.default_rng(seed)
    found = {name: random.normal(size=LINES) for name in NAMES}
    found["importer_lines"] = random.integers(0, 20, LINES).astype(float)
    found["probability"] = random.random(LINES) ** 3
    return found


THEN = _columns(1)
REFERENCE = read(make(NAMES, np.array([THEN[n] for n in NAMES], np.float32).T, THEN["probability"]))


def chosen(
    lines: int = 600,
    *,
    rate: float = 0.25,
    by: str = "model",
    propensity: float = 1.0,
    **more: Any,
) -> list[Chosen]:
    """Lines of which a share is wrong as was promised, and recovered what was expected."""
    one = {
        "day": START,
        "selected_by": by,
        "propensity": propensity,
        "probability": rate,
        "expected": 100.0 * rate,
        "days_waited": 5,
        "traits": {"office": "O1"},
    } | more
    wrong = round(lines * rate)
    return [
        Chosen(**({"wrong": n < wrong, "revenue": 100.0 if n < wrong else None} | one))
        for n in range(lines)
    ]


GOOD = [*chosen(), *chosen(1000, rate=0.05, by="random", propensity=0.02)]


def told(
    lines: Sequence[Chosen] = GOOD,
    columns: dict[str, Any] | None = None,
    **given: Any,
) -> Report:
    gathered = Gathered(
        start=START,
        end=START + dt.timedelta(days=20),
        as_of=START + dt.timedelta(days=60),
        reference=REFERENCE,
        columns=columns or _columns(2),
        days=np.full(LINES, (START - dt.date(1970, 1, 1)).days),
        everybody=[({"office": "O1"}, n % 20 == 0) for n in range(LINES)],
        chosen=lines,
        trained_on=START,
    )
    return report(replace(gathered, **given))


def codes(found: Report) -> list[str]:
    return [alarm.code for alarm in alarms(found)]


def test_a_model_that_does_as_it_did_raises_no_alarm():
    found = told()
    assert codes(found) == []
    assert in_a_sentence([], found).startswith("All is as it was")


def _off(**changed: Any) -> dict[str, Any]:
    return _columns(2) | changed


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"reference": None}, "NO_REFERENCE"),
        ({"days": np.zeros(9), "columns": {n: c[:9] for n, c in THEN.items()}}, "FEW_LINES"),
        ({"columns": _off(price_kg=np.full(LINES, np.nan))}, "VALUES_MISSING"),
        ({"columns": _off(price_kg=_columns(2)["price_kg"] + 2)}, "FEATURES_MOVED"),
        ({"columns": _off(importer_lines=np.zeros(LINES))}, "MANY_UNSEEN"),
        ({"columns": _off(probability=_columns(2)["probability"] * 0.2)}, "SCORES_MOVED"),
        ({"lines": [*GOOD, *chosen(900, wrong=None, days_waited=55)]}, "OUTCOMES_MISSING"),
        ({"lines": [replace(line, days_waited=40) for line in GOOD]}, "OUTCOMES_SLOW"),
        ({"lines": [*chosen(), *GOOD[-20:]]}, "RANDOM_TOO_FEW"),
        (
            {"lines": [*chosen(rate=0.02), *chosen(900, rate=0.2, by="random", propensity=0.02)]},
            "NO_LIFT",
        ),
        ({"lines": [replace(line, probability=0.6) for line in GOOD]}, "PROBABILITY_OFF"),
        ({"lines": [replace(line, expected=90.0) for line in GOOD]}, "REVENUE_OFF"),
        ({"trained_on": START - dt.timedelta(days=400)}, "MODEL_OLD"),
    ],
)
def test_each_alarm_has_its_cause_its_figures_and_what_to_do(given, code):
    found = told(**given)
    mine = {alarm.code: alarm for alarm in alarms(found)}
    assert code in mine
    assert any(character.isdigit() for character in mine[code].sentence) or code == "NO_REFERENCE"
    assert mine[code].to_do.endswith(".")
    assert len(mine) <= 3  # one cause does not set everything off


def test_outcomes_that_are_missing_name_the_office_they_are_missing_from():
    late = chosen(900, wrong=None, days_waited=55, traits={"office": "O2"})
    [alarm] = [one for one in alarms(told([*GOOD, *late])) if one.code == "OUTCOMES_MISSING"]
    assert "O2" in alarm.sentence
    assert "O2" in alarm.to_do


def test_nothing_at_all_is_said_to_be_nothing():
    empty = told([], days=np.zeros(0, np.int64), columns={}, everybody=[])
    assert in_a_sentence(alarms(empty), empty).startswith("Nothing to watch")
    assert [table.name for table in tables(empty)][:2] == ["alarms", "population"]
    assert "nothing to count" in "\n".join(as_text(empty))


def test_alarms_to_act_on_come_first_and_are_counted():
    found = told(
        [replace(line, probability=0.6) for line in GOOD],
        trained_on=START - dt.timedelta(days=400),
    )
    assert codes(found) == ["PROBABILITY_OFF", "MODEL_OLD"]
    assert in_a_sentence(alarms(found), found) == "1 of 2 alarms need something to be done."


# ---------------------------------------------------------------- who is inspected more


def _groups(hits: dict[str, float]) -> dict[str, str]:
    """Three offices: one in ten lines of O1 and O3 is selected, four in ten of O2."""
    everybody = [
        ({"office": f"O{1 + n % 3}"}, n % 10 < (4 if n % 3 == 1 else 1)) for n in range(3000)
    ]
    lines = [
        line
        for office, rate in hits.items()
        for line in chosen(200, rate=rate, traits={"office": office})
    ]
    return {one.name: one.verdict for one in groups(everybody, lines) if one.trait == "office"}


def test_more_inspections_are_borne_out_where_as_much_is_found():
    assert _groups({"O1": 0.2, "O2": 0.3, "O3": 0.2})["O2"] == BORNE_OUT
    assert _groups({"O1": 0.4, "O2": 0.1, "O3": 0.4}) == {
        "O1": UNDER,
        "O2": NOT_BORNE_OUT,
        "O3": UNDER,
    }
    assert _groups({"O1": 0.4})["O2"] == OPEN


def test_small_groups_are_told_as_one_and_rest_on_enough_outcomes():
    everybody = [({"origin": f"X{n % 40}"}, False) for n in range(400)]
    everybody += [({"origin": "CN"}, False) for _ in range(100)]
    few = chosen(9, traits={"origin": "CN"})
    found = [one for one in groups(everybody, few) if one.trait == "origin"]
    assert [(one.name, one.lines) for one in found] == [("CN", 100), (SMALL, 400)]
    assert found[0].hits is None
