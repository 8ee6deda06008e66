"""Rules and watchlists: what is refused, what is odd, and what a test against history says."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from targeting_histories import line, table
from tradelane.cli import cli
from tradelane.kit.errors import InputRefused
from tradelane.targeting.rules import reading
from tradelane.targeting.rules.document import MOST_BYTES, parse, parse_bytes
from tradelane.targeting.rules.doubts import doubts
from tradelane.targeting.rules.matching import match_table, matcher
from tradelane.targeting.rules.model import Hit, RuleSet
from tradelane.targeting.rules.testing import against_history

TODAY = dt.date(2026, 1, 1)
CHEAP = {
    "id": "cheap",
    "title": "Cheap laptops",
    "why": "Look at the invoice.",
    "status": "live",
    "when": {
        "all": [
            {"field": "hs4", "op": "eq", "value": "84.71"},
            {"field": "price_per_kg", "op": "lt", "value": "12"},
        ]
    },
}
LISTED = {
    "id": "listed",
    "title": "Listed seller",
    "why": "Seen before.",
    "action": "documents",
    "status": "shadow",
    "when": {"field": "seller", "op": "matches_list", "value": "sellers"},
}
SELLERS = {
    "id": "sellers",
    "column": "seller",
    "entries": [
        {"value": "S1", "reason": "twice wrong", "added": "2025-06-10", "expires": "2025-06-20"}
    ],
}


def rule_set(*rules: Any, lists: Any = (SELLERS,)) -> RuleSet:
    return RuleSet.from_dict({"rules": list(rules), "watchlists": list(lists)})


def problems(data: Any) -> list[tuple[str, str]]:
    with pytest.raises(InputRefused) as refused:
        RuleSet.from_dict(data)
    return [(problem.code, problem.pointer) for problem in refused.value.problems]


def rated(**given: Any) -> dict[str, Any]:
    return {**line(**given), "exchange_rate": 1.0}


# ---------------------------------------------------------------- matching


def test_a_hit_tells_the_officer_why_with_the_lines_own_figures() -> None:
    hits = matcher(rule_set(CHEAP, LISTED))(rated())
    assert hits == (
        Hit(
            "cheap",
            "inspect",
            False,
            "Cheap laptops. Look at the invoice. (hs4 8471; price per kg 10)",
        ),
        Hit(
            "listed",
            "documents",
            True,
            "Listed seller. Seen before. (seller S1; S1 is on sellers: twice wrong)",
        ),
    )


def test_an_entry_counts_only_on_its_days() -> None:
    match = matcher(rule_set(LISTED))
    days = [dt.date(2025, 6, day) for day in (9, 10, 20, 21)]
    assert [bool(match(rated(date=day))) for day in days] == [False, True, True, False]


def test_a_rule_counts_only_on_its_days_and_not_when_it_is_off() -> None:
    within = {**CHEAP, "valid_from": "2025-06-15", "valid_to": "2025-06-15"}
    match = matcher(rule_set(within, {**CHEAP, "id": "other", "status": "off"}))
    days = [dt.date(2025, 6, day) for day in (14, 15, 16)]
    assert [[hit.rule for hit in match(rated(date=day))] for day in days] == [[], ["cheap"], []]


def test_codes_on_a_watchlist_are_found_by_their_beginnings() -> None:
    codes = {
        "id": "codes",
        "column": "hs",
        "entries": [{"value": "84.71", "reason": "r"}, {"value": "6109", "reason": "r"}],
    }
    rule = {**LISTED, "when": {"field": "hs_code", "op": "matches_list", "value": "codes"}}
    match = matcher(rule_set(rule, lists=[codes]))
    found = [bool(match(rated(hs_code=code))) for code in ("847130", "61099000", "8472", "84", "")]
    assert found == [True, True, False, False, False]


def test_without_exchange_rates_a_price_is_missing_and_does_not_match() -> None:
    match = matcher(rule_set(CHEAP))
    assert match({**rated(), "exchange_rate": None}) == ()
    assert match_table(rule_set(CHEAP), table(line())) == [()]


def test_descriptions_are_compared_in_small_letters() -> None:
    when = {"field": "description", "op": "contains", "value": ["USED"]}
    match = matcher(rule_set({**CHEAP, "when": when}))
    assert match(rated(description="Used pumps"))
    assert not match(rated(description="New pumps"))


# ---------------------------------------------------------------- what is refused


def test_every_problem_of_a_file_has_its_line_and_column() -> None:
    text = """\
