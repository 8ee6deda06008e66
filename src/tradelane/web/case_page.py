"""What the page of a case shows, from the case, its ledger entries and what it is compared with.

Plain values for the template; sentences are said in the reader's language where they are ours, and
as they were written where they come from the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tradelane.duties.explanation import explain
from tradelane.inspections.model import Case
from tradelane.journeys import entries
from tradelane.journeys.comparables import Comparables
from tradelane.journeys.record import LineRecord
from tradelane.journeys.workbench import CaseFile
from tradelane.ledger.model import Stored
from tradelane.targeting.comparison import Comparison
from tradelane.targeting.rules.model import Hit
from tradelane.web.charts import Chart, strip_plot
from tradelane.web.translation import Translator

MOST_LINES = 15
"""Lines that are shown in full at once; the others are a link away."""


@dataclass(frozen=True, slots=True)
class LineView:
    """A line with what was decided about it. ``reasons``: (code, sentence), frozen when it was
    scored; ``trace``: the duty in sentences; decimals as the ledger has them, None where absent."""

    record: LineRecord
    lane: str
    selected_by: str
    probability: str | None
    expected_revenue: str | None
    reasons: tuple[tuple[str, str], ...]
    trace: tuple[str, ...]
    comparison: Comparison | None = None
    chart: Chart | None = None
    rules: tuple[Hit, ...] = ()
    """The live rules that matched it."""

    @property
    def number(self) -> int:
        """The line's number in the declaration."""
        return self.record.goods.number


def ranked(file: CaseFile) -> list[int]:
    """The line numbers, the one most worth looking at first."""

    def rank(line: LineRecord) -> tuple[bool, float, int]:
        routed, scored = line.routed or {}, line.scored or {}
        return (routed.get("lane") == "green", -float(scored.get("score", 0)), line.goods.number)

    return [line.goods.number for line in sorted(file.record.lines, key=rank)]


def shown_lines(file: CaseFile, chosen: int | None) -> tuple[int, list[int]]:
    """The line in front (``chosen`` if there is such a line, else the riskiest) and all that are
    shown in full, in the declaration's order."""
    order = ranked(file)
    front = chosen if chosen in order else order[0]
    shown = [front, *(number for number in order if number != front)][:MOST_LINES]
    return front, sorted(shown, key=lambda number: (number != front, number))


def line_views(
    file: CaseFile,
    numbers: Sequence[int],
    front: int,
    comparables: Comparables | None,
    hits: Mapping[int, tuple[Hit, ...]],
    words: Translator,
) -> list[LineView]:
    """The lines of these numbers in that order; the one in front has its chart."""
    by_number = {line.goods.number: line for line in file.record.lines}
    found = []
    for number in numbers:
        line = by_number[number]
        comparison = comparables.lines.get(number) if comparables else None
        chart = None
        if comparison is not None and number == front:
            chart = price_chart(comparison, words)
        found.append(_line(line, comparison, chart, hits.get(number, ())))
    return found


def _line(
    line: LineRecord,
    comparison: Comparison | None,
    chart: Chart | None,
    rules: tuple[Hit, ...],
) -> LineView:
    scored, routed, assessed = line.scored or {}, line.routed or {}, line.assessed
    return LineView(
        record=line,
        lane=str(routed.get("lane", "")),
        selected_by=str(routed.get("selected_by", "")),
        probability=scored.get("probability"),
        expected_revenue=scored.get("expected_revenue"),
        reasons=tuple((code, text) for code, text in scored.get("reasons", ()) if code != "NONE"),
        trace=tuple(explain(assessed)) if assessed else (),
        comparison=comparison,
        chart=chart,
        rules=rules,
    )


def price_chart(comparison: Comparison, words: Translator) -> Chart:
    """The declared price among comparable ones."""
    return strip_plot(
        comparison.values,
        comparison.quartiles,
        comparison.mine,
        f"{comparison.currency}/kg",
        title=words.gettext(
            "Declared price per kilogram among %(count)s earlier lines of the same %(what)s",
            count=words.number(comparison.count),
            what=_LEVELS[len(comparison.level), comparison.level[0]](words),
        ),
        words=words,
    )


_LEVELS: Mapping[tuple[int, str], Any] = {
    (2, "hs6"): lambda say: say.gettext("HS subheading and origin"),
    (1, "hs6"): lambda say: say.gettext("HS subheading, from any origin"),
    (1, "hs4"): lambda say: say.gettext("HS heading, from any origin"),
    (1, "hs2"): lambda say: say.gettext("HS chapter, from any origin"),
}


# ---------------------------------------------------------------- what happened


def timeline(file: CaseFile, words: Translator) -> list[dict[str, Any]]:
    """What happened to the declaration, oldest first, from the ledger's own entries."""
    items = []
    for stored in file.record.history:
        title, text, kind = _told(stored, file, words)
        items.append(
            {
                "at": stored.entry.at,
                "title": title,
                "text": " ".join(part for part in (text, _entry_of(stored, words)) if part),
                "kind": kind,
            }
        )
        if stored.entry.kind == entries.RECEIVED:
            items.extend(_judged(file, words))
    return items


