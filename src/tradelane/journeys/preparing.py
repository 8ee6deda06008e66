"""A declaration that somebody types: kept as typed, read by the rules of every other door.

A *sheet* is what stands in the form, text by field, right or wrong. It becomes the JSON document
of the API and is read as such, so that a form cannot file what the API would refuse. The form asks
for the currency once, because all lines of a declaration share it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Protocol

from tradelane.declarations.model import Filing, State, Verb, advance
from tradelane.journeys.workshop import Workshop
from tradelane.kit.errors import Problem
from tradelane.kit.plaintext import clean_line
from tradelane.trade.declaration import Declaration, GoodsLine

FACTS = (
    "declarant",
    "reference",
    "date",
    "importer",
    "currency",
    "office",
    "departure",
    "transport_mode",
    "procedure",
    "seller",
    "carrier",
)
"""The form's fields about the declaration as a whole."""

GOODS = (
    "description",
    "hs_code",
    "origin",
    "customs_value",
    "net_mass_kg",
    "quantity",
    "quantity_unit",
    "gross_mass_kg",
    "freight",
    "insurance",
    "preference",
    "declared_duty_rate",
)
"""The form's fields about a goods line."""

MOST_LINES = 200
"""Lines that are typed in a form; longer declarations are uploaded."""

_KEYS = {"reference": "declaration_id", "number": "line"}
"""Fields that the document calls otherwise."""

Text = dict[str, str]


class Reader(Protocol):
    """What reads documents (`declarations.documents.Documents`)."""

    def read(self, text: str, today: dt.date) -> Filing: ...


@dataclass
class Sheet:
    """What was typed. ``facts`` and each of ``lines`` are texts by field name.

    ``amends``: the version that an amendment replaces, 0 for a new declaration; ``reason``: why.
    A line's ``number`` is kept for lines that were filed before, so that their own columns and
    their history stay theirs.
    """

    facts: Text = field(default_factory=dict)
    lines: list[Text] = field(default_factory=list)
    amends: int = 0
    reason: str = ""

    def encode(self) -> bytes:
        """As it is kept in a draft."""
        return json.dumps(
            {
                "facts": self.facts,
                "lines": self.lines,
                "amends": self.amends,
                "reason": self.reason,
            }
        ).encode()

    @classmethod
    def decode(cls, content: bytes) -> Sheet:
        """What `encode` kept."""
        return cls(**json.loads(content))

    @property
    def key(self) -> tuple[str, str]:
        """Declarant and reference, as typed."""
        return self.facts.get("declarant", "").strip(), self.facts.get("reference", "").strip()

    @property
    def goods(self) -> list[Text]:
        """The lines in which anything was typed."""
        return [line for line in self.lines if any(line.get(name, "").strip() for name in GOODS)]


@dataclass(frozen=True, slots=True)
class Checked:
    """A sheet that was read: the declaration, or every problem with a pointer to its field."""

    declaration: Declaration | None
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...] = ()
    """What refuses nothing, and should be looked at."""

    def of_facts(self) -> tuple[Problem, ...]:
        """The problems of the declaration as a whole."""
        return tuple(p for p in self.problems if not p.pointer.startswith("/lines"))

    def of_lines(self) -> tuple[Problem, ...]:
        """The problems of its goods."""
        return tuple(p for p in self.problems if p.pointer.startswith("/lines"))


def check(sheet: Sheet, reader: Reader, today: dt.date, before: Declaration | None) -> Checked:
    """Read a sheet. ``before``: the version that it amends, whose own columns it keeps."""
    filing = reader.read(_document(sheet), today)
    problems = list(_problems(filing.problems))
    if not sheet.goods:
        problems = [p for p in problems if not p.pointer.startswith("/lines")]
        problems.append(
            Problem(
                "declarations.no_lines",
                "The declaration has no lines.",
                pointer="/lines",
                hint="Describe at least one kind of goods.",
            )
        )
    if problems or filing.declaration is None:
        return Checked(None, tuple(problems))
    declaration = filing.declaration
    if before is not None:
        declaration = _with_own_columns(declaration, before)
    return Checked(declaration, (), tuple(_problems(filing.notes)))


def _document(sheet: Sheet) -> str:
    facts = {_KEYS.get(name, name): text for name, text in sheet.facts.items() if text.strip()}
    currency = facts.pop("currency", "")
    taken = {line["number"] for line in sheet.goods if line.get("number")}
    free = (str(number) for number in range(1, 10_000) if str(number) not in taken)
    lines = []
    for line in sheet.goods or [{}]:
        goods = {_KEYS.get(name, name): text for name, text in line.items() if text.strip()}
        goods.setdefault("line", line.get("number") or next(free))
        lines.append({**goods, "currency": currency})
    return json.dumps({**facts, "lines": lines})


