"""A territory's parameters: pack.yaml, taxes.yaml and relief.yaml, read and checked."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tradelane.duties.fields import Fields, PackFile, overlaps
from tradelane.duties.model import Condition, Fee, Frequency, ReliefRule, Tax
from tradelane.duties.tariff import Tariff, read_tariff
from tradelane.kit.packs import Pack
from tradelane.trade.money import Rounding, minor_units

MODES = ("any", "sea", "rail", "road", "air", "post", "courier")
_BASES = ("FOB", "CIF", "intrinsic")
_PARTS = ("value", "freight", "insurance", "duty", "excise")
_PROVENANCE = frozenset(
    (
        "code",
        "title",
        "valid_from",
        "valid_to",
        "valid_from_basis",
        "source",
        "confidence",
        "note",
        "checked_on",
    )
)
_CONDITION = frozenset(
    (
        "threshold",
        "comparator",
        "above",
        "currency",
        "basis",
        "modes",
        "shipped_from",
        "not_shipped_from",
        "origin",
        "not_origin",
        "excluded_hs",
        "check_hs",
        "facts",
        "max_mass_kg",
    )
)
_ABOUT = frozenset(
    (
        "id",
        "kind",
        "version",
        "title",
        "licence",
        "invented",
        "economy",
        "name",
        "apec_member",
        "currency",
        "value_basis",
        "value_basis_source",
        "rounding",
        "exchange_rates",
        "checked_on",
        "origin_groups",
        "schemes",
        "disclaimers",
    )
)


@dataclass(frozen=True, slots=True)
class DefaultDuty:
    """A general rate of duty in percent, for packs without a tariff; 0 with ``levied`` False."""

    percent: Decimal
    levied: bool
    valid_from: dt.date
    valid_to: dt.date | None
    source: str
    confidence: str
    note: str


@dataclass(frozen=True, slots=True)
class Unassessed:
    """A charge that the pack knows of but cannot compute, for goods of the prefixes."""

    code: str
    prefixes: tuple[str, ...]
    note: str
    valid_from: dt.date
    valid_to: dt.date | None
    source: str
    confidence: str


@dataclass(frozen=True)
class Territory:
    """Everything `tradelane.duties` knows of a territory."""

    pack: Pack
    economy: str
    name: str
    currency: str
    value_basis: str
    rounding: Rounding
    step: Decimal
    value_step: Decimal
    max_rate_age_days: int | None
    schemes: dict[str, frozenset[str]]
    taxes: tuple[Tax, ...]
    no_tax: tuple[Unassessed, ...]
    """Periods in which it is recorded that no VAT/GST-like tax is levied."""
    fees: tuple[Fee, ...]
    default_duty: tuple[DefaultDuty, ...]
    unassessed: tuple[Unassessed, ...]
    relief_recorded_from: dt.date
    relief: tuple[ReliefRule, ...]
    tariff: Tariff | None
    disclaimers: tuple[str, ...]


def read_territory(pack: Pack) -> Territory:
    """The territory that the pack describes.

    Errors: InputRefused with ``duties.not_a_territory`` or with every fault of the first file
    that has any (``duties.pack_field``, ``_number``, ``_source``, ``_overlap``, ``_unit``).
    """
    about = PackFile(pack, "pack.yaml")
    top = Fields(about, about.content, "", _ABOUT)
    if top.text("kind") != "territory":
        about.wrong("duties.not_a_territory", "kind is not 'territory'.", "/kind")
    rounding = top.group("rounding", frozenset(("mode", "step", "value_step")))
    currency = top.text("currency", needed=True)
    unit = Decimal(1).scaleb(-minor_units(currency))
    step = (rounding.number("step") if rounding else None) or unit
    value_step = (rounding.number("value_step") if rounding else None) or unit
    mode = rounding.choice("mode", tuple(Rounding), "half_up") if rounding else "half_up"
    rates = top.group("exchange_rates", frozenset(("max_age_days",)))
    max_age = rates.number("max_age_days") if rates else None
    groups = _groups(top)
    schemes = _schemes(top, groups)
    fixed: dict[str, Any] = {
        "pack": pack,
        "economy": top.text("economy", needed=True),
        "name": top.text("name", needed=True),
        "currency": currency,
        "value_basis": top.choice("value_basis", _BASES),
        "rounding": Rounding(mode),
        "step": step,
        "value_step": value_step,
        "max_rate_age_days": None if max_age is None else int(max_age),
        "schemes": schemes,
        "disclaimers": top.texts("disclaimers"),
    }
    top.text("value_basis_source", needed=True)
    about.finish()
    return Territory(
        **fixed,
        **_read_taxes(PackFile(pack, "taxes.yaml")),
        **_read_relief(PackFile(pack, "relief.yaml")),
        tariff=read_tariff(pack, groups, set(schemes)) if pack.has("tariff.csv") else None,
    )


def _groups(top: Fields) -> dict[str, frozenset[str]]:
    found = {}
    for name, data in (top.data.get("origin_groups") or {}).items():
        group = Fields(top.file, data, f"/origin_groups/{name}", frozenset(("title", "members")))
        found[str(name)] = frozenset(group.texts("members"))
    return found


def _schemes(top: Fields, groups: dict[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    found = {}
    for name, data in (top.data.get("schemes") or {}).items():
        scheme = Fields(top.file, data, f"/schemes/{name}", frozenset(("title", "origin_group")))
        group = scheme.text("origin_group", needed=True)
        if group not in groups:
            scheme.wrong("origin_group", f"there is no origin group {group!r}.")
        found[str(name)] = groups.get(group, frozenset())
    return found


def _read_taxes(file: PackFile) -> dict[str, Any]:
    allowed = frozenset(("taxes", "no_tax", "fees", "default_duty", "unassessed"))
    Fields(file, file.content, "", allowed)
    plain = _PROVENANCE | {"prefixes"}
    found = {
        "taxes": tuple(
            _tax(f) for f in file.items("taxes", _PROVENANCE | frozenset(("percent", "base")))
        ),
        "no_tax": tuple(_unassessed(f) for f in file.items("no_tax", plain)),
        "fees": tuple(
            _fee(f)
            for f in file.items(
                "fees",
                _PROVENANCE
                | _CONDITION - {"origin", "not_origin", "excluded_hs", "check_hs"}
                | {"per", "amount", "item_digits", "taxed_by"},
            )
        ),
        "default_duty": tuple(
            _default_duty(f)
            for f in file.items("default_duty", _PROVENANCE | {"percent", "levied"})
        ),
        "unassessed": tuple(_unassessed(f) for f in file.items("unassessed", plain)),
    }
    for key in ("taxes", "fees"):
        _no_overlap(file, key, found[key])
    file.finish()
    return found


def _tax(fields: Fields) -> Tax:
    base = fields.texts("base") or ("value", "duty", "excise")
    for part in base:
        if part not in _PARTS:
            fields.wrong("base", f"base part {part!r} is not known.", f"One of: {_PARTS}.")
    first, last = fields.validity()
    return Tax(
        fields.text("code", needed=True),
        fields.text("title"),
        fields.number("percent", needed=True) or Decimal(0),
        base,
        first,
        last,
        fields.text("source", needed=True),
        fields.text("confidence", needed=True),
    )


def _fee(fields: Fields) -> Fee:
    digits = fields.number("item_digits")
    first, last = fields.validity()
    return Fee(
        fields.text("code", needed=True),
        fields.text("title"),
        fields.choice("per", ("consignment", "kg", "item")),
        fields.number("amount", needed=True) or Decimal(0),
        fields.text("currency", needed=True),
        6 if digits is None else int(digits),
        fields.text("taxed_by"),
        _condition(fields),
        first,
        last,
        fields.text("source", needed=True),
        fields.text("confidence", needed=True),
    )


def _default_duty(fields: Fields) -> DefaultDuty:
    first, last = fields.validity()
    return DefaultDuty(
        fields.number("percent", needed=True) or Decimal(0),
        fields.data.get("levied") is not False,
        first,
        last,
        fields.text("source", needed=True),
        fields.text("confidence", needed=True),
        fields.text("note"),
    )


def _unassessed(fields: Fields) -> Unassessed:
    first, last = fields.validity()
    return Unassessed(
        fields.text("code"),
        fields.texts("prefixes"),
        fields.text("note"),
        first,
        last,
        fields.text("source", needed=True),
        fields.text("confidence", needed=True),
    )


def _read_relief(file: PackFile) -> dict[str, Any]:
    top = Fields(file, file.content, "", frozenset(("recorded_from", "relief")))
    allowed = _PROVENANCE | _CONDITION
    allowed |= {"charge", "status", "effect", "percent", "replaces", "over"}
    allowed |= {"frequency", "aggregation"}
    rules = tuple(_relief_rule(fields) for fields in file.items("relief", allowed))
    _no_overlap(file, "relief", rules)
    recorded = top.day("recorded_from", needed=True)
    file.finish()
    return {"relief_recorded_from": recorded or dt.date.max, "relief": rules}


def _relief_rule(fields: Fields) -> ReliefRule:
    effect = fields.choice("effect", ("free", "flat", "vendor"), "free")
    status = fields.choice(
        "status", ("in_force", "none", "not_found", "conflict", "unverified"), "in_force"
    )
    if status == "in_force" and not fields.data.keys() & {"threshold", "above"}:
        fields.wrong("threshold", "relief that is in force needs a threshold (or above).")
    first, last = fields.validity()
    return ReliefRule(
        code=fields.text("code", needed=True),
        charge=fields.choice("charge", ("duty", "excise", "tax", "fee")),
        status=status,
        effect=effect,
        percent=fields.number("percent", needed=effect == "flat"),
        replaces=fields.texts("replaces"),
        over=fields.choice("over", ("cliff", "slice"), "cliff"),
        condition=_condition(fields),
        frequency=_frequency(fields),
        aggregation=fields.choice("aggregation", ("consignment", "same_day"), "consignment"),
        note=fields.text("note"),
        valid_from=first,
        valid_to=last,
        valid_from_basis=fields.choice(
            "valid_from_basis", ("stated", "background", "not_researched"), "stated"
        ),
        source=fields.text("source", needed=True),
        confidence=fields.text("confidence", needed=True),
        checked_on=fields.day("checked_on"),
    )


def _condition(fields: Fields) -> Condition:
    threshold, above = fields.number("threshold"), fields.number("above")
    valued = threshold is not None or above is not None
    modes = fields.texts("modes")
    for mode in modes:
        if mode not in MODES:
            fields.wrong("modes", f"mode {mode!r} is not known.", f"One of: {', '.join(MODES)}.")
    for key in ("excluded_hs", "check_hs"):
        for prefix in fields.texts(key):
            if not prefix.isdecimal():
                fields.wrong(key, f"{prefix!r} is not digits.")
    return Condition(
        threshold=threshold,
        inclusive=fields.choice("comparator", ("<=", "<"), "<=") == "<=",
        above=above,
        currency=fields.text("currency", needed=valued) if valued else "",
        basis=fields.choice("basis", _BASES, "intrinsic"),
        modes=frozenset() if "any" in modes else frozenset(modes),
        shipped_from=frozenset(fields.texts("shipped_from")),
        not_shipped_from=frozenset(fields.texts("not_shipped_from")),
        origin=frozenset(fields.texts("origin")),
        not_origin=frozenset(fields.texts("not_origin")),
        excluded_hs=fields.texts("excluded_hs"),
        check_hs=fields.texts("check_hs"),
        facts=_facts(fields, "facts"),
        max_mass_kg=fields.number("max_mass_kg"),
    )


def _facts(fields: Fields, key: str) -> tuple[tuple[str, str], ...]:
    data = fields.data.get(key) or {}
    if not isinstance(data, dict) or not all(isinstance(v, str) for v in data.values()):
        fields.wrong(key, f"{key} must be a mapping of names to quoted texts.")
        return ()
    return tuple((str(name), value) for name, value in data.items())


def _frequency(fields: Fields) -> Frequency | None:
    found = fields.group("frequency", frozenset(("cap", "window", "only_if")))
    if found is None:
        return None
    cap = found.number("cap", needed=True) or Decimal(0)
    window = found.choice("window", ("day", "month", "half_year", "year"))
    return Frequency(int(cap), window, _facts(found, "only_if"))


def _no_overlap(file: PackFile, key: str, items: Iterable[Any]) -> None:
    by_code: dict[str, list[tuple[int, Any]]] = defaultdict(list)
    for number, item in enumerate(items):
        by_code[item.code].append((number, item))
    for code, found in by_code.items():
        clash = overlaps([(item.valid_from, item.valid_to) for _, item in found])
        if clash is not None:
            file.wrong(
                "duties.pack_overlap",
                f"{code!r} holds twice on some days.",
                f"/{key}/{found[clash[1]][0]}",
                "Close the earlier one with valid_to the day before.",
            )