version: 1
rules:
  - id: Bad id
    title: T
    why: W
    when:
      all:
        - {field: price_per_kilo, op: lt, value: 2}
        - {field: value, op: starts_with, value: 2}
        - {field: value, op: lt, value: two}
        - {field: seller, op: matches_list, value: nobody}
  - id: b
    title: T
    colour: red
"""
    with pytest.raises(InputRefused) as refused:
        parse(text)
    found = [(p.code, p.line, p.column) for p in refused.value.problems]
    assert found == [
        ("rules.value", 3, 9),
        ("rules.field", 8, 19),
        ("rules.op", 9, 30),
        ("rules.value", 10, 41),
        ("rules.list", 11, 52),
        ("rules.missing", 12, 5),
        ("rules.missing", 12, 5),
        ("rules.unknown_key", 14, 13),
    ]
    assert "Did you mean 'price_per_kg'?" in str(refused.value)


@pytest.mark.parametrize(
    ("data", "code", "pointer"),
    [
        ([], "rules.type", ""),
        ({"version": "2"}, "rules.version", "/version"),
        ({"rules": "all"}, "rules.type", "/rules"),
        ({"rules": [CHEAP, CHEAP]}, "rules.duplicate", "/rules/1/id"),
        ({"rules": [CHEAP] * 501}, "rules.too_many", "/rules"),
        ({"rules": [{**CHEAP, "title": "a\u202eb"}]}, "rules.value", "/rules/0/title"),
        ({"rules": [{**CHEAP, "action": "burn"}]}, "rules.value", "/rules/0/action"),
        ({"rules": [{**CHEAP, "valid_from": "soon"}]}, "rules.value", "/rules/0/valid_from"),
        ({"rules": [{**CHEAP, "when": {"all": []}}]}, "rules.type", "/rules/0/when/all"),
        (
            {"rules": [{**CHEAP, "when": {"field": "value", "op": "between", "value": [2, 1]}}]},
            "rules.value",
            "/rules/0/when/value",
        ),
        (
            {"rules": [{**CHEAP, "when": {"field": "value", "op": "lt", "value": "NaN"}}]},
            "rules.value",
            "/rules/0/when/value",
        ),
        ({"watchlists": [{**SELLERS, "column": "office"}]}, "rules.value", "/watchlists/0/column"),
        (
            {"watchlists": [{**SELLERS, "entries": SELLERS["entries"] * 2}]},
            "rules.duplicate",
            "/watchlists/0/entries/1/value",
        ),
        (
            {
                "rules": [{**LISTED, "when": {**LISTED["when"], "field": "importer"}}],
                "watchlists": [SELLERS],
            },
            "rules.list",
            "/rules/0/when/value",
        ),
    ],
)
def test_what_cannot_be_a_rule_set_is_refused_with_its_place(
    data: Any, code: str, pointer: str
) -> None:
    assert problems(data) == [(code, pointer)]


def test_a_rule_that_is_nested_too_deeply_or_too_long_is_refused() -> None:
    deep: Any = CHEAP["when"]
    for _ in range(reading.DEEPEST):
        deep = {"not": deep}
    assert problems({"rules": [{**CHEAP, "when": deep}]})[0][0] == "rules.too_deep"
    test = {"field": "value", "op": "lt", "value": 1}
    wide = {"all": [{"any": [test] * 60}, {"any": [test] * 60}]}
    assert [code for code, _ in problems({"rules": [{**CHEAP, "when": wide}]})] == [
        "rules.too_many"
    ]


def test_a_file_that_is_too_large_or_not_utf8_or_has_an_alias_is_refused() -> None:
    for data, code in (
        (b" " * (MOST_BYTES + 1), "rules.too_large"),
        (b"\xff\xfe", "rules.encoding"),
        (b"a: &a 1\nb: *a", "rules.alias"),
        (b"rules: [\n", "rules.syntax"),
        (b"title: a\ntitle: b", "rules.duplicate"),
    ):
        with pytest.raises(InputRefused) as refused:
            parse_bytes(data)
        assert refused.value.problems[0].code == code


def test_yaml_never_types_a_value() -> None:
    text = """\
