"""Low-value relief of all shipped territories on a day, as rows of plain text."""

from __future__ import annotations

import datetime as dt

from tradelane.duties.model import ReliefRule
from tradelane.duties.parameters import read_territory
from tradelane.kit import packs
from tradelane.kit.dated import holds

_STATUS = {
    "none": "no relief",
    "not_found": "no threshold found",
    "conflict": "sources conflict",
    "unverified": "not verified",
}


def territories() -> list[str]:
    """The names of the shipped packs that describe a territory."""
    return [n for n in packs.shipped() if packs.load(n).about.get("kind") == "territory"]


def relief_rows(on: dt.date, economy: str | None = None) -> list[dict[str, str]]:
    """One row a rule that holds on the day, or one that says that nothing is recorded.

    Columns: economy, name, pack, charge, rule, code, valid_from, valid_to, note, confidence,
    source, checked_on.
    """
    rows = []
    for name in territories():
        territory = read_territory(packs.load(name))
        if economy and territory.economy != economy.upper():
            continue
        about = {"economy": territory.economy, "name": territory.name, "pack": name}
        held = [rule for rule in territory.relief if holds(rule, on)]
        if on < territory.relief_recorded_from or not held:
            rows.append({**about, **_nothing(territory.relief_recorded_from)})
            continue
        rows.extend({**about, **_row(rule)} for rule in held)
    return rows


def rule_text(rule: ReliefRule) -> str:
    """The rule in one line: ``free, consignment <= 150 USD (intrinsic), by post``."""
    condition = rule.condition
    effect = {"free": "free", "vendor": "collected by the seller"}.get(
        rule.effect, f"flat {rule.percent} %"
    )
    parts = [_STATUS.get(rule.status, effect)]
    if condition.above is not None:
        parts.append(f"above {condition.above} {condition.currency}")
    if condition.threshold is not None:
        limit = f"{condition.comparator} {condition.threshold} {condition.currency}"
        parts.append(f"consignment {limit} ({condition.basis})")
    if rule.over == "slice":
        parts.append("only the part above is charged")
    lists = (
        ("by", condition.modes),
        ("shipped from", condition.shipped_from),
        ("not shipped from", condition.not_shipped_from),
        ("origin", condition.origin),
        ("not origin", condition.not_origin),
        ("not HS", condition.excluded_hs),
        ("a person checks HS", condition.check_hs),
        ("if", [f"{name} is {value}" for name, value in condition.facts]),
    )
    parts += [f"{word} {', '.join(sorted(values))}" for word, values in lists if values]
    if rule.frequency is not None:
        parts.append(f"{rule.frequency.cap} times a {rule.frequency.window.replace('_', ' ')}")
    if rule.aggregation == "same_day":
        parts.append("consignments of one day added up")
    return ", ".join(parts)


def _row(rule: ReliefRule) -> dict[str, str]:
    return {
        "charge": rule.charge,
        "rule": rule_text(rule),
        "code": rule.code,
        "valid_from": rule.valid_from.isoformat(),
        "valid_to": "" if rule.valid_to is None else rule.valid_to.isoformat(),
        "note": rule.note,
        "confidence": rule.confidence,
        "source": rule.source,
        "checked_on": "" if rule.checked_on is None else rule.checked_on.isoformat(),
    }


def _nothing(recorded: dt.date) -> dict[str, str]:
    row = dict.fromkeys(
        ("code", "valid_from", "valid_to", "note", "confidence", "source", "checked_on"), ""
    )
    return {"charge": "any", "rule": f"nothing recorded (from {recorded.isoformat()} on)", **row}
