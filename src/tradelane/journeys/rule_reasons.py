"""Why rules sent a line to a person, in words, from the very rules that it was asked then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradelane.journeys.inputs import kept_file, kept_pack
from tradelane.journeys.intake import match_of
from tradelane.journeys.record import Record
from tradelane.journeys.tables import scoring_rows
from tradelane.journeys.workshop import Workshop
from tradelane.kit.errors import InputRefused
from tradelane.targeting.rules.model import Hit


def rule_hits(shop: Workshop, tx: Any, record: Record) -> Mapping[int, tuple[Hit, ...]]:
    """By line number the live rules that the ledger says matched it; rules in shadow are not told.

    The words are made again from the rules, the pack and the rates of the order that routed the
    line, all kept by digest. Where they are not kept any more, the text is "".
    """
    named = {
        line.goods.number: (line.routed["batch"], frozenset(line.routed["rules"]))
        for line in record.lines
        if line.routed is not None and line.routed.get("rules")
    }
    if not named:
        return {}
    found: dict[int, tuple[Hit, ...]] = {}
    for batch in {batch for batch, _ in named.values()}:
        settings = shop.declarations.get_batch(tx, batch).settings
        try:
            told = _told(shop, settings, record)
        except InputRefused:
            told = {}
        for number, (routed_in, rules) in named.items():
            if routed_in == batch:
                hits = {hit.rule: hit for hit in told.get(number, ()) if not hit.shadow}
                found[number] = tuple(hits.get(r, Hit(r, "", False, "")) for r in sorted(rules))
    return found


def _told(
    shop: Workshop, settings: Mapping[str, Any], record: Record
) -> dict[int, tuple[Hit, ...]]:
    match = match_of(shop, settings)
    if match is None:
        return {}
    rates = kept_file(shop.home, settings["rates"]) if settings["rates"] else None
    duties = shop.duties(kept_pack(shop.home, settings["pack"]), rates)
    declaration = record.kept.declaration
    rows = scoring_rows([declaration], duties)
    return {goods.number: match(row) for goods, row in zip(declaration.lines, rows, strict=True)}