rules:
  - {id: a, title: yes, why: 010, when: {field: origin, op: in, value: [no, NO]}}
"""
    [rule] = parse(text).rules
    assert (rule.title, rule.why, rule.when.values) == ("yes", "010", ("no", "NO"))


# ---------------------------------------------------------------- what is odd


def test_what_can_never_match_is_said() -> None:
    def odd(*tests: Any) -> list[str]:
        rule = {**CHEAP, "when": {"all": [{"all": list(tests)}]}}
        return [text for _, text in doubts(rule_set(rule, lists=[]), TODAY)]

    def test(field: str, op: str, value: Any = None) -> dict[str, Any]:
        return {"field": field, "op": op, "value": value}

    below = test("value", "lt", 10)
    assert odd(below, test("value", "gt", 20)) == [
        "It can never match: value cannot be below 10 and above 20."
    ]
    assert odd(below, test("value", "between", [10, 20]))
    assert odd(test("date", "ge", "2026-02-01"), test("date", "lt", "2026-02-01"))
    assert odd(test("origin", "eq", "CN"), test("origin", "in", ["VN", "TH"]))
    assert odd(test("hs2", "eq", "61"), test("hs2", "ne", "61"))
    assert odd(test("preference", "is_missing"), test("preference", "eq", "LSA"))
    assert not odd(below, test("value", "le", 10), test("value", "ge", 1))
    assert not odd(test("value", "le", 10), test("value", "ge", 10))
    assert not odd(test("hs2", "in", ["61", "62"]), test("hs2", "ne", "61"))


def test_what_is_over_or_unused_is_said() -> None:
    over = {**CHEAP, "valid_to": "2025-12-31"}
    found = [tuple(doubt) for doubt in doubts(rule_set(over), TODAY)]
    assert found == [
        ("cheap", "The rule ended on 2025-12-31."),
        ("sellers", "1 of its 1 entries have expired."),
        ("sellers", "No rule looks into this watchlist."),
    ]


# ---------------------------------------------------------------- against history


def history() -> pl.DataFrame:
    """Twelve cheap lines of June and July, six of them inspected, two of these wrong; and one line
    that is not cheap."""
    rows = []
    for n in range(12):
        day = dt.date(2025, 6, 15) + dt.timedelta(days=5 * n)
        known = n % 2 == 0
        rows.append(
            line(
                date=day,
                reference=f"R{n}",
                inspected=known,
                fraud=n in (0, 8) if known else None,
                revenue_recovered=100.0 if n in (0, 8) else None,
                recorded_at=dt.datetime(2025, 9, 1 + n, tzinfo=dt.UTC) if known else None,
            )
        )
    rows.append(line(date=dt.date(2025, 6, 15), customs_value=9000.0, seller="S2"))
    return table(*rows).with_columns(exchange_rate=1.0)


def test_a_test_counts_lines_outcomes_and_revenue_by_hand() -> None:
    tested = against_history(rule_set(CHEAP), history(), today=TODAY)
    [rule] = tested.rules
    found = rule.outcomes
    assert (found.lines, found.known, found.wrong, found.revenue) == (12, 6, 2, 200.0)
    assert found.rate == pytest.approx(1 / 3, abs=1e-6)
    assert found.low < 1 / 3 < found.high
    assert (tested.days, rule.per_day, rule.busiest) == (56, round(12 / 56, 2), 1)
    assert [(m.month, m.outcomes.lines, m.outcomes.wrong) for m in rule.months] == [
        ("2025-06", 4, 1),
        ("2025-07", 6, 1),
        ("2025-08", 2, 0),
    ]
    assert [one.outcome for one in rule.examples] == [
        "in order",
        "wrong",
        "in order",
        "in order",
        "in order",
    ]
    assert rule.warnings == (
        "It matched 12 of 13 lines: it chooses little.",
        "Only 6 of its lines have a known outcome.",
    )


def test_outcomes_that_were_recorded_later_are_not_known_yet() -> None:
    as_of = dt.datetime(2025, 9, 1, 12, tzinfo=dt.UTC)
    [rule] = against_history(rule_set(CHEAP), history(), today=TODAY, as_of=as_of).rules
    assert (rule.outcomes.known, rule.outcomes.wrong, rule.outcomes.revenue) == (1, 1, 100.0)


def test_a_rule_is_tested_on_every_day_and_its_list_is_told_apart() -> None:
    late = {**LISTED, "valid_from": "2027-01-01"}
    [rule] = against_history(rule_set(late), history(), today=TODAY).rules
    assert rule.outcomes.lines == 12
    assert not any("from before" in text for text in rule.warnings)
    entry = {**SELLERS["entries"][0], "added": "2025-07-01", "expires": ""}
    lists = [{**SELLERS, "entries": [entry]}]
    [rule] = against_history(rule_set(late, lists=lists), history(), today=TODAY).rules
    assert any(text.startswith("2 of its 6 known outcomes") for text in rule.warnings)


def test_what_matches_nothing_or_was_never_inspected_is_said() -> None:
    nothing = {**CHEAP, "when": {"field": "origin", "op": "eq", "value": "XX"}}
    [rule] = against_history(rule_set(nothing, lists=[]), history(), today=TODAY).rules
    assert rule.warnings == ("It matched no line of the history.",)
    unseen = {**CHEAP, "when": {"field": "seller", "op": "eq", "value": "S2"}}
    [rule] = against_history(rule_set(unseen, lists=[]), history(), today=TODAY).rules
    assert rule.outcomes.rate is None
    assert "never inspected" in rule.warnings[0] or "ever inspected" in rule.warnings[0]


def test_a_history_without_some_columns_can_be_asked() -> None:
    bare = history().drop("reference", "number", "description", "exchange_rate")
    named = {"field": "description", "op": "contains", "value": ["x"]}
    rule = {**CHEAP, "when": {"any": [named, {"field": "hs2", "op": "eq", "value": "84"}]}}
    [tested] = against_history(rule_set(rule, lists=[]), bare, today=TODAY).rules
    assert tested.outcomes.lines == 13
    assert tested.examples[0].reference == ""


def test_overlaps_and_the_models_own_choice_are_counted() -> None:
    chosen = pl.Series([True] * 3 + [False] * 10)
    tested = against_history(rule_set(CHEAP, LISTED), history(), today=TODAY, selected=chosen)
    cheap, listed = tested.rules
    assert cheap.overlaps == (("listed", 12),)
    assert listed.overlaps == (("cheap", 12),)
    assert (cheap.selected_anyway, tested.any_rule.lines) == (3, 12)


def test_an_empty_history_and_an_empty_rule_set_are_no_errors() -> None:
    empty = history().clear()
    [rule] = against_history(rule_set(CHEAP), empty, today=TODAY).rules
    assert rule.warnings == ("It matched no line of the history.",)
    assert against_history(RuleSet(), history(), today=TODAY).any_rule.lines == 0


# ---------------------------------------------------------------- the commands

RULES = """\
version: 1
rules:
  - id: cheap
    title: Cheap laptops
    why: Look at the invoice.
    status: live
    when: {field: declared_price_per_kg, op: lt, value: 12}