def _problems(found: Iterable[Problem]) -> Iterable[Problem]:
    """Each problem once, at the form's own field; the place in a file says nothing here."""
    seen = set()
    for problem in found:
        if problem.code == "declarations.sibling_rejected":
            continue
        pointer = "/currency" if problem.pointer.endswith("/currency") else problem.pointer
        hint = problem.hint
        if "`tradelane" in hint or "mapping" in hint:  # that is for whoever has a terminal
            hint = _HINTS.get(problem.code, "")
        if (problem.code, pointer) not in seen:
            seen.add((problem.code, pointer))
            yield replace(problem, pointer=pointer, line=None, column=None, hint=hint)


_HINTS = {
    "declarations.hs_unknown": "Look the goods up with 'Find the code'.",
    "declarations.amount": "Write digits with a decimal point and nothing else: 12400.50.",
    "declarations.date": "Write the day as year-month-day: 2026-10-30.",
}


def _with_own_columns(declaration: Declaration, before: Declaration) -> Declaration:
    """The columns of the sender's own and the importer's registration, which no form asks for."""
    own: Mapping[int, GoodsLine] = {line.number: line for line in before.lines}
    lines = tuple(
        replace(line, extra=own[line.number].extra) if line.number in own else line
        for line in declaration.lines
    )
    since = before.importer_since if before.importer == declaration.importer else None
    return replace(declaration, lines=lines, extra=before.extra, importer_since=since)


def reason_problem(reason: str) -> Problem | None:
    """The problem that a change has no reason, if it has none."""
    if clean_line(reason):
        return None
    return Problem(
        "preparing.reason_missing",
        "A change to a declaration that was filed needs a reason.",
        pointer="/reason",
        hint="Say in a sentence what was wrong.",
    )


def taken_problem(shop: Workshop, tx: Any, sheet: Sheet) -> Problem | None:
    """The problem that a new declaration has a reference that was used, if it has."""
    if sheet.amends or not all(sheet.key) or shop.declarations.find(tx, *sheet.key) is None:
        return None
    return Problem(
        "declarations.conflict",
        f"You have filed a declaration with the reference {sheet.key[1]!r} already.",
        pointer="/reference",
        hint="Give this one another reference, or amend the one that you filed.",
    )


def change_problem(state: State, verb: Verb) -> Problem | None:
    """Why a declaration in that state cannot be amended or withdrawn, in a declarant's words."""
    refused = advance(state, verb)
    if not isinstance(refused, Problem):
        return None
    return replace(refused, hint=_WHY_NOT.get(state, refused.hint))


_WHY_NOT = {
    State.RELEASED: "The goods are released. If something in it is wrong, write to the customs "
    "office; a correction after release is not filed here.",
    State.UNDER_INSPECTION: "The goods are being inspected. Wait for the result, or answer the "
    "messages about it.",
    State.REJECTED: "It was refused. File a new declaration; you can copy this one.",
    State.CANCELLED: "It was withdrawn. File a new declaration; you can copy this one.",
}


def sheet_of(declaration: Declaration, amends: int = 0) -> Sheet:
    """The sheet of a declaration that is there: to amend it, or (``amends=0``) to file its like.

    A copy has neither its reference nor its date: those are the new one's own.
    """
    facts = {name: _text(getattr(declaration, name, None)) for name in FACTS}
    facts["currency"] = declaration.lines[0].currency
    if not amends:
        facts["reference"] = facts["date"] = ""
    lines = []
    for line in declaration.lines:
        goods = {name: _text(getattr(line, name)) for name in GOODS}
        if amends:
            goods["number"] = str(line.number)
        lines.append(goods)
    return Sheet(facts, lines, amends)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


@dataclass(frozen=True, slots=True)
class Habits:
    """What an organisation wrote in its latest declarations, the latest first: what to suggest."""

    offices: tuple[str, ...] = ()
    importers: tuple[str, ...] = ()
    sellers: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()


def habits(shop: Workshop, tx: Any, declarants: Collection[str], most: int = 20) -> Habits:
    """The habits of an organisation, from its latest declarations."""
    found: list[Declaration] = []
    for listed in shop.declarations.of_declarants(tx, sorted(declarants), limit=most):
        kept = shop.declarations.find(tx, listed.declarant, listed.reference)
        if kept is not None:
            found.append(kept.declaration)

    def latest(values: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value for value in values if value))

    return Habits(
        latest(one.office for one in found),
        latest(one.importer for one in found),
        latest(one.seller for one in found),
        latest(one.lines[0].currency for one in found),
    )


def new_sheet(declarants: Collection[str], known: Habits, today: dt.date) -> Sheet:
    """An empty sheet with what is almost always right."""
    return Sheet(
        {
            "declarant": min(declarants) if len(declarants) == 1 else "",
            "date": today.isoformat(),
            "office": known.offices[0] if known.offices else "",
            "currency": known.currencies[0] if known.currencies else "",
        },
        [{}],
    )