def _judged(file: CaseFile, words: Translator) -> list[dict[str, Any]]:
    """The lines' own decisions, together."""
    decided = [line.latest(entries.ROUTED) for line in file.record.lines]
    known = [stored for stored in decided if stored is not None]
    if not known:
        return []
    text = words.ngettext(
        "Duty, score and lane of %(n)s line.",
        "Duty, score and lane of %(n)s lines.",
        len(known),
    )
    first, last = known[0].index, known[-1].index
    where = words.gettext("Ledger entries %(first)s to %(last)s.", first=first - 2, last=last)
    title = words.gettext("Assessed, scored and routed")
    return [
        {"at": known[-1].entry.at, "title": title, "text": f"{text} {where}", "kind": "neutral"}
    ]


def _entry_of(stored: Stored, words: Translator) -> str:
    return words.gettext("Ledger entry %(index)s.", index=stored.index)


def _told(stored: Stored, file: CaseFile, words: Translator) -> tuple[str, str, str]:
    """Title, text and kind of an entry."""
    body, say = stored.entry.body, words.gettext
    kind = stored.entry.kind
    if kind == entries.CASE_DECIDED:
        title = say(_DECIDED[body["decision"]], login=body["officer"])
        against = say("Against the recommendation.") if body["against_recommendation"] else ""
        blind = "" if body["opened_page"] else say("Decided without opening the page.")
        reason = f"“{body['reason']}”" if body["reason"] else ""
        return title, " ".join(part for part in (reason, against, blind) if part), "info"
    if kind == entries.CASE_ASSIGNED:
        if body["to"] is None:
            return say("%(by)s put the case back for anybody", by=body["by"]), "", "neutral"
        return say("%(by)s gave the case to %(to)s", by=body["by"], to=body["to"]), "", "neutral"
    if kind == entries.INSPECTION_FOUND:
        wrong = [item for item in body["findings"] if item["result"] == "wrong"]
        text = words.ngettext(
            "%(n)s line was not as declared.", "%(n)s lines were not as declared.", len(wrong)
        )
        title = say("%(login)s recorded what was found", login=body["officer"])
        return title, text, "bad" if wrong else "good"
    if kind == entries.MESSAGE_SENT:
        return say("%(login)s wrote to the declarant", login=body["officer"]), "", "info"
    if kind in (entries.AMENDED, entries.CANCELLED):
        return say(_PLAIN[kind][0]), f"“{body['reason']}”", _PLAIN[kind][1]
    title, mark = _PLAIN.get(kind, (kind, "neutral"))
    return say(title), "", mark


def _(sentence: str) -> str:
    """Marks a sentence for the catalogue; it is translated where it is said."""
    return sentence


_DECIDED = {
    "release": _("%(login)s decided to release"),
    "inspect": _("%(login)s decided to inspect"),
    "refer": _("%(login)s decided to refer it to the declarant"),
    "hold": _("%(login)s decided to hold"),
    "reject": _("%(login)s decided to reject"),
}
_PLAIN: Mapping[str, tuple[str, str]] = {
    entries.RECEIVED: (_("Received"), "good"),
    entries.REPEATED: (_("Received again with the same content"), "neutral"),
    entries.REJECTED: (_("Another content was refused"), "warn"),
    entries.AMENDED: (_("The declarant amended it"), "warn"),
    entries.CANCELLED: (_("The declarant withdrew it"), "warn"),
    entries.CASE_OPENED: (_("A case was opened"), "info"),
    entries.MESSAGE_ANSWERED: (_("The declarant answered"), "info"),
    entries.RELEASED: (_("Released"), "good"),
}


# ---------------------------------------------------------------- the importer, and phrases


@dataclass(frozen=True, slots=True)
class ImporterHere:
    """An importer's other cases that the viewer may see: how many, how many of them were
    inspected, and how many of these were found wrong."""

    cases: tuple[Case, ...]
    inspected: int
    wrong: int


def importer_here(file: CaseFile) -> ImporterHere:
    """The importer's other cases, counted."""
    found = [case for case in file.importers_cases if case.found_at is not None]
    return ImporterHere(file.importers_cases, len(found), sum(bool(c.found_wrong) for c in found))


PHRASES: Mapping[str, tuple[str, str]] = {
    "invoice": (
        _("Ask for the invoice and the payment"),
        _(
            "Please send the commercial invoice and the proof of payment for this consignment. "
            "The declared value differs from what is usual for these goods."
        ),
    ),
    "origin": (
        _("Ask for the proof of origin"),
        _(
            "Please send the certificate or statement of origin for these goods, and the transport "
            "documents from the place of origin."
        ),
    ),
    "classification": (
        _("Ask what the goods are"),
        _(
            "Please describe the goods: material, use, model or trade name, and send a data sheet "
            "or a photograph. The description does not settle their classification."
        ),
    ),
    "quantity": (
        _("Ask for the packing list"),
        _(
            "Please send the packing list with net and gross masses of each package. The declared "
            "mass or quantity is unusual for these goods."
        ),
    ),
    "licence": (
        _("Ask for a licence"),
        _("Please send the licence or permit that these goods need, or say why they need none."),
    ),
}
"""What officers ask most often: a name for the choice, and the message."""