"""
LINES = """\
declaration_id,date,declarant,importer,hs_code,origin,currency,customs_value,net_mass_kg,inspected,\
fraud,revenue_recovered,outcome_recorded_at
R1,2026-03-02,D1,I1,847130,CN,USD,1000,100,1,1,55.5,2026-03-09T10:00:00Z
R2,2026-03-03,D1,I1,847130,CN,USD,9000,100,0,,,
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "history.csv").write_text(LINES)
    return tmp_path


def run(files: Path, *words: str) -> Any:
    found = CliRunner().invoke(cli, ["target", "rules", *words], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.stdout


def test_the_command_tests_a_file_of_rules_against_a_file_of_history(files: Path) -> None:
    words = ("test", f"{files}/rules.yaml", "--history", f"{files}/history.csv")
    text = run(files, *words)
    assert "matches 1 of 2 lines (50.00%)" in text
    assert "1 wrong of 1 known: 100.0%" in text
    found = json.loads(run(files, *words, "--json"))
    assert found["rules"][0]["outcomes"]["revenue"] == 55.5
    early = json.loads(run(files, *words, "--json", "--as-of", "2026-03-08"))
    assert early["rules"][0]["outcomes"]["known"] == 0


def test_the_command_checks_a_file_of_rules(files: Path) -> None:
    assert run(files, "check", f"{files}/rules.yaml").startswith("1 rules, 0 watchlists")
