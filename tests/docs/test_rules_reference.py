"""The reference of rules says what the code does."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from tradelane.kit import packs
from tradelane.targeting.rules import document, reading
from tradelane.targeting.rules.document import parse, read_file
from tradelane.targeting.rules.doubts import doubts
from tradelane.targeting.rules.fields import FIELDS, LIST_FIELDS
from tradelane.targeting.rules.matching import COLUMNS, matcher
from tradelane.targeting.rules.model import OP_WORDS, OPS, Op

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "reference" / "rules.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    return TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def rows(heading: str) -> list[list[str]]:
    found = re.findall(r"^\| (`.+) \|$", section(heading), flags=re.MULTILINE)
    return [row.split(" | ") for row in found]


def test_every_field_is_documented_with_its_unit_in_the_order_of_the_code() -> None:
    said = [[f"`{f.name}`", str(f.kind), f.unit or "–", f.what] for f in FIELDS.values()]
    assert rows("Fields") == said
    assert set(COLUMNS) - {"subject"} <= set(FIELDS)


def test_every_comparison_is_documented_with_its_kinds() -> None:
    found = {row[0].strip("`"): row[1:3] for row in rows("A condition")}
    assert list(found) == [str(op) for op in Op]
    for op in Op:
        kinds = ", ".join(str(kind) for kind, ops in OPS.items() if op in ops)
        assert found[op] == [OP_WORDS[op], kinds]


def test_every_kind_of_watchlist_is_documented() -> None:
    found = {row[0].strip("`"): row[1].strip("`") for row in rows("A watchlist")}
    assert found == LIST_FIELDS


def test_the_limits_are_those_of_the_code() -> None:
    text = section("Limits")
    for number, what in (
        (reading.MOST_RULES, "rules"),
        (reading.MOST_LISTS, "watchlists"),
        (reading.MOST_ENTRIES, "entries"),
        (reading.MOST_TESTS, "conditions"),
        (reading.MOST_VALUES, "values"),
        (reading.DEEPEST, "groups"),
        (document.MOST_BYTES // 1024**2, "MiB"),
    ):
        assert f"{number} {what}" in text


def test_the_examples_of_the_documentation_can_be_read_and_are_not_odd() -> None:
    pages = (DOCS / "reference" / "rules.md", DOCS / "how-to" / "write-a-rule.md")
    found = [
        text
        for page in pages
        for text in re.findall(r"```yaml\n(.+?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    ]
    assert len(found) == 2
    for text in found:
        rules = parse(text)
        assert matcher(rules)({}) == ()
        assert doubts(rules, dt.date(2026, 11, 1)) == []


def test_the_demonstrations_rules_can_be_read_and_are_not_odd() -> None:
    rules = read_file(packs.load("demo").root / "rules.yaml")
    assert {str(rule.status) for rule in rules.rules} == {"live", "shadow"}
    assert doubts(rules, dt.date(2026, 11, 1)) == []
