"""A rule says of a line alone what it says of the same line in a table."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targeting_histories import line
from tradelane.kit.errors import InputRefused
from tradelane.targeting.rules.document import dump, parse
from tradelane.targeting.rules.fields import FIELDS, LIST_FIELDS, Kind
from tradelane.targeting.rules.matching import COLUMNS, match_table, matcher, matches
from tradelane.targeting.rules.model import OPS, SEVERAL, Op, RuleSet

TEXTS = ["CN", "US", "I1", "S1", "8471", "84", "İ", "ΣΑΣ", "Used PARTS", "=1+1"]
CODES = ["84", "8471", "847130", "84713000", "610910"]
NUMBERS = ["0", "-1", "0.1", "2.50", "12", "1000", "1000000", "0.30000000000000004"]
DAYS = ["2025-06-14", "2025-06-15", "2025-06-16", "2026-01-01"]
WORDS = {Kind.TEXT: TEXTS, Kind.CODE: CODES, Kind.NUMBER: NUMBERS, Kind.DATE: DAYS}

texts = st.one_of(st.sampled_from(["", *TEXTS]), st.text(max_size=6))
amounts = st.one_of(
    st.none(),
    st.sampled_from([0.0, -0.0, -1.0, 0.1, 0.3, 2.5, 12.0, 1000.0, 1e300, 5e-324]),
    st.sampled_from([float("inf"), float("-inf"), float("nan")]),
    st.floats(0.01, 1e6),
)
days = st.one_of(st.none(), st.sampled_from([dt.date.fromisoformat(day) for day in DAYS]))


@st.composite
def lines(draw: st.DrawFn) -> dict[str, Any]:
    """A line, any of whose values can be anything or missing."""
    row = {**dict.fromkeys(COLUMNS), **{k: v for k, v in line().items() if k in COLUMNS}}
    row["exchange_rate"] = 1.5
    for name in draw(st.lists(st.sampled_from(sorted(COLUMNS)), max_size=8)):
        kind = COLUMNS[name]
        if name == "hs_code":
            row[name] = draw(st.sampled_from(["", "8", *CODES]))
        elif kind == pl.String:
            row[name] = draw(texts)
        elif kind == pl.Date:
            row[name] = draw(days)
        elif kind == pl.Float64:
            row[name] = draw(amounts)
    return row


@st.composite
def comparisons(draw: st.DrawFn) -> dict[str, Any]:
    """One comparison of a field."""
    field = draw(st.sampled_from(sorted(FIELDS)))
    op = draw(st.sampled_from(OPS[FIELDS[field].kind]))
    if op is Op.MATCHES_LIST:
        field = draw(st.sampled_from(sorted(set(LIST_FIELDS.values()))))
        return {"field": field, "op": op, "value": f"list_{field}"}
    if op is Op.IS_MISSING:
        return {"field": field, "op": op}
    words = st.sampled_from(WORDS[FIELDS[field].kind])
    if op is Op.BETWEEN:
        ends = draw(st.tuples(words, words))
        key = str if FIELDS[field].kind is Kind.DATE else float
        return {"field": field, "op": op, "value": sorted(ends, key=key)}
    if op in SEVERAL:
        return {"field": field, "op": op, "value": draw(st.lists(words, min_size=1, max_size=3))}
    return {"field": field, "op": op, "value": draw(words)}


conditions = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=5,
)
some_day = st.sampled_from(["", *DAYS])


@st.composite
def rule_sets(draw: st.DrawFn) -> RuleSet:
    """A few rules and one watchlist of each kind; those that cannot be are thrown away."""
    lists = []
    for column, field in LIST_FIELDS.items():
        values = draw(st.lists(st.sampled_from(WORDS[FIELDS[field].kind]), max_size=3, unique=True))
        entries = [
            {"value": v, "reason": "why", "added": draw(some_day), "expires": draw(some_day)}
            for v in values
        ]
        lists.append({"id": f"list_{field}", "column": column, "entries": entries})
    rules = [
        {
            "id": f"rule_{n}",
            "title": "A rule",
            "why": "Because.",
            "action": draw(st.sampled_from(["inspect", "documents"])),
            "status": draw(st.sampled_from(["live", "shadow", "off"])),
            "valid_from": draw(some_day),
            "when": draw(conditions),
        }
        for n in range(draw(st.integers(0, 3)))
    ]
    try:
        return RuleSet.from_dict({"rules": rules, "watchlists": lists})
    except InputRefused as refused:
        problems = refused.problems
    assert {problem.message for problem in problems} <= {
        "The entry expires before it is added.",
        "Conditions are nested over 6 deep.",
    }
    return RuleSet()


@given(rule_sets(), st.lists(lines(), max_size=6))
@settings(max_examples=150, deadline=None)
def test_a_line_alone_and_in_a_table_get_the_same_hits(ruleset: RuleSet, rows: list[Any]) -> None:
    table = pl.DataFrame(rows, schema=dict(COLUMNS), orient="row")
    match = matcher(ruleset)
    alone = [match(row) for row in rows]
    assert match_table(ruleset, table) == alone
    # The columns of the table are made by expressions alone; match_table asks its hits again.
    masks = matches(ruleset, table)
    for rule_id in masks.columns:
        said = [any(hit.rule == rule_id for hit in hits) for hits in alone]
        assert masks[rule_id].to_list() == said
    undated = matcher(ruleset, dated=False)
    masks = matches(ruleset, table, dated=False)
    for rule_id in masks.columns:
        said = [any(hit.rule == rule_id for hit in undated(row)) for row in rows]
        assert masks[rule_id].to_list() == said


@given(rule_sets())
@settings(max_examples=50, deadline=None)
def test_a_rule_set_is_the_same_after_a_round_through_yaml_and_json(ruleset: RuleSet) -> None:
    assert RuleSet.from_dict(ruleset.to_dict()) == ruleset
    again = parse(dump(ruleset.to_dict()))
    assert again == ruleset
    assert again.digest == ruleset.digest


@given(conditions, lines(), st.sampled_from(sorted(FIELDS)))
@settings(max_examples=100, deadline=None)
def test_what_is_missing_never_matches_not_even_under_not(
    condition: Any, row: dict[str, Any], name: str
) -> None:
    field = FIELDS[name]
    if field.form.of(row) is not None:
        return
    word = WORDS[field.kind][0]
    for op in (Op.EQ, Op.NE):
        test = {"field": name, "op": op, "value": word}
        for when in (test, {"not": test}, {"all": [test, condition]}):
            assert _asked(when, row) in (False, None)
    assert _asked({"field": name, "op": "is_missing"}, row)


def _asked(when: Any, row: dict[str, Any]) -> bool | None:
    lists = [{"id": f"list_{f}", "column": c, "entries": []} for c, f in LIST_FIELDS.items()]
    rule = {"id": "r", "title": "A rule", "why": "Why.", "status": "live", "when": when}
    try:
        ruleset = RuleSet.from_dict({"rules": [rule], "watchlists": lists})
    except InputRefused:
        return None
    return bool(matcher(ruleset)(row))


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_rule_set_or_refused(text: str) -> None:
    with contextlib.suppress(InputRefused):
        parse(text)


@pytest.mark.parametrize("sign", ["[", "{a: "])
def test_a_bottomless_file_is_refused(sign: str) -> None:
    with pytest.raises(InputRefused) as refused:
        parse(sign * 200_000)
    assert refused.value.problems[0].code == "rules.too_deep"
